//! Sampling rules through the API: made, changed, deleted, refused, and what clients that report are told.

use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};

use crate::support::{Server, T};

const CLIENT: &str = "0355060767e9138c92448f2a";

fn rule(name: &str) -> Value {
    json!({
        "RuleName": name, "ResourceARN": "*", "Priority": 10, "FixedRate": 0.1, "ReservoirSize": 5, "ServiceName": "*",
        "ServiceType": "*", "Host": "shop.example", "HTTPMethod": "GET", "URLPath": "/cats/*", "Version": 1,
    })
}

/// The rule with some members of its own.
fn with(mut rule: Value, members: &Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        rule[name] = value.clone();
    }
    rule
}

async fn create(server: &Server, rule: Value) -> Value {
    server.call("/CreateSamplingRule", json!({ "SamplingRule": rule })).await
}

async fn update(server: &Server, update: Value) -> Value {
    let input = json!({ "SamplingRuleUpdate": update });
    server.call("/UpdateSamplingRule", input).await["SamplingRuleRecord"].clone()
}

async fn report(server: &Server, rule: &str, client: &str) -> Value {
    let document = json!({
        "RuleName": rule, "ClientID": client, "RequestCount": 50, "BorrowCount": 0, "SampledCount": 3, "Timestamp": T,
    });
    server.call("/SamplingTargets", json!({ "SamplingStatisticsDocuments": [document] })).await
}

#[tokio::test]
async fn a_rule_is_made_changed_and_deleted() {
    let server = Server::start();
    let boost = json!({ "MaxRate": 0.5, "CooldownWindowMinutes": 10 });
    let given = with(rule("cats"), &json!({ "Attributes": { "tier": "gold*" }, "SamplingRateBoost": boost }));
    assert_json_snapshot!(create(&server, given).await, @r#"
    {
      "SamplingRuleRecord": {
        "SamplingRule": {
          "RuleName": "cats",
          "RuleARN": "arn:aws:xray:eu-west-1:123456789012:sampling-rule/cats",
          "ResourceARN": "*",
          "Priority": 10,
          "FixedRate": 0.1,
          "ReservoirSize": 5,
          "ServiceName": "*",
          "ServiceType": "*",
          "Host": "shop.example",
          "HTTPMethod": "GET",
          "URLPath": "/cats/*",
          "Version": 1,
          "Attributes": {
            "tier": "gold*"
          },
          "SamplingRateBoost": {
            "MaxRate": 0.5,
            "CooldownWindowMinutes": 10
          }
        },
        "CreatedAt": 1700000042.0,
        "ModifiedAt": 1700000042.0
      }
    }
    "#);
    server.advance(5);
    let changed = update(&server, json!({ "RuleName": "cats", "FixedRate": 0.2 })).await;
    assert_eq!(changed["SamplingRule"]["FixedRate"], 0.2);
    assert_eq!(changed["SamplingRule"]["Attributes"], json!({ "tier": "gold*" }));
    assert_eq!(changed["SamplingRule"]["SamplingRateBoost"], Value::Null, "what is not said is taken away");
    assert_eq!((&changed["CreatedAt"], &changed["ModifiedAt"]), (&json!(T + 2.0), &json!(T + 7.0)));
    let arn = changed["SamplingRule"]["RuleARN"].clone();
    let cleared = update(&server, json!({ "RuleARN": arn, "Attributes": {} })).await;
    assert_eq!(cleared["SamplingRule"]["Attributes"], json!({}));
    let deleted = server.call("/DeleteSamplingRule", json!({ "RuleName": "cats" })).await;
    assert_eq!(deleted["SamplingRuleRecord"], cleared);
    let rules = server.call("/GetSamplingRules", json!({})).await;
    assert_eq!(rules["SamplingRuleRecords"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn rules_are_listed_by_name_with_the_default_last() {
    let server = Server::start();
    for (name, priority) in [("zebra", 1), ("Ant", 9_999), ("ant", 5)] {
        create(&server, with(rule(name), &json!({ "Priority": priority }))).await;
    }
    let rules = server.call("/GetSamplingRules", json!({ "NextToken": "ignored" })).await;
    let records = rules["SamplingRuleRecords"].as_array().unwrap();
    let names: Vec<_> =
        records.iter().map(|record| record["SamplingRule"]["RuleName"].as_str().unwrap()).collect();
    assert_eq!(names, ["Ant", "ant", "zebra", "Default"]);
    assert_eq!(rules["NextToken"], Value::Null);
}

#[tokio::test]
async fn rules_are_refused_in_xrays_words() {
    let server = Server::start();
    create(&server, rule("cats")).await;
    let check = async |members: Value| {
        let input = json!({ "SamplingRule": with(rule("dogs"), &members) });
        server.refuse("/CreateSamplingRule", &input.to_string()).await
    };
    assert_snapshot!(check(json!({ "RuleName": "cats" })).await, @r#"400 InvalidRequestException {"Message":"Sampling rule already exists"}"#);
    assert_snapshot!(check(json!({ "RuleName": null })).await, @r#"400 InvalidRequestException {"Message":"Request must contain either sampling rule name or sampling rule ARN"}"#);
    assert_snapshot!(check(json!({ "RuleARN": "x" })).await, @r#"400 InvalidRequestException {"Message":"Request cannot contain both sampling rule name and sampling rule ARN"}"#);
    assert_snapshot!(check(json!({ "Version": 2 })).await, @r#"400 InvalidRequestException {"Message":"Sampling rule version must be 1"}"#);
    assert_snapshot!(check(json!({ "Priority": 10_000, "FixedRate": 1.5 })).await, @r#"400 ValidationException {"message":"2 validation errors detected: Value '10000' at 'samplingRule.priority' failed to satisfy constraint: Member must have value less than or equal to 9999; Value '1.5' at 'samplingRule.fixedRate' failed to satisfy constraint: Member must have value less than or equal to 1"}"#);
    assert_snapshot!(check(json!({ "Attributes": { "": "x" } })).await, @r#"400 ValidationException {"message":"1 validation error detected: Value of a structure at 'samplingRule.attributes' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 32, Member must have length greater than or equal to 1]"}"#);
    assert_snapshot!(check(json!({ "SamplingRateBoost": {} })).await, @r#"400 ValidationException {"message":"2 validation errors detected: Value null at 'samplingRule.samplingRateBoost.maxRate' failed to satisfy constraint: Member must not be null; Value null at 'samplingRule.samplingRateBoost.cooldownWindowMinutes' failed to satisfy constraint: Member must not be null"}"#);
    assert_snapshot!(check(json!({ "SamplingRateBoost": { "MaxRate": 0, "CooldownWindowMinutes": 0 } })).await, @r#"400 InvalidRequestException {"Message":"CooldownWindowMinutes must be greater than 0"}"#);
    assert_snapshot!(check(json!({ "Priority": "1" })).await, @r#"400 SerializationException {"Message":"STRING_VALUE can not be converted to an Integer"}"#);
    for number in 1..25 {
        create(&server, rule(&format!("rule-{number}"))).await;
    }
    assert_snapshot!(check(json!({})).await, @r#"400 RuleLimitExceededException {"Message":"There are 25 sampling rules already, which is the limit"}"#);
}

#[tokio::test]
async fn changes_are_refused_in_xrays_words() {
    let server = Server::start();
    create(&server, rule("cats")).await;
    let check = async |update: Value| {
        server.refuse("/UpdateSamplingRule", &json!({ "SamplingRuleUpdate": update }).to_string()).await
    };
    assert_snapshot!(check(json!({ "RuleName": "dogs" })).await, @r#"400 InvalidRequestException {"Message":"Sampling rule does not exist"}"#);
    assert_snapshot!(check(json!({ "RuleName": "Default", "Host": "x" })).await, @r#"400 InvalidRequestException {"Message":"Only the reservoir size and fixed rate of the default sampling rule can be modified"}"#);
    assert_snapshot!(check(json!({ "RuleName": "cats", "Priority": 0 })).await, @r#"400 InvalidRequestException {"Message":"Priority must be between 1 and 9999"}"#);
    assert_snapshot!(check(json!({ "RuleName": "cats", "FixedRate": -0.1 })).await, @r#"400 InvalidRequestException {"Message":"FixedRate must be between 0 and 1"}"#);
    assert_snapshot!(server.refuse("/UpdateSamplingRule", "{}").await, @r#"400 ValidationException {"message":"1 validation error detected: Value null at 'samplingRuleUpdate' failed to satisfy constraint: Member must not be null"}"#);
    let delete = async |input: Value| server.refuse("/DeleteSamplingRule", &input.to_string()).await;
    assert_snapshot!(delete(json!({ "RuleName": "Default" })).await, @r#"400 InvalidRequestException {"Message":"The default sampling rule cannot be deleted"}"#);
    assert_snapshot!(delete(json!({})).await, @r#"400 InvalidRequestException {"Message":"Request must contain either sampling rule name or sampling rule ARN"}"#);
    let default = update(&server, json!({ "RuleName": "Default", "FixedRate": 1, "ReservoirSize": 0 })).await;
    assert_eq!((&default["CreatedAt"], &default["ModifiedAt"]), (&json!(0.0), &json!(T + 2.0)));
}

#[tokio::test]
async fn clients_share_the_reservoir_of_each_rule_and_hear_of_changes() {
    let server = Server::start();
    assert_eq!(report(&server, "Default", CLIENT).await["LastRuleModification"], 0.0);
    create(&server, with(rule("cats"), &json!({ "ReservoirSize": 10 }))).await;
    let other = "f".repeat(24);
    for client in [CLIENT, &other] {
        assert_eq!(
            report(&server, "cats", client).await["LastRuleModification"],
            T + 3.0,
            "the second's end"
        );
    }
    server.advance(10);
    let mut quotas = Vec::new();
    for client in [CLIENT, &other] {
        let target = report(&server, "cats", client).await["SamplingTargetDocuments"][0].clone();
        assert_eq!(target["FixedRate"], 0.1);
        quotas.push(target["ReservoirQuota"].as_u64().unwrap());
    }
    assert_eq!(quotas, [5, 5]);
    server.call("/DeleteSamplingRule", json!({ "RuleName": "cats" })).await;
    let after = report(&server, "cats", CLIENT).await;
    assert_eq!(after["UnprocessedStatistics"][0]["Message"], "Unknown rule");
    assert_eq!(after["LastRuleModification"], T + 13.0);
}

#[tokio::test]
async fn a_rule_with_a_boost_is_boosted_while_anomalies_are_missed() {
    let server = Server::start();
    let boost = json!({ "MaxRate": 0.5, "CooldownWindowMinutes": 10 });
    create(&server, with(rule("cats"), &json!({ "SamplingRateBoost": boost }))).await;
    let targets = async |rule: &str| {
        let statistics = json!({ "RuleName": "cats", "ClientID": CLIENT, "Timestamp": T });
        let anomalies = json!({
            "RuleName": rule, "ServiceName": "web", "Timestamp": T, "AnomalyCount": 40, "TotalCount": 30,
            "SampledAnomalyCount": 2,
        });
        let input = json!({
            "SamplingStatisticsDocuments": [statistics], "SamplingBoostStatisticsDocuments": [anomalies],
        });
        server.call("/SamplingTargets", input).await
    };
    let first = targets("cats").await;
    assert_eq!(first["SamplingTargetDocuments"][0]["SamplingBoost"], Value::Null, "the window is not over");
    server.advance(10);
    let second = targets("cats").await;
    let expected = json!({ "BoostRate": 0.25, "BoostRateTTL": T + 32.0 });
    assert_eq!(second["SamplingTargetDocuments"][0]["SamplingBoost"], expected);
    let unknown = targets("dogs").await;
    let expected = json!([{ "RuleName": "dogs", "ErrorCode": "400", "Message": "Unknown rule" }]);
    assert_eq!(unknown["UnprocessedBoostStatistics"], expected);
    update(&server, json!({ "RuleName": "cats" })).await;
    assert_eq!(targets("cats").await["SamplingTargetDocuments"][0]["SamplingBoost"], Value::Null);
}
