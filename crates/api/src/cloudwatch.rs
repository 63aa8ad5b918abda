//! CloudWatch's operations on alarms and metrics, as its model `monitoring/2010-08-01` has them.
//!
//! What is answered and what is refused is written in `docs/alarms.md`. Nothing here knows a wire form: that is [`crate::front`].

pub(crate) mod alarm;
pub(crate) mod composite;
mod data;
mod describe;
mod history;
mod manage;
mod metric_data;
mod mute;
mod page;
pub(crate) mod shape;
mod tag;

use std::sync::Arc;

use ::watch::{Alarms, DeskError};
use model::Timestamp;

use crate::app::App;
use crate::error::fault::Fault;
use crate::front::tree::Tree;

/// The first part of `X-Amz-Target`, and the service in paths of CBOR.
pub(crate) const TARGET: &str = "GraniteServiceVersion20100801";
/// What forms name as `Version`.
pub(crate) const VERSION: &str = "2010-08-01";
/// Of the XML.
pub(crate) const NAMESPACE: &str = "http://monitoring.amazonaws.com/doc/2010-08-01/";

/// What [`answer`] knows.
pub(crate) const OPERATIONS: [&str; 19] = [
    "PutMetricAlarm",
    "PutCompositeAlarm",
    "DescribeAlarms",
    "DescribeAlarmsForMetric",
    "DescribeAlarmHistory",
    "DeleteAlarms",
    "SetAlarmState",
    "EnableAlarmActions",
    "DisableAlarmActions",
    "PutAlarmMuteRule",
    "GetAlarmMuteRule",
    "ListAlarmMuteRules",
    "DeleteAlarmMuteRule",
    "GetMetricData",
    "GetMetricStatistics",
    "ListMetrics",
    "TagResource",
    "UntagResource",
    "ListTagsForResource",
];

/// What the operation answers; null where it has no output.
pub(crate) async fn answer(app: &App, operation: &str, input: Tree) -> Result<Tree, Fault> {
    match operation {
        "PutMetricAlarm" => alarm::put_metric_alarm(app, &input).await,
        "PutCompositeAlarm" => composite::put_composite_alarm(app, &input).await,
        "DescribeAlarms" => describe::describe_alarms(app, &input),
        "DescribeAlarmsForMetric" => describe::describe_alarms_for_metric(app, &input),
        "DescribeAlarmHistory" => history::describe_alarm_history(app, &input).await,
        "DeleteAlarms" => manage::delete_alarms(app, &input).await,
        "SetAlarmState" => manage::set_alarm_state(app, &input).await,
        "EnableAlarmActions" => manage::switch_actions(app, &input, true).await,
        "DisableAlarmActions" => manage::switch_actions(app, &input, false).await,
        "PutAlarmMuteRule" => mute::put_alarm_mute_rule(app, &input).await,
        "GetAlarmMuteRule" => mute::get_alarm_mute_rule(app, &input),
        "ListAlarmMuteRules" => mute::list_alarm_mute_rules(app, &input),
        "DeleteAlarmMuteRule" => mute::delete_alarm_mute_rule(app, &input).await,
        "GetMetricData" => metric_data::get_metric_data(app, &input).await,
        "GetMetricStatistics" => data::get_metric_statistics(app, &input).await,
        "ListMetrics" => data::list_metrics(app, &input).await,
        "TagResource" => tag::tag_resource(app, &input).await,
        "UntagResource" => tag::untag_resource(app, &input).await,
        "ListTagsForResource" => tag::list_tags_for_resource(app, &input),
        other => Err(refused(other)),
    }
}

/// Operations of CloudWatch that Fluoro does not have, each with the reason.
fn refused(operation: &str) -> Fault {
    let why = match operation {
        "PutMetricData" => "Fluoro computes its metrics from traces and takes none",
        "PutAnomalyDetector" | "DeleteAnomalyDetector" | "DescribeAnomalyDetectors" => {
            "Fluoro has no anomaly detectors to set up; its insights find what is unusual without any"
        }
        "PutDashboard" | "GetDashboard" | "ListDashboards" | "DeleteDashboards" => "Fluoro has no dashboards",
        "PutInsightRule"
        | "PutManagedInsightRules"
        | "DescribeInsightRules"
        | "DeleteInsightRules"
        | "EnableInsightRules"
        | "DisableInsightRules"
        | "GetInsightRuleReport"
        | "ListManagedInsightRules" => "Fluoro has no Contributor Insights",
        "PutMetricStream" | "GetMetricStream" | "ListMetricStreams" | "DeleteMetricStream"
        | "StartMetricStreams" | "StopMetricStreams" => "Fluoro has no metric streams",
        "GetMetricWidgetImage" => "Fluoro draws no images",
        "DescribeAlarmContributors" => "alarms of Fluoro have no contributors",
        _ => "there is no such operation",
    };
    let name: String = operation.chars().take(64).collect();
    Fault::unknown_operation(format!("{name}: {why}"))
}

/// Makes a change of alarms, on a thread that may wait for the disk.
pub(crate) async fn change<T: Send + 'static>(
    app: &App,
    change: impl FnOnce(&Alarms, Timestamp) -> Result<T, DeskError> + Send + 'static,
) -> Result<T, Fault> {
    let (alarms, now) = (app.deps.alarms.clone(), app.deps.clock.now());
    match tokio::task::spawn_blocking(move || change(&alarms, now)).await {
        Ok(result) => result.map_err(Fault::from),
        Err(panic) => Err(Fault::internal(Arc::new(panic))),
    }
}
