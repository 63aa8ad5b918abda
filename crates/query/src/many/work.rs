//! What one node did: each operation with how often, how well and how long, and each version with what became of it.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use model::digest::Request;
use model::minute::{Counts, Stats};
use model::{Coarse, Micros, NodeKey, NodeKind, Sketch, Timestamp, TraceDigest, TraceId};

/// Operations told apart, and versions. A service that puts an id into each of them has no more; what is beyond is counted
/// together.
const MAX_OPERATIONS: usize = 1_000;
const MAX_VERSIONS: usize = 200;

/// The work of a node in the making, for traces that come one by one in any order.
#[derive(Debug)]
pub struct Work {
    /// The node by each of its names.
    names: Vec<NodeKey>,
    operations: HashMap<Option<String>, Operation>,
    /// Operations beyond the bound.
    others: Operation,
    versions: BTreeMap<String, Version>,
}

/// Requests of one kind.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Operation {
    pub stats: Stats,
    /// Time in which the node waited for nobody, of those requests of which it is known.
    pub own: Sketch,
    /// The slowest, and the newest that failed.
    pub slowest: Option<(Micros, TraceId)>,
    pub failing: Option<(Timestamp, TraceId)>,
}

/// Requests that were served by one version. Where two served the node in one trace, it is not known which request was
/// whose, and each counts for both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    pub counts: Counts,
}

/// What was done, the busiest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Done {
    /// `None` where a request tells no operation.
    pub operations: Vec<(Option<String>, Operation)>,
    /// Those beyond the bound, together.
    pub others: Option<Operation>,
    /// The one seen first comes first.
    pub versions: Vec<(String, Version)>,
}

impl Work {
    pub fn of(names: Vec<NodeKey>) -> Self {
        Self { names, operations: HashMap::new(), others: Operation::default(), versions: BTreeMap::new() }
    }

    pub fn add(&mut self, digest: &TraceDigest) {
        let nodes = digest.nodes.iter().enumerate().filter(|(_, node)| self.names.contains(&node.key));
        let places: Vec<_> = nodes.map(|(place, node)| (place as u32, node)).collect();
        for (place, node) in places {
            if node.kind == NodeKind::Service {
                self.add_requests(digest, &node.requests);
                self.add_version(digest, place, &node.requests);
                continue;
            }
            // It sends no segments, so what was asked of it is known by those who asked.
            for edge in digest.edges.iter().filter(|edge| edge.target == place) {
                self.add_requests(digest, &edge.requests);
            }
        }
    }

    fn add_requests(&mut self, digest: &TraceDigest, requests: &[Request]) {
        for request in requests {
            let Some(time) = request.response_time else { continue };
            let name = request.operation.and_then(|place| digest.operations.get(place as usize)).cloned();
            let is_there = self.operations.len() < MAX_OPERATIONS || self.operations.contains_key(&name);
            let operation =
                if is_there { self.operations.entry(name).or_default() } else { &mut self.others };
            operation.add(digest, request, time);
        }
    }

    fn add_version(&mut self, digest: &TraceDigest, place: u32, requests: &[Request]) {
        let versions = digest.versions.iter().filter(|(node, _)| *node == place);
        for (_, name) in versions {
            if self.versions.len() >= MAX_VERSIONS && !self.versions.contains_key(name) {
                continue;
            }
            let version = self.versions.entry(name.clone()).or_insert_with(|| Version {
                first_seen: digest.start,
                last_seen: digest.start,
                counts: Counts::default(),
            });
            version.first_seen = version.first_seen.min(digest.start);
            version.last_seen = version.last_seen.max(digest.start);
            for request in requests.iter().filter(|request| request.response_time.is_some()) {
                version.counts.add(request.flags.outcome(), 1);
            }
        }
    }

    pub fn finish(self) -> Done {
        let mut operations: Vec<_> = self.operations.into_iter().collect();
        operations.sort_by(|(one_name, one), (other_name, other)| {
            let by_count = other.stats.counts.total().cmp(&one.stats.counts.total());
            by_count.then_with(|| one_name.cmp(other_name))
        });
        let mut versions: Vec<_> = self.versions.into_iter().collect();
        versions.sort_by_key(|(_, version)| version.first_seen);
        let others = (self.others != Operation::default()).then_some(self.others);
        Done { operations, others, versions }
    }
}

impl Operation {
    pub fn merge(&mut self, other: &Self) {
        self.stats.merge(&other.stats);
        self.own.merge(&other.own);
        self.slowest = self.slowest.max(other.slowest);
        self.failing = self.failing.max(other.failing);
    }

    fn add(&mut self, digest: &TraceDigest, request: &Request, time: Micros) {
        self.stats.record(request.flags.outcome(), time);
        if let Some(own) = request.own {
            self.own.insert(Coarse::micros(own));
        }
        if self.slowest.is_none_or(|(slowest, _)| time > slowest) {
            self.slowest = Some((time, digest.id));
        }
        if request.flags.any() && self.failing.is_none_or(|(at, _)| digest.start > at) {
            self.failing = Some((digest.start, digest.id));
        }
    }
}
