//! Counts by time of receipt: fine for what is new, coarse for what is old, and forgotten in the end.

use std::collections::VecDeque;

/// Seconds since the Unix epoch.
pub(super) type Second = i64;

/// What is older than this is forgotten: half an hour, and what an episode at its beginning is compared with.
pub(super) const KEPT_SECONDS: i64 = 40 * 60;
/// Seconds are kept apart for so long.
const FINE_SECONDS: i64 = 5 * 60;
/// What is older is kept in bins of so many seconds.
const COARSE: i64 = 10;

/// Sparse: nothing is kept of a time in which nothing was counted.
#[derive(Debug, Clone, Default)]
pub(super) struct Bins {
    /// By time, ascending. There are so many bins that four bytes of each second count; they last until 2106.
    bins: VecDeque<(u32, i32)>,
    /// Everything before here is in coarse bins.
    fine_since: Second,
}

impl Bins {
    pub(super) fn add(&mut self, at: Second, by: i32) {
        let at = short(if at < self.fine_since { coarse(at) } else { at });
        // Nearly always it is the newest, or a newer one.
        match self.bins.back_mut() {
            Some(last) if last.0 == at && last.1 + by != 0 => {
                last.1 += by;
                return;
            }
            Some(last) if last.0 < at => {
                self.bins.push_back((at, by));
                return;
            }
            _ => {}
        }
        match self.bins.binary_search_by_key(&at, |&(at, _)| at) {
            Ok(place) => {
                self.bins[place].1 += by;
                if self.bins[place].1 == 0 {
                    self.bins.remove(place);
                }
            }
            Err(place) => self.bins.insert(place, (at, by)),
        }
    }

    /// Makes old bins coarse and forgets the oldest.
    pub(super) fn age(&mut self, now: Second) {
        self.age_beyond(now, KEPT_SECONDS);
    }

    /// The same where nobody asks for what is older than so many seconds.
    pub(super) fn age_beyond(&mut self, now: Second, kept: Second) {
        let keep = short(now - kept);
        while self.bins.front().is_some_and(|&(at, _)| at < keep) {
            self.bins.pop_front();
        }
        let fine_since = coarse(now - FINE_SECONDS);
        // A move for each second would cost more than it frees.
        if fine_since < self.fine_since + 3 * COARSE {
            return;
        }
        self.fine_since = fine_since;
        let old = self.bins.partition_point(|&(at, _)| at < short(fine_since));
        let mut joined: VecDeque<(u32, i32)> = VecDeque::with_capacity(self.bins.len());
        for (at, count) in self.bins.drain(..old) {
            let at = short(coarse(at.into()));
            match joined.back_mut() {
                Some(last) if last.0 == at => last.1 += count,
                _ => joined.push_back((at, count)),
            }
        }
        joined.append(&mut self.bins);
        // Room for what comes until the next time, and no more.
        joined.shrink_to(joined.len() + 3 * COARSE as usize);
        self.bins = joined;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bins.is_empty()
    }

    /// How many from `since` on and before `until`.
    pub(super) fn count(&self, since: Second, until: Second) -> u64 {
        let (since, until) = (short(since), short(until));
        // Mostly the newest are asked for.
        let end = match self.bins.back() {
            Some(&(last, _)) if last >= until => self.bins.partition_point(|&(at, _)| at < until),
            _ => self.bins.len(),
        };
        let within = self.bins.range(..end).rev().take_while(|&&(at, _)| at >= since);
        u64::try_from(within.map(|&(_, count)| i64::from(count)).sum::<i64>()).unwrap_or(0)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Second, u64)> + '_ {
        self.bins.iter().map(|&(at, count)| (at.into(), u64::try_from(count).unwrap_or(0)))
    }
}

/// Bins added up once, for whoever asks them many times.
#[derive(Debug)]
pub(super) struct Sums {
    /// By time, ascending: how many there are before this second of all.
    before: Vec<(Second, i64)>,
    all: i64,
}

impl Sums {
    pub(super) fn of(bins: &[&Bins]) -> Self {
        let mut before: Vec<(Second, i64)> = bins
            .iter()
            .flat_map(|bins| bins.bins.iter().map(|&(at, count)| (at.into(), i64::from(count))))
            .collect();
        before.sort_unstable_by_key(|&(at, _)| at);
        let mut all = 0;
        for (_, count) in &mut before {
            let counted = *count;
            *count = all;
            all += counted;
        }
        Self { before, all }
    }

    /// The first second in which anything was counted.
    pub(super) fn begin(&self) -> Option<Second> {
        self.before.first().map(|&(at, _)| at)
    }

    /// How many from `since` on and before `until`.
    pub(super) fn count(&self, since: Second, until: Second) -> u64 {
        let count = self.before(until) - self.before(since.min(until));
        u64::try_from(count).unwrap_or(0)
    }

    fn before(&self, second: Second) -> i64 {
        let place = self.before.partition_point(|&(at, _)| at < second);
        self.before.get(place).map_or(self.all, |&(_, count)| count)
    }
}

fn short(at: Second) -> u32 {
    u32::try_from(at.max(0)).unwrap_or(u32::MAX)
}

fn coarse(at: Second) -> Second {
    at.div_euclid(COARSE) * COARSE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bins(counts: &[(Second, i32)]) -> Bins {
        let mut bins = Bins::default();
        counts.iter().for_each(|&(at, count)| bins.add(at, count));
        bins
    }

    #[test]
    fn a_range_begins_with_its_first_second_and_ends_before_its_last() {
        let bins = bins(&[(1_000, 2), (1_003, 4), (1_001, 8)]);
        assert_eq!(bins.count(1_000, 1_003), 10);
        assert_eq!(bins.count(1_001, 1_004), 12);
        assert_eq!(bins.count(1_004, 2_000), 0);
    }

    #[test]
    fn sums_count_what_their_bins_count() {
        let (one, other) = (bins(&[(1_000, 2), (1_003, 4), (1_009, 1)]), bins(&[(1_003, 1), (1_005, 8)]));
        let sums = Sums::of(&[&one, &other]);
        assert_eq!(sums.begin(), Some(1_000));
        for since in 998..1_012 {
            for until in 998..1_012 {
                let expected = one.count(since, until) + other.count(since, until);
                assert_eq!(sums.count(since, until), expected, "{since} to {until}");
            }
        }
        assert_eq!((Sums::of(&[]).begin(), Sums::of(&[]).count(0, 9)), (None, 0));
    }

    #[test]
    fn what_is_taken_back_leaves_nothing() {
        let mut bins = bins(&[(1_000, 2)]);
        bins.add(1_000, -2);
        assert!(bins.is_empty());
    }

    #[test]
    fn what_nobody_asks_for_is_forgotten_earlier() {
        let mut bins = bins(&[(1_000, 1), (1_500, 1), (2_000, 1)]);
        bins.age_beyond(2_100, 600);
        assert_eq!(bins.iter().collect::<Vec<_>>(), [(1_500, 1), (2_000, 1)]);
    }

    #[test]
    fn old_bins_are_coarse_and_the_oldest_are_gone() {
        let mut bins = bins(&[(1_000, 1), (1_009, 1), (1_010, 1), (1_500, 1), (1_501, 1)]);
        bins.age(1_501);
        assert_eq!(bins.iter().collect::<Vec<_>>(), [(1_000, 2), (1_010, 1), (1_500, 1), (1_501, 1)]);
        // Also what is taken back late.
        bins.add(1_004, -1);
        assert_eq!(bins.count(1_000, 1_010), 1);
        bins.age(1_000 + KEPT_SECONDS);
        assert_eq!(bins.iter().next(), Some((1_000, 1)));
        bins.age(1_001 + KEPT_SECONDS);
        assert_eq!(bins.iter().next(), Some((1_010, 1)));
    }
}
