//! The other side: what a call that sends spans looks like, and what came of it.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::{HeaderMap, HeaderValue};
use tonic::Status;

use crate::response;

const DETAILS: &str = "grpc-status-details-bin";
/// Where Python's servers say it.
const RETRY_INFO: &str = "google.rpc.retryinfo-bin";

/// How a call ended that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub outcome: Outcome,
    pub message: String,
    /// When to come back, where the receiver says so.
    pub retry_after: Option<Duration>,
}

/// A status, by what a sender can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Ok,
    /// What was sent will never be taken as it is.
    Invalid,
    /// It is packed in a way that the receiver does not know.
    Packed,
    /// The receiver does not know who sends, or has no such method.
    Denied,
    /// It cannot take it now.
    Failed,
}

/// The headers of a call whose message is packed like that.
pub fn headers(encoding: Option<&'static str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/grpc"));
    headers.insert("te", HeaderValue::from_static("trailers"));
    if let Some(encoding) = encoding {
        headers.insert("grpc-encoding", HeaderValue::from_static(encoding));
    }
    headers
}

/// Reads the status, which is in the trailers, or in the headers where there is no message; `None` where there is none.
pub fn ended(headers: &HeaderMap, trailers: Option<&HeaderMap>, encoding: Option<&str>) -> Option<Ended> {
    let mut last = trailers.filter(|it| it.contains_key("grpc-status")).unwrap_or(headers).clone();
    // Tonic panics at details that are not base64.
    let details = binary(last.remove(DETAILS).as_ref());
    let status = Status::from_header_map(&last)?;
    let retry_after = details
        .and_then(|details| response::retry_after(&details))
        .or_else(|| response::bare_retry_after(&binary(last.get(RETRY_INFO))?));
    let is_unknown = |encoding: &str| {
        let taken = headers.get("grpc-accept-encoding").or_else(|| last.get("grpc-accept-encoding"));
        let mut taken = taken.and_then(|taken| taken.to_str().ok()).map(|taken| taken.split(','));
        taken.as_mut().is_some_and(|taken| !taken.any(|one| one.trim() == encoding))
    };
    let outcome = match status.code() as i32 {
        0 => Outcome::Ok,
        12 if encoding.is_some_and(is_unknown) => Outcome::Packed,
        5 | 7 | 12 | 16 => Outcome::Denied,
        // Too much at once, unless it says when to come back.
        3 => Outcome::Invalid,
        8 if retry_after.is_none() => Outcome::Invalid,
        _ => Outcome::Failed,
    };
    Some(Ended { outcome, message: status.message().to_owned(), retry_after })
}

fn binary(header: Option<&HeaderValue>) -> Option<Vec<u8>> {
    let text = header?.to_str().ok()?;
    STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grpc::{Failure, failed};

    fn check(headers: &HeaderMap, expected: (Outcome, &str, Option<u64>)) {
        let ended = ended(headers, None, Some("gzip")).expect("a status");
        let seconds = ended.retry_after.map(|wait| wait.as_secs());
        assert_eq!((ended.outcome, ended.message.as_str(), seconds), expected);
    }

    #[test]
    fn what_our_own_door_says_is_understood() {
        let check = |failure: Failure, expected| check(failed::<()>(failure).headers(), expected);
        let busy = Failure::Unavailable { message: "one\ntwo".to_owned(), seconds: 7 };
        check(busy, (Outcome::Failed, "one\ntwo", Some(7)));
        check(Failure::Invalid("a".to_owned()), (Outcome::Invalid, "a", None));
        check(Failure::TooLarge("a".to_owned()), (Outcome::Invalid, "a", None));
        check(Failure::Unauthenticated("a".to_owned()), (Outcome::Denied, "a", None));
        check(Failure::NotFound("a".to_owned()), (Outcome::Denied, "a", None));
    }

    #[test]
    fn what_others_may_say_is_understood() {
        let with = |pairs: &[(&'static str, &'static str)]| {
            pairs
                .iter()
                .map(|(name, value)| (name.parse().expect("a name"), HeaderValue::from_static(value)))
                .collect()
        };
        check(&with(&[("grpc-status", "0")]), (Outcome::Ok, "", None));
        check(&with(&[("grpc-status", "14")]), (Outcome::Failed, "", None));
        // RetryInfo of 2 s, bare, and what is nothing of the kind.
        check(&with(&[("grpc-status", "8"), (RETRY_INFO, "CgIIAg")]), (Outcome::Failed, "", Some(2)));
        check(&with(&[("grpc-status", "14"), (DETAILS, "?")]), (Outcome::Failed, "", None));
        check(
            &with(&[("grpc-status", "12"), ("grpc-accept-encoding", "identity")]),
            (Outcome::Packed, "", None),
        );
        check(&with(&[("grpc-status", "12"), ("grpc-accept-encoding", "gzip")]), (Outcome::Denied, "", None));
        assert_eq!(ended(&HeaderMap::new(), None, None), None);
        let trailers: HeaderMap = with(&[("grpc-status", "3"), ("grpc-message", "no%20id")]);
        let found = ended(&HeaderMap::new(), Some(&trailers), None).expect("a status");
        assert_eq!((found.outcome, found.message.as_str()), (Outcome::Invalid, "no id"));
    }

    #[test]
    fn a_message_is_read_back_with_its_packing() {
        for is_packed in [false, true] {
            let framed = super::super::message(b"abc", is_packed);
            assert_eq!(crate::grpc::unframe(&framed), Ok((is_packed, "abc".into())));
        }
        assert_eq!(headers(Some("gzip"))["grpc-encoding"], "gzip");
    }
}
