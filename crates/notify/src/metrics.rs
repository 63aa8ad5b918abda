//! Counters of deliveries. Targets are bounded by how many notifiers there may be.

use std::sync::LazyLock;

use prometheus::{IntCounterVec, IntGauge, register_int_counter_vec, register_int_gauge};

const NEVER_TWICE: &str = "the name is registered here alone";

fn counter(name: &str, help: &str) -> IntCounterVec {
    register_int_counter_vec!(name, help, &["notifier"]).expect(NEVER_TWICE)
}

pub(crate) static SENT: LazyLock<IntCounterVec> =
    LazyLock::new(|| counter("fluoro_notify_sent_total", "Messages that a notifier took."));

pub(crate) static FAILED: LazyLock<IntCounterVec> =
    LazyLock::new(|| counter("fluoro_notify_failed_tries_total", "Tries that failed and come again."));

pub(crate) static DEAD: LazyLock<IntCounterVec> =
    LazyLock::new(|| counter("fluoro_notify_dead_total", "Messages that were refused or given up."));

pub(crate) static OLDEST_SECONDS: LazyLock<IntGauge> = LazyLock::new(|| {
    register_int_gauge!(
        "fluoro_notify_oldest_pending_seconds",
        "How long the oldest message waits that has not arrived."
    )
    .expect(NEVER_TWICE)
});
