//! The samples of a few metrics over a long time, a part after the other, without what is of no concern to them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use alert::alarm::MetricStat;
use alert::statistic::Samples;
use model::minute::{MinuteRow, Stats};
use model::{Micros, Minute, TimeRange, Timestamp};
use store::{MinuteQuery, StoreError, Subjects};

use super::{Reader, period};
use crate::metric::{Measure, Of, Reading};

/// A count is zero for so long after the last minute that had any.
const WITHIN_MINUTES: i64 = 24 * 60;

/// Of metrics with one length of period.
#[derive(Debug)]
pub(crate) struct Course<'r> {
    reader: &'r Reader,
    period_minutes: i64,
    metrics: Vec<Option<Followed>>,
    down: Vec<TimeRange>,
    is_new: bool,
}

#[derive(Debug)]
struct Followed {
    reading: Reading,
    /// The key of its group.
    group: String,
    /// The last minute before the next part in which there was anything of it.
    seen: Option<Minute>,
}

impl<'r> Course<'r> {
    pub(crate) fn of(reader: &'r Reader, stats: &[&MetricStat], period_minutes: u32) -> Self {
        let metrics = stats.iter().map(|stat| {
            let (reading, group) = reader.reading(stat)?;
            Some(Followed { reading, group, seen: None })
        });
        let down = reader.down.read().clone();
        Self { reader, period_minutes: period_minutes.into(), metrics: metrics.collect(), down, is_new: true }
    }

    /// The samples of each metric in the next periods, of which each begins where the one before it ends.
    pub(crate) async fn samples(&mut self, periods: &[Timestamp]) -> Result<Vec<Vec<Samples>>, StoreError> {
        let none = vec![Vec::new(); self.metrics.len()];
        let (Some(&first), Some(last)) = (periods.first(), periods.last()) else { return Ok(none) };
        let seconds = u64::try_from(60 * self.period_minutes).unwrap_or(u64::MAX);
        let before = if std::mem::take(&mut self.is_new) { WITHIN_MINUTES.unsigned_abs() * 60 } else { 0 };
        let range =
            TimeRange::new(first.minus(Micros::from_secs(before)), last.plus(Micros::from_secs(seconds)));
        let mut read: Vec<MinuteQuery> = Vec::new();
        let mut rows: Vec<Vec<MinuteRow>> = Vec::new();
        let mut samples = Vec::new();
        for metric in &mut self.metrics {
            let Some(Followed { reading, group, seen }) = metric else {
                samples.push(vec![Samples::default(); periods.len()]);
                continue;
            };
            let query = MinuteQuery { range, group: group.clone(), subjects: subjects(reading) };
            let is_it = |known: &MinuteQuery| known.group == query.group && known.subjects == query.subjects;
            let place = match read.iter().position(is_it) {
                Some(place) => place,
                None => {
                    rows.push(self.reader.store.minutes(&query).await?);
                    read.push(query);
                    read.len() - 1
                }
            };
            let stats = by_minute(reading, &rows[place]);
            let present: Vec<Minute> = seen.iter().copied().chain(stats.keys().copied()).collect();
            let is_zero = |minute: Minute| {
                let last = present.partition_point(|known| *known <= minute).checked_sub(1);
                let is_known = last.is_some_and(|last| minute.0 - present[last].0 < WITHIN_MINUTES);
                is_known && !self.down.iter().any(|range| range.touches(minute))
            };
            let at = |minute| stats.get(&minute).map(Cow::Borrowed);
            let of_metric =
                periods.iter().map(|start| period(reading, at, *start, self.period_minutes, is_zero));
            samples.push(of_metric.collect());
            *seen = present.last().copied().or(*seen);
        }
        Ok(samples)
    }
}

/// What each minute that has anything has of a metric.
fn by_minute(reading: &Reading, rows: &[MinuteRow]) -> BTreeMap<Minute, Stats> {
    let mut stats: BTreeMap<Minute, Stats> = BTreeMap::new();
    for row in rows.iter().filter(|row| reading.selects(&row.key.subject)) {
        reading.add(stats.entry(row.key.minute).or_default(), &row.stats);
    }
    stats
}

/// As little as holds all that it is read from.
fn subjects(reading: &Reading) -> Subjects {
    match (&reading.of, reading.measure) {
        (Of::Node { name, .. }, _) => Subjects::Named(name.clone()),
        (Of::Edge { .. }, _) => Subjects::Edges,
        (Of::Clients, Measure::Traces) => Subjects::Nodes,
        (Of::Clients, _) => Subjects::FromClients,
    }
}
