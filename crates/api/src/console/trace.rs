//! `GET /api/traces/{id}`: one trace in the order in which it is drawn, and what follows from it.

mod link;
mod mark;
mod missing;
mod pattern;
pub(crate) mod percentile;
mod statement;
pub(crate) mod view;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use model::digest::FaultOrigin;
use model::segment::Namespace;
use model::trace::{self, SpanIndex};
use model::{Entity, EntityId, StoredDocument, Timestamp, Trace, TraceId};
use otlp::shown::Marks;
use query::clock::Times;
use query::critical_path::Holdup;
use store::Beginning;

use crate::app::{App, Shared};
use crate::console::node_id::node_id;
use crate::error::Problem;
use crate::shape::stats::{millis, millis_at};
use crate::shape::{CriticalPath, CriticalShare, NowClock, Span, SpanKind, TraceDetail, TraceRow};

/// Spans of one answer, some twenty megabytes; the first ones in drawing order.
const MAX_SPANS: usize = 100_000;
/// What is less is drawn right, and nobody needs to know.
const LEAST_SKEW_MILLIS: i64 = 1_000;
const MAX_CLOCKS: usize = 10;

pub(crate) async fn trace(
    State(app): State<Shared>,
    Path(id): Path<String>,
) -> Result<Json<TraceDetail>, Problem> {
    let _turn = app.turn().await;
    let (id, Beginning { documents, left_out }) = found(&app, &id).await?;
    Ok(Json(detail(&app, &query::assemble(id, &documents), &documents, left_out)))
}

/// A trace as it is shown, of which `left_out` documents are not among these.
pub(super) fn detail(
    app: &App,
    trace: &Trace<'_>,
    documents: &[Arc<StoredDocument>],
    left_out: u64,
) -> TraceDetail {
    let digest = query::digest(trace, &app.deps.settings.snapshot().url_rules.rules);
    let times = Times::corrected(trace);
    let mut order = drawing_order(trace, &times);
    let hidden = order.len().saturating_sub(MAX_SPANS);
    order.truncate(MAX_SPANS);
    let mut places = vec![None; trace.spans.len()];
    for (place, &(index, ..)) in order.iter().enumerate() {
        places[index] = Some(place);
    }
    TraceDetail {
        summary: app.with_names(|names| TraceRow::of(&digest, names)),
        start: millis_at(beginning(trace, &times)),
        spans: spans(trace, &times, &order, Said::of(trace, documents)),
        hidden,
        complete: hidden == 0 && left_out == 0,
        left_out: usize::try_from(left_out).unwrap_or(usize::MAX),
        missing: missing::missing(trace),
        clocks: clocks(trace, &times),
        focus: focus(trace, &order, digest.origin.as_ref()).map(|entity| entity.to_string()),
        links: link::links(trace, documents),
        critical_path: critical_path(trace, &times, &places),
        patterns: pattern::patterns(trace),
    }
}

/// The first documents of a trace that is known.
pub(super) async fn found(app: &App, id: &str) -> Result<(TraceId, Beginning), Problem> {
    let id = parse_id(id)?;
    let beginning = app.beginning(id).await?;
    if beginning.documents.is_empty() {
        return Err(Problem::not_found(format!("no trace {id} is known")));
    }
    Ok((id, beginning))
}

/// The deepest failed span that owns an exception; the origin's, where it has one, else of the whole trace.
fn focus(
    trace: &Trace<'_>,
    order: &[(SpanIndex, Option<usize>, u32)],
    origin: Option<&FaultOrigin>,
) -> Option<EntityId> {
    let told = origin.filter(|origin| origin.exception.is_some());
    let is_telling = |entity: &Entity| {
        entity.flags.fault && entity.cause.as_ref().is_some_and(|cause| !cause.exceptions.is_empty())
    };
    let telling = order.iter().filter(|&&(index, ..)| is_telling(&trace.spans[index].entity));
    // Of those that lie equally deep, the first.
    let deepest = telling.min_by_key(|&&(.., depth)| std::cmp::Reverse(depth));
    let deepest = deepest.map(|&(index, ..)| trace.spans[index].entity.id);
    told.map(|origin| origin.entity).or(deepest).or(origin.map(|origin| origin.entity))
}

/// When the picture begins.
fn beginning(trace: &Trace<'_>, times: &Times) -> Timestamp {
    (0..trace.spans.len()).map(|span| times.start(trace, span)).min().unwrap_or_default()
}

/// The services whose clocks people should know of, the worst first.
fn clocks(trace: &Trace<'_>, times: &Times) -> Vec<NowClock> {
    let mut clocks: Vec<NowClock> = Vec::new();
    // Nobody sent an inferred segment, so no clock is told of by it.
    let is_sent = |&&segment: &&SpanIndex| trace.spans[segment].kind != trace::SpanKind::Inferred;
    for &segment in trace.segments.iter().filter(is_sent) {
        let (node, behind) = (&trace.spans[segment].node, times.behind(segment) / 1_000);
        let id = node_id(node);
        if behind.saturating_abs() >= LEAST_SKEW_MILLIS && !clocks.iter().any(|clock| clock.node_id == id) {
            clocks.push(NowClock { node: node.name.clone(), node_id: id, behind });
        }
    }
    clocks.sort_by_key(|clock| std::cmp::Reverse(clock.behind.saturating_abs()));
    clocks.truncate(MAX_CLOCKS);
    clocks
}

/// `places` tells where each span stands in the answer.
fn critical_path(trace: &Trace<'_>, times: &Times, places: &[Option<usize>]) -> CriticalPath {
    let start = beginning(trace, times);
    let path = query::critical_path(trace, times);
    let at = |instant| millis(start.until(instant));
    let steps = path.steps.iter().filter_map(|step| Some((places[step.span]?, at(step.from), at(step.to))));
    let shares = path.holdups(trace).into_iter().map(|(holdup, time)| {
        let service = match holdup {
            Holdup::Service(name) => Some(name),
            Holdup::Network => None,
        };
        CriticalShare { service, time: millis(time) }
    });
    CriticalPath { length: millis(path.length()), steps: steps.collect(), shares: shares.collect() }
}

pub(super) fn parse_id(text: &str) -> Result<TraceId, Problem> {
    text.parse().map_err(|_| Problem::bad_request(format!("{text:?} is no trace id")))
}

/// What is read from the documents alone, by span.
struct Said {
    marks: HashMap<SpanIndex, Marks>,
    statements: HashMap<SpanIndex, String>,
}

impl Said {
    fn of(trace: &Trace<'_>, documents: &[Arc<StoredDocument>]) -> Self {
        Self { marks: mark::marks(trace, documents), statements: statement::statements(trace, documents) }
    }
}

fn spans(
    trace: &Trace<'_>,
    times: &Times,
    order: &[(SpanIndex, Option<usize>, u32)],
    mut said: Said,
) -> Vec<Span> {
    let start = beginning(trace, times);
    let mut shapes = Vec::with_capacity(order.len());
    for &(index, parent, depth) in order {
        let span = &trace.spans[index];
        let entity = &span.entity;
        let http = entity.http.as_deref();
        let exceptions = entity.cause.as_ref().map_or(0, |cause| cause.exceptions.len());
        let (events, event_count) =
            said.marks.remove(&index).map_or((Vec::new(), 0), |it| (it.events, it.count));
        shapes.push(Span {
            id: entity.id.to_string(),
            parent,
            depth,
            kind: span.kind.into(),
            service: trace.spans[span.segment].node.name.clone(),
            name: entity.name.clone(),
            type_name: type_name(span),
            start: millis(start.until(times.start(trace, index))),
            shift: Some(times.behind(index)).filter(|&shift| shift != 0).map(|shift| shift as f64 / 1e3),
            duration: entity.length().map(millis),
            outcome: entity.flags.outcome().into(),
            method: http.and_then(|http| http.method.clone()),
            url: http.and_then(|http| http.url.clone()),
            status: http.and_then(|http| http.status),
            operation: entity.aws.as_ref().and_then(|aws| aws.operation.clone()),
            is_query: entity.sql.is_some(),
            statement: said.statements.remove(&index),
            exceptions: u32::try_from(exceptions).unwrap_or(u32::MAX),
            annotations: u32::try_from(entity.annotations.len()).unwrap_or(u32::MAX),
            events,
            event_count: u32::try_from(event_count).unwrap_or(u32::MAX),
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

/// Every span once, a parent before its children, siblings by start; each with the place of its parent in this
/// same order, and its depth. Without recursion: documents nest as deep as they like.
fn drawing_order(trace: &Trace<'_>, times: &Times) -> Vec<(SpanIndex, Option<usize>, u32)> {
    let by_start = |&index: &SpanIndex| (times.start(trace, index), trace.spans[index].entity.id);
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

impl From<trace::SpanKind> for SpanKind {
    fn from(kind: trace::SpanKind) -> Self {
        match kind {
            trace::SpanKind::Segment => Self::Segment,
            trace::SpanKind::Subsegment => Self::Subsegment,
            trace::SpanKind::Inferred => Self::Inferred,
        }
    }
}
