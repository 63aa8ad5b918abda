//! One trace and its entities.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use super::{NowClock, Outcome, TraceRow};

/// `GET /api/traces/{id}`: a trace in compact form. 404 `Problem` when it is not known.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct TraceDetail {
    pub summary: TraceRow,
    /// When the picture begins, by the clock of the root.
    pub start: f64,
    /// In drawing order: a parent stands before its children, siblings by start.
    pub spans: Vec<Span>,
    /// How many spans are not given, since the trace has more than one answer holds.
    pub hidden: usize,
    /// Whether the answer is of all that is kept of the trace.
    pub complete: bool,
    /// Documents beyond the first 16 MiB, of which nothing is in the answer.
    pub left_out: usize,
    pub missing: Vec<Missing>,
    /// Services whose clocks are off from that of the root by a second and more, the worst first.
    pub clocks: Vec<NowClock>,
    /// The span to open first: the deepest failed one that owns an exception.
    pub focus: Option<String>,
    pub links: TraceLinks,
    pub critical_path: CriticalPath,
    /// The costliest first.
    pub patterns: Vec<Pattern>,
}

/// `POST /api/view`: documents of one trace, as text.
#[derive(Debug, Deserialize, TS)]
#[ts(export)]
pub(crate) struct ViewQuestion {
    pub documents: Vec<String>,
}

#[derive(Debug, Serialize, TS)]
#[ts(export)]
pub(crate) struct Viewed {
    pub trace: TraceDetail,
    /// Of the first thousand.
    pub spans: Vec<SpanDetail>,
    /// Documents that cannot be read, each with its number and the reason.
    pub refused: Vec<String>,
}

/// Something that should be there and is not.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct Missing {
    pub sentence: String,
    /// The span that tells of it.
    pub span: Option<String>,
}

/// Ids of other traces: producers of the messages that this one handled, and what it set off.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct TraceLinks {
    pub previous: Vec<LinkedTrace>,
    pub next: Vec<LinkedTrace>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct LinkedTrace {
    pub id: String,
    /// Which span of this trace tells of it.
    pub span: String,
}

/// What the trace waited for, moment by moment.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct CriticalPath {
    pub length: f64,
    /// In order of time: index into `spans`, from, to; the span itself worked, and not what it called.
    pub steps: Vec<(usize, f64, f64)>,
    /// The longest first.
    pub shares: Vec<CriticalShare>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct CriticalShare {
    /// Absent for the network: between a call and the segment that served it.
    pub service: Option<String>,
    pub time: f64,
}

/// A shape of calls that people have a name for.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct Pattern {
    pub kind: PatternKind,
    pub sentence: String,
    /// Below which span.
    pub parent: String,
    /// The first spans that show it.
    pub evidence: Vec<String>,
    /// How many spans show it.
    pub count: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) enum PatternKind {
    RetryStorm,
    NPlusOne,
    SerialFanOut,
    TimeoutInversion,
}

/// `GET /api/traces/{id}/spans/{span}/percentile`: how long the span took among its like.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct Percentile {
    /// The node whose requests it is compared with; absent where nothing like it is counted.
    pub node: Option<String>,
    /// On a call: who calls. It is compared with this caller's calls of the node.
    pub caller: Option<String>,
    /// How many were counted from `from` to `to`, and how many of them took no longer.
    #[ts(type = "number")]
    pub total: i64,
    #[ts(type = "number")]
    pub no_longer: i64,
    pub from: f64,
    pub to: f64,
}

/// One of `GET /api/traces/{id}/documents`, in order of receipt.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct SentDocument {
    pub received: f64,
    /// Its bytes as they came, duplicates and outdated ones included.
    pub document: String,
}

/// What says nothing is left out, since a trace may have very many.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct Span {
    pub id: String,
    /// Index into `spans` of the entity it hangs below (holder, or caller of a segment); absent on roots.
    #[ts(type = "number", optional = nullable)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<usize>,
    pub depth: u32,
    pub kind: SpanKind,
    /// The service (segment name) it belongs to.
    pub service: String,
    pub name: String,
    /// `AWS::...` of segments; namespace of subsegments.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(rename = "type")]
    pub type_name: Option<String>,
    /// Milliseconds after `start` of the trace, by the clock of the root.
    pub start: f64,
    /// The milliseconds by which its own clock is behind that; negative where it is ahead, absent where they agree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shift: Option<f64>,
    /// Absent while in progress.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<f64>,
    pub outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(type = "number", optional = nullable)]
    pub status: Option<i64>,
    /// AWS operation, such as `GetItem`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// It carries a database query.
    #[serde(skip_serializing_if = "is_false")]
    #[ts(optional, as = "Option<bool>")]
    pub is_query: bool,
    /// The beginning of that query, on one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    #[serde(skip_serializing_if = "is_zero")]
    #[ts(optional, as = "Option<u32>")]
    pub exceptions: u32,
    #[serde(skip_serializing_if = "is_zero")]
    #[ts(optional, as = "Option<u32>")]
    pub annotations: u32,
    /// Events of OpenTelemetry: milliseconds after `start`, which may lie outside of the span, and a name. The first ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<(f64, String)>>")]
    pub events: Vec<(f64, String)>,
    /// How many events it has.
    #[serde(skip_serializing_if = "is_zero")]
    #[ts(optional, as = "Option<u32>")]
    pub event_count: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub(crate) enum SpanKind {
    Segment,
    Subsegment,
    Inferred,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// `GET /api/traces/{id}/spans/{span}`: everything of one entity, as it was sent.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct SpanDetail {
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
    /// Where its log lines are.
    pub logs: Vec<super::LogLink>,
    /// Where it came by OTLP: the span in OpenTelemetry's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional = nullable)]
    pub otlp: Option<OtlpSpan>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct OtlpSpan {
    /// As the sender called it; X-Ray's name is another where it is a call or a segment.
    pub name: String,
    /// `SERVER`, `CLIENT` and so on.
    pub kind: String,
    /// `UNSET`, `OK` or `ERROR`.
    pub status: String,
    pub status_message: Option<String>,
    pub trace_state: Option<String>,
    /// The library that made the span.
    pub scope: Option<String>,
    pub scope_version: Option<String>,
    pub scope_attributes: OtlpAttributes,
    pub resource: OtlpAttributes,
    pub attributes: OtlpAttributes,
    pub events: Vec<OtlpEvent>,
    /// Events that are not given.
    pub more_events: usize,
    /// Events that the SDK dropped.
    pub dropped_events: u32,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct OtlpAttributes {
    /// In the order in which they came; the first ones.
    #[ts(type = "Array<[string, unknown]>")]
    pub shown: Vec<(String, Value)>,
    /// Those that are not given.
    pub more: usize,
    /// Those that the SDK dropped.
    pub dropped: u32,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct OtlpEvent {
    pub name: String,
    /// Milliseconds after the start of the span, which may lie outside of it.
    pub offset: f64,
    pub attributes: OtlpAttributes,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct SpanException {
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
pub(crate) struct StackFrame {
    pub path: Option<String>,
    #[ts(type = "number", optional = nullable)]
    pub line: Option<i64>,
    pub label: Option<String>,
}
