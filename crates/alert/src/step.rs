//! One evaluation of a metric alarm: the datapoints of its range, the state that follows, and why.
//!
//! The live evaluation and a dry run call the same function, once for each period.

#[cfg(test)]
mod tests;

use model::{Micros, Timestamp};
use serde_json::{Map, Value, json};

use crate::State;
use crate::alarm::{LowSamples, MetricAlarm, Standing, Watched};
use crate::evaluate::{Ground, evaluate};
use crate::math::Sheet;
use crate::reason::{self, Datapoint, document_date};
use crate::statistic::{Samples, Statistic};

/// Datapoints that are written into a document; CloudWatch's has 4,000 characters at most.
const MAX_DOCUMENTED: usize = 20;
/// CloudWatch's longest reason.
const MAX_REASON: usize = 1_023;

/// One period of the evaluation range, and how many samples its value is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    pub at: Timestamp,
    pub value: Option<f64>,
    pub samples: f64,
}

/// What an evaluation came to, where that is a change.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    pub state: State,
    pub reason: String,
    pub reason_data: Option<String>,
}

/// When the periods of an evaluation begin, oldest first: the newest ends at `end`, which is aligned to the period.
pub fn periods(alarm: &MetricAlarm, end: Timestamp) -> Vec<Timestamp> {
    let minutes = u64::from(alarm.period_minutes());
    let count = alarm.threshold().range() as u64;
    (1..=count).rev().map(|back| end.minus(Micros::from_secs(back * minutes * 60))).collect()
}

/// What stands in each period, of the samples of each metric that the alarm reads, in the order of [`MetricAlarm::stats`].
pub fn observations(
    alarm: &MetricAlarm,
    periods: &[Timestamp],
    samples: &[impl AsRef<[Samples]>],
) -> Vec<Observation> {
    let queries = match &alarm.watched {
        Watched::Metric(stat) => {
            let statistic = stat.statistic();
            let points = periods.iter().zip(samples.first().into_iter().flat_map(AsRef::as_ref));
            let seen = |(at, samples): (&Timestamp, &Samples)| Observation {
                at: *at,
                value: statistic.of(samples),
                samples: samples.count,
            };
            return points.map(seen).collect();
        }
        Watched::Queries(queries) => queries,
    };
    let place = queries.iter().position(|query| query.returns.unwrap_or(true));
    // It was checked when the alarm was made.
    let (Some(place), Ok(sheet)) = (place, Sheet::of(queries)) else { return Vec::new() };
    let stats = queries.iter().enumerate().filter_map(|(place, query)| Some((place, query.stat()?)));
    let read = stats.zip(samples).map(|((place, stat), samples)| (place, stat.statistic(), samples.as_ref()));
    let read: Vec<(usize, Statistic, &[Samples])> = read.collect();
    let metrics = read
        .iter()
        .map(|(place, statistic, samples)| (*place, samples.iter().map(|one| statistic.of(one)).collect()));
    let values =
        sheet.evaluate(place, periods.len(), &metrics.collect()).into_iter().next().unwrap_or_default();
    let needs = sheet.needs(place);
    // As much as is known of the least known of what it is made of.
    let samples = |period: usize| {
        let read = read.iter().filter(|(place, ..)| needs.contains(place));
        let counts = read.filter_map(|(.., samples)| Some(samples.get(period)?.count));
        counts.reduce(f64::min).unwrap_or_default()
    };
    let points = periods.iter().zip(values).enumerate();
    points.map(|(period, (at, value))| Observation { at: *at, value, samples: samples(period) }).collect()
}

/// The state after the newest period of `range`, where it differs from how the alarm stands.
pub fn step(alarm: &MetricAlarm, range: &[Observation], before: State, now: Timestamp) -> Option<Decision> {
    let threshold = alarm.threshold();
    if has_too_few_samples(alarm, range) {
        return None;
    }
    let values: Vec<Option<f64>> = range.iter().map(|point| point.value).collect();
    let evaluation = evaluate(&threshold, &values);
    let state = evaluation.state.filter(|state| *state != before)?;
    let points: Vec<Datapoint> =
        range.iter().map(|point| Datapoint { at: point.at, value: point.value }).collect();
    let names_minimum = alarm.datapoints_to_alarm.is_some();
    let mut reason = reason::sentence(&threshold, &points, &evaluation, before, names_minimum);
    if reason.chars().count() > MAX_REASON {
        reason = reason.chars().take(MAX_REASON - 1).chain(['…']).collect();
    }
    let compared = match &evaluation.ground {
        Ground::Datapoints { compared, .. } | Ground::Filled { compared, .. } => compared.as_slice(),
        Ground::Unknown { .. } => &[],
    };
    let reason_data = Some(document(alarm, range, compared, now));
    Some(Decision { state, reason, reason_data })
}

/// Whether a percentile is asked for that the newest periods have too few samples for, and such are to be left alone.
fn has_too_few_samples(alarm: &MetricAlarm, range: &[Observation]) -> bool {
    if alarm.low_samples != Some(LowSamples::Ignore) {
        return false;
    }
    let needs = alarm.stats().iter().map(|stat| stat.statistic().needs_samples()).fold(0.0, f64::max);
    let newest = range.iter().rev().take(alarm.evaluation_periods as usize);
    newest.into_iter().any(|point| point.value.is_some() && point.samples < needs)
}

/// CloudWatch's StateReasonData.
fn document(alarm: &MetricAlarm, range: &[Observation], compared: &[usize], now: Timestamp) -> String {
    let newest: Vec<&Observation> =
        compared.iter().rev().take(MAX_DOCUMENTED).filter_map(|&index| range.get(index)).collect();
    let mut data = Map::new();
    data.insert("version".to_owned(), json!("1.0"));
    data.insert("queryDate".to_owned(), json!(document_date(now)));
    let oldest = newest.last().or(range.first().as_ref()).map(|point| point.at);
    data.insert("startDate".to_owned(), json!(oldest.map(document_date)));
    if let Watched::Metric(stat) = &alarm.watched {
        if let Some(unit) = &stat.unit {
            data.insert("unit".to_owned(), json!(unit));
        }
        data.insert("statistic".to_owned(), json!(stat.statistic));
    }
    data.insert("period".to_owned(), json!(alarm.period_seconds()));
    let recent: Vec<f64> = newest.iter().rev().filter_map(|point| point.value).collect();
    data.insert("recentDatapoints".to_owned(), json!(recent));
    data.insert("threshold".to_owned(), json!(alarm.threshold));
    let evaluated: Vec<Value> = newest
        .iter()
        .map(|point| {
            json!({ "timestamp": document_date(point.at), "sampleCount": point.samples, "value": point.value })
        })
        .collect();
    data.insert("evaluatedDatapoints".to_owned(), json!(evaluated));
    Value::Object(data).to_string()
}

impl Standing {
    /// As it stands after a decision; whoever looked after the last alarm does not look after the next.
    pub fn after(&self, decision: &Decision, now: Timestamp) -> Self {
        let transitioned = if decision.state == self.state { self.transitioned } else { now };
        let acknowledged = self.acknowledged.clone().filter(|_| decision.state == State::Alarm);
        Self {
            state: decision.state,
            reason: decision.reason.clone(),
            reason_data: decision.reason_data.clone(),
            updated: now,
            transitioned,
            acknowledged,
            evaluation: None,
            told: self.told,
            is_muted: false,
            suppression: None,
        }
    }
}
