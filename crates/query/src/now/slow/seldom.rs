//! What comes too seldom to be judged by itself: the evidence of all work around one node, taken together.
//!
//! A service that is asked ten times a minute has three samples where others have a hundred. Three that took hundreds of
//! times as long are evidence nevertheless, unless such times come by chance in this system; and where a service gets no
//! processor, or its network is slow, several kinds of work take longer at once, each of them a little suspicious.

use std::collections::{HashMap, HashSet};

use model::{Coarse, Timestamp};

use super::shift::{CHANCE, Shift, is_much, may_be_much, most_above, since};
use crate::now::chance::at_least;
use crate::now::ledger::{Ledger, second};
use crate::now::memory::Told;
use crate::now::name::Id;
use crate::now::series::{FAR, Sample, Series, SeriesKey, Subject, Usual};

/// Samples are looked at that are not older, and not more than so many.
const SELDOM_SECONDS: i64 = 90;
const MOST_SAMPLES: usize = 12;
/// The newest one of something that goes on is not older than this.
const STALE_SECONDS: i64 = 45;
const LEAST_SAMPLES: usize = 2;
const LEAST_USUAL: u32 = 10;
/// Of one node together: slow samples, and seconds between the first of them and the last. What stands still once makes all
/// that it meets slow, once.
const LEAST_SLOW: u64 = 3;
const LEAST_SPAN_SECONDS: i64 = 5;
/// No outlier is less likely than this, however few were seen.
const LEAST_OUTLIERS: f64 = 2e-4;
/// What is told of a kind of work is suspicious itself.
const SUSPICIOUS: f64 = 0.02;
/// The clearest of so many runs and limits, which are not independent, is so much likelier than one.
const TRIES: f64 = 10.0;

/// What has to be slow together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Around {
    /// The ways that lead to a node.
    Inward(Id),
    /// All that it does, and all ways from it and to it.
    All(Id),
}

/// A kind of work that may be slow.
struct Suspect<'l> {
    key: SeriesKey,
    series: &'l Series,
    samples: Vec<Sample>,
    usual: Usual,
    /// Where the slow ones begin.
    first: usize,
    slow: u64,
    chance: f64,
}

/// How often work anywhere takes so much longer than the median of its kind.
#[derive(Debug, Default, Clone, Copy)]
pub(in crate::now) struct Outliers {
    all: u64,
    far: [u64; FAR.len()],
}

#[derive(Default)]
struct Evidence {
    /// The sum of the logarithms of chances.
    ln_chance: f64,
    slow: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

/// Those that are slow together and were not found alone.
pub(super) fn seldom(
    ledger: &Ledger,
    known: &HashSet<SeriesKey>,
    now: Timestamp,
    told: &mut Told,
) -> Vec<Shift> {
    let outliers = match ledger.memory.outliers(now) {
        Some(outliers) => outliers,
        None => *told.outliers.insert(Outliers::of(ledger, now)),
    };
    let mut suspects = Vec::new();
    for (&key, series) in &ledger.series {
        if !may_be_slow(series, now) || known.contains(&key) {
            continue;
        }
        let Some(first) = earliest(series, now) else { continue };
        let usual = series.usual(first);
        if usual.total >= LEAST_USUAL && may_be_much(series, first, &usual) {
            let samples = series.newest.iter().copied().collect();
            suspects.push(Suspect { key, series, samples, usual, first, slow: 0, chance: 1.0 });
        }
    }
    let mut evidence: HashMap<Around, Evidence> = HashMap::new();
    suspects.retain_mut(|suspect| suspect.find(&outliers));
    if suspects.is_empty() {
        return Vec::new();
    }
    let mut kinds: HashMap<Around, u32> = HashMap::new();
    for (key, _) in ledger.series.iter().filter(|(_, series)| series.is_since(second(now) - SELDOM_SECONDS)) {
        for around in arounds(key.subject) {
            *kinds.entry(around).or_default() += 1;
        }
    }
    for suspect in &suspects {
        for around in arounds(suspect.key.subject) {
            evidence.entry(around).or_default().add(suspect);
        }
    }
    let is_clear = |around: &Around| {
        let kinds = kinds.get(around).copied().unwrap_or(1);
        evidence.get(around).is_some_and(|evidence| evidence.is_clear(kinds))
    };
    let told = suspects.iter().filter(|suspect| arounds(suspect.key.subject).iter().any(is_clear));
    told.map(|one| since(one.key, one.series, &one.samples, one.first, &one.usual, now)).collect()
}

/// Where those begin that are looked at, of what was asked for lately.
fn earliest(series: &Series, now: Timestamp) -> Option<usize> {
    let since = second(now) - SELDOM_SECONDS;
    let most = series.newest.len().saturating_sub(MOST_SAMPLES);
    series.is_since(since).then(|| series.before(since).max(most))
}

/// Most work takes less than what anybody minds.
fn may_be_slow(series: &Series, now: Timestamp) -> bool {
    series.is_since(second(now) - STALE_SECONDS) && series.may_be_slow_since(second(now) - SELDOM_SECONDS)
}

fn arounds(subject: Subject<Id>) -> Vec<Around> {
    match subject {
        Subject::Own(node) => vec![Around::All(node)],
        Subject::Way(from, to) => vec![Around::Inward(to), Around::All(from), Around::All(to)],
        Subject::Reply(from, to) => vec![Around::Inward(to), Around::All(from)],
    }
}

impl Suspect<'_> {
    /// The run of samples up to the newest that chance explains least.
    fn find(&mut self, outliers: &Outliers) -> bool {
        let from = self.first;
        for (limit, share) in outliers.limits(&self.usual) {
            let mut slow = 0;
            for (count, first) in (1..).zip((from..self.samples.len()).rev()) {
                slow += u64::from(self.samples[first].time() > limit);
                let chance = at_least(slow, count, share) * TRIES;
                if count >= LEAST_SAMPLES as u64 && chance < self.chance {
                    (self.first, self.slow, self.chance) = (first, slow, chance);
                }
            }
        }
        self.chance <= SUSPICIOUS && is_much(&self.samples[self.first..], &self.usual)
    }
}

impl Outliers {
    fn of(ledger: &Ledger, now: Timestamp) -> Self {
        let mut outliers = Self::default();
        for series in ledger.series.values() {
            let usual = earliest(series, now).map(|first| series.usual(first));
            if let Some(usual) = usual.filter(|usual| usual.total >= LEAST_USUAL) {
                outliers.add(&usual);
            }
        }
        outliers
    }

    fn add(&mut self, usual: &Usual) {
        self.all += u64::from(usual.total);
        for (count, far) in self.far.iter_mut().zip(usual.far) {
            *count += u64::from(far.above);
        }
    }

    /// Limits with the share of samples that is above them, at the most.
    fn limits(&self, usual: &Usual) -> Vec<(Coarse, f64)> {
        let near = usual.near.map(|limit| (limit.time, most_above(usual, limit)));
        let far = usual.far.into_iter().zip(self.far).map(|(limit, count)| {
            // Few samples know nothing of outliers, so those of the whole system speak for them.
            let anywhere = (2.0 * count as f64 / self.all.max(1) as f64).max(LEAST_OUTLIERS);
            let here = most_above(usual, limit);
            (limit.time, if limit.above == 0 { here.min(anywhere) } else { here })
        });
        near.into_iter().chain(far).collect()
    }
}

impl Evidence {
    fn add(&mut self, suspect: &Suspect<'_>) {
        self.ln_chance += suspect.chance.max(f64::MIN_POSITIVE).ln();
        self.slow += suspect.slow;
        let run = &suspect.samples[suspect.first..];
        let (first, last) = (run.first().map(|one| one.received()), run.last().map(|one| one.received()));
        self.first = self.first.min(first).or(self.first).or(first);
        self.last = self.last.max(last);
    }

    /// Whether so many kinds of work, of which some may be as usual, are hardly so slow by chance: Fisher's sum of the
    /// logarithms of independent chances.
    fn is_clear(&self, kinds: u32) -> bool {
        let span = self.first.zip(self.last).map_or(0.0, |(first, last)| first.until(last).as_seconds());
        if self.slow < LEAST_SLOW || span < LEAST_SPAN_SECONDS as f64 {
            return false;
        }
        let mut term = self.ln_chance.exp();
        let mut chance = term;
        for kind in 1..kinds.max(1) {
            term *= -self.ln_chance / f64::from(kind);
            chance += term;
        }
        chance <= CHANCE
    }
}
