//! Episodes: when something began to fail more than it usually does, and when it was over.
//!
//! The failures of half an hour are gone through in order, as if each were the newest, so that the same traces give the
//! same episodes whenever and wherever somebody asks.

#[cfg(test)]
mod tests;

use model::Timestamp;

use super::bins::{Bins, Second};
use super::chance::{at_least, evidence};
use super::ledger::{Failure, second};

/// Spans of time before a failure in which failures are counted, with the chance that is too small to be chance. Two
/// failures are never enough, so these are asked some ten times an hour for each origin that hiccups.
const WINDOWS: [(i64, f64); 6] = [(3, 1e-6), (10, 1e-6), (30, 1e-6), (60, 1e-7), (180, 1e-7), (600, 1e-7)];
const LEAST_FAILURES: u64 = 3;
/// As many requests without a failure as one is taken to have seen before it was looked at.
const PRIOR_REQUESTS: f64 = 60.0;
/// What usually fails less often is taken to fail so often.
const LEAST_USUAL: f64 = 0.002;
/// At least so many times the usual share, and so much more of all.
const TIMES_USUAL: f64 = 2.0;
const LEAST_EXCESS: f64 = 0.01;
/// A share that is no usual one, whatever was before.
const TOTAL_SHARE: f64 = 0.3;
/// So long without a failure and with requests, and it is over.
const QUIET_SECONDS: i64 = 60;
/// It is over earlier where so many requests went well that chance is no explanation; but not at once.
const QUIET_CHANCE: f64 = 1e-3;
const LEAST_QUIET_SECONDS: i64 = 10;
/// The onset is sought among the failures of so many seconds.
const ONSET_SECONDS: i64 = 600;
const MOST_ONSETS: usize = 500;

/// Some failures in a row, by their places in the list.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Episode {
    pub(super) first: usize,
    pub(super) last: usize,
    /// Traces that reached the origin from the first to the last failure, or until now.
    pub(super) requests: u64,
    /// The share that failed before.
    pub(super) usual: f64,
    pub(super) is_over: bool,
}

/// What usually fails: of so many requests so many.
#[derive(Debug, Clone, Copy, Default)]
struct Baseline {
    failing: u64,
    requests: u64,
}

impl Baseline {
    /// The share that is expected.
    fn share(self) -> f64 {
        (self.failing as f64 + 0.5) / (self.requests as f64 + PRIOR_REQUESTS)
    }

    /// The largest share that is still usual.
    fn highest(self) -> f64 {
        let failing = self.failing as f64;
        let upper = failing + 2.0 * (failing + 1.0).sqrt() + 1.0;
        (upper / (self.requests as f64 + PRIOR_REQUESTS)).max(LEAST_USUAL)
    }
}

/// The episodes of one origin, in order. `failures` are by time of receipt, `requests` the traces that reached it.
pub(super) fn episodes(failures: &[&Failure], requests: &[&Bins], now: Timestamp) -> Vec<Episode> {
    let count =
        |since: Second, until: Second| -> u64 { requests.iter().map(|bins| bins.count(since, until)).sum() };
    let at = |place: usize| second(failures[place].received);
    let begin = requests.iter().filter_map(|bins| bins.iter().next()).map(|(at, _)| at).min();
    let Some(begin) = begin else { return Vec::new() };
    let mut episodes: Vec<Episode> = Vec::new();
    // What lies in episodes is left out of what is usual.
    let mut apart = Baseline::default();
    let mut free = 0;
    for place in 0..failures.len() {
        if let Some(open) = episodes.last_mut().filter(|open| !open.is_over) {
            let good = count(at(open.last) + 1, at(place));
            if is_over(place_share(open), good, at(place) - at(open.last)) {
                close(open, &mut apart, &count, &at);
                free = open.last + 1;
            } else {
                open.last = place;
                open.requests = count(at(open.first), at(place) + 1);
                continue;
            }
        }
        let base = |before: Second, failing: usize| Baseline {
            failing: (failing as u64).saturating_sub(apart.failing),
            requests: count(begin, before).saturating_sub(apart.requests),
        };
        if let Some((first, usual)) = opens_at(&failures[..=place], free, &count, &base) {
            let requests = count(at(first), at(place) + 1);
            episodes.push(Episode { first, last: place, requests, usual, is_over: false });
        }
    }
    if let Some(open) = episodes.last_mut().filter(|open| !open.is_over) {
        let now = second(now);
        let good = count(at(open.last) + 1, now + 1);
        if is_over(place_share(open), good, now - at(open.last)) {
            open.is_over = true;
        } else {
            open.requests = count(at(open.first), now + 1);
        }
    }
    episodes
}

fn place_share(open: &Episode) -> f64 {
    (open.last - open.first + 1) as f64 / open.requests.max(1) as f64
}

fn close(
    open: &mut Episode,
    apart: &mut Baseline,
    count: &impl Fn(Second, Second) -> u64,
    at: &impl Fn(usize) -> Second,
) {
    open.is_over = true;
    apart.failing += (open.last - open.first + 1) as u64;
    apart.requests += count(at(open.first), at(open.last) + 1);
}

fn is_over(share: f64, good: u64, quiet: i64) -> bool {
    let by_chance = (1.0 - share.min(1.0 - 1e-9)).powf(good as f64);
    good > 0 && quiet >= QUIET_SECONDS
        || quiet >= LEAST_QUIET_SECONDS && good >= 3 && by_chance < QUIET_CHANCE
}

/// Where an episode begins that the newest of these failures opens, and the share that usually fails.
fn opens_at(
    failures: &[&Failure],
    free: usize,
    count: &impl Fn(Second, Second) -> u64,
    base: &impl Fn(Second, usize) -> Baseline,
) -> Option<(usize, f64)> {
    let newest = failures.len() - 1;
    let at = |place: usize| second(failures[place].received);
    let now = at(newest);
    let usual = WINDOWS.iter().find_map(|&(seconds, chance)| {
        let since = now - seconds + 1;
        let first = failures.partition_point(|failure| second(failure.received) < since).max(free);
        let failing = (newest + 1 - first) as u64;
        // From the first failure on, not from the edge of the window.
        let requests = count(at(first.min(newest)), now + 1).max(failing);
        let usual = base(since, first);
        let share = failing as f64 / requests as f64;
        // What is usual must be known from as long as the window, but for what nobody can take for usual.
        let is_known = usual.requests * 2 >= requests || share >= TOTAL_SHARE;
        let opens = failing >= LEAST_FAILURES
            && is_known
            && share >= (usual.share() * TIMES_USUAL).max(usual.share() + LEAST_EXCESS)
            && at_least(failing, requests, usual.highest()) <= chance;
        opens.then(|| usual.share())
    })?;
    let earliest = failures.partition_point(|failure| second(failure.received) <= now - ONSET_SECONDS);
    let earliest = earliest.max(free).max((newest + 1).saturating_sub(MOST_ONSETS));
    let begins = |first: &usize| {
        let failing = (newest + 1 - first) as u64;
        evidence(failing, count(at(*first), now + 1).max(failing), usual)
    };
    // Against what is usual now: a baseline of its own for each onset would find it where nothing was known yet.
    let first = (earliest..=newest)
        .max_by(|one, other| begins(one).total_cmp(&begins(other)).then(other.cmp(one)))?;
    Some((first, usual))
}
