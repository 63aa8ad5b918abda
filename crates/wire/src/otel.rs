//! Traces as spans in OpenTelemetry's words: what X-Ray's Transaction Search keeps of segments, a JSON object a span.
//!
//! It is the way back of the collector's X-Ray exporter (docs/xray.md 11.4): a segment is a span of kind SERVER, a call
//! CLIENT or, where it sends a message, PRODUCER, everything else INTERNAL; annotations and metadata are attributes. Everything that was sent and has a name
//! in OpenTelemetry's semantic conventions gets it; inferred segments are left out, since nobody sent them.
//! <https://opentelemetry.io/docs/specs/semconv/>

mod attributes;
mod batch;
mod exceptions;
mod export;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use model::id::EntityId;
use model::segment::Namespace;
use model::trace::{Span, SpanKind};
use model::{Entity, StoredDocument, Timestamp, Trace, TraceId};
use serde_json::{Map, Value, json};

use crate::json::to_values;
use crate::render::parts::Parts;
pub use batch::resource_spans;
pub use export::request;

/// One span of a trace.
#[derive(Debug, Clone, PartialEq)]
pub struct OtelSpan {
    pub id: EntityId,
    pub document: Value,
}

/// Every entity of the trace, each holder before what it holds. `documents` are those the trace was assembled from.
pub fn spans(trace: &Trace<'_>, documents: &[Arc<StoredDocument>]) -> Vec<OtelSpan> {
    let parts = Parts::of(trace.spans.iter(), documents);
    let sent = |span: &Span<'_>| parts.sent(span).map(to_values).unwrap_or_default();
    let real = trace.spans.iter().filter(|span| span.kind != SpanKind::Inferred);
    let spans = real.map(|span| {
        let segment = &trace.spans[span.segment];
        let piece = Piece {
            trace: trace.id,
            entity: &span.entity,
            parent: span.holder.map(|holder| trace.spans[holder].entity.id).or(span.entity.parent_id),
            is_segment: span.kind == SpanKind::Segment,
        };
        let resource = attributes::of_resource(&segment.entity, &sent(segment));
        OtelSpan { id: span.entity.id, document: document(&piece, &resource, &sent(span)) }
    });
    spans.collect()
}

/// An entity, and what of its surroundings its span must say.
struct Piece<'a> {
    trace: TraceId,
    entity: &'a Entity,
    parent: Option<EntityId>,
    is_segment: bool,
}

fn document(piece: &Piece<'_>, resource: &Map<String, Value>, sent: &Map<String, Value>) -> Value {
    let Piece { trace, entity, parent, .. } = *piece;
    let (start, end) = (nanos(entity.start), entity.end.map(|end| nanos(end.max(entity.start))));
    json!({
        "resource": { "attributes": resource },
        "scope": { "name": "", "version": "" },
        "traceId": w3c(trace),
        "spanId": entity.id.to_string(),
        "parentSpanId": parent.map(|parent| parent.to_string()),
        // Sampled, or it would not have been sent.
        "flags": 1,
        "name": entity.name,
        "kind": kind(piece),
        "startTimeUnixNano": start,
        "endTimeUnixNano": end,
        "durationNano": end.map(|end| end - start),
        "attributes": attributes::of_span(entity, sent),
        "events": exceptions::events(entity, sent),
        "links": links(sent),
        "status": status(entity, sent),
    })
}

fn kind(piece: &Piece<'_>) -> &'static str {
    match &piece.entity.namespace {
        _ if piece.is_segment => "SERVER",
        Some(Namespace::Aws) if is_sending(piece.entity) => "PRODUCER",
        Some(Namespace::Aws | Namespace::Remote) => "CLIENT",
        _ => "INTERNAL",
    }
}

/// Whether a call of AWS hands something on that others take up later.
fn is_sending(call: &Entity) -> bool {
    const SENDING: [&str; 7] = [
        "SendMessage",
        "SendMessageBatch",
        "Publish",
        "PublishBatch",
        "PutEvents",
        "PutRecord",
        "PutRecords",
    ];
    let operation = call.aws.as_ref().and_then(|aws| aws.operation.as_deref());
    // Some SDKs begin it with a small letter, or write it apart.
    let words = |text: &str| text.replace('_', "").to_ascii_lowercase();
    operation
        .map(words)
        .is_some_and(|operation| SENDING.iter().any(|it| it.to_ascii_lowercase() == operation))
}

/// A client's mistake is no error of the server that says so, in OpenTelemetry's rules for servers; X-Ray's flags do
/// not tell the two apart, and it is better to show one error too many.
fn status(entity: &Entity, sent: &Map<String, Value>) -> Value {
    match entity.flags.any() {
        false => json!({ "code": "UNSET" }),
        true => json!({ "code": "ERROR", "message": exceptions::first_message(sent) }),
    }
}

fn links(sent: &Map<String, Value>) -> Vec<Value> {
    let links = sent.get("links").and_then(Value::as_array).into_iter().flatten();
    let link = |link: &Value| {
        let trace: TraceId = link.get("trace_id")?.as_str()?.parse().ok()?;
        let (id, attributes) = (link.get("id").cloned(), link.get("attributes").cloned());
        Some(json!({
            "traceId": w3c(trace),
            "spanId": id.unwrap_or_default(),
            "attributes": attributes.unwrap_or_else(|| json!({})),
        }))
    };
    links.filter_map(link).collect()
}

/// The id as OpenTelemetry writes it: 32 hex digits.
fn w3c(id: TraceId) -> String {
    id.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn nanos(instant: Timestamp) -> i64 {
    instant.0.saturating_mul(1_000)
}
