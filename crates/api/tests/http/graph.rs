//! GetServiceGraph, GetTraceGraph and GetTimeSeriesServiceStatistics.

use insta::assert_json_snapshot;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Server, T, TRACE, plain, worked_example};

fn window() -> Value {
    json!({ "StartTime": T, "EndTime": T + 60.0 })
}

#[tokio::test]
async fn the_graph_of_the_worked_example_has_every_member() {
    let server = Server::start();
    server.put(&worked_example()).await;
    assert_json_snapshot!(server.call("/ServiceGraph", window()).await, @r#"
    {
      "StartTime": 1700000040.0,
      "EndTime": 1700000100.0,
      "Services": [
        {
          "ReferenceId": 0,
          "Name": "backend",
          "Names": [
            "backend"
          ],
          "Root": null,
          "AccountId": null,
          "Type": null,
          "State": "active",
          "StartTime": 1700000040,
          "EndTime": 1700000041,
          "Edges": [
            {
              "ReferenceId": 3,
              "StartTime": 1700000040,
              "EndTime": 1700000041,
              "SummaryStatistics": {
                "OkCount": 1,
                "ErrorStatistics": {
                  "ThrottleCount": 0,
                  "OtherCount": 0,
                  "TotalCount": 0
                },
                "FaultStatistics": {
                  "OtherCount": 0,
                  "TotalCount": 0
                },
                "TotalCount": 1,
                "TotalResponseTime": 0.6
              },
              "ResponseTimeHistogram": [
                {
                  "Value": 0.6,
                  "Count": 1
                }
              ],
              "Aliases": [],
              "EdgeType": null,
              "ReceivedEventAgeHistogram": null
            }
          ],
          "SummaryStatistics": {
            "OkCount": 0,
            "ErrorStatistics": {
              "ThrottleCount": 0,
              "OtherCount": 0,
              "TotalCount": 0
            },
            "FaultStatistics": {
              "OtherCount": 1,
              "TotalCount": 1
            },
            "TotalCount": 1,
            "TotalResponseTime": 0.73
          },
          "DurationHistogram": [
            {
              "Value": 0.73,
              "Count": 1
            }
          ],
          "ResponseTimeHistogram": [
            {
              "Value": 0.73,
              "Count": 1
            }
          ],
          "Region": null,
          "HostedIn": {},
          "KeyAttributes": {}
        },
        {
          "ReferenceId": 1,
          "Name": "frontend",
          "Names": [
            "frontend"
          ],
          "Root": true,
          "AccountId": null,
          "Type": "AWS::EC2::Instance",
          "State": "active",
          "StartTime": 1700000040,
          "EndTime": 1700000041,
          "Edges": [
            {
              "ReferenceId": 0,
              "StartTime": 1700000040,
              "EndTime": 1700000041,
              "SummaryStatistics": {
                "OkCount": 0,
                "ErrorStatistics": {
                  "ThrottleCount": 0,
                  "OtherCount": 0,
                  "TotalCount": 0
                },
                "FaultStatistics": {
                  "OtherCount": 1,
                  "TotalCount": 1
                },
                "TotalCount": 1,
                "TotalResponseTime": 0.8
              },
              "ResponseTimeHistogram": [
                {
                  "Value": 0.8,
                  "Count": 1
                }
              ],
              "Aliases": [
                {
                  "Name": "backend.internal",
                  "Names": [
                    "backend.internal"
                  ],
                  "Type": "remote"
                }
              ],
              "EdgeType": null,
              "ReceivedEventAgeHistogram": null
            }
          ],
          "SummaryStatistics": {
            "OkCount": 0,
            "ErrorStatistics": {
              "ThrottleCount": 0,
              "OtherCount": 0,
              "TotalCount": 0
            },
            "FaultStatistics": {
              "OtherCount": 1,
              "TotalCount": 1
            },
            "TotalCount": 1,
            "TotalResponseTime": 1.0
          },
          "DurationHistogram": [
            {
              "Value": 1.4,
              "Count": 1
            }
          ],
          "ResponseTimeHistogram": [
            {
              "Value": 1.0,
              "Count": 1
            }
          ],
          "Region": null,
          "HostedIn": {},
          "KeyAttributes": {}
        },
        {
          "ReferenceId": 2,
          "Name": "frontend",
          "Names": [
            "frontend"
          ],
          "Root": null,
          "AccountId": null,
          "Type": "client",
          "State": "unknown",
          "StartTime": 1700000040,
          "EndTime": 1700000041,
          "Edges": [
            {
              "ReferenceId": 1,
              "StartTime": 1700000040,
              "EndTime": 1700000041,
              "SummaryStatistics": {
                "OkCount": 0,
                "ErrorStatistics": {
                  "ThrottleCount": 0,
                  "OtherCount": 0,
                  "TotalCount": 0
                },
                "FaultStatistics": {
                  "OtherCount": 1,
                  "TotalCount": 1
                },
                "TotalCount": 1,
                "TotalResponseTime": 1.0
              },
              "ResponseTimeHistogram": [
                {
                  "Value": 1.0,
                  "Count": 1
                }
              ],
              "Aliases": [],
              "EdgeType": null,
              "ReceivedEventAgeHistogram": null
            }
          ],
          "SummaryStatistics": null,
          "DurationHistogram": null,
          "ResponseTimeHistogram": null,
          "Region": null,
          "HostedIn": {},
          "KeyAttributes": {}
        },
        {
          "ReferenceId": 3,
          "Name": "orders",
          "Names": [
            "orders"
          ],
          "Root": null,
          "AccountId": null,
          "Type": "AWS::DynamoDB::Table",
          "State": "unknown",
          "StartTime": 1700000040,
          "EndTime": 1700000041,
          "Edges": [],
          "SummaryStatistics": {
            "OkCount": 1,
            "ErrorStatistics": {
              "ThrottleCount": 0,
              "OtherCount": 0,
              "TotalCount": 0
            },
            "FaultStatistics": {
              "OtherCount": 0,
              "TotalCount": 0
            },
            "TotalCount": 1,
            "TotalResponseTime": 0.6
          },
          "DurationHistogram": [
            {
              "Value": 0.6,
              "Count": 1
            }
          ],
          "ResponseTimeHistogram": [
            {
              "Value": 0.6,
              "Count": 1
            }
          ],
          "Region": null,
          "HostedIn": {},
          "KeyAttributes": {}
        }
      ],
      "ContainsOldGroupVersions": false,
      "NextToken": null
    }
    "#);
}

#[tokio::test]
async fn the_graph_of_a_trace_has_no_times() {
    let server = Server::start();
    server.put(&worked_example()).await;
    let output = server.call("/TraceGraph", json!({ "TraceIds": [TRACE] })).await;
    for service in output["Services"].as_array().unwrap() {
        assert_eq!((&service["StartTime"], &service["HostedIn"]), (&Value::Null, &Value::Null));
        for edge in service["Edges"].as_array().unwrap() {
            assert_eq!(edge["EndTime"], Value::Null);
        }
    }
    let names =
        output["Services"].as_array().unwrap().iter().map(|service| service["Name"].as_str().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["backend", "frontend", "frontend", "orders"]);
}

#[tokio::test]
async fn graphs_of_several_traces_are_merged() {
    let server = Server::start();
    let (one, two) = (plain(1, 0.0), plain(2, 0.5));
    server.put(&[one.clone(), two.clone()]).await;
    let output = server.call("/TraceGraph", json!({ "TraceIds": [one["trace_id"], two["trace_id"]] })).await;
    assert_eq!(output["Services"][0]["SummaryStatistics"]["TotalCount"], 2);
}

#[tokio::test]
async fn a_graph_takes_the_minutes_of_receipt() {
    let server = Server::start();
    server.put(&[plain(1, 0.0)]).await;
    let services = async |from: f64, to: f64| {
        let input = json!({ "StartTime": from, "EndTime": to });
        server.call("/ServiceGraph", input).await["Services"].as_array().unwrap().len()
    };
    assert_eq!(services(T, T + 60.0).await, 2);
    assert_eq!(services(T + 60.0, T + 120.0).await, 0);
    assert_eq!(services(T - 60.0, T).await, 0);
}

#[tokio::test]
async fn groups_are_found_by_name_and_arn() {
    let server = Server::start();
    server.put(&[plain(1, 0.0)]).await;
    let with = |key: &str, value: &str| {
        let mut input = window();
        input[key] = json!(value);
        input
    };
    let arn = "arn:aws:xray:eu-west-1:123456789012:group/Default";
    for input in [with("GroupName", "Default"), with("GroupARN", arn)] {
        assert_eq!(server.call("/ServiceGraph", input).await["Services"].as_array().unwrap().len(), 2);
    }
    let unknown = server.refuse("/ServiceGraph", &with("GroupName", "prod").to_string()).await;
    assert_snapshot!(unknown, @r#"400 InvalidRequestException {"Message":"Group not found"}"#);
}

#[tokio::test]
async fn bad_windows_are_refused() {
    let server = Server::start();
    let check = async |input: Value| server.refuse("/ServiceGraph", &input.to_string()).await;
    assert_snapshot!(check(json!({})).await, @r#"400 ValidationException {"message":"2 validation errors detected: Value null at 'startTime' failed to satisfy constraint: Member must not be null; Value null at 'endTime' failed to satisfy constraint: Member must not be null"}"#);
    assert_snapshot!(check(json!({ "StartTime": T, "EndTime": T - 1.0 })).await, @r#"400 InvalidRequestException {"Message":"End time cannot be earlier than start time"}"#);
    assert_snapshot!(check(json!({ "StartTime": T, "EndTime": T + 86_401.0 })).await, @r#"400 InvalidRequestException {"Message":"Time range cannot be longer than 24 hours"}"#);
    assert_snapshot!(check(json!({ "StartTime": T, "EndTime": T, "NextToken": "x" })).await, @r#"400 InvalidRequestException {"Message":"NextToken is currently not supported"}"#);
    assert_snapshot!(check(json!({ "StartTime": true, "EndTime": T })).await, @r#"400 SerializationException {"Message":"TRUE_VALUE can not be converted to a Timestamp"}"#);
    let graph =
        async |ids: Value| server.refuse("/TraceGraph", &json!({ "TraceIds": ids }).to_string()).await;
    assert_snapshot!(graph(json!([])).await, @r#"400 InvalidRequestException {"Message":"Zero trace ids provided"}"#);
    assert_snapshot!(graph(json!([TRACE])).await, @r#"400 InvalidRequestException {"Message":"Trace id not found"}"#);
}

#[tokio::test]
async fn a_time_series_without_a_selector_counts_what_clients_saw() {
    let server = Server::start();
    server.put(&worked_example()).await;
    server.advance(60);
    server.put(&[plain(2, 60.0), plain(3, 60.0)]).await;
    let input = json!({ "StartTime": T, "EndTime": T + 180.0 });
    assert_json_snapshot!(server.call("/TimeSeriesServiceStatistics", input).await, @r#"
    {
      "TimeSeriesServiceStatistics": [
        {
          "Timestamp": 1700000160,
          "EdgeSummaryStatistics": {
            "OkCount": 2,
            "ErrorStatistics": {
              "ThrottleCount": 0,
              "OtherCount": 0,
              "TotalCount": 0
            },
            "FaultStatistics": {
              "OtherCount": 0,
              "TotalCount": 0
            },
            "TotalCount": 2,
            "TotalResponseTime": 0.5
          },
          "ServiceSummaryStatistics": null,
          "ServiceForecastStatistics": {},
          "ResponseTimeHistogram": [
            {
              "Value": 0.25,
              "Count": 2
            }
          ]
        },
        {
          "Timestamp": 1700000100,
          "EdgeSummaryStatistics": {
            "OkCount": 0,
            "ErrorStatistics": {
              "ThrottleCount": 0,
              "OtherCount": 0,
              "TotalCount": 0
            },
            "FaultStatistics": {
              "OtherCount": 1,
              "TotalCount": 1
            },
            "TotalCount": 1,
            "TotalResponseTime": 1.0
          },
          "ServiceSummaryStatistics": null,
          "ServiceForecastStatistics": {},
          "ResponseTimeHistogram": [
            {
              "Value": 1.0,
              "Count": 1
            }
          ]
        }
      ],
      "ContainsOldGroupVersions": false,
      "NextToken": null
    }
    "#);
}

#[tokio::test]
async fn a_time_series_follows_its_selector() {
    let server = Server::start();
    server.put(&worked_example()).await;
    let series = async |selector: &str| {
        let mut input = window();
        input["EndTime"] = json!(T + 180.0);
        input["EntitySelectorExpression"] = json!(selector);
        server.call("/TimeSeriesServiceStatistics", input).await["TimeSeriesServiceStatistics"][0].clone()
    };
    let service = series(r#"service("backend")"#).await;
    assert_eq!(service["ServiceSummaryStatistics"]["TotalResponseTime"], 0.73);
    assert_eq!(service["EdgeSummaryStatistics"], Value::Null);
    let edge = series(r#"edge("frontend", "backend")"#).await;
    assert_eq!(edge["EdgeSummaryStatistics"]["TotalResponseTime"], 0.8);
    let nothing = series(r#"service("nobody")"#).await;
    let expected = json!({
        "Timestamp": T as i64 + 60, "EdgeSummaryStatistics": null, "ServiceSummaryStatistics": null,
        "ServiceForecastStatistics": {}, "ResponseTimeHistogram": null,
    });
    assert_eq!(nothing, expected);
}

#[tokio::test]
async fn bad_series_are_refused() {
    let server = Server::start();
    let check = async |member: &str, value: Value| {
        let mut input = window();
        input[member] = value;
        server.refuse("/TimeSeriesServiceStatistics", &input.to_string()).await
    };
    assert_snapshot!(check("Period", json!(61)).await, @r#"400 InvalidRequestException {"Message":"Time period must be one of [60, 300]"}"#);
    assert_snapshot!(check("NextToken", json!("x")).await, @r#"400 InvalidRequestException {"Message":"Invalid token x"}"#);
    assert_snapshot!(check("EntitySelectorExpression", json!("")).await, @r#"400 ValidationException {"message":"1 validation error detected: Value '' at 'entitySelectorExpression' failed to satisfy constraint: Member must have length greater than or equal to 1"}"#);
    assert_snapshot!(check("EntitySelectorExpression", json!("service(\"a\"){fault}")).await, @r#"400 InvalidRequestException {"Message":"Error Location: line 1, position 12 : Invalid input symbol: '{'"}"#);
    assert_snapshot!(check("ForecastStatistics", json!(true)).await, @r#"400 InvalidRequestException {"Message":"Forecast statistics need an EntitySelectorExpression"}"#);
}
