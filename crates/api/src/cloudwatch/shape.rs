//! An alarm as CloudWatch tells it: what was not given when it was made is absent, and lists are there even where they are empty.

use alert::alarm::{
    Alarm, CompositeAlarm, Impediment, LowSamples, Metric, MetricAlarm, MetricStat, Query, Source, Standing,
    Watched,
};
use alert::document::Place;
use alert::statistic::Statistic;
use alert::threshold::MissingData;
use settings::AlarmRecord;

use crate::front::tree::Tree;

type Members = Vec<(&'static str, Tree)>;

pub(crate) fn alarm_shape(place: &Place, record: &AlarmRecord, standing: &Standing) -> Tree {
    let head = record.alarm.head();
    let mut members = vec![
        ("AlarmName", Tree::from(&head.name)),
        ("AlarmArn", place.arn(&head.name).into()),
        ("AlarmDescription", head.description.as_ref().into()),
        ("AlarmConfigurationUpdatedTimestamp", record.configured.into()),
        ("ActionsEnabled", head.actions_enabled.into()),
        ("OKActions", Tree::list(&head.ok_actions)),
        ("AlarmActions", Tree::list(&head.alarm_actions)),
        ("InsufficientDataActions", Tree::list(&head.insufficient_data_actions)),
        ("StateValue", standing.state.name().into()),
        ("StateReason", (&standing.reason).into()),
        ("StateReasonData", standing.reason_data.as_ref().into()),
        ("StateUpdatedTimestamp", standing.updated.into()),
        ("StateTransitionedTimestamp", standing.transitioned.into()),
    ];
    match &record.alarm {
        Alarm::Metric(alarm) => members.extend(metric_members(place, alarm, standing)),
        Alarm::Composite(alarm) => members.extend(composite_members(alarm, standing)),
    }
    Tree::object(members)
}

fn metric_members(place: &Place, alarm: &MetricAlarm, standing: &Standing) -> Members {
    let mut members = match &alarm.watched {
        Watched::Metric(stat) => stat_members(stat),
        Watched::Queries(queries) => {
            let queries = queries.iter().map(|query| query_shape(place, query));
            vec![("Dimensions", Tree::List(Vec::new())), ("Metrics", Tree::List(queries.collect()))]
        }
    };
    members.extend([
        ("EvaluationPeriods", alarm.evaluation_periods.into()),
        ("DatapointsToAlarm", alarm.datapoints_to_alarm.into()),
        ("Threshold", alarm.threshold.into()),
        ("ComparisonOperator", alarm.comparison.name().into()),
        ("TreatMissingData", alarm.missing.map(MissingData::name).into()),
        ("EvaluateLowSampleCountPercentile", alarm.low_samples.map(LowSamples::name).into()),
        ("EvaluationState", standing.evaluation.map(Impediment::name).into()),
    ]);
    members
}

fn composite_members(alarm: &CompositeAlarm, standing: &Standing) -> Members {
    let mut members = vec![("AlarmRule", Tree::from(&alarm.rule))];
    if let Some(suppressor) = &alarm.suppressor {
        members.extend([
            ("ActionsSuppressor", (&suppressor.alarm).into()),
            ("ActionsSuppressorWaitPeriod", suppressor.wait_seconds.into()),
            ("ActionsSuppressorExtensionPeriod", suppressor.extension_seconds.into()),
        ]);
    }
    if let Some(suppression) = standing.suppression {
        let by = suppression.by.name();
        members.push(("ActionsSuppressedBy", by.into()));
        members.push(("ActionsSuppressedReason", format!("Actions suppressed by {by}").into()));
    }
    members
}

fn stat_members(stat: &MetricStat) -> Members {
    let statistic = match Statistic::plain(&stat.statistic) {
        Some(_) => "Statistic",
        None => "ExtendedStatistic",
    };
    vec![
        ("MetricName", (&stat.metric.name).into()),
        ("Namespace", (&stat.metric.namespace).into()),
        (statistic, (&stat.statistic).into()),
        ("Dimensions", dimension_shapes(&stat.metric)),
        ("Period", stat.period_seconds.into()),
        ("Unit", stat.unit.as_ref().into()),
    ]
}

fn dimension_shapes(metric: &Metric) -> Tree {
    let shapes = metric.dimensions.iter();
    let shapes = shapes.map(|(name, value)| Tree::object([("Name", name.into()), ("Value", value.into())]));
    Tree::List(shapes.collect())
}

pub(super) fn metric_shape(metric: &Metric) -> Tree {
    Tree::object([
        ("Namespace", (&metric.namespace).into()),
        ("MetricName", (&metric.name).into()),
        ("Dimensions", dimension_shapes(metric)),
    ])
}

fn query_shape(place: &Place, query: &Query) -> Tree {
    let source = match &query.source {
        Source::Stat(stat) => {
            let shape = Tree::object([
                ("Metric", metric_shape(&stat.metric)),
                ("Period", stat.period_seconds.into()),
                ("Stat", (&stat.statistic).into()),
                ("Unit", stat.unit.as_ref().into()),
            ]);
            [("MetricStat", shape), ("AccountId", (&place.account).into())]
        }
        Source::Expression { text, period_seconds } => {
            [("Expression", text.into()), ("Period", (*period_seconds).into())]
        }
    };
    let rest = [
        ("Id", (&query.id).into()),
        ("Label", query.label.as_ref().into()),
        ("ReturnData", query.returns.unwrap_or(true).into()),
    ];
    Tree::object(rest.into_iter().chain(source))
}
