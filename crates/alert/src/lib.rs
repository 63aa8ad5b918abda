//! When something is worth telling: alarms in CloudWatch's meaning, as pure steps over datapoints.
//!
//! Nothing here knows a clock, a store, a file or a network. A step takes what is known of an alarm and the datapoints of
//! its evaluation range, and gives the state it has now with the reason; so a dry run over stored minutes is the same
//! function as the live evaluation, and a test is a table of datapoints.
//!
//! Read [`threshold`] for what an alarm watches, [`evaluate()`] for how its state is decided, [`reason`] for the words, and
//! [`composite`] for alarms over alarms.

pub mod composite;
pub mod evaluate;
pub mod reason;
pub mod threshold;

pub use evaluate::{Evaluation, evaluate};
pub use threshold::{Comparison, MissingData, Threshold};

/// The state of an alarm, in CloudWatch's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
