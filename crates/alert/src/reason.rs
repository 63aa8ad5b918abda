//! Why an alarm has its state, in CloudWatch's words: programs read these sentences, and so do people.

#[cfg(test)]
mod tests;

use jiff::Timestamp as Instant;
use model::Timestamp;

use crate::State;
use crate::evaluate::{Evaluation, Ground};
use crate::threshold::Threshold;

/// Of an alarm that was not evaluated yet.
pub const CREATED: &str = "Unchecked: Initial alarm creation";

/// One period of the evaluation range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Datapoint {
    /// When the period begins.
    pub at: Timestamp,
    pub value: Option<f64>,
}

/// The sentence for a state that was decided on `range`. `names_minimum` where the alarm was made with
/// DatapointsToAlarm: the sentence then says how many it takes.
pub fn sentence(
    threshold: &Threshold,
    range: &[Datapoint],
    evaluation: &Evaluation,
    before: State,
    names_minimum: bool,
) -> String {
    match &evaluation.ground {
        Ground::Unknown { periods } => unknown(*periods),
        Ground::Filled { compared, filled, as_breaching, .. } if compared.is_empty() => {
            filled_alone(*filled, *as_breaching)
        }
        Ground::Filled { compared, breaching, filled, as_breaching } => {
            let told = crossed(threshold, range, compared, breaching, evaluation.state, None);
            let treated = treated(*filled, *as_breaching);
            format!("{} and {treated}.", told.trim_end_matches('.'))
        }
        Ground::Datapoints { compared, breaching } => {
            let minimum = names_minimum.then_some(before);
            crossed(threshold, range, compared, breaching, evaluation.state, minimum)
        }
    }
}

fn unknown(periods: usize) -> String {
    match periods {
        1 => "Insufficient Data: 1 datapoint was unknown.".to_owned(),
        many => format!("Insufficient Data: {many} datapoints were unknown."),
    }
}

fn filled_alone(filled: usize, as_breaching: bool) -> String {
    let periods = plural(filled, "period");
    format!(
        "Threshold Crossed: no datapoints were received for {periods} and {}.",
        treated(filled, as_breaching)
    )
}

fn treated(filled: usize, as_breaching: bool) -> String {
    let treatment = if as_breaching { "Breaching" } else { "NonBreaching" };
    let (count, were) = if filled == 1 {
        ("1 missing datapoint".to_owned(), "was")
    } else {
        (format!("{filled} missing datapoints"), "were")
    };
    format!("{count} {were} treated as [{treatment}]")
}

/// Names the datapoints that the state rests on, newest first: those that breach for an alarm, those that do not for its end.
fn crossed(
    threshold: &Threshold,
    range: &[Datapoint],
    compared: &[usize],
    breaching: &[usize],
    state: Option<State>,
    minimum: Option<State>,
) -> String {
    let is_alarm = state == Some(State::Alarm);
    let mut told: Vec<usize> =
        compared.iter().copied().filter(|index| breaching.contains(index) == is_alarm).collect();
    if told.is_empty() {
        told = compared.to_vec();
    }
    let values: Vec<String> = told.iter().rev().filter_map(|&index| range.get(index)).map(value).collect();
    let (count, was) = match (minimum, told.len()) {
        (Some(_), count) => (
            format!("{count} out of the last {} datapoints", compared.len()),
            if count == 1 { "was" } else { "were" },
        ),
        (None, 1) => ("1 datapoint".to_owned(), "was"),
        (None, count) => (format!("{count} datapoints"), "were"),
    };
    let not = if is_alarm { "" } else { "not " };
    let words = threshold.comparison.words();
    let mut text = format!(
        "Threshold Crossed: {count} [{}] {was} {not}{words} the threshold ({:?})",
        values.join(", "),
        threshold.value
    );
    if let (Some(before), Some(state)) = (minimum, state) {
        let takes = if is_alarm { threshold.needed } else { threshold.periods - threshold.needed + 1 };
        text.push_str(&format!(
            " (minimum {} for {} -> {} transition)",
            plural(takes, "datapoint"),
            before.name(),
            state.name()
        ));
    }
    text.push('.');
    text
}

fn value(point: &Datapoint) -> String {
    format!("{:?} ({})", point.value.unwrap_or(f64::NAN), short_date(point.at))
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

fn instant(at: Timestamp) -> Instant {
    Instant::from_microsecond(at.0).unwrap_or(Instant::UNIX_EPOCH)
}

/// `26/10/23 16:42:00`, in UTC, as it stands in reasons.
fn short_date(at: Timestamp) -> String {
    instant(at).strftime("%d/%m/%y %H:%M:%S").to_string()
}

/// `2023-10-26T16:42:00.000+0000`, as it stands inside documents.
pub fn document_date(at: Timestamp) -> String {
    instant(at).strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string()
}

/// `Monday 14 September, 2026 11:18:52 UTC`, as it stands in the reasons of composite alarms.
pub fn long_date(at: Timestamp) -> String {
    instant(at).strftime("%A %d %B, %Y %H:%M:%S UTC").to_string()
}
