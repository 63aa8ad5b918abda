//! `GET /api/service`: what one node does, operation by operation and version by version; `GET /api/exceptions`: what all of
//! them raised.

use axum::Json;
use axum::extract::State;
use model::TimeRange;
use query::exception::{Exceptions, Raised};
use query::filter::Quoted;
use query::search::Visit;
use query::work::{Done, Operation, Work};
use serde::Deserialize;
use store::{Axis, Predicate};

use super::graph::{KnownGroup, select};
use super::node::{AskedNode, NodeParams};
use super::node_id::node_id;
use super::scan::Reach;
use crate::app::Shared;
use crate::error::Problem;
use crate::params::Params;
use crate::shape::stats::{millis, millis_at};
use crate::shape::{
    Counts, ExceptionList, OperationRow, RaisedException, RangeParams, ServiceWork, Stats, VersionCount,
    VersionRow,
};

/// Traces looked at, the newest ones.
const SCAN: u64 = 200_000;
/// Rows of a table that somebody reads.
const MAX_OPERATIONS: usize = 500;
const MAX_EXCEPTIONS: usize = 500;

/// 404 where the node was not seen in the range.
pub(crate) async fn service(
    State(app): State<Shared>,
    Params(params): Params<NodeParams>,
) -> Result<Json<ServiceWork>, Problem> {
    let _permit = app.scans.acquire().await;
    let asked = AskedNode::find(&app, params).await?;
    let mut work = Work::of(asked.keys().cloned().collect());
    let store = &*app.deps.store;
    let visited = Reach::of(SCAN)
        .visit(store, Visit { range: asked.range, axis: Axis::Received, filter: &asked.filter }, |digest| {
            work.add(digest)
        })
        .await?;
    let selector = asked.selectors.first().cloned().unwrap_or_default();
    let Done { operations, others, versions } = work.finish();
    let left_out = operations.iter().skip(MAX_OPERATIONS).map(|(_, operation)| operation);
    let mut rest = others.unwrap_or_default();
    left_out.for_each(|operation| rest.merge(operation));
    let rows = operations.iter().take(MAX_OPERATIONS);
    Ok(Json(ServiceWork {
        node_id: node_id(&asked.key),
        operations: rows.map(|(name, operation)| row(name.clone(), operation)).collect(),
        others: (rest.stats.counts.total() > 0).then(|| row(None, &rest)),
        versions: versions
            .into_iter()
            .map(|(version, seen)| VersionRow {
                filter: format!("{selector} {{ version = {} }}", Quoted(&version)),
                version,
                first_seen: millis_at(seen.first_seen),
                last_seen: millis_at(seen.last_seen),
                counts: Counts::from(seen.counts),
            })
            .collect(),
        filter: asked.expression,
        scanned: visited.scanned,
        complete: visited.complete,
        reached: visited.reached.map(|cursor| millis_at(cursor.time)),
    }))
}

fn row(operation: Option<String>, work: &Operation) -> OperationRow {
    OperationRow {
        operation,
        stats: Stats::from(&work.stats),
        own_p50: work.own.quantile(0.5).map(millis),
        own_p99: work.own.quantile(0.99).map(millis),
        slowest: work.slowest.map(|(_, trace)| trace.to_string()),
        failing: work.failing.map(|(_, trace)| trace.to_string()),
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct ExceptionParams {
    from: f64,
    to: f64,
    group: Option<String>,
}

pub(crate) async fn exceptions(
    State(app): State<Shared>,
    Params(params): Params<ExceptionParams>,
) -> Result<Json<ExceptionList>, Problem> {
    let ExceptionParams { from, to, group } = params;
    let range: TimeRange = RangeParams { from, to }.range()?;
    let group = KnownGroup::find(&app, group)?;
    let _permit = app.scans.acquire().await;
    let mut exceptions = Exceptions::default();
    let store = &*app.deps.store;
    let visit = Visit { range, axis: Axis::Received, filter: &group.members };
    let visited = Reach::of(SCAN)
        .visit_those(store, visit, Predicate::HasException, |digest| exceptions.add(digest, |_| true))
        .await?;
    let left_out = exceptions.left_out;
    let mut raised = exceptions.finish();
    let more: u64 = raised.iter().skip(MAX_EXCEPTIONS).map(|one| one.kind.count).sum();
    raised.truncate(MAX_EXCEPTIONS);
    Ok(Json(ExceptionList {
        exceptions: raised.into_iter().map(told).collect(),
        left_out: left_out + more,
        scanned: visited.scanned,
        complete: visited.complete,
        reached: visited.reached.map(|cursor| millis_at(cursor.time)),
    }))
}

fn told(raised: Raised) -> RaisedException {
    let Raised { node, name, kind } = raised;
    let versions = kind.versions.into_iter().map(|(version, count)| VersionCount { version, count });
    RaisedException {
        filter: select(&node),
        node_id: node_id(&node),
        node: node.name,
        kind: node.kind,
        account: node.account,
        name,
        message: kind.message,
        count: kind.count,
        first_seen: millis_at(kind.first_seen),
        last_seen: millis_at(kind.last_seen),
        example: kind.example.to_string(),
        versions: versions.collect(),
    }
}
