//! When something is worth telling: alarms in CloudWatch's meaning, as pure steps over datapoints.
//!
//! Nothing here knows a clock, a store, a file or a network. A step takes what is known of an alarm and the datapoints of
//! its evaluation range, and gives the state it has now with the reason; so a dry run over stored minutes is the same
//! function as the live evaluation, and a test is a table of datapoints.
//!
//! Read [`alarm`] for what is set up and how it stands, [`statistic`] for what is made of samples, [`math`] for what is computed of
//! several metrics, [`threshold`] and [`evaluate()`]
//! for how a state is decided, [`step`] for all of it at once with the words of [`reason`], [`composite`] for alarms over alarms,
//! and [`transition`] for whom a change is told: by a [`notice`], with CloudWatch's own [`document`]s in it. [`mute`] says when
//! nobody is. [`objective`] makes alarms of what is promised of a service.

pub mod alarm;
pub mod composite;
pub mod document;
pub mod evaluate;
pub mod math;
pub mod mute;
pub mod notice;
pub mod objective;
pub mod reason;
pub mod statistic;
pub mod step;
pub mod threshold;
pub mod transition;

use serde::{Deserialize, Serialize};

pub use alarm::{Alarm, CompositeAlarm, MetricAlarm, Standing};
pub use evaluate::{Evaluation, evaluate};
pub use notice::Notice;
pub use threshold::{Comparison, MissingData, Threshold};

/// The state of an alarm, in CloudWatch's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    Ok,
    Alarm,
    InsufficientData,
}

impl State {
    pub const ALL: [Self; 3] = [Self::Ok, Self::Alarm, Self::InsufficientData];

    /// As it stands in requests, answers and rules.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}
