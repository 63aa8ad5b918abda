//! The JSON of the console's API. The TypeScript types of the web application are generated from here
//! (`cargo test -p fluoro-api shapes`), so this file is the contract between the two.
//!
//! Instants are epoch milliseconds, lengths are milliseconds, both with a fraction. Every string that
//! came with a segment is an attacker's; the console shows it as text.

use serde::{Deserialize, Serialize};
use serde_json::Value;
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

/// `from` and `to` of every endpoint with a range: epoch milliseconds, half-open.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct RangeParams {
    pub from: f64,
    pub to: f64,
}

/// `GET /api/graph?from&to[&group]`: the map, the issues and the strip below the map, all of one moment.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct Graph {
    pub from: f64,
    pub to: f64,
    /// The server's time.
    pub now: f64,
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
    /// Client requests in each minute of the range that has any, ascending.
    pub series: Vec<SeriesPoint>,
    pub issues: Vec<Issue>,
    /// Traces looked at for the issues.
    #[ts(type = "number")]
    pub traces: u64,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub struct Node {
    /// Stable between answers: made from name, type and account.
    pub id: String,
    pub name: String,
    /// X-Ray's `Type`, such as `AWS::EC2::Instance`, `remote` or `client`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub account: Option<String>,
    pub role: NodeRole,
    pub is_root: bool,
    pub stats: Stats,
    /// When it was last seen.
    pub last_seen: f64,
}

/// How the node is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub enum NodeRole {
    /// It sent segments of its own.
    Service,
    /// Inferred from calls of an AWS SDK.
    Aws,
    /// Inferred from other calls.
    Remote,
    /// Whoever calls a root; it has no statistics.
    Client,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct Edge {
    pub id: String,
    /// Node ids.
    pub source: String,
    pub target: String,
    /// Drawn dashed: a link between traces, not a call.
    pub is_link: bool,
    /// The other names by which the caller called the target.
    pub aliases: Vec<String>,
    /// As the caller saw it.
    pub stats: Stats,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub struct Stats {
    #[ts(type = "number")]
    pub ok: i64,
    #[ts(type = "number")]
    pub error: i64,
    #[ts(type = "number")]
    pub throttle: i64,
    #[ts(type = "number")]
    pub fault: i64,
    #[ts(type = "number")]
    pub total: i64,
    pub average: Option<f64>,
    pub p50: Option<f64>,
    pub p90: Option<f64>,
    pub p99: Option<f64>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct SeriesPoint {
    /// The start of the minute.
    pub at: f64,
    #[ts(type = "number")]
    pub ok: i64,
    #[ts(type = "number")]
    pub error: i64,
    #[ts(type = "number")]
    pub throttle: i64,
    #[ts(type = "number")]
    pub fault: i64,
}

/// One origin of failures with one exception.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub struct Issue {
    /// Stable while the issue lasts.
    pub id: String,
    /// The node that is the origin, and whoever recorded the exception.
    pub node_id: String,
    pub name: String,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub role: NodeRole,
    /// Where the origin is a host that does not answer: the service that answered under that name before.
    pub service: Option<String>,
    pub witness: String,
    pub exception_name: Option<String>,
    pub exception_message: Option<String>,
    pub first_seen: f64,
    pub last_seen: f64,
    #[ts(type = "number")]
    pub failing: u64,
    #[ts(type = "number")]
    pub total: u64,
    #[ts(type = "number")]
    pub users: u64,
    /// Method and path of the most frequent entry request.
    pub entry: Option<String>,
    /// Ids of the nodes that fail only because of the origin.
    pub affected: Vec<String>,
    /// The newest failing trace.
    pub example: String,
    /// A filter expression for all its traces.
    pub filter: String,
}

/// `GET /api/node?from&to&name&type[&account]`: the panel of one node.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct NodeDetail {
    pub node: Node,
    /// Response times, ascending.
    pub histogram: Vec<HistogramBin>,
    pub series: Vec<SeriesPoint>,
    /// Edges into and out of it, with the node at the other end.
    pub callers: Vec<Neighbour>,
    pub callees: Vec<Neighbour>,
    /// Exceptions of the node's failing requests, most frequent first.
    pub exceptions: Vec<ExceptionGroup>,
    /// A filter expression for its traces.
    pub filter: String,
    /// The newest traces that touched it.
    pub traces: Vec<TraceRow>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct HistogramBin {
    /// Milliseconds.
    pub value: f64,
    #[ts(type = "number")]
    pub count: i64,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub struct Neighbour {
    pub id: String,
    pub name: String,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub aliases: Vec<String>,
    pub stats: Stats,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub struct ExceptionGroup {
    pub name: Option<String>,
    pub message: Option<String>,
    #[ts(type = "number")]
    pub count: u64,
    pub first_seen: f64,
    pub last_seen: f64,
    pub example: String,
}

/// `GET /api/traces?from&to[&filter][&group][&by][&limit][&cursor]`. `by` is `url` (the default), `status`,
/// `method`, `user`, `service`, `rootcause` or `annotation.<key>`. A bad filter is a 400 [`Problem`].
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub struct TraceList {
    /// Newest first.
    pub traces: Vec<TraceRow>,
    /// Over all matching traces that were looked at, not only those of this page.
    pub slices: Vec<Slice>,
    #[ts(type = "number")]
    pub matched: u64,
    #[ts(type = "number")]
    pub scanned: u64,
    /// Whether the whole range was looked at.
    pub complete: bool,
    /// Give it back as `cursor` for the next page of traces.
    pub cursor: Option<String>,
    /// The filter as the server understood it.
    pub filter: String,
    /// When the newest trace of all was received, for "your newest trace is 3 h old".
    pub newest_received: Option<f64>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub struct TraceRow {
    pub id: String,
    pub start: f64,
    /// Whole trace.
    pub duration: Option<f64>,
    /// Root segment.
    pub response_time: Option<f64>,
    pub entry_point: Option<String>,
    pub method: Option<String>,
    pub url: Option<String>,
    #[ts(type = "number", optional = nullable)]
    pub status: Option<i64>,
    pub client_ip: Option<String>,
    pub outcome: Outcome,
    pub is_partial: bool,
    pub users: Vec<String>,
    /// The origin of the failure, such as `ledger-db` with `ConditionalCheckFailedException`.
    pub origin: Option<String>,
    pub exception: Option<String>,
    pub services: Vec<String>,
    pub segments: u32,
    pub annotations: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub enum Outcome {
    Ok,
    Error,
    Throttle,
    Fault,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub struct Slice {
    /// `null` for traces without the property.
    pub value: Option<String>,
    /// Selects the slice; absent where the language cannot say it.
    pub filter: Option<String>,
    #[ts(type = "number")]
    pub count: i64,
    /// 0 to 1.
    pub share: f64,
    #[ts(type = "number")]
    pub ok: i64,
    #[ts(type = "number")]
    pub error: i64,
    #[ts(type = "number")]
    pub throttle: i64,
    #[ts(type = "number")]
    pub fault: i64,
    pub average: Option<f64>,
    pub p99: Option<f64>,
}

/// `GET /api/traces/{id}`: a trace in compact form. 404 [`Problem`] when it is not known.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub struct TraceDetail {
    pub summary: TraceRow,
    /// In drawing order: a parent stands before its children, siblings by start.
    pub spans: Vec<Span>,
    /// What is known to be missing, each a sentence.
    pub missing: Vec<String>,
    /// The span to open first: the deepest failed one that owns an exception.
    pub focus: Option<String>,
    pub links: Vec<String>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub struct Span {
    pub id: String,
    /// Index into `spans` of the entity it hangs below (holder, or caller of a segment); absent on roots.
    #[ts(type = "number", optional = nullable)]
    pub parent: Option<usize>,
    pub depth: u32,
    pub kind: SpanKind,
    /// The service (segment name) it belongs to.
    pub service: String,
    pub name: String,
    /// `AWS::...` of segments; namespace of subsegments.
    #[serde(rename = "type")]
    pub type_name: Option<String>,
    /// Milliseconds after the start of the trace.
    pub start: f64,
    /// Absent while in progress.
    pub duration: Option<f64>,
    pub outcome: Outcome,
    pub method: Option<String>,
    pub url: Option<String>,
    #[ts(type = "number", optional = nullable)]
    pub status: Option<i64>,
    /// AWS operation, such as `GetItem`.
    pub operation: Option<String>,
    pub exceptions: u32,
    pub annotations: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub enum SpanKind {
    Segment,
    Subsegment,
    Inferred,
}

/// `GET /api/traces/{id}/spans/{span}`: everything of one entity, as it was sent.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct SpanDetail {
    pub id: String,
    /// The entity's document without its subsegments: X-Ray's own field names.
    #[ts(type = "Record<string, unknown>")]
    pub document: Value,
    /// Fields of its segment that explain where it ran (`origin`, `aws`, `service`, `user`), same form.
    #[ts(type = "Record<string, unknown>")]
    pub segment: Value,
    pub received: f64,
    /// Own exceptions, then those that its `cause` refers to, each with what raised it.
    pub exceptions: Vec<SpanException>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub struct SpanException {
    pub id: Option<String>,
    #[serde(rename = "type")]
    pub name: Option<String>,
    pub message: Option<String>,
    pub remote: bool,
    /// Frames cut by the SDK.
    #[ts(type = "number")]
    pub truncated: u64,
    pub stack: Vec<StackFrame>,
    /// The span that recorded it, where that is another one.
    pub recorded_at: Option<String>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub struct StackFrame {
    pub path: Option<String>,
    #[ts(type = "number", optional = nullable)]
    pub line: Option<i64>,
    pub label: Option<String>,
}

/// `POST /api/filter/parse` with `{"expression": "..."}`.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub struct FilterParse {
    pub canonical: Option<String>,
    pub error: Option<FilterProblem>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct FilterProblem {
    #[ts(type = "number")]
    pub line: usize,
    #[ts(type = "number")]
    pub position: usize,
    pub message: String,
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

/// `GET /api/session`: whether this server asks people to sign in, and who has.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub struct Session {
    pub required: bool,
    /// Of the token that was shown; absent for who is not signed in.
    pub name: Option<String>,
}

/// RFC 9457, `application/problem+json`; every error of `/api/`.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub struct Problem {
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    pub detail: String,
    /// Also in the header `x-amzn-RequestId` and in the server's log.
    pub request_id: String,
    /// On a bad filter expression.
    pub filter: Option<FilterProblem>,
}
