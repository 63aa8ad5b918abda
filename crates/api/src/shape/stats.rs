//! Times and statistics in the console's units: epoch milliseconds, and milliseconds.

use std::collections::BTreeMap;

use model::minute::{Counts, MinuteRow, Stats};
use model::{Micros, Minute, Sketch, Timestamp};

use crate::shape;

pub(crate) fn millis_at(instant: Timestamp) -> f64 {
    instant.0 as f64 / 1_000.0
}

pub(crate) fn millis(length: Micros) -> f64 {
    length.0 as f64 / 1_000.0
}

impl From<Counts> for shape::Counts {
    fn from(counts: Counts) -> Self {
        let Counts { ok, error, throttle, fault } = counts;
        Self { ok, error, throttle, fault }
    }
}

impl shape::Counts {
    pub(crate) fn add(&mut self, other: Self) {
        let Self { ok, error, throttle, fault } = other;
        self.ok += ok;
        self.error += error;
        self.throttle += throttle;
        self.fault += fault;
    }
}

impl shape::Times {
    pub(crate) fn of(average: Option<f64>, response_times: &Sketch) -> Self {
        let quantile = |share| response_times.quantile(share).map(millis);
        Self { average, p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99) }
    }
}

impl From<&Stats> for shape::Stats {
    fn from(stats: &Stats) -> Self {
        let total = stats.counts.total();
        let average = (total > 0).then(|| stats.response_time_total as f64 / total as f64 / 1_000.0);
        let times = shape::Times::of(average, &stats.response_times);
        Self { counts: stats.counts.into(), total, times }
    }
}

/// Ascending; only what was measured.
pub(crate) fn histogram(sketch: &Sketch) -> Vec<shape::HistogramBin> {
    let bins = sketch.buckets().filter(|(_, count)| *count > 0);
    bins.map(|(value, count)| shape::HistogramBin { value: millis(value), count }).collect()
}

/// The counts of the rows of each minute that has any, ascending.
pub(crate) fn series<'a>(rows: impl IntoIterator<Item = &'a MinuteRow>) -> Vec<shape::SeriesPoint> {
    let mut minutes: BTreeMap<Minute, Counts> = BTreeMap::new();
    for row in rows {
        let sum = minutes.entry(row.key.minute).or_default();
        let Counts { ok, error, throttle, fault } = row.stats.counts;
        sum.ok += ok;
        sum.error += error;
        sum.throttle += throttle;
        sum.fault += fault;
    }
    let points = minutes.into_iter().filter(|(_, counts)| counts.total() > 0);
    points
        .map(|(minute, counts)| shape::SeriesPoint { at: millis_at(minute.start()), counts: counts.into() })
        .collect()
}
