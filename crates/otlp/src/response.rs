//! What a sender is answered: `ExportTraceServiceResponse`, or `google.rpc.Status` where nothing was taken.

use prost::Message;
use serde_json::json;

use crate::reject::Rejects;

/// Answers are read with a bound of 4 MiB; this is far below.
const MAX_MESSAGE_CHARS: usize = 2_000;

#[derive(Clone, PartialEq, Message)]
struct Response {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

#[derive(Clone, PartialEq, Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected_spans: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Duration>,
}

#[derive(Clone, PartialEq, Message)]
struct Duration {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

/// Success. An empty message, unless something was refused: an empty `partial_success` has been taken for a failure.
pub fn protobuf(rejects: &Rejects) -> Vec<u8> {
    let partial_success = (!rejects.is_silent()).then(|| PartialSuccess {
        rejected_spans: rejects.count().try_into().unwrap_or(i64::MAX),
        error_message: text(&rejects.to_string()),
    });
    Response { partial_success }.encode_to_vec()
}

/// The same in JSON.
pub fn json(rejects: &Rejects) -> String {
    if rejects.is_silent() {
        return "{}".to_owned();
    }
    let mut partial = json!({ "errorMessage": text(&rejects.to_string()) });
    if rejects.count() > 0 {
        partial["rejectedSpans"] = rejects.count().to_string().into();
    }
    json!({ "partialSuccess": partial }).to_string()
}

/// Failure, with a code of gRPC's.
pub fn status_protobuf(code: i32, message: &str) -> Vec<u8> {
    Status { code, message: text(message), details: Vec::new() }.encode_to_vec()
}

pub fn status_json(code: i32, message: &str) -> String {
    json!({ "code": code, "message": text(message) }).to_string()
}

/// `RetryInfo`, bare as Python reads it.
pub fn retry_info(seconds: u32) -> Vec<u8> {
    RetryInfo { retry_delay: Some(Duration { seconds: seconds.into(), nanos: 0 }) }.encode_to_vec()
}

/// A status with `RetryInfo` in its details, as everybody else reads it.
pub fn status_with_retry(code: i32, message: &str, seconds: u32) -> Vec<u8> {
    let type_url = "type.googleapis.com/google.rpc.RetryInfo".to_owned();
    let details = vec![Any { type_url, value: retry_info(seconds) }];
    Status { code, message: text(message), details }.encode_to_vec()
}

fn text(message: &str) -> String {
    message.chars().take(MAX_MESSAGE_CHARS).collect()
}
