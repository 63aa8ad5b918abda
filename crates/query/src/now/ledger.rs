//! What the newest half hour of traces says, in a form from which it can be judged at any moment.
//!
//! Digests come in as they are made, each with the one that it replaces, and what a trace counted for is taken back
//! before it counts anew: the ledger is the sum of the newest digests, whatever their order (`NOW-1`). So one that was
//! read from a store after a restart tells what the one before told. Samples of times are the exception: they are thinned
//! and stay.
//!
//! Nothing here reads a clock. Everything is counted at the time of receipt; times by the clock of a sender are corrected
//! when they are told.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use model::digest::{FaultOrigin, Request};
use model::minute::EdgeKind;
use model::{Coarse, Micros, NodeKey, NodeKind, Timestamp, TraceDigest, TraceId};

use super::bins::{Bins, KEPT_SECONDS, Second};
use super::clock::Clocks;
use super::entry::{Entry, What};
use super::name::{Hosts, Id, Table};
use super::series::{Series, SeriesKey, Timed};
use crate::many::issue;
use crate::version::Versions;

/// A trace counts when nothing came of it for so long: until then it may look as if a callee had not answered.
const SETTLED_AFTER: Micros = Micros::from_millis(300);
/// One of which something comes all the time counts after so long all the same.
const LONGEST_OPEN: Micros = Micros::from_secs(2);
/// Traces that wait to be settled; more than this and they count at once.
const MAX_PENDING: usize = 20_000;
/// Failing traces that are told apart, of one origin and of all; older ones count in numbers alone.
const FAILURES_OF_ORIGIN: usize = 5_000;
const MAX_FAILURES: usize = 50_000;
const MAX_SERIES: usize = 20_000;
const MAX_REACHED: usize = 20_000;
/// Operations of one node that are told apart; all others are one.
const OPERATIONS_OF_NODE: usize = 40;
/// Calls are counted in bins of so many seconds.
pub(super) const CALLS_STEP: i64 = 5;
const AGE_EVERY: i64 = 10;
/// What was not told for so long is over, and begins anew.
const TOLD_FOR: Micros = Micros::from_secs(30);

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
    pub(super) versions: Versions,
    pending: HashMap<TraceId, Pending>,
    /// What was told as slow or silent, since when, and when that was told last.
    told: HashMap<(Id, What), (Timestamp, Timestamp)>,
    aged_at: Second,
    /// When the first and the newest digest that counts was received.
    pub(super) since: Option<Timestamp>,
    pub(super) through: Option<Timestamp>,
}

#[derive(Debug)]
struct Pending {
    /// What it counts for now.
    old: Option<Arc<TraceDigest>>,
    new: Arc<TraceDigest>,
    since: Timestamp,
}

/// The failing traces of one origin.
#[derive(Debug, Default)]
pub(super) struct Failures {
    /// By time of receipt.
    pub(super) bins: Bins,
    /// Of these, those whose client saw it.
    pub(super) seen: Bins,
    /// The newest ones, by time of receipt.
    pub(super) newest: VecDeque<Failure>,
    /// The newest message of each exception.
    pub(super) messages: HashMap<Id, String>,
}

#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) trace: TraceId,
    pub(super) received: Timestamp,
    /// When it failed, by the clock of the witness.
    pub(super) at: Timestamp,
    /// When the trace began at the earliest, by the clock of the receiver.
    pub(super) earliest: Timestamp,
    pub(super) witness: Id,
    /// The client saw it.
    pub(super) is_seen: bool,
    pub(super) users: Box<[u64]>,
    pub(super) entry: Option<Id>,
    pub(super) exception: Option<Id>,
    pub(super) affected: Box<[Id]>,
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
                let pending = Pending { old: old.cloned(), new: Arc::clone(new), since: new.last_received };
                self.pending.insert(new.id, pending);
            }
        }
        if self.pending.len() > MAX_PENDING {
            self.settle(Timestamp::MAX);
        }
    }

    /// Counts the traces that have settled by now.
    pub fn settle(&mut self, now: Timestamp) {
        let is_settled = |pending: &Pending| {
            now >= pending.new.last_received.plus(SETTLED_AFTER) || now >= pending.since.plus(LONGEST_OPEN)
        };
        let settled: Vec<TraceId> =
            self.pending.iter().filter(|(_, pending)| is_settled(pending)).map(|(&id, _)| id).collect();
        let mut settled: Vec<Pending> = settled.iter().filter_map(|id| self.pending.remove(id)).collect();
        settled.sort_by_key(|pending| (pending.new.last_received, pending.new.id));
        for Pending { old, new, .. } in settled {
            // What came before the first that was counted was not.
            if let Some(old) = old.as_ref().filter(|old| Some(old.last_received) >= self.since) {
                self.count(old, -1);
            }
            if old.as_ref().is_none_or(|old| old.versions != new.versions) {
                self.versions.add(&new);
            }
            self.count(&new, 1);
            self.sample(old.as_deref(), &new);
        }
        let latest = self.through.map_or(0, second);
        if latest >= self.aged_at + AGE_EVERY {
            self.age(latest);
        }
    }

    /// Remembers since when what is told goes on. Samples of times are forgotten after minutes, and who asks all the time
    /// should not be told another onset each time. A ledger that was never asked works as well.
    pub fn remember(&mut self, entries: &[Entry], now: Timestamp) {
        self.told.retain(|_, (_, last)| *last >= now.minus(TOLD_FOR));
        for entry in entries.iter().filter(|entry| entry.what != What::Failing && entry.until.is_none()) {
            let Some(node) = self.nodes.find(&entry.node) else { continue };
            let told = self.told.entry((node, entry.what)).or_insert((entry.since, now));
            *told = (told.0.min(entry.since), now);
        }
    }

    /// Since when something was told that goes on.
    pub(super) fn told_since(&self, node: Id, what: What, now: Timestamp) -> Option<Timestamp> {
        let (since, last) = self.told.get(&(node, what))?;
        (*last >= now.minus(TOLD_FOR)).then_some(*since)
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

    fn add_failure(&mut self, digest: &TraceDigest, origin: &FaultOrigin, ids: &[Id], operations: &[Id]) {
        let place = self.place_of(digest, origin, operations);
        let entry = issue::entry_template(digest).map(|entry| self.texts.id(entry.as_str()));
        let exception = origin.exception.as_ref();
        let name = exception.and_then(|exception| exception.name.as_deref());
        let exception_id = name.map(|name| self.texts.id(name));
        let affected = issue::affected(digest, &origin.node);
        let length = digest.duration().unwrap_or_default();
        let failure = Failure {
            trace: digest.id,
            received: digest.last_received,
            at: origin.at,
            earliest: digest.first_received.minus(length),
            witness: self.nodes.id(&origin.witness),
            is_seen: is_seen(digest),
            users: digest.users.iter().map(|user| hash(user)).collect(),
            entry,
            exception: exception_id,
            affected: affected.iter().map(|&place| ids[place as usize]).collect(),
        };
        let at = second(digest.last_received);
        let failures = self.failures.entry(place).or_default();
        failures.bins.add(at, 1);
        if failure.is_seen {
            failures.seen.add(at, 1);
        }
        if let (Some(id), Some(message)) = (exception_id, exception.and_then(|one| one.message.as_ref())) {
            failures.messages.insert(id, message.clone());
        }
        let behind = failures
            .newest
            .partition_point(|other| (other.received, other.trace) <= (failure.received, failure.trace));
        failures.newest.insert(behind, failure);
        self.failures_held += 1;
        if failures.newest.len() > FAILURES_OF_ORIGIN {
            failures.newest.pop_front();
            self.failures_held -= 1;
        }
    }

    fn take_failure(&mut self, digest: &TraceDigest, origin: &FaultOrigin, operations: &[Id]) {
        let place = self.place_of(digest, origin, operations);
        let Some(failures) = self.failures.get_mut(&place) else { return };
        let at = second(digest.last_received);
        failures.bins.add(at, -1);
        if is_seen(digest) {
            failures.seen.add(at, -1);
        }
        let held = failures.newest.iter().rposition(|failure| failure.trace == digest.id);
        if let Some(held) = held {
            failures.newest.remove(held);
            self.failures_held -= 1;
        }
    }

    fn place_of(&mut self, digest: &TraceDigest, origin: &FaultOrigin, operations: &[Id]) -> Place {
        let operation = failing_operation(digest, origin, operations);
        (self.nodes.id(&origin.node), operation.filter(|_| origin.node_kind == NodeKind::Remote))
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
    pub(super) fn waits_for(&self, caller: &NodeKey, callee: &NodeKey) -> bool {
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

    /// The operation, unless the node has too many of them to tell each apart.
    fn operation(&mut self, node: Id, operation: Option<Id>) -> Option<Id> {
        let known = self.operations.entry(node).or_default();
        let operation = operation?;
        if known.len() < OPERATIONS_OF_NODE {
            known.insert(operation);
        }
        known.contains(&operation).then_some(operation)
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
            calls.by_target.retain(|_, bins| old(bins));
            old(&mut calls.requests)
        });
        self.series.retain(|_, series| series.age(now));
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

fn place(request: &Request, operations: &[Id]) -> Option<Id> {
    request.operation.and_then(|place| operations.get(place as usize).copied())
}

/// A client that was told to come again later saw it as well.
fn is_seen(digest: &TraceDigest) -> bool {
    digest.flags().fault || digest.flags().throttle
}

/// What was asked of the origin where it failed.
fn failing_operation(digest: &TraceDigest, origin: &FaultOrigin, operations: &[Id]) -> Option<Id> {
    let node = digest.nodes.iter().find(|node| node.key == origin.node)?;
    let failed = node.requests.iter().find(|request| request.flags.any());
    place(failed.or(node.requests.first())?, operations)
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// The times of a trace that are looked at.
fn timed(digest: &TraceDigest) -> Vec<Timed<'_>> {
    use super::series::Subject;
    let operation = |request: &Request| {
        request.operation.and_then(|place| digest.operations.get(place as usize)).map(String::as_str)
    };
    let mut all = Vec::new();
    for node in digest.nodes.iter().filter(|node| node.kind == NodeKind::Service) {
        for request in node.requests.iter().filter(|request| !request.flags.any()) {
            let subject = Subject::Own(&node.key);
            all.extend(request.own.map(|time| Timed { subject, operation: operation(request), time }));
        }
    }
    for edge in digest.edges.iter().filter(|edge| edge.kind == EdgeKind::Call) {
        let [source, target] = [edge.source, edge.target].map(|node| &digest.nodes[node as usize]);
        for request in edge.requests.iter().filter(|request| !request.flags.any()) {
            let (subject, time) = if target.kind.is_inferred() {
                (Subject::Reply(&source.key, &target.key), request.response_time.map(Coarse::of))
            } else {
                (Subject::Way(&source.key, &target.key), request.own)
            };
            all.extend(time.map(|time| Timed { subject, operation: operation(request), time }));
        }
    }
    all
}
