//! The console's API, end to end.

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};

use crate::support::{Server, T, TRACE, plain, worked_example};

pub(crate) const RANGE: &str = "from=1700000040000&to=1700000100000";

pub(crate) async fn ok(server: &Server, path: &str) -> Value {
    let answer = server.get(path).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// Status and detail of a problem document.
async fn problem(server: &Server, path: &str) -> String {
    let answer = server.get(path).await;
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    let body = answer.json();
    assert_eq!(body["requestId"], *answer.headers["x-amzn-requestid"].to_str().unwrap());
    format!("{} {} ({})", body["status"], body["detail"].as_str().unwrap(), body["title"].as_str().unwrap())
}

/// `frontend` calls the host `backend.default`; `answers` says whether a `backend` is there.
fn call_of_a_host(number: u32, answers: bool) -> Vec<Value> {
    let trace_id = format!("1-6553f128-{number:024x}");
    let (root, call) = (format!("{number:08x}00000001"), format!("{number:08x}00000002"));
    let mut documents = vec![json!({
        "name": "frontend", "id": root, "trace_id": trace_id, "start_time": T, "end_time": T + 0.2,
        "fault": !answers,
        "subsegments": [{
            "name": "backend.default", "id": call, "namespace": "remote",
            "start_time": T + 0.05, "end_time": T + 0.15, "fault": !answers,
        }],
    })];
    if answers {
        documents.push(json!({
            "name": "backend", "id": format!("{number:08x}00000003"), "trace_id": trace_id, "parent_id": call,
            "start_time": T + 0.06, "end_time": T + 0.14,
        }));
    }
    documents
}

#[tokio::test]
async fn a_host_that_no_longer_answers_is_known_by_its_services_name() {
    let server = Server::start();
    server.put(&call_of_a_host(1, true)).await;
    server.put(&call_of_a_host(2, false)).await;
    let now = ok(&server, &format!("/api/now?{RANGE}")).await;
    let entry = &now["entries"][0];
    assert_eq!((&entry["node"], &entry["nodeId"]), (&json!("backend"), &json!("backend")));
    assert_eq!((&entry["host"], &entry["witness"]), (&json!("backend.default"), &json!("frontend")));
}

#[tokio::test]
async fn calls_that_reach_nobody_are_drawn_at_the_service_that_they_were_for() {
    let server = Server::start();
    server.put(&call_of_a_host(1, true)).await;
    server.put(&call_of_a_host(2, false)).await;
    let graph = ok(&server, &format!("/api/graph?{RANGE}")).await;
    let names: Vec<&str> =
        graph["nodes"].as_array().unwrap().iter().map(|node| node["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["backend", "frontend", "frontend"], "no node of the host's own");
    let backend = &graph["nodes"][0];
    assert_eq!((&backend["stats"]["ok"], &backend["stats"]["fault"]), (&json!(1), &json!(1)));
    assert_eq!(
        backend["unreached"],
        json!([{ "host": "backend.default", "nodeId": "backend.default~remote", "calls": 1, "faults": 1 }])
    );
    let edges: Vec<&str> =
        graph["edges"].as_array().unwrap().iter().map(|edge| edge["id"].as_str().unwrap()).collect();
    assert_eq!(edges, ["frontend>backend", "frontend~client>frontend"]);
    // By either name.
    for name in ["name=backend", "name=backend.default&type=remote"] {
        let node = ok(&server, &format!("/api/node?{RANGE}&{name}")).await;
        assert_eq!(
            (&node["node"]["name"], &node["traces"].as_array().unwrap().len()),
            (&json!("backend"), &2)
        );
    }
    let replay = ok(&server, &format!("/api/replay?{RANGE}&frames=1")).await;
    assert_eq!(replay["nodes"], json!(["backend", "frontend"]));
    let list = ok(&server, &format!("/api/traces?{RANGE}&filter=fault")).await;
    let row = &list["traces"][0];
    assert_eq!((&row["origin"], &row["services"]), (&json!("backend"), &json!(["frontend", "backend"])));
    let trace = ok(&server, &format!("/api/traces/{}", row["id"].as_str().unwrap())).await;
    assert_eq!(trace["summary"]["origin"], "backend");
}

#[tokio::test]
async fn the_map_has_nodes_calls_and_requests_a_minute() {
    let server = Server::start();
    server.put(&worked_example()).await;
    let graph = ok(&server, &format!("/api/graph?{RANGE}")).await;
    let ids = |list: &Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_snapshot!(ids(&graph["nodes"]).join("\n"), @r#"
    backend
    frontend~AWS::EC2::Instance
    frontend~client
    orders~AWS::DynamoDB::Table
    "#);
    assert_snapshot!(ids(&graph["edges"]).join("\n"), @r#"
    backend>orders~AWS::DynamoDB::Table
    frontend~AWS::EC2::Instance>backend
    frontend~client>frontend~AWS::EC2::Instance
    "#);
    assert_json_snapshot!(graph["series"], @r#"
    [
      {
        "at": 1700000040000.0,
        "ok": 0,
        "error": 0,
        "throttle": 0,
        "fault": 1
      }
    ]
    "#);
    assert_json_snapshot!(graph["nodes"][0], @r#"
    {
      "id": "backend",
      "name": "backend",
      "type": null,
      "account": null,
      "role": "service",
      "isRoot": false,
      "stats": {
        "ok": 0,
        "error": 0,
        "throttle": 0,
        "fault": 1,
        "total": 1,
        "average": 730.0,
        "p50": 730.0,
        "p90": 730.0,
        "p99": 730.0
      },
      "lastSeen": 1700000041000.0
    }
    "#);
    assert_eq!(graph["now"], json!((T + 2.0) * 1_000.0));
}

#[tokio::test]
async fn history_and_replay_count_the_requests_of_clients_and_nodes() {
    let server = Server::start();
    server.put(&worked_example()).await;
    let history = ok(&server, &format!("/api/history?{RANGE}&buckets=1")).await;
    assert_json_snapshot!(history, @r#"
    {
      "from": 1700000040000.0,
      "to": 1700000100000.0,
      "step": 60000.0,
      "points": [
        {
          "at": 1700000040000.0,
          "ok": 0,
          "error": 0,
          "throttle": 0,
          "fault": 1
        }
      ],
      "versions": []
    }
    "#);
    let replay = ok(&server, &format!("/api/replay?{RANGE}&frames=2")).await;
    assert_eq!((&replay["step"], &replay["complete"]), (&json!(30_000.0), &json!(true)));
    assert_eq!(
        replay["nodes"],
        json!(["backend", "frontend~AWS::EC2::Instance", "orders~AWS::DynamoDB::Table"])
    );
    let first = json!({
        "nodes": [[0, 0, 0, 0, 1, 730.0], [1, 0, 0, 0, 1, 1000.0], [2, 1, 0, 0, 0, 600.0]],
        "edges": [[0, 1, 0, 0, 0, 600.0], [1, 0, 0, 0, 1, 800.0], [2, 0, 0, 0, 1, 1000.0]],
    });
    assert_eq!(replay["frames"], json!([first, { "nodes": [], "edges": [] }]));
}

#[tokio::test]
async fn a_version_that_took_over_is_told() {
    let server = Server::start();
    for minute in 0..10_u32 {
        let version = if minute < 8 { "1.8.1" } else { "1.8.2" };
        let at = T + 60.0 * f64::from(minute);
        let documents: Vec<Value> = (0..20)
            .map(|index| {
                let number = minute * 100 + index;
                json!({
                    "name": "search", "id": format!("{number:016x}"), "trace_id": format!("1-6553f128-{number:024x}"),
                    "start_time": at, "end_time": at + 0.05, "service": { "version": version },
                })
            })
            .collect();
        server.put(&documents).await;
        server.advance(60);
    }
    let history = ok(&server, "/api/history?from=1700000040000&to=1700000700000").await;
    let mark = &history["versions"][0];
    assert_eq!((&mark["version"], &mark["at"]), (&json!("1.8.2"), &json!((T + 480.0) * 1_000.0)));
}

#[tokio::test]
async fn a_group_that_does_not_exist_has_no_node_and_no_history() {
    let server = Server::start();
    for path in ["/api/history?", "/api/replay?", "/api/node?name=a&"] {
        let answer = problem(&server, &format!("{path}{RANGE}&group=prod")).await;
        assert_eq!(answer, r#"404 there is no group "prod" (There is no such thing)"#);
    }
}

#[tokio::test]
async fn an_entrys_filter_selects_its_traces() {
    let server = Server::start();
    let mut documents = worked_example();
    documents.push(plain(2, 1.0));
    server.put(&documents).await;
    let now = ok(&server, &format!("/api/now?{RANGE}")).await;
    let entry = &now["entries"][0];
    assert_eq!((&entry["node"], &entry["affectedNames"]), (&json!("backend"), &json!(["frontend"])));
    assert_eq!(entry["exception"]["name"], "DbTimeout");
    let filter = entry["filter"].as_str().unwrap();
    let encoded: String = filter.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let list = ok(&server, &format!("/api/traces?{RANGE}&filter={encoded}")).await;
    assert_eq!((&list["matched"], &list["traces"][0]["id"]), (&json!(1), &json!(TRACE)));
}

#[tokio::test]
async fn a_node_tells_its_neighbours_and_exceptions() {
    let server = Server::start();
    server.put(&worked_example()).await;
    let node = ok(&server, &format!("/api/node?{RANGE}&name=backend")).await;
    assert_json_snapshot!(node["callers"], @r#"
    [
      {
        "id": "frontend~AWS::EC2::Instance",
        "name": "frontend",
        "type": "AWS::EC2::Instance",
        "aliases": [
          "backend.internal"
        ],
        "stats": {
          "ok": 0,
          "error": 0,
          "throttle": 0,
          "fault": 1,
          "total": 1,
          "average": 800.0,
          "p50": 800.0,
          "p90": 800.0,
          "p99": 800.0
        }
      }
    ]
    "#);
    assert_json_snapshot!(node["exceptions"], @r#"
    [
      {
        "name": "DbTimeout",
        "message": "no answer in 600 ms",
        "count": 1,
        "firstSeen": 1700000040000.0,
        "lastSeen": 1700000040000.0,
        "example": "1-6553f128-000000000000000000000001"
      }
    ]
    "#);
    assert_json_snapshot!(node["histogram"], @r#"
    [
      {
        "value": 730.0,
        "count": 1
      }
    ]
    "#);
    assert_eq!(node["callees"][0]["id"], "orders~AWS::DynamoDB::Table");
    assert_eq!(node["traces"][0]["id"], TRACE);
    assert_eq!(
        node["series"],
        json!([{ "at": T * 1_000.0, "ok": 0, "error": 0, "throttle": 0, "fault": 1 }])
    );
    let missing = problem(&server, &format!("/api/node?{RANGE}&name=nobody")).await;
    assert_snapshot!(missing, @"404 nobody was not seen in this range (There is no such thing)");
}

#[tokio::test]
async fn traces_are_listed_with_their_slices() {
    let server = Server::start();
    let mut documents = worked_example();
    documents.extend([plain(2, 1.0), plain(3, 2.0)]);
    server.put(&documents).await;
    let list = ok(&server, &format!("/api/traces?{RANGE}&by=method")).await;
    assert_json_snapshot!(list["traces"][2], @r#"
    {
      "id": "1-6553f128-000000000000000000000001",
      "start": 1700000040000.0,
      "duration": 1400.0,
      "responseTime": 1000.0,
      "entryPoint": "frontend",
      "method": "POST",
      "url": "http://shop/checkout",
      "status": 500,
      "clientIp": "10.0.0.9",
      "outcome": "fault",
      "isPartial": false,
      "users": [
        "u-1"
      ],
      "origin": "backend",
      "exception": "DbTimeout",
      "services": [
        "frontend",
        "backend",
        "orders"
      ],
      "segments": 3,
      "annotations": 3,
      "columns": []
    }
    "#);
    assert_json_snapshot!(list["slices"], @r#"
    [
      {
        "value": "GET",
        "filter": "http.method = \"GET\"",
        "count": 2,
        "share": 0.6666666666666666,
        "ok": 2,
        "error": 0,
        "throttle": 0,
        "fault": 0,
        "average": 250.0,
        "p99": 250.0
      },
      {
        "value": "POST",
        "filter": "http.method = \"POST\"",
        "count": 1,
        "share": 0.3333333333333333,
        "ok": 0,
        "error": 0,
        "throttle": 0,
        "fault": 1,
        "average": 1000.0,
        "p99": 1000.0
      }
    ]
    "#);
    let summary = (&list["matched"], &list["scanned"], &list["complete"], &list["cursor"]);
    assert_eq!(summary, (&json!(3), &json!(3), &json!(true), &Value::Null));
}

#[tokio::test]
async fn a_cursor_goes_on_where_the_page_ended() {
    let server = Server::start();
    let documents: Vec<Value> = (1..=5).map(|number| plain(number, f64::from(number))).collect();
    server.put(&documents).await;
    let expected: Vec<String> = (1..=5).rev().map(|number| format!("1-6553f128-{number:024x}")).collect();
    for (overview, slices) in [("", 1), ("&overview=false", 0)] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        for _ in 0..5 {
            let path = format!("/api/traces?{RANGE}&limit=2&cursor={cursor}{overview}");
            let page = ok(&server, &path).await;
            assert_eq!(page["slices"].as_array().unwrap().len(), slices);
            let rows = page["traces"].as_array().unwrap();
            seen.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
            match page["cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        assert_eq!(seen, expected);
    }
}

#[tokio::test]
async fn an_exception_that_a_cause_refers_to_is_shown_with_who_recorded_it() {
    let server = Server::start();
    let mut documents = worked_example();
    documents[0]["cause"] = json!("e000000000000001");
    server.put(&documents).await;
    let span = ok(&server, &format!("/api/traces/{TRACE}/spans/f000000000000001")).await;
    assert_json_snapshot!(span["exceptions"], @r#"
    [
      {
        "id": "e000000000000001",
        "type": "DbTimeout",
        "message": "no answer in 600 ms",
        "remote": false,
        "truncated": 0,
        "stack": [
          {
            "path": "ledger.py",
            "line": 88,
            "label": "charge"
          }
        ],
        "recordedAt": "b000000000000001"
      }
    ]
    "#);
    assert_json_snapshot!(span["segment"], @r#"
    {
      "origin": "AWS::EC2::Instance",
      "user": "u-1"
    }
    "#);
}

#[tokio::test]
async fn bad_questions_are_problems() {
    let server = Server::start();
    let check = async |path: &str| problem(&server, path).await;
    assert_snapshot!(check("/api/graph").await, @"400 Failed to deserialize query string: missing field `from` (The request cannot be understood)");
    assert_snapshot!(check("/api/graph?from=2&to=1").await, @"400 `from` must be earlier than `to`, both epoch milliseconds (The request cannot be understood)");
    assert_snapshot!(check("/api/graph?from=NaN&to=1").await, @"400 `from` must be earlier than `to`, both epoch milliseconds (The request cannot be understood)");
    assert_snapshot!(check("/api/graph?from=0&to=1700000000000").await, @"400 the range must not be longer than 31 days (The request cannot be understood)");
    assert_snapshot!(check(&format!("/api/graph?{RANGE}&group=prod")).await, @r#"404 there is no group "prod" (There is no such thing)"#);
    assert_snapshot!(check(&format!("/api/traces?{RANGE}&by=colour")).await, @r#"400 `by` must be annotation.<key>, version.<service> or one of url, method, entrypoint, service, user, zone, instance, resource, account, clientip, useragent, status, selftime, exception, rootcause, errorcause, slowcause, not "colour" (The request cannot be understood)"#);
    assert_snapshot!(check(&format!("/api/traces?{RANGE}&filter=fault%20fault%20%7B")).await, @"400 Error Location: line 1, position 12 : Invalid input symbol: '{' (This is no filter expression)");
    assert_snapshot!(check(&format!("/api/traces?{RANGE}&cursor=x")).await, @"400 the cursor is not one that this server gave (The request cannot be understood)");
    assert_snapshot!(check("/api/traces/nonsense").await, @r#"400 "nonsense" is no trace id (The request cannot be understood)"#);
    assert_snapshot!(check(&format!("/api/traces/{TRACE}")).await, @"404 no trace 1-6553f128-000000000000000000000001 is known (There is no such thing)");
    assert_snapshot!(check(&format!("/api/traces/{TRACE}/spans/7")).await, @r#"400 "7" is no id of a segment or subsegment (The request cannot be understood)"#);
}

#[tokio::test]
async fn a_test_trace_appears_on_the_map() {
    let server = Server::start();
    let status = ok(&server, "/api/status").await;
    assert_eq!((&status["hasData"], &status["listeners"]["udp"]), (&json!(false), &json!("127.0.0.1:2000")));
    let sent = server.post("/api/test-trace", "").await.json();
    server.settle().await;
    let trace = ok(&server, &format!("/api/traces/{}", sent["traceId"].as_str().unwrap())).await;
    assert_eq!(trace["spans"].as_array().unwrap().len(), 3);
    let status = ok(&server, "/api/status").await;
    assert_eq!((&status["hasData"], &status["receivedDocuments"]), (&json!(true), &json!(2)));
    let graph = ok(&server, &format!("/api/graph?{RANGE}")).await;
    assert_eq!(graph["nodes"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_console_that_follows_hears_of_news_until_the_end() {
    let server = Server::start();
    let request = Request::get("/api/live").header("host", "localhost").body(Body::empty()).unwrap();
    let mut events = server.open(request).await.into_body();
    let mut next = async || {
        let frame = events.frame().await?.unwrap();
        Some(String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap())
    };
    let first = next().await.unwrap();
    assert!(first.contains("event: pulse") && first.contains(r#""through":0"#), "{first}");
    server.put(&[plain(1, 0.0)]).await;
    let second = next().await.unwrap();
    assert!(second.contains(r#""through":1"#), "{second}");
    server.shutdown.cancel();
    assert_eq!(next().await, None);
}
