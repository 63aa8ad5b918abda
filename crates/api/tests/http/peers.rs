//! What one peer may hold of what there is little of.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;

use serde_json::{Value, json};

use crate::console::RANGE;
use crate::support::{Server, T};

#[tokio::test]
async fn one_peer_cannot_take_the_streams_and_questions_of_the_others() {
    let ask = |path: &str, peer: u8| {
        let request = Request::get(path).header("host", "localhost");
        request.extension(api::Peer([192, 0, 2, peer].into())).body(Body::empty()).unwrap()
    };
    let server = Server::start();
    let mut streams = Vec::new();
    for _ in 0..16 {
        let stream = server.open(ask("/api/live", 1)).await;
        assert_eq!(stream.status(), 200);
        streams.push(stream);
    }
    let refused = server.send(ask("/api/live", 1)).await;
    assert_eq!((refused.status.as_u16(), &refused.headers["retry-after"]), (503, &"1".parse().unwrap()));
    assert!(refused.json()["detail"].as_str().unwrap().contains("at your address"), "{}", refused.json());
    assert_eq!(server.open(ask("/api/live", 2)).await.status(), 200);
    streams.pop();
    assert_eq!(server.open(ask("/api/live", 1)).await.status(), 200);

    let questions = door::places::Room { total: 4, peer: 0, local: 4 };
    let limits = api::Limits { questions, patience: Duration::ZERO, ..api::Limits::SERVER };
    let server = Server::start_within(limits, None);
    let refused = server.send(ask(&format!("/api/graph?{RANGE}"), 1)).await;
    assert_eq!(refused.status, 503);
    assert!(refused.json()["detail"].as_str().unwrap().contains("other questions of yours"));
    assert_eq!(server.send(ask("/api/status", 1)).await.status, 200, "it looks at no traces");
    let summaries = Request::post("/TraceSummaries").header("host", "localhost");
    let summaries = summaries.extension(api::Peer([192, 0, 2, 1].into()));
    let refused = server.send(summaries.body("{}".into()).unwrap()).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.headers["x-amzn-errortype"]),
        (503, &"ServiceUnavailableException".parse().unwrap())
    );
}

#[tokio::test]
async fn a_stream_ends_after_its_time_so_that_its_key_is_asked_for_again() {
    let limits = api::Limits { stream_life: Duration::ZERO, ..api::Limits::SERVER };
    let server = Server::start_within(limits, None);
    let request = Request::get("/api/live").header("host", "localhost").body(Body::empty()).unwrap();
    // To its end.
    let answer = server.send(request).await;
    assert_eq!(String::from_utf8(answer.body).unwrap().matches("event: pulse").count(), 1);
}

#[tokio::test]
async fn made_up_sampling_clients_of_one_peer_leave_room_for_those_of_others() {
    let server = Server::start();
    let report = async |peer: u8, clients: std::ops::Range<u32>| {
        let documents: Vec<Value> = clients
            .map(|client| json!({ "RuleName": "Default", "ClientID": format!("{peer:02x}{client:022x}"), "RequestCount": 1,
                "BorrowCount": 0, "SampledCount": 0, "Timestamp": T }))
            .collect();
        let request = Request::post("/SamplingTargets").header("host", "localhost");
        let request = request.extension(api::Peer([192, 0, 2, peer].into()));
        let body = json!({ "SamplingStatisticsDocuments": documents }).to_string();
        let answer = server.send(request.body(body.into()).unwrap()).await.json();
        let targets = answer["SamplingTargetDocuments"].as_array().unwrap().clone();
        targets.iter().filter(|target| !target["ReservoirQuota"].is_null()).count()
    };
    for hundred in 0..15 {
        assert_eq!(
            report(1, hundred * 100..hundred * 100 + 100).await,
            0,
            "the first report brings no quota"
        );
    }
    assert_eq!(report(1, 990..1_010).await, 10, "a thousand were kept");
    assert_eq!((report(2, 0..5).await, report(2, 0..5).await), (0, 5), "another peer has its own");
}
