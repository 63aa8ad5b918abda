//! Service graphs, from rollups or from the digests of single traces.

use model::minute::{Alias, EdgeKind, MinuteRow, Stats};
use model::{NodeKey, NodeKind, Timestamp, TraceDigest};

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
    pub start: Timestamp,
    pub end: Timestamp,
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

/// The graph of a time range.
pub fn from_minutes(_rows: &[MinuteRow]) -> ServiceGraph {
    todo!()
}

/// The graph of some traces.
pub fn from_digests<'a>(_digests: impl IntoIterator<Item = &'a TraceDigest>) -> ServiceGraph {
    todo!()
}
