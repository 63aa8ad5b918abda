//! Traces back to X-Ray's documents: children folded into their parents, inferred segments added.
//!
//! Everything that was sent comes back, metadata and unknown members included, except what X-Ray takes away
//! (docs/xray.md 1.1, 1.12, 1.13): the surplus ids of subsegments, `http.request.traced`, empty stacks, and members that
//! are not of their type.

mod clean;
pub(crate) mod parts;
mod schema;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use model::id::EntityId;
use model::segment::Flags;
use model::trace::{Span, SpanIndex, SpanKind};
use model::{Entity, StoredDocument, Trace};
use serde_json::Value;

use self::parts::Parts;
use crate::json::{Json, Members, to_values};
use crate::limits::MAX_RENDERED_DEPTH;

/// One segment of `BatchGetTraces`.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderedSegment {
    pub id: EntityId,
    /// JSON, with every number in the digits that were sent.
    pub document: String,
}

/// Every segment of the trace, in its order. `documents` are those the trace was assembled from.
pub fn segments(trace: &Trace<'_>, documents: &[Arc<StoredDocument>]) -> Vec<RenderedSegment> {
    let mut parts = Parts::of(trace.spans.iter(), documents);
    // Inferred segments first, because they copy from calls that are then taken away.
    let inferred: Vec<_> = trace.spans.iter().map(|span| inferred(trace, span, &parts)).collect();
    let mut objects: Vec<_> = trace
        .spans
        .iter()
        .zip(inferred)
        .map(|(span, inferred)| Some(inferred.unwrap_or_else(|| rendered(trace, span, &mut parts))))
        .collect();

    let mut held: Vec<Vec<SpanIndex>> = vec![Vec::new(); trace.spans.len()];
    for (index, host) in hosts(trace).into_iter().enumerate() {
        if let Some(host) = host {
            held[host].push(index);
        }
    }
    // A holder stands before what it holds, so backwards each finds its children complete.
    for index in (0..trace.spans.len()).rev() {
        let children = &mut held[index];
        children.sort_by_key(|&child| (trace.spans[child].entity.start, trace.spans[child].entity.id));
        let children = children.iter().filter_map(|&child| objects[child].take());
        let children: Vec<_> = children.map(Json::Object).collect();
        if let Some(object) = &mut objects[index] {
            clean::fold(object, children);
        }
    }
    let rendered = trace.segments.iter().filter_map(|&index| {
        let document = Json::Object(objects[index].take()?).to_string();
        Some(RenderedSegment { id: trace.spans[index].entity.id, document })
    });
    rendered.collect()
}

/// One entity as it was sent, without its subsegments; `None` where the trace has no such entity. A number that is too
/// large or too exact for a double, which is what browsers have, is a text of its digits.
pub fn entity(trace: &Trace<'_>, documents: &[Arc<StoredDocument>], id: EntityId) -> Option<Value> {
    let span = trace.spans.iter().find(|span| span.entity.id == id)?;
    let caller = span.caller.map(|caller| &trace.spans[caller]);
    let mut parts = Parts::of([span].into_iter().chain(caller), documents);
    let inferred = inferred(trace, span, &parts);
    let mut object = inferred.or_else(|| parts.take(span)).unwrap_or_else(|| from_entity(&span.entity));
    object.shift_remove("subsegments");
    Some(Value::Object(to_values(&object)))
}

/// The query of each call of a database that says it, one document after the other, as it was sent.
pub fn statements(trace: &Trace<'_>, documents: &[Arc<StoredDocument>]) -> HashMap<SpanIndex, String> {
    let asks = |span: &&Span<'_>| span.kind != SpanKind::Inferred && span.entity.sql.is_some();
    let parts = Parts::of(trace.spans.iter().filter(asks), documents);
    let statement = |span: &Span<'_>| {
        let Json::Object(sql) = parts.sent(span)?.get("sql")? else { return None };
        match sql.get("sanitized_query")? {
            Json::Text(query) => Some(query.clone()),
            _ => None,
        }
    };
    let spans = trace.spans.iter().enumerate().filter(|(_, span)| asks(span));
    spans.filter_map(|(index, span)| Some((index, statement(span)?))).collect()
}

/// Into which span each is folded: its holder, or where that lies too deep, its ancestor that does not.
fn hosts(trace: &Trace<'_>) -> Vec<Option<SpanIndex>> {
    let mut depths = vec![0_usize; trace.spans.len()];
    let mut hosts = vec![None; trace.spans.len()];
    for (index, span) in trace.spans.iter().enumerate() {
        // `filter`: without the promise that a holder stands first, nothing could be folded.
        let Some(holder) = span.holder.filter(|&holder| holder < index) else { continue };
        if depths[holder] < MAX_RENDERED_DEPTH {
            depths[index] = depths[holder] + 1;
            hosts[index] = Some(holder);
        } else {
            depths[index] = depths[holder];
            hosts[index] = hosts[holder];
        }
    }
    hosts
}

/// The entity by itself, as X-Ray gives it back.
fn rendered(trace: &Trace<'_>, span: &Span<'_>, parts: &mut Parts) -> Members {
    let mut object = parts.take(span).unwrap_or_else(|| from_entity(&span.entity));
    clean::tidy(&mut object);
    if span.kind == SpanKind::Subsegment {
        clean::strip_surplus_ids(&mut object);
    } else {
        // Senders may write a trace id as W3C does; readers look for X-Ray's form.
        object.insert("trace_id".into(), trace.id.to_string().into());
    }
    object
}

/// The segment that stands for a callee that sent none, if the span is one: what the call says of it, under
/// an id of its own.
fn inferred(trace: &Trace<'_>, span: &Span<'_>, parts: &Parts) -> Option<Members> {
    if span.kind != SpanKind::Inferred {
        return None;
    }
    let entity = &*span.entity;
    let call = span.caller.and_then(|caller| parts.sent(&trace.spans[caller]));
    let mut object = identity(entity);
    object.insert("trace_id".into(), trace.id.to_string().into());
    if let Some(parent) = entity.parent_id {
        object.insert("parent_id".into(), parent.to_string().into());
    }
    // The call's own numbers, which may be finer than a microsecond.
    for key in ["start_time", "end_time", "http", "aws", "sql"] {
        if let Some(value) = call.and_then(|call| call.get(key)) {
            object.insert(key.into(), value.clone());
        }
    }
    insert_outcome(&mut object, entity);
    object.insert("inferred".into(), true.into());
    clean::tidy(&mut object);
    Some(object)
}

/// What was decoded, for a document whose bytes cannot be read again.
fn from_entity(entity: &Entity) -> Members {
    let mut object = identity(entity);
    if let Some(parent) = entity.parent_id {
        object.insert("parent_id".into(), parent.to_string().into());
    }
    if entity.end.is_none() {
        object.insert("in_progress".into(), true.into());
    }
    insert_outcome(&mut object, entity);
    object
}

fn identity(entity: &Entity) -> Members {
    let mut object = Members::new();
    object.insert("id".into(), entity.id.to_string().into());
    object.insert("name".into(), entity.name.as_str().into());
    object.insert("start_time".into(), entity.start.as_seconds().into());
    if let Some(end) = entity.end {
        object.insert("end_time".into(), end.as_seconds().into());
    }
    object
}

fn insert_outcome(object: &mut Members, entity: &Entity) {
    let Flags { error, throttle, fault } = entity.flags;
    for (key, is_set) in [("error", error), ("throttle", throttle), ("fault", fault)] {
        if is_set {
            object.insert(key.into(), true.into());
        }
    }
    if let Some(origin) = &entity.origin {
        object.insert("origin".into(), origin.as_str().into());
    }
}
