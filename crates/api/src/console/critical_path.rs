//! `POST /api/critical-path`: where the time of clients went in many traces, and what if a call were faster.

use axum::Json;
use axum::extract::State;
use model::Micros;
use model::minute::EdgeKind;
use query::flow::{Faster, Flow, FlowEdge, FlowEntry, Flowing, Passed};
use query::search::Visit;
use store::Axis;

use super::graph::KnownGroup;
use super::node_id::{edge_id, node_id, node_of};
use super::scan::Reach;
use crate::app::Shared;
use crate::error::Problem;
use crate::filter;
use crate::params::JsonBody;
use crate::shape::stats::{millis, millis_at};
use crate::shape::{CriticalPaths, FasterCall, PathEdge, PathEntry, PathQuestion, PathShare, RangeParams};

/// Traces looked at for one answer, as long as there is time.
const SCAN: u64 = 1_000_000;
const MAX_ENTRIES: usize = 200;
const MAX_EDGES: usize = 2_000;
/// Nothing takes longer that somebody waits for.
const MOST_MILLIS: f64 = 3_600_000.0;

pub(crate) async fn critical_path(
    State(app): State<Shared>,
    JsonBody(question): JsonBody<PathQuestion>,
) -> Result<Json<CriticalPaths>, Problem> {
    let range = RangeParams { from: question.from, to: question.to }.range()?;
    let group = KnownGroup::find(&app, question.group)?;
    let own = filter::parse(&question.filter, &app.groups()).map_err(|error| Problem::bad_filter(&error))?;
    let faster = question.faster.as_ref().map(read_faster).transpose()?;
    let reach = Reach::within(SCAN, question.within)?;
    let mut flowing = Flowing::new(faster);
    let shown =
        |key: &_| app.with_names(|names| names.service_of(key).cloned()).unwrap_or_else(|| key.clone());
    let text = own.to_string();
    let filter = own.and(group.members);
    let _permit = app.scans.acquire().await;
    let visited = reach
        .visit(&*app.deps.store, Visit { range, axis: Axis::Start, filter: &filter }, |digest| {
            flowing.add(digest, &shown)
        })
        .await?;
    let flow = flowing.finish();
    let left_out = |all: usize, most: usize| all.saturating_sub(most) as u64;
    let Flow { usual, slowest, .. } = flow;
    Ok(Json(CriticalPaths {
        filter: text,
        traces: flow.traces,
        entries_left_out: left_out(flow.entries.len(), MAX_ENTRIES),
        edges_left_out: left_out(flow.edges.len(), MAX_EDGES),
        entries: flow.entries.into_iter().take(MAX_ENTRIES).map(entry).collect(),
        edges: flow.edges.into_iter().take(MAX_EDGES).map(|one| edge(one, usual, slowest)).collect(),
        untold: flow.untold,
        left_out: flow.left_out,
        scanned: visited.scanned,
        complete: visited.complete,
        reached: visited.reached.map(|cursor| millis_at(cursor.time)),
    }))
}

fn read_faster(asked: &FasterCall) -> Result<Faster, Problem> {
    let read =
        |id: &str| node_of(id).ok_or_else(|| Problem::bad_request(format!("{id:?} is no id of a node")));
    if !(0.0..=MOST_MILLIS).contains(&asked.by) {
        let most = MOST_MILLIS;
        return Err(Problem::bad_request(format!("faster.by must be from 0 to {most} milliseconds")));
    }
    Ok(Faster {
        caller: asked.caller.as_deref().map(read).transpose()?,
        node: read(&asked.node)?,
        by: Micros((asked.by * 1_000.0) as u64),
    })
}

fn entry(entry: FlowEntry) -> PathEntry {
    PathEntry {
        node_id: entry.node.as_ref().map(node_id),
        name: entry.node.map(|node| node.name),
        operation: entry.operation,
        traces: entry.traces,
        p50: millis(entry.p50),
        p99: millis(entry.p99),
        would_p50: entry.would.map(|(p50, _)| millis(p50)),
        would_p99: entry.would.map(|(_, p99)| millis(p99)),
    }
}

fn edge(edge: FlowEdge, usual: Micros, slowest: Micros) -> PathEdge {
    PathEdge {
        id: edge_id(&edge.source, &edge.target, EdgeKind::Call),
        source: node_id(&edge.source),
        target: node_id(&edge.target),
        source_name: edge.source.name,
        target_name: edge.target.name,
        kind: edge.target.kind,
        role: edge.kind.into(),
        p50: share(edge.usual, usual),
        p99: share(edge.slowest, slowest),
    }
}

fn share(passed: Passed, of: Micros) -> PathShare {
    let share = |time: u64| time as f64 / of.0.max(1) as f64;
    PathShare { through: share(passed.through), work: share(passed.work), way: share(passed.way) }
}
