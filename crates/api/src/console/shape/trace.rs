//! One trace and its entities.

use serde::Serialize;
use serde_json::Value;
use ts_rs::TS;

use super::{Outcome, TraceRow};

/// `GET /api/traces/{id}`: a trace in compact form. 404 `Problem` when it is not known.
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
