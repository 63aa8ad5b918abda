//! Sentences as CloudWatch writes them.

use super::*;
use crate::evaluate;
use crate::threshold::{Comparison, MissingData};

/// 2023-10-26T16:42:00Z
const START: i64 = 1_698_338_520;

fn told(threshold: &Threshold, values: &[Option<f64>], before: State, names_minimum: bool) -> String {
    let points = (0i64..).zip(values);
    let range: Vec<Datapoint> = points
        .map(|(minute, &value)| Datapoint { at: Timestamp((START + minute * 60) * 1_000_000), value })
        .collect();
    sentence(threshold, &range, &evaluate(threshold, values), before, names_minimum)
}

fn threshold(periods: usize, needed: usize, missing: MissingData) -> Threshold {
    Threshold { value: 2.0, comparison: Comparison::GreaterThanThreshold, periods, needed, missing }
}

#[test]
fn one_datapoint_that_crossed() {
    assert_eq!(
        told(&threshold(1, 1, MissingData::Missing), &[Some(21.5)], State::Ok, false),
        "Threshold Crossed: 1 datapoint [21.5 (26/10/23 16:42:00)] was greater than the threshold (2.0)."
    );
}

#[test]
fn some_of_many_and_back() {
    let two_of_three = threshold(3, 2, MissingData::Missing);
    assert_eq!(
        told(&two_of_three, &[Some(3.0), Some(1.0), Some(4.0)], State::Ok, true),
        "Threshold Crossed: 2 out of the last 3 datapoints [4.0 (26/10/23 16:44:00), 3.0 (26/10/23 16:42:00)] were greater than the threshold (2.0) (minimum 2 datapoints for OK -> ALARM transition)."
    );
    assert_eq!(
        told(&two_of_three, &[Some(3.0), Some(1.0), Some(0.5)], State::Alarm, true),
        "Threshold Crossed: 2 out of the last 3 datapoints [0.5 (26/10/23 16:44:00), 1.0 (26/10/23 16:43:00)] were not greater than the threshold (2.0) (minimum 2 datapoints for ALARM -> OK transition)."
    );
}

#[test]
fn what_is_missing() {
    assert_eq!(
        told(&threshold(2, 2, MissingData::Breaching), &[None, None], State::Ok, false),
        "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [Breaching]."
    );
    assert_eq!(
        told(&threshold(2, 2, MissingData::NotBreaching), &[Some(3.0), None], State::Ok, false),
        "Threshold Crossed: 1 datapoint [3.0 (26/10/23 16:42:00)] was not greater than the threshold (2.0) and 1 missing datapoint was treated as [NonBreaching]."
    );
    assert_eq!(
        told(&threshold(1, 1, MissingData::Missing), &[None], State::Ok, false),
        "Insufficient Data: 1 datapoint was unknown."
    );
}

#[test]
fn dates_of_documents_have_milliseconds() {
    assert_eq!(document_date(Timestamp(START * 1_000_000 + 7_000)), "2023-10-26T16:42:00.007+0000");
}
