//! `GET /api/traces/{id}/spans/{span}`: one entity as it was sent, with the exceptions that explain it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use model::trace::SpanIndex;
use model::{EntityId, StoredDocument, Trace};
use otlp::shown::{Attributes, shown};
use serde_json::{Map, Value, json};
use store::Beginning;

use super::log_link;
use super::trace::found;
use crate::app::{App, Shared};
use crate::error::Problem;
use crate::shape::stats::millis_at;
use crate::shape::{OtlpAttributes, OtlpEvent, OtlpSpan, SpanDetail, SpanException, StackFrame};

/// What of a segment explains where its subsegments ran.
const SEGMENT_MEMBERS: [&str; 4] = ["origin", "aws", "service", "user"];
/// A cause refers to an exception, whose owner may refer on; and nobody promises that this ends.
const MAX_REFERENCES: usize = 10;

pub(crate) async fn span(
    State(app): State<Shared>,
    Path((trace_id, span_id)): Path<(String, String)>,
) -> Result<Json<SpanDetail>, Problem> {
    let id = parse_id(&span_id)?;
    let _turn = app.turn().await;
    let (trace_id, Beginning { documents, .. }) = found(&app, &trace_id).await?;
    let trace = query::assemble(trace_id, &documents);
    let index = find(&trace, id)?;
    Ok(Json(detail(&app, &trace, &documents, index)))
}

/// Everything of one entity.
pub(super) fn detail(
    app: &App,
    trace: &Trace<'_>,
    documents: &[Arc<StoredDocument>],
    index: SpanIndex,
) -> SpanDetail {
    let span = &trace.spans[index];
    let segment = rendered(trace, documents, span.segment);
    let of_segment =
        SEGMENT_MEMBERS.into_iter().filter_map(|name| Some((name.to_owned(), segment.get(name)?.clone())));
    let document = rendered(trace, documents, index);
    SpanDetail {
        id: span.entity.id.to_string(),
        logs: log_link::links(app, trace, index, &segment),
        exceptions: exceptions(trace, documents, index, &document),
        segment: Value::Object(of_segment.collect::<Map<_, _>>()),
        document,
        received: millis_at(span.received),
        otlp: otlp(trace, documents, index),
    }
}

pub(super) fn parse_id(text: &str) -> Result<EntityId, Problem> {
    text.parse().map_err(|_| Problem::bad_request(format!("{text:?} is no id of a segment or subsegment")))
}

pub(super) fn find(trace: &Trace<'_>, id: EntityId) -> Result<SpanIndex, Problem> {
    let place = trace.spans.iter().position(|span| span.entity.id == id);
    place.ok_or_else(|| Problem::not_found(format!("trace {} has no segment or subsegment {id}", trace.id)))
}

fn rendered(trace: &Trace<'_>, documents: &[Arc<StoredDocument>], index: SpanIndex) -> Value {
    let id = trace.spans[index].entity.id;
    wire::render::entity(trace, documents, id).unwrap_or_else(|| json!({}))
}

/// What the sender said of it, where it came by OTLP.
fn otlp(trace: &Trace<'_>, documents: &[Arc<StoredDocument>], index: SpanIndex) -> Option<OtlpSpan> {
    let stored = documents.get(trace.spans[index].document?)?;
    stored.document.sender.as_ref()?;
    let shown = shown(&stored.document.raw)?;
    let text = |text: String| (!text.is_empty()).then_some(text);
    let events = shown.events.into_iter().map(|event| OtlpEvent {
        name: event.name,
        offset: event.offset,
        attributes: attributes(event.attributes),
    });
    Some(OtlpSpan {
        name: shown.name,
        kind: shown.kind.to_owned(),
        status: shown.status.to_owned(),
        status_message: text(shown.status_message),
        trace_state: text(shown.trace_state),
        scope: text(shown.scope),
        scope_version: text(shown.scope_version),
        scope_attributes: attributes(shown.scope_attributes),
        resource: attributes(shown.resource),
        attributes: attributes(shown.attributes),
        events: events.collect(),
        more_events: shown.more_events,
        dropped_events: shown.dropped_events,
    })
}

fn attributes(Attributes { shown, more, dropped }: Attributes) -> OtlpAttributes {
    OtlpAttributes { shown, more, dropped }
}

/// The span's own exceptions, then those that its cause refers to, each with what recorded it.
fn exceptions(
    trace: &Trace<'_>,
    documents: &[Arc<StoredDocument>],
    index: SpanIndex,
    document: &Value,
) -> Vec<SpanException> {
    let mut found: Vec<SpanException> = own(document).map(|exception| shape(exception, None)).collect();
    let mut at = index;
    for _ in 0..MAX_REFERENCES {
        let cause = trace.spans[at].entity.cause.as_ref();
        let Some(reference) = cause.and_then(|cause| cause.reference) else { break };
        let Some(owner) = owner(trace, reference) else { break };
        let recorded_at = Some(trace.spans[owner].entity.id.to_string());
        let text = reference.to_string();
        let owned = rendered(trace, documents, owner);
        let is_meant = |exception: &&Value| {
            let is_it = exception["id"].as_str().is_some_and(|id| id.eq_ignore_ascii_case(&text));
            is_it || trace.spans[owner].entity.id == reference
        };
        found.extend(own(&owned).filter(is_meant).map(|exception| shape(exception, recorded_at.clone())));
        at = owner;
    }
    found
}

/// Who recorded the exception that a cause names; the Node SDK names a subsegment instead.
fn owner(trace: &Trace<'_>, reference: EntityId) -> Option<SpanIndex> {
    let recorded = |exception: &model::segment::Exception| exception.id == Some(reference);
    let of_exception = trace.spans.iter().position(|span| {
        span.entity.cause.as_ref().is_some_and(|cause| cause.exceptions.iter().any(recorded))
    });
    of_exception.or_else(|| trace.spans.iter().position(|span| span.entity.id == reference))
}

fn own(document: &Value) -> impl Iterator<Item = &Value> {
    document["cause"]["exceptions"].as_array().into_iter().flatten()
}

fn shape(exception: &Value, recorded_at: Option<String>) -> SpanException {
    let text = |name: &str| exception[name].as_str().map(str::to_owned);
    let stack = exception["stack"].as_array().into_iter().flatten().map(|frame| StackFrame {
        path: frame["path"].as_str().map(str::to_owned),
        line: frame["line"].as_i64(),
        label: frame["label"].as_str().map(str::to_owned),
    });
    SpanException {
        id: text("id"),
        name: text("type"),
        message: text("message"),
        remote: exception["remote"].as_bool().unwrap_or(false),
        truncated: exception["truncated"].as_u64().unwrap_or(0),
        stack: stack.collect(),
        recorded_at,
    }
}
