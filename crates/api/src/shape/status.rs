//! What the server says of itself: doors, refusals, the store, and the pulse of the live stream.

use serde::Serialize;
use ts_rs::TS;

/// `GET /api/status`
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct Status {
    pub version: String,
    /// The server's time, so that two answers give a rate.
    pub now: f64,
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
    pub queue: QueueStatus,
    pub store: StoreStatus,
    /// Agents that sent records of themselves since the start, latest first.
    pub daemons: Vec<DaemonStatus>,
}

/// What waits to become durable.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct QueueStatus {
    #[ts(type = "number")]
    pub bytes: usize,
    #[ts(type = "number")]
    pub limit_bytes: usize,
    /// Documents that are durable and not yet in the answers.
    #[ts(type = "number")]
    pub behind: u64,
}

/// An agent by what it calls itself, with the sums of its records.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct DaemonStatus {
    pub name: String,
    pub last_seen: f64,
    #[ts(type = "number")]
    pub received: u64,
    #[ts(type = "number")]
    pub sent: u64,
    #[ts(type = "number")]
    pub spilled: u64,
    #[ts(type = "number")]
    pub rejected: u64,
    #[ts(type = "number")]
    pub connection_errors: u64,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct Listeners {
    pub http: String,
    pub udp: String,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct DoorStatus {
    /// `udp` or `http`.
    pub door: String,
    #[ts(type = "number")]
    pub documents: u64,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct RefusedCount {
    pub door: String,
    pub reason: String,
    #[ts(type = "number")]
    pub count: u64,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct Refusal {
    pub at: f64,
    pub door: String,
    pub reason: String,
    pub detail: String,
    pub excerpt: String,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct StoreStatus {
    #[ts(type = "number")]
    pub documents: u64,
    #[ts(type = "number")]
    pub traces: u64,
    #[ts(type = "number")]
    pub bytes_on_disk: u64,
    /// Files that were found damaged and set aside.
    pub damaged: Vec<String>,
    /// As far as files tell.
    pub oldest_received: Option<f64>,
    pub tables: Vec<TableFiles>,
    /// Durable, and not yet in the files of a table.
    #[ts(type = "number")]
    pub log_bytes: u64,
    #[ts(type = "number", optional = nullable)]
    pub free_bytes: Option<u64>,
    /// How long traces are kept, milliseconds; for ever where there is none.
    pub keeps: Option<f64>,
    pub keeps_failures: Option<f64>,
    /// The share of the disk that traces may take, in percent.
    #[ts(type = "number", optional = nullable)]
    pub disk_percent: Option<u8>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct TableFiles {
    pub name: String,
    #[ts(type = "number")]
    pub files: u64,
    #[ts(type = "number")]
    pub rows: u64,
    #[ts(type = "number")]
    pub bytes: u64,
}

/// `POST /api/test-trace`: the trace that was sent.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct TestTrace {
    pub trace_id: String,
}

/// One event `pulse` of the stream `GET /api/live`, at most two a second, and one at the start.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct Pulse {
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
