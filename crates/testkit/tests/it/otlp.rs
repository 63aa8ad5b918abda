//! Spans of OpenTelemetry's in by HTTP, UDP and PutTraceSegments; X-Ray's answers and the same spans out.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ingest::refusals::Door;
use serde_json::{Value, json};
use testkit::{Sandbox, segment, trace_id};

const JSON: (&str, &str) = ("content-type", "application/json");

/// Begun a second ago and ended now, as X-Ray's test segments are.
fn times() -> (String, String) {
    let document = segment("times", &trace_id(9), 1);
    let nanos = |key: &str| ((document[key].as_f64().expect("seconds") * 1e6) as u64 * 1_000).to_string();
    (nanos("start_time"), nanos("end_time"))
}

#[expect(clippy::needless_pass_by_value, reason = "tests write the attributes in place")]
fn span(trace: &str, id: u64, parent: Option<u64>, name: &str, kind: u8, attributes: Value) -> Value {
    let (start, end) = times();
    let mut span = json!({
        "traceId": trace.replace('-', "")[1..],
        "spanId": format!("{id:016x}"),
        "name": name, "kind": kind, "startTimeUnixNano": start, "endTimeUnixNano": end,
    });
    if let Some(parent) = parent {
        span["parentSpanId"] = format!("{parent:016x}").into();
    }
    let members = attributes.as_object().expect("attributes").iter();
    let attributes: Vec<Value> =
        members.map(|(key, value)| json!({ "key": key, "value": { "stringValue": value } })).collect();
    if !attributes.is_empty() {
        span["attributes"] = attributes.into();
    }
    span
}

fn request(service: &str, spans: &[Value]) -> Value {
    json!({ "resourceSpans": [{
        "resource": { "attributes": [{ "key": "service.name", "value": { "stringValue": service } }] },
        "scopeSpans": [{ "scope": { "name": "test" }, "spans": spans }],
    }] })
}

async fn export(sandbox: &Sandbox, request: &Value) -> Value {
    let answer = sandbox.post_bytes("/v1/traces", &[JSON], request.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[tokio::test]
async fn a_span_is_seen_everywhere_and_comes_back_as_it_was_sent() {
    let sandbox = Sandbox::start().await;
    let trace = trace_id(1);
    let call = span(
        &trace,
        2,
        Some(1),
        "GET",
        3,
        json!({ "server.address": "billing", "http.request.method": "GET" }),
    );
    let server = span(&trace, 1, None, "GET /cart", 2, json!({ "http.route": "/cart" }));
    assert_eq!(export(&sandbox, &request("shop", &[call.clone(), server.clone()])).await, json!({}));
    sandbox.kept(2).await;

    let services = sandbox.service_graph().await;
    let names: Vec<&str> =
        services.as_array().expect("nodes").iter().filter_map(|it| it["Name"].as_str()).collect();
    assert!(names.contains(&"shop") && names.contains(&"billing"), "{names:?}");
    let found = sandbox.trace_summaries("annotation.http.route = \"/cart\"").await;
    assert_eq!(found[0]["Id"], trace);
    let segments = sandbox.trace(&trace).await;
    let shop = segments.iter().find(|it| it["name"] == "shop").expect("the service's segment");
    assert_eq!(shop["subsegments"][0]["name"], "billing");
    assert_eq!(shop["metadata"]["otel"]["name"], "GET /cart");

    let sent = |span: &Value| request("shop", std::slice::from_ref(span))["resourceSpans"][0].clone();
    let back = sandbox.get(&format!("/api/traces/{trace}/otlp")).await.json();
    assert_eq!(back["resourceSpans"], json!([sent(&call), sent(&server)]));

    // The same again after a restart, and a resent span counts once.
    let sandbox = sandbox.restart().await;
    export(&sandbox, &request("shop", &[server])).await;
    sandbox.kept(3).await;
    assert_eq!(sandbox.get(&format!("/api/traces/{trace}/otlp")).await.json(), back);
    assert_eq!(sandbox.trace(&trace).await.len(), 2);
}

#[tokio::test]
async fn a_trace_goes_on_from_one_world_to_the_other_and_back() {
    let sandbox = Sandbox::start().await;
    let trace = trace_id(2);
    let mut web = segment("web", &trace, 1);
    web["subsegments"] = json!([{
        "name": "shop", "id": "00000000000000a1", "namespace": "remote",
        "start_time": web["start_time"], "end_time": web["end_time"],
    }]);
    let shop = span(&trace, 0xb1, Some(0xa1), "GET /cart", 2, json!({}));
    let call = span(&trace, 0xb2, Some(0xb1), "GET", 3, json!({ "server.address": "stock" }));
    let mut stock = segment("stock", &trace, 3);
    stock["parent_id"] = json!("00000000000000b2");
    sandbox.send(&stock).await;
    export(&sandbox, &request("shop", &[call, shop])).await;
    sandbox.send(&web).await;
    sandbox.kept(4).await;

    let services = sandbox.service_graph().await;
    let services = services.as_array().expect("nodes");
    let node = |name: &str| {
        services
            .iter()
            .find(|it| it["Name"] == name && it["Type"] != "client")
            .unwrap_or_else(|| panic!("{name}"))
    };
    assert_eq!(node("web")["Edges"][0]["ReferenceId"], node("shop")["ReferenceId"]);
    assert_eq!(node("shop")["Edges"][0]["ReferenceId"], node("stock")["ReferenceId"]);
    assert_eq!(services.len(), 4, "client, web, shop, stock: {services:#?}");
    assert_eq!(sandbox.trace(&trace).await.len(), 3);
    let back = sandbox.get(&format!("/api/traces/{trace}/otlp")).await.json();
    let names: Vec<_> = back["resourceSpans"]
        .as_array()
        .expect("spans")
        .iter()
        .map(|it| it["scopeSpans"][0]["spans"][0]["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(names.len(), 5, "{names:?}");
}

#[tokio::test]
async fn spans_come_in_the_clothes_of_segments() {
    let sandbox = Sandbox::start().await;
    // Written by hand: a request with one resource, one scope and one span without attributes.
    let encoded = |id: u8| {
        let field = |number: u8, bytes: &[u8]| [&[number << 3 | 2, bytes.len() as u8], bytes].concat();
        let start: u64 = times().0.parse().expect("a number");
        let mut span = [field(1, &[id; 16]), field(2, &[id; 8]), field(5, b"lambda")].concat();
        for number in [7, 8] {
            span.push(number << 3 | 1);
            span.extend_from_slice(&start.to_le_bytes());
        }
        STANDARD.encode(field(1, &field(2, &field(2, &span))))
    };
    for text in [format!("T1S{}", encoded(1)), format!("T1U{}", encoded(2)), "M1CgA=".into(), "T1S*".into()] {
        sandbox.send_datagram(format!("{{\"format\": \"json\", \"version\": 1}}\n{text}").as_bytes()).await;
    }
    sandbox.received(Door::Udp, 4).await;
    for reason in ["unsampled_spans", "metrics", "not_otlp"] {
        assert_eq!(sandbox.refused(Door::Udp, reason), 1, "{reason}");
    }
    let put = sandbox
        .post("/TraceSegments", &json!({ "TraceSegmentDocuments": [format!("T1S{}", encoded(3)), "T1S*"] }))
        .await
        .json();
    assert_eq!(put["UnprocessedTraceSegments"].as_array().map(Vec::len), Some(1));
    assert_eq!(put["UnprocessedTraceSegments"][0]["ErrorCode"], "ParseError");
    sandbox.kept(2).await;
    for id in [1, 3] {
        let id = format!("1-{0}{0}{0}{0}-{1}", format!("{id:02x}"), format!("{id:02x}").repeat(12));
        assert_eq!(sandbox.trace(&id).await[0]["name"], "lambda", "{id}");
    }
}

#[tokio::test]
async fn what_is_not_taken_is_told_with_the_reason() {
    let sandbox = Sandbox::start().await;
    let trace = trace_id(4);
    let good = span(&trace, 1, None, "good", 2, json!({}));
    let mut bad = good.clone();
    bad["spanId"] = "0000000000000000".into();
    let answer = export(&sandbox, &request("shop", &[good, bad])).await;
    assert_eq!(answer["partialSuccess"]["rejectedSpans"], "1");
    assert!(answer["partialSuccess"]["errorMessage"].as_str().expect("a reason").contains("span id"));
    assert_eq!(sandbox.refused(Door::Otlp, "bad_span_id"), 1);

    let check =
        async |path: &str, headers: &[(&str, &str)], body: &'static [u8], status: u16, words: &str| {
            let answer = sandbox.post_bytes(path, headers, body).await;
            assert_eq!(answer.status, status, "{path} {headers:?}: {}", answer.text());
            assert!(answer.text().contains(words), "{}", answer.text());
        };
    check("/v1/traces", &[JSON], b"{", 400, "ExportTraceServiceRequest").await;
    check("/v1/traces", &[("content-type", "text/plain")], b"{}", 415, "application/x-protobuf").await;
    check("/v1/traces", &[JSON, ("content-encoding", "snappy")], b"{}", 415, "gzip").await;
    check("/v1/traces", &[JSON, ("content-encoding", "gzip")], b"no gzip", 400, "gzip").await;
    check("/v1/metrics", &[JSON], b"{}", 404, "OTEL_METRICS_EXPORTER=none").await;
    check("/v1/logs", &[("content-type", "application/x-protobuf")], b"", 404, "Fluoro takes traces").await;
    check("/v1/traces", &[("content-type", "application/x-protobuf")], b"\x0a\x7f", 400, "protobuf").await;
    check("/v1/traces", &[("content-type", "application/json; charset=utf-8")], b"{}", 200, "{}").await;
    let empty =
        sandbox.post_bytes("/v1/traces", &[("content-type", "application/x-protobuf")], &b""[..]).await;
    assert_eq!((empty.status, empty.text().as_str()), (200, ""));
}
