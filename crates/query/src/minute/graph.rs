//! Service graphs, from rollups or from the digests of single traces.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use model::minute::{Alias, EdgeKind, MinuteRow, Stats, Subject};
use model::node::{CLIENT, DATABASE, REMOTE};
use model::{Micros, NodeKey, NodeKind, Timestamp, TraceDigest};

use super::rollup;

const SECOND: Micros = Micros::from_secs(1);

/// Nodes in a stable order (by key); an edge names its target by index.
#[derive(Debug, Clone, Default)]
pub struct ServiceGraph {
    pub services: Vec<Service>,
}

#[derive(Debug, Clone)]
pub struct Service {
    pub key: NodeKey,
    pub kind: NodeKind,
    pub is_root: bool,
    /// Sums of its requests; a client has none, a caller whose segment is open has zero counts.
    pub stats: Stats,
    /// From the start of the earliest trace, in whole seconds.
    pub start: Timestamp,
    /// One second after the start of the latest trace, as X-Ray has it.
    pub end: Timestamp,
    /// By target and kind.
    pub edges: Vec<Edge>,
}

#[derive(Debug, Clone)]
pub struct Edge {
    /// Index into [`ServiceGraph::services`].
    pub target: usize,
    pub kind: EdgeKind,
    pub aliases: Vec<Alias>,
    pub stats: Stats,
    pub start: Timestamp,
    pub end: Timestamp,
}

/// The graph of a time range. The rows are of one group.
pub fn from_minutes(rows: &[MinuteRow]) -> ServiceGraph {
    let mut sums: BTreeMap<&Subject, Stats> = BTreeMap::new();
    for row in rows {
        sums.entry(&row.key.subject).or_default().merge(&row.stats);
    }
    build(sums.into_iter())
}

/// The graph of some traces, and of the [links](crate::link) that were found for them.
pub fn from_digests<'a>(
    digests: impl IntoIterator<Item = &'a TraceDigest>,
    links: impl IntoIterator<Item = MinuteRow>,
) -> ServiceGraph {
    let mut sums: BTreeMap<Subject, Stats> = BTreeMap::new();
    for row in digests.into_iter().flat_map(rollup::default_contribution).chain(links) {
        sums.entry(row.key.subject).or_default().merge(&row.stats);
    }
    build(sums.iter().map(|(subject, stats)| (subject, stats.clone())))
}

fn build<'a>(sums: impl Iterator<Item = (&'a Subject, Stats)>) -> ServiceGraph {
    let mut nodes: BTreeMap<&NodeKey, Stats> = BTreeMap::new();
    let mut edges: Vec<(&NodeKey, &NodeKey, EdgeKind, Stats)> = Vec::new();
    for (subject, stats) in sums.filter(|(_, stats)| !stats.is_nothing()) {
        match subject {
            Subject::Node(key) => {
                nodes.insert(key, stats);
            }
            Subject::Edge { source, target, kind } => edges.push((source, target, *kind, stats)),
        }
    }
    // An end whose own rows lie outside the range is there all the same, with zero counts.
    for (source, target, _, stats) in &edges {
        let times =
            Stats { first_start: stats.first_start, last_start: stats.last_start, ..Stats::default() };
        nodes.entry(source).or_default().merge(&times);
        nodes.entry(target).or_default().merge(&times);
    }
    let index_of: BTreeMap<&NodeKey, usize> = nodes.keys().copied().zip(0..).collect();
    let mut services: Vec<Service> = Vec::with_capacity(nodes.len());
    for (&key, stats) in &nodes {
        services.push(service(key, stats.clone()));
    }
    for (source, target, kind, stats) in edges {
        services[index_of[source]].edges.push(edge(index_of[target], kind, stats));
    }
    ServiceGraph { services }
}

fn service(key: &NodeKey, stats: Stats) -> Service {
    // A node that is known in several ways: sending segments of its own comes before being inferred.
    let known_as = stats.kinds.iter().find(|&(_, &count)| count > 0).map(|(&kind, _)| kind);
    let (start, end) = times(&stats);
    Service {
        key: key.clone(),
        kind: known_as.unwrap_or_else(|| kind_of_key(key)),
        is_root: stats.roots > 0,
        stats,
        start,
        end,
        edges: Vec::new(),
    }
}

fn edge(target: usize, kind: EdgeKind, stats: Stats) -> Edge {
    let aliases = stats.aliases.iter().filter(|&(_, &count)| count > 0);
    let (start, end) = times(&stats);
    Edge { target, kind, aliases: aliases.map(|(alias, _)| alias.clone()).collect(), stats, start, end }
}

/// What a node is, as far as its key tells.
fn kind_of_key(key: &NodeKey) -> NodeKind {
    match key.kind.as_deref() {
        Some(CLIENT) => NodeKind::Client,
        Some(REMOTE | DATABASE) => NodeKind::Remote,
        _ => NodeKind::Service,
    }
}

/// X-Ray's times of nodes and edges: whole seconds, and one more at the end (docs/xray.md 5.5).
fn times(stats: &Stats) -> (Timestamp, Timestamp) {
    let whole_second = |time: Option<Timestamp>| {
        let seconds = time.unwrap_or_default().floor_seconds();
        Timestamp(seconds.saturating_mul(SECOND.0 as i64))
    };
    (whole_second(stats.first_start), whole_second(stats.last_start).plus(SECOND))
}
