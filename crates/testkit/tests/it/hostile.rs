//! Input that no SDK sends: each is refused and counted with its reason, and its neighbours go on.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use ingest::refusals::Door;
use serde_json::{Value, json};
use testkit::{Answer, Sandbox, segment, trace_id};

const HEADER: &[u8] = b"{\"format\":\"json\",\"version\":1}\n";

fn datagram(document: &[u8]) -> Vec<u8> {
    [HEADER, document].concat()
}

/// Sends the datagram between two good documents; it must be refused for the reason, and they be kept.
async fn check_datagram(bad: &[u8], reason: &str) {
    let sandbox = Sandbox::in_memory().await;
    sandbox.send(&segment("before", &trace_id(1), 1)).await;
    sandbox.send_datagram(bad).await;
    sandbox.send(&segment("after", &trace_id(2), 2)).await;
    sandbox.kept(2).await;
    sandbox.received(Door::Udp, 3).await;
    let refusals = sandbox.server().pipeline.ingest.refusals();
    assert_eq!(sandbox.refused(Door::Udp, reason), 1, "{reason}: {:?}", refusals.counts());
    let newest = &refusals.recent()[0];
    assert!(!newest.detail.is_empty() && newest.excerpt.len() <= 256, "{newest:?}");
    assert!(!newest.excerpt.contains(char::is_control), "{newest:?}");
}

#[tokio::test]
async fn datagrams_that_are_no_frames_are_refused() {
    let document = segment("front", &trace_id(3), 3).to_string();
    check_datagram(document.as_bytes(), "MissingHeader").await;
    check_datagram(HEADER, "MissingDocument").await;
    check_datagram(format!("{{\"format\":\"xml\",\"version\":1}}\n{document}").as_bytes(), "InvalidHeader")
        .await;
    check_datagram(b"\x00\x01\x02\x03\xff\xfe\n\x1b[2J", "InvalidHeader").await;
}

#[tokio::test]
async fn documents_that_are_not_json_are_refused() {
    check_datagram(&datagram(b"{\"name\":\"front\","), "ParseError").await;
    // Bytes that are not UTF-8 are mended at the door, so what is missing is told and not that.
    check_datagram(&datagram(b"{\"name\":\"\xff\xfe\"}"), "MissingId").await;
    let nested = format!("{{\"metadata\":{}{}}}", "[".repeat(30_000), "]".repeat(30_000));
    check_datagram(&datagram(nested.as_bytes()), "InvalidSegment").await;
}

#[tokio::test]
async fn documents_without_what_they_need_are_refused() {
    let check = async |change: fn(&mut Value), reason| {
        let mut document = segment("front", &trace_id(3), 3);
        change(&mut document);
        check_datagram(&datagram(document.to_string().as_bytes()), reason).await;
    };
    check(|document| document["name"] = json!("x".repeat(201)), "InvalidName").await;
    check(|document| document["trace_id"] = json!("1-x"), "InvalidTraceId").await;
    check(|document| document["id"] = json!("xyz"), "InvalidId").await;
    check(|document| drop(document.as_object_mut().map(|members| members.remove("id"))), "MissingId").await;
}

#[tokio::test]
async fn an_empty_datagram_is_nobody_s_document() {
    let sandbox = Sandbox::in_memory().await;
    sandbox.send_datagram(b"").await;
    sandbox.send(&segment("front", &trace_id(1), 1)).await;
    sandbox.kept(1).await;
    assert_eq!(sandbox.server().pipeline.ingest.refusals().received()[0], (Door::Udp, 1));
}

#[tokio::test]
async fn a_bad_document_of_a_batch_does_not_harm_its_neighbours() {
    let sandbox = Sandbox::in_memory().await;
    let good = segment("front", &trace_id(1), 1);
    let mut bad = segment("front", &trace_id(2), 2);
    bad["name"] = json!("x".repeat(201));
    let texts = [good.to_string(), "{".to_owned(), bad.to_string()];
    let answer = sandbox.post("/TraceSegments", &json!({ "TraceSegmentDocuments": texts })).await;
    assert_eq!(answer.status, 200);
    let unprocessed = answer.json()["UnprocessedTraceSegments"].take();
    let codes: Vec<_> = unprocessed.as_array().unwrap().iter().map(|one| one["ErrorCode"].clone()).collect();
    assert_eq!(codes, ["ParseError", "InvalidName"]);
    sandbox.kept(1).await;
    assert_eq!(sandbox.refused(Door::Http, "InvalidName"), 1);
    assert_eq!(sandbox.server().pipeline.ingest.refusals().received()[1], (Door::Http, 3));
}

/// The body is refused with this status; then a good one is taken.
async fn check_body(headers: &[(&str, &str)], body: Vec<u8>, status: u16, reason: &str) -> Answer {
    let sandbox = Sandbox::in_memory().await;
    let answer = sandbox.post_bytes("/TraceSegments", headers, body).await;
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(
        sandbox.refused(Door::Http, reason),
        1,
        "{:?}",
        sandbox.server().pipeline.ingest.refusals().counts()
    );
    assert_eq!(sandbox.put(&[segment("front", &trace_id(1), 1)]).await.status, 200);
    sandbox.kept(1).await;
    answer
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).expect("a vector takes everything");
    encoder.finish().expect("a vector takes everything")
}

#[tokio::test]
async fn bodies_out_of_bounds_are_refused() {
    let gzipped = [("content-encoding", "gzip")];
    check_body(&[], vec![b' '; 17 << 20], 413, "oversized_body").await;
    check_body(&gzipped, gzip(&vec![b' '; 64 << 20]), 413, "oversized_body").await;
    let mut broken = gzip(b"{\"TraceSegmentDocuments\":[]}");
    broken.truncate(12);
    check_body(&gzipped, broken, 400, "broken_encoding").await;
    check_body(&[], b"{\"TraceSegmentDocuments\":[".to_vec(), 400, "not_json").await;
    check_body(&[], b"\xff\xfe\x00".to_vec(), 400, "not_json").await;
}

#[tokio::test]
async fn a_gzipped_batch_is_taken() {
    let sandbox = Sandbox::in_memory().await;
    let document = segment("front", &trace_id(1), 1).to_string();
    let body = gzip(json!({ "TraceSegmentDocuments": [document] }).to_string().as_bytes());
    let answer = sandbox.post_bytes("/TraceSegments", &[("content-encoding", "gzip")], body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    sandbox.kept(1).await;
}

#[tokio::test]
async fn markup_in_a_name_comes_back_as_the_text_it_is() {
    let sandbox = Sandbox::in_memory().await;
    let name = "<script>alert(1)</script>";
    let mut document = segment("front", &trace_id(1), 1);
    document["annotations"] = json!({ "note": name });
    document["user"] = json!(name);
    let trace = document["trace_id"].as_str().unwrap().to_owned();
    sandbox.send(&document).await;
    sandbox.kept(1).await;
    assert_eq!(sandbox.trace(&trace).await[0]["user"], name);
    let answer = sandbox.get("/api/status").await;
    assert_eq!(answer.headers["content-type"], "application/json");
}

#[tokio::test]
async fn a_head_without_end_does_not_keep_a_connection() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let sandbox = Sandbox::in_memory().await;
    let mut stream = tokio::net::TcpStream::connect(sandbox.http()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let line = [b"x-filler: ".as_slice(), &[b'x'; 8_000], b"\r\n"].concat();
    // The server answers and closes long before this is through; a failed write says the same.
    for _ in 0..64 {
        if stream.write_all(&line).await.is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(sandbox.get("/healthz").await.status, 200);
}
