//! How likely chance alone makes two sets of traces differ as much as they do.
//!
//! By the normal distribution, and so of sets that are large enough for it; smaller ones are not judged.

/// Traces of a set below which nothing is said of a mean.
const LEAST: u64 = 20;
/// Failures, and successes, that would be expected of either set if there were no difference.
const LEAST_EXPECTED: f64 = 5.0;

/// Values that are added up, one of each trace that has one.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Sample {
    sum: f64,
    squares: f64,
}

/// The mean of so many values, and its variance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mean {
    count: u64,
    mean: f64,
    variance: f64,
}

impl Sample {
    pub(super) fn add(&mut self, value: f64) {
        self.sum += value;
        self.squares += value * value;
    }

    /// Traces that have no value have zero.
    pub(super) fn of(self, traces: u64) -> Mean {
        let count = traces.max(1) as f64;
        let mean = self.sum / count;
        let variance = (self.squares / count - mean * mean).max(0.0) / (count - 1.0).max(1.0);
        Mean { count: traces, mean, variance }
    }
}

/// That two means differ (Welch's test).
pub(super) fn of_means(a: Mean, b: Mean) -> Option<f64> {
    if a.count < LEAST || b.count < LEAST {
        return None;
    }
    Some(beyond((a.mean - b.mean).abs(), (a.variance + b.variance).sqrt()))
}

/// That two shares differ: hits of trials.
pub(super) fn of_shares(a: (u64, u64), b: (u64, u64)) -> Option<f64> {
    let [(hits_a, all_a), (hits_b, all_b)] = [a, b].map(|(hits, all)| (hits as f64, all as f64));
    let pooled = (hits_a + hits_b) / (all_a + all_b).max(1.0);
    if pooled <= 0.0 || pooled >= 1.0 {
        // Nothing, or everything, of both.
        return (all_a > 0.0 && all_b > 0.0).then_some(1.0);
    }
    if all_a.min(all_b) * pooled.min(1.0 - pooled) < LEAST_EXPECTED {
        return None;
    }
    let error = (pooled * (1.0 - pooled) * (1.0 / all_a + 1.0 / all_b)).sqrt();
    Some(beyond((hits_a / all_a - hits_b / all_b).abs(), error))
}

/// The probability of a difference at least as large, on either side.
fn beyond(difference: f64, error: f64) -> f64 {
    if difference <= f64::EPSILON {
        return 1.0;
    }
    if error <= 0.0 {
        return 0.0;
    }
    erfc(difference / error / std::f64::consts::SQRT_2)
}

/// Chebyshev's fit of Numerical Recipes (third edition, 6.2.2): within 1.2e-7 of the value, for numbers above zero.
fn erfc(x: f64) -> f64 {
    const FIT: [f64; 10] = [
        -1.265_512_23,
        1.000_023_68,
        0.374_091_96,
        0.096_784_18,
        -0.186_288_06,
        0.278_868_07,
        -1.135_203_98,
        1.488_515_87,
        -0.822_152_23,
        0.170_872_77,
    ];
    let t = 1.0 / (1.0 + 0.5 * x);
    let sum = FIT.iter().rev().fold(0.0, |sum, term| sum * t + term);
    t * (-x * x + sum).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_about(found: Option<f64>, expected: f64) {
        let found = found.expect("there is enough to say");
        assert!((found - expected).abs() <= expected * 0.02, "{found} for {expected}");
    }

    fn sample(values: &[f64], times: usize) -> Mean {
        let mut sample = Sample::default();
        (0..times).for_each(|_| values.iter().for_each(|&value| sample.add(value)));
        sample.of((values.len() * times) as u64)
    }

    #[test]
    fn tails_are_those_of_the_normal_distribution() {
        is_about(Some(beyond(1.959_964, 1.0)), 0.05);
        is_about(Some(beyond(2.575_829, 1.0)), 0.01);
        is_about(Some(beyond(6.0, 1.0)), 1.973e-9);
        assert_eq!(beyond(0.0, 1.0), 1.0);
    }

    #[test]
    fn shares_differ_by_more_than_chance_where_there_are_enough() {
        is_about(of_shares((60, 100), (40, 100)), 0.004_68);
        assert_eq!(of_shares((0, 100), (0, 50)), Some(1.0));
        assert_eq!(of_shares((100, 100), (50, 50)), Some(1.0));
        assert_eq!(of_shares((1, 100), (0, 100)), None);
        assert_eq!(of_shares((0, 0), (5, 10)), None);
        assert!(of_shares((200, 200), (0, 1_000)).is_some_and(|by_chance| by_chance < 1e-100));
    }

    #[test]
    fn means_are_judged_of_twenty_traces_on() {
        assert!(of_means(sample(&[1.0, 2.0], 9), sample(&[5.0], 50)).is_none());
        is_about(of_means(sample(&[1.0, 3.0], 50), sample(&[1.0, 3.0, 2.5, 2.5], 50)), 0.027_9);
        assert_eq!(of_means(sample(&[2.0], 20), sample(&[2.0], 30)).map(f64::round), Some(1.0));
        assert_eq!(of_means(sample(&[2.0], 20), sample(&[3.0], 30)), Some(0.0));
    }
}
