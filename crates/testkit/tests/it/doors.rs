//! Connections, bodies and readers that would hold a door up for everybody: each is cut, and honest requests go on.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use testkit::{Limits, Sandbox, segment, trace_id};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// Longer than any test takes: what is cut in such a test is not cut for its time.
const LONG: Duration = Duration::from_secs(600);
const SOON: Duration = Duration::from_millis(100);

/// So few connections that a test can hold all of them.
fn crowded() -> Limits {
    let mut limits = Limits::SERVER;
    limits.connections.total = 8;
    limits.connections.local = 8;
    limits.first_head = LONG;
    limits.pace.grace = LONG;
    limits
}

async fn begin(sandbox: &Sandbox, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(sandbox.http()).await.expect("connect");
    stream.write_all(text.as_bytes()).await.expect("send the beginning of a request");
    stream
}

fn head(bytes: usize) -> String {
    format!("POST /TraceSegments HTTP/1.1\r\nhost: localhost\r\ncontent-length: {bytes}\r\n\r\n")
}

/// The status of what comes back.
async fn status(stream: &mut TcpStream) -> u16 {
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.expect("an answer");
    String::from_utf8_lossy(&start[9..]).parse().expect("a status")
}

/// A figure of `/metrics`.
async fn figure(sandbox: &Sandbox, name: &str) -> u64 {
    let text = sandbox.get("/metrics").await.text();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.trim().parse().ok()).unwrap_or_else(|| panic!("no {name} in {text}"))
}

async fn cuts(sandbox: &Sandbox, reason: &str) -> u64 {
    figure(sandbox, &format!("fluoro_http_cut_total{{reason=\"{reason}\"}}")).await
}

#[tokio::test]
async fn heads_that_do_not_end_make_room_for_requests() {
    let sandbox = Sandbox::with_limits(crowded()).await;
    let mut held = Vec::new();
    for _ in 0..40 {
        held.push(begin(&sandbox, "POST /TraceSegments HTTP/1.1\r\nhost: local").await);
    }
    assert_eq!(sandbox.put(&[segment("front", &trace_id(1), 1)]).await.status, 200);
    assert!(cuts(&sandbox, "idle_connection").await > 30);
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let sandbox = Sandbox::with_limits(Limits { first_head: SOON, ..Limits::SERVER }).await;
    for text in ["", "GET /api/status HTTP/1.1\r\nhost: local"] {
        let mut held = begin(&sandbox, text).await;
        let ended = held.read(&mut [0; 1]).await;
        assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    }
    assert!(cuts(&sandbox, "slow_head").await >= 2);
}

#[tokio::test]
async fn where_all_connections_are_busy_probes_are_answered_and_others_told_to_come_back() {
    let sandbox = Sandbox::with_limits(crowded()).await;
    let mut held = Vec::new();
    for _ in 0..8 {
        held.push(begin(&sandbox, &head(1_000)).await);
    }
    let turned_away = async || {
        let answer = sandbox.get("/api/status").await;
        (answer.status == 503).then_some(answer)
    };
    let answer = sandbox.eventually("all to be busy", turned_away).await;
    assert_eq!(answer.headers["retry-after"], "1");
    for probe in ["/healthz", "/readyz"] {
        assert_eq!(sandbox.get(probe).await.status, 200, "{probe}");
    }
    drop(held);
    let let_in = async || (sandbox.get("/api/status").await.status == 200).then_some(());
    sandbox.eventually("room", let_in).await;
    assert!(cuts(&sandbox, "connections").await > 0);
}

#[tokio::test]
async fn a_body_that_stops_is_cut_with_408() {
    let mut limits = Limits::SERVER;
    limits.pace.grace = SOON;
    let sandbox = Sandbox::with_limits(limits).await;
    let mut held = begin(&sandbox, &head(1_000_000)).await;
    assert_eq!(status(&mut held).await, 408);
    assert!(cuts(&sandbox, "slow_body").await > 0);
}

#[tokio::test]
async fn many_large_bodies_of_a_peer_do_not_keep_out_small_ones() {
    let mut limits = crowded();
    limits.bodies.local_bytes = 1 << 20;
    let sandbox = Sandbox::with_limits(limits).await;
    let mut held = Vec::new();
    for _ in 0..4 {
        let mut one = begin(&sandbox, &head(600_000)).await;
        one.write_all(&[b' '; 400_000]).await.expect("send part of a body");
        held.push(one);
    }
    let refused = async || (cuts(&sandbox, "body_memory_of_peer").await > 0).then_some(());
    sandbox.eventually("one to be refused", refused).await;
    assert_eq!(sandbox.put(&[segment("front", &trace_id(1), 1)]).await.status, 200);
    drop(held);
}

/// A trace that is more than the kernel's buffers hold.
async fn put_large_trace(sandbox: &Sandbox) -> String {
    let trace = trace_id(1);
    for id in 1..=14 {
        let mut document = segment("front", &trace, id);
        document["metadata"] = json!({ "default": { "text": "x".repeat(900_000) } });
        assert_eq!(sandbox.put(&[document]).await.status, 200);
    }
    sandbox.kept(14).await;
    format!("/api/traces/{trace}/raw")
}

#[tokio::test]
async fn who_does_not_read_is_cut_and_what_was_held_is_free() {
    let sandbox = Sandbox::with_limits(Limits { unread: SOON, ..Limits::SERVER }).await;
    let path = put_large_trace(&sandbox).await;
    let before = cuts(&sandbox, "unread_answer").await;
    let socket = TcpSocket::new_v4().expect("make a socket");
    socket.set_recv_buffer_size(4_096).expect("make its buffer small");
    let mut reader = socket.connect(sandbox.http()).await.expect("connect");
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    reader.write_all(request.as_bytes()).await.expect("ask");
    is_cut(&sandbox, before).await;
    drop(reader);
}

#[tokio::test]
async fn who_does_not_ask_for_more_by_http_2_is_cut_too() {
    let sandbox = Sandbox::with_limits(Limits { unread: SOON, ..Limits::SERVER }).await;
    let path = put_large_trace(&sandbox).await;
    let before = cuts(&sandbox, "unread_answer").await;
    let stream = TcpStream::connect(sandbox.http()).await.expect("connect");
    let handshake = http2::handshake::<_, _, Empty<Bytes>>(TokioExecutor::new(), TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.expect("greet");
    let connection = tokio::spawn(connection);
    let uri = format!("http://{}{path}", sandbox.http());
    let request = hyper::Request::get(uri).body(Empty::new()).expect("the request is well-formed");
    let mut response = sender.send_request(request).await.expect("the head of an answer");
    assert_eq!(response.status(), 200);
    is_cut(&sandbox, before).await;
    let mut end = Ok(());
    while let (Ok(()), Some(frame)) = (&end, response.body_mut().frame().await) {
        end = frame.map(|_| ());
    }
    assert!(end.is_err(), "the answer ends before its end");
    connection.abort();
}

async fn is_cut(sandbox: &Sandbox, before: u64) {
    let cut = async || (cuts(sandbox, "unread_answer").await > before).then_some(());
    sandbox.eventually("the reader to be cut", cut).await;
    let free = async || {
        // The answer with these figures is not made yet when they are read.
        (figure(sandbox, "fluoro_http_held_bytes{what=\"answers\"}").await == 0).then_some(())
    };
    sandbox.eventually("its bytes to be free", free).await;
}

#[tokio::test]
async fn answers_that_wait_for_one_peer_are_bounded() {
    let mut limits = Limits::SERVER;
    limits.answers.local_bytes = 14 << 20;
    let sandbox = Sandbox::with_limits(limits).await;
    let path = put_large_trace(&sandbox).await;
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let mut first = begin(&sandbox, &request).await;
    assert_eq!(status(&mut first).await, 200);
    let answer = sandbox.get(&path).await;
    assert_eq!((answer.status, answer.headers["retry-after"].to_str().ok()), (503, Some("1")));
    assert_eq!(sandbox.get("/api/status").await.status, 200, "what is small passes");
    drop(first);
    let served = async || (sandbox.get(&path).await.status == 200).then_some(());
    sandbox.eventually("the memory to be free", served).await;
}
