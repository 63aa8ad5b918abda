//! Which origins fail more than they usually do, one entry each.

use std::collections::{BTreeMap, HashMap, HashSet};

use model::digest::ExceptionDigest;
use model::template::Folds;
use model::{Micros, NodeKind, TimeRange, Timestamp};

use super::bins::{Bins, Sums};
use super::chance::{at_least, evidence};
use super::entry::{Background, Entry, SPARKS, Span, Weight, What};
use super::episode::{Episode, episodes};
use super::ledger::{FAILURES_OF_ORIGIN, Failure, Ledger, Place, second};
use super::memory::{Quiet, Told};
use super::name::Id;

/// More of the requests that reach the origin than this, or of all requests that clients make, is an outage.
const OUTAGE_SHARE: f64 = 0.2;
const OUTAGE_OF_ALL: f64 = 0.01;
const OUTAGE_CLIENTS: u64 = 3;
/// What failed in so many seconds counts for the order.
const RECENT_SECONDS: i64 = 60;
const NEWEST_SECONDS: i64 = 20;
/// So unlikely by chance and seen by a client, single failures are told as noise.
const NOISE_CHANCE: f64 = 0.05;
const MOST_EXCEPTIONS: usize = 5;
const MOST_AFFECTED: usize = 200;
/// The onset is the earliest of so many first failures: they need not arrive in order.
const FIRST_FAILURES: usize = 20;
/// A host behind which nobody answered for so long is down itself.
const DEAD_SECONDS: i64 = 3;
/// An excess of the day goes on for so long after its last failure.
const EXCESS_SECONDS: i64 = 90;
/// What fails from the first minute on that is known may have begun before.
const LONG_BEFORE: Micros = Micros::from_secs(60);
const KEPT: Micros = Micros::from_secs(super::bins::KEPT_SECONDS as u64);
/// Two origins that fail with each other began within so many seconds.
const TOGETHER_SECONDS: i64 = 15;

/// One origin, under the name that people know.
struct Origin<'l> {
    node: Id,
    /// By time of receipt.
    failures: Vec<&'l Failure>,
    messages: Vec<&'l HashMap<Id, String>>,
    reached: Vec<&'l Bins>,
    hosts: HashSet<Id>,
}

pub(super) fn failing(
    ledger: &Ledger,
    range: TimeRange,
    now: Timestamp,
    told: &mut Told,
) -> (Vec<Entry>, Background) {
    let mut entries = Vec::new();
    let mut background = Background::default();
    for origin in origins(ledger, now) {
        let quiet = Quiet {
            failures: origin.failures.len(),
            newest: origin.failures.last().map_or(Timestamp::MIN, |failure| failure.received),
        };
        let found = match ledger.memory.is_quiet(origin.node, quiet, now) {
            true => Vec::new(),
            false => {
                let found = origin.episodes(now);
                // One that tells by itself depends on what comes after it.
                if found.is_empty() && !origin.failures.iter().any(|failure| failure.is_telling) {
                    told.quiet.push((origin.node, quiet));
                }
                found
            }
        };
        let found = origin.by_day(ledger, found, now);
        match found.last() {
            Some(last) => {
                let is_shown =
                    |failure: &Failure| failure.received >= range.start && failure.received < range.end;
                if !last.is_over || is_shown(origin.failures[last.last]) {
                    entries.push(origin.entry(ledger, &found, range, now));
                }
            }
            None => origin.tell_rest(ledger, now, &mut entries, &mut background),
        }
    }
    background.nodes.sort();
    (without_victims(ledger, entries), background)
}

/// Who is at fault at a place: the service behind a host where one is known.
pub(super) fn resolved(ledger: &Ledger, dead: &HashSet<Id>, (node, operation): Place) -> Id {
    if ledger.kinds.get(&node) != Some(&NodeKind::Remote) || dead.contains(&node) {
        return node;
    }
    let Some(key) = ledger.nodes.get(node) else { return node };
    let operation = operation.and_then(|operation| ledger.texts.get(operation));
    ledger.hosts.service(key, operation.map(String::as_str)).unwrap_or(node)
}

/// Hosts of several services behind which nobody answers any more.
pub(super) fn dead_hosts(ledger: &Ledger, now: Timestamp) -> HashSet<Id> {
    let now = second(now);
    let mut failing: HashMap<Id, HashSet<Id>> = HashMap::new();
    let none = HashSet::new();
    for (&place, failures) in &ledger.failures {
        let service = resolved(ledger, &none, place);
        if service != place.0 && failures.bins.count(now - 2 * DEAD_SECONDS, now + 1) > 0 {
            failing.entry(place.0).or_default().insert(service);
        }
    }
    failing.retain(|host, services| {
        let name = ledger.nodes.get(*host).map(|key| key.name.as_str()).unwrap_or_default();
        services.len() > 1 && ledger.hosts.answered_at(name).is_some_and(|last| last < now - DEAD_SECONDS)
    });
    failing.into_keys().collect()
}

fn origins(ledger: &Ledger, now: Timestamp) -> Vec<Origin<'_>> {
    let dead = dead_hosts(ledger, now);
    let mut by_node: BTreeMap<Id, Origin<'_>> = BTreeMap::new();
    for (&place, failures) in &ledger.failures {
        let node = resolved(ledger, &dead, place);
        let origin = by_node.entry(node).or_insert_with(|| Origin {
            node,
            failures: Vec::new(),
            messages: Vec::new(),
            reached: Vec::new(),
            hosts: HashSet::new(),
        });
        origin.failures.extend(&failures.newest);
        origin.messages.push(&failures.messages);
        if place.0 != node {
            origin.hosts.insert(place.0);
        }
    }
    for (&place, bins) in &ledger.reached {
        if let Some(origin) = by_node.get_mut(&resolved(ledger, &dead, place)) {
            origin.reached.push(bins);
        }
    }
    let mut origins: Vec<Origin<'_>> = by_node.into_values().collect();
    for origin in &mut origins {
        origin.failures.sort_by_key(|failure| (failure.received, failure.trace));
    }
    origins
}

impl Origin<'_> {
    /// Of all its failures, else of those with one exception: a new one may hide among the usual ones.
    fn episodes(&self, now: Timestamp) -> Vec<Episode> {
        let requests = Sums::of(&self.reached);
        let mut found = episodes(&self.failures, &requests, now);
        let mut by_exception: BTreeMap<Option<Id>, Vec<usize>> = BTreeMap::new();
        for (place, failure) in self.failures.iter().enumerate() {
            by_exception.entry(failure.exception).or_default().push(place);
        }
        if by_exception.len() > 1 {
            for places in by_exception.values() {
                let failures: Vec<&Failure> = places.iter().map(|&place| self.failures[place]).collect();
                for one in episodes(&failures, &requests, now) {
                    let one = Episode { first: places[one.first], last: places[one.last], ..one };
                    if !found.iter().any(|other| one.first <= other.last && other.first <= one.last) {
                        found.push(one);
                    }
                }
            }
            found.sort_by_key(|episode| episode.last);
        }
        found
    }

    /// Without what is usual at this time of the day, and with what the day calls an excess though it began too long ago, or
    /// too slowly, to be one of the last half hour.
    fn by_day(&self, ledger: &Ledger, found: Vec<Episode>, now: Timestamp) -> Vec<Episode> {
        let Some(day) = ledger.days.get(&self.node) else { return found };
        let is_usual = |one: &Episode| {
            let failing = (one.last - one.first + 1) as f64;
            day.excess.is_none() && failing < day.limit * one.requests as f64
        };
        let mut found: Vec<Episode> = found.into_iter().filter(|one| !is_usual(one)).collect();
        if let (Some(excess), Some(open)) = (day.excess, found.last_mut().filter(|open| !open.is_over)) {
            self.begin_with(excess.since.start(), day.limit, open, now);
        }
        let is_told = found.last().is_some_and(|last| !last.is_over);
        let Some(excess) = day.excess.filter(|_| !is_told) else { return found };
        let since = excess.since.start();
        let free = found.last().map_or(0, |last| last.last + 1);
        let first = self.failures.partition_point(|failure| failure.received < since).max(free);
        let Some(last) = self.failures.len().checked_sub(1).filter(|&last| last >= first) else {
            return found;
        };
        if second(self.failures[last].received) < second(now) - EXCESS_SECONDS {
            return found;
        }
        let requests = self.requests(second(self.failures[first].received), second(now) + 1);
        found.push(Episode { first, last, requests, usual: excess.usual.expected, is_over: false });
        found
    }

    /// What failed before the excess, if that was as usual, is not where it began.
    fn begin_with(&self, excess: Timestamp, limit: f64, open: &mut Episode, now: Timestamp) {
        let first = self.failures.partition_point(|failure| failure.received < excess).min(open.last);
        let before = self.requests(second(self.failures[open.first].received), second(excess));
        if first > open.first && ((first - open.first) as f64) < limit * before as f64 {
            open.first = first;
            open.requests = self.requests(second(self.failures[first].received), second(now) + 1);
        }
    }

    fn requests(&self, since: i64, until: i64) -> u64 {
        self.reached.iter().map(|bins| bins.count(since, until)).sum()
    }

    fn entry(&self, ledger: &Ledger, found: &[Episode], range: TimeRange, now: Timestamp) -> Entry {
        let mut of_range = found.iter().filter(|one| self.failures[one.last].received >= range.start);
        let last = &found[found.len() - 1];
        let failures = &self.failures[last.first..=last.last];
        let failing = failures.len() as u64;
        let requests = last.requests.max(failing);
        let clients = failures.iter().filter(|failure| failure.is_seen).count() as u64;
        let since = self.since(ledger, last);
        let until = last.is_over.then(|| self.failures[last.last].received);
        let end = second(until.unwrap_or(now)) + 1;
        let all_requests = ledger.requests.count(second(failures[0].received), end).max(clients);
        let share = failing as f64 / requests as f64;
        let of_all = clients as f64 / all_requests.max(1) as f64;
        let is_outage = clients >= OUTAGE_CLIENTS && (share > OUTAGE_SHARE || of_all > OUTAGE_OF_ALL);
        let spans = of_range.by_ref().map(|one| Span {
            since: self.since(ledger, one),
            until: one.is_over.then(|| self.failures[one.last].received),
            failing: (one.last - one.first + 1) as u64,
        });
        let recent: Vec<&&Failure> =
            failures.iter().filter(|one| second(one.received) > second(now) - RECENT_SECONDS).collect();
        let reached = self.requests(second(now) - RECENT_SECONDS, second(now) + 1);
        let seen = recent.iter().filter(|failure| failure.is_seen).count() as f64;
        // Of what lies before, or was too much to hold, nothing is known.
        let horizon = match failures.len() >= FAILURES_OF_ORIGIN {
            true => now,
            false => ledger.since.unwrap_or(now).max(now.minus(KEPT)).plus(LONG_BEFORE),
        };
        let weighed = 0.25 + 0.75 * seen / recent.len().max(1) as f64;
        Entry {
            weight: if is_outage { Weight::Outage } else { Weight::Degraded },
            since,
            until,
            failing,
            requests,
            clients,
            all_requests,
            episodes: spans.collect(),
            sparks: sparks(failures, since, until.unwrap_or(now)),
            is_cut: last.first == 0 && since <= horizon,
            score: weighed * self.matters(&recent, reached, last.usual, now),
            ..self.told(ledger, failures)
        }
    }

    /// By what failed of late. What began just now is not behind what goes on because it had less time.
    fn matters(&self, recent: &[&&Failure], reached: u64, usual: f64, now: Timestamp) -> f64 {
        let since = second(now) - NEWEST_SECONDS;
        let newest = recent.iter().filter(|one| second(one.received) > since).count() as u64;
        let of_newest = self.requests(since + 1, second(now) + 1).max(newest);
        let all = evidence(recent.len() as u64, reached.max(recent.len() as u64), usual);
        all.max(evidence(newest, of_newest, usual) * (RECENT_SECONDS / NEWEST_SECONDS) as f64)
    }

    /// What there is to say of some failures, whatever their number.
    fn told(&self, ledger: &Ledger, failures: &[&Failure]) -> Entry {
        let key = |id: Id| ledger.nodes.get(id).cloned();
        let node = key(self.node).unwrap_or_else(|| model::NodeKey::client(""));
        let users: HashSet<u64> = failures.iter().flat_map(|failure| failure.users.iter().copied()).collect();
        let affected = most(failures.iter().flat_map(|failure| failure.affected.iter().copied()));
        let entries = most(failures.iter().filter_map(|failure| failure.entry));
        let witness = most(failures.iter().map(|failure| failure.witness)).first().map(|&(id, _)| id);
        let groups = most(failures.iter().flat_map(|failure| failure.groups.iter().copied()));
        let seen = failures.iter().rev().find(|failure| failure.is_seen);
        let hosts = self.hosts.iter().min().and_then(|&host| Some(key(host)?.name));
        Entry {
            witness: witness.filter(|&witness| witness != self.node).and_then(key),
            node_kind: ledger.kinds.get(&self.node).copied().unwrap_or(NodeKind::Service),
            host: hosts.filter(|host| *host != node.name),
            node,
            what: What::Failing,
            weight: Weight::Noise,
            since: failures.first().map_or(Timestamp::MIN, |failure| corrected(ledger, failure)),
            until: None,
            failing: failures.len() as u64,
            requests: failures.len() as u64,
            clients: failures.iter().filter(|failure| failure.is_seen).count() as u64,
            all_requests: 0,
            users: users.len() as u64,
            exceptions: self.exceptions(ledger, failures),
            operation: main_entry(ledger, &entries),
            affected: affected.iter().take(MOST_AFFECTED).filter_map(|&(id, _)| key(id)).collect(),
            groups: groups
                .into_iter()
                .filter_map(|(id, count)| Some((ledger.texts.get(id)?.clone(), count)))
                .collect(),
            example: seen.or(failures.last()).map(|failure| failure.trace),
            episodes: Vec::new(),
            sparks: Vec::new(),
            slow: None,
            began_with: None,
            sentence: String::new(),
            score: 0.0,
            is_cut: false,
        }
    }

    fn exceptions(&self, ledger: &Ledger, failures: &[&Failure]) -> Vec<(ExceptionDigest, u64)> {
        let mut named = most(failures.iter().filter_map(|failure| failure.exception));
        // Those first that are more than they were before; what always fails a little is not the news.
        let (Some(first), Some(last)) = (failures.first(), failures.last()) else { return Vec::new() };
        let since = second(first.received);
        let during = self.requests(since, second(last.received) + 1) as f64;
        let before = self.requests(i64::MIN, since).max(1) as f64;
        let usual = |id: Id| {
            let earlier = self.failures.iter().take_while(|failure| failure.received < first.received);
            earlier.filter(|failure| failure.exception == Some(id)).count() as f64 * during / before
        };
        named.sort_by(|one, other| {
            (other.1 as f64 - usual(other.0)).total_cmp(&(one.1 as f64 - usual(one.0)))
        });
        let told = |&(id, count): &(Id, u64)| {
            let message = self.messages.iter().find_map(|messages| messages.get(&id)).cloned();
            (ExceptionDigest { name: ledger.texts.get(id).cloned(), message }, count)
        };
        named.iter().take(MOST_EXCEPTIONS).map(told).collect()
    }

    fn since(&self, ledger: &Ledger, episode: &Episode) -> Timestamp {
        let first = self.failures[episode.first..=episode.last].iter().take(FIRST_FAILURES);
        first.map(|failure| corrected(ledger, failure)).min().unwrap_or(Timestamp::MIN)
    }

    /// What failed in the last minute without an episode: background, or noise where it is not what is usual.
    fn tell_rest(
        &self,
        ledger: &Ledger,
        now: Timestamp,
        entries: &mut Vec<Entry>,
        background: &mut Background,
    ) {
        let since = second(now) - RECENT_SECONDS;
        let first = self.failures.partition_point(|failure| second(failure.received) <= since);
        let recent = &self.failures[first..];
        if recent.is_empty() {
            return;
        }
        let before = self.requests(i64::MIN, since + 1);
        let usual = (first as f64 + 1.0) / (before as f64 + 50.0);
        let requests = self.requests(since + 1, second(now) + 1).max(recent.len() as u64);
        let is_seen = recent.iter().any(|failure| failure.is_seen);
        if is_seen && at_least(recent.len() as u64, requests, usual) < NOISE_CHANCE {
            let score = evidence(recent.len() as u64, requests, usual);
            entries.push(Entry { requests, score, ..self.told(ledger, recent) });
        } else {
            background.failing += recent.len() as u64;
            background.nodes.extend(ledger.nodes.get(self.node).cloned());
        }
    }
}

/// When it failed, by the clock of the receiver: not before the trace can have begun, and not after it came.
fn corrected(ledger: &Ledger, failure: &Failure) -> Timestamp {
    let at = ledger.clocks.corrected(failure.witness, failure.at);
    at.max(failure.earliest.min(failure.received)).min(failure.received)
}

/// Each value with how often it comes, most frequent first.
fn most(values: impl Iterator<Item = Id>) -> Vec<(Id, u64)> {
    let mut counts: BTreeMap<Id, u64> = BTreeMap::new();
    values.for_each(|value| *counts.entry(value).or_default() += 1);
    let mut counts: Vec<(Id, u64)> = counts.into_iter().collect();
    counts.sort_by_key(|&(id, count)| (std::cmp::Reverse(count), id));
    counts
}

/// The entry request that is hit most, without values.
fn main_entry(ledger: &Ledger, entries: &[(Id, u64)]) -> Option<String> {
    let is_ruled = |id: Id| ledger.ruled.contains(&id);
    let named = entries.iter().filter_map(|&(id, count)| Some((id, ledger.texts.get(id)?.as_str(), count)));
    let named: Vec<(Id, &str, u64)> = named.collect();
    let by_looks = named.iter().filter(|&&(id, ..)| !is_ruled(id));
    let folds = Folds::of(by_looks.map(|&(_, name, count)| (name, count)));
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for (id, name, count) in named {
        let name = if is_ruled(id) { name.to_owned() } else { folds.apply(name).into_owned() };
        *counts.entry(name).or_default() += count;
    }
    // Of equals the first by name.
    counts.into_iter().rev().max_by_key(|&(_, count)| count).map(|(name, _)| name)
}

fn sparks(failures: &[&Failure], since: Timestamp, until: Timestamp) -> Vec<u64> {
    let length = since.until(until).0.max(1);
    let mut sparks = vec![0; SPARKS];
    for failure in failures {
        let place =
            since.until(failure.received).0.min(length - 1) as u128 * SPARKS as u128 / u128::from(length);
        sparks[place as usize] += 1;
    }
    sparks
}

/// Leaves out origins that call another one, failed with it and less than it: SDKs differ in whether a caller tells
/// where its failure came from. They are affected.
fn without_victims(ledger: &Ledger, entries: Vec<Entry>) -> Vec<Entry> {
    let mut kept: Vec<Entry> = Vec::with_capacity(entries.len());
    let is_victim = |one: &Entry, other: &Entry| {
        let begins = (one.since.0 - other.since.0).abs() <= TOGETHER_SECONDS * 1_000_000;
        one.node != other.node
            && one.until.is_none()
            && other.until.is_none()
            && other.weight < Weight::Noise
            && begins
            && one.failing < other.failing
            && ledger.calls(&one.node, &other.node)
    };
    let victims: Vec<Option<usize>> =
        entries.iter().map(|one| entries.iter().position(|other| is_victim(one, other))).collect();
    let mut affected: Vec<Vec<model::NodeKey>> = vec![Vec::new(); entries.len()];
    for (entry, origin) in entries.iter().zip(&victims) {
        if let &Some(origin) = origin {
            affected[origin].push(entry.node.clone());
        }
    }
    for ((mut entry, victim), more) in entries.into_iter().zip(victims).zip(affected) {
        if victim.is_none() {
            for node in more {
                if !entry.affected.contains(&node) {
                    entry.affected.push(node);
                }
            }
            kept.push(entry);
        }
    }
    kept
}
