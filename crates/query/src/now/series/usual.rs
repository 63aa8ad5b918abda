//! How long one kind of work usually takes: samples are counted by their times, and what is asked for is read from the counts.

use model::Coarse;

use super::{LEAST_MORE, LEAST_USUAL, TIMES_USUAL, micros};

/// The quantiles above which samples are counted.
const LIMITS: [f64; 3] = [0.5, 0.9, 0.98];
/// Far beyond what is usual, in eighths of a doubling above the median: 16, 64 and 256 times.
pub(in crate::now) const FAR: [u8; 3] = [32, 48, 64];
/// Fewer have no median to speak of.
const LEAST_OF_MEDIAN: u32 = 5;
/// A minute whose quantiles are so many eighths of a doubling above the usual ones was slow: 1.5 times.
const SLOWER_STEPS: u8 = 5;

/// How long things took before they were looked at.
#[derive(Debug, Clone, Copy)]
pub(in crate::now) struct Usual {
    pub(in crate::now) total: u32,
    /// By [`LIMITS`].
    pub(in crate::now) near: [Limit; LIMITS.len()],
    /// By [`FAR`].
    pub(in crate::now) far: [Limit; FAR.len()],
    /// Microseconds.
    pub(in crate::now) mean: f64,
    /// The highest median of a minute, but for one in ten.
    pub(in crate::now) worst_median: Option<Coarse>,
}

/// A time, and how many took longer.
#[derive(Debug, Clone, Copy)]
pub(in crate::now) struct Limit {
    pub(in crate::now) time: Coarse,
    pub(in crate::now) above: u32,
}

impl Usual {
    pub(in crate::now) fn median(&self) -> Coarse {
        self.near[0].time
    }

    pub(in crate::now) fn p90(&self) -> Coarse {
        self.near[1].time
    }

    /// What is less is not so much longer than the median that anybody minds.
    pub(in crate::now) fn far_beyond(&self) -> f64 {
        let before = micros(self.median());
        (TIMES_USUAL * before.max(1.0)).max(before + LEAST_MORE)
    }

    /// Nearly all took no longer.
    pub(in crate::now) fn limit(&self) -> Limit {
        self.near[2]
    }
}

/// Samples by their time.
pub(super) struct Sum {
    counts: [u32; 256],
    total: u32,
    /// The medians of minutes.
    medians: Vec<Coarse>,
}

impl Default for Sum {
    fn default() -> Self {
        Self { counts: [0; 256], total: 0, medians: Vec::new() }
    }
}

impl Sum {
    /// Adds what a minute had, unless it was slow itself, so that it must not become what is usual.
    pub(super) fn add_unless_slower(&mut self, times: &[(Coarse, u16)]) {
        if !self.is_slower(times) {
            self.add(times);
        }
    }

    fn is_slower(&self, times: &[(Coarse, u16)]) -> bool {
        let total: u32 = times.iter().map(|&(_, count)| u32::from(count)).sum();
        if self.total < LEAST_USUAL || total < LEAST_OF_MEDIAN {
            return false;
        }
        let is_above = |share: f64| {
            let limit = self.quantile(share).0.saturating_add(SLOWER_STEPS);
            let above: u32 =
                times.iter().filter(|(time, _)| time.0 >= limit).map(|&(_, count)| u32::from(count)).sum();
            f64::from(above) >= f64::from(total) * (1.0 - share).max(0.2)
        };
        is_above(0.5) || is_above(0.9)
    }

    fn add(&mut self, times: &[(Coarse, u16)]) {
        let total: u32 = times.iter().map(|&(_, count)| u32::from(count)).sum();
        let mut seen = 0;
        for &(time, count) in times {
            self.counts[usize::from(time.0)] += u32::from(count);
            let before = seen;
            seen += u32::from(count);
            if total >= LEAST_OF_MEDIAN && before * 2 < total && seen * 2 >= total {
                self.medians.push(time);
            }
        }
        self.total += total;
    }

    pub(super) fn usual(mut self) -> Usual {
        self.medians.sort_unstable();
        // How many took no longer than each time.
        let mut within = [0_u32; 256];
        let (mut seen, mut sum) = (0, 0.0);
        for (code, &count) in (0_u8..=255).zip(&self.counts) {
            seen += count;
            within[usize::from(code)] = seen;
            if count > 0 {
                sum += f64::from(count) * micros(Coarse(code));
            }
        }
        let limit = |time: Coarse| Limit { time, above: self.total - within[usize::from(time.0)] };
        let near = LIMITS.map(|share| limit(self.quantile(share)));
        let beyond = |steps: u8| Coarse(near[0].time.0.saturating_add(steps)).min(Coarse::MAX);
        let worst = self.medians.len().checked_sub(1 + self.medians.len() / 10);
        Usual {
            total: self.total,
            near,
            far: FAR.map(|steps| limit(beyond(steps))),
            mean: sum / f64::from(self.total.max(1)),
            worst_median: worst.map(|place| self.medians[place]),
        }
    }

    /// The least time that this share of all does not exceed.
    fn quantile(&self, share: f64) -> Coarse {
        let rank = (f64::from(self.total) * share).ceil().max(1.0) as u32;
        let mut seen = 0;
        let place = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        Coarse(u8::try_from(place.unwrap_or(0)).unwrap_or(u8::MAX))
    }
}
