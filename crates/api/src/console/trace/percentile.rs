//! `GET /api/traces/{id}/spans/{span}/percentile`: whether a span took longer than its like, from the minutes' sketches.
//!
//! Rollups count requests of nodes and calls between two nodes, so those are what a span can honestly be
//! compared with; of other subsegments nothing is kept.

use axum::Json;
use axum::extract::{Path, State};
use model::minute::{EdgeKind, Stats};
use model::trace::{SpanIndex, SpanKind};
use model::{Micros, TimeRange, Timestamp, Trace, group};
use store::{MinuteQuery, Subjects};

use super::found;
use crate::app::Shared;
use crate::console::span;
use crate::error::Problem;
use crate::shape::Percentile;
use crate::shape::stats::millis_at;

const HALF_A_DAY: Micros = Micros::from_secs(12 * 60 * 60);
const DAY: Micros = Micros::from_secs(24 * 60 * 60);

pub(crate) async fn percentile(
    State(app): State<Shared>,
    Path((trace_id, span_id)): Path<(String, String)>,
) -> Result<Json<Percentile>, Problem> {
    let span = span::parse_id(&span_id)?;
    let (id, beginning) = found(&app, &trace_id).await?;
    let trace = query::assemble(id, &beginning.documents);
    let index = span::find(&trace, span)?;
    let range = day(app.deps.clock.now(), trace.spans[index].entity.start);
    let mut answer = Percentile {
        node: None,
        caller: None,
        total: 0,
        no_longer: 0,
        from: millis_at(range.start),
        to: millis_at(range.end),
    };
    let Some((subjects, length)) = compared_with(&trace, index) else { return Ok(Json(answer)) };
    match &subjects {
        Subjects::Node(node) => answer.node = Some(node.name.clone()),
        Subjects::Edge { source, target, .. } => {
            answer.node = Some(target.name.clone());
            answer.caller = Some(source.name.clone());
        }
        Subjects::All | Subjects::Nodes | Subjects::Named(_) | Subjects::Edges | Subjects::FromClients => {}
    }
    let _permit = app.scans.acquire().await;
    let query = MinuteQuery { range, group: group::DEFAULT.to_owned(), subjects };
    let mut stats = Stats::default();
    for row in app.deps.store.totals(&query).await? {
        stats.merge(&row.stats);
    }
    let counted = stats.response_times.buckets().filter(|&(_, count)| count > 0);
    for (value, count) in counted {
        answer.total += count;
        answer.no_longer += if value <= length { count } else { 0 };
    }
    Ok(Json(answer))
}

/// The last day, or the day around what lies longer back.
fn day(now: Timestamp, start: Timestamp) -> TimeRange {
    let end = now.min(start.plus(HALF_A_DAY)).max(start);
    let end = if start >= now.minus(DAY) { now.max(start) } else { end };
    TimeRange::new(end.minus(DAY), end.plus(Micros::from_secs(1)))
}

/// What rollups count of its kind, and how long it took as they count.
fn compared_with(trace: &Trace<'_>, index: SpanIndex) -> Option<(Subjects, Micros)> {
    let span = &trace.spans[index];
    let length = span.entity.length()?;
    if span.kind != SpanKind::Subsegment {
        return Some((Subjects::Node(span.node.clone()), length));
    }
    let callee = &trace.spans[*span.callees.first()?];
    let (source, target) = (span.node.clone(), callee.node.clone());
    Some((Subjects::Edge { source, target, kind: EdgeKind::Call }, length))
}
