//! What goes out: batches, and what becomes of them when the upstream will not have them.

use daemon::config::{Compression, SpoolConfig};

use crate::backend::{Backend, Reply, accepted, reply};
use crate::running::{Sender, config, start, until};

#[tokio::test]
async fn a_batch_is_what_the_aws_daemon_would_send() {
    let backend = Backend::start().await;
    let agent = start(&config(&[backend.url()])).await;
    Sender::to(&agent).document("{\"id\": \"a\"}");
    let request = backend.next().await;
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/TraceSegments"));
    assert_eq!(request.body, br#"{"TraceSegmentDocuments":["{\"id\": \"a\"}"]}"#);
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(request.header("content-encoding"), "");
    let (seconds, decimals) = request.header("x-amzn-xray-timestamp").split_once('.').unwrap();
    assert!(seconds.len() == 10 && decimals.len() == 9, "{seconds}.{decimals}");
    let agent_name = request.header("user-agent");
    assert!(agent_name.contains("xray-agent/xray-daemon/") && agent_name.contains(" exec-env/UNKNOWN OS/"));
    agent.stop().await;
}

#[tokio::test]
async fn no_batch_has_more_than_fifty_documents() {
    let backend = Backend::start().await;
    let agent = start(&config(&[backend.url()])).await;
    let sent = Sender::to(&agent).documents(0..130);
    let mut sizes = Vec::new();
    let mut documents = Vec::new();
    while documents.len() < 130 {
        let batch = backend.next().await.documents();
        sizes.push(batch.len());
        documents.extend(batch);
    }
    documents.sort();
    assert_eq!(documents, sent);
    sizes.sort_unstable();
    assert_eq!(sizes, [30, 50, 50]);
    agent.stop().await;
}

/// Answers the first requests with these, and accepts the others.
fn first(mut replies: Vec<Reply>) -> impl FnMut(&crate::backend::Received) -> Reply + Send {
    move |_| if replies.is_empty() { accepted() } else { replies.remove(0) }
}

#[tokio::test]
async fn what_fails_is_sent_again_until_it_is_taken() {
    let busy = |status| {
        http::Response::builder().status(status).header("retry-after", "0").body(Default::default()).unwrap()
    };
    let named = http::Response::builder()
        .status(400)
        .header("x-amzn-errortype", "ThrottlingException")
        .body(Default::default());
    let replies = vec![
        reply(500, ""),
        reply(503, ""),
        busy(429),
        // As Fluoro says it.
        busy(503),
        named.unwrap(),
        reply(403, ""),
        reply(404, ""),
    ];
    let attempts = replies.len() + 1;
    let backend = Backend::with(first(replies)).await;
    let agent = start(&config(&[backend.url()])).await;
    Sender::to(&agent).document("{\"id\":\"a\"}");
    for _ in 0..attempts {
        assert_eq!(backend.next().await.documents(), ["{\"id\":\"a\"}"]);
    }
    let upstream = &agent.counters.upstreams[0];
    until("it is taken", || upstream.sent.get() == 1).await;
    assert_eq!((upstream.errors.status_5xx.get(), upstream.errors.status_4xx.get()), (3, 4));
    assert_eq!((upstream.throttled.get(), upstream.waiting_bytes.get()), (3, 0));
    agent.stop().await;
}

#[tokio::test]
async fn one_bad_document_does_not_take_its_neighbours_with_it() {
    let backend = Backend::with(|request| {
        let is_bad = request.body.windows(6).any(|window| window == b"000017");
        if is_bad { reply(400, r#"{"Message":"no"}"#) } else { accepted() }
    })
    .await;
    let agent = start(&config(&[backend.url()])).await;
    Sender::to(&agent).documents(0..50);
    let upstream = &agent.counters.upstreams[0];
    until("all is settled", || upstream.sent.get() == 49 && upstream.refused.get() == 1).await;
    assert_eq!(upstream.waiting_documents.get(), 0);
    agent.stop().await;
}

#[tokio::test]
async fn unprocessed_documents_are_counted_and_those_that_may_pass_later_are_sent_again() {
    let unprocessed = r#"{"UnprocessedTraceSegments":[
        {"Id":"000001","ErrorCode":"InvalidId","Message":"m"},{"Id":"000002","ErrorCode":"ThrottledException"},{"ErrorCode":"x"}]}"#;
    let backend = Backend::with(first(vec![reply(200, unprocessed)])).await;
    let agent = start(&config(&[backend.url()])).await;
    Sender::to(&agent).documents(0..4);
    assert_eq!(backend.next().await.documents().len(), 4);
    assert_eq!(backend.next().await.documents(), ["{\"id\":\"000002\"}"]);
    let upstream = &agent.counters.upstreams[0];
    until("all is settled", || upstream.sent.get() == 2).await;
    assert_eq!((upstream.unprocessed.get(), upstream.waiting_documents.get()), (2, 0));
    agent.stop().await;
}

#[tokio::test]
async fn bodies_are_packed_for_who_takes_it_and_only_so_long() {
    for (compression, coding) in [(Compression::Zstd, "zstd"), (Compression::Gzip, "gzip")] {
        let backend = Backend::with(first(vec![accepted(), reply(415, "")])).await;
        let mut config = config(&[backend.url()]);
        config.compression = compression;
        let agent = start(&config).await;
        let sender = Sender::to(&agent);
        sender.documents(0..50);
        let request = backend.next().await;
        assert_eq!((request.header("content-encoding"), request.documents().len()), (coding, 50));
        sender.documents(50..100);
        assert_eq!(backend.next().await.header("content-encoding"), coding);
        let again = backend.next().await;
        assert_eq!((again.header("content-encoding"), again.documents().len()), ("", 50));
        until("all is taken", || agent.counters.upstreams[0].sent.get() == 100).await;
        agent.stop().await;
    }
}

#[tokio::test]
async fn an_upstream_that_is_down_does_not_hold_up_another() {
    let backend = Backend::start().await;
    let agent = start(&config(&["http://127.0.0.1:1".to_owned(), backend.url()])).await;
    let sent = Sender::to(&agent).documents(0..60);
    assert_eq!(backend.documents(60).await, sent);
    let down = &agent.counters.upstreams[0];
    until("the other was tried", || down.errors.refused.get() > 0).await;
    assert_eq!(down.waiting_documents.get(), 60);
    agent.stop().await;
}

#[tokio::test]
async fn memory_is_bounded_and_what_does_not_fit_is_counted() {
    let mut config = config(&["http://127.0.0.1:1".to_owned()]);
    config.buffer_megabytes = 3;
    let agent = start(&config).await;
    let sender = Sender::to(&agent);
    let document = format!("{{\"x\":\"{}\"}}", "y".repeat(60_000));
    let upstream = &agent.counters.upstreams[0];
    for sent in 1..=100 {
        sender.document(&document);
        until("it is received", || agent.counters.received.get() == sent).await;
    }
    until("the oldest had to go", || upstream.spilled.get() > 0).await;
    assert!(upstream.waiting_bytes.get() <= 3 << 20);
    let counters = std::sync::Arc::clone(&agent.counters);
    agent.stop().await;
    let upstream = &counters.upstreams[0];
    assert_eq!(upstream.spilled.get() + upstream.abandoned.get(), 100);
}

#[tokio::test]
async fn a_spool_survives_a_down_backend_and_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    // Nobody listens there until later.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let later = free.local_addr().unwrap();
    drop(free);
    let mut config = config(&[format!("http://{later}")]);
    config.spool = Some(SpoolConfig { folder: folder.path().to_owned(), max_bytes: 1 << 30 });
    let agent = start(&config).await;
    let sent = Sender::to(&agent).documents(0..330);
    let counters = std::sync::Arc::clone(&agent.counters);
    agent.stop().await;
    assert_eq!((counters.upstreams[0].abandoned.get(), counters.upstreams[0].spilled.get()), (0, 0));
    let backend = Backend::at(later, |_| accepted()).await;
    let agent = start(&config).await;
    assert_eq!(backend.documents(330).await, sent);
    until("the spool is empty", || agent.counters.upstreams[0].spool_bytes.get() == 0).await;
    agent.stop().await;
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .flatten()
        .flat_map(|folder| std::fs::read_dir(folder.path()).unwrap())
        .collect();
    assert!(left.is_empty(), "{left:?}");
}
