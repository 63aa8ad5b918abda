//! Requests and calls that no longer come.

use model::{NodeKind, Timestamp};

use super::bins::{Bins, Second};
use super::chance::at_most;
use super::entry::{Entry, Weight, What};
use super::ledger::{CALLS_STEP, Calls, Ledger, second};
use super::name::Id;

/// What came before the newest seconds, as far back as this, is usual.
const USUAL_SECONDS: i64 = 600;
/// Less than this tells nothing of what is usual.
const LEAST_USUAL_SECONDS: i64 = 120;
/// Traffic is looked at over as many seconds as usually bring so many requests, within these bounds.
const EXPECTED: f64 = 20.0;
const SHORTEST: i64 = 5;
const LONGEST: i64 = 60;
/// So few of them, and it is gone.
const GONE: f64 = 0.1;
/// It must never have been so low before; what comes and goes all day is not missed.
const STEADY: f64 = 0.3;
/// Over so many seconds: what is old is counted in coarse bins.
const STEADY_SECONDS: i64 = 30;

/// Calls are looked at over so many of the newest seconds, and must have been made by this share of requests before.
const CALL_SECONDS: [i64; 4] = [10, 20, 40, 60];
const LONGEST_CALLS: i64 = 60;
const LEAST_SHARE: f64 = 0.3;
const LEAST_USUAL_REQUESTS: u64 = 50;
/// So small a part of the calls that are usual, and they are gone.
const CALLS_GONE: f64 = 0.15;
/// What is usual may be a little less than what was seen.
const CAUTION: f64 = 0.8;
const CHANCE: f64 = 1e-6;

pub(super) fn silent(ledger: &Ledger, now: Timestamp, others: &[Entry]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for (&node, bins) in &ledger.entries {
        entries.extend(traffic_gone(ledger, node, bins, second(now)));
    }
    for (&(caller, operation), calls) in &ledger.calls {
        for (&callee, made) in &calls.by_target {
            entries.extend(calls_gone(ledger, (caller, callee, operation), calls, made, second(now)));
        }
    }
    // What fails or takes its time is why the rest is not called.
    let open = others.iter().filter(|other| other.until.is_none() && other.weight < Weight::Noise);
    let explained = |entry: &Entry| {
        open.clone().any(|other| {
            let mut about = std::iter::once(&entry.node).chain(entry.affected.iter());
            about.any(|node| *node == other.node || other.affected.contains(node))
        })
    };
    entries.retain(|entry| !explained(entry));
    // One entry a node: the clearest.
    entries.sort_by(|one, other| other.score.total_cmp(&one.score).then_with(|| one.node.cmp(&other.node)));
    let mut told = std::collections::HashSet::new();
    entries.retain(|entry| told.insert(entry.node.clone()));
    entries
}

/// Clients that came steadily and come no more.
fn traffic_gone(ledger: &Ledger, node: Id, bins: &Bins, now: Second) -> Option<Entry> {
    let begin = bins.iter().next()?.0.max(now - USUAL_SECONDS);
    // The newest seconds must not tell what is usual; how many these are depends on what is usual.
    let first_guess = bins.count(begin, now - SHORTEST) as f64 / (now - SHORTEST - begin).max(1) as f64;
    let window = ((EXPECTED / first_guess.max(1e-9)).ceil() as i64).clamp(SHORTEST, LONGEST);
    let usual_seconds = now - window - begin;
    if usual_seconds < LEAST_USUAL_SECONDS {
        return None;
    }
    let usual = bins.count(begin, now + 1 - window) as f64 / usual_seconds as f64;
    let expected = usual * window as f64;
    let came = bins.count(now + 1 - window, now + 1);
    if expected < EXPECTED * 0.75 || came as f64 > expected * GONE {
        return None;
    }
    let since = gone_since(bins, usual, now);
    // All windows before it ended, back to the first requests that are known of.
    let span = window.max(STEADY_SECONDS);
    let windows = (since - begin) / span;
    let lowest = (0..windows).map(|back| bins.count(since - (back + 1) * span, since - back * span)).min()?;
    let is_steady = windows * span >= LEAST_USUAL_SECONDS && lowest as f64 >= usual * span as f64 * STEADY;
    is_steady.then(|| Entry {
        failing: (usual * (now - since) as f64) as u64,
        requests: came,
        score: expected,
        ..blank(ledger, node, since)
    })
}

/// The end of the last seconds that were as usual.
fn gone_since(bins: &Bins, usual: f64, now: Second) -> Second {
    // So long that single stragglers do not look like the usual traffic.
    let step = (10.0 / usual.max(0.1)).ceil().clamp(3.0, 60.0) as i64;
    let mut at = now + 1;
    while at > now - USUAL_SECONDS && bins.count(at - step, at) as f64 <= usual * step as f64 * STEADY {
        at -= step;
    }
    let within =
        bins.iter().filter(|&(second, count)| count > 0 && second < at).map(|(second, _)| second).last();
    within.map_or(at, |last| last + 1)
}

/// A call that requests made and make no more, though they go well.
fn calls_gone(
    ledger: &Ledger,
    (caller, callee, operation): (Id, Id, Option<Id>),
    calls: &Calls,
    made: &Bins,
    now: Second,
) -> Option<Entry> {
    let (begin, recent) = (now - USUAL_SECONDS, now - LONGEST_CALLS);
    let before = calls.requests.count(begin, recent);
    let usual = made.count(begin, recent) as f64 / before.max(1) as f64;
    if before < LEAST_USUAL_REQUESTS || usual < LEAST_SHARE {
        return None;
    }
    let counted = |seconds: i64| {
        let since = (now + 1 - seconds).div_euclid(CALLS_STEP) * CALLS_STEP;
        let asked = calls.requests.count(since, now + 1);
        (since, asked, made.count(since, now + 1).min(asked))
    };
    let is_gone = |asked: u64, called: u64| called as f64 <= asked as f64 * usual * CALLS_GONE;
    // As few of the newest seconds as tell enough.
    let (_, asked, called) = CALL_SECONDS.into_iter().map(counted).find(|&(_, asked, called)| {
        is_gone(asked, called) && at_most(called, asked, usual * CAUTION) <= CHANCE
    })?;
    // It began where that explains best which calls were made and which were not.
    let rate = (called as f64 + 0.5) / (asked as f64 + 1.0);
    let usual_rate = usual.min(0.98);
    let gain = |&(_, asked, called): &(Second, u64, u64)| {
        let missing = (asked - called) as f64;
        called as f64 * (rate / usual_rate).ln() + missing * ((1.0 - rate) / (1.0 - usual_rate)).ln()
    };
    let windows = (1..=USUAL_SECONDS / CALLS_STEP).map(|steps| counted(steps * CALLS_STEP));
    let (since, ..) = windows.max_by(|one, other| gain(one).total_cmp(&gain(other)))?;
    let mut entry = blank(ledger, callee, since);
    entry.failing = asked - called;
    entry.requests = asked;
    entry.affected = ledger.nodes.get(caller).cloned().into_iter().collect();
    entry.operation = operation.and_then(|operation| ledger.texts.get(operation).cloned());
    entry.score = asked as f64 * usual;
    Some(entry)
}

fn blank(ledger: &Ledger, node: Id, since: Second) -> Entry {
    Entry {
        node: ledger.nodes.get(node).cloned().unwrap_or_else(|| model::NodeKey::client("")),
        node_kind: ledger.kinds.get(&node).copied().unwrap_or(NodeKind::Service),
        host: None,
        witness: None,
        what: What::Silent,
        weight: Weight::Degraded,
        since: Timestamp(since.saturating_mul(1_000_000)),
        until: None,
        failing: 0,
        requests: 0,
        clients: 0,
        all_requests: 0,
        users: 0,
        exceptions: Vec::new(),
        operation: None,
        affected: Vec::new(),
        example: None,
        episodes: Vec::new(),
        sparks: Vec::new(),
        slow: None,
        began_with: None,
        sentence: String::new(),
        score: 0.0,
    }
}
