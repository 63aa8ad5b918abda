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
    /// Names that came after too many others and are summed under one, in words; none while each has a place of its own.
    pub other_names: Option<String>,
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
    /// How long ago the store was asked for these, milliseconds; 0 where it is in the server's process.
    pub age: f64,
    /// What everything takes where it is kept, in one copy.
    #[ts(type = "number")]
    pub bytes: u64,
    /// What is left there.
    #[ts(type = "number", optional = nullable)]
    pub free_bytes: Option<u64>,
    /// What was found damaged and set aside, by the store's names.
    pub damaged: Vec<String>,
    /// As far as the store knows without reading.
    pub oldest_received: Option<f64>,
    /// How long traces are kept, milliseconds; for ever where there is none.
    pub keeps: Option<f64>,
    pub keeps_failures: Option<f64>,
    pub tables: Vec<TableHoldings>,
    /// What this kind of store alone has to say, for people.
    pub facts: Vec<Fact>,
}

/// What a table holds, in pieces that are merged in time.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct TableHoldings {
    pub name: String,
    #[ts(type = "number")]
    pub pieces: u64,
    #[ts(type = "number")]
    pub rows: u64,
    #[ts(type = "number")]
    pub bytes: u64,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct Fact {
    pub name: String,
    pub value: Figure,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) enum Figure {
    Count(#[ts(type = "number")] u64),
    Bytes(#[ts(type = "number")] u64),
    Text(String),
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
    /// Grows when something was noticed or an alarm changed.
    #[ts(type = "number")]
    pub noticed: u64,
}
