//! What a run was worth: what was named, when, and how true the figures were.

use std::collections::HashSet;

use super::play::{Hit, Reach, Reading, Run};
use super::rail::{Entry, What};
use super::scenario::Truth;

/// An entry that stands on top for longer than so many seconds is one that people read.
const READ_SECONDS: f64 = 2.0;
/// Counts may be off by such a share, and by one.
const COUNT_TOLERANCE: f64 = 0.02;
/// A request may be counted so many seconds after its last document arrived.
const COUNT_DELAY: f64 = 1.5;

/// Of one incident.
#[derive(Debug, Clone, Default)]
pub(super) struct Verdict {
    /// Judged at the end, while the incident goes on.
    pub(super) is_on_top: bool,
    pub(super) is_among_three: bool,
    /// One who only suffers stood in the list at the end, or on top for long enough to be read.
    pub(super) is_victim_blamed: bool,
    /// From the first request that was hit until it stood on top; none where it never did.
    pub(super) seconds: Option<f64>,
    /// Requests that had been hit by then.
    pub(super) hits_until_named: Option<f64>,
    /// Of the time since then, the share in which it stood on top.
    pub(super) steadiness: f64,
    /// How far the onset is off at the end, seconds.
    pub(super) onset_error: Option<f64>,
    /// Whether failing requests, all that reached it and users were right at the end; none where they cannot be counted.
    pub(super) are_failing_right: Option<bool>,
    pub(super) are_requests_right: Option<bool>,
    pub(super) are_users_right: Option<bool>,
}

/// Of one healthy run: everything that was said in it, once each.
#[derive(Debug, Clone, Default)]
pub(super) struct Alarms {
    pub(super) said: Vec<String>,
}

pub(super) fn is_right(entry: &Entry, truth: &Truth) -> bool {
    truth.what.contains(&entry.what) && truth.right.contains(&entry.name)
}

pub(super) fn is_victim(entry: &Entry, truth: &Truth) -> bool {
    truth.victims.contains(&entry.name)
}

pub(super) fn verdict(run: &Run, truth: &Truth) -> Verdict {
    let begun = run.hits.iter().map(|hit| hit.at).fold(f64::INFINITY, f64::min);
    let begun = if begun.is_finite() { begun } else { run.onset };
    let during = || run.readings.iter().filter(|reading| reading.at >= begun);
    let top_is_right =
        |reading: &Reading| reading.entries.first().is_some_and(|entry| is_right(entry, truth));
    let named_at = during().find(|reading| top_is_right(reading)).map(|reading| reading.at);
    let since_named: Vec<bool> =
        during().filter(|reading| Some(reading.at) >= named_at).map(top_is_right).collect();
    let none = Vec::new();
    let last = run.readings.last().map_or(&none, |reading| &reading.entries);
    let place = last.iter().position(|entry| is_right(entry, truth));
    let told = place.map(|place| &last[place]);
    let now = run.readings.last().map_or(run.onset, |reading| reading.at);
    let counted = told.filter(|entry| truth.is_counted && entry.what == What::Failing);
    Verdict {
        is_on_top: place == Some(0),
        is_among_three: place.is_some_and(|place| place < 3),
        is_victim_blamed: last.iter().any(|entry| is_victim(entry, truth))
            || longest_on_top(&during().collect::<Vec<_>>(), |entry| is_victim(entry, truth)) > READ_SECONDS,
        seconds: named_at.map(|at| at - begun),
        hits_until_named: named_at
            .map(|at| run.hits.iter().filter(|hit| hit.last <= at).count() as f64)
            .filter(|_| !run.hits.is_empty()),
        steadiness: match since_named.len() {
            0 => 0.0,
            all => since_named.iter().filter(|is_right| **is_right).count() as f64 / all as f64,
        },
        onset_error: told.map(|entry| onset_error(entry.since, truth, &run.hits)),
        are_requests_right: counted.map(|entry| {
            entry.requests.is_some_and(|told| is_reach_right(told, entry.since, &run.reached, now))
        }),
        are_failing_right: counted.map(|entry| {
            let count = |hits: &[&Hit]| hits.len();
            entry.failing.is_some_and(|told| is_count_right(told, &run.hits, now, count))
        }),
        are_users_right: counted.map(|entry| {
            let count = |hits: &[&Hit]| hits.iter().filter_map(|hit| hit.user).collect::<HashSet<_>>().len();
            entry.users.is_some_and(|told| is_count_right(told, &run.hits, now, count))
        }),
    }
}

/// Everything that was said, while nothing was wrong.
pub(super) fn alarms(run: &Run) -> Alarms {
    let mut said: Vec<String> = Vec::new();
    for entry in run.readings.iter().flat_map(|reading| &reading.entries) {
        let name = format!("{} {:?}", entry.name, entry.what);
        if !said.contains(&name) {
            said.push(name);
        }
    }
    Alarms { said }
}

/// Seconds for which such an entry stood on top without a break.
fn longest_on_top(readings: &[&Reading], is_such: impl Fn(&Entry) -> bool) -> f64 {
    let mut since = None;
    let mut longest: f64 = 0.0;
    for reading in readings {
        match reading.entries.first() {
            Some(entry) if is_such(entry) => {
                let since = *since.get_or_insert(reading.at);
                longest = longest.max(reading.at - since);
            }
            _ => since = None,
        }
    }
    longest
}

/// Any time from the first hit until its documents came is right, and any up to which the truth itself is vague.
fn onset_error(told: f64, truth: &Truth, hits: &[Hit]) -> f64 {
    let first = hits.iter().min_by(|one, other| one.at.total_cmp(&other.at));
    let (earliest, latest) = match first {
        Some(hit) => (hit.at.min(hit.first), hit.last.max(truth.since_until)),
        None => (truth.since, truth.since_until),
    };
    // A clock may also count from the fault itself, of which nothing was seen yet.
    let earliest = earliest.min(truth.since);
    (earliest - told).max(told - latest).max(0.0)
}

/// Those that reached it since the onset that is told.
fn is_reach_right(told: f64, since: f64, reached: &[Reach], now: f64) -> bool {
    let count = |is_such: &dyn Fn(&&Reach) -> bool| reached.iter().filter(is_such).count() as f64;
    let least = count(&|one| one.first >= since + 1.0 && one.last <= now - COUNT_DELAY);
    let most = count(&|one| one.last >= since - 1.0 && one.first <= now);
    is_between(told, least, most)
}

fn is_between(told: f64, least: f64, most: f64) -> bool {
    least * (1.0 - COUNT_TOLERANCE) - 1.0 <= told && told <= most * (1.0 + COUNT_TOLERANCE) + 1.0
}

/// All hits, or those alone that clients saw: either is a fair thing to count.
fn is_count_right(told: f64, hits: &[Hit], now: f64, count: impl Fn(&[&Hit]) -> usize) -> bool {
    let fits = |of: &dyn Fn(&Hit) -> bool| {
        let least: Vec<&Hit> = hits.iter().filter(|hit| of(hit) && hit.last <= now - COUNT_DELAY).collect();
        let most: Vec<&Hit> = hits.iter().filter(|hit| of(hit) && hit.first <= now).collect();
        is_between(told, count(&least) as f64, count(&most) as f64)
    };
    fits(&|_| true) || fits(&|hit| hit.is_seen)
}
