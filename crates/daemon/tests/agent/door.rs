//! What comes in: datagrams, lines of the Unix socket, and the end.

use tokio::io::AsyncWriteExt;

use crate::backend::Backend;
use crate::running::{Sender, config, start, until};

#[tokio::test]
async fn documents_go_on_as_they_came_and_bad_datagrams_are_counted() {
    let backend = Backend::start().await;
    let agent = start(&config(&[backend.url()])).await;
    let sender = Sender::to(&agent);
    sender.document("not json, and\ntwo lines");
    sender.datagram(b"{\"Format\":\"JSON\",\"VERSION\":1}\r\n{\"id\":\"a\"}");
    for bad in [&b""[..], b"no line feed", b"{\"format\":\"json\",\"version\":2}\n{}", b"\n{}"] {
        sender.datagram(bad);
    }
    sender.datagram(b"{\"format\":\"json\",\"version\":1}\n{\"x\":\"\xff\"}");
    assert_eq!(
        backend.documents(3).await,
        ["not json, and\ntwo lines", "{\"id\":\"a\"}", "{\"x\":\"\u{fffd}\"}"]
    );
    let counters = &agent.counters;
    assert_eq!((counters.received.get(), counters.repaired.get()), (6, 1));
    assert_eq!((counters.missing_header.get(), counters.invalid_header.get()), (1, 2));
    agent.stop().await;
}

#[tokio::test]
async fn the_end_takes_what_the_kernel_holds_and_sends_what_is_left() {
    let backend = Backend::start().await;
    let agent = start(&config(&[backend.url()])).await;
    let sent = Sender::to(&agent).documents(0..420);
    let counters = std::sync::Arc::clone(&agent.counters);
    agent.stop().await;
    assert_eq!(backend.documents(420).await, sent);
    assert_eq!(counters.upstreams[0].sent.get(), 420);
    let paths: Vec<String> = backend.rest().await.into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/TelemetryRecords"]);
}

#[tokio::test]
async fn the_last_telemetry_record_accounts_for_every_document() {
    let backend = Backend::start().await;
    let mut config = config(&[backend.url()]);
    "arn:x".clone_into(&mut config.resource_arn);
    let agent = start(&config).await;
    let sender = Sender::to(&agent);
    sender.documents(0..3);
    sender.datagram(b"nonsense");
    agent.stop().await;
    backend.documents(3).await;
    let record = backend.next().await.json();
    assert_eq!(record["ResourceARN"], "arn:x");
    let record = &record["TelemetryRecords"][0];
    assert_eq!(record["SegmentsReceivedCount"], 4);
    assert_eq!(record["SegmentsSentCount"], 3);
    assert_eq!(record["SegmentsRejectedCount"], 1);
    assert_eq!(record["SegmentsSpilloverCount"], 0);
}

#[tokio::test]
async fn nothing_is_told_when_nothing_came() {
    let backend = Backend::start().await;
    start(&config(&[backend.url()])).await.stop().await;
    assert!(backend.rest().await.is_empty());
}

#[tokio::test]
async fn a_document_that_no_datagram_holds_comes_by_the_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("xray.sock");
    let backend = Backend::start().await;
    let mut config = config(&[backend.url()]);
    config.unix_address = Some(path.clone());
    // An earlier process may have left its socket.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let agent = start(&config).await;
    let large = format!("{{\"id\":\"{}\"}}", "x".repeat(200_000));
    let mut stream = tokio::net::UnixStream::connect(&path).await.unwrap();
    stream.write_all(format!("{{\"id\":\"1\"}}\n{large}\n").as_bytes()).await.unwrap();
    assert_eq!(backend.documents(2).await, ["{\"id\":\"1\"}".to_owned(), large]);
    until("both are counted", || agent.counters.upstreams[0].sent.get() == 2).await;
    agent.stop().await;
}
