//! How many requests fell under a rule, in windows of ten seconds.

use std::collections::VecDeque;

use model::Timestamp;

/// The length of a window. X-Ray's: <https://docs.aws.amazon.com/xray/latest/api/API_SamplingStatisticSummary.html>
const WINDOW_SECONDS: i64 = 10;
/// Closed windows that are kept, for a picture of the last five minutes.
const KEPT: usize = 30;

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

/// The windows that reports fell into, ascending; those without a report are left out.
#[derive(Debug, Default)]
pub(super) struct Statistics {
    pub(super) windows: VecDeque<(i64, Counts)>,
}

impl Statistics {
    pub(super) fn add(&mut self, counts: Counts, now: Timestamp) {
        let window = window_at(now);
        // If the clock was set back the newest window goes on.
        if self.windows.back().is_none_or(|(newest, _)| window > *newest) {
            self.windows.push_back((window, Counts::default()));
        }
        if self.windows.len() > KEPT + 1 {
            self.windows.pop_front();
        }
        if let Some((_, newest)) = self.windows.back_mut() {
            newest.add(counts);
        }
    }

    /// What the last closed window holds, if anything.
    pub(super) fn summary(&self, rule_name: &str, now: Timestamp) -> Option<Summary> {
        let closed = window_at(now) - 1;
        let (_, counts) = *self.windows.iter().find(|(window, _)| *window == closed)?;
        let window_start = start_of(closed);
        let summary = Summary { rule_name: rule_name.to_owned(), window_start, counts };
        (counts != Counts::default()).then_some(summary)
    }

    /// The closed windows of the last five minutes, ascending and without gaps.
    pub(super) fn trend(&self, now: Timestamp) -> Vec<(Timestamp, Counts)> {
        let open = window_at(now);
        let counts =
            |window| self.windows.iter().find(|(known, _)| *known == window).map(|(_, counts)| *counts);
        (open - KEPT as i64..open)
            .map(|window| (start_of(window), counts(window).unwrap_or_default()))
            .collect()
    }
}

fn start_of(window: i64) -> Timestamp {
    Timestamp::from_seconds((window * WINDOW_SECONDS) as f64)
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
