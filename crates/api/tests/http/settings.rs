//! Groups, settings, insights, and paths that are no operation.

use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};

use crate::aws_model::operations;
use crate::support::{Server, T};

#[tokio::test]
async fn the_default_group_is_the_only_one() {
    let server = Server::start();
    assert_json_snapshot!(server.call("/Groups", json!({})).await, @r#"
    {
      "Groups": [
        {
          "GroupName": "Default",
          "GroupARN": "arn:aws:xray:eu-west-1:123456789012:group/Default",
          "FilterExpression": null,
          "InsightsConfiguration": {
            "InsightsEnabled": true,
            "NotificationsEnabled": false
          }
        }
      ],
      "NextToken": null
    }
    "#);
    let group = server.call("/GetGroup", json!({ "GroupName": "Default" })).await;
    assert_eq!(group["Group"]["GroupARN"], "arn:aws:xray:eu-west-1:123456789012:group/Default");
    let check = async |path: &str, input: Value| server.refuse(path, &input.to_string()).await;
    assert_snapshot!(check("/Groups", json!({ "NextToken": "x" })).await, @r#"400 InvalidRequestException {"Message":"Next Token not supported"}"#);
    assert_snapshot!(check("/GetGroup", json!({})).await, @r#"400 InvalidRequestException {"Message":"Request must contain either group name or group ARN"}"#);
    assert_snapshot!(check("/GetGroup", json!({ "GroupName": "default" })).await, @r#"400 InvalidRequestException {"Message":"Group not found"}"#);
    assert_snapshot!(check("/GetGroup", json!({ "GroupName": "Default", "GroupARN": "x" })).await, @r#"400 InvalidRequestException {"Message":"Request cannot contain both group name and group ARN"}"#);
    assert_snapshot!(check("/GetGroup", json!({ "GroupName": "" })).await, @r#"400 ValidationException {"message":"1 validation error detected: Value '' at 'groupName' failed to satisfy constraint: Member must have length greater than or equal to 1"}"#);
}

#[tokio::test]
async fn settings_are_what_they_are() {
    let server = Server::start();
    assert_snapshot!(server.call("/EncryptionConfig", json!({})).await, @r#"{"EncryptionConfig":{"KeyId":null,"Status":"ACTIVE","Type":"NONE"}}"#);
    assert_snapshot!(server.call("/GetTraceSegmentDestination", json!({})).await, @r#"{"Destination":"XRay","Status":"ACTIVE","CompositeConfiguration":null}"#);
}

#[tokio::test]
async fn a_new_server_has_no_insights_and_bad_questions_are_refused() {
    let server = Server::start();
    let input = |states: Value, start: f64| json!({ "StartTime": start, "EndTime": T, "GroupName": "Default", "States": states });
    let output = server.call("/InsightSummaries", input(json!(["ACTIVE"]), T - 60.0)).await;
    assert_eq!(output, json!({ "InsightSummaries": [], "NextToken": null }));
    let check = async |input: Value| server.refuse("/InsightSummaries", &input.to_string()).await;
    assert_snapshot!(check(input(json!(["ACTIVE", "CLOSED"]), T)).await, @r#"400 ValidationException {"message":"1 validation error detected: Value '[ACTIVE, CLOSED]' at 'states' failed to satisfy constraint: Member must have length less than or equal to 1"}"#);
    assert_snapshot!(check(input(json!([]), T - 31.0 * 86_400.0)).await, @r#"400 InvalidRequestException {"Message":"Start time cannot be more than 30 days in the past"}"#);
    assert_snapshot!(check(json!({ "StartTime": T, "EndTime": T })).await, @r#"400 InvalidRequestException {"Message":"Request must contain either group name or group ARN"}"#);
}

#[tokio::test]
async fn no_insight_is_known_and_bad_ids_are_refused() {
    let server = Server::start();
    let id = "11111111-2222-4333-8444-555555555555";
    let range = |start: f64| json!({ "InsightId": id, "StartTime": start, "EndTime": T });
    for (path, input) in [
        ("/Insight", json!({ "InsightId": id })),
        ("/InsightEvents", json!({ "InsightId": id, "MaxResults": 50 })),
        ("/InsightImpactGraph", range(T - 60.0)),
    ] {
        let refused = server.refuse(path, &input.to_string()).await;
        assert_eq!(refused, r#"400 InvalidRequestException {"Message":"Insight not found"}"#);
    }
    let refused = server.refuse("/InsightImpactGraph", &range(T + 60.0).to_string()).await;
    assert_eq!(
        refused,
        r#"400 InvalidRequestException {"Message":"End time cannot be earlier than start time"}"#
    );
    for wrong in ["11111111-2222-6333-8444-555555555555", "11111111222243338444555555555555", "é"] {
        let refused = server.refuse("/Insight", &json!({ "InsightId": wrong }).to_string()).await;
        assert!(refused.starts_with("400 ValidationException"), "{refused}");
    }
}

#[tokio::test]
async fn every_operation_of_the_model_is_answered() {
    let server = Server::start();
    for operation in operations() {
        let path = operation["http"]["requestUri"].as_str().unwrap();
        let text = server.post(path, "{}").await.text();
        assert!(!text.contains("UnknownOperationException"), "{path}");
    }
}

#[tokio::test]
async fn a_path_that_is_no_operation_is_answered_as_xray_answers() {
    let server = Server::start();
    let answer = server.post("/NoSuchOperation", "{}").await;
    assert_eq!(answer.status, 200);
    assert_snapshot!(answer.text(), @r#"{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}"#);
    assert_eq!(server.get("/TraceSegments").await.status, 405);
}
