//! The end: within its promise, with everything accepted kept.

use std::io::{Read, Write};

use rustix::process::Signal;
use serde_json::json;

use crate::child::{Fluoro, STOP_PROMISE, segment};

#[test]
fn both_signals_end_it_with_success_in_time() {
    for signal in [Signal::TERM, Signal::INT] {
        let directory = tempfile::tempdir().unwrap();
        let fluoro = Fluoro::serve(&["--data-dir", directory.path().to_str().unwrap()]);
        let ended = fluoro.end(signal);
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        assert!(ended.took < STOP_PROMISE, "{:?}", ended.took);
        assert!(ended.stderr.contains("everything accepted is durable"), "{}", ended.stderr);
    }
}

#[test]
fn a_connection_that_says_nothing_does_not_hold_it_up() {
    let fluoro = Fluoro::serve(&["--store", "memory"]);
    let idle = std::net::TcpStream::connect(fluoro.http).unwrap();
    // So that the server has surely taken the connection before.
    fluoro.post("/Groups", &json!({}));
    let ended = fluoro.end(Signal::TERM);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert!(ended.took < STOP_PROMISE, "{:?}", ended.took);
    drop(idle);
}

#[test]
fn segments_sent_just_before_the_signal_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    let (traces, documents): (Vec<_>, Vec<_>) = (1..=100).map(segment).unzip();
    let fluoro = Fluoro::serve(&["--data-dir", data]);
    documents.iter().for_each(|document| fluoro.send(document));
    let ended = fluoro.end(Signal::TERM);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let fluoro = Fluoro::serve(&["--data-dir", data]);
    assert_eq!(fluoro.known(&traces), 100);
}

#[test]
fn a_request_in_flight_is_answered_and_what_it_brought_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    let (trace, document) = segment(1);
    let body = json!({ "TraceSegmentDocuments": [document.to_string()] }).to_string();
    let fluoro = Fluoro::serve(&["--data-dir", data]);
    let mut stream = fluoro.begin_post("/TraceSegments", &body, 10);
    // Connections are taken in order, so the one before is in flight once this is answered.
    fluoro.post("/Groups", &json!({}));
    fluoro.signal(Signal::TERM);
    fluoro.no_longer_listens();
    stream.write_all(&body.as_bytes()[10..]).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
    let ended = fluoro.wait();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert_eq!(Fluoro::serve(&["--data-dir", data]).known(&[trace]), 1);
}

#[test]
fn a_request_that_never_ends_does_not_hold_it_up() {
    let fluoro = Fluoro::serve(&["--store", "memory"]);
    let _stream = fluoro.begin_post("/TraceSegments", "{\"TraceSegmentDocuments\":[]}", 5);
    fluoro.post("/Groups", &json!({}));
    let ended = fluoro.end(Signal::TERM);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert!(ended.took < STOP_PROMISE, "{:?}", ended.took);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let fluoro = Fluoro::serve(&["--store", "memory"]);
    let _stream = fluoro.begin_post("/TraceSegments", "{\"TraceSegmentDocuments\":[]}", 5);
    fluoro.post("/Groups", &json!({}));
    fluoro.signal(Signal::TERM);
    fluoro.no_longer_listens();
    let ended = fluoro.end(Signal::INT);
    assert_eq!(ended.status.code(), Some(130), "{}", ended.stderr);
}
