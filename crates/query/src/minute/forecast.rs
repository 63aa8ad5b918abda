//! How many faults were to be expected of a bucket of a time series, from those before it.
//!
//! X-Ray forecasts for groups with insights and does not say how. Here it is what insights go by: the share that is expected, and
//! the highest that is usual, of the day before the bucket ([`Usual`]), each with what chance makes of as many requests as there
//! were. So a bucket above the band is one that an insight is about.
//!
//! Of what is not known for long enough the rate to expect is the median of the rates of the hour before, so an outage does
//! not become what is expected before it has lasted half an hour; and the band is three standard deviations to both sides.

use std::collections::HashMap;

use model::{Micros, Timestamp};

use super::series::Point;
use crate::now::{BIN_MINUTES, Bin, Usual, at_least, at_most};

/// What a forecast looks back at: a day, and ten minutes before the same time yesterday.
pub const BASELINE: Micros = Micros::from_secs((24 * 60 + 15) * 60);
const HOUR: Micros = Micros::from_secs(60 * 60);
/// One bucket in a thousand is expected to be above, and one below.
const CHANCE: f64 = 1e-3;

/// Of a bucket's counts of faults; both bounds are still to be expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    pub low: i64,
    pub high: i64,
}

/// For each point, newest first: the forecast from the points after it; `None` where there was no request before, or is none
/// in the bucket.
pub fn forecasts(points: &[Point]) -> Vec<Option<Forecast>> {
    let bins = bins(points);
    let mut known: HashMap<i64, Option<Usual>> = HashMap::new();
    let usual_at = |at: i64| Usual::of(&bins, at).filter(Usual::is_known);
    let mut forecasts = Vec::with_capacity(points.len());
    for (place, point) in points.iter().enumerate() {
        let at = bin_of(point.end);
        let forecast =
            counts(point).and_then(|(_, requests)| match *known.entry(at).or_insert_with(|| usual_at(at)) {
                Some(usual) => Some(by_day(usual, requests as u64)),
                None => by_hour(point, &points[place + 1..]),
            });
        forecasts.push(forecast);
    }
    forecasts
}

/// The bin in which a bucket that ends then lies.
fn bin_of(end: Timestamp) -> i64 {
    (end.0 - 1).div_euclid(60_000_000 * BIN_MINUTES)
}

/// Oldest first.
fn bins(points: &[Point]) -> Vec<Bin> {
    let mut bins: Vec<Bin> = Vec::new();
    for point in points.iter().rev() {
        let Some((faults, requests)) = counts(point) else { continue };
        let at = bin_of(point.end);
        if bins.last().is_none_or(|last| last.at != at) {
            bins.push(Bin { at, ..Bin::default() });
        }
        if let Some(last) = bins.last_mut() {
            last.requests += requests as u64;
            last.failing += faults as u64;
        }
    }
    bins
}

fn by_day(usual: Usual, requests: u64) -> Forecast {
    // The fewest of which more are too many, and the most of which fewer are too few.
    let is_high = |count: u64| at_least(count + 1, requests, usual.highest) <= CHANCE;
    let is_low = |count: u64| count == 0 || at_most(count - 1, requests, usual.expected) <= CHANCE;
    let high = first(0, requests, is_high);
    let low = first(0, requests, |count| !is_low(count + 1));
    Forecast { low: low.min(high) as i64, high: high as i64 }
}

/// The first in the range of which it is true, where it is true of all that follow.
fn first(mut low: u64, mut high: u64, is_true: impl Fn(u64) -> bool) -> u64 {
    while low < high {
        let middle = low + (high - low) / 2;
        if is_true(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

fn by_hour(point: &Point, before: &[Point]) -> Option<Forecast> {
    let (_, requests) = counts(point)?;
    let since = point.end.minus(HOUR);
    let before = before.iter().take_while(|before| before.end >= since).filter_map(counts);
    let mut rates: Vec<f64> = before.map(|(faults, requests)| faults / requests).collect();
    if rates.is_empty() {
        return None;
    }
    rates.sort_unstable_by(f64::total_cmp);
    let rate = rates[rates.len() / 2];
    let expected = requests * rate;
    let spread = 3.0 * (expected * (1.0 - rate)).sqrt();
    Some(Forecast {
        low: (expected - spread).max(0.0).floor() as i64,
        high: (expected + spread).ceil() as i64,
    })
}

/// Faults and all requests; `None` where there were none.
fn counts(point: &Point) -> Option<(f64, f64)> {
    let counts = point.stats.as_ref()?.counts;
    (counts.total() > 0).then(|| (counts.fault as f64, counts.total() as f64))
}

#[cfg(test)]
mod tests {
    use model::minute::{Counts, Stats};

    use super::*;
    use crate::testing::at;

    /// Points a minute apart, oldest first, each as faults of 100 requests; the forecast of the last.
    fn check(faults: &[i64], expected: Option<(i64, i64)>) {
        let point = |(minute, &fault): (usize, &i64)| {
            let counts = Counts { fault, ok: 100 - fault, ..Counts::default() };
            Point { end: at(60.0 * minute as f64), stats: Some(Stats { counts, ..Stats::default() }) }
        };
        let mut points: Vec<Point> = faults.iter().enumerate().map(point).collect();
        points.reverse();
        let found = forecasts(&points)[0].map(|forecast| (forecast.low, forecast.high));
        assert_eq!(found, expected);
    }

    #[test]
    fn the_band_lies_around_the_usual_rate() {
        check(&[5, 5, 4, 6, 5], Some((0, 12)));
        check(&[50, 50, 50, 90], Some((35, 65)));
    }

    #[test]
    fn where_nothing_ever_failed_no_fault_is_expected() {
        check(&[0, 0, 0, 7], Some((0, 0)));
    }

    #[test]
    fn an_outage_is_not_expected_before_it_has_lasted() {
        let mut faults = vec![1; 35];
        faults.extend([80; 20]);
        check(&faults, Some((0, 4)));
    }

    #[test]
    fn with_a_day_behind_it_the_band_is_the_one_that_insights_go_by() {
        let faults = vec![1; 20 * 60];
        check(&faults, Some((0, 6)));
        // What is above it is above what insights take for usual.
        let bins: Vec<Bin> = (0..240).map(|at| Bin { at, requests: 500, failing: 5 }).collect();
        let usual = Usual::of(&bins, 240).unwrap();
        assert_eq!(by_day(usual, 100), Forecast { low: 0, high: 6 });
        assert_eq!(by_day(usual, 100_000), Forecast { low: 905, high: 1_621 });
    }

    #[test]
    fn of_nothing_nothing_is_forecast() {
        check(&[5], None);
        let silent = Point { end: at(60.0), stats: None };
        let before = Point { end: at(0.0), stats: Some(Stats::default()) };
        assert_eq!(forecasts(&[silent, before]), [None, None]);
    }
}
