//! A client and a server over TCP, of one trace.

#[expect(dead_code, reason = "it looks at documents, not at trees")]
#[path = "../../../../crates/sdk/tests/support/mod.rs"]
mod documents;
mod orders;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use documents::{Recording, recording};
use fluoro_sdk::tonic::{Call, CallLayer};
use fluoro_sdk::tower::SegmentLayer;
use http::uri::PathAndQuery;
use orders::{Orders, Text};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tonic::client::Grpc;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Request, Status};
use tower::Layer as _;

struct Shop {
    recording: Recording,
    client: Grpc<Call<Channel>>,
}

impl Shop {
    async fn open() -> Self {
        let recording = recording();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let server = Server::builder()
            .layer(SegmentLayer::new().recorder(&recording.recorder))
            .add_service(Orders)
            .serve_with_incoming(TcpIncoming::from(listener));
        tokio::spawn(server);
        Self { recording, client: client(&format!("http://{address}")) }
    }

    async fn unary(&mut self, method: &'static str, message: &str) -> Result<String, Status> {
        self.client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let path = PathAndQuery::from_static(method);
        Ok(self.client.unary(Request::new(message.to_owned()), path, Text).await?.into_inner())
    }

    async fn stream(&mut self, message: &str) -> tonic::Streaming<String> {
        self.client.ready().await.expect("it is connected");
        let path = PathAndQuery::from_static("/shop.Orders/List");
        let request = Request::new(message.to_owned());
        self.client.server_streaming(request, path, Text).await.expect("it streams").into_inner()
    }

    /// The client's and the server's document of the only call, once both have ended.
    async fn documents(&self) -> (Value, Value) {
        // The segment of the caller, the call, and the segment of the server.
        while self.recording.recorder.stats().ended < 3 {
            tokio::task::yield_now().await;
        }
        let documents = self.recording.documents();
        let (servers, clients) = documents.into_iter().partition::<Vec<_>, _>(|one| one["http"].is_object());
        let [client, server] = [clients, servers].map(|mut one| one.pop().expect("one of each"));
        (client["subsegments"][0].clone(), server)
    }
}

fn client(url: &str) -> Grpc<Call<Channel>> {
    let channel = Endpoint::from_shared(url.to_owned()).expect("an address").connect_lazy();
    Grpc::new(CallLayer::new("orders.internal:50051").layer(channel))
}

fn flags(document: &Value) -> [bool; 3] {
    ["error", "throttle", "fault"].map(|flag| document[flag] == true)
}

#[tokio::test]
async fn a_call_goes_on_in_the_server() {
    let mut shop = Shop::open().await;
    let segment = shop.recording.recorder.segment("shop").begin();
    let answer = segment.scope(shop.unary("/shop.Orders/Get", "7")).await.unwrap();
    assert_eq!(answer, "order 7");
    let (call, served) = shop.documents().await;
    assert_eq!((&call["name"], &call["namespace"]), (&json!("orders.internal"), &json!("remote")));
    let request = json!({"method": "POST", "url": "grpc://orders.internal:50051/shop.Orders/Get"});
    assert_eq!(call["http"]["request"], request);
    assert_eq!(call["http"]["response"], json!({"status": 200, "content_length": 12}));
    assert_eq!(served["parent_id"], call["id"]);
    let url = served["http"]["request"]["url"].as_str().unwrap();
    assert!(url.starts_with("grpc://127.0.0.1:") && url.ends_with("/shop.Orders/Get"), "{url}");
    assert_eq!((flags(&call), flags(&served)), ([false; 3], [false; 3]));
}

#[tokio::test]
async fn codes_are_errors_throttling_and_faults_on_both_sides() {
    let (error, throttle, fault) = ([true, false, false], [true, true, false], [false, false, true]);
    for (code, expected) in [
        (Code::Cancelled, error),
        (Code::Unknown, fault),
        (Code::InvalidArgument, error),
        (Code::DeadlineExceeded, fault),
        (Code::NotFound, error),
        (Code::AlreadyExists, error),
        (Code::PermissionDenied, error),
        (Code::ResourceExhausted, throttle),
        (Code::FailedPrecondition, error),
        (Code::Aborted, error),
        (Code::OutOfRange, error),
        (Code::Unimplemented, fault),
        (Code::Internal, fault),
        (Code::Unavailable, fault),
        (Code::DataLoss, fault),
        (Code::Unauthenticated, error),
    ] {
        // In the head of an answer that has nothing else, and in trailers after a message.
        for is_late in [false, true] {
            let mut shop = Shop::open().await;
            let segment = shop.recording.recorder.segment("shop").begin();
            let message = (code as i32).to_string();
            let call = async {
                if is_late {
                    let mut answers = shop.stream(&message).await;
                    assert_eq!(answers.message().await.unwrap().as_deref(), Some("first"));
                    answers.message().await.unwrap_err()
                } else {
                    shop.unary("/shop.Orders/Fail", &message).await.unwrap_err()
                }
            };
            let status = segment.scope(call).await;
            assert_eq!(status.code(), code);
            let (call, served) = shop.documents().await;
            assert_eq!((flags(&call), flags(&served)), (expected, expected), "{code:?} {is_late}");
            let exception = |document: &Value| document["cause"]["exceptions"][0].clone();
            let (called, raised) = (exception(&call), exception(&served));
            assert_eq!(called["type"], format!("{code:?}"));
            assert_eq!(called["message"], "no \"order\" ü");
            assert_eq!((&called["remote"], &raised["remote"]), (&json!(true), &Value::Null));
            assert_eq!(raised["type"], called["type"]);
        }
    }
}

#[tokio::test]
async fn enough_of_a_stream_is_no_fault_and_one_that_is_awaited_is_cancelled() {
    for (count, is_cancelled) in [(1, false), (2, true)] {
        let mut shop = Shop::open().await;
        let segment = shop.recording.recorder.segment("shop").begin();
        let call = async {
            let mut answers = shop.stream("wait").await;
            assert_eq!(answers.message().await.unwrap().as_deref(), Some("first"));
            if count == 2 {
                let mut next = pin!(answers.message());
                poll_fn(|task| {
                    assert!(next.as_mut().poll(task).is_pending(), "it waits for ever");
                    Poll::Ready(())
                })
                .await;
            }
        };
        segment.scope(call).await;
        let (call, served) = shop.documents().await;
        assert_eq!(flags(&call), [false, false, is_cancelled]);
        let kind = if is_cancelled { json!("Cancelled") } else { Value::Null };
        assert_eq!(call["cause"]["exceptions"][0]["type"], kind);
        assert_eq!(served["metadata"]["fluoro"]["cancelled"], true, "the client has gone");
    }
}

#[tokio::test]
async fn what_is_not_recorded_says_so_and_outside_of_a_segment_nothing_is_said() {
    let mut shop = Shop::open().await;
    let outside = shop.unary("/shop.Orders/Header", "").await.unwrap();
    assert_eq!(outside, "none");
    let segment = shop.recording.recorder.segment("shop").sampled(false).begin();
    let header = segment.scope(shop.unary("/shop.Orders/Header", "")).await.unwrap();
    assert!(header.starts_with("Root=1-") && header.ends_with(";Sampled=0"), "{header}");
    while shop.recording.recorder.stats().ended < 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(shop.recording.documents().len(), 1, "the server's of the first call");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_fault_with_its_reason() {
    let recording = recording();
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut shop = Shop { recording, client: client(&format!("http://{free}")) };
    let segment = shop.recording.recorder.segment("shop").begin();
    segment.scope(shop.unary("/shop.Orders/Get", "7")).await.unwrap_err();
    let documents = shop.recording.documents();
    let call = &documents[0]["subsegments"][0];
    assert_eq!(flags(call), [false, false, true]);
    let message = call["cause"]["exceptions"][0]["message"].as_str().unwrap();
    assert!(message.contains("onnection refused"), "{message}");
}

/// Polls so often, and drops what is not done by then.
async fn polled<T>(times: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = times;
    poll_fn(|task| match left.checked_sub(1) {
        None => Poll::Ready(None),
        Some(less) => {
            left = less;
            future.as_mut().poll(task).map(Some)
        }
    })
    .await
}

#[tokio::test]
async fn a_call_can_be_dropped_after_any_poll() {
    let mut shop = Shop::open().await;
    // Connected, so that what is polled is the call.
    shop.unary("/shop.Orders/Get", "7").await.unwrap();
    let others = recording();
    for times in 0.. {
        let segment = others.recorder.segment("shop").begin();
        let answer = segment.scope(polled(times, shop.unary("/shop.Orders/Get", "7"))).await;
        let document = others.documents().pop().expect("the segment");
        let calls = document["subsegments"].as_array().cloned().unwrap_or_default();
        assert_eq!(others.recorder.stats().open_segments, 0);
        if let Some(answer) = answer {
            answer.unwrap();
            assert_eq!((calls.len(), flags(&calls[0])), (1, [false; 3]));
            assert!(times > 1, "it waited for something");
            break;
        }
        assert!(calls.len() <= 1, "after {times} polls: {calls:?}");
        assert!(calls.iter().all(|call| call["cause"]["exceptions"][0]["type"] == "Cancelled"), "{calls:?}");
    }
    // The server has noticed that its clients went.
    while shop.recording.recorder.stats().open_segments > 0 {
        tokio::task::yield_now().await;
    }
}
