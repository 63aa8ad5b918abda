//! Annotations that are numbers, in two sets of traces: how each lies in both, and where they part.
//!
//! Values are counted in bins with edges of two digits (1.0, 1.1, ... 9.9 of every power of ten), so that a filter can say
//! where the sets part. Sums are exact; medians are right to a tenth. A key holds at most 5,000 bins, and there are at
//! most `MAX_KEYS` keys.

use std::collections::{BTreeMap, HashMap};

use model::TraceDigest;
use model::segment::AnnotationValue;

use super::compare::{Pair, Sides};
use crate::filter::AnnotationName;

/// Keys told apart; those that came first.
const MAX_KEYS: usize = 500;
/// Powers of ten told apart; what lies outside is in the outermost bins.
const LEAST_POWER: i32 = -12;
const MOST_POWER: i32 = 15;
/// Bins of one power of ten.
const OF_POWER: i32 = 90;
/// With fewer values on a side nothing is said of where the sets part.
const FEW: u64 = 5;
/// The distance between two samples of one distribution that is not exceeded in 99 of 100 cases, times the root of the
/// samples' sizes (Kolmogorov and Smirnov).
const BY_CHANCE: f64 = 1.63;

#[derive(Debug, Default)]
pub struct Measures {
    keys: HashMap<String, Sums>,
    left_out: bool,
}

#[derive(Debug, Default)]
struct Sums {
    bins: BTreeMap<i32, Pair>,
    a: Set,
    b: Set,
}

/// The values of one set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Set {
    pub values: u64,
    pub sum: f64,
    pub least: f64,
    pub most: f64,
    pub median: Option<f64>,
}

impl Default for Set {
    fn default() -> Self {
        Self { values: 0, sum: 0.0, least: f64::INFINITY, most: f64::NEG_INFINITY, median: None }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Measure {
    pub key: String,
    pub a: Set,
    pub b: Set,
    /// The largest difference of the shares of values that are below some number, 0 to 1.
    pub delta: f64,
    /// Two samples of one distribution would differ as much.
    pub is_chance: bool,
    /// Where that is.
    pub split: Option<Split>,
}

/// Where the sets part: the values from there on.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    pub from: f64,
    /// A filter expression for them.
    pub filter: String,
    /// So many values of each set are among them.
    pub above: Pair,
}

impl Measures {
    pub fn add(&mut self, digest: &TraceDigest, sides: Sides) {
        for annotation in &digest.annotations {
            let AnnotationValue::Number(value) = annotation.value else { continue };
            if !value.is_finite() || !(sides.a || sides.b) {
                continue;
            }
            if !self.keys.contains_key(&annotation.key) {
                if self.keys.len() >= MAX_KEYS {
                    self.left_out = true;
                    continue;
                }
                self.keys.insert(annotation.key.clone(), Sums::default());
            }
            let Some(sums) = self.keys.get_mut(&annotation.key) else { continue };
            sums.bins.entry(bin_of(value)).or_default().add(sides);
            if sides.a {
                sums.a.add(value);
            }
            if sides.b {
                sums.b.add(value);
            }
        }
    }

    /// There were more keys than are told apart.
    pub fn left_out(&self) -> bool {
        self.left_out
    }

    /// What parts the sets most first, and what chance alone could part last.
    pub fn finish(self) -> Vec<Measure> {
        let mut measures: Vec<Measure> = self.keys.into_iter().map(|(key, sums)| sums.finish(key)).collect();
        measures.sort_by(|one, other| {
            let by_chance = one.is_chance.cmp(&other.is_chance);
            by_chance.then_with(|| other.delta.total_cmp(&one.delta)).then_with(|| one.key.cmp(&other.key))
        });
        measures
    }
}

impl Set {
    fn add(&mut self, value: f64) {
        self.values += 1;
        self.sum += value;
        self.least = self.least.min(value);
        self.most = self.most.max(value);
    }
}

impl Sums {
    fn finish(mut self, key: String) -> Measure {
        self.a.median = median(&self.bins, self.a, |pair| pair.a);
        self.b.median = median(&self.bins, self.b, |pair| pair.b);
        let of = Pair { a: self.a.values, b: self.b.values };
        let mut below = Pair::default();
        let mut most: Option<(f64, i32, Pair)> = None;
        for (&bin, &pair) in &self.bins {
            let delta = below.delta(of).abs();
            if most.is_none_or(|(best, ..)| delta > best) {
                most = Some((delta, bin, below));
            }
            below.a += pair.a;
            below.b += pair.b;
        }
        let parts = most.filter(|&(delta, ..)| delta > 0.0 && of.a.min(of.b) >= FEW);
        let delta = parts.map_or(0.0, |(delta, ..)| delta);
        let sizes = (of.a as f64 * of.b as f64 / (of.a + of.b).max(1) as f64).sqrt();
        Measure {
            is_chance: delta * sizes <= BY_CHANCE,
            split: parts.map(|(_, bin, below)| {
                let (from, is_open) = lower_edge(bin);
                Split {
                    from,
                    filter: format!("{} {} {from}", AnnotationName(&key), if is_open { ">" } else { ">=" }),
                    above: Pair { a: of.a - below.a, b: of.b - below.b },
                }
            }),
            key,
            a: self.a,
            b: self.b,
            delta,
        }
    }
}

/// The middle of the bin that holds it; of few bins the ends of the set are nearer.
fn median(bins: &BTreeMap<i32, Pair>, set: Set, side: impl Fn(&Pair) -> u64) -> Option<f64> {
    let mut seen = 0;
    for (&bin, pair) in bins {
        seen += side(pair);
        if seen > 0 && seen * 2 >= set.values {
            let (low, high) = edges(bin);
            return Some(
                if high - low == 0.0 { low } else { f64::midpoint(low, high) }.clamp(set.least, set.most),
            );
        }
    }
    None
}

/// Bins rise with their values; 0 has one of its own.
fn bin_of(value: f64) -> i32 {
    if value == 0.0 {
        return 0;
    }
    // So that 0.3 is in the bin that begins with it, and not a hair below.
    let size = value.abs() * (1.0 + 1e-12);
    let power = (size.log10().floor() as i32).clamp(LEAST_POWER, MOST_POWER);
    let digits = ((size / 10_f64.powi(power) * 10.0).floor() as i32).clamp(10, 99);
    let place = (power - LEAST_POWER) * OF_POWER + digits - 10 + 1;
    if value < 0.0 { -place } else { place }
}

/// Of the sizes in a bin, the least and the one that is no more in it.
fn sizes(place: i32) -> (f64, f64) {
    let edge = |place: i32| {
        let (power, digits) = ((place - 1) / OF_POWER + LEAST_POWER, (place - 1) % OF_POWER + 10);
        // By text, since 1.1 times a power of ten is not always the double that is nearest to it.
        format!("{digits}e{}", power - 1).parse().unwrap_or(0.0)
    };
    (edge(place), edge(place + 1))
}

fn edges(bin: i32) -> (f64, f64) {
    match bin {
        0 => (0.0, 0.0),
        1.. => sizes(bin),
        _ => {
            let (least, most) = sizes(-bin);
            (-most, -least)
        }
    }
}

/// The lower edge, and whether it lies outside of the bin.
fn lower_edge(bin: i32) -> (f64, bool) {
    (edges(bin).0, bin < 0)
}

#[cfg(test)]
mod tests {
    use model::segment::Annotation;

    use super::*;
    use crate::Filter;
    use crate::testing::blank_digest;

    const A: Sides = Sides { a: true, b: false };
    const B: Sides = Sides { a: false, b: true };

    fn trace(values: &[(&str, f64)]) -> TraceDigest {
        let mut digest = blank_digest();
        digest.annotations = values
            .iter()
            .map(|(key, value)| Annotation { key: (*key).to_owned(), value: AnnotationValue::Number(*value) })
            .collect();
        digest
    }

    fn measures(traces: impl IntoIterator<Item = (TraceDigest, Sides)>) -> Vec<Measure> {
        let mut measures = Measures::default();
        for (digest, sides) in traces {
            measures.add(&digest, sides);
        }
        measures.finish()
    }

    #[test]
    fn bins_rise_and_each_value_lies_in_its_own() {
        let mut last = i32::MIN;
        for value in [-1e300, -3.25, -0.3, -1e-20, 0.0, 1e-20, 0.3, 0.31, 1.0, 9.99, 10.0, 4711.0, 1e300] {
            let bin = bin_of(value);
            assert!(bin > last, "{value}");
            last = bin;
        }
        for value in [0.3, 1.0, 1.1, 9.9, 10.0, 4700.0, 1.2e-7] {
            assert_eq!(lower_edge(bin_of(value)), (value, false));
        }
        assert_eq!(edges(bin_of(-3.25)), (-3.3, -3.2));
    }

    #[test]
    fn where_two_sets_part_is_said_by_a_filter_that_counts_the_same() {
        let all: Vec<_> = (0..200)
            .map(|at| {
                let sides = if at % 2 == 0 { A } else { B };
                let items = if at % 2 == 0 { 10 + at % 7 } else { 1 + at % 5 };
                (trace(&[("items", f64::from(items)), ("shard", f64::from(at % 10))]), sides)
            })
            .collect();
        let found = measures(all.clone());
        assert_eq!(found.iter().map(|it| it.key.as_str()).collect::<Vec<_>>(), ["items", "shard"]);
        let split = found[0].split.clone().unwrap();
        assert_eq!((split.from, split.filter.as_str()), (10.0, "annotation.items >= 10"));
        assert_eq!((found[0].delta, split.above, found[0].is_chance), (1.0, Pair { a: 100, b: 0 }, false));
        let filter: Filter = split.filter.parse().unwrap();
        let in_a = all.iter().filter(|(digest, sides)| sides.a && filter.matches(digest)).count();
        assert_eq!(in_a as u64, split.above.a);
        assert_eq!((found[0].a.least, found[0].a.most, found[0].a.values), (10.0, 16.0, 100));
    }

    #[test]
    fn what_chance_could_part_comes_last_and_few_values_part_nothing() {
        let noise =
            (0..40).map(|at| (trace(&[("noise", f64::from(at * 7 % 11))]), if at % 2 == 0 { A } else { B }));
        let clear =
            (0..40).map(|at| (trace(&[("clear", f64::from(at % 2))]), if at % 2 == 0 { A } else { B }));
        let few = (0..4).map(|at| (trace(&[("few", f64::from(at % 2))]), if at % 2 == 0 { A } else { B }));
        let found = measures(noise.chain(clear).chain(few));
        assert_eq!(found.iter().map(|it| it.key.as_str()).collect::<Vec<_>>(), ["clear", "noise", "few"]);
        assert!(found[1].is_chance && found[2].split.is_none());
    }

    #[test]
    fn below_zero_the_edge_itself_is_left_out() {
        let cold = (0..20).map(|at| {
            (trace(&[("t", if at % 2 == 0 { -40.5 } else { -3.25 })]), if at % 2 == 0 { A } else { B })
        });
        let split = measures(cold).remove(0).split.unwrap();
        assert_eq!((split.filter.as_str(), split.above), ("annotation.t > -3.3", Pair { a: 0, b: 10 }));
    }

    #[test]
    fn keys_beyond_the_bound_are_said_to_be_left_out() {
        let mut measures = Measures::default();
        for key in 0..=MAX_KEYS {
            measures.add(&trace(&[(&format!("k{key}"), 1.0)]), A);
        }
        assert!(measures.left_out());
        assert_eq!(measures.finish().len(), MAX_KEYS);
    }
}
