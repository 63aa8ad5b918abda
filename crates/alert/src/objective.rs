//! Objectives: how many requests of a service are to go well, as alarms on how fast what may fail is used up.
//!
//! *Burn* is the share that fails over the share that may. An objective makes an alarm for each window of the presets and
//! composite alarms over pairs of them: the long window says that it matters, the short one that it goes on, so that the alarm ends soon
//! after the failures. Nothing of it is new to the engine, so every client sees and changes it as it does other alarms.
//! <https://sre.google/workbook/alerting-on-slos/>

#[cfg(test)]
mod tests;

use crate::alarm::{Alarm, CompositeAlarm, Head, Metric, MetricAlarm, MetricStat, Query, Source, Watched};
use crate::threshold::{Comparison, MissingData, SPARE_PERIODS};

/// Fewer failures than this in a long window are nobody's business, however few requests there were.
const LEAST_FAILING: u32 = 10;
/// Of failures that may be, in a month.
const FAST_BURN: f64 = 14.4;

/// What is promised of a service.
#[derive(Debug, Clone, PartialEq)]
pub struct Objective {
    pub group: String,
    pub service: String,
    pub node_type: Option<String>,
    /// What was asked of it from outside, where the objective is of that alone; the group then has such traces only.
    pub entry: Option<String>,
    /// Of requests, that go well.
    pub percent: f64,
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ObjectiveError {
    #[error("an objective is a share of requests above 0 % and below 100 %, and not {0} %")]
    NoShare(f64),
    #[error(
        "with an objective of {percent} % failures can burn at most {most:.1} times as fast as they may, so an alarm at {FAST_BURN} would \
         never tell; ask for more than 93.1 %"
    )]
    TooLow { percent: f64, most: f64 },
}

/// A window of time, by periods that it is made of.
struct Window {
    name: &'static str,
    minutes: u32,
    period_seconds: u32,
}

const fn window(name: &'static str, minutes: u32, period_seconds: u32) -> Window {
    Window { name, minutes, period_seconds }
}

/// Pairs of a long and a short window, and the burn in both.
const FAST: [(Window, Window, f64); 2] = [
    (window("1 h", 60, 60), window("5 min", 5, 60), FAST_BURN),
    (window("6 h", 360, 300), window("30 min", 30, 60), 6.0),
];
const SLOW: [(Window, Window, f64); 1] = [(window("3 d", 4_320, 3_600), window("6 h", 360, 300), 1.0)];

impl Objective {
    /// The share that may fail.
    pub fn may_fail(&self) -> f64 {
        1.0 - self.percent / 100.0
    }

    /// The name of what tells of failures that burn fast; the other names begin with it.
    pub fn name(&self) -> String {
        format!("{} % of {}", self.percent, self.of())
    }

    /// `checkout`, or `GET /cart of checkout`.
    pub fn of(&self) -> String {
        match &self.entry {
            Some(entry) => format!("{entry} of {}", self.service),
            None => self.service.clone(),
        }
    }

    /// The entry that the name of an objective names.
    pub fn entry_in<'n>(name: &'n str, percent: f64, service: &str) -> Option<&'n str> {
        let of = name.strip_prefix(&format!("{percent} % of "))?;
        of.strip_suffix(&format!(" of {service}"))
    }

    /// Its alarms, those first that others are made of. `actions` are of failures that burn fast, and of those that burn slowly.
    pub fn alarms(&self, actions: &[String]) -> Result<Vec<Alarm>, ObjectiveError> {
        if !(self.percent > 0.0 && self.percent < 100.0) {
            return Err(ObjectiveError::NoShare(self.percent));
        }
        let most = 1.0 / self.may_fail();
        if most <= FAST_BURN {
            return Err(ObjectiveError::TooLow { percent: self.percent, most });
        }
        let mut alarms = Vec::new();
        let mut composites = Vec::new();
        for (word, pairs) in [("", FAST.as_slice()), (", slowly", SLOW.as_slice())] {
            let mut rules = Vec::new();
            for (long, short, burn) in pairs {
                let (long, short) = (self.window(long, *burn, true), self.window(short, *burn, false));
                rules.push(format!("(ALARM({}) AND ALARM({}))", quoted(&long), quoted(&short)));
                alarms.extend([long, short]);
            }
            let name = format!("{}{word}", self.name());
            let burns = if word.is_empty() { "fast: page somebody" } else { "slowly: make a ticket" };
            let description =
                format!("Failures of {} use up what {} % allow of a month {burns}.", self.of(), self.percent);
            let head = Head {
                alarm_actions: actions.to_vec(),
                ok_actions: actions.to_vec(),
                ..head(name, description)
            };
            composites.push(Alarm::Composite(CompositeAlarm {
                head,
                rule: rules.join(" OR "),
                suppressor: None,
            }));
        }
        let metric = alarms.into_iter().map(Alarm::Metric);
        Ok(metric.chain(composites).collect())
    }

    /// Failures of all requests over the whole window, evaluated anew at the end of each period.
    fn window(&self, window: &Window, burn: f64, is_long: bool) -> MetricAlarm {
        let threshold = (burn * self.may_fail() * 1e9).round() / 1e9;
        let stat = |name: &str, namespace: &str| MetricStat {
            metric: self.metric(namespace, name),
            period_seconds: window.period_seconds,
            statistic: "Sum".to_owned(),
            unit: None,
        };
        let share = "SUM(faults) / SUM(requests)";
        let text = match is_long {
            true => format!("TIME_SERIES(IF(SUM(faults) >= {LEAST_FAILING}, {share}, 0))"),
            false => format!("TIME_SERIES({share})"),
        };
        let query = |id: &str, source, returns| Query {
            id: id.to_owned(),
            source,
            label: None,
            returns: Some(returns),
        };
        let periods = window.minutes * 60 / window.period_seconds;
        let name = format!("{}: {} at {burn}", self.name(), window.name);
        let description =
            format!("More than {:.3} % of requests failed in {}.", threshold * 100.0, window.name);
        MetricAlarm {
            head: head(name, description),
            watched: Watched::Queries(vec![
                query("share", Source::Expression { text, period_seconds: None }, true),
                query("faults", Source::Stat(stat("FaultCount", "Fluoro")), false),
                query("requests", Source::Stat(stat("RequestCount", "Fluoro")), false),
            ]),
            // The spare periods that every evaluation looks at are a part of the window.
            evaluation_periods: periods - SPARE_PERIODS as u32,
            datapoints_to_alarm: Some(1),
            threshold,
            comparison: Comparison::GreaterThanThreshold,
            missing: Some(MissingData::NotBreaching),
            low_samples: None,
        }
    }

    pub fn metric(&self, namespace: &str, name: &str) -> Metric {
        let mut dimensions = vec![
            ("GroupName".to_owned(), self.group.clone()),
            ("ServiceName".to_owned(), self.service.clone()),
        ];
        dimensions.extend(self.node_type.clone().map(|node_type| ("ServiceType".to_owned(), node_type)));
        Metric { namespace: namespace.to_owned(), name: name.to_owned(), dimensions }
    }

    /// The part of what may fail that is left, after so many requests; below zero where more failed.
    pub fn left(&self, requests: f64, failing: f64) -> f64 {
        let may = requests * self.may_fail();
        if may > 0.0 { 1.0 - failing / may } else { 1.0 }
    }
}

fn head(name: String, description: String) -> Head {
    Head {
        name,
        description: Some(description),
        actions_enabled: true,
        ok_actions: Vec::new(),
        alarm_actions: Vec::new(),
        insufficient_data_actions: Vec::new(),
    }
}

fn quoted(alarm: &MetricAlarm) -> String {
    format!("\"{}\"", alarm.head.name.replace('\\', "\\\\").replace('"', "\\\""))
}
