//! GetTraceSummaries: every member, pages, times and sampling.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};

use crate::support::{Server, T, TRACE, plain, worked_example};

fn window() -> Value {
    json!({ "StartTime": T, "EndTime": T + 60.0 })
}

fn with(member: &str, value: Value) -> Value {
    let mut input = window();
    input[member] = value;
    input
}

async fn ids(server: &Server, input: Value) -> Vec<String> {
    let output = server.call("/TraceSummaries", input).await;
    let summaries = output["TraceSummaries"].as_array().unwrap().clone();
    summaries.iter().map(|summary| summary["Id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_summary_of_the_worked_example_has_every_member() {
    let server = Server::start();
    server.put(&worked_example()).await;
    assert_json_snapshot!(server.call("/TraceSummaries", window()).await, @r#"
    {
      "TraceSummaries": [
        {
          "Id": "1-6553f128-000000000000000000000001",
          "StartTime": 1700000040.0,
          "Duration": 1.4,
          "ResponseTime": 1.0,
          "HasFault": true,
          "HasError": false,
          "HasThrottle": false,
          "IsPartial": false,
          "Http": {
            "HttpURL": "http://shop/checkout",
            "HttpStatus": 500,
            "HttpMethod": "POST",
            "UserAgent": "curl",
            "ClientIp": "10.0.0.9"
          },
          "Annotations": {
            "beta": [
              {
                "AnnotationValue": {
                  "NumberValue": null,
                  "BooleanValue": true,
                  "StringValue": null
                },
                "ServiceIds": null
              }
            ],
            "retries": [
              {
                "AnnotationValue": {
                  "NumberValue": 3.0,
                  "BooleanValue": null,
                  "StringValue": null
                },
                "ServiceIds": null
              }
            ],
            "tenant": [
              {
                "AnnotationValue": {
                  "NumberValue": null,
                  "BooleanValue": null,
                  "StringValue": "acme"
                },
                "ServiceIds": null
              }
            ]
          },
          "Users": [
            {
              "UserName": "u-1",
              "ServiceIds": null
            }
          ],
          "ServiceIds": [
            {
              "Name": "frontend",
              "Names": [
                "frontend"
              ],
              "AccountId": null,
              "Type": "client"
            },
            {
              "Name": "frontend",
              "Names": [
                "frontend"
              ],
              "AccountId": null,
              "Type": "AWS::EC2::Instance"
            },
            {
              "Name": "backend",
              "Names": [
                "backend"
              ],
              "AccountId": null,
              "Type": null
            },
            {
              "Name": "orders",
              "Names": [
                "orders"
              ],
              "AccountId": null,
              "Type": "AWS::DynamoDB::Table"
            }
          ],
          "ResourceARNs": [],
          "InstanceIds": [],
          "AvailabilityZones": [],
          "EntryPoint": {
            "Name": "frontend",
            "Names": [
              "frontend"
            ],
            "AccountId": null,
            "Type": "AWS::EC2::Instance"
          },
          "FaultRootCauses": [
            {
              "Services": [
                {
                  "Name": "frontend",
                  "Names": [
                    "frontend"
                  ],
                  "Type": "AWS::EC2::Instance",
                  "AccountId": null,
                  "EntityPath": [
                    {
                      "Name": "frontend",
                      "Exceptions": [],
                      "Remote": false
                    },
                    {
                      "Name": "backend.internal",
                      "Exceptions": [],
                      "Remote": true
                    }
                  ],
                  "Inferred": false
                },
                {
                  "Name": "backend",
                  "Names": [
                    "backend"
                  ],
                  "Type": null,
                  "AccountId": null,
                  "EntityPath": [
                    {
                      "Name": "backend",
                      "Exceptions": [
                        {
                          "Name": "DbTimeout",
                          "Message": "no answer in 600 ms"
                        }
                      ],
                      "Remote": false
                    }
                  ],
                  "Inferred": false
                }
              ],
              "ClientImpacting": true
            }
          ],
          "ErrorRootCauses": [],
          "ResponseTimeRootCauses": [
            {
              "Services": [
                {
                  "Name": "frontend",
                  "Names": [
                    "frontend"
                  ],
                  "Type": "AWS::EC2::Instance",
                  "AccountId": null,
                  "EntityPath": [
                    {
                      "Name": "frontend",
                      "Coverage": 1.0,
                      "Remote": false
                    },
                    {
                      "Name": "backend.internal",
                      "Coverage": 0.8,
                      "Remote": true
                    }
                  ],
                  "Inferred": false
                },
                {
                  "Name": "backend",
                  "Names": [
                    "backend"
                  ],
                  "Type": null,
                  "AccountId": null,
                  "EntityPath": [
                    {
                      "Name": "backend",
                      "Coverage": 0.73,
                      "Remote": false
                    },
                    {
                      "Name": "DynamoDB",
                      "Coverage": 0.6,
                      "Remote": true
                    }
                  ],
                  "Inferred": false
                },
                {
                  "Name": "orders",
                  "Names": [
                    "orders"
                  ],
                  "Type": "AWS::DynamoDB::Table",
                  "AccountId": null,
                  "EntityPath": [
                    {
                      "Name": "DynamoDB",
                      "Coverage": 0.6,
                      "Remote": false
                    }
                  ],
                  "Inferred": true
                }
              ],
              "ClientImpacting": true
            }
          ],
          "Revision": 3,
          "MatchedEventTime": null
        }
      ],
      "ApproximateTime": 1700000040.0,
      "TracesProcessedCount": 1,
      "NextToken": null
    }
    "#);
}

#[tokio::test]
async fn a_throttled_root_is_no_error_and_a_lone_child_has_no_root() {
    let server = Server::start();
    let mut throttled = plain(1, 0.0);
    throttled["error"] = json!(true);
    throttled["throttle"] = json!(true);
    throttled["http"]["response"]["status"] = json!(429);
    let mut child = plain(2, 1.0);
    child["parent_id"] = json!("00000000000000ff");
    server.put(&[throttled, child]).await;
    let output = server.call("/TraceSummaries", window()).await;
    let [child, throttled] = [&output["TraceSummaries"][0], &output["TraceSummaries"][1]];
    let flags = |summary: &Value| {
        ["HasFault", "HasError", "HasThrottle", "IsPartial"].map(|name| summary[name] == true)
    };
    assert_eq!(flags(throttled), [false, false, true, false]);
    assert_eq!(flags(child), [false, false, false, true]);
    assert_eq!((&child["ResponseTime"], &child["EntryPoint"]), (&Value::Null, &Value::Null));
    assert_eq!(child["Http"]["HttpURL"], Value::Null);
}

#[tokio::test]
async fn pages_give_every_trace_once_and_newest_first() {
    let server = Server::start();
    let documents: Vec<Value> = (1..=250).map(|number| plain(number, f64::from(number) / 10.0)).collect();
    server.put(&documents).await;
    let mut seen = Vec::new();
    let mut token = Value::Null;
    for _ in 0..10 {
        let output = server.call("/TraceSummaries", with("NextToken", token)).await;
        let starts =
            output["TraceSummaries"].as_array().unwrap().iter().map(|one| one["StartTime"].as_f64().unwrap());
        seen.extend(starts);
        token = output["NextToken"].clone();
        if token.is_null() {
            assert_eq!(output["ApproximateTime"], T);
            break;
        }
    }
    assert_eq!(seen.len(), 250);
    assert!(seen.is_sorted_by(|newer, older| newer > older));
}

#[tokio::test]
async fn a_token_is_of_its_query_alone() {
    let server = Server::start();
    let documents: Vec<Value> = (1..=150).map(|number| plain(number, 1.0)).collect();
    server.put(&documents).await;
    let token = server.call("/TraceSummaries", window()).await["NextToken"].clone();
    let mut other = with("NextToken", token);
    other["FilterExpression"] = json!("fault");
    let answer = server.post("/TraceSummaries", other.to_string()).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.text().contains("Invalid token "));
}

/// Grafana's data source halves the rate between pages once it has more traces than it wants.
#[tokio::test]
async fn the_rate_of_sampling_may_change_between_pages() {
    let server = Server::start();
    let documents: Vec<Value> = (1..=150).map(|number| plain(number, 1.0)).collect();
    server.put(&documents).await;
    let mut page = with("TimeRangeType", json!("Event"));
    page["Sampling"] = json!(true);
    page["SamplingStrategy"] = json!({ "Name": "FixedRate", "Value": 1 });
    let first = server.call("/TraceSummaries", page.clone()).await;
    page["NextToken"] = first["NextToken"].clone();
    page["SamplingStrategy"]["Value"] = json!(0);
    let second = server.call("/TraceSummaries", page).await;
    assert_eq!(first["TraceSummaries"].as_array().unwrap().len(), 100);
    assert_eq!(second["TraceSummaries"], json!([]));
    assert_eq!(second["NextToken"], Value::Null);
}

#[tokio::test]
async fn each_time_range_type_selects_by_its_own_time() {
    let server = Server::start();
    let mut long = plain(1, -30.0);
    long["end_time"] = json!(T + 10.0);
    server.put(&[long.clone(), plain(2, 70.0)]).await;
    let by = |word: &str| with("TimeRangeType", json!(word));
    let [long, later] = [long["trace_id"].as_str().unwrap(), "1-6553f128-000000000000000000000002"];
    assert_eq!(ids(&server, by("TraceId")).await, Vec::<String>::new());
    assert_eq!(ids(&server, by("Service")).await, [long]);
    assert_eq!(BTreeSet::from_iter(ids(&server, by("Event")).await), [long, later].map(str::to_owned).into());
    let event = server.call("/TraceSummaries", by("Event")).await;
    assert_eq!(event["TraceSummaries"][0]["MatchedEventTime"], T + 2.0);
    let service = server.call("/TraceSummaries", by("Service")).await;
    assert_eq!(service["ApproximateTime"], T - 60.0);
}

#[tokio::test]
async fn by_the_end_of_segments_the_request_that_matched_is_told() {
    let server = Server::start();
    server.put(&worked_example()).await;
    let matched = async |word: &str, filter: &str| {
        let mut input = with("TimeRangeType", json!(word));
        input["FilterExpression"] = json!(filter);
        let summary = server.call("/TraceSummaries", input).await["TraceSummaries"][0].clone();
        json!([summary.get("MatchedService"), summary.get("MatchedEdge")])
    };
    let mut service = json!({
        "Annotations": null, "HasError": false, "HasFault": true, "HasThrottle": false, "ResponseTime": 0.73,
    });
    assert_eq!(matched("Service", r#"service("backend") { fault }"#).await, json!([service, null]));
    service["ResponseTime"] = json!(0.8);
    service["DestinationAnnotations"] = json!(null);
    assert_eq!(matched("Service", r#"edge("frontend", "backend")"#).await, json!([null, service]));
    assert_eq!(matched("TraceId", r#"service("backend")"#).await, json!([null, null]));
}

#[tokio::test]
async fn a_filter_selects_and_all_that_were_looked_at_are_counted() {
    let server = Server::start();
    let mut documents = worked_example();
    documents.extend([plain(2, 1.0), plain(3, 2.0)]);
    server.put(&documents).await;
    let filter = with("FilterExpression", json!(r#"service("backend") AND annotation.tenant = "acme""#));
    let output = server.call("/TraceSummaries", filter).await;
    assert_eq!(output["TraceSummaries"].as_array().unwrap().len(), 1);
    assert_eq!(output["TraceSummaries"][0]["Id"], TRACE);
    let default = with("FilterExpression", json!(r#"group.name = "Default""#));
    assert_eq!(ids(&server, default).await.len(), 3);
}

#[tokio::test]
async fn a_fixed_rate_gives_a_share_of_the_traces() {
    let server = Server::start();
    let documents: Vec<Value> = (1..=90).map(|number| plain(number, 1.0)).collect();
    server.put(&documents).await;
    let mut input = with("TimeRangeType", json!("Event"));
    input["Sampling"] = json!(true);
    input["SamplingStrategy"] = json!({ "Name": "FixedRate", "Value": 0.5 });
    let half = ids(&server, input.clone()).await;
    assert!((20..70).contains(&half.len()), "{}", half.len());
    assert_eq!(ids(&server, input.clone()).await, half);
    input["Sampling"] = json!(false);
    assert_eq!(ids(&server, input).await.len(), 90);
}

#[tokio::test]
async fn times_may_be_written_as_iso_8601() {
    let server = Server::start();
    server.put(&[plain(1, 0.0)]).await;
    let input = json!({ "StartTime": "2023-11-14T22:14:00Z", "EndTime": "2023-11-14T22:15:00.500Z" });
    assert_eq!(ids(&server, input).await.len(), 1);
}

#[tokio::test]
async fn bad_queries_are_refused_in_xrays_words() {
    let server = Server::start();
    let check = async |input: Value| server.refuse("/TraceSummaries", &input.to_string()).await;
    assert_snapshot!(check(with("FilterExpression", json!("service(\"a\") {{ fault }"))).await, @r#"400 InvalidRequestException {"Message":"Error Location: line 1, position 14 : Invalid input symbol: '{'"}"#);
    assert_snapshot!(check(with("FilterExpression", json!(r#"group.name = "prod""#))).await, @r#"400 InvalidRequestException {"Message":"group not found: prod"}"#);
    assert_snapshot!(check(with("TimeRangeType", json!("Start"))).await, @r#"400 ValidationException {"message":"1 validation error detected: Value 'Start' at 'timeRangeType' failed to satisfy constraint: Member must satisfy enum value set: [TraceId, Event, Service]"}"#);
    assert_snapshot!(check(with("NextToken", json!("X"))).await, @r#"400 InvalidRequestException {"Message":"Invalid token X"}"#);
    assert_snapshot!(check(with("StartTime", json!("yesterday"))).await, @r#"400 SerializationException {"Message":"\"yesterday\" can not be converted to a Timestamp"}"#);
    let mut fixed = with("SamplingStrategy", json!({ "Name": "FixedRate", "Value": 0.5 }));
    fixed["Sampling"] = json!(true);
    assert_snapshot!(check(fixed.clone()).await, @r#"400 InvalidRequestException {"Message":"Cannot use FixedRate with input time range type: TraceId. Please try using time range type: Event"}"#);
    fixed["TimeRangeType"] = json!("Event");
    fixed["SamplingStrategy"] = json!({ "Name": "FixedRate" });
    assert_snapshot!(check(fixed).await, @r#"400 InvalidRequestException {"Message":"sampling rate must be specified and its value must be between [0, 1]"}"#);
}
