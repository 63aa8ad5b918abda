//! Spans of OTLP in by gRPC and HTTP, and out in X-Ray's batches.

use bytes::{BufMut, Bytes, BytesMut};
use daemon::agent::Agent;
use daemon::config::OtlpPort;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use otlp::text::{self, Text};
use tokio::net::TcpStream;

use crate::backend::Backend;
use crate::running::{config, start, until};

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const PROTOBUF: &str = "application/x-protobuf";

fn given() -> OtlpPort {
    OtlpPort::Given("127.0.0.1:0".to_owned())
}

async fn agent_to(backend: &Backend) -> Agent {
    let mut config = config(&[backend.url()]);
    config.otlp = [given(), given()];
    start(&config).await
}

fn in_json(name: &str) -> String {
    format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"{name}","startTimeUnixNano":"1700000000000000001"}}]}}]}}]}}"#
    )
}

/// The same in protobuf, by way of the relay's own text.
fn in_protobuf(name: &str) -> Vec<u8> {
    use base64::Engine;
    let mut texts = Vec::new();
    otlp::relay::json(in_json(name).as_bytes(), &mut |text| texts.push(text.to_owned())).unwrap();
    base64::engine::general_purpose::STANDARD.decode(&texts[0][3..]).unwrap()
}

/// Status and headers, trailers among them, and body.
pub(crate) async fn post(
    agent: &Agent,
    door: usize,
    is_http2: bool,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> (StatusCode, HeaderMap, Bytes) {
    let address = agent.otlp[door].unwrap();
    let stream = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let mut request = Request::post(format!("http://{address}{path}"));
    if !is_http2 {
        request = request.header("host", address.to_string());
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(body.into())).unwrap();
    let response = if is_http2 {
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(request).await.unwrap()
    } else {
        let (mut sender, connection) = http1::handshake(stream).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(request).await.unwrap()
    };
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap();
    let mut headers = head.headers;
    headers.extend(body.trailers().cloned().unwrap_or_default());
    (head.status, headers, body.to_bytes())
}

async fn call(agent: &Agent, door: usize, message: &[u8]) -> (String, Bytes) {
    let mut framed = BytesMut::new();
    framed.put_u8(0);
    framed.put_u32(message.len() as u32);
    framed.put_slice(message);
    let headers = [("content-type", "application/grpc"), ("te", "trailers")];
    let (status, headers, body) = post(agent, door, true, EXPORT, &headers, framed).await;
    assert_eq!(status, 200);
    (headers["grpc-status"].to_str().unwrap().to_owned(), body)
}

fn names(documents: &[String]) -> Vec<String> {
    let spans = |document: &String| match text::decode(document.as_bytes()) {
        Some(Ok(Text::Spans(taken))) => taken.documents,
        other => panic!("{other:?}"),
    };
    documents.iter().flat_map(spans).map(|span| span.entity.name).collect()
}

#[tokio::test]
async fn spans_come_by_both_protocols_on_both_ports_and_leave_with_documents() {
    let backend = Backend::start().await;
    let agent = agent_to(&backend).await;
    let mut sent = Vec::new();
    for door in [0, 1] {
        let name = format!("grpc-{door}");
        assert_eq!(
            call(&agent, door, &in_protobuf(&name)).await,
            ("0".to_owned(), Bytes::from_static(&[0; 5]))
        );
        sent.push(name);
        for (kind, empty) in [(PROTOBUF, ""), ("application/json", "{}")] {
            let name = format!("{}-{door}", &kind[12..]);
            let body = if kind == PROTOBUF { in_protobuf(&name) } else { in_json(&name).into_bytes() };
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut packed, &body).unwrap();
            let headers = [("content-type", kind), ("content-encoding", "gzip")];
            let packed = packed.finish().unwrap();
            let (status, headers, body) = post(&agent, door, false, "/v1/traces", &headers, packed).await;
            assert_eq!((status, &*body), (StatusCode::OK, empty.as_bytes()));
            assert_eq!(headers["content-type"], kind);
            sent.push(name);
        }
    }
    let mut received = names(&backend.documents(sent.len()).await);
    received.sort();
    sent.sort();
    assert_eq!(received, sent);
    until("they are taken", || agent.counters.upstreams[0].sent.get() == 6).await;
    assert_eq!((agent.counters.otlp_taken.get(), agent.counters.received.get()), (6, 6));
    agent.stop().await;
}

#[tokio::test]
async fn what_is_not_taken_is_told_why() {
    let backend = Backend::start().await;
    let agent = agent_to(&backend).await;
    let json = ("content-type", "application/json");
    for (path, headers, body, expected) in [
        ("/v1/traces", vec![json], "{", StatusCode::BAD_REQUEST),
        ("/v1/traces", vec![("content-type", "text/plain")], "{}", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("/v1/traces", vec![json, ("content-encoding", "snappy")], "{}", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("/v1/traces", vec![json, ("content-encoding", "gzip")], "no gzip", StatusCode::BAD_REQUEST),
        ("/v1/traces", vec![json, ("origin", "https://evil.example")], "{}", StatusCode::FORBIDDEN),
        ("/v1/metrics", vec![json], "{}", StatusCode::NOT_FOUND),
    ] {
        let (status, _, answer) = post(&agent, 1, false, path, &headers, body).await;
        assert_eq!(status, expected, "{path} {headers:?}");
        assert!(serde_json::from_slice::<serde_json::Value>(&answer).unwrap()["message"].is_string());
    }
    assert_eq!(call(&agent, 0, b"\x0a\x7f").await.0, "3");
    let other = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
    let (_, headers, _) = post(&agent, 0, true, other, &[("content-type", "application/grpc")], "").await;
    assert_eq!(headers["grpc-status"], "12");
    assert_eq!((agent.counters.otlp_refused.get(), agent.counters.received.get()), (8, 0));
    agent.stop().await;
}

#[tokio::test]
async fn without_room_senders_are_told_to_come_back_and_nothing_is_lost() {
    // An upstream that is not there.
    let mut config = config(&["http://127.0.0.1:9".to_owned()]);
    config.otlp = [given(), given()];
    config.buffer_megabytes = 3;
    let agent = start(&config).await;
    let spans = in_protobuf(&"n".repeat(40_000));
    let mut taken = 0;
    loop {
        let (status, headers, _) =
            post(&agent, 1, false, "/v1/traces", &[("content-type", PROTOBUF)], spans.clone()).await;
        if status == StatusCode::SERVICE_UNAVAILABLE {
            assert_eq!(headers["retry-after"], "1");
            break;
        }
        assert_eq!(status, StatusCode::OK);
        taken += 1;
        assert!(taken < 500, "3 MB hold no more than some dozens");
    }
    assert_eq!(call(&agent, 0, &spans).await.0, "14");
    assert_eq!((agent.counters.otlp_taken.get(), agent.counters.otlp_busy.get()), (taken, 2));
    assert_eq!(agent.counters.upstreams[0].spilled.get(), 0);
    agent.stop().await;
}

#[tokio::test]
async fn a_usual_port_that_is_taken_is_done_without_and_a_given_one_is_needed() {
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap().to_string();
    let mut config = config(&["http://127.0.0.1:9".to_owned()]);
    config.otlp = [OtlpPort::Usual(taken.clone().leak()), OtlpPort::Off];
    let agent = start(&config).await;
    assert_eq!(agent.otlp, [None, None]);
    agent.stop().await;
    config.otlp = [OtlpPort::Given(taken), OtlpPort::Off];
    assert!(Agent::start(&config, &|_| None).await.is_err());
}
