//! PutTraceSegments and PutTelemetryRecords: what is taken, what is refused, and that it is counted.

use std::io::Write;

use axum::body::Body;
use axum::http::Request;
use flate2::Compression;
use flate2::write::GzEncoder;
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Answer, Server, T, plain};

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn body_of(documents: &[Value]) -> String {
    let texts: Vec<String> = documents.iter().map(Value::to_string).collect();
    json!({ "TraceSegmentDocuments": texts }).to_string()
}

async fn send_encoded(server: &Server, encoding: &str, body: Vec<u8>) -> Answer {
    let request = Request::post("/TraceSegments").header("content-encoding", encoding);
    server.send(request.body(Body::from(body)).unwrap()).await
}

/// Reasons and counts of the door, as the console shows them.
async fn refused(server: &Server) -> Vec<(String, u64)> {
    let status = server.get("/api/status").await.json();
    let counts = status["refused"].as_array().unwrap().iter();
    counts.map(|one| (one["reason"].as_str().unwrap().to_owned(), one["count"].as_u64().unwrap())).collect()
}

#[tokio::test]
async fn a_bad_document_harms_none_of_its_neighbours() {
    let server = Server::start();
    let mut nameless = plain(2, 0.0);
    nameless.as_object_mut().unwrap().remove("name");
    let output = server.put(&[plain(1, 0.0), nameless, json!("no segment"), plain(3, 0.0)]).await;
    assert_snapshot!(output, @r#"{"UnprocessedTraceSegments":[{"Id":"0000000000000002","ErrorCode":"MissingName","Message":"Invalid segment. ErrorCode: MissingName"},{"Id":null,"ErrorCode":"UnknownType","Message":"Invalid entity. ErrorCode: UnknownType"}]}"#);
    let ids = [plain(1, 0.0)["trace_id"].clone(), plain(3, 0.0)["trace_id"].clone()];
    let traces = server.call("/Traces", json!({ "TraceIds": ids })).await;
    assert_eq!(traces["Traces"].as_array().unwrap().len(), 2);
    assert_eq!(refused(&server).await, [("MissingName".to_owned(), 1), ("UnknownType".to_owned(), 1)]);
}

#[tokio::test]
async fn requests_without_documents_are_refused() {
    let server = Server::start();
    let check = async |body: &str| server.refuse("/TraceSegments", body).await;
    assert_snapshot!(check(r#"{"TraceSegmentDocuments":[]}"#).await, @r#"400 InvalidRequestException {"Message":"Segments can not be empty"}"#);
    assert_snapshot!(check("{}").await, @r#"400 ValidationException {"message":"1 validation error detected: Value null at 'traceSegmentDocuments' failed to satisfy constraint: Member must not be null"}"#);
    assert_snapshot!(check("").await, @r#"400 ValidationException {"message":"1 validation error detected: Value null at 'traceSegmentDocuments' failed to satisfy constraint: Member must not be null"}"#);
    assert_snapshot!(check(r#"{"TraceSegmentDocuments":null}"#).await, @r#"400 ValidationException {"message":"1 validation error detected: Value null at 'traceSegmentDocuments' failed to satisfy constraint: Member must not be null"}"#);
    assert_snapshot!(check(r#"{"TraceSegmentDocuments":"x"}"#).await, @r#"400 SerializationException {"Message":"Expected list or null"}"#);
    assert_snapshot!(check(r#"{"TraceSegmentDocuments":[7]}"#).await, @r#"400 SerializationException {"Message":"NUMBER_VALUE can not be converted to a String"}"#);
    assert_snapshot!(check(r#"{"TraceSegmentDocuments":["a",{"b":[]}]}"#).await, @r#"400 SerializationException {"Message":"Start of structure or map found where not expected."}"#);
    assert_snapshot!(check(r#"{"TraceSegmentDocuments":["#).await, @r#"400 SerializationException {"Message":"the body is not JSON: EOF while parsing a list at line 1 column 26"}"#);
    assert_snapshot!(check("[]").await, @r#"400 SerializationException {"Message":"Unexpected value type in payload"}"#);
}

#[tokio::test]
async fn a_flood_of_empty_documents_is_cut_off() {
    let server = Server::start();
    let body = format!(r#"{{"TraceSegmentDocuments":[{}""]}}"#, r#""","#.repeat(100_000));
    let error = server.refuse("/TraceSegments", &body).await;
    assert_snapshot!(error, @r#"400 InvalidRequestException {"Message":"More than 100000 segments in one request"}"#);
}

#[tokio::test]
async fn gzip_is_taken_and_broken_gzip_is_counted() {
    let server = Server::start();
    let body = body_of(&[plain(1, 0.0)]);
    assert_eq!(send_encoded(&server, "gzip", gzip(body.as_bytes())).await.status, 200);
    let broken = send_encoded(&server, "gzip", b"no gzip at all".to_vec()).await;
    assert_snapshot!(broken.text(), @r#"{"__type":"SerializationException","Message":"the body is not valid gzip"}"#);
    assert_eq!(refused(&server).await, [("broken_encoding".to_owned(), 1)]);
}

#[tokio::test]
async fn four_megabytes_are_taken_and_a_bomb_is_not() {
    let server = Server::start();
    let mut large = plain(1, 0.0);
    large["metadata"] = json!({ "default": { "text": "x".repeat(60_000) } });
    let documents: Vec<Value> = (0..70).map(|_| large.clone()).collect();
    let body = body_of(&documents);
    assert!(body.len() > 4 << 20);
    assert_eq!(server.post("/TraceSegments", body).await.status, 200);

    let bomb = gzip(&vec![b' '; (16 << 20) + 1]);
    let answer = send_encoded(&server, "gzip", bomb).await;
    assert_eq!(answer.status, 413);
    assert_snapshot!(answer.text(), @r#"{"__type":"RequestEntityTooLargeException","Message":"the body is larger than 16777216 bytes"}"#);
    assert_eq!(refused(&server).await, [("oversized_body".to_owned(), 1)]);
}

#[tokio::test]
async fn wrong_utf8_around_the_documents_is_refused() {
    let server = Server::start();
    let answer = server.post("/TraceSegments", b"{\"TraceSegmentDocuments\":[\"{}\"\xff]}".to_vec()).await;
    assert_eq!(answer.status, 400);
    assert_eq!(refused(&server).await, [("not_json".to_owned(), 1)]);
}

#[tokio::test]
async fn segments_that_come_after_the_end_are_told_to_come_again() {
    let server = Server::start();
    server.shutdown.cancel();
    server.drained().await;
    let answer = server.post("/TraceSegments", body_of(&[plain(1, 0.0)])).await;
    assert_eq!((answer.status.as_u16(), &answer.headers["retry-after"]), (503, &"1".parse().unwrap()));
    assert_eq!(server.get("/readyz").await.status, 503);
    assert_eq!(server.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn telemetry_is_counted() {
    let server = Server::start();
    let record = json!({
        "Timestamp": T, "SegmentsReceivedCount": 5, "SegmentsSentCount": 4, "SegmentsSpilloverCount": 1_000,
        "SegmentsRejectedCount": 0, "BackendConnectionErrors": { "TimeoutCount": 2 },
    });
    let input = json!({
        "TelemetryRecords": [record], "EC2InstanceId": "", "Hostname": "", "ResourceARN": "",
    });
    // Counters are the process's, and other tests report some events too.
    let counted = async || {
        let metrics = server.get("/metrics").await.text();
        let line = metrics.lines().find_map(|line| {
            line.strip_prefix(r#"fluoro_daemon_reported_total{event="segments_spillover"} "#)
        });
        line.map_or(0, |count| count.parse::<u64>().unwrap())
    };
    let before = counted().await;
    assert_eq!(server.call("/TelemetryRecords", input).await, json!({}));
    assert!((1_000..2_000).contains(&(counted().await - before)));
}

#[tokio::test]
async fn bad_telemetry_is_refused() {
    let server = Server::start();
    let check = async |body: Value| server.refuse("/TelemetryRecords", &body.to_string()).await;
    assert_snapshot!(check(json!({ "TelemetryRecords": [] })).await, @r#"400 InvalidRequestException {"Message":"Telemetry records can not be empty"}"#);
    assert_snapshot!(check(json!({ "TelemetryRecords": [{}] })).await, @r#"400 ValidationException {"message":"1 validation error detected: Value null at 'telemetryRecords.1.member.timestamp' failed to satisfy constraint: Member must not be null"}"#);
    let long =
        json!({ "TelemetryRecords": [{ "Timestamp": T }], "EC2InstanceId": "i-0123456789abcdef01234" });
    assert_snapshot!(check(long).await, @r#"400 ValidationException {"message":"1 validation error detected: Value 'i-0123456789abcdef01234' at 'eC2InstanceId' failed to satisfy constraint: Member must have length less than or equal to 20"}"#);
}
