//! The TCP side: what passes, what is changed on the way, and what is answered here.

use std::io::{Read, Write};
use std::net::TcpStream;

use daemon::agent::Agent;

use crate::backend::{Backend, reply};
use crate::running::{Sender, config, start, until};

/// Sends a request as it stands and gives the whole answer.
pub(crate) async fn ask(agent: &Agent, request: &str) -> String {
    let (address, request) = (agent.tcp.unwrap(), request.replace('\n', "\r\n"));
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    answer.await.unwrap()
}

pub(crate) fn post(path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\nHost: daemon:2000\nConnection: close\nContent-Length: {length}\n{headers}\n{body}"
    )
}

#[tokio::test]
async fn sampling_calls_pass_and_headers_of_the_connection_do_not() {
    let backend = Backend::with(|_| reply(200, r#"{"SamplingRuleRecords":[]}"#)).await;
    let agent = start(&config(&[backend.url()])).await;
    let headers = "X-Forwarded-For: 1.2.3.4\nTE: trailers\nKeep-Alive: timeout=5\nX-Mine: 1\nX-Hop: 1\nAccept-Encoding: gzip\n";
    let request = post("/GetSamplingRules?x=1", headers, "{}").replace("close", "close, x-hop");
    let answer = ask(&agent, &request).await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("{\"SamplingRuleRecords\":[]}"),
        "{answer}"
    );
    let request = backend.next().await;
    assert_eq!((request.path.as_str(), request.body.as_slice()), ("/GetSamplingRules?x=1", &b"{}"[..]));
    assert_eq!(request.header("host"), backend.address.to_string());
    assert_eq!((request.header("x-mine"), request.header("accept-encoding")), ("1", "gzip"));
    for gone in ["x-forwarded-for", "te", "keep-alive", "x-hop", "connection"] {
        assert_eq!(request.header(gone), "", "{gone}");
    }
    assert_eq!(agent.counters.proxied.get(), 1);
    agent.stop().await;
}

#[tokio::test]
async fn only_what_sdks_need_passes_unless_more_is_asked_for() {
    let backend = Backend::with(|_| reply(200, "{}")).await;
    let mut config = config(&[backend.url()]);
    let agent = start(&config).await;
    for path in ["/BatchGetTraces", "/EncryptionConfig", "/anything"] {
        let answer = ask(&agent, &post(path, "", "{}")).await;
        assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("ProxyAll"), "{answer}");
    }
    let get = "GET /GetSamplingRules HTTP/1.1\nHost: x\nConnection: close\n\n";
    assert!(ask(&agent, get).await.starts_with("HTTP/1.1 403"));
    for path in ["/SamplingTargets", "/TraceSegments", "/TelemetryRecords"] {
        assert!(ask(&agent, &post(path, "", "{}")).await.starts_with("HTTP/1.1 200"), "{path}");
    }
    assert_eq!(agent.counters.proxy_refused.get(), 4);
    agent.stop().await;
    config.proxy_all = true;
    let agent = start(&config).await;
    assert!(ask(&agent, &post("/BatchGetTraces", "", "{}")).await.starts_with("HTTP/1.1 200"));
    assert!(ask(&agent, get).await.starts_with("HTTP/1.1 200"));
    agent.stop().await;
}

#[tokio::test]
async fn an_upstream_that_is_down_gives_502_and_nothing_else() {
    let agent = start(&config(&["http://127.0.0.1:1".to_owned()])).await;
    let answer = ask(&agent, &post("/SamplingTargets", "", "{}")).await;
    assert!(answer.starts_with("HTTP/1.1 502") && answer.ends_with("\r\n\r\n"), "{answer}");
    assert_eq!(agent.counters.proxy_failed.get(), 1);
    agent.stop().await;
}

#[tokio::test]
async fn answers_of_the_upstream_pass_whatever_they_say() {
    let backend = Backend::with(|_| {
        let mut reply = reply(429, "{\"Message\":\"slow\"}");
        reply.headers_mut().insert("x-amzn-errortype", http::HeaderValue::from_static("ThrottledException"));
        reply
    })
    .await;
    let agent = start(&config(&[backend.url()])).await;
    let answer = ask(&agent, &post("/SamplingTargets", "", "{}")).await;
    assert!(
        answer.starts_with("HTTP/1.1 429") && answer.contains("x-amzn-errortype: ThrottledException"),
        "{answer}"
    );
    agent.stop().await;
}

#[tokio::test]
async fn bodies_have_a_bound() {
    let agent = start(&config(&["http://127.0.0.1:1".to_owned()])).await;
    let request = "POST /TraceSegments HTTP/1.1\nHost: x\nConnection: close\nContent-Length: 9000000\n\n";
    assert!(ask(&agent, request).await.starts_with("HTTP/1.1 413"));
    agent.stop().await;
}

#[tokio::test]
async fn health_and_metrics_are_answered_here() {
    let backend = Backend::start().await;
    let agent = start(&config(&[backend.url()])).await;
    let get = |path: &str| format!("GET {path} HTTP/1.1\nHost: x\nConnection: close\n\n");
    assert!(ask(&agent, &get("/healthz")).await.starts_with("HTTP/1.1 200"));
    Sender::to(&agent).documents(0..50);
    until("they are sent", || agent.counters.upstreams[0].sent.get() == 50).await;
    let metrics = ask(&agent, &get("/metrics")).await;
    assert!(metrics.contains("\nfluoro_agent_received_documents_total 50\n"), "{metrics}");
    assert!(metrics.contains("outcome=\"sent\"} 50\n"), "{metrics}");
    agent.stop().await;
}

#[tokio::test]
async fn a_tcp_address_that_is_taken_costs_no_segments() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let backend = Backend::start().await;
    let mut config = config(&[backend.url()]);
    config.tcp_address = taken.local_addr().unwrap().to_string();
    let agent = start(&config).await;
    assert_eq!(agent.tcp, None);
    let sent = Sender::to(&agent).documents(0..1);
    assert_eq!(backend.documents(1).await, sent);
    agent.stop().await;
}
