//! Alarms as they are set up: what is watched, when it is an alarm, and who is told.

use model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::State;
use crate::statistic::Statistic;
use crate::threshold::{Comparison, MissingData, Threshold};

/// An alarm of either kind; they share one space of names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Alarm {
    Metric(MetricAlarm),
    Composite(CompositeAlarm),
}

/// What every alarm has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    pub name: String,
    pub description: Option<String>,
    pub actions_enabled: bool,
    /// ARNs, by the state that was entered.
    pub ok_actions: Vec<String>,
    pub alarm_actions: Vec<String>,
    pub insufficient_data_actions: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricAlarm {
    pub head: Head,
    pub watched: Watched,
    pub evaluation_periods: u32,
    /// All of the periods where it is not given, which answers tell apart.
    pub datapoints_to_alarm: Option<u32>,
    pub threshold: f64,
    pub comparison: Comparison,
    pub missing: Option<MissingData>,
    pub low_samples: Option<LowSamples>,
}

/// One metric, or several and what is computed of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Watched {
    Metric(MetricStat),
    Queries(Vec<Query>),
}

/// A metric's name. Dimensions stand in the order in which they were given, and are the same in any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metric {
    pub namespace: String,
    pub name: String,
    pub dimensions: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricStat {
    pub metric: Metric,
    pub period_seconds: u32,
    /// As it was given, for answers that repeat it; it is one that parses.
    pub statistic: String,
    pub unit: Option<String>,
}

/// One of `Metrics`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    pub id: String,
    pub source: Source,
    pub label: Option<String>,
    /// As it was given; what is not given counts as true.
    pub returns: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    Stat(MetricStat),
    Expression { text: String, period_seconds: Option<u32> },
}

/// What an evaluation does with a percentile of too few samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LowSamples {
    Evaluate,
    Ignore,
}

/// An alarm over alarms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompositeAlarm {
    pub head: Head,
    /// As it was given; it is one that parses.
    pub rule: String,
    pub suppressor: Option<Suppressor>,
}

/// While this alarm is in ALARM, a composite alarm acts on nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppressor {
    /// As it was given: a name or an ARN.
    pub alarm: String,
    pub wait_seconds: u32,
    pub extension_seconds: u32,
}

/// How an alarm stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    pub state: State,
    pub reason: String,
    /// A document of JSON; nothing before the first evaluation.
    pub reason_data: Option<String>,
    /// When state or reason last changed.
    pub updated: Timestamp,
    /// When the state last changed.
    pub transitioned: Timestamp,
    /// Where something keeps it from being evaluated as it should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<Impediment>,
    /// The state whose actions were done last: what others know of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<State>,
    /// A mute rule keeps the actions of this state back; they are done when it ends.
    #[serde(default)]
    pub is_muted: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppression: Option<Suppression>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Acknowledgement>,
}

/// CloudWatch's EvaluationState.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Impediment {
    /// Some datapoints could not be had.
    PartialData,
    /// The alarm as it is set up cannot be evaluated.
    EvaluationError,
    /// What was received is not digested yet.
    EvaluationFailure,
}

/// Why a composite alarm does not act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    pub by: SuppressedBy,
    /// When the wait is over; nothing while the suppressor is in ALARM.
    pub until: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SuppressedBy {
    Alarm,
    WaitPeriod,
    ExtensionPeriod,
}

/// Somebody looks after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    pub by: String,
    pub note: String,
    pub at: Timestamp,
}

impl Alarm {
    pub fn head(&self) -> &Head {
        match self {
            Self::Metric(alarm) => &alarm.head,
            Self::Composite(alarm) => &alarm.head,
        }
    }

    pub fn head_mut(&mut self) -> &mut Head {
        match self {
            Self::Metric(alarm) => &mut alarm.head,
            Self::Composite(alarm) => &mut alarm.head,
        }
    }

    pub fn name(&self) -> &str {
        &self.head().name
    }

    /// CloudWatch's AlarmType.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Metric(_) => "MetricAlarm",
            Self::Composite(_) => "CompositeAlarm",
        }
    }
}

impl Head {
    /// What is done when the state is entered.
    pub fn actions(&self, state: State) -> &[String] {
        match state {
            State::Ok => &self.ok_actions,
            State::Alarm => &self.alarm_actions,
            State::InsufficientData => &self.insufficient_data_actions,
        }
    }
}

impl MetricAlarm {
    pub fn threshold(&self) -> Threshold {
        let periods = self.evaluation_periods.max(1) as usize;
        let needed = self.datapoints_to_alarm.unwrap_or(self.evaluation_periods).max(1) as usize;
        Threshold {
            value: self.threshold,
            comparison: self.comparison,
            periods,
            needed: needed.min(periods),
            missing: self.missing.unwrap_or_default(),
        }
    }

    /// The length of what is compared, as it was given.
    pub fn period_seconds(&self) -> u32 {
        match &self.watched {
            Watched::Metric(stat) => stat.period_seconds,
            Watched::Queries(queries) => queries.iter().find_map(Query::period_seconds).unwrap_or(60),
        }
    }

    /// The same in whole minutes: what is kept has no finer times, so shorter periods are evaluated as a minute.
    pub fn period_minutes(&self) -> u32 {
        (self.period_seconds() / 60).max(1)
    }

    /// All metrics that it reads, with what is made of them.
    pub fn stats(&self) -> Vec<&MetricStat> {
        match &self.watched {
            Watched::Metric(stat) => vec![stat],
            Watched::Queries(queries) => queries.iter().filter_map(Query::stat).collect(),
        }
    }
}

impl Query {
    pub fn stat(&self) -> Option<&MetricStat> {
        match &self.source {
            Source::Stat(stat) => Some(stat),
            Source::Expression { .. } => None,
        }
    }

    fn period_seconds(&self) -> Option<u32> {
        match &self.source {
            Source::Stat(stat) => Some(stat.period_seconds),
            Source::Expression { period_seconds, .. } => *period_seconds,
        }
    }
}

impl MetricStat {
    /// What is made of the samples. It was checked when the alarm was made.
    pub fn statistic(&self) -> Statistic {
        self.statistic.parse().unwrap_or(Statistic::Average)
    }
}

impl Metric {
    /// The value of a dimension.
    pub fn dimension(&self, name: &str) -> Option<&str> {
        self.dimensions.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether it is the same metric, in whatever order the dimensions stand.
    pub fn is(&self, other: &Self) -> bool {
        let sorted = |metric: &Self| {
            let mut dimensions = metric.dimensions.clone();
            dimensions.sort();
            dimensions
        };
        self.namespace == other.namespace && self.name == other.name && sorted(self) == sorted(other)
    }
}

impl Standing {
    /// Of an alarm that was just made.
    pub fn new(reason: String, now: Timestamp) -> Self {
        Self {
            state: State::InsufficientData,
            reason,
            reason_data: None,
            updated: now,
            transitioned: now,
            evaluation: None,
            told: None,
            is_muted: false,
            suppression: None,
            acknowledged: None,
        }
    }
}

impl LowSamples {
    pub const ALL: [Self; 2] = [Self::Evaluate, Self::Ignore];

    pub fn name(self) -> &'static str {
        match self {
            Self::Evaluate => "evaluate",
            Self::Ignore => "ignore",
        }
    }
}

impl Impediment {
    pub fn name(self) -> &'static str {
        match self {
            Self::PartialData => "PARTIAL_DATA",
            Self::EvaluationError => "EVALUATION_ERROR",
            Self::EvaluationFailure => "EVALUATION_FAILURE",
        }
    }
}

impl SuppressedBy {
    pub fn name(self) -> &'static str {
        match self {
            Self::Alarm => "Alarm",
            Self::WaitPeriod => "WaitPeriod",
            Self::ExtensionPeriod => "ExtensionPeriod",
        }
    }
}
