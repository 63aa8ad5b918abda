//! CloudWatch's operations as its clients ask them, each answer checked against botocore's model.

use std::sync::LazyLock;

use axum::body::Body;
use axum::http::Request;
use serde_json::Value;

use crate::support::{Answer, Server};

static MODEL: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../data/cloudwatch-model.json")).unwrap());

pub(crate) const TARGET: &str = "GraniteServiceVersion20100801";

impl Server {
    /// As AWS JSON, from a client that knows the codes of forms.
    pub(crate) async fn ask_cloudwatch(&self, operation: &str, input: &Value) -> Answer {
        let request = Request::post("/")
            .header("x-amz-target", format!("{TARGET}.{operation}"))
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amzn-query-mode", "true");
        self.send(request.body(Body::from(input.to_string())).unwrap()).await
    }

    /// An operation that succeeds, and answers as the model says.
    pub(crate) async fn cloudwatch(&self, operation: &str, input: Value) -> Value {
        let answer = self.ask_cloudwatch(operation, &input).await;
        assert_eq!(answer.status, 200, "{operation}: {}", answer.text());
        let output = answer.json();
        match MODEL["operations"][operation]["output"]["shape"].as_str() {
            Some(shape) => check(shape, &output, shape),
            None => assert_eq!(output, serde_json::json!({}), "{operation} has no output"),
        }
        output
    }

    /// An operation that fails: status, code and text.
    pub(crate) async fn refuse_cloudwatch(&self, operation: &str, input: Value) -> String {
        let answer = self.ask_cloudwatch(operation, &input).await;
        let code = answer.headers["x-amzn-query-error"].to_str().unwrap().to_owned();
        let body = answer.json();
        format!("{} {}: {}", answer.status.as_u16(), code, body["message"].as_str().unwrap())
    }

    /// An alarm once it is in that state.
    pub(crate) async fn alarm_in(&self, name: &str, state: &str) -> Value {
        let mut changes = self.alarms.changes();
        loop {
            changes.mark_unchanged();
            let input = serde_json::json!({
                "AlarmNames": [name], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"],
            });
            let output = self.cloudwatch("DescribeAlarms", input).await;
            let all = [&output["MetricAlarms"], &output["CompositeAlarms"]];
            let alarm = all.into_iter().find_map(|list| list.get(0)).unwrap_or(&Value::Null);
            if alarm["StateValue"] == state {
                return alarm.clone();
            }
            changes.changed().await.unwrap();
        }
    }
}

/// Panics where a member is not known, or of another type than the model says. Absent ones are not written.
fn check(shape: &str, value: &Value, at: &str) {
    let definition = &MODEL["shapes"][shape];
    let fits = match definition["type"].as_str().unwrap() {
        "structure" => {
            for (name, member) in value.as_object().unwrap_or_else(|| panic!("{at} is no structure: {value}"))
            {
                let of = definition["members"][name]["shape"].as_str();
                check(of.unwrap_or_else(|| panic!("{at} has no {name}")), member, &format!("{at}.{name}"));
            }
            true
        }
        "list" => {
            let member = definition["member"]["shape"].as_str().unwrap();
            let items = value.as_array().unwrap_or_else(|| panic!("{at} is no list: {value}"));
            items.iter().for_each(|item| check(member, item, at));
            true
        }
        "map" => value.is_object(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" | "long" => value.is_i64(),
        "double" | "float" | "timestamp" => value.is_number(),
        other => panic!("{at}: type {other}"),
    };
    assert!(fits, "{at} must be a {}: {value}", definition["type"]);
    if let (Some(words), Some(word)) = (definition["enum"].as_array(), value.as_str()) {
        assert!(words.iter().any(|known| known == word), "{at}: {word} is not one of {words:?}");
    }
    if let (Some(max), Some(text)) = (definition["max"].as_u64(), value.as_str()) {
        assert!(text.chars().count() as u64 <= max, "{at} is longer than {max}");
    }
}
