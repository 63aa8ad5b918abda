//! An orderly stop keeps what was accepted and lets requests in flight finish.

use testkit::{Sandbox, segment, trace_id};

#[tokio::test]
async fn documents_accepted_just_before_the_stop_are_there_after_it() {
    let sandbox = Sandbox::start().await;
    for number in 1..=200 {
        sandbox.send(&segment("front", &trace_id(number), number)).await;
    }
    // Not waited for: they may still be in the socket's buffer.
    let sandbox = sandbox.restart().await;
    sandbox.kept(200).await;
    let services = sandbox.service_graph().await;
    assert_eq!(services[0]["Name"], "front");
    assert_eq!(services[0]["SummaryStatistics"]["TotalCount"], 200, "{services:#}");
}

#[tokio::test]
async fn a_live_stream_does_not_hold_up_the_stop() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let sandbox = Sandbox::in_memory().await;
    let mut stream = tokio::net::TcpStream::connect(sandbox.http()).await.unwrap();
    stream.write_all(b"GET /api/live HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    sandbox.stop().await;
    // The stream ended rather than hang.
    stream.read_to_end(&mut Vec::new()).await.unwrap();
}

#[tokio::test]
async fn a_directory_that_another_server_holds_is_refused_with_what_to_do() {
    let sandbox = Sandbox::start().await;
    let error = sandbox.start_another().await.expect_err("one directory, one server");
    let told = model::error::chain(&error);
    assert!(told.contains("data directory"), "{told}");
}
