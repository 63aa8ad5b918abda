//! Alarms from their making to their end: what is taken, what is refused, and what a minute of faults does.

use axum::body::Body;
use axum::http::Request;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Server, T, plain};

fn faults(name: &str) -> Value {
    json!({
        "AlarmName": name, "Namespace": "Fluoro", "MetricName": "FaultCount", "Statistic": "Sum", "Period": 60,
        "Dimensions": [{ "Name": "ServiceName", "Value": "frontend" }], "EvaluationPeriods": 1, "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold", "AlarmActions": ["arn:aws:sns:eu-west-1:123456789012:ops"],
    })
}

/// An alarm with some members set to something else; null takes one away.
fn changed(name: &str, members: Value) -> Value {
    let mut alarm = faults(name);
    let Value::Object(members) = members else { panic!("members are an object") };
    for (key, value) in members {
        alarm[key] = value;
    }
    alarm
}

fn failing(number: u32, after: f64) -> Value {
    let mut document = plain(number, after);
    document["fault"] = json!(true);
    document["http"]["response"]["status"] = json!(500);
    document
}

#[tokio::test]
async fn a_minute_with_a_fault_is_an_alarm_and_the_next_without_one_is_none() {
    let server = Server::start();
    server.cloudwatch("PutMetricAlarm", faults("faults")).await;
    server.put(&[plain(1, 0.0), failing(2, 0.5)]).await;
    server.advance(64);
    let alarm = server.alarm_in("faults", "ALARM").await;
    assert_eq!(
        alarm["StateReason"],
        "Threshold Crossed: 1 datapoint [1.0 (14/11/23 22:14:00)] was greater than the threshold (0.0)."
    );
    let notices = server.alerts.unrouted(10).unwrap();
    assert_eq!(notices.len(), 1);
    let notice = &notices[0].notice;
    assert_eq!(notice.root.as_ref().unwrap().name, "frontend");
    assert_eq!(notice.documents.message["Trigger"]["MetricName"], "FaultCount");
    server.put(&[plain(3, 64.0)]).await;
    server.advance(60);
    server.alarm_in("faults", "OK").await;
    assert_eq!(server.alerts.unrouted(10).unwrap().len(), 2);
    let history = server.cloudwatch("DescribeAlarmHistory", json!({ "AlarmName": "faults" })).await;
    let items = history["AlarmHistoryItems"].as_array().unwrap();
    let summaries: Vec<&str> = items.iter().map(|item| item["HistorySummary"].as_str().unwrap()).collect();
    assert_eq!(
        summaries,
        [
            "Alarm updated from ALARM to OK",
            "Alarm updated from INSUFFICIENT_DATA to ALARM",
            "Alarm \"faults\" created"
        ]
    );
}

#[tokio::test]
async fn what_was_not_given_is_absent_and_an_update_keeps_the_state() {
    let server = Server::start();
    server.cloudwatch("PutMetricAlarm", faults("a")).await;
    let alarm = server.alarm_in("a", "INSUFFICIENT_DATA").await;
    assert_eq!(alarm["StateReason"], "Unchecked: Initial alarm creation");
    assert_eq!(alarm["AlarmArn"], "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a");
    for absent in [
        "DatapointsToAlarm",
        "TreatMissingData",
        "AlarmDescription",
        "StateReasonData",
        "EvaluationState",
        "Unit",
    ] {
        assert_eq!(alarm.get(absent), None, "{absent}");
    }
    assert_eq!((&alarm["OKActions"], &alarm["ActionsEnabled"]), (&json!([]), &json!(true)));
    let set =
        json!({ "AlarmName": "a", "StateValue": "ALARM", "StateReason": "by hand", "StateReasonData": "{}" });
    server.cloudwatch("SetAlarmState", set.clone()).await;
    server
        .cloudwatch("PutMetricAlarm", changed("a", json!({ "Threshold": 5, "DatapointsToAlarm": 1 })))
        .await;
    let alarm = server.alarm_in("a", "ALARM").await;
    assert_eq!((&alarm["Threshold"], &alarm["StateReason"]), (&json!(5.0), &json!("by hand")));
    // The same state again is no event.
    let before = server.alerts.unrouted(10).unwrap().len();
    server.cloudwatch("SetAlarmState", set).await;
    assert_eq!(server.alerts.unrouted(10).unwrap().len(), before);
    let refused = server.refuse_cloudwatch("PutMetricAlarm", changed("a", json!({ "Period": 61 }))).await;
    assert_snapshot!(refused, @"400 ValidationError;Sender: Period must be 10, 20, 30 or a multiple of 60");
    assert_eq!(server.alarm_in("a", "ALARM").await, alarm);
}

#[tokio::test]
async fn bad_alarms_are_refused_in_cloudwatchs_words() {
    let server = Server::start();
    let check =
        async |members: Value| server.refuse_cloudwatch("PutMetricAlarm", changed("a", members)).await;
    assert_snapshot!(check(json!({ "AlarmActions": ["not-an-arn"] })).await, @"400 ValidationError;Sender: Invalid arn syntax: not-an-arn");
    assert_snapshot!(check(json!({ "ExtendedStatistic": "p9" })).await, @"400 ValidationError;Sender: PutMetricAlarm request can not be made with both Statistic and ExtendedStatistic parameters. Only one of them should be present");
    assert_snapshot!(check(json!({ "Statistic": null, "ExtendedStatistic": "p101" })).await, @"400 InvalidParameterValue;Sender: The value p101 for parameter ExtendedStatistic is not supported.");
    assert_snapshot!(check(json!({ "DatapointsToAlarm": 2 })).await, @"400 ValidationError;Sender: DatapointsToAlarm must be less than or equal to EvaluationPeriods");
    assert_snapshot!(check(json!({ "EvaluationPeriods": 2000 })).await, @"400 ValidationError;Sender: Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400) for alarms using period < 3600");
    assert_snapshot!(check(json!({ "Metrics": [] })).await, @"400 ValidationError;Sender: MetricName should not be set if list of Metrics is set.");
    assert_snapshot!(check(json!({ "Threshold": null })).await, @"400 MissingParameter;Sender: The parameter Threshold is required.");
    assert_snapshot!(check(json!({ "EvaluationCriteria": {} })).await, @"400 InvalidParameterValue;Sender: EvaluationCriteria: Fluoro does not have alarms on PromQL");
    assert_snapshot!(check(json!({ "TreatMissingData": "none" })).await, @"400 ValidationError;Sender: 1 validation error detected: Value 'none' at 'treatMissingData' failed to satisfy constraint: Member must satisfy enum value set: [missing, ignore, breaching, notBreaching]");
    assert_snapshot!(check(json!({ "Tags": [{ "Key": "AWS:x", "Value": "" }] })).await, @r#"403 AccessDenied;Sender: The provided tag keys must not start with any case of "aws:""#);
    let set = json!({ "AlarmName": "none", "StateValue": "OK", "StateReason": "" });
    assert_snapshot!(server.refuse_cloudwatch("SetAlarmState", set).await, @"404 ResourceNotFound;Sender: ");
    let output = server.cloudwatch("DescribeAlarms", json!({})).await;
    assert_eq!(output, json!({ "CompositeAlarms": [], "MetricAlarms": [] }));
}

#[tokio::test]
async fn composite_alarms_follow_their_children() {
    let server = Server::start();
    for name in ["a", "b"] {
        server.cloudwatch("PutMetricAlarm", faults(name)).await;
    }
    let put = |name: &str, rule: &str| json!({ "AlarmName": name, "AlarmRule": rule });
    server.cloudwatch("PutCompositeAlarm", put("both", "ALARM(a) AND ALARM(b)")).await;
    server.alarm_in("both", "OK").await;
    let set = |name: &str| json!({ "AlarmName": name, "StateValue": "ALARM", "StateReason": "x" });
    server.cloudwatch("SetAlarmState", set("a")).await;
    server.cloudwatch("SetAlarmState", set("b")).await;
    let both = server.alarm_in("both", "ALARM").await;
    assert_eq!(
        both["StateReason"],
        "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:b transitioned to ALARM at Tuesday 14 November, 2023 22:14:02 UTC"
    );
    let check =
        async |name: &str, rule: &str| server.refuse_cloudwatch("PutCompositeAlarm", put(name, rule)).await;
    assert_snapshot!(check("c", "ALARM(none)").await, @"400 ValidationError;Sender: Could not save the composite alarm as alarms [arn:aws:cloudwatch:eu-west-1:123456789012:alarm:none] in the alarm rule do not exist");
    assert_snapshot!(check("both", "ALARM(both)").await, @"400 ValidationError;Sender: A composite alarm cannot have a child relation with itself via its AlarmRule, as it would introduce a circular dependency");
    server.cloudwatch("PutCompositeAlarm", put("above", "ALARM(both)")).await;
    assert_snapshot!(check("both", "ALARM(above)").await, @"400 ValidationError;Sender: above depends on both, so the rule would introduce a circular dependency");
    assert_snapshot!(check("a", "ALARM(b)").await, @"400 ValidationError;Sender: There is an alarm of the other type with the name a already");
    let delete = json!({ "AlarmNames": ["a"] });
    assert_snapshot!(server.refuse_cloudwatch("DeleteAlarms", delete).await, @"409 ResourceConflict;Sender: a cannot be deleted: both is made of it");
    let children = server.cloudwatch("DescribeAlarms", json!({ "ChildrenOfAlarmName": "both" })).await;
    assert_eq!(children["MetricAlarms"].as_array().unwrap().len(), 2);
    let parents = server.cloudwatch("DescribeAlarms", json!({ "ParentsOfAlarmName": "both" })).await;
    assert_eq!(parents["CompositeAlarms"][0]["AlarmName"], "above");
    server.cloudwatch("DeleteAlarms", json!({ "AlarmNames": ["above"] })).await;
    server.cloudwatch("DeleteAlarms", json!({ "AlarmNames": ["both", "a", "b", "none"] })).await;
    assert_eq!(server.cloudwatch("DescribeAlarms", json!({})).await["MetricAlarms"], json!([]));
}

#[tokio::test]
async fn what_fluoro_does_not_do_is_refused_by_name() {
    let server = Server::start();
    let members = [
        "ActionConfiguration",
        "EvaluationCriteria",
        "EvaluationInterval",
        "EvaluationWindow",
        "WarmUpConfiguration",
    ];
    for member in members {
        let refused = server.refuse_cloudwatch("PutMetricAlarm", changed("a", json!({ member: {} }))).await;
        assert!(refused.contains(&format!("{member}: Fluoro does not have")), "{refused}");
    }
    assert_eq!(server.cloudwatch("DescribeAlarms", json!({})).await["MetricAlarms"], json!([]));
}

fn changed_duration(mut rule: Value, duration: &str) -> Value {
    rule["Rule"]["Schedule"]["Duration"] = json!(duration);
    rule
}

#[tokio::test]
async fn what_is_muted_is_told_when_the_window_ends() {
    let server = Server::start();
    server.cloudwatch("PutMetricAlarm", faults("a")).await;
    let rule = json!({
        "Name": "deploy", "MuteTargets": { "AlarmNames": ["a"] },
        "Rule": { "Schedule": { "Expression": "at(2023-11-14T22:14)", "Duration": "PT1M" } },
    });
    server.cloudwatch("PutAlarmMuteRule", rule).await;
    let known = server.cloudwatch("GetAlarmMuteRule", json!({ "AlarmMuteRuleName": "deploy" })).await;
    assert_eq!(known["Status"], "ACTIVE");
    let shown = server.get("/api/alarms/a").await.json();
    assert_eq!(shown["muted"], json!({ "rule": "deploy", "until": (T + 60.0) * 1e3 }));
    assert_eq!(
        server.get("/api/mutes").await.json(),
        json!({ "mutes": [{
            "name": "deploy", "description": null, "alarms": ["a"], "expression": "at(2023-11-14T22:14)",
            "duration": "PT1M", "timezone": null, "status": "ACTIVE", "until": (T + 60.0) * 1e3,
        }] })
    );
    let longer = json!({
        "Name": "another", "MuteTargets": { "AlarmNames": ["b", "a"] },
        "Rule": { "Schedule": { "Expression": "at(2023-11-14T22:10)", "Duration": "PT5M" } },
    });
    server.cloudwatch("PutAlarmMuteRule", longer.clone()).await;
    assert_eq!(server.get("/api/alarms/a").await.json()["muted"]["until"], (T + 60.0) * 1e3);
    server.cloudwatch("PutAlarmMuteRule", changed_duration(longer, "PT6M")).await;
    let last = json!({ "rule": "another", "until": (T + 120.0) * 1e3 });
    assert_eq!(server.get("/api/alarms/a").await.json()["muted"], last);
    server.cloudwatch("DeleteAlarmMuteRule", json!({ "AlarmMuteRuleName": "another" })).await;
    let listed = server.cloudwatch("ListAlarmMuteRules", json!({ "AlarmName": "a" })).await;
    assert_eq!(listed["AlarmMuteRuleSummaries"].as_array().unwrap().len(), 1);
    let set = json!({ "AlarmName": "a", "StateValue": "ALARM", "StateReason": "x" });
    server.cloudwatch("SetAlarmState", set).await;
    assert_eq!(server.alerts.unrouted(10).unwrap(), []);
    let mut changes = server.alerts.changes();
    server.advance(59);
    while server.alerts.unrouted(10).unwrap().is_empty() {
        changes.changed().await.unwrap();
    }
    let told = server.alerts.unrouted(10).unwrap();
    assert_eq!(told[0].notice.documents.message["ActionExecutedAfterMuteWindow"], json!(true));
    let over = server.get("/api/alarms/a").await.json();
    assert_eq!(over["muted"], json!(null));
    assert_eq!(server.get("/api/mutes").await.json()["mutes"][0]["status"], "EXPIRED");
    server.cloudwatch("DeleteAlarmMuteRule", json!({ "AlarmMuteRuleName": "deploy" })).await;
    let gone = server.refuse_cloudwatch("GetAlarmMuteRule", json!({ "AlarmMuteRuleName": "deploy" })).await;
    assert_snapshot!(gone, @"404 ResourceNotFoundException;Sender: There is no mute rule deploy");
    let bad =
        json!({ "Name": "x", "Rule": { "Schedule": { "Expression": "cron(* *)", "Duration": "PT1M" } } });
    assert!(
        server
            .refuse_cloudwatch("PutAlarmMuteRule", bad)
            .await
            .starts_with("400 ValidationError;Sender: the expression")
    );
}

#[tokio::test]
async fn actions_are_switched_and_tags_are_kept() {
    let server = Server::start();
    server
        .cloudwatch("PutMetricAlarm", changed("a", json!({ "Tags": [{ "Key": "team", "Value": "shop" }] })))
        .await;
    let names = json!({ "AlarmNames": ["a", "none"] });
    server.cloudwatch("DisableAlarmActions", names.clone()).await;
    let set = json!({ "AlarmName": "a", "StateValue": "ALARM", "StateReason": "x" });
    server.cloudwatch("SetAlarmState", set).await;
    server.cloudwatch("EnableAlarmActions", names).await;
    assert_eq!(server.alerts.unrouted(10).unwrap(), [], "enabling fires nothing");
    let arn = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:a";
    server
        .cloudwatch("TagResource", json!({ "ResourceARN": arn, "Tags": [{ "Key": "b", "Value": "" }] }))
        .await;
    server.cloudwatch("UntagResource", json!({ "ResourceARN": arn, "TagKeys": ["team"] })).await;
    let tags = server.cloudwatch("ListTagsForResource", json!({ "ResourceARN": arn })).await;
    assert_eq!(tags["Tags"], json!([{ "Key": "b", "Value": "" }]));
    let other = json!({ "ResourceARN": format!("{arn}x") });
    assert!(
        server
            .refuse_cloudwatch("ListTagsForResource", other)
            .await
            .starts_with("404 ResourceNotFoundException")
    );
    let metric = json!({ "Namespace": "Fluoro", "MetricName": "FaultCount" });
    assert_eq!(server.cloudwatch("DescribeAlarmsForMetric", metric.clone()).await["MetricAlarms"], json!([]));
    let mut exact = metric;
    exact["Dimensions"] = json!([{ "Name": "ServiceName", "Value": "frontend" }]);
    assert_eq!(
        server.cloudwatch("DescribeAlarmsForMetric", exact).await["MetricAlarms"][0]["AlarmName"],
        "a"
    );
}

#[tokio::test]
async fn a_service_that_answers_nothing_is_no_zero_before_it_was_seen() {
    let server = Server::start();
    let members =
        json!({ "Threshold": 1, "ComparisonOperator": "LessThanThreshold", "MetricName": "RequestCount" });
    server.cloudwatch("PutMetricAlarm", changed("quiet", members)).await;
    server.cloudwatch("PutMetricAlarm", faults("other")).await;
    server.put(&[failing(1, 0.0)]).await;
    server.advance(64);
    server.alarm_in("other", "ALARM").await;
    server.alarm_in("quiet", "OK").await;
    server.advance(60);
    server.alarm_in("quiet", "ALARM").await;
}

#[tokio::test]
async fn the_datapoints_of_alarms_can_be_read() {
    let server = Server::start();
    server.put(&[plain(1, 0.0), failing(2, 0.5)]).await;
    server.advance(60);
    let range = json!({ "StartTime": T, "EndTime": T + 60.0, "Period": 60, "Namespace": "AWS/X-Ray" });
    let dimensions = json!([{ "Name": "ServiceName", "Value": "frontend" }]);
    let ask = |name: &str, statistic: &str| {
        let mut input = range.clone();
        input["MetricName"] = json!(name);
        input["Dimensions"] = dimensions.clone();
        input["Statistics"] = json!([statistic]);
        input
    };
    let check = async |name: &str, statistic: &str| {
        let output = server.cloudwatch("GetMetricStatistics", ask(name, statistic)).await;
        output["Datapoints"][0][statistic].clone()
    };
    assert_eq!(check("FaultRate", "Average").await, json!(0.5));
    assert_eq!(check("FaultRate", "SampleCount").await, json!(2.0));
    assert_eq!(check("ResponseTime", "Maximum").await, json!(0.25));
    assert_eq!(check("NoSuchMetric", "Sum").await, Value::Null);
    let metric = json!({ "Namespace": "Fluoro", "MetricName": "FaultCount", "Dimensions": dimensions });
    let query = json!({ "Id": "m1", "MetricStat": { "Metric": metric, "Period": 60, "Stat": "Sum" } });
    let input = json!({ "MetricDataQueries": [query], "StartTime": T, "EndTime": T + 60.0 });
    let output = server.cloudwatch("GetMetricData", input).await;
    assert_eq!(output["MetricDataResults"][0]["Values"], json!([1.0]));
    let listed = server.cloudwatch("ListMetrics", json!({ "MetricName": "FaultCount" })).await;
    assert_eq!(listed["Metrics"].as_array().unwrap().len(), 2, "all requests, and those of the one service");
}

#[tokio::test]
async fn a_dry_run_says_what_the_live_evaluation_did() {
    let server = Server::start();
    server.put(&[failing(2, 0.5)]).await;
    server.advance(62);
    server.put(&[plain(3, 62.0)]).await;
    server.advance(120);
    let input = json!({ "alarm": faults("tried"), "from": T * 1000.0, "to": (T + 120.0) * 1000.0 });
    let answer = server.post("/api/alarms/dry-run", input.to_string()).await.json();
    let steps: Vec<_> =
        answer["transitions"].as_array().unwrap().iter().map(|step| step["to"].clone()).collect();
    assert_eq!((steps, &answer["alarms"]), (vec![json!("ALARM"), json!("OK")], &json!(1)));
    assert_eq!(answer["periods"], json!([1, 1, 0]));
    let listed = server.cloudwatch("DescribeAlarms", json!({})).await;
    assert_eq!(listed["MetricAlarms"], json!([]), "nothing was written");
}

#[tokio::test]
async fn the_console_makes_shows_and_acknowledges_alarms() {
    let server = Server::start();
    let put = async |path: &str, body: Value| {
        let request =
            Request::put(path).header("content-type", "application/json").header("host", "127.0.0.1:2000");
        server.send(request.body(Body::from(body.to_string())).unwrap()).await
    };
    let made = put("/api/alarms/a%20b", faults("ignored")).await.json();
    assert_eq!((&made["name"], &made["state"]), (&json!("a b"), &json!("INSUFFICIENT_DATA")));
    assert_eq!(made["watches"], "Sum of FaultCount of frontend greater than 0.0 in 1 of 1 periods of 60 s");
    assert_eq!(put("/api/alarms/c", changed("c", json!({ "Period": 7 }))).await.status, 400);
    let acknowledge = json!({ "name": "Mira", "note": "rolling back" }).to_string();
    assert_eq!(server.post("/api/alarms/a%20b/acknowledge", acknowledge.clone()).await.status, 400);
    let set = json!({ "AlarmName": "a b", "StateValue": "ALARM", "StateReason": "x" });
    server.cloudwatch("SetAlarmState", set).await;
    let known = server.post("/api/alarms/a%20b/acknowledge", acknowledge).await.json();
    assert_eq!(
        (&known["acknowledged"]["by"], &known["acknowledged"]["note"]),
        (&json!("Mira"), &json!("rolling back"))
    );
    assert_eq!(server.get("/api/alarms").await.json()["alarms"].as_array().unwrap().len(), 1);
    assert_eq!(server.get("/api/alarms/none").await.status, 404);
}

#[tokio::test]
async fn an_objective_of_an_operation_has_a_group_as_long_as_it_is_kept() {
    let server = Server::start();
    let groups = async || {
        let listed = server.get("/api/groups").await.json();
        let names = listed["groups"].as_array().unwrap().iter().map(|group| group["name"].to_string());
        names.filter(|name| name.contains("objective-")).collect::<Vec<_>>()
    };
    let objective = |percent: f64| {
        json!({ "service": "frontend", "entry": "GET /cart/{id}", "percent": percent }).to_string()
    };
    let refused = server.post("/api/objectives", objective(50.0)).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert!(groups().await.is_empty(), "what is refused leaves nothing behind");
    let made = server.post("/api/objectives", objective(99.9)).await.json();
    assert_eq!(made["objectives"][0]["entry"], "GET /cart/{id}");
    assert_eq!(groups().await.len(), 1);
    let name = "99.9%20%25%20of%20GET%20%2Fcart%2F%7Bid%7D%20of%20frontend";
    let delete = Request::delete(format!("/api/objectives/{name}")).body(Body::empty()).unwrap();
    let left = server.send(delete).await;
    assert_eq!(left.json()["objectives"], json!([]), "{made}");
    assert!(groups().await.is_empty());
}
