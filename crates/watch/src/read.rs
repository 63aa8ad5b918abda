//! Datapoints from the minutes of the store.
//!
//! A count of something that was seen within a day is zero in a minute without it; of anything else a minute without
//! requests has no samples. While Fluoro was down nothing is known either way. Minutes are read anew for each evaluation, for a late document corrects older ones.

mod course;
mod seen;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use alert::alarm::{MetricAlarm, MetricStat};
use alert::statistic::Samples;
use alert::step::{self, Observation};
use model::minute::{MinuteRow, Stats, Subject};
use model::{Micros, Minute, TimeRange, Timestamp};
use parking_lot::{Mutex, RwLock};
use settings::Settings;
use store::{MinuteQuery, StoreError, Subjects, TraceStore};

use crate::metric::{Of, Reading};
pub(crate) use course::Course;
use seen::{Names, Seen};

/// Reads metrics. A cheap clone.
#[derive(Debug, Clone)]
pub struct Reader {
    store: Arc<dyn TraceStore>,
    settings: Settings,
    /// When nobody was there to receive anything.
    down: Arc<RwLock<Vec<TimeRange>>>,
    /// By the key of a group: what was seen of late, for those who ask every minute.
    seen: Arc<Mutex<HashMap<String, Seen>>>,
}

/// One metric in periods of one length.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    pub stat: MetricStat,
    /// When the periods begin, oldest first.
    pub periods: Vec<Timestamp>,
    pub period_minutes: u32,
}

/// The rows of one group in a range, by minute.
type Rows = BTreeMap<Minute, MinuteRows>;

/// The rows of one minute, found by the name that a metric has.
#[derive(Debug, Default)]
struct MinuteRows {
    rows: Vec<MinuteRow>,
    /// Nodes, and edges by their source.
    by_name: HashMap<String, Vec<usize>>,
}

impl MinuteRows {
    fn push(&mut self, row: MinuteRow) {
        let name = match &row.key.subject {
            Subject::Node(node) => &node.name,
            Subject::Edge { source, .. } => &source.name,
        };
        match self.by_name.get_mut(name) {
            Some(places) => places.push(self.rows.len()),
            None => drop(self.by_name.insert(name.clone(), vec![self.rows.len()])),
        }
        self.rows.push(row);
    }

    /// What a metric is made of, summed; nothing where it has no row.
    fn stats(&self, reading: &Reading) -> Option<Stats> {
        let name = match &reading.of {
            Of::Node { name, .. } | Of::Edge { source: name, .. } => Some(name),
            Of::Clients => None,
        };
        let mut stats: Option<Stats> = None;
        let mut add = |row: &MinuteRow| {
            if reading.selects(&row.key.subject) {
                reading.add(stats.get_or_insert_default(), &row.stats);
            }
        };
        match name {
            Some(name) => {
                self.by_name.get(name).into_iter().flatten().for_each(|&place| add(&self.rows[place]))
            }
            None => self.rows.iter().for_each(add),
        }
        stats
    }
}

impl Reader {
    pub fn new(store: Arc<dyn TraceStore>, settings: Settings) -> Self {
        Self { store, settings, down: Arc::default(), seen: Arc::default() }
    }

    /// Says when nobody was there.
    pub(crate) fn was_down(&self, ranges: Vec<TimeRange>) {
        *self.down.write() = ranges;
    }

    /// The samples of each period of each metric, as many lists as are wanted.
    pub async fn samples(&self, wanted: &[Wanted]) -> Result<Vec<Vec<Samples>>, StoreError> {
        let readings: Vec<Option<(Reading, String)>> =
            wanted.iter().map(|wanted| self.reading(&wanted.stat)).collect();
        let mut rows: HashMap<&str, Rows> = HashMap::new();
        let mut seen: HashMap<&str, Names> = HashMap::new();
        for (key, range) in ranges(wanted, &readings) {
            rows.insert(key, self.rows(key, range).await?);
            let of_group = readings.iter().flatten().filter(|(_, group)| group == key);
            let counts: Vec<&Reading> =
                of_group.map(|(reading, _)| reading).filter(|reading| reading.is_count()).collect();
            if !counts.is_empty() {
                seen.insert(key, self.seen(key, range.end).await?);
            }
        }
        let down = self.down.read().clone();
        let none = Rows::new();
        let nobody = Names::default();
        let samples = wanted.iter().zip(&readings).map(|(wanted, reading)| {
            let Some((reading, group)) = reading else {
                return vec![Samples::default(); wanted.periods.len()];
            };
            let rows = rows.get(group.as_str()).unwrap_or(&none);
            let seen = seen.get(group.as_str()).unwrap_or(&nobody);
            let is_known = reading.is_count() && seen.has(reading);
            let is_zero = |minute: Minute| is_known && !down.iter().any(|range| range.touches(minute));
            let length = i64::from(wanted.period_minutes);
            let at = |minute| rows.get(&minute).and_then(|rows| rows.stats(reading)).map(Cow::Owned);
            wanted.periods.iter().map(|start| period(reading, at, *start, length, is_zero)).collect()
        });
        Ok(samples.collect())
    }

    /// How a metric is read, and the key of its group; nothing where either does not exist.
    fn reading(&self, stat: &MetricStat) -> Option<(Reading, String)> {
        let reading = Reading::of(stat)?;
        let key = self.settings.snapshot().groups.get(&reading.group)?.key.clone();
        Some((reading, key))
    }

    async fn rows(&self, group: &str, range: TimeRange) -> Result<Rows, StoreError> {
        let query = MinuteQuery { range, group: group.to_owned(), subjects: Subjects::All };
        let mut rows = Rows::new();
        for row in self.store.minutes(&query).await? {
            rows.entry(row.key.minute).or_default().push(row);
        }
        Ok(rows)
    }

    /// What the alarms have in their periods, the newest of which ends at `end`.
    pub async fn observations(
        &self,
        alarms: &[&MetricAlarm],
        end: Timestamp,
    ) -> Result<Vec<Vec<Observation>>, StoreError> {
        let periods: Vec<Vec<Timestamp>> = alarms.iter().map(|alarm| step::periods(alarm, end)).collect();
        let mut wanted = Vec::new();
        for (alarm, periods) in alarms.iter().zip(&periods) {
            for stat in alarm.stats() {
                let (stat, periods) = (stat.clone(), periods.clone());
                wanted.push(Wanted { stat, periods, period_minutes: alarm.period_minutes() });
            }
        }
        let mut samples = self.samples(&wanted).await?.into_iter();
        let observations = alarms.iter().zip(&periods).map(|(alarm, periods)| {
            let samples: Vec<_> = samples.by_ref().take(alarm.stats().len()).collect();
            step::observations(alarm, periods, &samples)
        });
        Ok(observations.collect())
    }
}

/// From the first to the last minute that is wanted of each group.
fn ranges<'a>(wanted: &[Wanted], readings: &'a [Option<(Reading, String)>]) -> BTreeMap<&'a str, TimeRange> {
    let mut ranges: BTreeMap<&str, TimeRange> = BTreeMap::new();
    for (wanted, reading) in wanted.iter().zip(readings) {
        let (Some((_, group)), Some(first), Some(last)) =
            (reading, wanted.periods.first(), wanted.periods.last())
        else {
            continue;
        };
        let end = last.plus(Micros::from_secs(60 * u64::from(wanted.period_minutes)));
        let range = ranges.entry(group).or_insert(TimeRange::new(*first, end));
        *range = TimeRange::new(range.start.min(*first), range.end.max(end));
    }
    ranges
}

/// The samples of one period; `at` gives what a minute has of the metric. Counts have one for each minute.
fn period<'s>(
    reading: &Reading,
    at: impl Fn(Minute) -> Option<Cow<'s, Stats>>,
    start: Timestamp,
    minutes: i64,
    is_zero: impl Fn(Minute) -> bool,
) -> Samples {
    let first = start.minute();
    let mut samples = Samples::default();
    let mut whole = Stats::default();
    for minute in (first.0..first.0 + minutes).map(Minute) {
        match (at(minute), reading.is_count()) {
            (Some(stats), true) => samples.merge(&reading.samples(&stats)),
            (None, true) if is_zero(minute) => samples.merge(&Samples::one(0.0)),
            (Some(stats), false) => reading.add(&mut whole, &stats),
            _ => {}
        }
    }
    if reading.is_count() || whole.counts.total() <= 0 { samples } else { reading.samples(&whole) }
}
