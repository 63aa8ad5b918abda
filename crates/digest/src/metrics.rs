//! Counters of the digest worker.

use std::sync::LazyLock;

use prometheus::{
    Histogram, IntCounter, IntGauge, exponential_buckets, register_histogram, register_int_counter,
    register_int_gauge,
};

const NEVER_TWICE: &str = "the name is registered here alone";

fn counter(name: &str, help: &str) -> IntCounter {
    register_int_counter!(name, help).expect(NEVER_TWICE)
}

/// From 1 ms to some 65 s.
fn seconds(name: &str, help: &str) -> Histogram {
    let buckets = exponential_buckets(0.001, 2.0, 17).expect("start and factor are positive");
    register_histogram!(name, help, buckets).expect(NEVER_TWICE)
}

pub(crate) static DOCUMENTS: LazyLock<IntCounter> =
    LazyLock::new(|| counter("fluoro_digest_read_documents_total", "Documents read from the store's tail."));

pub(crate) static REVISIONS: LazyLock<IntCounter> =
    LazyLock::new(|| counter("fluoro_digest_written_revisions_total", "Revisions of trace digests written."));

pub(crate) static OTHER_NAMES: LazyLock<IntCounter> = LazyLock::new(|| {
    counter(
        "fluoro_digest_other_names_rows_total",
        "Rows of a minute that were summed under other names, since the minute had too many.",
    )
});

pub(crate) static COMMITS: LazyLock<IntCounter> =
    LazyLock::new(|| counter("fluoro_digest_commits_total", "Commits to the store."));

/// From the receipt of the oldest document of a commit until every query shows it.
pub(crate) static LAG_SECONDS: LazyLock<Histogram> = LazyLock::new(|| {
    seconds(
        "fluoro_digest_lag_seconds",
        "From the receipt of the oldest document of a commit until every query shows it.",
    )
});

pub(crate) static REDUCE_SECONDS: LazyLock<Histogram> = LazyLock::new(|| {
    seconds("fluoro_digest_reduce_seconds", "How long it took to reduce the traces of one commit.")
});

/// Documents of traces that had grown too large to be reduced again; they can be read, but no digest
/// counts them.
pub(crate) static BEYOND_CAP: LazyLock<IntCounter> = LazyLock::new(|| {
    counter(
        "fluoro_digest_uncounted_documents_total",
        "Documents that no digest takes into account, since their trace is too large.",
    )
});

pub(crate) static SKIPPED: LazyLock<IntCounter> = LazyLock::new(|| {
    counter(
        "fluoro_digest_skipped_revisions_total",
        "Revisions that were left out, since the trace could not be read or its reduction panicked.",
    )
});

pub(crate) static STORE_ERRORS: LazyLock<IntCounter> = LazyLock::new(|| {
    counter("fluoro_digest_store_errors_total", "Calls of the store that failed; each is tried again.")
});

pub(crate) static OPEN_TRACES: LazyLock<IntGauge> = LazyLock::new(|| {
    register_int_gauge!("fluoro_digest_open_traces", "Traces kept at hand for their next segment.")
        .expect(NEVER_TWICE)
});
