//! Which work takes longer than it usually does, and who of those that it shows at is to be named.
//!
//! A caller that waits for a slow callee is not slow itself, since only its own time is looked at. What is left to decide
//! is whose fault a slow way is: that of the end at which all other ways are slow as well, else of the callee.

use std::collections::{BTreeMap, HashMap, HashSet};

use model::{Coarse, Micros, NodeKind, Timestamp, TraceId};

use super::chance::{at_least, at_most};
use super::entry::{Entry, Slow, Weight, What};
use super::failing::{dead_hosts, resolved};
use super::ledger::{Ledger, second};
use super::memory::{HeldShift, Told};
use super::name::Id;
use super::series::{LEAST_USUAL, Sample, Series, SeriesKey, Subject, Usual, micros, quantile};

/// A shift shows in samples of so many seconds.
const RECENT_SECONDS: i64 = 30;
/// The newest sample of something that goes on is not older than this.
const STALE_SECONDS: i64 = 20;
const LEAST_SAMPLES: usize = 5;
/// So unlikely by chance. It is asked for each kind of work at each look.
const CHANCE: f64 = 1e-7;
/// The quantiles above which samples are counted.
const LIMITS: [f64; 3] = [0.5, 0.9, 0.98];
/// At least so many times the usual, and so much more.
const TIMES_USUAL: f64 = 2.0;
const LEAST_MORE: f64 = 6_000.0;
/// Where only the slowest tenth is slower, more of them are needed, and more time.
const LEAST_OF_TENTH: usize = 12;
const LEAST_MORE_OF_TENTH: f64 = 20_000.0;
const SLOW_SHARE: f64 = 0.15;
/// A median that some earlier minute came close to is usual, however rare.
const ABOVE_WORST: u8 = 3;
/// What costs less than this share of what the worst one costs is its echo.
const LEAST_OF_WORST: f64 = 0.05;
/// One and the same trouble began within so many seconds.
const TOGETHER_SECONDS: i64 = 30;
/// An end of slow ways is at fault where at least this share of its ways is slow, and there are two at the least.
const MOST_WAYS: f64 = 0.6;
/// Slow requests that take this share of all that a second has are more than a nuisance.
const OUTAGE_TIMES: f64 = 10.0;

/// What was told is over where so few are slow any more, or fewer, that chance explains it no better, if a little less were
/// slow than what was seen; but not at once.
const OVER_CHANCE: f64 = 1e-4;
const CAUTION: f64 = 0.7;
const LEAST_OVER_SECONDS: i64 = 10;

/// One kind of work that takes longer.
#[derive(Debug, Clone)]
struct Shift {
    key: SeriesKey,
    held: HeldShift,
    median: Coarse,
    p90: Coarse,
    /// Samples above what nearly all usually take, and all.
    slow: u64,
    samples: u64,
    /// Microseconds that are lost in each second.
    cost: f64,
    example: Option<TraceId>,
}

pub(super) fn slow(ledger: &Ledger, now: Timestamp, failing: &[Entry], told: &mut Told) -> Vec<Entry> {
    let found = |(&key, series): (&SeriesKey, &Series)| {
        let held = ledger.memory.shift(&key, now);
        shift(key, series, now).or_else(|| {
            let held = *held.filter(|held| goes_on(series, held, now))?;
            let samples: Vec<Sample> = series.newest.iter().copied().collect();
            let since = samples.partition_point(|sample| sample.received() < held.since);
            Some(measured(key, series, samples.get(since..).filter(|since| !since.is_empty())?, held, now))
        })
    };
    let shifts: Vec<Shift> = ledger.series.iter().filter_map(found).collect();
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
            other != node && !own && is_together && more > cost && ledger.reaches(node, other)
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

/// Where the newest samples are slower than those before, from the sample on from which that is clearest.
fn shift(key: SeriesKey, series: &Series, now: Timestamp) -> Option<Shift> {
    let samples: Vec<Sample> = series.newest.iter().copied().collect();
    let newest = samples.last()?;
    let oldest = second(now) - RECENT_SECONDS;
    if second(newest.received()) < second(now) - STALE_SECONDS {
        return None;
    }
    let earliest = samples.partition_point(|sample| second(sample.received()) < oldest);
    if samples.len() - earliest < LEAST_SAMPLES {
        return None;
    }
    let usual = series.usual(earliest);
    if usual.total < LEAST_USUAL {
        return None;
    }
    let (first, chance) = clearest(&samples, earliest, &usual)?;
    let recent = &samples[first..];
    if chance > CHANCE || !is_much(recent, &usual) {
        return None;
    }
    let held = HeldShift {
        since: began(&samples, first, &usual),
        usual_median: usual.quantile(0.5),
        usual_p90: usual.quantile(0.9),
        usual_mean: usual.mean(),
        limit: usual.quantile(0.98),
        share: 0.0,
    };
    let found = measured(key, series, recent, held, now);
    // Up to the last slow one: what went well since then may be its end.
    let until = recent.iter().rposition(|sample| sample.time() > held.limit).map_or(1, |last| last + 1);
    let share = found.slow as f64 / until as f64;
    Some(Shift { held: HeldShift { share, ..found.held }, ..found })
}

/// What the samples since it began say.
fn measured(key: SeriesKey, series: &Series, recent: &[Sample], held: HeldShift, now: Timestamp) -> Shift {
    let slow = recent.iter().filter(|sample| sample.time() > held.limit).count() as u64;
    let seconds = (recent[0].received().until(now).as_seconds()).max(1.0);
    let mean = recent.iter().map(|sample| micros(sample.time())).sum::<f64>() / recent.len() as f64;
    Shift {
        key,
        held,
        median: quantile(recent, 0.5),
        p90: quantile(recent, 0.9),
        slow,
        samples: recent.len() as u64,
        cost: (mean - held.usual_mean).max(1.0) * recent.len() as f64 / seconds,
        example: series.example.map(|(_, trace)| trace),
    }
}

/// The first of the samples that chance explains least, and how well it does.
fn clearest(samples: &[Sample], earliest: usize, usual: &Usual) -> Option<(usize, f64)> {
    let mut best: Option<(usize, f64)> = None;
    for share in LIMITS {
        let limit = usual.quantile(share);
        let above = f64::from(usual.above(limit));
        let highest = ((above + 2.0 * (above + 1.0).sqrt() + 1.0) / f64::from(usual.total + 5)).min(0.9);
        let mut slow = 0;
        for (count, first) in (earliest..samples.len()).rev().enumerate() {
            slow += u64::from(samples[first].time() > limit);
            if count + 1 < LEAST_SAMPLES {
                continue;
            }
            let chance = at_least(slow, count as u64 + 1, highest);
            if best.is_none_or(|(_, least)| chance < least) {
                best = Some((first, chance));
            }
        }
    }
    best
}

/// Nobody minds what is less.
fn is_much(recent: &[Sample], usual: &Usual) -> bool {
    let more = |share: f64| {
        let (before, now) = (micros(usual.quantile(share)), micros(quantile(recent, share)));
        (now / before.max(1.0), now - before)
    };
    let (times, micros_more) = more(0.5);
    let above_worst = usual
        .worst_median()
        .is_none_or(|worst| quantile(recent, 0.5).0 >= worst.0.saturating_add(ABOVE_WORST));
    if times >= TIMES_USUAL && micros_more >= LEAST_MORE && above_worst {
        return true;
    }
    let (times, micros_more) = more(0.9);
    let limit = usual.quantile(0.98);
    let slow = recent.iter().filter(|sample| sample.time() > limit).count() as f64;
    recent.len() >= LEAST_OF_TENTH
        && times >= TIMES_USUAL
        && micros_more >= LEAST_MORE_OF_TENTH
        && slow >= recent.len() as f64 * SLOW_SHARE
}

/// When the first of the slow samples began. That may be before the clearest ones, as long as about as many of those
/// before were slow.
fn began(samples: &[Sample], first: usize, usual: &Usual) -> Timestamp {
    let limit = usual.quantile(0.98);
    let is_slow = |sample: &Sample| sample.time() > limit;
    let count = |samples: &[Sample]| samples.iter().filter(|sample| is_slow(sample)).count();
    let share = count(&samples[first..]) as f64 / (samples.len() - first) as f64;
    // So many that some of them must be slow if it had begun.
    let block = ((3.0 / share.max(0.05)).ceil() as usize).max(LEAST_SAMPLES);
    let mut from = first;
    let least = (share * block as f64 / 2.0).max(3.0);
    while from >= block && count(&samples[from - block..from]) as f64 >= least {
        from -= block;
    }
    let from = samples[from..].iter().position(is_slow).map_or(from, |skipped| from + skipped);
    samples[from].began()
}

/// The ends at which several slow ways meet, for each way that leads there: a node whose ways are nearly all slow is
/// behind a slow network itself.
fn blamed_ends(ledger: &Ledger, shifts: &[Shift], now: Timestamp) -> HashMap<Subject<Id>, Id> {
    let slow: HashSet<(Id, Id)> = shifts.iter().filter_map(|shift| way(shift.key.subject)).collect();
    let is_new = |series: &Series| {
        series.newest.back().is_some_and(|newest| second(newest.received()) >= second(now) - RECENT_SECONDS)
    };
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
    blamed
}

fn way(subject: Subject<Id>) -> Option<(Id, Id)> {
    match subject {
        Subject::Way(from, to) => Some((from, to)),
        Subject::Own(_) | Subject::Reply(..) => None,
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
