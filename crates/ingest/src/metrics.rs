//! Counters of what came in, by door, and of what was refused, by reason.

use std::sync::LazyLock;

use prometheus::{
    Histogram, IntCounter, IntCounterVec, IntGauge, exponential_buckets, register_histogram,
    register_int_counter, register_int_counter_vec, register_int_gauge,
};

const NEVER_TWICE: &str = "the name is registered here alone and its labels are well-formed";

/// Every document that reached a door, accepted or not.
pub(crate) static RECEIVED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    register_int_counter_vec!(
        "fluoro_ingest_received_documents_total",
        "Documents that reached a door, accepted or not.",
        &["door"]
    )
    .expect(NEVER_TWICE)
});

/// Bytes of the documents that were accepted.
pub(crate) static ACCEPTED_BYTES: LazyLock<IntCounterVec> = LazyLock::new(|| {
    register_int_counter_vec!(
        "fluoro_ingest_accepted_bytes_total",
        "Bytes of the documents that the pipeline took.",
        &["door"]
    )
    .expect(NEVER_TWICE)
});

/// Documents that were refused or dropped. The number of reasons is bounded by `refusals`.
pub(crate) static REFUSED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    register_int_counter_vec!(
        "fluoro_ingest_refused_documents_total",
        "Documents that were refused or dropped, by reason.",
        &["door", "reason"]
    )
    .expect(NEVER_TWICE)
});

pub(crate) static MENDED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    register_int_counter_vec!(
        "fluoro_ingest_mended_documents_total",
        "Documents with bytes that are no UTF-8, each of which was replaced by U+FFFD.",
        &["door"]
    )
    .expect(NEVER_TWICE)
});

pub(crate) static APPENDED: LazyLock<IntCounter> = LazyLock::new(|| {
    register_int_counter!("fluoro_ingest_appended_documents_total", "Documents that were made durable.")
        .expect(NEVER_TWICE)
});

pub(crate) static BATCHES: LazyLock<IntCounter> = LazyLock::new(|| {
    register_int_counter!("fluoro_ingest_appended_batches_total", "Batches handed to the store.")
        .expect(NEVER_TWICE)
});

/// From 100 µs (a quick disk) to some 3 s (a disk in trouble).
pub(crate) static APPEND_SECONDS: LazyLock<Histogram> = LazyLock::new(|| {
    register_histogram!(
        "fluoro_ingest_append_seconds",
        "How long the store took to make a batch durable.",
        exponential_buckets(0.000_1, 2.0, 16).expect("start and factor are positive")
    )
    .expect(NEVER_TWICE)
});

pub(crate) static QUEUE_BYTES: LazyLock<IntGauge> = LazyLock::new(|| {
    register_int_gauge!("fluoro_ingest_queue_bytes", "Bytes that wait for the store, or are on their way.")
        .expect(NEVER_TWICE)
});
