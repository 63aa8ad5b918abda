//! CloudWatch's table of missing data, row by row, and what follows from it.

use proptest::prelude::*;

use super::*;
use crate::threshold::Comparison;

fn threshold(needed: usize, missing: MissingData) -> Threshold {
    Threshold { value: 1.0, comparison: Comparison::GreaterThanThreshold, periods: 3, needed, missing }
}

/// `-` is missing, `X` breaches, `0` is fine; oldest first, as in the guide.
fn points(text: &str) -> Vec<Option<f64>> {
    text.chars()
        .map(|sign| match sign {
            'X' => Some(2.0),
            '0' => Some(0.0),
            _ => None,
        })
        .collect()
}

fn word(state: Option<State>) -> &'static str {
    state.map_or("keep", State::name)
}

/// The states for `missing`, `ignore`, `breaching` and `notBreaching`.
fn row(needed: usize, text: &str) -> [&'static str; 4] {
    MissingData::ALL.map(|missing| word(evaluate(&threshold(needed, missing), &points(text)).state))
}

const UNKNOWN: &str = "INSUFFICIENT_DATA";

#[test]
fn three_of_three_decides_as_the_guide_says() {
    assert_eq!(row(3, "0-X-X"), ["OK", "OK", "OK", "OK"]);
    assert_eq!(row(3, "0----"), ["OK", "OK", "OK", "OK"]);
    assert_eq!(row(3, "-----"), [UNKNOWN, "keep", "ALARM", "OK"]);
    assert_eq!(row(3, "0XX-X"), ["ALARM", "ALARM", "ALARM", "ALARM"]);
    assert_eq!(row(3, "----X"), [UNKNOWN, "keep", "ALARM", "OK"]);
    assert_eq!(row(3, "X----"), ["ALARM", "keep", "ALARM", "OK"], "the premature alarm");
}

#[test]
fn two_of_three_decides_as_the_guide_says() {
    assert_eq!(row(2, "0-X-X"), ["ALARM", "ALARM", "ALARM", "ALARM"]);
    assert_eq!(row(2, "00X0X"), ["ALARM", "ALARM", "ALARM", "ALARM"]);
    assert_eq!(row(2, "0-X--"), ["OK", "OK", "ALARM", "OK"]);
    assert_eq!(row(2, "----0"), ["OK", "OK", "ALARM", "OK"]);
    assert_eq!(row(2, "----X"), [UNKNOWN, "keep", "ALARM", "OK"]);
}

#[test]
fn the_newest_datapoints_decide_where_there_are_more_than_count() {
    let evaluation = evaluate(&threshold(1, MissingData::Missing), &points("XX000"));
    assert_eq!(evaluation.state, Some(State::Ok));
    assert_eq!(evaluation.ground, Ground::Datapoints { compared: vec![2, 3, 4], breaching: vec![] });
}

#[test]
fn a_premature_alarm_takes_as_long_as_an_alarm() {
    assert_eq!(row(3, "--X--")[0], "ALARM");
    assert_eq!(row(3, "---X-")[0], UNKNOWN);
    assert_eq!(row(1, "----X")[0], "ALARM");
}

#[test]
fn a_metric_younger_than_the_range_is_judged_by_what_there_is() {
    assert_eq!(row(3, "X"), [UNKNOWN, "keep", "ALARM", "OK"]);
    assert_eq!(row(1, "")[0], UNKNOWN);
}

#[test]
fn comparisons_hold_at_the_threshold() {
    let at = |comparison: Comparison| [0.9, 1.0, 1.1].map(|value| comparison.breaches(value, 1.0));
    assert_eq!(at(Comparison::GreaterThanThreshold), [false, false, true]);
    assert_eq!(at(Comparison::GreaterThanOrEqualToThreshold), [false, true, true]);
    assert_eq!(at(Comparison::LessThanThreshold), [true, false, false]);
    assert_eq!(at(Comparison::LessThanOrEqualToThreshold), [true, true, false]);
}

proptest! {
    /// Nobody is told of an alarm that no datapoint speaks for.
    #[test]
    fn no_datapoint_no_alarm(text in "[0-]{0,8}", needed in 1usize..=3) {
        for missing in [MissingData::Missing, MissingData::Ignore, MissingData::NotBreaching] {
            prop_assert_ne!(evaluate(&threshold(needed, missing), &points(&text)).state, Some(State::Alarm));
        }
    }

    /// Where nothing is missing, how missing data is treated plays no part.
    #[test]
    fn treatment_is_of_missing_data_alone(text in "[0X]{3,8}", needed in 1usize..=3) {
        let states = row(needed, &text);
        prop_assert!(states.iter().all(|&state| state == states[0]));
    }
}
