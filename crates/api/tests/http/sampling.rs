//! What SDKs poll: GetSamplingRules, GetSamplingTargets and their statistics.

use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};

use crate::support::{Server, T};

const CLIENT: &str = "0355060767e9138c92448f2a";

fn report(rule: &str, requests: u64) -> Value {
    json!({ "SamplingStatisticsDocuments": [{
        "RuleName": rule, "ClientID": CLIENT, "RequestCount": requests, "BorrowCount": 1, "SampledCount": 3,
        "Timestamp": T,
    }] })
}

#[tokio::test]
async fn the_default_rule_is_there_for_a_body_of_any_kind() {
    let server = Server::start();
    assert_json_snapshot!(server.call("/GetSamplingRules", json!({ "NextToken": null })).await, @r#"
    {
      "SamplingRuleRecords": [
        {
          "SamplingRule": {
            "RuleName": "Default",
            "RuleARN": "arn:aws:xray:eu-west-1:123456789012:sampling-rule/Default",
            "ResourceARN": "*",
            "Priority": 10000,
            "FixedRate": 0.05,
            "ReservoirSize": 1,
            "ServiceName": "*",
            "ServiceType": "*",
            "Host": "*",
            "HTTPMethod": "*",
            "URLPath": "*",
            "Version": 1,
            "Attributes": {},
            "SamplingRateBoost": null
          },
          "CreatedAt": 0.0,
          "ModifiedAt": 0.0
        }
      ],
      "NextToken": null
    }
    "#);
    // ADOT sends no body at all, and some clients no content type.
    assert_eq!(server.post("/GetSamplingRules", "").await.status, 200);
}

#[tokio::test]
async fn the_second_report_brings_a_quota() {
    let server = Server::start();
    let first = server.call("/SamplingTargets", report("Default", 4)).await;
    assert_json_snapshot!(first, @r#"
    {
      "SamplingTargetDocuments": [
        {
          "RuleName": "Default",
          "FixedRate": 0.05,
          "ReservoirQuota": null,
          "ReservoirQuotaTTL": null,
          "Interval": null,
          "SamplingBoost": null
        }
      ],
      "LastRuleModification": 0.0,
      "UnprocessedStatistics": [],
      "UnprocessedBoostStatistics": []
    }
    "#);
    server.advance(10);
    let second = server.call("/SamplingTargets", report("Default", 4)).await;
    assert_json_snapshot!(second["SamplingTargetDocuments"], @r#"
    [
      {
        "RuleName": "Default",
        "FixedRate": 0.05,
        "ReservoirQuota": 1,
        "ReservoirQuotaTTL": 1700000352.0,
        "Interval": 10,
        "SamplingBoost": null
      }
    ]
    "#);
}

#[tokio::test]
async fn statistics_are_those_of_the_last_whole_window() {
    let server = Server::start();
    server.call("/SamplingTargets", report("Default", 4)).await;
    let none = server.call("/SamplingStatisticSummaries", json!({})).await;
    assert_eq!(none["SamplingStatisticSummaries"], json!([]));
    server.advance(10);
    let summaries = server.call("/SamplingStatisticSummaries", json!({})).await;
    assert_json_snapshot!(summaries, @r#"
    {
      "SamplingStatisticSummaries": [
        {
          "RuleName": "Default",
          "Timestamp": 1700000040.0,
          "RequestCount": 4,
          "BorrowCount": 1,
          "SampledCount": 3
        }
      ],
      "NextToken": null
    }
    "#);
}

#[tokio::test]
async fn a_rule_that_is_gone_is_left_unprocessed() {
    let server = Server::start();
    let output = server.call("/SamplingTargets", report("cats", 4)).await;
    assert_eq!(output["SamplingTargetDocuments"], json!([]));
    let expected = json!([{ "RuleName": "cats", "ErrorCode": "400", "Message": "Unknown rule" }]);
    assert_eq!(output["UnprocessedStatistics"], expected);
}

#[tokio::test]
async fn reports_are_checked_and_missing_counts_are_not() {
    let server = Server::start();
    let check = async |input: Value| server.refuse("/SamplingTargets", &input.to_string()).await;
    assert_snapshot!(check(json!({ "SamplingStatisticsDocuments": [{}] })).await, @r#"400 ValidationException {"message":"3 validation errors detected: Value null at 'samplingStatisticsDocuments.1.member.timestamp' failed to satisfy constraint: Member must not be null; Value null at 'samplingStatisticsDocuments.1.member.ruleName' failed to satisfy constraint: Member must not be null; Value null at 'samplingStatisticsDocuments.1.member.clientID' failed to satisfy constraint: Member must not be null"}"#);
    assert_snapshot!(check(json!({})).await, @r#"400 ValidationException {"message":"1 validation error detected: Value null at 'samplingStatisticsDocuments' failed to satisfy constraint: Member must not be null"}"#);
    let many: Vec<Value> =
        (0..251).map(|_| report("Default", 1)["SamplingStatisticsDocuments"][0].clone()).collect();
    assert_snapshot!(check(json!({ "SamplingStatisticsDocuments": many })).await, @r#"400 ValidationException {"message":"1 validation error detected: Value '[..]' at 'samplingStatisticsDocuments' failed to satisfy constraint: Member must have length less than or equal to 250"}"#);
    // OpenTelemetry's samplers report all their rules in one request, and one of them has a shorter name for what was sampled.
    let mut all = vec![report("Default", 1)["SamplingStatisticsDocuments"][0].clone(); 26];
    all[0]["SampleCount"] = json!(1);
    let answered = server.call("/SamplingTargets", json!({ "SamplingStatisticsDocuments": all })).await;
    assert_eq!(answered["SamplingTargetDocuments"].as_array().map(Vec::len), Some(26));
    let none = server.call("/SamplingTargets", json!({ "SamplingStatisticsDocuments": [] })).await;
    assert_eq!(none["SamplingTargetDocuments"], json!([]));
    let bare = json!({ "SamplingStatisticsDocuments": [{ "RuleName": "Default", "ClientID": CLIENT, "Timestamp": T }] });
    assert_eq!(server.call("/SamplingTargets", bare).await["UnprocessedStatistics"], json!([]));
}
