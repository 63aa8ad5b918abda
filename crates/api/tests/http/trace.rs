//! One trace in the console: its spans, what follows from them, and its other forms.

use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};

use crate::console::ok;
use crate::support::{Server, T, TRACE, plain, worked_example};

fn sentences(missing: &Value) -> String {
    let lines = missing.as_array().unwrap().iter();
    lines.map(|line| format!("{} {}", line["sentence"], line["span"])).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_trace_is_drawn_parents_first() {
    let server = Server::start();
    server.put(&worked_example()).await;
    let trace = ok(&server, &format!("/api/traces/{TRACE}")).await;
    let lines: Vec<String> = trace["spans"]
        .as_array()
        .unwrap()
        .iter()
        .map(|span| {
            let indent = "  ".repeat(span["depth"].as_u64().unwrap() as usize);
            let [name, kind, start, duration, parent] =
                ["name", "kind", "start", "duration", "parent"].map(|member| span[member].to_string());
            format!("{indent}{name} {kind} {start}+{duration} below {parent}")
        })
        .collect();
    assert_snapshot!(lines.join("\n"), @r#"
    "frontend" "segment" 0.0+1000.0 below null
      "backend.internal" "subsegment" 100.0+800.0 below 0
        "backend" "segment" 150.0+730.0 below 1
          "DynamoDB" "subsegment" 200.0+600.0 below 2
            "DynamoDB" "inferred" 200.0+600.0 below 3
      "audit" "subsegment" 950.0+450.0 below 0
    "#);
    assert_eq!((&trace["focus"], &trace["missing"]), (&json!("b000000000000001"), &json!([])));
    assert_json_snapshot!(trace["spans"][1], @r#"
    {
      "id": "a000000000000001",
      "parent": 0,
      "depth": 1,
      "kind": "subsegment",
      "service": "frontend",
      "name": "backend.internal",
      "type": "remote",
      "start": 100.0,
      "duration": 800.0,
      "outcome": "fault"
    }
    "#);
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_and_its_spans_are_drawn_in_their_call() {
    let server = Server::start();
    let mut documents = worked_example();
    for member in ["start_time", "end_time"] {
        for pointer in [format!("/{member}"), format!("/subsegments/0/{member}")] {
            let time = documents[1].pointer_mut(&pointer).unwrap();
            *time = json!(time.as_f64().unwrap() - 90.0);
        }
    }
    server.put(&documents).await;
    let trace = ok(&server, &format!("/api/traces/{TRACE}")).await;
    assert_eq!(trace["start"], json!(T * 1_000.0));
    let spans = trace["spans"].as_array().unwrap();
    let drawn = |place: usize| (spans[place]["start"].as_f64().unwrap(), spans[place]["shift"].as_f64());
    // In the middle of the call, which leaves 35 ms on both sides.
    assert_eq!((drawn(0), drawn(1)), ((0.0, None), (100.0, None)));
    assert_eq!((drawn(2), drawn(3)), ((135.0, Some(89_985.0)), (185.0, Some(89_985.0))));
    assert_eq!(trace["clocks"], json!([{ "node": "backend", "nodeId": "backend", "behind": 89_985 }]));
    let steps = trace["criticalPath"]["steps"].as_array().unwrap();
    assert!(steps.iter().any(|step| step[0] == 2), "the path leads through it: {steps:?}");
    // Its segments tell by when they came that it is no chance.
    let graph = ok(&server, "/api/graph?from=1700000040000&to=1700000100000").await;
    let backend = graph["nodes"].as_array().unwrap().iter().find(|node| node["name"] == "backend").unwrap();
    assert!(backend["behind"].as_f64().unwrap() > 80_000.0, "{backend}");
    let doctor = ok(&server, &format!("/api/doctor?q={TRACE}")).await;
    assert_eq!(doctor["clocks"][0]["node"], "backend");
}

#[tokio::test]
async fn what_is_missing_is_said() {
    let server = Server::start();
    let mut open = plain(1, 0.0);
    open.as_object_mut().unwrap().remove("end_time");
    open["in_progress"] = json!(true);
    open["parent_id"] = json!("00000000000000ff");
    let orphan = json!({
        "trace_id": open["trace_id"], "id": "00000000000000aa", "parent_id": "00000000000000bb",
        "type": "subsegment", "name": "lost", "start_time": T, "end_time": T + 1.0,
    });
    server.put(&[open, orphan]).await;
    let trace = ok(&server, "/api/traces/1-6553f128-000000000000000000000001").await;
    assert_snapshot!(sentences(&trace["missing"]), @r#"
    "The segment that the trace began with has not arrived." null
    "A subsegment is not shown, since what holds it has not arrived." null
    "`frontend` said that it began, and has not said that it ended." "0000000000000001"
    "`frontend` was called by span 00000000000000ff, which has not arrived." "0000000000000001"
    "#);
}

#[tokio::test]
async fn segments_that_call_each_other_in_a_circle_are_all_drawn() {
    let server = Server::start();
    let segment = |id: &str, call: &str, parent: &str| {
        json!({
            "trace_id": TRACE, "id": id, "parent_id": parent, "name": id, "start_time": T, "end_time": T + 1.0,
            "subsegments": [{ "id": call, "name": "call", "namespace": "remote", "start_time": T, "end_time": T + 1.0 }],
        })
    };
    let (a, b) = ("000000000000000a", "000000000000000b");
    let (call_a, call_b) = ("00000000000000ca", "00000000000000cb");
    server.put(&[segment(a, call_a, call_b), segment(b, call_b, call_a)]).await;
    let trace = ok(&server, &format!("/api/traces/{TRACE}")).await;
    let spans = trace["spans"].as_array().unwrap();
    for id in [a, b, call_a, call_b] {
        assert_eq!(spans.iter().filter(|span| span["id"] == id).count(), 1, "{id}");
    }
}

#[tokio::test]
async fn ten_thousand_spans_are_drawn() {
    let server = Server::start();
    let mut documents = vec![plain(1, 0.0)];
    documents.extend((2..=10_000).map(|number| {
        json!({
            "trace_id": plain(1, 0.0)["trace_id"], "id": format!("{number:016x}"), "type": "subsegment",
            "parent_id": format!("{:016x}", number - 1), "name": "step", "start_time": T, "end_time": T + 1.0,
        })
    }));
    server.put(&documents).await;
    let trace = ok(&server, "/api/traces/1-6553f128-000000000000000000000001").await;
    let spans = trace["spans"].as_array().unwrap();
    assert_eq!((spans.len(), &spans[9_999]["depth"]), (10_000, &json!(9_999)));
    let last = ok(&server, "/api/traces/1-6553f128-000000000000000000000001/spans/0000000000002710").await;
    assert_eq!(last["document"]["name"], "step");
    let whole = json!({ "TraceIds": ["1-6553f128-000000000000000000000001"] });
    assert_eq!(server.call("/Traces", whole).await["Traces"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_span_is_shown_as_it_was_sent() {
    let server = Server::start();
    server.put(&worked_example()).await;
    let span = ok(&server, &format!("/api/traces/{TRACE}/spans/b000000000000001")).await;
    assert_json_snapshot!(span, @r#"
    {
      "id": "b000000000000001",
      "document": {
        "trace_id": "1-6553f128-000000000000000000000001",
        "id": "b000000000000001",
        "parent_id": "a000000000000001",
        "name": "backend",
        "start_time": 1700000040.15,
        "end_time": 1700000040.88,
        "fault": true,
        "cause": {
          "working_directory": "/srv",
          "exceptions": [
            {
              "id": "e000000000000001",
              "type": "DbTimeout",
              "message": "no answer in 600 ms",
              "stack": [
                {
                  "path": "ledger.py",
                  "line": 88,
                  "label": "charge"
                }
              ]
            }
          ]
        }
      },
      "segment": {},
      "received": 1700000042000.0,
      "exceptions": [
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
          "recordedAt": null
        }
      ],
      "logs": []
    }
    "#);
    let inferred = ok(&server, &format!("/api/traces/{TRACE}/spans/d000000000000001")).await;
    assert_eq!(inferred["document"]["aws"]["table_name"], "orders");
}

#[tokio::test]
async fn the_critical_path_names_who_kept_the_trace_waiting() {
    let server = Server::start();
    server.put(&worked_example()).await;
    let path = &ok(&server, &format!("/api/traces/{TRACE}")).await["criticalPath"];
    assert_eq!(path["length"], 1_000.0);
    assert_json_snapshot!(path["shares"], @r#"
    [
      {
        "service": "orders",
        "time": 600.0
      },
      {
        "service": "frontend",
        "time": 200.0
      },
      {
        "service": "backend",
        "time": 130.0
      },
      {
        "service": null,
        "time": 70.0
      }
    ]
    "#);
    assert_eq!(path["steps"][0], json!([0, 0.0, 100.0]));
}

#[tokio::test]
async fn a_silent_callee_and_a_storm_of_retries_are_told_in_words() {
    let server = Server::start();
    let call = |number: u32, from: f64| {
        json!({
            "id": format!("{number:016x}"), "name": "ledger", "namespace": "aws", "aws": { "operation": "PutItem" },
            "start_time": T + from, "end_time": T + from + 0.1, "fault": true,
        })
    };
    let silent = json!({
        "id": "00000000000000cc", "name": "fraud", "namespace": "remote", "traced": true,
        "start_time": T + 2.0, "end_time": T + 2.1,
    });
    server
        .put(&[json!({
            "trace_id": TRACE, "id": "000000000000000a", "name": "pay", "start_time": T, "end_time": T + 3.0,
            "subsegments": [call(1, 0.0), call(2, 0.3), call(3, 0.8), silent],
        })])
        .await;
    let trace = ok(&server, &format!("/api/traces/{TRACE}")).await;
    assert_snapshot!(sentences(&trace["missing"]), @r#"
    "`fraud` was called by `pay` with traced=true, but sent no segment." "00000000000000cc"
    "#);
    let pattern = &trace["patterns"][0];
    assert_eq!((&pattern["kind"], &pattern["count"]), (&json!("retryStorm"), &json!(3)));
    assert_snapshot!(
        pattern["sentence"].as_str().unwrap(),
        @"Retry storm: pay called ledger PutItem 3 times, none succeeded; it waited 200 ms, 400 ms between."
    );
}

#[tokio::test]
async fn a_failed_root_leads_to_the_deepest_exception() {
    let server = Server::start();
    let exception =
        json!({ "working_directory": "/", "exceptions": [{ "id": "00000000000000ee", "message": "deep" }] });
    server
        .put(&[json!({
            "trace_id": TRACE, "id": "000000000000000a", "name": "pay", "start_time": T, "end_time": T + 3.0, "fault": true,
            "subsegments": [{
                "id": "000000000000000b", "name": "step", "start_time": T, "end_time": T + 1.0,
                "subsegments": [{
                    "id": "000000000000000c", "name": "deeper", "start_time": T, "end_time": T + 1.0, "fault": true,
                    "cause": exception,
                }],
            }],
        })])
        .await;
    assert_eq!(ok(&server, &format!("/api/traces/{TRACE}")).await["focus"], "000000000000000c");
}

#[tokio::test]
async fn linked_traces_come_before_unless_they_are_called_children() {
    let server = Server::start();
    let (producer, child) = ("1-6553f128-0000000000000000000000aa", "1-6553f128-0000000000000000000000bb");
    let mut worker = plain(1, 0.0);
    worker["links"] = json!([
        { "trace_id": producer, "id": "00000000000000aa" },
        { "trace_id": producer, "id": "00000000000000ab" },
        { "trace_id": child, "attributes": { "aws.xray.reserved.reference_type": "child" } },
    ]);
    server.put(&[worker]).await;
    let trace = ok(&server, "/api/traces/1-6553f128-000000000000000000000001").await;
    let span = "0000000000000001";
    assert_eq!(
        trace["links"],
        json!({ "previous": [{ "id": producer, "span": span }], "next": [{ "id": child, "span": span }] })
    );
}

#[tokio::test]
async fn a_trace_has_a_map_of_its_own() {
    let server = Server::start();
    server.put(&worked_example()).await;
    server.put(&[plain(7, 1.0)]).await;
    let graph = ok(&server, &format!("/api/traces/{TRACE}/graph")).await;
    let names = graph["nodes"].as_array().unwrap().iter().map(|node| node["name"].as_str().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["backend", "frontend", "frontend", "orders"]);
    assert_eq!(graph["nodes"][1]["stats"]["total"], 1);
}

#[tokio::test]
async fn a_trace_can_be_had_as_batch_get_traces_gives_it_and_as_it_came() {
    let server = Server::start();
    server.put(&worked_example()).await;
    let raw = ok(&server, &format!("/api/traces/{TRACE}/raw")).await;
    assert_eq!(raw, server.call("/Traces", json!({ "TraceIds": [TRACE] })).await);
    let sent = ok(&server, &format!("/api/traces/{TRACE}/documents")).await;
    let documents = sent.as_array().unwrap().iter().map(|one| one["document"].as_str().unwrap());
    let documents: Vec<Value> = documents.map(|text| serde_json::from_str(text).unwrap()).collect();
    assert_eq!(documents, worked_example());
    for form in ["graph", "raw", "documents", "spans/b000000000000001/percentile"] {
        let unknown = server.get(&format!("/api/traces/1-6553f128-0000000000000000000000ff/{form}")).await;
        assert_eq!(unknown.status, 404, "{form}");
    }
}

#[tokio::test]
async fn a_span_is_ranked_among_what_is_counted_of_its_kind() {
    let server = Server::start();
    server.put(&worked_example()).await;
    for number in 1..=3 {
        server.put(&[plain(number, f64::from(number))]).await;
    }
    let rank = async |span: &str| {
        let of = ok(&server, &format!("/api/traces/{TRACE}/spans/{span}/percentile")).await;
        format!("{} {} {}/{}", of["node"], of["caller"], of["noLonger"], of["total"])
    };
    assert_snapshot!(rank("f000000000000001").await, @r#""frontend" null 4/4"#);
    assert_snapshot!(rank("a000000000000001").await, @r#""backend" "frontend" 1/1"#);
    // Of work inside of a service nothing is counted.
    assert_snapshot!(rank("c000000000000001").await, @"null null 0/0");
}

/// A request of a shop with OpenTelemetry alone: a server, and a call that sends a message.
fn otlp_request(events: &[Value]) -> String {
    let text = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
    let span = |id: &str, parent: &str, name: &str, kind: u32, after: u64, millis: u64| {
        let start = 1_700_000_040_000_000_000 + after * 1_000_000;
        json!({
            "traceId": "6553f128000000000000000000000001", "spanId": id, "parentSpanId": parent, "name": name, "kind": kind,
            "startTimeUnixNano": start.to_string(), "endTimeUnixNano": (start + millis * 1_000_000).to_string(),
        })
    };
    let mut server = span("a000000000000001", "", "GET /cart", 2, 0, 300);
    server["attributes"] = json!([text("http.route", "/cart"), text("db.system", "none")]);
    server["events"] = json!(events);
    server["status"] = json!({ "code": 2, "message": "no stock" });
    let producer = span("b000000000000001", "a000000000000001", "orders send", 4, 100, 50);
    json!({ "resourceSpans": [{
        "resource": { "attributes": [text("service.name", "shop"), text("service.version", "1.4")] },
        "scopeSpans": [{ "scope": { "name": "io.web", "version": "2.1" }, "spans": [server, producer] }],
    }] })
    .to_string()
}

async fn put_otlp(server: &Server, events: &[Value]) {
    let request = axum::http::Request::post("/v1/traces").header("content-type", "application/json");
    let answer = server.send(request.body(otlp_request(events).into()).unwrap()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    server.settle().await;
}

#[tokio::test]
async fn a_span_of_opentelemetry_is_shown_in_its_own_words() {
    let server = Server::start();
    put_otlp(&server, &[json!({ "timeUnixNano": "1700000040012500000", "name": "cache miss" })]).await;
    let trace = ok(&server, &format!("/api/traces/{TRACE}")).await;
    let marked =
        |place: usize| (trace["spans"][place]["events"].clone(), trace["spans"][place]["eventCount"].clone());
    assert_eq!(marked(0), (json!([[12.5, "cache miss"]]), json!(1)));
    assert_eq!(marked(1), (json!(null), json!(null)));
    let span = ok(&server, &format!("/api/traces/{TRACE}/spans/a000000000000001")).await;
    let attributes = |shown: Value| json!({ "shown": shown, "more": 0, "dropped": 0 });
    let expected = json!({
        "name": "GET /cart", "kind": "SERVER", "status": "ERROR", "statusMessage": "no stock", "traceState": null,
        "scope": "io.web", "scopeVersion": "2.1", "scopeAttributes": attributes(json!([])),
        "resource": attributes(json!([["service.name", "shop"], ["service.version", "1.4"]])),
        "attributes": attributes(json!([["http.route", "/cart"], ["db.system", "none"]])),
        "events": [{ "name": "cache miss", "offset": 12.5, "attributes": attributes(json!([])) }],
        "moreEvents": 0, "droppedEvents": 0,
    });
    assert_eq!(span["otlp"], expected);
    let call = ok(&server, &format!("/api/traces/{TRACE}/spans/b000000000000001")).await;
    assert_eq!((&call["otlp"]["kind"], &call["otlp"]["name"]), (&json!("PRODUCER"), &json!("orders send")));
    assert_eq!(call["otlp"]["resource"]["shown"][1], json!(["service.version", "1.4"]));
}

#[tokio::test]
async fn very_many_events_are_counted_and_the_first_are_given() {
    let server = Server::start();
    let event = json!({ "timeUnixNano": "1700000040012500000", "name": "n".repeat(500) });
    put_otlp(&server, &vec![event; 1_000]).await;
    let trace = ok(&server, &format!("/api/traces/{TRACE}")).await;
    let root = &trace["spans"][0];
    assert_eq!((root["events"].as_array().unwrap().len(), &root["eventCount"]), (20, &json!(1_000)));
    assert_eq!(root["events"][0][1].as_str().unwrap().len(), 100);
    let span = ok(&server, &format!("/api/traces/{TRACE}/spans/a000000000000001")).await;
    assert_eq!(
        (span["otlp"]["events"].as_array().unwrap().len(), &span["otlp"]["moreEvents"]),
        (100, &json!(900))
    );
}

#[tokio::test]
async fn a_segment_of_xray_has_no_words_of_opentelemetry() {
    let server = Server::start();
    server.put(&worked_example()).await;
    let span = ok(&server, &format!("/api/traces/{TRACE}/spans/b000000000000001")).await;
    assert_eq!(span["otlp"], json!(null));
}
