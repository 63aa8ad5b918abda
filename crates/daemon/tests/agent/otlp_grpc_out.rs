//! What goes out as OTLP by gRPC. What both protocols have in common is looked at by HTTP.

use std::collections::BTreeSet;
use std::io::Read;

use daemon::config::{Compression, Config, OtlpPort, Protocol};
use http::{HeaderValue, Response};
use http_body_util::Full;
use model::SegmentDocument;
use otlp::grpc::{self, Failure};

use crate::backend::{Backend, Received, Reply};
use crate::otlp_out::{fifty_without_one, send, upstream};
use crate::running::{config, start, until};

fn config_to(url: &str) -> Config {
    let mut config = crate::otlp_out::config_to(url);
    config.endpoints[0].protocol = Protocol::OtlpGrpc;
    config
}

/// An answer with a message. A server of gRPC has the status in trailers, which the door of another agent shows.
fn taken(message: &[u8]) -> Reply {
    Response::builder()
        .header("content-type", "application/grpc")
        .header("grpc-status", "0")
        .body(Full::new(grpc::frame(message)))
        .unwrap()
}

/// Answers the first calls with these, and takes the others.
fn first(mut replies: Vec<Reply>) -> impl FnMut(&Received) -> Reply + Send {
    move |_| if replies.is_empty() { taken(b"") } else { replies.remove(0) }
}

fn spans(call: &Received) -> Vec<SegmentDocument> {
    assert_eq!((call.method.as_str(), call.header("content-type")), ("POST", "application/grpc"));
    assert!(call.path.ends_with(grpc::EXPORT), "{}", call.path);
    assert_eq!((call.header("te"), call.header("content-encoding")), ("trailers", ""));
    let (is_packed, message) = grpc::unframe(&call.body.clone().into()).unwrap();
    assert_eq!(call.header("grpc-encoding"), if is_packed { "gzip" } else { "" });
    let mut plain = Vec::new();
    match is_packed {
        true => drop(flate2::read::GzDecoder::new(&message[..]).read_to_end(&mut plain).unwrap()),
        false => plain.extend_from_slice(&message),
    }
    otlp::decode_protobuf(&plain).unwrap().documents
}

fn ids(call: &Received) -> BTreeSet<String> {
    spans(call).into_iter().map(|span| span.entity.id.to_string()).collect()
}

#[tokio::test]
async fn another_agents_door_takes_it() {
    let backend = Backend::start().await;
    let mut last = config(&[backend.url()]);
    last.otlp = [OtlpPort::Given("127.0.0.1:0".to_owned()), OtlpPort::Off];
    let last = start(&last).await;
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let mut config = config_to(&format!("http://{}", last.otlp[0].unwrap()));
        config.endpoints[0].compression = Some(compression);
        let agent = start(&config).await;
        send(&agent, 1..61);
        until("all is taken", || upstream(&agent).spans.get() == 60).await;
        assert_eq!((upstream(&agent).sent.get(), upstream(&agent).refused.get()), (60, 0));
        assert_eq!(upstream(&agent).errors.status_4xx.get(), 0, "refused as it is packed: {compression:?}");
        agent.stop().await;
    }
    assert_eq!(last.counters.otlp_refused.get(), 0);
    last.stop().await;
}

#[tokio::test]
async fn what_fails_is_sent_again_until_it_is_taken() {
    let busy = Failure::Unavailable { message: "full".to_owned(), seconds: 0 };
    let by_status = |status: &'static str| {
        Response::builder().header("grpc-status", status).body(Full::default()).unwrap()
    };
    let replies = vec![
        grpc::failed(busy),
        by_status("14"),
        by_status("13"),
        grpc::failed(Failure::Unauthenticated("no key".to_owned())),
        // No server of gRPC.
        Response::new(Full::default()),
        crate::backend::reply(502, ""),
    ];
    let attempts = replies.len();
    let backend = Backend::with(first(replies)).await;
    let mut config = config_to(&backend.url());
    config.endpoints[0].headers = vec![("x-api-key".parse().unwrap(), HeaderValue::from_static("k1"))];
    let agent = start(&config).await;
    let sent = send(&agent, 1..2);
    for _ in 0..=attempts {
        let call = backend.next().await;
        assert_eq!(ids(&call), sent);
        assert_eq!(call.header("x-api-key"), "k1");
    }
    let out = upstream(&agent);
    until("it is taken", || out.sent.get() == 1).await;
    assert_eq!((out.errors.status_5xx.get(), out.errors.status_4xx.get()), (4, 1));
    assert_eq!((out.throttled.get(), out.errors.other.get(), out.waiting_bytes.get()), (1, 1, 0));
    agent.stop().await;
}

#[tokio::test]
async fn what_will_not_be_taken_is_alone_in_its_loss() {
    let backend = Backend::with(|call| {
        let is_bad = ids(call).iter().any(|id| id.ends_with("17"));
        if is_bad { grpc::failed(Failure::Invalid("no".to_owned())) } else { taken(b"") }
    })
    .await;
    fifty_without_one(start(&config_to(&backend.url())).await).await;
}

#[tokio::test]
async fn partial_success_is_counted_and_unknown_packing_is_given_up() {
    // One span, which is refused.
    let rejects =
        otlp::decode_json(br#"{"resourceSpans":[{"scopeSpans":[{"spans":[{}]}]}]}"#).unwrap().rejects;
    let mut unknown: Reply = grpc::failed(Failure::Unimplemented("gzip?".to_owned()));
    unknown.headers_mut().insert("grpc-accept-encoding", HeaderValue::from_static("identity"));
    let replies = vec![unknown, taken(&otlp::response::protobuf(&rejects))];
    let backend = Backend::with(first(replies)).await;
    let mut config = config_to(&backend.url());
    config.endpoints[0].compression = Some(Compression::Gzip);
    let agent = start(&config).await;
    let sent = send(&agent, 1..4);
    for encoding in ["gzip", ""] {
        let call = backend.next().await;
        assert_eq!((ids(&call), call.header("grpc-encoding")), (sent.clone(), encoding));
    }
    let out = upstream(&agent);
    until("it is counted", || (out.spans.get(), out.spans_refused.get()) == (2, 1)).await;
    assert_eq!((out.sent.get(), out.waiting_documents.get()), (3, 0));
    agent.stop().await;
    assert!(backend.rest().await.is_empty());
}
