//! The critical path of many traces as one: who kept clients waiting, for the usual request and for the slowest, and what
//! would be if a call were shorter.
//!
//! Each moment of a trace that has an answer belongs to one edge: the call by which that was asked which the trace waited
//! for just then (`FL-1`: the shares of all edges are one). It passes through all edges above that, too. Traces are told
//! apart by what the client asked for, and by how long it waited in the steps of [`bins`].

mod walk;

use ahash::AHashMap as HashMap;
use model::{Micros, NodeKey, NodeKind, TraceDigest};

use super::bins;
use super::calls::{Calls, Timed};
use super::keys::{Keys, Shown};
use walk::Walk;

/// What clients ask for, told apart; what is beyond is told together.
const MAX_ENTRIES: usize = 500;
const MAX_OPERATIONS: usize = 5_000;
/// Edges, and sums by entry, step and edge.
const MAX_EDGES: usize = 5_000;
const MAX_CELLS: usize = 300_000;

/// The ranks between which a request is the usual one, and from which on it is one of the slowest.
const USUAL: (f64, f64) = (0.4, 0.6);
const SLOWEST: f64 = 0.99;

/// What would be shorter: each call of a node, or only those that one other makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faster {
    pub caller: Option<NodeKey>,
    pub node: NodeKey,
    pub by: Micros,
}

/// A flow in the making, for traces that come one by one in any order.
#[derive(Debug)]
pub struct Flowing {
    faster: Option<Faster>,
    keys: Keys,
    entries: Vec<(EntryName, Entry)>,
    entry_places: HashMap<EntryName, u32>,
    operations: HashMap<String, u32>,
    names: Vec<String>,
    edges: Vec<(u32, u32)>,
    edge_places: HashMap<(u32, u32), u32>,
    cells: HashMap<(u32, u8, u32), Passed>,
    untold: u64,
    left_out: u64,
    calls: Calls,
    walk: Walk,
    replayed: Vec<Option<u64>>,
}

/// Node and operation; none for all that are beyond the bound.
type EntryName = Option<(u32, Option<u32>)>;

#[derive(Debug, Default)]
struct Entry {
    /// Microseconds, what is longer than 71 minutes as so long: as they were, and as they would be.
    times: Vec<u32>,
    would: Vec<u32>,
    /// Traces by step.
    steps: Vec<u64>,
}

/// Microseconds of end-user time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Passed {
    /// In calls of the edge, and in all that they waited for.
    pub through: u64,
    /// At work in what was called, waiting for nobody.
    pub work: u64,
    /// On the way there and back.
    pub way: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// The one with most traces first.
    pub entries: Vec<FlowEntry>,
    /// The one through which most of the usual requests' time passes first.
    pub edges: Vec<FlowEdge>,
    /// End-user time of all usual requests together, and of the slowest.
    pub usual: Micros,
    pub slowest: Micros,
    /// Traces with an answer, and among them those whose digests do not tell how their requests hang together.
    pub traces: u64,
    pub untold: u64,
    /// Traces that are counted in entries and not in edges, since there are too many edges.
    pub left_out: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct FlowEntry {
    /// `None` for those beyond the bound.
    pub node: Option<NodeKey>,
    pub operation: Option<String>,
    pub traces: u64,
    pub p50: Micros,
    pub p99: Micros,
    /// If what is asked about were faster.
    pub would: Option<(Micros, Micros)>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct FlowEdge {
    pub source: NodeKey,
    pub target: NodeKey,
    pub kind: NodeKind,
    pub usual: Passed,
    pub slowest: Passed,
}

impl Flowing {
    pub fn new(faster: Option<Faster>) -> Self {
        Self {
            faster,
            keys: Keys::default(),
            entries: Vec::new(),
            entry_places: HashMap::new(),
            operations: HashMap::new(),
            names: Vec::new(),
            edges: Vec::new(),
            edge_places: HashMap::new(),
            cells: HashMap::new(),
            untold: 0,
            left_out: 0,
            calls: Calls::default(),
            walk: Walk::default(),
            replayed: Vec::new(),
        }
    }

    /// A trace whose root is not there, or is in progress, has no end-user time.
    pub fn add(&mut self, digest: &TraceDigest, shown: &Shown<'_>) {
        let Some(root) = &digest.root else { return };
        let Some(time) = root.response_time else { return };
        self.calls.read(digest);
        let entry = self.entry(digest, shown);
        let step = bins::bin_of(time);
        let told = self
            .calls
            .all
            .first()
            .is_some_and(|first| first.node == root.node && first.served == Some(time.0));
        let would = if told { self.would_take(digest, time, shown) } else { time };
        let short = |time: Micros| u32::try_from(time.0).unwrap_or(u32::MAX);
        let kept = &mut self.entries[entry as usize].1;
        kept.times.push(short(time));
        if self.faster.is_some() {
            kept.would.push(short(would));
        }
        if !told {
            self.untold += 1;
            return;
        }
        kept.steps.resize(bins::BINS, 0);
        kept.steps[step] += 1;
        self.pass(digest, entry, step as u8, shown);
    }

    /// By the operation of the root's request, as everywhere.
    fn entry(&mut self, digest: &TraceDigest, shown: &Shown<'_>) -> u32 {
        let root = self.calls.all.first().map(|first| first.request(digest));
        let name = root.and_then(|root| digest.operations.get(root.operation? as usize));
        let operation = name.map(|name| self.operation(name));
        let node = digest.root.as_ref().map(|root| &digest.nodes[root.node as usize]);
        let place = node.and_then(|node| self.keys.place(&node.key, node.kind, shown));
        let name = place.filter(|_| operation != Some(None)).map(|place| (place, operation.flatten()));
        if let Some(&place) = self.entry_places.get(&name) {
            return place;
        }
        let name = if self.entries.len() < MAX_ENTRIES { name } else { None };
        *self.entry_places.entry(name).or_insert_with_key(|name| {
            self.entries.push((*name, Entry::default()));
            self.entries.len() as u32 - 1
        })
    }

    /// `None` where there are too many others.
    fn operation(&mut self, name: &str) -> Option<u32> {
        if let Some(&place) = self.operations.get(name) {
            return Some(place);
        }
        if self.names.len() >= MAX_OPERATIONS {
            return None;
        }
        let place = self.names.len() as u32;
        self.names.push(name.to_owned());
        self.operations.insert(name.to_owned(), place);
        Some(place)
    }

    fn pass(&mut self, digest: &TraceDigest, entry: u32, step: u8, shown: &Shown<'_>) {
        let mut of_calls = Vec::with_capacity(self.calls.all.len());
        for at in 0..self.calls.all.len() {
            let target = &digest.nodes[self.calls.all[at].node as usize];
            let source = match self.calls.all[at].caller {
                Some(caller) => {
                    let node = &digest.nodes[self.calls.all[caller as usize].node as usize];
                    self.keys.place(&node.key, node.kind, shown)
                }
                None => self.keys.place(&NodeKey::client(&target.key.name), NodeKind::Client, shown),
            };
            let target = self.keys.place(&target.key, target.kind, shown);
            of_calls.push(source.zip(target).and_then(|(source, target)| self.edge(source, target)));
        }
        self.walk.through(&self.calls, &of_calls);
        let mut is_cut = false;
        for (edge, passed) in self.walk.passed() {
            let key = edge.map(|edge| (entry, step, edge));
            let is_there =
                |key: &(u32, u8, u32)| self.cells.len() < MAX_CELLS || self.cells.contains_key(key);
            match key.filter(is_there) {
                Some(key) => {
                    let cell = self.cells.entry(key).or_default();
                    cell.through += passed.through;
                    cell.work += passed.work;
                    cell.way += passed.way;
                }
                None => is_cut = true,
            }
        }
        self.left_out += u64::from(is_cut);
    }

    fn edge(&mut self, source: u32, target: u32) -> Option<u32> {
        if let Some(&place) = self.edge_places.get(&(source, target)) {
            return Some(place);
        }
        if self.edges.len() >= MAX_EDGES {
            return None;
        }
        self.edges.push((source, target));
        let place = self.edges.len() as u32 - 1;
        self.edge_places.insert((source, target), place);
        Some(place)
    }

    fn would_take(&mut self, digest: &TraceDigest, time: Micros, shown: &Shown<'_>) -> Micros {
        let Self { faster: Some(Faster { caller, node, by }), keys, calls, replayed, .. } = self else {
            return time;
        };
        let mut are = |wanted: &NodeKey| -> Vec<bool> {
            let places = digest.nodes.iter().map(|one| keys.place(&one.key, one.kind, shown));
            let places: Vec<Option<u32>> = places.collect();
            places.into_iter().map(|place| place.is_some_and(|place| keys.get(place).0 == *wanted)).collect()
        };
        let is_node = are(node);
        // Who is asked about is mostly in few of the traces.
        if !is_node.contains(&true) {
            return time;
        }
        let is_caller = caller.as_ref().map(&mut are);
        let nodes: Vec<u32> = calls.all.iter().map(|call| call.node).collect();
        let by_caller = |call: &Timed| match (&is_caller, call.caller) {
            (None, _) => true,
            (Some(is_caller), Some(place)) => is_caller[nodes[place as usize] as usize],
            (Some(_), None) => {
                let client = NodeKey::client(&digest.nodes[call.node as usize].key.name);
                caller.as_ref() == Some(&client)
            }
        };
        let faster = |call: &Timed| match is_node[call.node as usize] && by_caller(call) {
            true => by.0,
            false => 0,
        };
        calls.replay(faster, replayed);
        let would = replayed[0].unwrap_or(time.0).min(time.0);
        Micros(would.saturating_sub(faster(&calls.all[0])))
    }

    pub fn finish(self) -> Flow {
        let mut edges: Vec<FlowEdge> = self
            .edges
            .iter()
            .map(|&(source, target)| FlowEdge {
                source: self.keys.get(source).0.clone(),
                target: self.keys.get(target).0.clone(),
                kind: self.keys.get(target).1,
                usual: Passed::default(),
                slowest: Passed::default(),
            })
            .collect();
        let bands: Vec<Bands> = self.entries.iter().map(|(_, entry)| Bands::of(&entry.steps)).collect();
        let (mut usual, mut slowest) = (0, 0);
        for (&(entry, step, edge), passed) in &self.cells {
            let Bands { usual: (first, last), slowest: from } = bands[entry as usize];
            let (step, edge) = (usize::from(step), &mut edges[edge as usize]);
            if (first..=last).contains(&step) {
                usual += passed.work + passed.way;
                edge.usual.add(*passed);
            }
            if step >= from {
                slowest += passed.work + passed.way;
                edge.slowest.add(*passed);
            }
        }
        edges.retain(|edge| edge.usual.through + edge.slowest.through > 0);
        edges.sort_by(|one, other| {
            let weight = |edge: &FlowEdge| (edge.usual.through, edge.slowest.through);
            weight(other)
                .cmp(&weight(one))
                .then_with(|| (&one.source, &one.target).cmp(&(&other.source, &other.target)))
        });
        let (keys, names) = (&self.keys, &self.names);
        let tell = |(name, entry): (EntryName, Entry)| {
            let (node, operation) = name.unzip();
            let operation = operation.flatten().map(|place| names[place as usize].clone());
            entry.finish(node.map(|node| keys.get(node).0.clone()), operation)
        };
        let mut entries: Vec<FlowEntry> = self.entries.into_iter().map(tell).collect();
        entries.sort_by(|one, other| {
            let by_traces = other.traces.cmp(&one.traces);
            by_traces.then_with(|| (&one.node, &one.operation).cmp(&(&other.node, &other.operation)))
        });
        let traces = entries.iter().map(|entry| entry.traces).sum();
        let (usual, slowest) = (Micros(usual), Micros(slowest));
        Flow { entries, edges, usual, slowest, traces, untold: self.untold, left_out: self.left_out }
    }
}

impl Passed {
    fn add(&mut self, other: Self) {
        self.through += other.through;
        self.work += other.work;
        self.way += other.way;
    }
}

impl Entry {
    fn finish(mut self, node: Option<NodeKey>, operation: Option<String>) -> FlowEntry {
        self.times.sort_unstable();
        self.would.sort_unstable();
        let pair = |times: &[u32]| (rank(times, 0.5), rank(times, 0.99));
        let (p50, p99) = pair(&self.times);
        FlowEntry {
            node,
            operation,
            traces: self.times.len() as u64,
            p50,
            p99,
            would: (!self.would.is_empty()).then(|| pair(&self.would)),
        }
    }
}

/// The least that so large a part does not exceed.
fn rank(sorted: &[u32], part: f64) -> Micros {
    let place = (sorted.len() as f64 * part).ceil() as usize;
    Micros(sorted.get(place.max(1) - 1).copied().unwrap_or(0).into())
}

/// Whole steps.
#[derive(Debug, Clone, Copy)]
struct Bands {
    usual: (usize, usize),
    slowest: usize,
}

impl Bands {
    fn of(steps: &[u64]) -> Self {
        let all: u64 = steps.iter().sum();
        let step_at = |part: f64| {
            let wanted = (all as f64 * part).ceil().max(1.0) as u64;
            let mut seen = 0;
            steps.iter().position(|count| {
                seen += count;
                seen >= wanted
            })
        };
        let step_at = |part: f64| step_at(part).unwrap_or(0);
        Self { usual: (step_at(USUAL.0), step_at(USUAL.1)), slowest: step_at(SLOWEST) }
    }
}

#[cfg(test)]
mod tests;
