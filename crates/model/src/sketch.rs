//! A distribution of durations that can be merged, taken apart again, and is exact while it is small.
//!
//! Service graphs are corrected when a late segment changes what a trace adds to them, so a sketch must
//! subtract; t-digests cannot. This one maps a value, cut to its leading bits, to a count. It begins
//! exact and loses bits only when it holds more than [`MAX_BUCKETS`] distinct values. Cutting to fewer
//! bits is the same whether done at once or in steps, so merging is associative and commutative (`SK-1`),
//! and subtracting what was added leaves what was there, at the coarser of the two precisions (`SK-2`).

use serde::{Deserialize, Serialize};

use crate::time::Micros;

/// More distinct values than this and the sketch halves its precision.
pub const MAX_BUCKETS: usize = 256;
/// All bits of a value: exact.
const EXACT: u8 = 64;
/// The precisions, in leading bits kept: relative error below 0.1 %, 0.8 %, 3.2 %, 12.5 %.
const COARSER: [u8; 4] = [10, 7, 5, 3];

/// Durations in microseconds with their counts. A count may be negative while a difference is on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sketch {
    bits: u8,
    /// Sorted by value; no count is zero.
    buckets: Vec<(u64, i64)>,
}

impl Default for Sketch {
    fn default() -> Self {
        Self { bits: EXACT, buckets: Vec::new() }
    }
}

impl Sketch {
    pub fn of(value: Micros) -> Self {
        Self { bits: EXACT, buckets: vec![(value.0, 1)] }
    }

    pub fn insert(&mut self, value: Micros) {
        self.insert_by(value, 1);
    }

    /// Puts a value in so many times; -1 takes it out once.
    pub fn insert_by(&mut self, value: Micros, by: i64) {
        self.shift(value.0, by);
        self.shrink();
    }

    pub fn merge(&mut self, other: &Self) {
        self.combine(other, 1);
    }

    pub fn subtract(&mut self, other: &Self) {
        self.combine(other, -1);
    }

    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    pub fn count(&self) -> i64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }

    /// Each value with its count, ascending. Values are the middles of their buckets.
    pub fn buckets(&self) -> impl Iterator<Item = (Micros, i64)> + '_ {
        self.buckets.iter().map(|&(key, count)| (Micros(middle(key, self.bits)), count))
    }

    /// The smallest value that at least the share `quantile` (0 to 1) of all values does not exceed.
    pub fn quantile(&self, quantile: f64) -> Option<Micros> {
        let total: i64 = self.buckets.iter().map(|&(_, count)| count.max(0)).sum();
        if total == 0 {
            return None;
        }
        let rank = (quantile.clamp(0.0, 1.0) * total as f64).ceil().max(1.0) as i64;
        let mut seen = 0;
        for &(key, count) in &self.buckets {
            seen += count.max(0);
            if seen >= rank {
                return Some(Micros(middle(key, self.bits)));
            }
        }
        None
    }

    /// How many leading bits of values are kept, and the bucket keys with their counts, ascending: for who writes
    /// sketches down.
    pub fn parts(&self) -> (u8, &[(u64, i64)]) {
        (self.bits, &self.buckets)
    }

    /// A sketch again from its [parts](Self::parts); `None` where no sketch has these.
    pub fn from_parts(bits: u8, buckets: Vec<(u64, i64)>) -> Option<Self> {
        let is_known = bits == EXACT || COARSER.contains(&bits);
        let is_sound = |&(key, count): &(u64, i64)| count != 0 && cut(key, bits) == key;
        let is_sorted = buckets.windows(2).all(|pair| pair[0].0 < pair[1].0);
        (is_known && is_sorted && buckets.iter().all(is_sound)).then_some(Self { bits, buckets })
    }

    /// The sum of sketches whose keys were added up one by one, whatever bits each had; the fewest of them are given. Keys
    /// may come in any order and more than once.
    pub fn from_sums(bits: u8, sums: impl IntoIterator<Item = (u64, i64)>) -> Option<Self> {
        let is_known = bits == EXACT || COARSER.contains(&bits);
        let mut sketch = Self { bits: EXACT, buckets: sums.into_iter().collect() };
        sketch.coarsen(bits);
        sketch.shrink();
        is_known.then_some(sketch)
    }

    /// The same with ten leading bits, or as it is where nothing is lost by that or it has fewer: for engines that add up
    /// keys by themselves and never forget one.
    pub fn to_ten_bits(&self) -> Self {
        const TEN: u8 = COARSER[0];
        let mut sketch = self.clone();
        if self.bits > TEN && self.buckets.iter().any(|&(key, _)| cut(key, TEN) != key) {
            sketch.coarsen(TEN);
        }
        sketch
    }

    fn combine(&mut self, other: &Self, sign: i64) {
        if other.bits < self.bits {
            self.coarsen(other.bits);
        }
        if other.buckets.len() <= 4 {
            for &(key, count) in &other.buckets {
                self.shift(key, sign * count);
            }
        } else {
            let theirs = other.buckets.iter().map(|&(key, count)| (cut(key, self.bits), sign * count));
            self.buckets = joined(&self.buckets, theirs);
        }
        self.shrink();
    }

    fn shift(&mut self, value: u64, by: i64) {
        let key = cut(value, self.bits);
        match self.buckets.binary_search_by_key(&key, |&(key, _)| key) {
            Ok(at) => {
                self.buckets[at].1 += by;
                if self.buckets[at].1 == 0 {
                    self.buckets.remove(at);
                }
            }
            Err(at) if by != 0 => self.buckets.insert(at, (key, by)),
            Err(_) => {}
        }
    }

    fn shrink(&mut self) {
        for bits in COARSER {
            if self.buckets.len() <= MAX_BUCKETS {
                return;
            }
            if bits < self.bits {
                self.coarsen(bits);
            }
        }
    }

    fn coarsen(&mut self, bits: u8) {
        self.bits = bits;
        for (key, _) in &mut self.buckets {
            *key = cut(*key, bits);
        }
        self.settle();
    }

    /// Sorts, joins equal keys and drops zero counts.
    fn settle(&mut self) {
        self.buckets.sort_unstable_by_key(|&(key, _)| key);
        self.buckets.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                kept.1 += later.1;
            }
            same
        });
        self.buckets.retain(|&(_, count)| count != 0);
    }
}

/// Both lists, which are sorted, as one; equal keys are added, and what comes to nothing is left out.
fn joined(ours: &[(u64, i64)], theirs: impl Iterator<Item = (u64, i64)>) -> Vec<(u64, i64)> {
    let mut both = Vec::with_capacity(ours.len() + theirs.size_hint().0);
    let mut ours = ours.iter().copied().peekable();
    // Theirs may have been cut, so that equal keys follow each other.
    for (key, count) in theirs {
        while let Some(before) = ours.next_if(|&(ours, _)| ours <= key) {
            add(&mut both, before);
        }
        add(&mut both, (key, count));
    }
    ours.for_each(|rest| add(&mut both, rest));
    if both.last().is_some_and(|&(_, count)| count == 0) {
        both.pop();
    }
    both
}

/// Puts a bucket behind those that are there, or on the last of them.
fn add(buckets: &mut Vec<(u64, i64)>, (key, count): (u64, i64)) {
    match buckets.last_mut() {
        Some(last) if last.0 == key => last.1 += count,
        Some(last) if last.1 == 0 => *last = (key, count),
        _ => buckets.push((key, count)),
    }
}

/// Keeps the `bits` leading bits of a value.
fn cut(value: u64, bits: u8) -> u64 {
    let dropped = dropped_bits(value, bits);
    value >> dropped << dropped
}

/// The middle of the bucket that begins at `key`.
fn middle(key: u64, bits: u8) -> u64 {
    match dropped_bits(key, bits) {
        0 => key,
        dropped => key | 1 << (dropped - 1),
    }
}

fn dropped_bits(value: u64, bits: u8) -> u32 {
    (u64::BITS - value.leading_zeros()).saturating_sub(u32::from(bits))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sketch(values: &[u64]) -> Sketch {
        let mut sketch = Sketch::default();
        for &value in values {
            sketch.insert(Micros(value));
        }
        sketch
    }

    #[test]
    fn few_values_are_kept_exactly() {
        let buckets: Vec<_> = sketch(&[730_000, 1_000_000, 730_000]).buckets().collect();
        assert_eq!(buckets, [(Micros(730_000), 2), (Micros(1_000_000), 1)]);
    }

    #[test]
    fn quantiles_of_many_values_stay_within_the_stated_error() {
        let all: Vec<u64> = (1..=100_000).collect();
        let sketch = sketch(&all);
        for quantile in [0.5, 0.9, 0.99] {
            let found = sketch.quantile(quantile).unwrap().0 as f64;
            let exact = quantile * 100_000.0;
            assert!((found - exact).abs() / exact < 0.032, "{quantile}: {found} for {exact}");
        }
        assert_eq!(sketch.count(), 100_000);
    }

    proptest! {
        #[test]
        fn keys_that_are_added_up_one_by_one_are_the_merged_sketch(
            parts in prop::collection::vec(prop::collection::vec(0..5_000_000_u64, 0..400), 0..5),
        ) {
            let parts: Vec<Sketch> = parts.iter().map(|part| sketch(part)).collect();
            let mut merged = Sketch::default();
            parts.iter().for_each(|part| merged.merge(part));
            let bits = parts.iter().map(|part| part.parts().0).min().unwrap_or(EXACT);
            let keys = parts.iter().rev().flat_map(|part| part.parts().1.iter().copied());
            prop_assert_eq!(Sketch::from_sums(bits, keys), Some(merged));
        }

        // SK-1
        #[test]
        fn merging_in_any_order_gives_the_same(
            a in prop::collection::vec(0..5_000_000_u64, 0..400),
            b in prop::collection::vec(0..5_000_000_u64, 0..400),
        ) {
            let (a, b) = (sketch(&a), sketch(&b));
            let (mut left, mut right) = (a.clone(), b.clone());
            left.merge(&b);
            right.merge(&a);
            prop_assert_eq!(left, right);
        }

        // SK-2
        #[test]
        fn what_was_added_can_be_taken_away(
            a in prop::collection::vec(0..5_000_000_u64, 0..100),
            b in prop::collection::vec(0..5_000_000_u64, 0..100),
        ) {
            let (a, b) = (sketch(&a), sketch(&b));
            let mut both = a.clone();
            both.merge(&b);
            both.subtract(&b);
            prop_assert_eq!(both, a);
        }
    }
}
