//! How often something usually fails, by the last day: what is expected, and the most that is still usual.

/// One of the bins of five minutes that the day has.
pub const BIN_MINUTES: i64 = 5;
/// Bins of a day.
const DAY: i64 = 24 * 60 / BIN_MINUTES;
/// Yesterday's bins around the same time: ten minutes to both sides.
const AROUND: i64 = 2;
/// Bins that are looked back at, those around yesterday's same time included.
pub(super) const KEPT: i64 = DAY + AROUND + 1;
/// A rate of few requests is pulled towards that of the day, as if so many more had come.
const PRIOR: f64 = 50.0;
/// Below so many requests in a bin its rate is mostly chance, so the highest of a day is not taken for usual.
const BUSY: f64 = 1_000.0;
const QUANTILE: f64 = 0.975;
const TIMES_SEASON: f64 = 1.25;
const TIMES_MEAN: f64 = 1.5;
const LEAST: f64 = 0.002;
/// What fails as a whole at the same time every day is an outage every day, and never usual.
const MOST_SEASON: f64 = 0.2;
/// With less than an hour nothing below this is unusual, and with less than that nothing is known.
const HOUR: usize = 12;
const LEAST_OF_HOUR: f64 = 0.05;
const LEAST_BINS: usize = 3;
const LEAST_REQUESTS: u64 = 100;
/// Left with fewer bins than these, those of insights count as well.
const LEAST_LEFT: usize = 24;
/// Of an insight that was longer, yesterday's same time tells nothing.
const LONG_BINS: i64 = 8;

/// Five minutes, by their number since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bin {
    pub at: i64,
    pub requests: u64,
    pub failing: u64,
}

/// Bins in which something was known to be wrong: from the first to the last.
pub type Apart = (i64, i64);

/// What a day says of a share that fails.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usual {
    /// What is expected.
    pub expected: f64,
    /// The most that is usual.
    pub highest: f64,
    /// A day's worth is 288.
    pub bins: usize,
}

impl Usual {
    /// Of the finished bins before `now`, without the newest of them.
    pub fn of(bins: &[Bin], now: i64) -> Option<Self> {
        Self::without(bins, now, &[])
    }

    pub(super) fn without(bins: &[Bin], now: i64, apart: &[Apart]) -> Option<Self> {
        let is_day = |bin: &&Bin| (now - DAY..now - 1).contains(&bin.at) && bin.requests > 0;
        let day: Vec<Bin> = bins.iter().filter(is_day).copied().collect();
        let is_apart = |bin: &Bin| apart.iter().any(|&(first, last)| (first..=last).contains(&bin.at));
        let free: Vec<Bin> = day.iter().filter(|bin| !is_apart(bin)).copied().collect();
        let counted = if free.len() < LEAST_LEFT.min(day.len()) { &day } else { &free };
        let requests: u64 = counted.iter().map(|bin| bin.requests).sum();
        let failing: u64 = counted.iter().map(|bin| bin.failing).sum();
        if counted.len() < LEAST_BINS || requests < LEAST_REQUESTS {
            return None;
        }
        let mean = (failing as f64 + 0.5) / (requests as f64 + 1.0);
        let rate = |bin: &Bin| (bin.failing as f64 + PRIOR * mean) / (bin.requests as f64 + PRIOR);
        let mut rates: Vec<f64> = counted.iter().map(rate).collect();
        rates.sort_by(f64::total_cmp);
        let is_busy = requests as f64 / counted.len() as f64 >= BUSY;
        let place =
            if is_busy { rates.len() - 1 } else { ((rates.len() - 1) as f64 * QUANTILE).ceil() as usize };
        let season = season(bins, now, apart, &rate);
        let highest = rates[place].max(TIMES_SEASON * season).max(TIMES_MEAN * mean).max(LEAST);
        let highest = if day.len() < HOUR { highest.max(LEAST_OF_HOUR) } else { highest };
        Some(Self { expected: mean.max(season), highest: highest.min(1.0), bins: day.len() })
    }

    /// Whether enough is known to say of something that it is usual.
    pub fn is_known(&self) -> bool {
        self.bins >= HOUR
    }

    /// What fails less often than this is no excess, however sure it is.
    pub fn least_excess(&self) -> f64 {
        (self.expected + self.expected.max(0.01)).max(1.5 * self.highest)
    }
}

/// The highest rate around yesterday's same time. An insight that was short then was perhaps the job of every night.
fn season(bins: &[Bin], now: i64, apart: &[Apart], rate: &impl Fn(&Bin) -> f64) -> f64 {
    let same_time = now - DAY - AROUND..=now - DAY + AROUND;
    let is_of_long = |bin: &Bin| {
        let mut long = apart.iter().filter(|(first, last)| last - first >= LONG_BINS);
        long.any(|&(first, last)| (first..=last).contains(&bin.at))
    };
    let around = bins.iter().filter(|bin| same_time.contains(&bin.at) && bin.requests > 0);
    around.filter(|bin| !is_of_long(bin)).map(rate).fold(0.0, f64::max).min(MOST_SEASON)
}
