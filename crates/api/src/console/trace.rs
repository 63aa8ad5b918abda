//! `GET /api/traces/{id}`: one trace in the order in which it is drawn.

use axum::Json;
use axum::extract::{Path, State};
use model::segment::Namespace;
use model::trace::{self, SpanIndex};
use model::{Trace, TraceId};

use super::shape::{Span, SpanKind, TraceDetail, TraceRow};
use super::stats::millis;
use crate::app::Shared;
use crate::error::Problem;

/// Sentences of one kind about what is missing; more of them say nothing new.
const MAX_MISSING: usize = 5;

pub(crate) async fn trace(
    State(app): State<Shared>,
    Path(id): Path<String>,
) -> Result<Json<TraceDetail>, Problem> {
    let id = parse_id(&id)?;
    let documents = app.deps.store.documents(id).await?;
    if documents.is_empty() {
        return Err(Problem::not_found(format!("no trace {id} is known")));
    }
    let trace = query::assemble(id, &documents);
    let digest = query::digest(&trace);
    Ok(Json(TraceDetail {
        summary: TraceRow::from(&digest),
        spans: spans(&trace),
        missing: missing(&trace),
        focus: digest.origin.as_ref().map(|origin| origin.entity.to_string()),
        links: links(&trace),
    }))
}

pub(super) fn parse_id(text: &str) -> Result<TraceId, Problem> {
    text.parse().map_err(|_| Problem::bad_request(format!("{text:?} is no trace id")))
}

/// Every span once, a parent before its children, siblings by start. Without recursion: documents nest as
/// deep as they like.
fn spans(trace: &Trace<'_>) -> Vec<Span> {
    let start = trace.spans.iter().map(|span| span.entity.start).min().unwrap_or_default();
    let mut shapes = Vec::with_capacity(trace.spans.len());
    for (index, parent, depth) in drawing_order(trace) {
        let span = &trace.spans[index];
        let entity = &span.entity;
        let http = entity.http.as_deref();
        let exceptions = entity.cause.as_ref().map_or(0, |cause| cause.exceptions.len());
        shapes.push(Span {
            id: entity.id.to_string(),
            parent,
            depth,
            kind: span.kind.into(),
            service: trace.spans[span.segment].node.name.clone(),
            name: entity.name.clone(),
            type_name: type_name(span),
            start: millis(start.until(entity.start)),
            duration: entity.length().map(millis),
            outcome: entity.flags.outcome().into(),
            method: http.and_then(|http| http.method.clone()),
            url: http.and_then(|http| http.url.clone()),
            status: http.and_then(|http| http.status),
            operation: entity.aws.as_ref().and_then(|aws| aws.operation.clone()),
            exceptions: u32::try_from(exceptions).unwrap_or(u32::MAX),
            annotations: u32::try_from(entity.annotations.len()).unwrap_or(u32::MAX),
        });
    }
    shapes
}

fn type_name(span: &trace::Span<'_>) -> Option<String> {
    if span.is_segment() {
        return span.node.kind.clone();
    }
    match span.entity.namespace.as_ref()? {
        Namespace::Aws => Some("aws".to_owned()),
        Namespace::Remote => Some("remote".to_owned()),
        Namespace::Other(name) => Some(name.clone()),
    }
}

/// Each span with the place of its parent in this same order, and its depth.
fn drawing_order(trace: &Trace<'_>) -> Vec<(SpanIndex, Option<usize>, u32)> {
    let by_start = |&index: &SpanIndex| {
        let entity = &trace.spans[index].entity;
        (entity.start, entity.id)
    };
    let mut below: Vec<Vec<SpanIndex>> = vec![Vec::new(); trace.spans.len()];
    let mut roots = Vec::new();
    for (index, span) in trace.spans.iter().enumerate() {
        match span.holder.or(span.caller) {
            Some(parent) => below[parent].push(index),
            None => roots.push(index),
        }
    }
    roots.sort_by_key(by_start);
    // Segments that call each other in a circle hang below no root; each circle begins somewhere.
    let everything = 0..trace.spans.len();
    let mut order = Vec::with_capacity(trace.spans.len());
    let mut is_drawn = vec![false; trace.spans.len()];
    for beginning in roots.into_iter().chain(everything) {
        let mut open = vec![(beginning, None, 0)];
        while let Some((index, parent, depth)) = open.pop() {
            if std::mem::replace(&mut is_drawn[index], true) {
                continue;
            }
            let place = order.len();
            order.push((index, parent, depth));
            let mut children = std::mem::take(&mut below[index]);
            children.sort_by_key(by_start);
            open.extend(children.into_iter().rev().map(|child| (child, Some(place), depth + 1)));
        }
    }
    order
}

fn missing(trace: &Trace<'_>) -> Vec<String> {
    let mut missing = Vec::new();
    if trace.root().is_none() {
        missing.push("The segment that the trace began with has not arrived.".to_owned());
    }
    match trace.orphans {
        0 => {}
        1 => missing.push("A subsegment is not shown, since what holds it has not arrived.".to_owned()),
        many => {
            missing.push(format!("{many} subsegments are not shown, since what holds them has not arrived."));
        }
    }
    let sentences = |test: fn(&trace::Span<'_>) -> bool, sentence: fn(&str) -> String| {
        let spans = trace.spans.iter().filter(move |span| test(span));
        spans.take(MAX_MISSING).map(move |span| sentence(&span.entity.name)).collect::<Vec<_>>()
    };
    let is_open = |span: &trace::Span<'_>| span.is_segment() && span.entity.end.is_none();
    missing.extend(sentences(is_open, |name| format!("{name} has not finished.")));
    let lost_caller = |span: &trace::Span<'_>| {
        span.kind == trace::SpanKind::Segment && span.entity.parent_id.is_some() && span.caller.is_none()
    };
    missing.extend(sentences(lost_caller, |name| format!("The caller of {name} has not arrived.")));
    let silent = |span: &&trace::Span<'_>| {
        let answered =
            span.callees.iter().any(|&callee| trace.spans[callee].kind == trace::SpanKind::Segment);
        span.entity.traced && !answered
    };
    let silent = trace.spans.iter().filter(silent).take(MAX_MISSING);
    missing.extend(
        silent.map(|span| format!("{} is traced, but its segment has not arrived.", span.entity.name)),
    );
    missing
}

/// Traces that this one is linked with, each once.
fn links(trace: &Trace<'_>) -> Vec<String> {
    let links = trace.spans.iter().flat_map(|span| &span.entity.links);
    let mut ids: Vec<TraceId> = links.map(|link| link.trace_id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.iter().map(ToString::to_string).collect()
}

impl From<trace::SpanKind> for SpanKind {
    fn from(kind: trace::SpanKind) -> Self {
        match kind {
            trace::SpanKind::Segment => Self::Segment,
            trace::SpanKind::Subsegment => Self::Subsegment,
            trace::SpanKind::Inferred => Self::Inferred,
        }
    }
}
