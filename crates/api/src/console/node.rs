//! `GET /api/node`: what the panel beside the map says of one node.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use model::minute::{MinuteRow, Subject};
use model::{NodeKey, TimeRange, TraceDigest};
use query::Filter;
use query::exception::{Exceptions, Raised};
use query::graph::{Edge, Service, ServiceGraph};
use query::join::{Joined, join};
use query::search::Visit;
use serde::Deserialize;
use store::{Axis, MinuteQuery, Subjects};

use super::graph::{KnownGroup, node_with, select};
use super::node_id::node_id;
use crate::app::Shared;
use crate::error::Problem;
use crate::filter;
use crate::params::Params;
use crate::shape::stats::{histogram, millis_at, series};
use crate::shape::{ExceptionGroup, Neighbour, NodeDetail, RangeParams, Stats, TraceRow};

/// Traces looked at for exceptions; the newest ones.
const SCAN: u64 = 20_000;
const MAX_TRACES: usize = 20;
const MAX_EXCEPTIONS: usize = 20;

#[derive(Debug, Deserialize)]
pub(crate) struct NodeParams {
    from: f64,
    to: f64,
    name: String,
    r#type: Option<String>,
    account: Option<String>,
    group: Option<String>,
}

/// A node that was asked for, with what the map knows of it.
pub(super) struct AskedNode {
    pub(super) range: TimeRange,
    pub(super) key: NodeKey,
    pub(super) joined: Joined,
    /// Chooses its traces, and those of the group alone.
    pub(super) filter: Filter,
    /// The same as text, without the group.
    pub(super) expression: String,
    pub(super) selectors: Vec<String>,
}

impl AskedNode {
    /// 404 where the node was not seen in the range.
    pub(super) async fn find(app: &Shared, params: NodeParams) -> Result<Self, Problem> {
        let NodeParams { from, to, name, r#type: kind, account, group } = params;
        let range = RangeParams { from, to }.range()?;
        let group = KnownGroup::find(app, group)?;
        let present = |part: Option<String>| part.filter(|part| !part.is_empty());
        let key = NodeKey { name, kind: present(kind), account: present(account) };
        let store = &*app.deps.store;
        let query = MinuteQuery { range, group: group.key, subjects: Subjects::All };
        let rows = store.minutes(&query).await?;
        let (key, joined) = app.with_names(|names| {
            // A host is asked for by links from before its service was known.
            let service = names.service_of(&key).cloned();
            (service.unwrap_or(key), join(rows, |node| names.service_of(node)))
        });
        let is_there = joined.rows.iter().any(|row| is_about(row, &key));
        if !is_there {
            return Err(Problem::not_found(format!("{} was not seen in this range", key.name)));
        }
        let selectors: Vec<String> = names_of(&key, &joined).map(select).collect();
        let mut expression = selectors.join(" OR ");
        if selectors.len() > 1 {
            // Pages join conditions to it.
            expression = format!("({expression})");
        }
        let filter =
            filter::parse(&expression, &app.groups()).map_err(|error| Problem::bad_filter(&error))?;
        let filter = filter.and(group.members);
        Ok(Self { range, key, joined, filter, expression, selectors })
    }

    /// The node by each of its names: its own, and those of hosts under which it did not answer.
    pub(super) fn keys(&self) -> impl Iterator<Item = &NodeKey> {
        names_of(&self.key, &self.joined)
    }
}

fn names_of<'a>(key: &'a NodeKey, joined: &'a Joined) -> impl Iterator<Item = &'a NodeKey> {
    let hosts = joined.unreached.get(key).into_iter().flatten().map(|one| &one.host);
    std::iter::once(key).chain(hosts)
}

/// 404 where the node was not seen in the range.
pub(crate) async fn node(
    State(app): State<Shared>,
    Params(params): Params<NodeParams>,
) -> Result<Json<NodeDetail>, Problem> {
    let _permit = app.scans.acquire().await;
    let asked = AskedNode::find(&app, params).await?;
    let map = query::graph::from_minutes(&asked.joined.rows);
    let Some(service) = map.services.iter().find(|service| service.key == asked.key) else {
        return Err(Problem::not_found(format!("{} was not seen in this range", asked.key.name)));
    };
    let keys: Vec<&NodeKey> = asked.keys().collect();
    let mut traces: Vec<Arc<TraceDigest>> = Vec::new();
    let mut exceptions = Exceptions::default();
    let store = &*app.deps.store;
    query::search::visit(
        store,
        Visit { range: asked.range, axis: Axis::Received, filter: &asked.filter },
        SCAN,
        |digest| {
            if traces.len() < MAX_TRACES {
                traces.push(Arc::clone(digest));
            }
            exceptions.add(digest, |node| keys.contains(&node));
        },
    )
    .await?;
    let skews = app.with_ledger(|ledger, _| ledger.skews());
    Ok(Json(NodeDetail {
        node: node_with(service, &asked.joined, &skews),
        histogram: histogram(&service.stats.response_times),
        series: series(asked.joined.rows.iter().filter(|row| is_about(row, &asked.key))),
        callers: callers(&map, &asked.key),
        callees: callees(&map, service),
        exceptions: groups(exceptions),
        filter: asked.expression.clone(),
        selectors: asked.selectors.clone(),
        traces: app.with_names(|names| traces.iter().map(|digest| TraceRow::of(digest, names)).collect()),
    }))
}

fn is_about(row: &MinuteRow, key: &NodeKey) -> bool {
    matches!(&row.key.subject, Subject::Node(node) if node == key)
}

fn callers(map: &ServiceGraph, key: &NodeKey) -> Vec<Neighbour> {
    let edges = map.services.iter().flat_map(|source| source.edges.iter().map(move |edge| (source, edge)));
    let into = edges.filter(|(_, edge)| map.services[edge.target].key == *key);
    into.map(|(source, edge)| neighbour(&source.key, edge)).collect()
}

fn callees(map: &ServiceGraph, service: &Service) -> Vec<Neighbour> {
    service.edges.iter().map(|edge| neighbour(&map.services[edge.target].key, edge)).collect()
}

fn neighbour(key: &NodeKey, edge: &Edge) -> Neighbour {
    Neighbour {
        id: node_id(key),
        name: key.name.clone(),
        kind: key.kind.clone(),
        aliases: edge.aliases.iter().map(|alias| alias.name.clone()).collect(),
        stats: Stats::from(&edge.stats),
    }
}

/// By name alone, the most frequent first: what the node raised under each of its names is one.
fn groups(exceptions: Exceptions) -> Vec<ExceptionGroup> {
    let mut groups: Vec<ExceptionGroup> = Vec::new();
    for Raised { name, kind, .. } in exceptions.finish() {
        match groups.iter_mut().find(|group| group.name == name) {
            Some(group) => group.count += kind.count,
            None => groups.push(ExceptionGroup {
                name,
                message: kind.message,
                count: kind.count,
                first_seen: millis_at(kind.first_seen),
                last_seen: millis_at(kind.last_seen),
                example: kind.example.to_string(),
            }),
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.count));
    groups.truncate(MAX_EXCEPTIONS);
    groups
}
