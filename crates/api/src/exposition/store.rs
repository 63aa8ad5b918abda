//! What the store says of itself, read when somebody asks.

use std::sync::LazyLock;

use prometheus::{IntGauge, register_int_gauge};
use store::{Holdings, StoreStatus};

use crate::metrics::NEVER_TWICE;

struct Gauges {
    documents: IntGauge,
    traces: IntGauge,
    bytes: IntGauge,
    undigested: IntGauge,
    damaged: IntGauge,
    age: IntGauge,
}

static GAUGES: LazyLock<Gauges> = LazyLock::new(|| {
    let gauge = |name: &str, help: &str| register_int_gauge!(name, help).expect(NEVER_TWICE);
    Gauges {
        documents: gauge("fluoro_store_documents", "Documents that are kept."),
        traces: gauge("fluoro_store_traces", "Traces that can be searched."),
        bytes: gauge("fluoro_store_disk_bytes", "What the store takes on disk."),
        undigested: gauge(
            "fluoro_store_undigested_documents",
            "Documents that are kept and in no search, graph or count yet.",
        ),
        damaged: gauge(
            "fluoro_store_damaged_files",
            "Files that were found damaged, and what is in them is missing; /api/status names them.",
        ),
        age: gauge(
            "fluoro_store_status_age_seconds",
            "How long ago the store was asked for the other figures; 0 where it is in this process.",
        ),
    }
});

pub(super) fn set(status: &StoreStatus, holdings: Option<&Holdings>) {
    let set = |gauge: &IntGauge, value: u64| gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
    set(&GAUGES.documents, status.documents);
    set(&GAUGES.traces, status.traces);
    if let Some(holdings) = holdings {
        set(&GAUGES.bytes, holdings.bytes);
    }
    set(&GAUGES.undigested, status.newest.saturating_sub(status.digested));
    set(&GAUGES.damaged, status.damaged.len() as u64);
    set(&GAUGES.age, status.age.as_secs());
}
