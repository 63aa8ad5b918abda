//! How many uploads may be under way to one upstream, and when the next one may begin.
//!
//! It triples while all goes well, halves when the upstream throttles, and after a failure sends one at a time
//! with growing pauses. A pure state: the caller says what happened and when.

use std::time::{Duration, Instant};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Also what a `Retry-After` is cut to.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct Pace {
    start: usize,
    max: usize,
    limit: usize,
    /// Above this it grows by one in a round, not by two in each success: at 200 ms and 20,000 documents a second
    /// anything slower fills the memory before it has caught up.
    careful: usize,
    successes: usize,
    /// Attempts of an earlier age say nothing about now: those under way when one failed will mostly fail too.
    age: u64,
    failures: u32,
    resume_at: Option<Instant>,
}

/// When an attempt began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Age(u64);

impl Pace {
    pub(crate) fn new(start: usize, max: usize) -> Self {
        let start = start.clamp(1, max.max(1));
        Self { start, max, limit: start, careful: max, successes: 0, age: 0, failures: 0, resume_at: None }
    }

    pub(crate) fn age(&self) -> Age {
        Age(self.age)
    }

    /// Whether one more attempt may begin beside so many.
    pub(crate) fn allows(&self, under_way: usize, now: Instant) -> bool {
        under_way < self.limit && self.resume_at.is_none_or(|at| at <= now)
    }

    /// Until when nothing may begin.
    pub(crate) fn pause(&self, now: Instant) -> Option<Instant> {
        self.resume_at.filter(|at| *at > now)
    }

    pub(crate) fn is_failing(&self) -> bool {
        self.failures > 0
    }

    /// An attempt succeeded; `is_busy` says that more waits than may be under way.
    pub(crate) fn succeeded(&mut self, is_busy: bool) {
        if self.failures > 0 {
            self.failures = 0;
            self.resume_at = None;
            self.limit = self.start;
        }
        if !is_busy {
            return;
        }
        self.successes += 1;
        if self.limit < self.careful || self.successes >= self.limit {
            let step = if self.limit < self.careful { 2 } else { 1 };
            self.limit = (self.limit + step).min(self.max);
            self.successes = 0;
        }
    }

    /// The upstream asked to be sent less. `chance` is in 0..1.
    pub(crate) fn throttled(&mut self, age: Age, now: Instant, retry_after: Option<Duration>, chance: f64) {
        if age.0 != self.age {
            return;
        }
        self.limit = (self.limit / 2).max(1);
        self.careful = self.limit;
        self.pause_from(now, retry_after, chance);
    }

    /// The upstream cannot be reached, or fails.
    pub(crate) fn failed(&mut self, age: Age, now: Instant, retry_after: Option<Duration>, chance: f64) {
        if age.0 != self.age {
            return;
        }
        self.limit = 1;
        self.careful = self.max;
        self.pause_from(now, retry_after, chance);
    }

    fn pause_from(&mut self, now: Instant, retry_after: Option<Duration>, chance: f64) {
        let longest = FIRST_PAUSE.saturating_mul(1 << self.failures.min(16)).min(LONGEST_PAUSE);
        self.failures += 1;
        self.age += 1;
        self.successes = 0;
        // Half of it by chance, so that agents that lost one upstream do not come back to it as one.
        let pause =
            longest.mul_f64(0.5 + chance / 2.0).max(retry_after.unwrap_or_default()).min(LONGEST_PAUSE);
        self.resume_at = Some(now + pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn width(pace: &Pace, now: Instant) -> usize {
        (0..1_000).take_while(|under_way| pace.allows(*under_way, now)).count()
    }

    #[test]
    fn it_grows_only_while_more_waits_and_never_beyond_its_bound() {
        let now = Instant::now();
        let mut pace = Pace::new(8, 64);
        pace.succeeded(false);
        assert_eq!(width(&pace, now), 8);
        for _ in 0..8 {
            pace.succeeded(true);
        }
        assert_eq!(width(&pace, now), 24);
        for _ in 0..1_000 {
            pace.succeeded(true);
        }
        assert_eq!(width(&pace, now), 64);
    }

    #[test]
    fn throttling_halves_it_and_then_it_grows_slowly() {
        let now = Instant::now();
        let mut pace = Pace::new(8, 64);
        pace.throttled(pace.age(), now, None, 0.0);
        assert_eq!(width(&pace, now), 0);
        let later = now + LONGEST_PAUSE;
        assert_eq!(width(&pace, later), 4);
        assert!(pace.is_failing());
        pace.succeeded(true);
        assert!(!pace.is_failing());
    }

    #[test]
    fn pauses_double_up_to_half_a_minute_and_differ_by_chance() {
        let now = Instant::now();
        let pause = |failures: usize, chance: f64| {
            let mut pace = Pace::new(8, 64);
            for _ in 0..failures {
                pace.failed(pace.age(), now, None, chance);
            }
            assert_eq!(width(&pace, now + LONGEST_PAUSE), 1);
            pace.pause(now).unwrap().duration_since(now)
        };
        assert_eq!(pause(1, 0.0), FIRST_PAUSE / 2);
        assert_eq!(pause(2, 1.0), FIRST_PAUSE * 2);
        assert_eq!(pause(100, 1.0), LONGEST_PAUSE);
    }

    #[test]
    fn attempts_that_began_before_a_failure_do_not_count_again() {
        let now = Instant::now();
        let mut pace = Pace::new(8, 64);
        let old = pace.age();
        for _ in 0..8 {
            pace.failed(old, now, None, 0.0);
        }
        assert_eq!(pace.pause(now).unwrap().duration_since(now), FIRST_PAUSE / 2);
        pace.succeeded(false);
        assert_eq!(width(&pace, now), 8);
    }

    #[test]
    fn the_upstreams_own_wish_is_heeded_within_bounds() {
        let now = Instant::now();
        let mut pace = Pace::new(8, 64);
        pace.throttled(pace.age(), now, Some(Duration::from_secs(5)), 0.0);
        assert_eq!(pace.pause(now).unwrap().duration_since(now), Duration::from_secs(5));
        pace.throttled(pace.age(), now, Some(Duration::from_secs(5_000)), 0.0);
        assert_eq!(pace.pause(now).unwrap().duration_since(now), LONGEST_PAUSE);
    }
}
