//! How many faults were to be expected of a bucket of a time series, from those before it.
//!
//! X-Ray forecasts for groups with insights and does not say how. Here the fault rate to expect is the median of the
//! rates of the hour before, so an outage does not become what is expected before it has lasted half an hour; and the
//! band is three standard deviations to both sides of as many requests as there were, at that rate.

use model::Micros;

use super::series::Point;

/// What a forecast looks back at.
pub const BASELINE: Micros = Micros::from_secs(60 * 60);

/// Of a bucket's counts of faults; both bounds are still to be expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    pub low: i64,
    pub high: i64,
}

/// For each point, newest first: the forecast from the points after it; `None` where there was no request in the hour
/// before, or is none in the bucket.
pub fn forecasts(points: &[Point]) -> Vec<Option<Forecast>> {
    points.iter().enumerate().map(|(at, point)| forecast(point, &points[at + 1..])).collect()
}

fn forecast(point: &Point, before: &[Point]) -> Option<Forecast> {
    let (_, requests) = counts(point)?;
    let since = point.end.minus(BASELINE);
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
        let mut faults = vec![1; 40];
        faults.extend([80; 20]);
        check(&faults, Some((0, 4)));
        faults.extend([80; 20]);
        check(&faults, Some((68, 92)));
    }

    #[test]
    fn of_nothing_nothing_is_forecast() {
        check(&[5], None);
        let silent = Point { end: at(60.0), stats: None };
        let before = Point { end: at(0.0), stats: Some(Stats::default()) };
        assert_eq!(forecasts(&[silent, before]), [None, None]);
    }
}
