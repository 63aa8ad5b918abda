//! Chance that can be repeated: the same seed and request number give the same request.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// The chance of one request. It depends on nothing else, so a failure in one request, or the moment
/// at which it is made, does not change the next.
#[derive(Debug)]
pub(super) struct Random(StdRng);

/// Spreads neighbouring request numbers over all seeds (the fraction of the golden ratio in 64 bits).
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
/// The standard deviation of the logarithm of a latency: the 99th percentile is 2.8 times the median.
const SPREAD: f64 = 0.45;
/// No latency is longer than so many medians: a demo should not show one call of minutes.
const LONGEST: f64 = 20.0;

impl Random {
    pub(super) fn new(seed: u64, request: u64) -> Random {
        Random(StdRng::seed_from_u64(seed ^ request.wrapping_add(1).wrapping_mul(GOLDEN)))
    }

    /// A latency with this median in milliseconds, log-normally distributed as latencies are.
    pub(super) fn latency(&mut self, median_ms: f64) -> Duration {
        let factor = (SPREAD * self.normal()).exp().min(LONGEST);
        Duration::from_secs_f64(median_ms * factor / 1000.0)
    }

    /// The time to the next of events that come by chance, `rate` of them in a second.
    pub(super) fn gap(&mut self, rate: f64) -> Duration {
        Duration::from_secs_f64(-self.open_unit().ln() / rate)
    }

    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.0.random::<f64>() < probability
    }

    /// `0..bound`
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        self.0.random_range(0..bound)
    }

    pub(super) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.0.random_range(0..choices.len())]
    }

    /// The id of a segment, subsegment or exception.
    pub(super) fn entity_id(&mut self) -> String {
        format!("{:016x}", self.0.random::<u64>())
    }

    /// The part of a trace id that is not time: 24 hexadecimal digits.
    pub(super) fn trace_digits(&mut self) -> String {
        format!("{:024x}", self.0.random::<u128>() >> 32)
    }

    /// A request id as AWS writes them, in upper case.
    pub(super) fn request_id(&mut self) -> String {
        format!("{:032X}", self.0.random::<u128>())
    }

    /// The standard normal distribution, after Box and Muller.
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.open_unit().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.0.random::<f64>()).cos()
    }

    /// (0, 1], whose logarithm is finite
    fn open_unit(&mut self) -> f64 {
        1.0 - self.0.random::<f64>()
    }
}
