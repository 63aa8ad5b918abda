//! Bins for pictures of many traces: response times on a logarithmic axis, and instants in round steps.
//!
//! The edges of response times are round decimals (1, 1.12, 1.25, 1.4, ... of every power of ten: the preferred numbers
//! R20), so that a filter expression can say them exactly.

use model::{Micros, TimeRange, Timestamp};

/// Twenty to a decade, in hundredths.
const R20: [u64; 20] =
    [100, 112, 125, 140, 160, 180, 200, 224, 250, 280, 315, 355, 400, 450, 500, 560, 630, 710, 800, 900];
/// The lowest edge above zero, in microseconds; what is shorter is in the first bin.
const LEAST: u64 = 100;
/// Up to some 28 hours; what is longer is in the last bin.
const DECADES: usize = 9;
/// Of response times, the one below `LEAST` included.
pub const BINS: usize = DECADES * R20.len() + 1;

/// The steps of time that people read, in seconds.
const STEPS: [u64; 17] =
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200];

/// The lower edge of a bin; the upper edge is that of the next.
pub fn edge(bin: usize) -> Micros {
    match bin.checked_sub(1) {
        None => Micros(0),
        Some(place) => {
            let decade = 10_u64.pow(u32::try_from(place / R20.len()).unwrap_or(u32::MAX).min(16));
            Micros(LEAST / 100 * R20[place % R20.len()] * decade)
        }
    }
}

/// The bin that holds the response time: its lower edge is the last that is not above it.
pub fn bin_of(time: Micros) -> usize {
    let (mut low, mut high) = (0, BINS);
    while high - low > 1 {
        let middle = usize::midpoint(low, high);
        if edge(middle) <= time { low = middle } else { high = middle }
    }
    low
}

/// The columns of a picture: whole steps since the epoch, at most as many as asked and one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Columns {
    /// Where the first begins, at or before the range.
    pub start: Timestamp,
    pub step: Micros,
    pub count: usize,
}

impl Columns {
    pub fn of(range: TimeRange, at_most: u64) -> Self {
        let length = range.length().0.max(1);
        let fits = |step: &&u64| length.div_ceil(**step * 1_000_000) <= at_most;
        let days = length.div_ceil(86_400_000_000).div_ceil(at_most.max(1));
        let step = STEPS.iter().find(fits).map_or(days * 86_400_000_000, |step| step * 1_000_000);
        let signed = i64::try_from(step).unwrap_or(i64::MAX);
        let start = range.start.0.div_euclid(signed) * signed;
        let count = range.end.0.abs_diff(start).div_ceil(step).max(1);
        Self { start: Timestamp(start), step: Micros(step), count: usize::try_from(count).unwrap_or(1) }
    }

    /// The column that holds the instant; the first or the last where it lies outside.
    pub fn place(&self, at: Timestamp) -> usize {
        let after = u64::try_from(at.0.saturating_sub(self.start.0)).unwrap_or(0);
        usize::try_from(after / self.step.0).unwrap_or(usize::MAX).min(self.count - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_rise_and_every_time_is_in_its_bin() {
        assert!((1..BINS).all(|bin| edge(bin - 1) < edge(bin)));
        for bin in 1..BINS {
            assert_eq!(bin_of(edge(bin)), bin);
            assert_eq!(bin_of(Micros(edge(bin).0 - 1)), bin - 1);
        }
        assert_eq!((bin_of(Micros(0)), bin_of(Micros(u64::MAX))), (0, BINS - 1));
    }

    #[test]
    fn edges_are_round() {
        let edges: Vec<u64> = [1, 2, 20, 21, 61, 81].map(|bin| edge(bin).0).to_vec();
        assert_eq!(edges, [100, 112, 900, 1_000, 100_000, 1_000_000]);
    }

    fn check(from: i64, to: i64, expected: (i64, u64, usize)) {
        let range = TimeRange::new(Timestamp(from * 1_000_000), Timestamp(to * 1_000_000));
        let columns = Columns::of(range, 100);
        let found = (columns.start.0 / 1_000_000, columns.step.0 / 1_000_000, columns.count);
        assert_eq!(found, expected);
        assert_eq!(columns.place(range.start), 0);
        assert_eq!(columns.place(Timestamp(range.end.0 - 1)), columns.count - 1);
        assert_eq!(
            (columns.place(Timestamp(i64::MIN)), columns.place(Timestamp(i64::MAX))),
            (0, columns.count - 1)
        );
    }

    #[test]
    fn columns_are_whole_steps_that_cover_the_range() {
        check(1_000, 1_060, (1_000, 1, 60));
        check(1_001, 2_801, (990, 30, 61));
        check(7, 31 * 86_400 + 7, (0, 43_200, 63));
        check(-50, 50, (-50, 1, 100));
    }
}
