//! `GET /api/node`: what the panel beside the map says of one node.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use model::minute::{MinuteRow, Subject};
use model::{NodeKey, Timestamp, TraceDigest};
use query::graph::{Edge, Service, ServiceGraph};
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
/// Kinds of exceptions that are told apart while looking; a service that puts an id into each name has no more.
const MAX_KINDS: usize = 1_000;

#[derive(Debug, Deserialize)]
pub(crate) struct NodeParams {
    from: f64,
    to: f64,
    name: String,
    r#type: Option<String>,
    account: Option<String>,
    group: Option<String>,
}

/// 404 where the node was not seen in the range.
pub(crate) async fn node(
    State(app): State<Shared>,
    Params(params): Params<NodeParams>,
) -> Result<Json<NodeDetail>, Problem> {
    let NodeParams { from, to, name, r#type: kind, account, group } = params;
    let range = RangeParams { from, to }.range()?;
    let group = KnownGroup::find(&app, group)?;
    let present = |part: Option<String>| part.filter(|part| !part.is_empty());
    let key = NodeKey { name, kind: present(kind), account: present(account) };
    let _permit = app.scans.acquire().await;
    let store = &*app.deps.store;
    let query = MinuteQuery { range, group: group.key, subjects: Subjects::All };
    let rows = store.minutes(&query).await?;
    let names = app.names.with(&rows, store, app.deps.clock.now()).await?;
    // A host is asked for by links from before its service was known.
    let key = names.service_of(&key).cloned().unwrap_or(key);
    let joined = names.join(rows);
    let map = query::graph::from_minutes(&joined.rows);
    let Some(service) = map.services.iter().find(|service| service.key == key) else {
        return Err(Problem::not_found(format!("{} was not seen in this range", key.name)));
    };

    let hosts = joined.unreached.get(&key).into_iter().flatten().map(|one| &one.host);
    let keys: Vec<&NodeKey> = std::iter::once(&key).chain(hosts).collect();
    let selectors: Vec<String> = keys.iter().map(|key| select(key)).collect();
    let mut expression = selectors.join(" OR ");
    if selectors.len() > 1 {
        // Pages join conditions to it.
        expression = format!("({expression})");
    }
    let filter = filter::parse(&expression, &app.groups()).map_err(|error| Problem::bad_filter(&error))?;
    let filter = filter.and(group.members);
    let mut traces = Vec::new();
    let mut exceptions = Exceptions::default();
    query::search::visit(store, range, Axis::Received, &filter, SCAN, |digest| {
        if traces.len() < MAX_TRACES {
            traces.push(TraceRow::of(digest, &names));
        }
        for key in &keys {
            exceptions.add(digest, key);
        }
    })
    .await?;
    Ok(Json(NodeDetail {
        node: node_with(service, &joined),
        histogram: histogram(&service.stats.response_times),
        series: series(joined.rows.iter().filter(|row| is_about(row, &key))),
        callers: callers(&map, &key),
        callees: callees(&map, service),
        exceptions: exceptions.most_frequent(),
        filter: expression,
        selectors,
        traces,
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

/// Exceptions of the node's requests, by name, as traces come by from the newest to the oldest.
#[derive(Debug, Default)]
struct Exceptions(HashMap<Option<String>, Kind>);

#[derive(Debug)]
struct Kind {
    /// Of the newest trace.
    message: Option<String>,
    example: String,
    count: u64,
    first_seen: Timestamp,
    last_seen: Timestamp,
}

impl Exceptions {
    fn add(&mut self, digest: &TraceDigest, key: &NodeKey) {
        let nodes = digest.nodes.iter().filter(|node| node.key == *key);
        for exception in nodes.flat_map(|node| &node.requests).flat_map(|request| &request.exceptions) {
            if self.0.len() >= MAX_KINDS && !self.0.contains_key(&exception.name) {
                continue;
            }
            let kind = self.0.entry(exception.name.clone()).or_insert_with(|| Kind {
                message: exception.message.clone(),
                example: digest.id.to_string(),
                count: 0,
                first_seen: digest.start,
                last_seen: digest.start,
            });
            kind.count += 1;
            kind.first_seen = kind.first_seen.min(digest.start);
            kind.last_seen = kind.last_seen.max(digest.start);
        }
    }

    fn most_frequent(self) -> Vec<ExceptionGroup> {
        let mut kinds: Vec<_> = self.0.into_iter().collect();
        kinds.sort_by(|(a_name, a), (b_name, b)| b.count.cmp(&a.count).then_with(|| a_name.cmp(b_name)));
        kinds.truncate(MAX_EXCEPTIONS);
        kinds
            .into_iter()
            .map(|(name, kind)| ExceptionGroup {
                name,
                message: kind.message,
                count: kind.count,
                first_seen: millis_at(kind.first_seen),
                last_seen: millis_at(kind.last_seen),
                example: kind.example,
            })
            .collect()
    }
}
