//! What a digest adds to the minutes, and the difference that a revision makes.
//!
//! A request counts in the minute of receipt that decided it, in a group at the earliest in the minute in
//! which the trace joined the group (docs/xray.md 4.7). Since a difference is always taken between two whole
//! contributions, the sum of all differences is the newest contribution (`RU-1`).

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use ahash::AHashMap as HashMap;
use model::digest::{EdgeDigest, Request};
use model::minute::{EdgeKind, MinuteKey, MinuteRow, Stats, Subject};
use model::{Minute, NodeKey, NodeKind, TraceDigest, group};

/// What many digests add to the minutes, or the difference that they make. Names are kept once, however many digests have
/// them: a round of the digest worker reduces thousands of traces of the same few services.
#[derive(Debug, Default)]
pub struct Sums {
    nodes: Names<NodeKey>,
    groups: Names<String>,
    stats: HashMap<Key, Stats>,
}

/// A key of a row by the numbers of its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    minute: Minute,
    group: usize,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    Node(usize),
    Edge { source: usize, target: usize, kind: EdgeKind },
}

/// Each thing once, with its number.
#[derive(Debug)]
struct Names<T>(HashMap<T, usize>);

/// A digest that is counted, or one that is taken back.
#[derive(Clone, Copy)]
struct Counted<'d> {
    digest: &'d TraceDigest,
    /// 1 or -1.
    by: i64,
}

/// Everything that this digest adds, one row per key.
pub fn contribution(digest: &TraceDigest) -> Vec<MinuteRow> {
    difference(None, digest)
}

/// What must be added to the minutes when `new` takes the place of `old`, so that no request is ever
/// counted twice. Rows that change nothing are left out, also where the trace turned out to start earlier:
/// that would write every row of a trace again for a graph's start time, which is in whole seconds.
pub fn difference(old: Option<&TraceDigest>, new: &TraceDigest) -> Vec<MinuteRow> {
    let mut sums = Sums::default();
    sums.replace(old, new);
    sums.into_rows()
}

/// What the digest adds to the default group alone.
pub(crate) fn default_contribution(digest: &TraceDigest) -> Vec<MinuteRow> {
    let mut sums = Sums::default();
    let nodes = sums.nodes_of(digest);
    sums.add_group(Counted { digest, by: 1 }, group::DEFAULT, Minute(i64::MIN), &nodes);
    sums.into_rows()
}

impl Sums {
    /// Counts `new` in the place of `old`.
    pub fn replace(&mut self, old: Option<&TraceDigest>, new: &TraceDigest) {
        if let Some(old) = old {
            self.add(Counted { digest: old, by: -1 });
        }
        self.add(Counted { digest: new, by: 1 });
    }

    /// Those that change something, in the order of their keys.
    pub fn into_rows(self) -> Vec<MinuteRow> {
        let (nodes, groups) = (self.nodes.in_order(), self.groups.in_order());
        let changed = self.stats.into_iter().filter(|(_, stats)| !stats.is_nothing());
        let mut rows: Vec<MinuteRow> = changed
            .map(|(Key { minute, group, place }, stats)| {
                let subject = match place {
                    Place::Node(node) => Subject::Node(nodes[node].clone()),
                    Place::Edge { source, target, kind } => {
                        Subject::Edge { source: nodes[source].clone(), target: nodes[target].clone(), kind }
                    }
                };
                MinuteRow { key: MinuteKey { minute, group: groups[group].clone(), subject }, stats }
            })
            .collect();
        rows.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        rows
    }

    fn add(&mut self, counted: Counted<'_>) {
        let nodes = self.nodes_of(counted.digest);
        self.add_group(counted, group::DEFAULT, Minute(i64::MIN), &nodes);
        for (group, joined) in &counted.digest.groups {
            self.add_group(counted, group, *joined, &nodes);
        }
    }

    /// The numbers of a digest's nodes.
    fn nodes_of(&mut self, digest: &TraceDigest) -> Vec<usize> {
        digest.nodes.iter().map(|node| self.nodes.number(&node.key)).collect()
    }

    fn add_group(&mut self, counted: Counted<'_>, group: &str, joined: Minute, nodes: &[usize]) {
        let group = self.groups.number(group);
        let key = |request: &Request, place| Key { minute: request.minute.max(joined), group, place };
        for (node, &number) in counted.digest.nodes.iter().zip(nodes) {
            for request in &node.requests {
                let stats = self.stats.entry(key(request, Place::Node(number))).or_default();
                counted.touch_node(stats, node.kind);
                counted.record(stats, request);
            }
        }
        for edge in &counted.digest.edges {
            let [source, target] = [edge.source, edge.target].map(|node| nodes[node as usize]);
            let place = Place::Edge { source, target, kind: edge.kind };
            for (at, request) in edge.requests.iter().enumerate() {
                let stats = self.stats.entry(key(request, place)).or_default();
                counted.touch(stats);
                counted.record(stats, request);
                if is_first_of_minute(edge, at, joined) {
                    counted.name(stats, edge);
                }
            }
            // A client has no requests of its own, and is there because somebody came over its edge; where that edge leads is
            // a root.
            if counted.digest.nodes[edge.source as usize].kind == NodeKind::Client {
                for request in &edge.requests {
                    let client = self.stats.entry(key(request, Place::Node(source))).or_default();
                    counted.touch_node(client, NodeKind::Client);
                    self.stats.entry(key(request, Place::Node(target))).or_default().roots += counted.by;
                }
            }
        }
    }
}

/// Whether no earlier request over the edge counts in the minute of this one.
fn is_first_of_minute(edge: &EdgeDigest, at: usize, joined: Minute) -> bool {
    let minute = |request: &Request| request.minute.max(joined);
    let own = minute(&edge.requests[at]);
    !edge.aliases.is_empty() && edge.requests[..at].iter().all(|earlier| minute(earlier) != own)
}

impl Counted<'_> {
    fn touch_node(self, stats: &mut Stats, kind: NodeKind) {
        self.touch(stats);
        shift(&mut stats.kinds, kind, self.by);
    }

    fn touch(self, stats: &mut Stats) {
        let start = self.digest.start;
        stats.presence += self.by;
        stats.first_start = Some(stats.first_start.map_or(start, |first| first.min(start)));
        stats.last_start = stats.last_start.max(Some(start));
    }

    fn record(self, stats: &mut Stats, request: &Request) {
        let Some(response_time) = request.response_time else { return };
        stats.record_by(request.flags.outcome(), response_time, self.by);
        if let Some(duration) = request.duration {
            stats.durations.insert_by(duration, self.by);
        }
    }

    fn name(self, stats: &mut Stats, edge: &EdgeDigest) {
        for alias in &edge.aliases {
            shift(&mut stats.aliases, alias.clone(), self.by);
        }
    }
}

fn shift<K: Ord>(counts: &mut BTreeMap<K, i64>, key: K, by: i64) {
    use std::collections::btree_map::Entry;
    match counts.entry(key) {
        Entry::Vacant(vacant) => _ = vacant.insert(by),
        Entry::Occupied(held) if *held.get() == -by => _ = held.remove(),
        Entry::Occupied(mut held) => *held.get_mut() += by,
    }
}

impl<T: Eq + std::hash::Hash> Names<T> {
    fn number<Q>(&mut self, name: &Q) -> usize
    where
        T: std::borrow::Borrow<Q>,
        Q: Eq + std::hash::Hash + ToOwned<Owned = T> + ?Sized,
    {
        if let Some(&number) = self.0.get(name) {
            return number;
        }
        let number = self.0.len();
        self.0.insert(name.to_owned(), number);
        number
    }

    fn in_order(self) -> Vec<T> {
        let mut names: Vec<(T, usize)> = self.0.into_iter().collect();
        names.sort_unstable_by_key(|(_, number)| *number);
        names.into_iter().map(|(name, _)| name).collect()
    }
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}
