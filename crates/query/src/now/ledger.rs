//! What the newest half hour of traces says, in a form from which it can be judged at any moment.
//!
//! Digests come in as they are made, each with the one that it replaces, and what a trace counted for is taken back
//! before it counts anew: the ledger is the sum of the newest digests, whatever their order (`NOW-1`). So one that was
//! read from a store after a restart tells what the one before told. Samples of times are the exception: they are thinned
//! and stay.
//!
//! Nothing here reads a clock. Everything is counted at the time of receipt; times by the clock of a sender are corrected
//! when they are told.

mod affected;
mod failure;
mod names;

use std::sync::Arc;

use ahash::{AHashMap as HashMap, AHashSet as HashSet};
use model::digest::Request;
use model::minute::EdgeKind;
use model::{Micros, Minute, NodeKey, NodeKind, Timestamp, TraceDigest, TraceId, template};

use super::bins::{Bins, KEPT_SECONDS, Second};
use super::clock::Clocks;
use super::day::Day;
use super::failing;
use super::memory::Memory;
use super::name::{Hosts, Id, Table};
use super::series::{Series, SeriesKey, Timed, timed};
use super::silent;
use crate::version::Versions;

/// A trace that is not whole counts when nothing came of it for so long: until then it may look as if a callee had not
/// answered.
const SETTLED_AFTER: Micros = Micros::from_millis(300);
/// One of which something comes all the time counts after so long all the same.
const LONGEST_OPEN: Micros = Micros::from_secs(2);
/// Traces that wait to be settled; more than this and they count at once.
const MAX_PENDING: usize = 20_000;
/// Failing traces that are told apart, of one origin and of all; older ones count in numbers alone.
pub(super) const FAILURES_OF_ORIGIN: usize = 5_000;
const MAX_FAILURES: usize = 50_000;
const MAX_SERIES: usize = 20_000;
const MAX_REACHED: usize = 20_000;
/// Operations of one node that are told apart, and as many more without what they end in; all others are one.
const OPERATIONS_OF_NODE: usize = 40;
/// Calls are counted in bins of so many seconds.
pub(super) const CALLS_STEP: i64 = 5;
const CALLS_KEPT: i64 = silent::USUAL_SECONDS + 60;
const AGE_EVERY: i64 = 10;

pub(super) use failure::{Failure, Failures};
pub use names::Names;

/// A node where failures begin, as digests name it; the operation tells apart what stands behind one host.
pub(super) type Place = (Id, Option<Id>);

/// What was counted of every trace of the last while; the header of this file says of what and for how long.
#[derive(Debug, Default)]
pub struct Ledger {
    pub(super) nodes: Table<NodeKey>,
    pub(super) kinds: HashMap<Id, NodeKind>,
    pub(super) texts: Table<String>,
    pub(super) hosts: Hosts,
    /// Traces that have a root.
    pub(super) requests: Bins,
    /// Of these, those that came to each root's node.
    pub(super) entries: HashMap<Id, Bins>,
    /// Traces that touched a node.
    pub(super) reached: HashMap<Place, Bins>,
    pub(super) failures: HashMap<Place, Failures>,
    failures_held: usize,
    pub(super) clocks: Clocks,
    pub(super) series: HashMap<SeriesKey, Series>,
    pub(super) calls: HashMap<(Id, Option<Id>), Calls>,
    /// Direct calls between nodes, to know who waits for whom.
    pub(super) callees: HashMap<Id, HashSet<Id>>,
    operations: HashMap<Id, HashSet<Id>>,
    /// Operations that rules of people wrote: no values.
    pub(super) ruled: HashSet<Id>,
    pub(super) versions: Versions,
    /// What the last day says, of nodes of which it is known.
    pub(super) days: HashMap<Id, Day>,
    pending: HashMap<TraceId, Pending>,
    pub(super) memory: Memory,
    aged_at: Second,
    /// When the first and the newest digest that counts was received.
    pub(super) since: Option<Timestamp>,
    pub(super) through: Option<Timestamp>,
}

#[derive(Debug)]
struct Pending {
    /// Whose times are taken, and what it counted for when it came.
    old: Option<Arc<TraceDigest>>,
    /// What it counts for now.
    counted: Option<Arc<TraceDigest>>,
    new: Arc<TraceDigest>,
    since: Timestamp,
}

/// How often requests of one kind made which calls, in traces that went well.
#[derive(Debug, Default)]
pub(super) struct Calls {
    pub(super) requests: Bins,
    pub(super) by_target: HashMap<Id, Bins>,
}

impl Ledger {
    /// Takes the next revision of a trace. `old` is the one that it replaces: the one that was given before as `new`.
    pub fn replace(&mut self, old: Option<&Arc<TraceDigest>>, new: &Arc<TraceDigest>) {
        match self.pending.get_mut(&new.id) {
            Some(pending) => pending.new = Arc::clone(new),
            None => {
                let (old, since) = (old.cloned(), new.last_received);
                let pending = Pending { counted: old.clone(), old, new: Arc::clone(new), since };
                self.pending.insert(new.id, pending);
            }
        }
        if self.pending.len() > MAX_PENDING {
            self.settle(Timestamp::MAX);
        }
    }

    /// Counts the traces that have settled by now, and those that are whole. Of the latter something may come yet that
    /// changes what is said of them, so their times, which are not taken back, wait until they have settled.
    pub fn settle(&mut self, now: Timestamp) {
        let is_settled = |pending: &Pending| {
            now >= pending.new.last_received.plus(SETTLED_AFTER) || now >= pending.since.plus(LONGEST_OPEN)
        };
        let is_new = |pending: &Pending| {
            pending.counted.as_ref().is_none_or(|counted| !Arc::ptr_eq(counted, &pending.new))
        };
        let ripe = |pending: &Pending| is_settled(pending) || is_whole(&pending.new) && is_new(pending);
        let mut ready: Vec<(Timestamp, TraceId)> = self
            .pending
            .values()
            .filter(|pending| ripe(pending))
            .map(|pending| (pending.new.last_received, pending.new.id))
            .collect();
        ready.sort_unstable();
        for (_, id) in ready {
            let Some(pending) = self.pending.get_mut(&id) else { continue };
            let (new, is_settled) = (Arc::clone(&pending.new), is_settled(pending));
            let counted = is_new(pending).then(|| pending.counted.replace(Arc::clone(&new)));
            if let Some(counted) = counted {
                self.recount(counted.as_deref(), &new);
            }
            if is_settled && let Some(pending) = self.pending.remove(&id) {
                self.sample(pending.old.as_deref(), &new);
            }
        }
        let latest = self.through.map_or(0, second);
        if latest >= self.aged_at + AGE_EVERY {
            self.age(latest);
        }
    }

    fn recount(&mut self, old: Option<&TraceDigest>, new: &TraceDigest) {
        // What came before the first that was counted was not.
        if let Some(old) = old.filter(|old| Some(old.last_received) >= self.since) {
            self.count(old, -1);
        }
        if old.is_none_or(|old| old.versions != new.versions) {
            self.versions.add(new);
        }
        self.count(new, 1);
    }

    /// Traces that reached each node in a minute, and those that failed there.
    pub(super) fn counts_of(&self, minute: Minute) -> Vec<(NodeKey, (u64, u64))> {
        let (since, until) = (second(minute.start()), second(minute.end()));
        let dead = failing::dead_hosts(self, minute.end());
        let mut counts: HashMap<Id, (u64, u64)> = HashMap::new();
        for (&place, bins) in &self.reached {
            counts.entry(failing::resolved(self, &dead, place)).or_default().0 += bins.count(since, until);
        }
        for (&place, failures) in &self.failures {
            let failed = failures.bins.count(since, until);
            counts.entry(failing::resolved(self, &dead, place)).or_default().1 += failed;
        }
        let counted = counts.into_iter().filter(|(_, counts)| *counts != (0, 0));
        // What fails is not always reached: of an origin that was inferred the failures are all that is known.
        let counted = counted.map(|(id, (requests, failing))| (id, (requests.max(failing), failing)));
        counted.filter_map(|(id, counts)| Some((self.nodes.get(id)?.clone(), counts))).collect()
    }

    pub(super) fn learn_days(&mut self, days: Vec<(NodeKey, Day)>) {
        self.days = days.into_iter().map(|(node, day)| (self.nodes.id(&node), day)).collect();
    }

    /// What the last day says of a node, where it is known.
    pub fn day(&self, node: &NodeKey) -> Option<&Day> {
        self.days.get(&self.nodes.find(node)?)
    }

    /// Traces that wait to be settled.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    fn count(&mut self, digest: &TraceDigest, by: i32) {
        let at = second(digest.last_received);
        self.since = Some(self.since.map_or(digest.last_received, |since| since.min(digest.last_received)));
        self.through = self.through.max(Some(digest.last_received));
        let ids: Vec<Id> = digest.nodes.iter().map(|node| self.nodes.id(&node.key)).collect();
        let operations: Vec<Id> = digest.operations.iter().map(|name| self.texts.id(name.as_str())).collect();
        self.ruled.extend(digest.ruled.iter().filter_map(|&place| operations.get(place as usize)));
        if let Some(root) = &digest.root {
            self.requests.add(at, by);
            self.entries.entry(ids[root.node as usize]).or_default().add(at, by);
        }
        for (node, &id) in digest.nodes.iter().zip(&ids).filter(|(node, _)| !node.requests.is_empty()) {
            self.kinds.insert(id, node.kind);
            if let Some(delay) = node.delay_millis
                && by > 0
            {
                self.clocks.saw(id, at, delay);
            }
            let mut places: Vec<Option<Id>> = match node.kind {
                NodeKind::Remote => node.requests.iter().map(|one| place(one, &operations)).collect(),
                _ => vec![None],
            };
            places.sort_unstable();
            places.dedup();
            for place in places {
                if self.reached.len() < MAX_REACHED || self.reached.contains_key(&(id, place)) {
                    self.reached.entry((id, place)).or_default().add(at, by);
                }
            }
        }
        if by > 0 {
            self.learn(digest, &ids);
        }
        match &digest.origin {
            Some(origin) if by > 0 => self.add_failure(digest, origin, &ids, &operations),
            Some(origin) => self.take_failure(digest, origin, &operations),
            None => self.count_calls(digest, &ids, &operations, by),
        }
    }

    /// Who calls whom, and who answers under the name of a host.
    fn learn(&mut self, digest: &TraceDigest, ids: &[Id]) {
        for edge in digest.edges.iter().filter(|edge| edge.kind == EdgeKind::Call) {
            let (source, target) = (ids[edge.source as usize], ids[edge.target as usize]);
            if digest.nodes[edge.source as usize].kind != NodeKind::Client && source != target {
                self.callees.entry(source).or_default().insert(target);
            }
            for (alias, request) in edge
                .aliases
                .iter()
                .flat_map(|alias| edge.requests.iter().map(move |request| (alias, request)))
            {
                let operation = request.operation.and_then(|place| digest.operations.get(place as usize));
                self.hosts.answered(&alias.name, operation.map(String::as_str), target);
                if !request.flags.fault {
                    self.hosts.went_well(&alias.name, second(digest.last_received));
                }
            }
        }
    }

    fn count_calls(&mut self, digest: &TraceDigest, ids: &[Id], operations: &[Id], by: i32) {
        // Of a trace that is not whole nobody knows what it did not call.
        if digest.is_partial || digest.flags().any() {
            return;
        }
        let at = second(digest.last_received).div_euclid(CALLS_STEP) * CALLS_STEP;
        for (number, node) in (0_u32..).zip(&digest.nodes).filter(|(_, node)| node.kind == NodeKind::Service)
        {
            let id = ids[number as usize];
            let [request] = node.requests.as_slice() else { continue };
            let operation = self.operation(id, place(request, operations));
            if self.calls.len() >= MAX_REACHED && !self.calls.contains_key(&(id, operation)) {
                continue;
            }
            let calls = self.calls.entry((id, operation)).or_default();
            calls.requests.add(at, by);
            for edge in
                digest.edges.iter().filter(|edge| edge.source == number && edge.kind == EdgeKind::Call)
            {
                let target = ids[edge.target as usize];
                if calls.by_target.len() < OPERATIONS_OF_NODE || calls.by_target.contains_key(&target) {
                    calls.by_target.entry(target).or_default().add(at, by);
                }
            }
        }
    }

    /// Whether calls lead from one node to the other.
    pub fn calls(&self, caller: &NodeKey, callee: &NodeKey) -> bool {
        match (self.nodes.find(caller), self.nodes.find(callee)) {
            (Some(caller), Some(callee)) => self.reaches(caller, callee),
            _ => false,
        }
    }

    pub(super) fn reaches(&self, caller: Id, callee: Id) -> bool {
        let mut reached = HashSet::from([caller]);
        let mut ahead = vec![caller];
        while let Some(at) = ahead.pop() {
            for &next in self.callees.get(&at).into_iter().flatten() {
                if next == callee {
                    return true;
                }
                if reached.insert(next) {
                    ahead.push(next);
                }
            }
        }
        false
    }

    /// The operation, unless the node has too many of them to tell each apart: then what it has in common with others that
    /// end otherwise, which are values.
    fn operation(&mut self, node: Id, operation: Option<Id>) -> Option<Id> {
        let known = self.operations.entry(node).or_default();
        let operation = operation?;
        if known.len() < OPERATIONS_OF_NODE || known.contains(&operation) {
            known.insert(operation);
            return Some(operation);
        }
        let folded = match self.ruled.contains(&operation) {
            true => operation,
            false => {
                let folded = template::without_last(self.texts.get(operation)?)?;
                self.texts.id(folded.as_str())
            }
        };
        if known.len() < 2 * OPERATIONS_OF_NODE {
            known.insert(folded);
        }
        known.contains(&folded).then_some(folded)
    }

    /// Takes the times that the new revision has and the old one had not. Traces that failed tell nothing of how long
    /// things take: who waits for what does not answer is not slow.
    fn sample(&mut self, old: Option<&TraceDigest>, new: &TraceDigest) {
        if new.origin.is_some() {
            return;
        }
        let known: HashMap<Timed<'_>, u32> =
            old.map(timed).unwrap_or_default().into_iter().fold(HashMap::new(), |mut known, timed| {
                *known.entry(timed).or_default() += 1;
                known
            });
        let mut left = known;
        for timed in timed(new) {
            match left.get_mut(&timed) {
                Some(count) if *count > 0 => *count -= 1,
                _ => self.take_sample(&timed, new),
            }
        }
    }

    fn take_sample(&mut self, timed: &Timed<'_>, digest: &TraceDigest) {
        let operation = timed.operation.map(|name| self.texts.id(name));
        let subject = timed.subject.by_id(|key| self.nodes.id(key));
        let operation = self.operation(subject.callee(), operation);
        let key = SeriesKey { subject, operation };
        if self.series.len() < MAX_SERIES || self.series.contains_key(&key) {
            self.series.entry(key).or_default().add(digest.last_received, timed.time, digest.id);
        }
    }

    fn age(&mut self, now: Second) {
        self.aged_at = now;
        self.requests.age(now);
        let old = |bins: &mut Bins| {
            bins.age(now);
            !bins.is_empty()
        };
        self.entries.retain(|_, bins| old(bins));
        self.reached.retain(|_, bins| old(bins));
        self.calls.retain(|_, calls| {
            // Of calls nobody asks for more.
            let old = |bins: &mut Bins| {
                bins.age_beyond(now, CALLS_KEPT);
                !bins.is_empty()
            };
            calls.by_target.retain(|_, bins| old(bins));
            old(&mut calls.requests)
        });
        self.series.retain(|key, series| {
            series.learn(now, i64::from(key.subject.callee()));
            series.age(now)
        });
        self.clocks.age(now);
        self.versions.forget_before(Timestamp((now - KEPT_SECONDS) * 1_000_000).minute());
        let forget = (now - KEPT_SECONDS) * 1_000_000;
        // The share of each origin in what all may hold, so that a loud one does not make others forget.
        let share =
            MAX_FAILURES.min(FAILURES_OF_ORIGIN * self.failures.len().max(1)) / self.failures.len().max(1);
        let is_crowded = self.failures_held > MAX_FAILURES;
        self.failures_held = 0;
        self.failures.retain(|_, failures| {
            failures.bins.age(now);
            failures.seen.age(now);
            while failures.newest.front().is_some_and(|oldest| oldest.received.0 < forget)
                || is_crowded && failures.newest.len() > share
            {
                failures.newest.pop_front();
            }
            self.failures_held += failures.newest.len();
            !failures.bins.is_empty()
        });
    }
}

pub(super) fn second(at: Timestamp) -> Second {
    at.floor_seconds()
}

/// The client has its answer, and nobody is waited for.
fn is_whole(digest: &TraceDigest) -> bool {
    !digest.is_partial && digest.root.as_ref().is_some_and(|root| root.response_time.is_some())
}

fn place(request: &Request, operations: &[Id]) -> Option<Id> {
    request.operation.and_then(|place| operations.get(place as usize).copied())
}
