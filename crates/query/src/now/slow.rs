//! Which work takes longer than it usually does, and who of those that it shows at is to be named.
//!
//! A caller that waits for a slow callee is not slow itself, since only its own time is looked at. What is left to decide
//! is whose fault a slow way is: that of the end at which all other ways are slow as well, else of the callee.

mod seldom;
mod shift;

use std::collections::{BTreeMap, HashMap, HashSet};

use model::{Micros, NodeKind, Timestamp};

pub(super) use self::seldom::Outliers;
use self::shift::{RECENT_SECONDS, Shift, measured};
use super::chance::at_most;
use super::entry::{Entry, Slow, Weight, What};
use super::failing::{dead_hosts, resolved};
use super::ledger::{Ledger, second};
use super::memory::{HeldShift, Told};
use super::name::Id;
use super::series::{Sample, Series, SeriesKey, Subject, micros};

/// What costs less than this share of what the worst one costs is its echo.
const LEAST_OF_WORST: f64 = 0.05;
/// One and the same trouble began within so many seconds.
const TOGETHER_SECONDS: i64 = 30;
/// A service's own time that began to grow no earlier, but for so many seconds, than what it waits for, which costs so many
/// times as much, is an echo too.
const AT_ONCE_SECONDS: i64 = 3;
const ECHO_TIMES: f64 = 2.0;
/// An end of slow ways is at fault where at least this share of its ways is slow, and there are two at the least.
const MOST_WAYS: f64 = 0.6;
/// Slow requests that take this share of all that a second has are more than a nuisance.
const OUTAGE_TIMES: f64 = 10.0;

/// What was told is over where so few are slow any more, or fewer, that chance explains it no better, if a little less were
/// slow than what was seen; but not at once.
const OVER_CHANCE: f64 = 1e-4;
const CAUTION: f64 = 0.7;
const LEAST_OVER_SECONDS: i64 = 10;

pub(super) fn slow(ledger: &Ledger, now: Timestamp, failing: &[Entry], told: &mut Told) -> Vec<Entry> {
    let alone = ledger.series.iter().filter_map(|(&key, series)| shift::shift(key, series, now));
    let mut shifts: Vec<Shift> = alone.collect();
    let keys = |shifts: &[Shift]| shifts.iter().map(|shift| shift.key).collect::<HashSet<SeriesKey>>();
    shifts.extend(seldom::seldom(ledger, &keys(&shifts), now, told));
    let known = keys(&shifts);
    let held = ledger.memory.shifts(now).filter(|(key, _)| !known.contains(key)).filter_map(|(key, held)| {
        let series = ledger.series.get(&key).filter(|series| goes_on(series, &held, now))?;
        let samples: Vec<Sample> = series.newest.iter().copied().collect();
        let since = samples.partition_point(|sample| sample.received() < held.since);
        Some(measured(key, series, samples.get(since..).filter(|since| !since.is_empty())?, held, now))
    });
    shifts.extend(held);
    if shifts.is_empty() {
        return Vec::new();
    }
    let dead = dead_hosts(ledger, now);
    let mut by_node: BTreeMap<Id, Vec<&Shift>> = BTreeMap::new();
    let blamed = blamed_ends(ledger, &shifts, now);
    for shift in &shifts {
        let node = match blamed.get(&shift.key.subject) {
            Some(&node) => node,
            None => shift.key.subject.callee(),
        };
        by_node.entry(resolved(ledger, &dead, (node, shift.key.operation))).or_default().push(shift);
    }
    let cost = |shifts: &[&Shift]| shifts.iter().map(|shift| shift.cost).sum::<f64>();
    let worst = by_node.values().map(|shifts| cost(shifts)).fold(0.0, f64::max);
    let named: Vec<(Id, Vec<&Shift>)> =
        by_node.into_iter().filter(|(_, shifts)| cost(shifts) >= worst * LEAST_OF_WORST).collect();
    let ids: Vec<(Id, f64, Timestamp)> =
        named.iter().map(|(node, shifts)| (*node, cost(shifts), since(shifts))).collect();
    let echoes = |node: Id, own: bool, cost: f64, since: Timestamp| {
        ids.iter().any(|&(other, more, began)| {
            let is_together = (since.0 - began.0).abs() <= TOGETHER_SECONDS * 1_000_000;
            // Who waits longer needs more threads and connections, and so takes longer itself, from then on.
            let is_later = since.0 >= began.0 - AT_ONCE_SECONDS * 1_000_000;
            let is_less = if own { is_later && more > cost * ECHO_TIMES } else { is_together && more > cost };
            other != node && is_less && ledger.reaches(node, other)
        })
    };
    let mut entries = Vec::new();
    for (node, shifts) in &named {
        let own = shifts.iter().any(|shift| matches!(shift.key.subject, Subject::Own(_)));
        if echoes(*node, own, cost(shifts), since(shifts)) {
            continue;
        }
        let entry = entry(ledger, *node, shifts, now);
        if let Some(entry) = entry.filter(|entry| !is_told(ledger, entry, failing)) {
            told.nodes.push((*node, What::Slow, entry.since));
            told.shifts.extend(shifts.iter().map(|shift| (shift.key, shift.held)));
            entries.push(entry);
        }
    }
    entries
}

/// Whether it may be as slow as it was when it was told: nobody saw enough of the contrary.
pub(super) fn goes_on(series: &Series, held: &HeldShift, now: Timestamp) -> bool {
    let mut slow = 0;
    for (count, sample) in (1..).zip(series.newest.iter().rev()) {
        if sample.received() < held.since {
            break;
        }
        slow += u64::from(sample.time() > held.limit);
        let is_long = second(now) - second(sample.received()) >= LEAST_OVER_SECONDS;
        if is_long && at_most(slow, count, held.share * CAUTION) <= OVER_CHANCE {
            return false;
        }
    }
    // Where nobody asks any more, nobody waits.
    !series.newest.is_empty()
}

fn since(shifts: &[&Shift]) -> Timestamp {
    shifts.iter().map(|shift| shift.held.since).min().unwrap_or(Timestamp::MAX)
}

/// Whether a failing entry tells of it already: it is the same node, or one that waits for it.
fn is_told(ledger: &Ledger, entry: &Entry, failing: &[Entry]) -> bool {
    let open = failing.iter().filter(|other| other.until.is_none() && other.weight < Weight::Noise);
    open.clone().any(|other| {
        let is_together = entry.since.0 >= other.since.0 - TOGETHER_SECONDS * 1_000_000;
        other.node == entry.node
            || is_together && (other.affected.contains(&entry.node) || ledger.calls(&entry.node, &other.node))
    })
}

/// The ends at which several slow ways meet, for each way that leads there: a node whose ways are nearly all slow is
/// behind a slow network itself.
fn blamed_ends(ledger: &Ledger, shifts: &[Shift], now: Timestamp) -> HashMap<Subject<Id>, Id> {
    let slow: HashSet<(Id, Id)> = shifts.iter().filter_map(|shift| way(shift.key.subject)).collect();
    let is_new = |series: &Series| series.is_since(second(now) - RECENT_SECONDS);
    let all: HashSet<(Id, Id)> = ledger
        .series
        .iter()
        .filter(|(_, series)| is_new(series))
        .filter_map(|(key, _)| way(key.subject))
        .collect();
    let ways_of = |ways: &HashSet<(Id, Id)>, end: Id| {
        let ends = ways.iter().filter(|&&(from, to)| from == end || to == end);
        ends.count() as f64
    };
    let mut blamed = HashMap::new();
    for &(from, to) in &slow {
        let share = |end: Id| ways_of(&slow, end) / ways_of(&all, end).max(1.0);
        let is_from = ways_of(&slow, from) >= 2.0 && share(from) >= MOST_WAYS && ways_of(&slow, to) < 2.0;
        if is_from {
            blamed.insert(Subject::Way(from, to), from);
        }
    }
    // What answers others as usual is not slow; who is slow itself hears its answers late.
    let slow_itself: HashSet<Id> = shifts.iter().filter_map(|shift| own(shift.key.subject)).collect();
    let replies =
        |of: &mut dyn Iterator<Item = Subject<Id>>| -> HashSet<(Id, Id)> { of.filter_map(reply).collect() };
    let slow_replies = replies(&mut shifts.iter().map(|shift| shift.key.subject));
    let all_replies =
        replies(&mut ledger.series.iter().filter(|(_, series)| is_new(series)).map(|(key, _)| key.subject));
    for &(from, to) in slow_replies.iter().filter(|(from, _)| slow_itself.contains(from)) {
        let callers =
            |replies: &HashSet<(Id, Id)>| replies.iter().filter(|(_, node)| *node == to).count() as f64;
        if callers(&slow_replies) < callers(&all_replies) * MOST_WAYS {
            blamed.insert(Subject::Reply(from, to), from);
        }
    }
    blamed
}

fn way(subject: Subject<Id>) -> Option<(Id, Id)> {
    match subject {
        Subject::Way(from, to) => Some((from, to)),
        Subject::Own(_) | Subject::Reply(..) => None,
    }
}

fn reply(subject: Subject<Id>) -> Option<(Id, Id)> {
    match subject {
        Subject::Reply(from, to) => Some((from, to)),
        Subject::Own(_) | Subject::Way(..) => None,
    }
}

fn own(subject: Subject<Id>) -> Option<Id> {
    match subject {
        Subject::Own(node) => Some(node),
        Subject::Way(..) | Subject::Reply(..) => None,
    }
}

fn entry(ledger: &Ledger, node: Id, shifts: &[&Shift], now: Timestamp) -> Option<Entry> {
    let key = |id: Id| ledger.nodes.get(id).cloned();
    let main = shifts.iter().max_by(|one, other| one.cost.total_cmp(&other.cost))?;
    let since = ledger.memory.since(node, What::Slow, now);
    let since = since.map_or(main.held.since, |told| told.min(main.held.since));
    let way = match main.key.subject {
        Subject::Way(from, to) => key(from).zip(key(to)),
        Subject::Own(_) | Subject::Reply(..) => None,
    };
    let from = main.key.subject.caller().and_then(key);
    let callers =
        shifts.iter().filter_map(|shift| shift.key.subject.caller()).filter(|&caller| caller != node);
    let mut affected: Vec<Id> = callers.collect();
    affected.sort_unstable();
    affected.dedup();
    let count = |of: fn(&Shift) -> u64| shifts.iter().map(|shift| of(shift)).sum::<u64>();
    let times = micros(main.median) / micros(main.held.usual_median).max(1.0);
    let cost: f64 = shifts.iter().map(|shift| shift.cost).sum();
    let all_requests = ledger.requests.count(second(since), second(now) + 1);
    Some(Entry {
        node: key(node)?,
        node_kind: ledger.kinds.get(&node).copied().unwrap_or(NodeKind::Service),
        host: None,
        witness: None,
        what: What::Slow,
        weight: Weight::Degraded,
        since,
        until: None,
        failing: count(|shift| shift.slow),
        requests: count(|shift| shift.samples),
        clients: 0,
        all_requests,
        users: 0,
        exceptions: Vec::new(),
        operation: main.key.operation.and_then(|operation| ledger.texts.get(operation).cloned()),
        affected: affected.into_iter().filter_map(key).collect(),
        groups: Vec::new(),
        example: main.example,
        episodes: Vec::new(),
        sparks: Vec::new(),
        began_with: None,
        slow: Some(Slow {
            from,
            way,
            usual_median: main.held.usual_median.micros(),
            median: main.median.micros(),
            usual_p90: main.held.usual_p90.micros(),
            p90: main.p90.micros(),
        }),
        sentence: String::new(),
        score: slow_score(cost, times),
        // Samples are forgotten after minutes.
        is_cut: true,
    })
}

/// Comparable with the evidence of failures: what takes much longer for many matters as much as what fails for some.
fn slow_score(cost: f64, times: f64) -> f64 {
    (cost / Micros::from_millis(1).0 as f64).sqrt() + times.min(OUTAGE_TIMES)
}
