//! Requests and calls that no longer come.

use model::{NodeKind, Timestamp};

use super::bins::{Bins, KEPT_SECONDS, Second};
use super::chance::at_most;
use super::entry::{Entry, Weight, What};
use super::ledger::{CALLS_STEP, Calls, Ledger, second};
use super::memory::{HeldSilence, Missing, Told};
use super::name::Id;

/// What came before the newest seconds, as far back as this, is usual.
pub(super) const USUAL_SECONDS: i64 = 600;
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
/// What was told is over when so large a part of the usual calls comes again, where so much is expected.
const BACK: f64 = 0.5;
/// The same of traffic: a weekend that begins, or a burst that ends, leaves a part of it, and nothing is gone.
const TRAFFIC_BACK: f64 = 0.25;
const LEAST_EXPECTED_CALLS: f64 = 10.0;
/// Gone for so long, and that is what is usual.
const LONGEST_SILENCE: i64 = 3_600;

pub(super) fn silent(ledger: &Ledger, now: Timestamp, others: &[Entry], told: &mut Told) -> Vec<Entry> {
    let at = second(now);
    let mut found: Vec<(Missing, HeldSilence, Entry)> = Vec::new();
    let held = |missing: Missing| {
        let held = ledger.memory.silence(missing, now)?;
        goes_on(ledger, missing, held, at).then_some(*held)
    };
    for (&node, bins) in &ledger.entries {
        let missing = Missing::Traffic(node);
        let gone = traffic_gone(bins, at);
        if let Some(gone) = earlier(gone, held(missing)) {
            found.push((missing, gone, traffic_entry(ledger, node, bins, gone, at)));
        }
    }
    for (&(caller, operation), calls) in &ledger.calls {
        for (&callee, made) in &calls.by_target {
            let missing = Missing::Calls(caller, callee, operation);
            let gone = calls_gone(calls, made, at);
            if let Some(gone) = earlier(gone, held(missing)) {
                let entry = calls_entry(ledger, (caller, callee, operation), (calls, made), gone, at);
                found.push((missing, gone, entry));
            }
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
    found.retain(|(.., entry)| !explained(entry));
    told.silences.extend(found.iter().map(|&(missing, gone, _)| (missing, gone)));
    let mut entries: Vec<Entry> = found.into_iter().map(|(.., entry)| entry).collect();
    // One entry a node: the clearest.
    entries.sort_by(|one, other| other.score.total_cmp(&one.score).then_with(|| one.node.cmp(&other.node)));
    let mut named = std::collections::HashSet::new();
    entries.retain(|entry| named.insert(entry.node.clone()));
    entries
}

/// What was told before, where it was: what is usual was known better then.
fn earlier(found: Option<HeldSilence>, held: Option<HeldSilence>) -> Option<HeldSilence> {
    match (found, held) {
        (Some(found), Some(held)) => Some(HeldSilence { since: found.since.min(held.since), ..held }),
        (found, held) => found.or(held),
    }
}

/// Whether it is still gone.
pub(super) fn goes_on(ledger: &Ledger, missing: Missing, held: &HeldSilence, now: Second) -> bool {
    let is_back = match missing {
        Missing::Traffic(node) => {
            let Some(bins) = ledger.entries.get(&node) else { return false };
            let window = window(held.usual);
            bins.count(now + 1 - window, now + 1) as f64 >= held.usual * window as f64 * TRAFFIC_BACK
        }
        Missing::Calls(caller, callee, operation) => {
            let Some(calls) = ledger.calls.get(&(caller, operation)) else { return false };
            let Some(made) = calls.by_target.get(&callee) else { return false };
            let mut counted = CALL_SECONDS.into_iter().map(|seconds| counted(calls, made, seconds, now));
            counted
                .find(|&(_, asked, _)| asked as f64 * held.usual >= LEAST_EXPECTED_CALLS)
                .is_some_and(|(_, asked, called)| called as f64 >= asked as f64 * held.usual * BACK)
        }
    };
    !is_back && now - held.since < LONGEST_SILENCE
}

/// As many seconds as usually bring enough requests.
fn window(usual: f64) -> i64 {
    ((EXPECTED / usual.max(1e-9)).ceil() as i64).clamp(SHORTEST, LONGEST)
}

/// Clients that came steadily and come no more.
fn traffic_gone(bins: &Bins, now: Second) -> Option<HeldSilence> {
    let begin = bins.iter().next()?.0.max(now - USUAL_SECONDS);
    // The newest seconds must not tell what is usual; how many these are depends on what is usual.
    let first_guess = bins.count(begin, now - SHORTEST) as f64 / (now - SHORTEST - begin).max(1) as f64;
    let window = window(first_guess);
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
    // All windows before it ended, back to the first requests that are known of: after a burst it is as it was before.
    let begin = bins.iter().next()?.0.max(now - KEPT_SECONDS);
    let span = window.max(STEADY_SECONDS);
    let windows = (since - begin) / span;
    let lowest = (0..windows).map(|back| bins.count(since - (back + 1) * span, since - back * span)).min()?;
    let is_steady = windows * span >= LEAST_USUAL_SECONDS && lowest as f64 >= usual * span as f64 * STEADY;
    is_steady.then_some(HeldSilence { since, usual })
}

fn traffic_entry(ledger: &Ledger, node: Id, bins: &Bins, gone: HeldSilence, now: Second) -> Entry {
    let expected = (gone.usual * (now - gone.since) as f64) as u64;
    let came = bins.count(gone.since, now + 1);
    Entry {
        failing: expected.saturating_sub(came),
        requests: came,
        score: gone.usual * window(gone.usual) as f64,
        ..blank(ledger, node, gone.since)
    }
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
fn calls_gone(calls: &Calls, made: &Bins, now: Second) -> Option<HeldSilence> {
    let counted = |seconds: i64| counted(calls, made, seconds, now);
    // A request makes a call once at most, so it is gone nowhere where more of the newest ones made it. That is so of nearly
    // all calls, and needs no look at the long time before; and mostly what the shortest window has is enough for all.
    let [shortest, .., longest] = CALL_SECONDS;
    let (of_shortest, of_longest) =
        (counted(shortest).2, calls.requests.count(now + 1 - longest - CALLS_STEP, now + 1));
    let is_made = |called: u64, asked: u64| called as f64 > asked as f64 * CALLS_GONE;
    if of_longest == 0
        || is_made(of_shortest, of_longest)
        || CALL_SECONDS.into_iter().map(counted).all(|(_, asked, called)| is_made(called, asked))
    {
        return None;
    }
    let (begin, recent) = (now - USUAL_SECONDS, now - LONGEST_CALLS);
    let before = calls.requests.count(begin, recent);
    let usual = made.count(begin, recent) as f64 / before.max(1) as f64;
    if before < LEAST_USUAL_REQUESTS || usual < LEAST_SHARE {
        return None;
    }
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
    Some(HeldSilence { since, usual })
}

/// The beginning of the newest seconds, how often the caller was asked since then, and how often it made the call.
fn counted(calls: &Calls, made: &Bins, seconds: i64, now: Second) -> (Second, u64, u64) {
    let since = (now + 1 - seconds).div_euclid(CALLS_STEP) * CALLS_STEP;
    let asked = calls.requests.count(since, now + 1);
    (since, asked, made.count(since, now + 1).min(asked))
}

fn calls_entry(
    ledger: &Ledger,
    (caller, callee, operation): (Id, Id, Option<Id>),
    (calls, made): (&Calls, &Bins),
    gone: HeldSilence,
    now: Second,
) -> Entry {
    let (_, asked, called) = counted(calls, made, (now - gone.since).clamp(SHORTEST, USUAL_SECONDS), now);
    Entry {
        failing: asked - called,
        requests: asked,
        affected: ledger.nodes.get(caller).cloned().into_iter().collect(),
        operation: operation.and_then(|operation| ledger.texts.get(operation).cloned()),
        score: asked as f64 * gone.usual,
        ..blank(ledger, callee, gone.since)
    }
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
        groups: Vec::new(),
        example: None,
        episodes: Vec::new(),
        sparks: Vec::new(),
        slow: None,
        began_with: None,
        sentence: String::new(),
        score: 0.0,
        is_cut: true,
    }
}
