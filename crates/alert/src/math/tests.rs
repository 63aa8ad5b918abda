//! Expressions over two small series, and what is refused.

use std::collections::BTreeMap;

use super::*;
use crate::alarm::{Metric, MetricStat};

fn metric(id: &str) -> Query {
    let metric = Metric { namespace: "Fluoro".to_owned(), name: id.to_owned(), dimensions: Vec::new() };
    let stat = MetricStat { metric, period_seconds: 60, statistic: "Sum".to_owned(), unit: None };
    Query { id: id.to_owned(), source: Source::Stat(stat), label: None, returns: Some(false) }
}

fn expression(id: &str, text: &str, returns: bool) -> Query {
    let source = Source::Expression { text: text.to_owned(), period_seconds: None };
    Query { id: id.to_owned(), source, label: None, returns: Some(returns) }
}

/// `m1` and `m2`, each with a gap of its own.
fn results(text: &str) -> Result<Vec<Series>, String> {
    let queries = [metric("m1"), metric("m2"), expression("e1", text, true)];
    let sheet = Sheet::of(&queries).map_err(|error| error.to_string())?;
    let series = BTreeMap::from([
        (0, vec![Some(1.0), Some(-2.0), None, Some(4.5)]),
        (1, vec![Some(0.0), Some(2.0), Some(3.0), None]),
    ]);
    Ok(sheet.evaluate(2, 4, &series))
}

#[track_caller]
fn check(text: &str, expected: [Option<f64>; 4]) {
    assert_eq!(results(text), Ok(vec![expected.to_vec()]), "{text}");
}

#[track_caller]
fn refused(text: &str, why: &str) {
    assert_eq!(results(text), Err(format!("Error in expression 'e1': {why}")), "{text}");
}

#[test]
fn operators_bind_as_in_arithmetic() {
    check("m1 + 2 * 3", [Some(7.0), Some(4.0), None, Some(10.5)]);
    check("(m1 + 2) * 3", [Some(9.0), Some(0.0), None, Some(19.5)]);
    check("10 - m1 - 1", [Some(8.0), Some(11.0), None, Some(4.5)]);
    check("-m1 ^ 2", [Some(-1.0), Some(-4.0), None, Some(-20.25)]);
    check("2e1 / m1", [Some(20.0), Some(-10.0), None, Some(20.0 / 4.5)]);
    check("m1 > 0 AND m1 < 2 || m1 == -2", [Some(1.0), Some(1.0), None, Some(0.0)]);
}

#[test]
fn what_is_missing_stays_missing_and_nothing_is_infinite() {
    check("m1 + m2", [Some(1.0), Some(0.0), None, None]);
    check("m1 / m2", [None, Some(-1.0), None, None]);
    check("(m1 - 5) ^ 0.5", [None, None, None, None]);
}

#[test]
fn functions_of_a_series() {
    check("ABS(m1)", [Some(1.0), Some(2.0), None, Some(4.5)]);
    check("CEIL(m1) - FLOOR(m1)", [Some(0.0), Some(0.0), None, Some(1.0)]);
    check("DIFF(m1)", [None, Some(-3.0), None, None]);
    check("RATE(m2) * PERIOD(m2)", [None, Some(2.0), Some(1.0), None]);
    check("RUNNING_SUM(m1)", [Some(1.0), Some(-1.0), None, Some(3.5)]);
    check("FILL(m1, 9)", [Some(1.0), Some(-2.0), Some(9.0), Some(4.5)]);
    check("FILL(m1, REPEAT)", [Some(1.0), Some(-2.0), Some(-2.0), Some(4.5)]);
    check("FILL(m1, LINEAR)", [Some(1.0), Some(-2.0), Some(1.25), Some(4.5)]);
    check("FILL(m2, LINEAR)", [Some(0.0), Some(2.0), Some(3.0), None]);
    check("FILL(m1, m2)", [Some(1.0), Some(-2.0), Some(3.0), Some(4.5)]);
    check("IF(m1 > 0, m1, 0)", [Some(1.0), Some(0.0), None, Some(4.5)]);
    check("IF(m1 > 0, m1)", [Some(1.0), None, None, Some(4.5)]);
    check("m1 - MIN(m1)", [Some(3.0), Some(0.0), None, Some(6.5)]);
    check("TIME_SERIES(MAX(m1) + AVG(m2))", [Some(4.5 + 5.0 / 3.0); 4]);
}

#[test]
fn lists_come_to_a_series_or_to_several() {
    check("SUM(METRICS())", [Some(1.0), Some(0.0), Some(3.0), Some(4.5)]);
    check("AVG([m1, m2])", [Some(0.5), Some(0.0), Some(3.0), Some(4.5)]);
    check("MAX(METRICS('m2'))", [Some(0.0), Some(2.0), Some(3.0), None]);
    check("m1 * METRIC_COUNT(METRICS())", [Some(2.0), Some(-4.0), None, Some(9.0)]);
    let both = results("METRICS() * 2").unwrap();
    assert_eq!(both[1], [Some(0.0), Some(4.0), Some(6.0), None]);
    assert_eq!(both.len(), 2);
}

#[test]
fn expressions_are_made_of_expressions_in_any_order() {
    let queries =
        [expression("rate", "100 * faults", true), expression("faults", "m1 / 2", false), metric("m1")];
    let sheet = Sheet::of(&queries).unwrap();
    let values = sheet.evaluate(0, 1, &BTreeMap::from([(2, vec![Some(3.0)])]));
    assert_eq!(values, [vec![Some(150.0)]]);
    assert_eq!(sheet.work(0), 3 + 3 + 1);
    assert_eq!(sheet.needs(0), BTreeSet::from([0, 1, 2]));
}

#[test]
fn what_cannot_be_evaluated_is_refused_with_its_place() {
    refused("m1 +", "it ends at character 4, where a number, an id, a function or ( must follow");
    refused("m1 m2", "unexpected 'm2' at character 3, must be: an operator or the end");
    refused("m1 + m9", "there is no query with the id m9");
    refused("AVG(m1)", "it comes to one number and not to a time series; TIME_SERIES() makes one of it");
    refused("METRICS() + METRICS()", "two lists of time series cannot be joined by an operator");
    refused("FILL(m1)", "FILL at character 0 takes 2 arguments, and has 1");
    refused("m1 + REPEAT", "REPEAT and LINEAR stand in FILL alone");
    refused(
        "1 + SEARCH('{AWS/EC2,InstanceId}', 'Average')",
        "SEARCH at character 4: Fluoro does not search for metrics; name each in the list",
    );
    refused(
        "MAGIC(m1)",
        "'MAGIC' at character 0 is no function that Fluoro has, and ids begin with a small letter",
    );
    refused("e1 + 1", "it depends on an expression that depends on itself");
    let mut hourly = metric("m2");
    if let Source::Stat(stat) = &mut hourly.source {
        stat.period_seconds = 3_600;
    }
    let why = Sheet::of(&[metric("m1"), hourly, expression("e1", "m1 / m2", true)]).unwrap_err().why;
    assert_eq!(why, "the metrics that it is made of have different periods");
    let deep = format!("{}m1{}", "(".repeat(40), ")".repeat(40));
    refused(&deep, "it is nested more than 32 deep at character 32");
    refused("1e999 + m1", "'1e999' at character 0 is no number");
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "[a-zA-Z0-9_ .,()\\[\\]+*/^<>=!&|'\"é-]{0,60}") {
        let _ = results(&text);
    }
}
