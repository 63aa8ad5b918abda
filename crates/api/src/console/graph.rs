//! `GET /api/graph`: the map and the strip below it, of one moment.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use model::minute::EdgeKind;
use model::{NodeKey, TimeRange, group};
use query::Filter;
use query::filter::Quoted;
use query::graph::{Service, ServiceGraph};
use query::join::{Joined, join};
use query::now::Skew;
use serde::Deserialize;
use store::{MinuteQuery, Subjects};

use super::node_id::{edge_id, node_id};
use crate::app::recent::Question;
use crate::app::{App, Shared};
use crate::error::Problem;
use crate::params::Params;
use crate::shape::stats::{millis_at, series};
use crate::shape::{Edge, Graph, Node, RangeParams, Stats, Unreached};

#[derive(Debug, Deserialize)]
pub(crate) struct GraphParams {
    from: f64,
    to: f64,
    group: Option<String>,
}

/// Consoles that show the same range share one answer for the moment; see [`crate::app::recent`].
pub(crate) async fn graph(
    State(app): State<Shared>,
    Params(params): Params<GraphParams>,
) -> Result<Json<Arc<Graph>>, Problem> {
    let range = RangeParams { from: params.from, to: params.to }.range()?;
    let group = KnownGroup::find(&app, params.group)?;
    let question =
        Question { range, group: group.key.clone(), through: app.deps.store.changes().borrow().through };
    let answer = app.graphs.answer(question, async || compute(&app, range, group).await).await?;
    Ok(Json(answer))
}

async fn compute(app: &App, range: TimeRange, group: KnownGroup) -> Result<Graph, Problem> {
    let _permit = app.scans.acquire().await;
    let store = &*app.deps.store;
    let query = MinuteQuery { range, group: group.key, subjects: Subjects::All };
    let totals = store.totals(&query).await?;
    let (joined, skews) = app.with_ledger(|ledger, now| {
        let names = ledger.names(now);
        let skews = if range.contains(now) { ledger.skews() } else { Vec::new() };
        (join(totals, |node| names.service_of(node)), skews)
    });
    let map = query::graph::from_minutes(&joined.rows);
    let requests = store.minutes(&MinuteQuery { subjects: Subjects::FromClients, ..query }).await?;
    Ok(Graph {
        from: millis_at(range.start),
        to: millis_at(range.end),
        now: millis_at(app.deps.clock.now()),
        nodes: map.services.iter().map(|service| node_with(service, &joined, &skews)).collect(),
        edges: edges(&map),
        series: series(requests.iter()),
    })
}

/// A group that exists.
#[derive(Debug)]
pub(super) struct KnownGroup {
    /// Its name in the rollups.
    pub(super) key: String,
    /// Selects the traces that it counts.
    pub(super) members: Filter,
}

impl KnownGroup {
    /// By name; the default group where there is none.
    pub(super) fn find(app: &App, name: Option<String>) -> Result<Self, Problem> {
        let Some(name) = name.filter(|name| !name.is_empty() && name != group::DEFAULT) else {
            return Ok(Self { key: group::DEFAULT.to_owned(), members: Filter::default() });
        };
        let state = app.deps.settings.snapshot();
        let missing = || Problem::not_found(format!("there is no group {name:?}"));
        let key = state.groups.get(&name).ok_or_else(missing)?.key.clone();
        let members = format!("group.name = {}", Quoted(&name)).parse().map_err(|_| missing())?;
        Ok(Self { key, members })
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

/// With what its callers could not reach, and how far its clock is off.
pub(super) fn node_with(service: &Service, joined: &Joined, skews: &[Skew]) -> Node {
    let skew = skews.iter().find(|skew| skew.node == service.key);
    let hosts = joined.unreached.get(&service.key).into_iter().flatten();
    let unreached = hosts.map(|one| Unreached {
        host: one.host.name.clone(),
        node_id: node_id(&one.host),
        calls: one.stats.counts.total(),
        faults: one.stats.counts.fault,
    });
    Node { unreached: unreached.collect(), behind: skew.map(|skew| skew.behind_millis), ..node(service) }
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
        unreached: Vec::new(),
        behind: None,
        last_seen: millis_at(service.end),
    }
}

pub(super) fn edges(map: &ServiceGraph) -> Vec<Edge> {
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
