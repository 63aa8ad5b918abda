//! Whether one kind of work takes longer than it did, by its own samples alone.

use model::{Coarse, Timestamp, TraceId};

use crate::now::chance::at_least;
use crate::now::ledger::second;
use crate::now::memory::HeldShift;
use crate::now::series::{
    LEAST_BEYOND, LEAST_MORE, LEAST_USUAL, Limit, Sample, Series, SeriesKey, TIMES_USUAL, Usual, micros,
    quantile,
};

/// A shift shows in samples of so many seconds.
pub(super) const RECENT_SECONDS: i64 = 30;
/// The newest sample of something that goes on is not older than this.
const STALE_SECONDS: i64 = 20;
const LEAST_SAMPLES: usize = 5;
/// So unlikely by chance. It is asked for each kind of work at each look.
pub(super) const CHANCE: f64 = 1e-7;
/// Where only the slowest tenth is slower, more of them are needed, and more time.
const LEAST_OF_TENTH: usize = 12;
const LEAST_MORE_OF_TENTH: f64 = 20_000.0;
const SLOW_SHARE: f64 = 0.15;
/// A median that some earlier minute came close to is usual, however rare.
const ABOVE_WORST: u8 = 3;
/// One kind of work that takes longer.
#[derive(Debug, Clone)]
pub(super) struct Shift {
    pub(super) key: SeriesKey,
    pub(super) held: HeldShift,
    pub(super) median: Coarse,
    pub(super) p90: Coarse,
    /// Samples above what nearly all usually take, and all.
    pub(super) slow: u64,
    pub(super) samples: u64,
    /// Microseconds that are lost in each second.
    pub(super) cost: f64,
    pub(super) example: Option<TraceId>,
}

/// Where the newest samples are slower than those before, from the sample on from which that is clearest.
pub(super) fn shift(key: SeriesKey, series: &Series, now: Timestamp) -> Option<Shift> {
    let recent = second(now) - RECENT_SECONDS;
    if !series.is_since(second(now) - STALE_SECONDS) || !series.may_be_slow_since(recent) {
        return None;
    }
    let earliest = series.before(recent);
    if series.newest.len() - earliest < LEAST_SAMPLES {
        return None;
    }
    let usual = series.usual(earliest);
    if usual.total < LEAST_USUAL || !may_be_much(series, earliest, &usual) {
        return None;
    }
    let samples: Vec<Sample> = series.newest.iter().copied().collect();
    let (first, chance) = clearest(&samples, earliest, &usual)?;
    if chance > CHANCE || !is_much(&samples[first..], &usual) {
        return None;
    }
    Some(since(key, series, &samples, first, &usual, now))
}

/// The shift that the samples from this one on are.
pub(super) fn since(
    key: SeriesKey,
    series: &Series,
    samples: &[Sample],
    first: usize,
    usual: &Usual,
    now: Timestamp,
) -> Shift {
    let recent = &samples[first..];
    let held = HeldShift {
        since: began(samples, first, usual),
        usual_median: usual.median(),
        usual_p90: usual.p90(),
        usual_mean: usual.mean,
        limit: usual.limit().time,
        share: 0.0,
    };
    let found = measured(key, series, recent, held, now);
    // Up to the last slow one: what went well since then may be its end.
    let until = recent.iter().rposition(|sample| sample.time() > held.limit).map_or(1, |last| last + 1);
    let share = found.slow as f64 / until as f64;
    Shift { held: HeldShift { share, ..found.held }, ..found }
}

/// What the samples since it began say.
pub(super) fn measured(
    key: SeriesKey,
    series: &Series,
    recent: &[Sample],
    held: HeldShift,
    now: Timestamp,
) -> Shift {
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
    for limit in usual.near {
        let highest = most_above(usual, limit);
        let mut slow = 0;
        for (count, first) in (earliest..samples.len()).rev().enumerate() {
            slow += u64::from(samples[first].time() > limit.time);
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

/// No larger share of the samples is usually above the limit, as far as so many can say.
pub(super) fn most_above(usual: &Usual, limit: Limit) -> f64 {
    let above = f64::from(limit.above);
    ((above + 2.0 * (above + 1.0).sqrt() + 1.0) / f64::from(usual.total + 5)).min(0.9)
}

/// What [`is_much`] needs at the least, whichever of the samples it is asked of: two that took so much longer than the median.
/// Where nothing is slow it is seldom so, and nothing else has to be asked.
pub(super) fn may_be_much(series: &Series, first: usize, usual: &Usual) -> bool {
    let limit = usual.far_beyond();
    series
        .newest
        .range(first..)
        .filter(|sample| micros(sample.time()) >= limit)
        .nth(LEAST_BEYOND - 1)
        .is_some()
}

/// Nobody minds what is less.
pub(super) fn is_much(recent: &[Sample], usual: &Usual) -> bool {
    let more = |share: f64, before: Coarse| {
        let (before, now) = (micros(before), micros(quantile(recent, share)));
        (now / before.max(1.0), now - before)
    };
    let (times, micros_more) = more(0.5, usual.median());
    let above_worst =
        usual.worst_median.is_none_or(|worst| quantile(recent, 0.5).0 >= worst.0.saturating_add(ABOVE_WORST));
    if times >= TIMES_USUAL && micros_more >= LEAST_MORE && above_worst {
        return true;
    }
    let (times, micros_more) = more(0.9, usual.p90());
    let limit = usual.limit().time;
    let slow = recent.iter().filter(|sample| sample.time() > limit).count() as f64;
    recent.len() >= LEAST_OF_TENTH
        && times >= TIMES_USUAL
        && micros_more >= LEAST_MORE_OF_TENTH
        && slow >= recent.len() as f64 * SLOW_SHARE
}

/// When the first of the slow samples began. That may be before the clearest ones, as long as about as many of those
/// before were slow.
fn began(samples: &[Sample], first: usize, usual: &Usual) -> Timestamp {
    let limit = usual.limit().time;
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
