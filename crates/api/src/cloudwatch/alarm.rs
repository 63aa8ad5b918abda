//! PutMetricAlarm: what it takes, and CloudWatch's words for what it does not.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html>

use alert::alarm::{Alarm, Head, LowSamples, Metric, MetricAlarm, MetricStat, Query, Source, Watched};
use alert::math::Sheet;
use alert::statistic::Statistic;
use alert::threshold::{Comparison, MissingData};

use super::tag::given_tags;
use crate::app::App;
use crate::error::fault::Fault;
use crate::front::input::{Members, read};
use crate::front::tree::Tree;

/// As many as CloudWatch takes.
const MAX_DIMENSIONS: usize = 30;
const MAX_ACTIONS: usize = 5;
const MAX_ACTION: usize = 1_024;
const MAX_QUERIES: usize = 10;
/// Values, some milliseconds' worth.
const MAX_ALARM_WORK: usize = 200_000;
const HOUR: u32 = 3_600;
const DAY: u64 = 86_400;
const WEEK: u64 = 604_800;

/// Members of the model that ask for something that Fluoro does not do.
const WITHOUT: [(&str, &str); 5] = [
    ("ActionConfiguration", "settings of actions: a notifier has its own"),
    ("EvaluationCriteria", "alarms on PromQL"),
    ("EvaluationInterval", "an interval of evaluation: alarms are evaluated at the end of each period"),
    ("EvaluationWindow", "evaluation windows"),
    ("WarmUpConfiguration", "a warm-up"),
];

pub(super) async fn put_metric_alarm(app: &App, input: &Tree) -> Result<Tree, Fault> {
    let (alarm, tags) = read(input, |members| Ok((metric_alarm(members)?, given_tags(members)?)))?;
    let tags = tags.unwrap_or_default();
    super::change(app, move |alarms, now| alarms.put(&Alarm::Metric(alarm), tags, now)).await?;
    Ok(Tree::Null)
}

/// What PutMetricAlarm and a dry run say of an alarm.
pub(crate) fn metric_alarm(members: &mut Members<'_>) -> Result<MetricAlarm, Fault> {
    if let Some((member, what)) = WITHOUT.iter().find(|(member, _)| members.has(member)) {
        return Err(Fault::invalid_value(format!("{member}: Fluoro does not have {what}")));
    }
    let head = head(members)?;
    let watched = watched(members)?;
    members.require("EvaluationPeriods");
    let evaluation_periods = members.whole("EvaluationPeriods", 1)?.unwrap_or(1);
    let datapoints_to_alarm = members.whole("DatapointsToAlarm", 1)?;
    if datapoints_to_alarm.is_some_and(|needed| needed > evaluation_periods) {
        let text = "DatapointsToAlarm must be less than or equal to EvaluationPeriods";
        return Err(Fault::validation(text));
    }
    let alarm = MetricAlarm {
        head,
        watched,
        evaluation_periods,
        datapoints_to_alarm,
        comparison: comparison(members)?,
        threshold: threshold(members)?,
        missing: members.word("TreatMissingData", &MissingData::ALL, MissingData::name)?,
        low_samples: members.word("EvaluateLowSampleCountPercentile", &LowSamples::ALL, LowSamples::name)?,
    };
    check_window(&alarm)?;
    check_work(&alarm)?;
    check_low_samples(&alarm)?;
    Ok(alarm)
}

/// What every alarm has.
pub(super) fn head(members: &mut Members<'_>) -> Result<Head, Fault> {
    let name = members.required_text("AlarmName", 1, 255)?;
    if name.chars().any(char::is_control) {
        members.violated("AlarmName", "Member must not contain control characters");
    }
    Ok(Head {
        name,
        description: members.short_text("AlarmDescription", 0, 1_024)?,
        actions_enabled: members.flag("ActionsEnabled")?.unwrap_or(true),
        ok_actions: actions(members, "OKActions")?,
        alarm_actions: actions(members, "AlarmActions")?,
        insufficient_data_actions: actions(members, "InsufficientDataActions")?,
    })
}

fn actions(members: &mut Members<'_>, name: &str) -> Result<Vec<String>, Fault> {
    let actions = members.texts(name, MAX_ACTIONS)?;
    let is_arn = |text: &str| text.starts_with("arn:") && text.splitn(6, ':').count() == 6;
    match actions.iter().find(|text| !is_arn(text) || text.chars().count() > MAX_ACTION) {
        Some(bad) => {
            let shown: String = bad.chars().take(200).collect();
            Err(Fault::validation(format!("Invalid arn syntax: {shown}")))
        }
        None => Ok(actions),
    }
}

fn threshold(members: &mut Members<'_>) -> Result<f64, Fault> {
    if members.has("ThresholdMetricId") {
        let text = "ThresholdMetricId: Fluoro does not have bands of anomaly detection; give a Threshold";
        return Err(Fault::invalid_value(text));
    }
    let threshold = members.number("Threshold")?;
    threshold.ok_or_else(|| Fault::missing("The parameter Threshold is required."))
}

fn comparison(members: &mut Members<'_>) -> Result<Comparison, Fault> {
    let banded =
        ["LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold"];
    if members.text("ComparisonOperator")?.is_some_and(|text| banded.contains(&text.as_str())) {
        let text =
            "ComparisonOperator: Fluoro does not have bands of anomaly detection; compare with a Threshold";
        return Err(Fault::invalid_value(text));
    }
    members.require("ComparisonOperator");
    let comparison = members.word("ComparisonOperator", &Comparison::ALL, Comparison::name)?;
    Ok(comparison.unwrap_or(Comparison::GreaterThanThreshold))
}

fn watched(members: &mut Members<'_>) -> Result<Watched, Fault> {
    if !members.has("Metrics") {
        let metric = metric(members)?;
        let period_seconds = period(members)?;
        let statistic = statistic(members)?;
        let unit = members.short_text("Unit", 1, 60)?;
        return Ok(Watched::Metric(MetricStat { metric, period_seconds, statistic, unit }));
    }
    let single =
        ["MetricName", "Namespace", "Dimensions", "Period", "Statistic", "ExtendedStatistic", "Unit"];
    if let Some(name) = single.into_iter().find(|name| members.has(name)) {
        return Err(Fault::validation(format!("{name} should not be set if list of Metrics is set.")));
    }
    let queries = members.structures("Metrics", MAX_QUERIES, query)?.unwrap_or_default();
    check_queries(&queries)?;
    Ok(Watched::Queries(queries))
}

/// The list of metrics, as far as Fluoro evaluates it.
fn check_queries(queries: &[Query]) -> Result<(), Fault> {
    if queries.iter().filter(|query| query.returns.unwrap_or(true)).count() != 1 {
        return Err(Fault::validation("Exactly one element of the metrics list should return data."));
    }
    let ids: std::collections::BTreeSet<&str> = queries.iter().map(|query| query.id.as_str()).collect();
    if ids.len() != queries.len() {
        return Err(Fault::validation("The ids of the metrics list must differ."));
    }
    let mut periods = queries.iter().filter_map(Query::stat).map(|stat| stat.period_seconds);
    let Some(first) = periods.next() else {
        return Err(Fault::validation("The metrics list must name a metric."));
    };
    if periods.any(|period| period != first) {
        return Err(Fault::validation("All metrics of an alarm must have the same period."));
    }
    let sheet = Sheet::of(queries).map_err(|error| Fault::validation(error.to_string()))?;
    let returning = queries.iter().position(|query| query.returns.unwrap_or(true));
    if let Some(place) = returning.filter(|&place| sheet.is_list(place)) {
        let id = &queries[place].id;
        let text =
            format!("Error in expression '{id}': it comes to several time series, and an alarm watches one");
        return Err(Fault::validation(text));
    }
    Ok(())
}

/// What its expressions compute at each evaluation.
fn check_work(alarm: &MetricAlarm) -> Result<(), Fault> {
    let Watched::Queries(queries) = &alarm.watched else { return Ok(()) };
    let (Ok(sheet), Some(place)) =
        (Sheet::of(queries), queries.iter().position(|query| query.returns.unwrap_or(true)))
    else {
        return Ok(());
    };
    let work = sheet.work(place).saturating_mul(alarm.threshold().range());
    if work <= MAX_ALARM_WORK {
        return Ok(());
    }
    let text = format!(
        "The expressions compute {work} values at each evaluation, and Fluoro takes at most {MAX_ALARM_WORK}; \
         write shorter ones, or evaluate fewer periods"
    );
    Err(Fault::validation(text))
}

/// One of Metrics.
pub(super) fn query(members: &mut Members<'_>) -> Result<Query, Fault> {
    let id = members.required_text("Id", 1, 255)?;
    let begins_well = id.starts_with(|first: char| first.is_ascii_lowercase());
    if !begins_well || !id.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
        members.violated("Id", "Member must begin with a small letter and have letters, digits and _ only");
    }
    let stat = members.structure("MetricStat", metric_stat)?;
    let expression = members.short_text("Expression", 1, 2_048)?;
    let period_seconds = members.whole("Period", 1)?;
    let source = match (stat, expression) {
        (Some(stat), None) => Source::Stat(stat),
        (None, Some(text)) => Source::Expression { text, period_seconds },
        _ => {
            let text = format!("Metrics list element {id} must have either a MetricStat or an Expression.");
            return Err(Fault::validation(text));
        }
    };
    Ok(Query { id, source, label: members.text("Label")?, returns: members.flag("ReturnData")? })
}

fn metric_stat(members: &mut Members<'_>) -> Result<MetricStat, Fault> {
    members.require("Metric");
    let metric = members.structure("Metric", metric)?;
    let period_seconds = period(members)?;
    let statistic = members.required_text("Stat", 1, 100)?;
    if statistic.parse::<Statistic>().is_err() {
        return Err(unsupported(&statistic, "Stat"));
    }
    let unit = members.short_text("Unit", 1, 60)?;
    let none = || Metric { namespace: String::new(), name: String::new(), dimensions: Vec::new() };
    Ok(MetricStat { metric: metric.unwrap_or_else(none), period_seconds, statistic, unit })
}

pub(super) fn metric(members: &mut Members<'_>) -> Result<Metric, Fault> {
    let name = members.required_text("MetricName", 1, 255)?;
    let namespace = members.required_text("Namespace", 1, 255)?;
    if namespace.starts_with(':') {
        members.violated("Namespace", "Member must satisfy regular expression pattern: [^:].*");
    }
    let dimensions = members.structures("Dimensions", MAX_DIMENSIONS, |dimension| {
        Ok((dimension.required_text("Name", 1, 255)?, dimension.required_text("Value", 1, 1_024)?))
    })?;
    Ok(Metric { namespace, name, dimensions: dimensions.unwrap_or_default() })
}

pub(super) fn period(members: &mut Members<'_>) -> Result<u32, Fault> {
    members.require("Period");
    let period = members.whole("Period", 1)?.unwrap_or(60);
    if !matches!(period, 10 | 20 | 30) && period % 60 != 0 {
        return Err(Fault::validation("Period must be 10, 20, 30 or a multiple of 60"));
    }
    Ok(period)
}

fn statistic(members: &mut Members<'_>) -> Result<String, Fault> {
    match (members.text("Statistic")?, members.text("ExtendedStatistic")?) {
        (Some(_), Some(_)) => Err(Fault::validation(
            "PutMetricAlarm request can not be made with both Statistic and ExtendedStatistic parameters. \
             Only one of them should be present",
        )),
        (None, None) => Err(Fault::validation("PutMetricAlarm request should have a Statistic parameter")),
        (Some(name), None) => {
            if Statistic::plain(&name).is_none() {
                let words =
                    "Member must satisfy enum value set: [SampleCount, Average, Sum, Minimum, Maximum]";
                members.violated("Statistic", words);
            }
            Ok(name)
        }
        (None, Some(name)) => match name.parse::<Statistic>() {
            Ok(_) if Statistic::plain(&name).is_none() => Ok(name),
            _ => Err(unsupported(&name, "ExtendedStatistic")),
        },
    }
}

pub(super) fn unsupported(value: &str, parameter: &str) -> Fault {
    let shown: String = value.chars().take(100).collect();
    Fault::invalid_value(format!("The value {shown} for parameter {parameter} is not supported."))
}

fn check_window(alarm: &MetricAlarm) -> Result<(), Fault> {
    let period = alarm.period_seconds();
    let window = u64::from(period) * u64::from(alarm.evaluation_periods);
    let (limit, words) = if period >= HOUR {
        (
            WEEK,
            "Metrics cannot be checked across more than a week (EvaluationPeriods * Period must be <= 604800)",
        )
    } else {
        (
            DAY,
            "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400) for \
             alarms using period < 3600",
        )
    };
    if window > limit { Err(Fault::validation(words)) } else { Ok(()) }
}

fn check_low_samples(alarm: &MetricAlarm) -> Result<(), Fault> {
    let has_percentile = alarm.stats().iter().any(|stat| stat.statistic().needs_samples() > 0.0);
    if alarm.low_samples.is_some() && !has_percentile {
        let text = "EvaluateLowSampleCountPercentile should only be set for a percentile statistic";
        return Err(Fault::invalid_combination(text));
    }
    Ok(())
}
