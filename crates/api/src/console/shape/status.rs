//! What the server says of itself: doors, refusals, the store, and the pulse of the live stream.

use serde::Serialize;
use ts_rs::TS;

/// `GET /api/status`
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub struct Status {
    pub version: String,
    /// The doors that are open, as `host:port`.
    pub listeners: Listeners,
    /// Whether anything was ever received; the first-run page shows while it is false.
    pub has_data: bool,
    /// Counts since the start.
    #[ts(type = "number")]
    pub received_documents: u64,
    pub doors: Vec<DoorStatus>,
    pub refused: Vec<RefusedCount>,
    /// Newest first.
    pub recent_refusals: Vec<Refusal>,
    pub newest_received: Option<f64>,
    pub store: StoreStatus,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub struct Listeners {
    pub http: String,
    pub udp: String,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct DoorStatus {
    /// `udp` or `http`.
    pub door: String,
    #[ts(type = "number")]
    pub documents: u64,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct RefusedCount {
    pub door: String,
    pub reason: String,
    #[ts(type = "number")]
    pub count: u64,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct Refusal {
    pub at: f64,
    pub door: String,
    pub reason: String,
    pub detail: String,
    pub excerpt: String,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct StoreStatus {
    #[ts(type = "number")]
    pub documents: u64,
    #[ts(type = "number")]
    pub traces: u64,
    #[ts(type = "number")]
    pub bytes_on_disk: u64,
    pub damaged: Vec<String>,
}

/// `POST /api/test-trace`: the trace that was sent.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct TestTrace {
    pub trace_id: String,
}

/// One event `pulse` of the stream `GET /api/live`, at most two a second, and one at the start.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct Pulse {
    /// Grows with every change; what was fetched before it is stale.
    #[ts(type = "number")]
    pub through: u64,
    pub at: f64,
    /// From receipt to visibility of the last batch, milliseconds.
    pub lag: f64,
    #[ts(type = "number")]
    pub received_documents: u64,
    #[ts(type = "number")]
    pub refused_documents: u64,
}
