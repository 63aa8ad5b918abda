//! Steps of an alarm on the faults of one node.

use super::*;
use crate::alarm::{Head, Metric, MetricStat, Query, Source};
use crate::threshold::Comparison;

fn alarm(statistic: &str) -> MetricAlarm {
    let metric = Metric {
        namespace: "Fluoro".to_owned(),
        name: "FaultCount".to_owned(),
        dimensions: vec![("ServiceName".to_owned(), "SpringBoot2".to_owned())],
    };
    let stat = MetricStat { metric, period_seconds: 60, statistic: statistic.to_owned(), unit: None };
    MetricAlarm {
        head: Head {
            name: "faults".to_owned(),
            description: None,
            actions_enabled: true,
            ok_actions: Vec::new(),
            alarm_actions: Vec::new(),
            insufficient_data_actions: Vec::new(),
        },
        watched: Watched::Metric(stat),
        evaluation_periods: 1,
        datapoints_to_alarm: None,
        threshold: 0.0,
        comparison: Comparison::GreaterThanThreshold,
        missing: None,
        low_samples: None,
    }
}

/// 2023-10-26T16:42:00Z
const END: Timestamp = Timestamp(1_698_338_520_000_000);

fn stepped(alarm: &MetricAlarm, samples: &[Samples], before: State) -> Option<Decision> {
    let periods = periods(alarm, END);
    step(alarm, &observations(alarm, &periods, &[samples.to_vec()]), before, END)
}

#[test]
fn faults_are_an_alarm_and_their_end_is_none() {
    let alarm = alarm("Sum");
    let minutes = [Samples::one(0.0), Samples::one(0.0), Samples::one(3.0)];
    let decision = stepped(&alarm, &minutes, State::Ok).unwrap();
    assert_eq!(decision.state, State::Alarm);
    assert_eq!(
        decision.reason,
        "Threshold Crossed: 1 datapoint [3.0 (26/10/23 16:41:00)] was greater than the threshold (0.0)."
    );
    assert_eq!(
        decision.reason_data.as_deref(),
        Some(
            r#"{"version":"1.0","queryDate":"2023-10-26T16:42:00.000+0000","startDate":"2023-10-26T16:41:00.000+0000","statistic":"Sum","period":60,"recentDatapoints":[3.0],"threshold":0.0,"evaluatedDatapoints":[{"timestamp":"2023-10-26T16:41:00.000+0000","sampleCount":1.0,"value":3.0}]}"#
        )
    );
    assert_eq!(stepped(&alarm, &minutes, State::Alarm), None);
    let quiet = [Samples::one(0.0), Samples::one(3.0), Samples::one(0.0)];
    assert_eq!(stepped(&alarm, &quiet, State::Alarm).unwrap().state, State::Ok);
}

#[test]
fn a_percentile_of_few_samples_can_be_left_alone() {
    let few = [const { Samples { count: 0.0, sum: 0.0, values: Vec::new() } }; 2].to_vec();
    let few = [few, vec![Samples { count: 99.0, sum: 99.0, values: vec![(1.0, 99.0)] }]].concat();
    let mut alarm = alarm("p90");
    assert_eq!(stepped(&alarm, &few, State::Ok).unwrap().state, State::Alarm);
    alarm.low_samples = Some(LowSamples::Ignore);
    assert_eq!(stepped(&alarm, &few, State::Ok), None);
}

#[test]
fn an_expression_is_compared_and_so_is_a_metric_beside_it() {
    let mut alarm = alarm("Sum");
    let Watched::Metric(stat) = alarm.watched.clone() else { unreachable!() };
    let query =
        |id: &str, source, returns| Query { id: id.to_owned(), source, label: None, returns: Some(returns) };
    let text = "100 * faults / requests".to_owned();
    alarm.watched = Watched::Queries(vec![
        query("percent", Source::Expression { text, period_seconds: None }, true),
        query("faults", Source::Stat(stat.clone()), false),
        query("requests", Source::Stat(stat), false),
    ]);
    alarm.threshold = 5.0;
    let periods = periods(&alarm, END);
    let (faults, requests) = ([0.0, 0.0, 3.0].map(Samples::one), [10.0, 0.0, 50.0].map(Samples::one));
    let seen = observations(&alarm, &periods, &[faults.to_vec(), requests.to_vec()]);
    assert_eq!(seen.iter().map(|one| one.value).collect::<Vec<_>>(), [Some(0.0), None, Some(6.0)]);
    let decision = step(&alarm, &seen, State::Ok, END).unwrap();
    assert_eq!(
        decision.reason,
        "Threshold Crossed: 1 datapoint [6.0 (26/10/23 16:41:00)] was greater than the threshold (5.0)."
    );
}

#[test]
fn long_ranges_have_short_documents() {
    let mut alarm = alarm("Sum");
    alarm.evaluation_periods = 1_000;
    let samples = vec![Samples::one(5.0); 1_002];
    let decision = stepped(&alarm, &samples, State::Ok).unwrap();
    assert!(decision.reason.chars().count() <= MAX_REASON);
    assert!(decision.reason_data.unwrap().len() < 4_000);
}
