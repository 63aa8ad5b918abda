//! How the datapoints of an evaluation range decide the state of an alarm, missing ones included.
//!
//! The rules reproduce every row of the table in CloudWatch's guide, "Configuring how CloudWatch alarms treat missing
//! data", its premature alarm included: one old breaching datapoint with nothing after it is an ALARM.

#[cfg(test)]
mod tests;

use crate::State;
use crate::threshold::{MissingData, Threshold};

/// What was decided, and by which datapoints.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Nothing where the alarm keeps the state that it has.
    pub state: Option<State>,
    pub ground: Ground,
}

/// Why: the datapoints that decided, as offsets in the range given.
#[derive(Debug, Clone, PartialEq)]
pub enum Ground {
    /// These datapoints were compared; enough of them breached, or not.
    Datapoints { compared: Vec<usize>, breaching: Vec<usize> },
    /// So many periods had none and were taken as breaching or as fine.
    Filled { compared: Vec<usize>, breaching: Vec<usize>, filled: usize, as_breaching: bool },
    /// So many periods had none, and that is all there is to say.
    Unknown { periods: usize },
}

/// `range` holds the newest periods, oldest first: [`Threshold::range`] of them, or fewer where a metric is younger.
pub fn evaluate(threshold: &Threshold, range: &[Option<f64>]) -> Evaluation {
    let real: Vec<usize> = (0..range.len()).filter(|&index| range[index].is_some()).collect();
    let breaching: Vec<usize> = real
        .iter()
        .copied()
        .filter(|&index| range[index].is_some_and(|value| threshold.breaches(value)))
        .collect();
    if real.len() >= threshold.periods {
        return enough(threshold, &real, &breaching);
    }
    let filled = threshold.periods - real.len();
    match threshold.missing {
        MissingData::Breaching => fill(threshold, real, breaching, filled, true),
        MissingData::NotBreaching => fill(threshold, real, breaching, filled, false),
        MissingData::Missing | MissingData::Ignore => too_few(threshold, range.len(), real, breaching),
    }
}

/// With as many datapoints as count, the newest of them decide, and missing ones play no part.
fn enough(threshold: &Threshold, real: &[usize], breaching: &[usize]) -> Evaluation {
    let compared = real[real.len() - threshold.periods..].to_vec();
    let breaching: Vec<usize> = breaching.iter().copied().filter(|index| compared.contains(index)).collect();
    let state = if breaching.len() >= threshold.needed { State::Alarm } else { State::Ok };
    Evaluation { state: Some(state), ground: Ground::Datapoints { compared, breaching } }
}

fn fill(
    threshold: &Threshold,
    compared: Vec<usize>,
    breaching: Vec<usize>,
    filled: usize,
    as_breaching: bool,
) -> Evaluation {
    let count = breaching.len() + if as_breaching { filled } else { 0 };
    let state = if count >= threshold.needed { State::Alarm } else { State::Ok };
    Evaluation { state: Some(state), ground: Ground::Filled { compared, breaching, filled, as_breaching } }
}

/// Fewer datapoints than count, and nothing stands in for those that are missing.
fn too_few(threshold: &Threshold, length: usize, compared: Vec<usize>, breaching: Vec<usize>) -> Evaluation {
    let keeps = threshold.missing == MissingData::Ignore;
    let unknown = |state| Evaluation { state, ground: Ground::Unknown { periods: threshold.periods } };
    let Some(&oldest) = breaching.first() else {
        if compared.is_empty() {
            return unknown(if keeps { None } else { Some(State::InsufficientData) });
        }
        return Evaluation { state: Some(State::Ok), ground: Ground::Datapoints { compared, breaching } };
    };
    let decided = if breaching.len() >= threshold.needed {
        State::Alarm
    } else if breaching.len() < compared.len() {
        State::Ok
    } else if keeps {
        return unknown(None);
    } else if length - 1 - oldest >= threshold.needed - 1 {
        // All that is known breaches, and it has been so for as long as an alarm takes.
        State::Alarm
    } else {
        return unknown(Some(State::InsufficientData));
    };
    Evaluation { state: Some(decided), ground: Ground::Datapoints { compared, breaching } }
}
