//! Counters of the mirror.

use std::sync::LazyLock;

use prometheus::{Gauge, IntCounter, IntGauge, register_gauge, register_int_counter, register_int_gauge};

const NEVER_TWICE: &str = "the name is registered here alone";

fn counter(name: &str, help: &str) -> IntCounter {
    register_int_counter!(name, help).expect(NEVER_TWICE)
}

pub(super) static SENT: LazyLock<IntCounter> = LazyLock::new(|| {
    counter("fluoro_mirror_sent_documents_total", "Documents that the mirror lacked and was sent.")
});

pub(super) static DAMAGED: LazyLock<IntCounter> = LazyLock::new(|| {
    counter(
        "fluoro_mirror_damaged_traces_total",
        "Traces that are damaged here and could not be sent to the mirror.",
    )
});

pub(super) static FAILURES: LazyLock<IntCounter> =
    LazyLock::new(|| counter("fluoro_mirror_failures_total", "Attempts that failed; each is made again."));

pub(super) static BEHIND: LazyLock<Gauge> = LazyLock::new(|| {
    let help =
        "How long ago the oldest document was received that the mirror may lack; 0 where it has everything.";
    register_gauge!("fluoro_mirror_behind_seconds", help).expect(NEVER_TWICE)
});

pub(super) static AWAY: LazyLock<IntGauge> = LazyLock::new(|| {
    register_int_gauge!("fluoro_mirror_away", "1 while the mirror does not take traces.").expect(NEVER_TWICE)
});
