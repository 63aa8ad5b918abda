//! What a sender is answered: `ExportTraceServiceResponse`, or `google.rpc.Status` where nothing was taken.

use prost::Message;
use serde_json::{Value, json};

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

/// What a receiver refused of a request that it took, in its own words.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Refused {
    pub spans: u64,
    pub why: String,
}

/// Reads an answer of success in protobuf, or in JSON where that is what it says; what nobody can read says nothing.
pub fn read(answer: &[u8], is_json: bool) -> Refused {
    let partial = match is_json {
        true => serde_json::from_slice::<Value>(answer).ok().and_then(|answer| {
            let partial = answer.get("partialSuccess")?;
            let spans = partial.get("rejectedSpans");
            Some(PartialSuccess {
                rejected_spans: spans
                    .and_then(|it| it.as_i64().or_else(|| it.as_str()?.parse().ok()))
                    .unwrap_or(0),
                error_message: partial
                    .get("errorMessage")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned(),
            })
        }),
        false => Response::decode(answer).ok().and_then(|answer| answer.partial_success),
    };
    let PartialSuccess { rejected_spans, error_message } = partial.unwrap_or_default();
    Refused { spans: rejected_spans.try_into().unwrap_or(0), why: text(&error_message) }
}

/// The reason of a failure, which is a status in protobuf unless it says that it is JSON, and a text as it is.
pub fn reason(answer: &[u8], is_protobuf: bool) -> String {
    let status = is_protobuf.then(|| Status::decode(answer).ok()).flatten();
    match status {
        Some(status) => text(&status.message),
        None => text(&String::from_utf8_lossy(answer)),
    }
}

/// Failure, with a code of gRPC's.
pub fn status_protobuf(code: i32, message: &str) -> Vec<u8> {
    Status { code, message: text(message), details: Vec::new() }.encode_to_vec()
}

pub fn status_json(code: i32, message: &str) -> String {
    json!({ "code": code, "message": text(message) }).to_string()
}

/// When a status in protobuf says to come back, by the `RetryInfo` among its details.
#[cfg(feature = "grpc")]
pub(crate) fn retry_after(status: &[u8]) -> Option<std::time::Duration> {
    let details = Status::decode(status).ok()?.details;
    let info = details.into_iter().find(|any| any.type_url.ends_with("/google.rpc.RetryInfo"))?;
    bare_retry_after(&info.value)
}

#[cfg(feature = "grpc")]
pub(crate) fn bare_retry_after(info: &[u8]) -> Option<std::time::Duration> {
    let Duration { seconds, nanos } = RetryInfo::decode(info).ok()?.retry_delay?;
    let nanos = u32::try_from(nanos).ok().filter(|nanos| *nanos < 1_000_000_000)?;
    Some(std::time::Duration::new(seconds.try_into().ok()?, nanos))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reject::Reject;

    #[test]
    fn what_is_answered_is_read_again() {
        let mut rejects = Rejects::default();
        assert_eq!(read(&protobuf(&rejects), false), Refused::default());
        assert_eq!(read(json(&rejects).as_bytes(), true), Refused::default());
        rejects.add(Reject::TraceId);
        rejects.add(Reject::TraceId);
        let expected =
            Refused { spans: 2, why: "2 spans refused: the trace id is not 16 bytes, or zero".to_owned() };
        assert_eq!(read(&protobuf(&rejects), false), expected);
        assert_eq!(read(json(&rejects).as_bytes(), true), expected);
        assert_eq!(read(b"<html>", false), Refused::default());
        assert_eq!(read(b"<html>", true), Refused::default());
        assert_eq!(read(br#"{"partialSuccess":{"rejectedSpans":3}}"#, true).spans, 3);
        assert_eq!(reason(&status_protobuf(3, "no"), true), "no");
        assert_eq!(reason(b"nothing here", false), "nothing here");
    }
}
