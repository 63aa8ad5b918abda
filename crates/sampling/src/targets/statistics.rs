//! How many requests fell under a rule, in windows of ten seconds.

use model::Timestamp;

/// The length of a window. X-Ray's: <https://docs.aws.amazon.com/xray/latest/api/API_SamplingStatisticSummary.html>
const WINDOW_SECONDS: i64 = 10;

/// What a client counted since its last report. Some SDKs count borrowed requests among the sampled, some do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub requests: u64,
    pub sampled: u64,
    pub borrowed: u64,
}

/// What all clients together reported of a rule in one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    pub rule_name: String,
    pub window_start: Timestamp,
    pub counts: Counts,
}

/// The window that reports fall into, and the one before.
#[derive(Debug, Default)]
pub(super) struct Statistics {
    window: i64,
    current: Counts,
    before: Counts,
}

impl Statistics {
    pub(super) fn add(&mut self, counts: Counts, now: Timestamp) {
        let window = window_at(now);
        // If the clock was set back the newest window goes on.
        if window > self.window {
            self.before = if window == self.window + 1 { self.current } else { Counts::default() };
            self.current = Counts::default();
            self.window = window;
        }
        self.current.add(counts);
    }

    /// What the last closed window holds, if anything.
    pub(super) fn summary(&self, rule_name: &str, now: Timestamp) -> Option<Summary> {
        let closed = window_at(now) - 1;
        let counts = match self.window - closed {
            0 => self.current,
            1 => self.before,
            _ => return None,
        };
        let window_start = Timestamp::from_seconds((closed * WINDOW_SECONDS) as f64);
        let summary = Summary { rule_name: rule_name.to_owned(), window_start, counts };
        (counts != Counts::default()).then_some(summary)
    }
}

fn window_at(now: Timestamp) -> i64 {
    now.floor_seconds().div_euclid(WINDOW_SECONDS)
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.sampled = self.sampled.saturating_add(other.sampled);
        self.borrowed = self.borrowed.saturating_add(other.borrowed);
    }
}
