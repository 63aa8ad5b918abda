//! What CloudWatch writes of alarms for others to read: history, and the messages of SNS and EventBridge.

use serde_json::{Map, Value, json};

use crate::alarm::{Alarm, Metric, MetricAlarm, MetricStat, Query, Source, Standing, Watched};
use crate::reason::document_date;

/// CloudWatch's longest HistoryData.
const MAX_HISTORY_DATA: usize = 4_095;

/// In whose name ARNs are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub account: String,
    pub region: String,
}

/// What happened to the alarm's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    Create,
    Update,
    Delete,
}

impl Place {
    pub fn arn(&self, alarm: &str) -> String {
        format!("arn:aws:cloudwatch:{}:{}:alarm:{alarm}", self.region, self.account)
    }

    /// The name in an ARN of an alarm here; a text that is no ARN is a name.
    pub fn name<'a>(&self, named: &'a str) -> Option<&'a str> {
        if !named.starts_with("arn:") {
            return Some(named);
        }
        named.strip_prefix(&self.arn(""))
    }
}

impl Edit {
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Create => ("Create", "created", "createdAlarm"),
            Self::Update => ("Update", "updated", "updatedAlarm"),
            Self::Delete => ("Delete", "deleted", "deletedAlarm"),
        }
    }
}

/// Summary and data of an item of history.
pub fn edited(place: &Place, edit: Edit, alarm: &Alarm, standing: &Standing) -> (String, String) {
    let (kind, done, member) = edit.words();
    let summary = format!("Alarm \"{}\" {done}", alarm.name());
    let mut data = Map::new();
    data.insert("version".to_owned(), json!("1.0"));
    data.insert("type".to_owned(), json!(kind));
    data.insert(member.to_owned(), configuration(place, alarm, standing));
    let text = Value::Object(data).to_string();
    let short = json!({ "version": "1.0", "type": kind, member: { "alarmName": alarm.name() } });
    (summary, if text.chars().count() <= MAX_HISTORY_DATA { text } else { short.to_string() })
}

/// Summary and data of an item of history.
pub fn changed(before: &Standing, after: &Standing) -> (String, String) {
    let summary = format!("Alarm updated from {} to {}", before.state.name(), after.state.name());
    let whole = json!({ "version": "1.0", "oldState": state(before, true), "newState": state(after, true) });
    let text = whole.to_string();
    if text.chars().count() <= MAX_HISTORY_DATA {
        return (summary, text);
    }
    let short =
        json!({ "version": "1.0", "oldState": state(before, false), "newState": state(after, false) });
    (summary, short.to_string())
}

fn state(standing: &Standing, with_data: bool) -> Value {
    let mut state = Map::new();
    state.insert("stateValue".to_owned(), json!(standing.state));
    state.insert("stateReason".to_owned(), json!(standing.reason));
    if let Some(data) = standing.reason_data.as_deref().filter(|_| with_data) {
        state.insert("stateReasonData".to_owned(), serde_json::from_str(data).unwrap_or(json!(data)));
    }
    Value::Object(state)
}

fn configuration(place: &Place, alarm: &Alarm, standing: &Standing) -> Value {
    let head = alarm.head();
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            members.insert(name.to_owned(), value);
        }
    };
    put("alarmName", json!(head.name));
    put("alarmDescription", json!(head.description));
    put("alarmArn", json!(place.arn(&head.name)));
    match alarm {
        Alarm::Metric(alarm) => {
            if let Watched::Metric(MetricStat { metric, period_seconds, statistic, .. }) = &alarm.watched {
                put("namespace", json!(metric.namespace));
                put("metricName", json!(metric.name));
                put(statistic_member(statistic), json!(statistic.to_ascii_uppercase()));
                put("period", json!(period_seconds));
                put("dimensions", dimensions(metric));
            }
            put("threshold", json!(alarm.threshold));
            put("comparisonOperator", json!(alarm.comparison));
            put("evaluationPeriods", json!(alarm.evaluation_periods));
            put("datapointsToAlarm", json!(alarm.datapoints_to_alarm));
            put("treatMissingData", json!(alarm.missing));
        }
        Alarm::Composite(alarm) => put("alarmRule", json!(alarm.rule)),
    }
    put("stateValue", json!(standing.state));
    put("stateUpdatedTimestamp", json!(document_date(standing.updated)));
    put("actionsEnabled", json!(head.actions_enabled));
    put("alarmActions", json!(head.alarm_actions));
    put("insufficientDataActions", json!(head.insufficient_data_actions));
    put("okactions", json!(head.ok_actions));
    Value::Object(members)
}

fn statistic_member(statistic: &str) -> &'static str {
    match crate::statistic::Statistic::plain(statistic) {
        Some(_) => "statistic",
        None => "extendedStatistic",
    }
}

fn dimensions(metric: &Metric) -> Value {
    metric.dimensions.iter().map(|(name, value)| json!({ "value": value, "name": name })).collect()
}

/// What stands in `Message` of an SNS notification.
pub fn message(
    place: &Place,
    alarm: &Alarm,
    configured: model::Timestamp,
    before: &Standing,
    after: &Standing,
    is_after_mute: bool,
) -> Value {
    let head = alarm.head();
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
    put("AlarmName", json!(head.name));
    put("AlarmDescription", json!(head.description));
    put("AWSAccountId", json!(place.account));
    if matches!(alarm, Alarm::Metric(_)) {
        put("AlarmConfigurationUpdatedTimestamp", json!(document_date(configured)));
    }
    put("NewStateValue", json!(after.state));
    put("NewStateReason", json!(after.reason));
    put("StateChangeTime", json!(document_date(after.transitioned)));
    put("Region", json!(place.region));
    put("AlarmArn", json!(place.arn(&head.name)));
    put("OldStateValue", json!(before.state));
    put("ActionExecutedAfterMuteWindow", json!(is_after_mute));
    put("OKActions", json!(head.ok_actions));
    put("AlarmActions", json!(head.alarm_actions));
    put("InsufficientDataActions", json!(head.insufficient_data_actions));
    match alarm {
        Alarm::Metric(alarm) => put("Trigger", trigger(alarm)),
        Alarm::Composite(alarm) => {
            put("AlarmRule", json!(alarm.rule));
            let data = after.reason_data.as_deref().and_then(|data| serde_json::from_str(data).ok());
            let children: Value = data.map_or(json!([]), |data: Value| data["triggeringAlarms"].clone());
            put("TriggeringChildren", triggering(&children));
        }
    }
    Value::Object(members)
}

/// The message spells the members of a state with capital letters, the reason's document does not.
fn triggering(children: &Value) -> Value {
    let children = children.as_array().into_iter().flatten().map(|child| {
        let state = &child["state"];
        json!({ "Arn": child["arn"], "State": { "Value": state["value"], "Timestamp": state["timestamp"] } })
    });
    children.collect()
}

fn trigger(alarm: &MetricAlarm) -> Value {
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
    match &alarm.watched {
        Watched::Metric(stat) => {
            put("MetricName", json!(stat.metric.name));
            put("Namespace", json!(stat.metric.namespace));
            if statistic_member(&stat.statistic) == "statistic" {
                put("StatisticType", json!("Statistic"));
                put("Statistic", json!(upper_with_gaps(&stat.statistic)));
            } else {
                put("StatisticType", json!("ExtendedStatistic"));
                put("ExtendedStatistic", json!(stat.statistic));
            }
            put("Unit", json!(stat.unit));
            put("Dimensions", dimensions(&stat.metric));
            put("Period", json!(stat.period_seconds));
        }
        Watched::Queries(queries) => {
            put("Period", json!(alarm.period_seconds()));
            put("Metrics", queries.iter().map(query).collect());
        }
    }
    put("EvaluationPeriods", json!(alarm.evaluation_periods));
    if let Some(needed) = alarm.datapoints_to_alarm {
        put("DatapointsToAlarm", json!(needed));
    }
    put("ComparisonOperator", json!(alarm.comparison));
    put("Threshold", json!(alarm.threshold));
    put("TreatMissingData", json!(alarm.missing.unwrap_or_default()));
    let low = alarm.low_samples.map_or("", crate::alarm::LowSamples::name);
    put("EvaluateLowSampleCountPercentile", json!(low));
    Value::Object(members)
}

/// `SAMPLE_COUNT`, and one word for the others.
fn upper_with_gaps(statistic: &str) -> String {
    if statistic == "SampleCount" { "SAMPLE_COUNT".to_owned() } else { statistic.to_ascii_uppercase() }
}

fn query(query: &Query) -> Value {
    let mut members = Map::new();
    match &query.source {
        Source::Expression { text, .. } => drop(members.insert("Expression".to_owned(), json!(text))),
        Source::Stat(stat) => {
            let metric = json!({
                "Namespace": stat.metric.namespace,
                "MetricName": stat.metric.name,
                "Dimensions": dimensions(&stat.metric),
            });
            let stat = json!({ "Metric": metric, "Period": stat.period_seconds, "Stat": stat.statistic });
            members.insert("MetricStat".to_owned(), stat);
        }
    }
    members.insert("Id".to_owned(), json!(query.id));
    if let Some(label) = &query.label {
        members.insert("Label".to_owned(), json!(label));
    }
    members.insert("ReturnData".to_owned(), json!(query.returns.unwrap_or(true)));
    Value::Object(members)
}

/// EventBridge's `CloudWatch Alarm State Change`, without what is added when it is sent.
pub fn event(place: &Place, alarm: &Alarm, before: &Standing, after: &Standing) -> Value {
    let state = |standing: &Standing| {
        let mut state = Map::new();
        state.insert("value".to_owned(), json!(standing.state));
        state.insert("reason".to_owned(), json!(standing.reason));
        if let Some(data) = &standing.reason_data {
            state.insert("reasonData".to_owned(), json!(data));
        }
        state.insert("timestamp".to_owned(), json!(document_date(standing.transitioned)));
        Value::Object(state)
    };
    let configuration = match alarm {
        Alarm::Metric(alarm) => {
            json!({ "description": alarm.head.description, "metrics": event_metrics(alarm) })
        }
        Alarm::Composite(alarm) => {
            json!({ "description": alarm.head.description, "alarmRule": alarm.rule })
        }
    };
    json!({
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "resources": [place.arn(alarm.name())],
        "detail": {
            "alarmName": alarm.name(),
            "state": state(after),
            "previousState": state(before),
            "configuration": configuration,
        },
    })
}

fn event_metrics(alarm: &MetricAlarm) -> Value {
    let stat_value = |stat: &MetricStat| {
        let dimensions: Map<String, Value> =
            stat.metric.dimensions.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        json!({
            "metric": { "namespace": stat.metric.namespace, "name": stat.metric.name, "dimensions": dimensions },
            "period": stat.period_seconds,
            "stat": stat.statistic,
        })
    };
    match &alarm.watched {
        Watched::Metric(stat) => json!([{ "id": "m1", "metricStat": stat_value(stat), "returnData": true }]),
        Watched::Queries(queries) => queries
            .iter()
            .map(|query| {
                let returns = query.returns.unwrap_or(true);
                match &query.source {
                    Source::Stat(stat) => {
                        json!({ "id": query.id, "metricStat": stat_value(stat), "returnData": returns })
                    }
                    Source::Expression { text, .. } => {
                        json!({ "id": query.id, "expression": text, "returnData": returns })
                    }
                }
            })
            .collect(),
    }
}
