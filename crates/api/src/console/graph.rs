//! `GET /api/graph`: the map, its issues and the strip below it, all of one moment.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use model::minute::{EdgeKind, MinuteRow, Subject};
use model::node::CLIENT;
use model::{NodeKey, TimeRange, TraceDigest, group};
use query::Filter;
use query::filter::Quoted;
use query::graph::{Service, ServiceGraph};
use query::issue;
use serde::Deserialize;
use store::{Axis, MinuteQuery, Subjects, TraceStore};

use super::node_id::{edge_id, node_id};
use super::params::Params;
use super::shape::{Edge, Graph, Issue, Node, RangeParams, Stats};
use super::stats::{millis_at, series};
use crate::app::Shared;
use crate::error::Problem;

/// Traces looked at for the issues; the newest ones.
const ISSUE_SCAN: u64 = 20_000;

#[derive(Debug, Deserialize)]
pub(crate) struct GraphParams {
    from: f64,
    to: f64,
    group: Option<String>,
}

pub(crate) async fn graph(
    State(app): State<Shared>,
    Params(params): Params<GraphParams>,
) -> Result<Json<Graph>, Problem> {
    let GraphParams { from, to, group } = params;
    let range = RangeParams { from, to }.range()?;
    let group = known_group(group)?;
    let store = &*app.deps.store;
    let rows = store.minutes(&MinuteQuery { range, group, subjects: Subjects::All }).await?;
    let map = query::graph::from_minutes(&rows);
    let (issues, traces) = issues(store, range).await?;
    Ok(Json(Graph {
        from,
        to,
        now: millis_at(app.deps.clock.now()),
        nodes: map.services.iter().map(node).collect(),
        edges: edges(&map),
        series: series(rows.iter().filter(|row| is_from_a_client(row))),
        issues,
        traces,
    }))
}

/// The name of a group that exists: the default one, for now.
pub(super) fn known_group(group: Option<String>) -> Result<String, Problem> {
    match group.filter(|group| !group.is_empty()) {
        None => Ok(group::DEFAULT.to_owned()),
        Some(group) if group == group::DEFAULT => Ok(group),
        Some(group) => Err(Problem::not_found(format!("there is no group {group:?}"))),
    }
}

/// Whether a row counts what clients saw.
fn is_from_a_client(row: &MinuteRow) -> bool {
    match &row.key.subject {
        Subject::Edge { source, kind: EdgeKind::Call, .. } => source.kind.as_deref() == Some(CLIENT),
        _ => false,
    }
}

async fn issues(store: &dyn TraceStore, range: TimeRange) -> Result<(Vec<Issue>, u64), Problem> {
    let mut failing: Vec<Arc<TraceDigest>> = Vec::new();
    let everything = Filter::default();
    // By receipt, as the map counts.
    let visited = query::search::visit(store, range, Axis::Received, &everything, ISSUE_SCAN, |digest| {
        if digest.origin.is_some() {
            failing.push(Arc::clone(digest));
        }
    })
    .await?;
    let found = issue::issues(failing.iter().map(|digest| &**digest));
    Ok((found.issues.iter().map(|issue| shape(issue, visited.matched)).collect(), visited.matched))
}

fn shape(issue: &issue::Issue, total: u64) -> Issue {
    let exception_name = issue.exception.as_ref().and_then(|exception| exception.name.clone());
    Issue {
        id: format!("{}!{}", node_id(&issue.node), exception_name.as_deref().unwrap_or_default()),
        node_id: node_id(&issue.node),
        name: issue.node.name.clone(),
        kind: issue.node.kind.clone(),
        role: issue.node_kind.into(),
        witness: issue.witness.name.clone(),
        exception_message: issue.exception.as_ref().and_then(|exception| exception.message.clone()),
        exception_name,
        first_seen: millis_at(issue.first_seen),
        last_seen: millis_at(issue.last_seen),
        failing: issue.failing,
        total,
        users: issue.users,
        entry: issue.entry.clone(),
        affected: issue.affected.iter().map(node_id).collect(),
        example: issue.example.to_string(),
        filter: format!("{} {{ !ok }}", select(&issue.node)),
    }
}

/// Selects exactly the node, in the filter language.
pub(super) fn select(key: &NodeKey) -> String {
    let mut id = format!("service(id(name: {}", Quoted(&key.name));
    if let Some(kind) = &key.kind {
        id.push_str(&format!(", type: {}", Quoted(kind)));
    }
    if let Some(account) = &key.account {
        id.push_str(&format!(", account.id: {}", Quoted(account)));
    }
    id.push_str("))");
    id
}

pub(super) fn node(service: &Service) -> Node {
    Node {
        id: node_id(&service.key),
        name: service.key.name.clone(),
        kind: service.key.kind.clone(),
        account: service.key.account.clone(),
        role: service.kind.into(),
        is_root: service.is_root,
        stats: Stats::from(&service.stats),
        last_seen: millis_at(service.end),
    }
}

fn edges(map: &ServiceGraph) -> Vec<Edge> {
    let edges = map.services.iter().flat_map(|source| source.edges.iter().map(move |edge| (source, edge)));
    edges
        .map(|(source, edge)| {
            let target = &map.services[edge.target];
            Edge {
                id: edge_id(&source.key, &target.key, edge.kind),
                source: node_id(&source.key),
                target: node_id(&target.key),
                is_link: edge.kind == EdgeKind::Link,
                aliases: edge.aliases.iter().map(|alias| alias.name.clone()).collect(),
                stats: Stats::from(&edge.stats),
            }
        })
        .collect()
}
