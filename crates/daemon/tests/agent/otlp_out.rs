//! What goes out as OTLP: segments and spans as one request, and what becomes of them when the backend will not have them.

use std::collections::BTreeSet;

use daemon::agent::Agent;
use daemon::config::{Compression, Config, OtlpPort, Protocol, SpoolConfig, UpstreamConfig};
use daemon::counters::UpstreamCounters;
use http::HeaderValue;
use http_body_util::Full;
use model::SegmentDocument;

use crate::backend::{Backend, Received, Reply, accepted, reply};
use crate::proxy::{ask, post};
use crate::running::{Sender, config, start, until};

const TRACE: &str = "1-65536100-a006649127e371903a2de979";

fn otlp(url: &str) -> UpstreamConfig {
    UpstreamConfig { protocol: Protocol::Otlp, ..url.to_owned().into() }
}

pub(crate) fn config_to(url: &str) -> Config {
    let mut config = config(&[]);
    config.endpoints = vec![otlp(url)];
    config
}

async fn agent_to(backend: &Backend) -> Agent {
    start(&config_to(&backend.url())).await
}

fn segment(id: usize, rest: &str) -> String {
    format!(r#"{{"trace_id":"{TRACE}","id":"{id:016x}","name":"shop","start_time":1700000000.25{rest}}}"#)
}

/// Sends segments that have ended, and gives their ids.
pub(crate) fn send(agent: &Agent, ids: std::ops::Range<usize>) -> BTreeSet<String> {
    let sender = Sender::to(agent);
    for id in ids.clone() {
        sender.document(&segment(id, r#","end_time":1700000000.5"#));
    }
    ids.map(|id| format!("{id:016x}")).collect()
}

fn spans(request: &Received) -> Vec<SegmentDocument> {
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/v1/traces"));
    assert_eq!(request.header("content-type"), "application/x-protobuf");
    let taken = otlp::decode_protobuf(&request.body).unwrap();
    assert!(taken.rejects.is_silent());
    taken.documents
}

/// Waits for so many spans, and gives their ids; none comes twice.
async fn ids(backend: &Backend, count: usize) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    while ids.len() < count {
        for span in spans(&backend.next().await) {
            assert!(ids.insert(span.entity.id.to_string()), "{}", span.entity.id);
        }
    }
    ids
}

/// Takes everything.
fn taken() -> Reply {
    answer(200, "application/x-protobuf", Vec::new())
}

fn answer(status: u16, kind: &str, body: Vec<u8>) -> Reply {
    http::Response::builder()
        .status(status)
        .header("content-type", kind)
        .body(Full::new(body.into()))
        .unwrap()
}

/// Answers the first requests with these, and takes the others.
fn first(mut replies: Vec<Reply>) -> impl FnMut(&Received) -> Reply + Send {
    move |_| if replies.is_empty() { taken() } else { replies.remove(0) }
}

pub(crate) fn upstream(agent: &Agent) -> &UpstreamCounters {
    &agent.counters.upstreams[0]
}

#[tokio::test]
async fn segments_and_spans_go_out_as_one_request_while_a_server_keeps_the_documents() {
    let server = Backend::with(|_| accepted()).await;
    let backend = Backend::with(|_| taken()).await;
    let mut config = config(&[server.url()]);
    config.otlp = [OtlpPort::Off, OtlpPort::Given("127.0.0.1:0".to_owned())];
    config.endpoints.push(UpstreamConfig {
        headers: vec![("x-api-key".parse().unwrap(), HeaderValue::from_static("k1"))],
        compression: Some(Compression::Gzip),
        ..otlp(&format!("{}/otlp/v1/traces", backend.url()))
    });
    let agent = start(&config).await;
    let failed = segment(
        0xa1,
        r#","end_time":1700000000.5,"fault":true,"cause":{"exceptions":[{"id":"00000000000000e1","type":"Oops","message":"no stock"}]},"subsegments":[{"id":"00000000000000a2","name":"DynamoDB","namespace":"aws","start_time":1700000000.25,"end_time":1700000000.5}]"#,
    );
    Sender::to(&agent).document(&failed);
    let relayed = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"cart"}}]},"scopeSpans":[{"scope":{"name":"lib"},"spans":[{"traceId":"65536100a006649127e371903a2de979","spanId":"00000000000000b1","parentSpanId":"00000000000000a2","name":"GET /cart","kind":2,"startTimeUnixNano":"1700000000000000001","endTimeUnixNano":"1700000000000000002"}]}]}]}"#;
    crate::otlp::post(&agent, 1, false, "/v1/traces", &[("content-type", "application/json")], relayed).await;

    let mut kept = Vec::new();
    let mut request = None;
    while kept.len() < 3 {
        let next = backend.next().await;
        assert_eq!(next.path, "/otlp/v1/traces");
        assert_eq!((next.header("x-api-key"), next.header("content-encoding")), ("k1", "gzip"));
        assert_eq!((next.header("authorization"), next.header("x-amzn-xray-timestamp")), ("", ""));
        let taken = otlp::decode_protobuf(&next.body).unwrap();
        kept.extend(taken.documents.into_iter().map(|it| String::from_utf8(it.raw.to_vec()).unwrap()));
        request = Some(next);
    }
    assert_eq!(request.unwrap().header("content-type"), "application/x-protobuf");
    kept.sort();
    let around = |span: &str| {
        format!(
            r#"{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"shop"}}}}]}},"scopeSpans":[{{"scope":{{"name":"fluoro.xray"}},"spans":[{{"traceId":"65536100a006649127e371903a2de979",{span}}}]}}]}}"#
        )
    };
    let mut expected = [
        // What was OTLP is what was sent.
        relayed[18..relayed.len() - 2].to_owned(),
        around(
            r#""spanId":"00000000000000a1","name":"shop","kind":2,"startTimeUnixNano":"1700000000250000000","endTimeUnixNano":"1700000000500000000","events":[{"timeUnixNano":"1700000000500000000","name":"exception","attributes":[{"key":"exception.type","value":{"stringValue":"Oops"}},{"key":"exception.message","value":{"stringValue":"no stock"}}]}],"status":{"message":"no stock","code":2}"#,
        ),
        around(
            r#""spanId":"00000000000000a2","parentSpanId":"00000000000000a1","name":"DynamoDB","kind":3,"startTimeUnixNano":"1700000000250000000","endTimeUnixNano":"1700000000500000000","attributes":[{"key":"rpc.system","value":{"stringValue":"aws-api"}},{"key":"rpc.service","value":{"stringValue":"DynamoDB"}}]"#,
        ),
    ];
    expected.sort();
    assert_eq!(kept, expected);
    // The other upstream gets the same as without this one.
    let documents = server.documents(2).await;
    assert!(documents.contains(&failed) && documents.iter().any(|it| it.starts_with("T1S")), "{documents:?}");
    let out = &agent.counters.upstreams[1];
    until("all is taken", || (out.sent.get(), out.spans.get()) == (2, 3)).await;
    let counters = std::sync::Arc::clone(&agent.counters);
    agent.stop().await;
    // Telemetry is X-Ray's alone.
    assert!(backend.rest().await.is_empty());
    let out = &counters.upstreams[1];
    assert_eq!((out.errors.status_4xx.get(), out.waiting_documents.get()), (0, 0));
}

#[tokio::test]
async fn another_agents_door_takes_it() {
    let backend = Backend::start().await;
    let mut last = config(&[backend.url()]);
    last.otlp = [OtlpPort::Off, OtlpPort::Given("127.0.0.1:0".to_owned())];
    let last = start(&last).await;
    let agent = start(&config_to(&format!("http://{}", last.otlp[1].unwrap()))).await;
    let sent = send(&agent, 1..61);
    until("all is taken", || upstream(&agent).spans.get() == 60).await;
    agent.stop().await;
    last.stop().await;
    let mut received = BTreeSet::new();
    for request in backend.rest().await.iter().filter(|request| request.path == "/TraceSegments") {
        for text in request.documents() {
            let Some(Ok(otlp::text::Text::Spans(taken))) = otlp::text::decode(text.as_bytes()) else {
                panic!("{text}");
            };
            received.extend(taken.documents.into_iter().map(|it| it.entity.id.to_string()));
        }
    }
    assert_eq!(received, sent);
}

#[tokio::test]
async fn what_fails_is_sent_again_until_it_is_taken() {
    let busy = |status, retry_after: &str| {
        http::Response::builder().status(status).header("retry-after", retry_after).body(Default::default())
    };
    let replies = vec![
        busy(503, "0").unwrap(),
        busy(429, "Sun, 06 Nov 1994 08:49:37 GMT").unwrap(),
        reply(502, ""),
        reply(504, ""),
        reply(401, ""),
        reply(404, ""),
    ];
    let attempts = replies.len();
    let backend = Backend::with(first(replies)).await;
    let agent = agent_to(&backend).await;
    let sent = send(&agent, 1..2);
    for _ in 0..attempts {
        assert_eq!(spans(&backend.next().await).len(), 1);
    }
    assert_eq!(ids(&backend, 1).await, sent);
    until("it is taken", || upstream(&agent).sent.get() == 1).await;
    let out = upstream(&agent);
    assert_eq!((out.errors.status_5xx.get(), out.errors.status_4xx.get(), out.throttled.get()), (3, 3, 2));
    assert_eq!((out.refused.get(), out.spans.get(), out.waiting_bytes.get()), (0, 1, 0));
    agent.stop().await;
}

/// Sends fifty to a backend that will not have one of them.
pub(crate) async fn fifty_without_one(agent: Agent) {
    send(&agent, 1..51);
    let out = upstream(&agent);
    until("all is settled", || (out.sent.get(), out.refused.get()) == (49, 1)).await;
    assert_eq!((out.spans.get(), out.waiting_documents.get()), (49, 0));
    agent.stop().await;
}

#[tokio::test]
async fn one_span_that_spoils_a_request_does_not_take_its_neighbours_with_it() {
    let backend = Backend::with(|request| {
        let is_bad = spans(request).iter().any(|span| span.entity.id.to_string().ends_with("17"));
        match is_bad {
            true => answer(400, "application/x-protobuf", otlp::response::status_protobuf(3, "no")),
            false => taken(),
        }
    })
    .await;
    fifty_without_one(agent_to(&backend).await).await;
}

#[tokio::test]
async fn partial_success_is_counted_and_nothing_of_it_is_sent_again() {
    let partly = |body: &str| answer(200, "application/json", body.as_bytes().to_vec());
    let replies = vec![
        partly(r#"{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}}"#),
        // A warning, and more than there was.
        partly(r#"{"partialSuccess":{"errorMessage":"soon"}}"#),
        partly(r#"{"partialSuccess":{"rejectedSpans":"99"}}"#),
    ];
    let backend = Backend::with(first(replies)).await;
    let agent = agent_to(&backend).await;
    let out = upstream(&agent);
    for (range, sent, refused) in [(1..4, 1, 2), (4..6, 3, 2), (6..7, 3, 3), (7..9, 5, 3)] {
        let range_ids = send(&agent, range);
        assert_eq!(ids(&backend, range_ids.len()).await, range_ids);
        until("it is counted", || (out.spans.get(), out.spans_refused.get()) == (sent, refused)).await;
    }
    assert_eq!((out.sent.get(), out.waiting_documents.get()), (8, 0));
    agent.stop().await;
}

#[tokio::test]
async fn documents_that_are_no_spans_are_counted_by_reason() {
    let backend = Backend::with(|_| taken()).await;
    let agent = agent_to(&backend).await;
    let sender = Sender::to(&agent);
    let unfinished = segment(1, r#","in_progress":true"#);
    for document in [unfinished.as_str(), "T1UCgA=", "M1CgA=", "T1S?", "no JSON", r#"{"id":"a"}"#] {
        sender.document(document);
    }
    let out = upstream(&agent);
    let counts = || {
        [&out.in_progress, &out.unsampled, &out.metrics, &out.undecodable, &out.sent].map(|count| count.get())
    };
    until("all is counted", || counts() == [1, 1, 1, 3, 0]).await;
    until("nothing waits", || out.waiting_documents.get() == 0).await;
    assert_eq!(out.batches.get(), 0);
    assert!(backend.rest().await.is_empty(), "a request without spans");
    let sent = send(&agent, 1..2);
    assert_eq!(ids(&backend, 1).await, sent);
    agent.stop().await;
}

#[tokio::test]
async fn what_waits_for_a_backend_that_is_down_or_slow_outlives_the_agent() {
    let folder = tempfile::tempdir().unwrap();
    // Takes connections, and answers nothing.
    let slow = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = slow.local_addr().unwrap();
    let mut config = config_to(&format!("http://{address}"));
    config.spool = Some(SpoolConfig { folder: folder.path().to_owned(), max_bytes: 1 << 30 });
    let agent = start(&config).await;
    let mut sent = send(&agent, 1..101);
    until("all is received", || agent.counters.received.get() == 100).await;
    agent.stop().await;
    drop(slow);

    let agent = start(&config).await;
    sent.extend(send(&agent, 101..121));
    until("nobody is there", || upstream(&agent).errors.refused.get() > 0).await;
    let counters = std::sync::Arc::clone(&agent.counters);
    agent.stop().await;
    assert_eq!((counters.upstreams[0].abandoned.get(), counters.upstreams[0].spilled.get()), (0, 0));

    let backend = Backend::at(address, |_| taken()).await;
    let agent = start(&config).await;
    assert_eq!(ids(&backend, 120).await, sent);
    until("the spool is empty", || upstream(&agent).spool_bytes.get() == 0).await;
    agent.stop().await;
}

#[tokio::test]
async fn two_backends_at_one_address_have_a_spool_each() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config_to("http://127.0.0.1:9");
    config.endpoints.push(otlp("http://127.0.0.1:9/v1/traces"));
    config.spool = Some(SpoolConfig { folder: folder.path().to_owned(), max_bytes: 1 << 30 });
    start(&config).await.stop().await;
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[tokio::test]
async fn without_an_upstream_of_x_ray_sdks_are_told_that_nobody_knows_rules() {
    let backend = Backend::with(|_| taken()).await;
    let agent = agent_to(&backend).await;
    let answer = ask(&agent, &post("/GetSamplingRules", "", "{}")).await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert!(answer.contains("add a Fluoro or aws to Endpoints"), "{answer}");
    let health = "GET /healthz HTTP/1.1\nHost: x\nConnection: close\n\n";
    assert!(ask(&agent, health).await.starts_with("HTTP/1.1 200"));
    agent.stop().await;
    assert!(backend.rest().await.is_empty());
}
