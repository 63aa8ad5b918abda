//! Episodes: when something began to fail more than it usually does, and when it was over.
//!
//! The failures of half an hour are gone through in order, as if each were the newest, so that the same traces give the
//! same episodes whenever and wherever somebody asks.

#[cfg(test)]
mod tests;

use model::Timestamp;

use super::bins::{Second, Sums};
use super::chance::{at_least, evidence};
use super::ledger::{Failure, second};

/// Spans of time before a failure in which failures are counted, with the chance that is too small to be chance. They are
/// asked some ten times an hour for each origin that hiccups.
const WINDOWS: [(i64, f64); 6] = [(3, 1e-6), (10, 1e-6), (30, 1e-6), (60, 1e-7), (180, 1e-7), (600, 1e-7)];
const LEAST_FAILURES: u64 = 3;
/// Two that clients saw are enough within so many seconds where chance is so small and nothing failed before: that is asked
/// once of a node. Where failures are usual, two in a row come by chance every hour.
const PAIR_SECONDS: i64 = 30;
const PAIR_CHANCE: f64 = 5e-5;
/// One is enough where it says itself that it is no chance (`Failure::is_telling`), after so many requests without one
/// like it, until more than so many go well.
const LEAST_WITHOUT: u64 = 50;
const MOST_GOOD: u64 = 2;
/// As many requests without a failure as one is taken to have seen before it was looked at.
const PRIOR_REQUESTS: f64 = 60.0;
/// What usually fails less often is taken to fail so often.
const LEAST_USUAL: f64 = 0.002;
/// At least so many times the usual share, and so much more of all.
const TIMES_USUAL: f64 = 2.0;
const LEAST_EXCESS: f64 = 0.01;
/// A share that is no usual one, whatever was before.
const TOTAL_SHARE: f64 = 0.3;
/// So long without a failure and with requests, and it is over; earlier where chance hardly explains that they went well.
const LONG_QUIET_SECONDS: i64 = 300;
const QUIET_SECONDS: i64 = 60;
const QUIET_CHANCE_OF_MINUTE: f64 = 0.2;
/// It is over earlier where so many requests went well that chance is no explanation; but not at once. That is asked
/// between any two failures, hundreds of times in an incident, so a chance that is small once is not small enough.
const QUIET_CHANCE: f64 = 1e-4;
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

    /// That the next two failures are among so many requests, the first of which fails: what is usual is as uncertain as
    /// it is, so a first failure makes a second one likelier.
    fn chance_of_pair(self, requests: u64) -> f64 {
        let second = (self.failing as f64 + 1.5) / (self.requests as f64 + PRIOR_REQUESTS + 1.0);
        self.share() * second * (requests as f64 - 1.0)
    }
}

/// The episodes of one origin, in order. `failures` are by time of receipt, `requests` the traces that reached it.
pub(super) fn episodes(failures: &[&Failure], requests: &Sums, now: Timestamp) -> Vec<Episode> {
    let count = |since: Second, until: Second| requests.count(since, until);
    let at = |place: usize| second(failures[place].received);
    let Some(begin) = requests.begin() else { return Vec::new() };
    let mut episodes: Vec<Episode> = Vec::new();
    // What lies in episodes is left out of what is usual.
    let mut apart = Baseline::default();
    let mut free = 0;
    for place in 0..failures.len() {
        if let Some(open) = episodes.last_mut().filter(|open| !open.is_over) {
            let good = count(at(open.last) + 1, at(place));
            if is_over(least_share(open), good, at(place) - at(open.last)) {
                open.first = onset(open, free, &count, &at);
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
        if is_over(least_share(open), good, now - at(open.last)) {
            open.first = onset(open, free, &count, &at);
            open.requests = count(at(open.first), at(open.last) + 1);
            open.is_over = true;
        } else {
            open.first = onset(open, free, &count, &at);
            open.requests = count(at(open.first), now + 1);
        }
        return episodes;
    }
    episodes.extend(first_of_its_kind(failures, free, requests, now));
    episodes
}

/// What the newest failure is by itself, as long as nothing contradicts it: that a client met a refused call, where calls
/// were not refused before, or what a new version throws and the old one did not. Once others have gone well it never was
/// an episode.
fn first_of_its_kind(failures: &[&Failure], free: usize, requests: &Sums, now: Timestamp) -> Option<Episode> {
    let newest = failures.len().checked_sub(1).filter(|&newest| newest >= free)?;
    let failure = failures[newest];
    let at = second(failure.received);
    let is_like = |other: &&&Failure| other.is_telling || other.exception == failure.exception;
    let is_first = !failures[..newest].iter().any(|other| is_like(&other));
    let before = requests.count(Second::MIN, at);
    let since = requests.count(at, second(now) + 1).max(1);
    let usual = Baseline { failing: newest as u64, requests: before };
    let is_told = failure.is_telling
        && failure.is_seen
        && is_first
        && before >= LEAST_WITHOUT
        && since <= 1 + MOST_GOOD
        && second(now) - at < QUIET_SECONDS;
    is_told.then(|| Episode {
        first: newest,
        last: newest,
        requests: since,
        usual: usual.share(),
        is_over: false,
    })
}

/// What share fails at the least: of two failures of two nobody knows yet that all fail.
fn least_share(open: &Episode) -> f64 {
    (open.last - open.first) as f64 / (open.requests + 2) as f64
}

fn close(
    open: &mut Episode,
    apart: &mut Baseline,
    count: &impl Fn(Second, Second) -> u64,
    at: &impl Fn(usize) -> Second,
) {
    open.is_over = true;
    open.requests = count(at(open.first), at(open.last) + 1);
    apart.failing += (open.last - open.first + 1) as u64;
    apart.requests += open.requests;
}

/// Where it began, now that more of it is known: two failures in a row may open what began a little before.
fn onset(
    open: &Episode,
    free: usize,
    count: &impl Fn(Second, Second) -> u64,
    at: &impl Fn(usize) -> Second,
) -> usize {
    let end = at(open.last) + 1;
    let begins = |first: usize| {
        let failing = (open.last + 1 - first) as u64;
        evidence(failing, count(at(first), end).max(failing), open.usual)
    };
    let least = free.max(open.first.saturating_sub(MOST_ONSETS));
    let earlier = (least..open.first).rev().take_while(|&first| at(first) > at(open.first) - ONSET_SECONDS);
    let best = (open.first, begins(open.first));
    earlier
        .map(|first| (first, begins(first)))
        .fold(best, |best, one| if one.1 > best.1 { one } else { best })
        .0
}

fn is_over(share: f64, good: u64, quiet: i64) -> bool {
    let by_chance = (1.0 - share.min(1.0 - 1e-9)).powf(good as f64);
    good > 0 && quiet >= LONG_QUIET_SECONDS
        || good > 0 && quiet >= QUIET_SECONDS && by_chance < QUIET_CHANCE_OF_MINUTE
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
    let in_windows = WINDOWS.iter().find_map(|&(seconds, chance)| {
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
    });
    let usual = in_windows.or_else(|| pair(failures, free, count, base))?;
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

/// The share that usually fails, where the newest two failures are enough.
fn pair(
    failures: &[&Failure],
    free: usize,
    count: &impl Fn(Second, Second) -> u64,
    base: &impl Fn(Second, usize) -> Baseline,
) -> Option<f64> {
    let first = failures.len().checked_sub(2).filter(|&first| first >= free)?;
    let (since, now) = (second(failures[first].received), second(failures[first + 1].received));
    let requests = count(since, now + 1).max(2);
    let usual = base(since, first);
    let opens = usual.failing == 0
        && now - since < PAIR_SECONDS
        && failures[first..].iter().all(|failure| failure.is_seen)
        && 2.0 / requests as f64 >= TOTAL_SHARE
        && usual.chance_of_pair(requests) <= PAIR_CHANCE;
    opens.then(|| usual.share())
}
