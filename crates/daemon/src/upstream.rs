//! One upstream, and what came of asking it: requests are in its words, and signed and packed as it wants them, and
//! answers are sorted by what the caller can do.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use model::error::chain;
use otlp::grpc;
use otlp::grpc::call::{self, Ended, Outcome, ended};
use otlp::response::Refused;
use serde::Deserialize;

use crate::batch::Batch;
use crate::client::HttpClient;
use crate::counters::UpstreamCounters;
use crate::endpoint::Endpoint;
use crate::identity::Identity;
use crate::packing::Packing;
use crate::sign::{Scope, sign};
use crate::translate::{Left, Translated, translate};

/// For one attempt. The AWS daemon gives up after 2 s, and drops the batch.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(10);
/// Of an answer: a name and a reason for each of 50 documents take a few kilobytes.
const MAX_ANSWER_BYTES: usize = 1 << 20;
/// Of what an upstream says, in the log.
const MAX_REASON_CHARS: usize = 300;
const PROTOBUF: &str = "application/x-protobuf";
const COPIED: HeaderName = HeaderName::from_static(door::copied::HEADER);
/// Set by the agent when it sends, so that the service can tell how far apart the clocks are.
const TIMESTAMP: HeaderName = HeaderName::from_static("x-amzn-xray-timestamp");

/// In names of errors: <https://docs.aws.amazon.com/xray/latest/api/CommonErrors.html>
const ABOUT_CREDENTIALS: [&str; 4] = ["Token", "Signature", "UnrecognizedClient", "AccessDenied"];

/// Everything that sending to it takes.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) endpoint: Endpoint,
    pub(crate) counters: Arc<UpstreamCounters>,
    pub(crate) client: HttpClient,
    pub(crate) identity: Identity,
    pub(crate) region: String,
    pub(crate) user_agent: HeaderValue,
    pub(crate) packing: Packing,
    pub(crate) speech: Speech,
    /// Whether what is sent are copies of what a server keeps.
    pub(crate) is_of_copies: bool,
}

/// What it speaks.
#[derive(Debug)]
pub(crate) enum Speech {
    /// PutTraceSegments and its neighbours, in JSON.
    Xray,
    /// OTLP by HTTP in protobuf, each request with these headers.
    Otlp(HeaderMap),
    /// The same by gRPC.
    OtlpGrpc(HeaderMap),
}

/// What became of a batch that was accepted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// Of X-Ray: the documents that were not taken.
    pub(crate) unprocessed: Vec<Unprocessed>,
    /// Of OTLP: the documents that are no spans, and the spans that were not taken.
    pub(crate) left: Vec<Left>,
    pub(crate) spans: usize,
    pub(crate) refused: Refused,
    /// There was nothing to send, so nobody answered.
    pub(crate) is_unasked: bool,
}

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct Unprocessed {
    pub(crate) id: Option<String>,
    pub(crate) error_code: Option<String>,
    pub(crate) message: Option<String>,
}

/// An answer that was read.
#[derive(Debug)]
pub(crate) struct Answer {
    headers: HeaderMap,
    body: Bytes,
}

/// Why a request was not accepted, by what the caller can do about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Try again later, and send less.
    Throttled { retry_after: Option<Duration> },
    /// Try again later: it cannot be reached, has trouble, or does not know us.
    Unavailable { why: String, retry_after: Option<Duration> },
    /// Something in this body will not do; the same again will not either.
    BadBody { why: String },
    /// The body was packed, which it does not understand; it will not be again.
    Packed,
}

impl Upstream {
    pub(crate) fn speaks_xray(&self) -> bool {
        matches!(self.speech, Speech::Xray)
    }

    fn speaks_grpc(&self) -> bool {
        matches!(self.speech, Speech::OtlpGrpc(_))
    }

    /// Sends a batch in the upstream's words.
    pub(crate) async fn send(&self, batch: &Batch) -> Result<Accepted, Failure> {
        if self.speaks_xray() {
            let answer = self.post("/TraceSegments", batch.body.clone()).await?;
            return Ok(Accepted { unprocessed: unprocessed(&answer.body), ..Accepted::default() });
        }
        let Translated { message, spans, left } = translate(&batch.documents());
        if spans == 0 {
            return Ok(Accepted { left, is_unasked: true, ..Accepted::default() });
        }
        let path = if self.speaks_grpc() { grpc::EXPORT } else { "" };
        let answer = self.post(path, message).await?;
        let refused = otlp::response::read(&answer.body, answer.is_of("application/json"));
        Ok(Accepted { left, spans, refused, ..Accepted::default() })
    }

    /// Sends a body to a path of the upstream.
    pub(crate) async fn post(&self, path: &str, body: Bytes) -> Result<Answer, Failure> {
        match tokio::time::timeout(ATTEMPT_LIMIT, self.attempt(path, body)).await {
            Ok(result) => result,
            Err(_) => {
                self.counters.errors.timeout.add(1);
                Err(unavailable("no answer within 10 s".to_owned()))
            }
        }
    }

    async fn attempt(&self, path: &str, body: Bytes) -> Result<Answer, Failure> {
        let (encoding, packed) = self.packing.pack(&body);
        // What was made for this attempt alone need not wait for the answer.
        drop(body);
        let request = self.request(path, packed, encoding).await?;
        let response = self.client.request(request).await.map_err(|error| self.count(&error))?;
        let (head, body) = response.into_parts();
        self.packing.heed(&head.headers, self.endpoint.is_aws() || self.endpoint.is_local());
        let body = Limited::new(body, MAX_ANSWER_BYTES).collect().await.map_err(|error| {
            self.counters.errors.other.add(1);
            unavailable(format!("the answer cannot be read: {error}"))
        })?;
        let trailers = body.trailers().cloned();
        let answer = Answer { headers: head.headers, body: body.to_bytes() };
        if !head.status.is_success() {
            return Err(self.refusal(head.status, &answer, encoding.is_some()));
        }
        match self.speaks_grpc() {
            true => self.called(answer, trailers.as_ref(), encoding),
            false => Ok(answer),
        }
    }

    /// What a call of gRPC's was answered, whose HTTP went well.
    fn called(
        &self,
        answer: Answer,
        trailers: Option<&HeaderMap>,
        encoding: Option<&str>,
    ) -> Result<Answer, Failure> {
        let errors = &self.counters.errors;
        let Some(Ended { outcome, message, retry_after }) = ended(&answer.headers, trailers, encoding) else {
            errors.other.add(1);
            return Err(unavailable(
                "the answer is none of gRPC's; OTLP by HTTP is Protocol: otlp".to_owned(),
            ));
        };
        let mut why: String = message.chars().take(MAX_REASON_CHARS).collect();
        match outcome {
            Outcome::Ok => {
                let body = grpc::unframe(&answer.body).map(|(_, message)| message).unwrap_or_default();
                return Ok(Answer { body, ..answer });
            }
            Outcome::Failed => errors.status_5xx.add(1),
            Outcome::Invalid | Outcome::Packed | Outcome::Denied => errors.status_4xx.add(1),
        }
        Err(match outcome {
            Outcome::Invalid => Failure::BadBody { why },
            Outcome::Denied => {
                why.push_str("; look at its address and Headers in Endpoints");
                Failure::Unavailable { why, retry_after }
            }
            Outcome::Packed => {
                self.packing.never_again();
                Failure::Packed
            }
            _ if retry_after.is_some() => {
                self.counters.throttled.add(1);
                Failure::Throttled { retry_after }
            }
            _ => Failure::Unavailable { why, retry_after },
        })
    }

    async fn request(
        &self,
        path: &str,
        mut body: Bytes,
        encoding: Option<&'static str>,
    ) -> Result<Request<Full<Bytes>>, Failure> {
        let built = self.endpoint.join(path).and_then(|uri| Request::post(uri).body(()));
        let mut parts = built.map_err(|error| unavailable(error.to_string()))?.into_parts().0;
        let now = SystemTime::now();
        match &self.speech {
            Speech::Xray => {
                if let Ok(timestamp) = HeaderValue::from_str(&timestamp(now)) {
                    parts.headers.insert(TIMESTAMP, timestamp);
                }
                parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            }
            Speech::Otlp(headers) => {
                parts.headers.extend(headers.clone());
                parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROTOBUF));
            }
            Speech::OtlpGrpc(headers) => {
                parts.headers.extend(headers.clone());
                parts.headers.extend(call::headers(encoding));
                body = grpc::message(&body, encoding.is_some());
            }
        }
        if self.is_of_copies {
            parts.headers.insert(COPIED, HeaderValue::from_static("1"));
        }
        parts.headers.insert(CONTENT_LENGTH, body.len().into());
        parts.headers.insert(USER_AGENT, self.user_agent.clone());
        if let Some(encoding) = encoding.filter(|_| !self.speaks_grpc()) {
            parts.headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        self.sign(&mut parts, &body, now).await?;
        Ok(Request::from_parts(parts, Full::new(body)))
    }

    /// Signs if there is anything to sign with. X-Ray takes nothing else; to a Fluoro, what has no signature
    /// yet goes without. Other backends of OpenTelemetry's know keys in headers.
    async fn sign(
        &self,
        parts: &mut http::request::Parts,
        body: &[u8],
        now: SystemTime,
    ) -> Result<(), Failure> {
        if !self.signs() {
            return Ok(());
        }
        let credentials =
            if self.endpoint.is_aws() { self.identity.first().await } else { self.identity.current() };
        match credentials {
            Some(credentials) => {
                let scope = Scope { region: &self.region, is_aws: self.endpoint.is_aws() };
                sign(parts, body, &credentials, scope, now).map_err(|error| unavailable(chain(&error)))
            }
            None if self.endpoint.is_aws() => Err(unavailable("there are no credentials".to_owned())),
            None => Ok(()),
        }
    }

    fn signs(&self) -> bool {
        self.speaks_xray() || self.endpoint.is_aws()
    }

    fn refusal(&self, status: StatusCode, answer: &Answer, was_packed: bool) -> Failure {
        let headers = &answer.headers;
        let error_type =
            headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let retry_after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.and_then(|value| wait(value.trim(), SystemTime::now()));
        // X-Ray says 429, older services of AWS 400 and the name.
        if status == StatusCode::TOO_MANY_REQUESTS || error_type.contains("Throttl") {
            self.counters.throttled.add(1);
            self.counters.errors.status_4xx.add(1);
            return Failure::Throttled { retry_after };
        }
        // Fluoro's word for a queue that is full: clients of AWS in the collector drop what a 429 answers.
        if status == StatusCode::SERVICE_UNAVAILABLE && retry_after.is_some() {
            self.counters.throttled.add(1);
            self.counters.errors.status_5xx.add(1);
            return Failure::Throttled { retry_after };
        }
        let counter = if status.is_server_error() {
            &self.counters.errors.status_5xx
        } else {
            &self.counters.errors.status_4xx
        };
        counter.add(1);
        let excerpt: String = otlp::response::reason(&answer.body, answer.is_of(PROTOBUF))
            .chars()
            .take(MAX_REASON_CHARS)
            .collect();
        let said = [&status.to_string(), error_type, &excerpt];
        let said: Vec<&str> = said.into_iter().filter(|part| !part.is_empty()).collect();
        let why = said.join(" ") + self.advice(status);
        // Of what AWS says about credentials, some comes as 400: the body is not at fault.
        let is_about_us = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
            || ABOUT_CREDENTIALS.iter().any(|word| error_type.contains(word));
        if is_about_us {
            if self.signs() {
                self.identity.refused();
            }
            return Failure::Unavailable { why, retry_after };
        }
        match status {
            StatusCode::UNSUPPORTED_MEDIA_TYPE if was_packed => {
                self.packing.never_again();
                Failure::Packed
            }
            StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => {
                Failure::BadBody { why }
            }
            // Among them 404: the address is not what it should be, until somebody corrects it.
            _ => Failure::Unavailable { why, retry_after },
        }
    }

    fn count(&self, error: &hyper_util::client::legacy::Error) -> Failure {
        let errors = &self.counters.errors;
        let counter = match io_error(error) {
            Some(io) if io.kind() == std::io::ErrorKind::ConnectionRefused => &errors.refused,
            Some(io) if io.kind() == std::io::ErrorKind::TimedOut => &errors.timeout,
            // What the resolver says has no number of the kernel's.
            Some(io) if error.is_connect() && io.raw_os_error().is_none() => &errors.unknown_host,
            _ => &errors.other,
        };
        counter.add(1);
        // What answers, and not in the words that were expected.
        let is_of_other_words = !error.is_connect() && io_error(error).is_none();
        unavailable(match &self.speech {
            Speech::Otlp(_) if is_of_other_words => {
                format!("{}; if this port speaks gRPC, say Protocol: otlp-grpc", chain(error))
            }
            Speech::OtlpGrpc(_) if is_of_other_words => {
                format!("{}; if this port speaks HTTP alone, say Protocol: otlp", chain(error))
            }
            _ => chain(error),
        })
    }

    /// What to look at, of an upstream that no AWS SDK set up.
    fn advice(&self, status: StatusCode) -> &'static str {
        match status {
            _ if self.speaks_xray() => "",
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "; look at its Headers in Endpoints",
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => "; look at its address in Endpoints",
            _ => "",
        }
    }
}

impl Answer {
    fn is_of(&self, kind: &str) -> bool {
        let given = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        given.split(';').next().is_some_and(|given| given.trim().eq_ignore_ascii_case(kind))
    }
}

/// An upstream that says 200 and no JSON has accepted: to send it again would double it.
fn unprocessed(answer: &[u8]) -> Vec<Unprocessed> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(rename = "UnprocessedTraceSegments", default)]
        unprocessed: Vec<Unprocessed>,
    }
    serde_json::from_slice::<Answer>(answer).map(|answer| answer.unprocessed).unwrap_or_default()
}

/// What `Retry-After` says: seconds, or a date.
fn wait(value: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Some(SystemTime::from(at).duration_since(now).unwrap_or_default())
}

fn unavailable(why: String) -> Failure {
    Failure::Unavailable { why, retry_after: None }
}

fn io_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a std::io::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref() {
            return Some(io);
        }
        next = error.source();
    }
    None
}

/// Seconds since 1970 with nine decimals, as the AWS daemon writes them.
fn timestamp(now: SystemTime) -> String {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{}.{:09}", since.as_secs(), since.subsec_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_nine_decimals() {
        let time = UNIX_EPOCH + Duration::new(1_700_000_000, 5_000_000);
        assert_eq!(timestamp(time), "1700000000.005000000");
    }

    #[test]
    fn answers_are_read_with_what_they_lack() {
        let answer = r#"{"UnprocessedTraceSegments":[{"ErrorCode":"x","Message":null},{"Id":"a"}]}"#;
        assert_eq!(unprocessed(answer.as_bytes())[1].id.as_deref(), Some("a"));
        assert!(unprocessed(b"{}").is_empty() && unprocessed(b"ok").is_empty());
    }

    #[test]
    fn the_time_to_come_back_is_seconds_or_a_date() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_770);
        let check = |value: &str, seconds: Option<u64>| {
            assert_eq!(wait(value, now), seconds.map(Duration::from_secs), "{value}");
        };
        check("7", Some(7));
        check("Sun, 06 Nov 1994 08:49:37 GMT", Some(7));
        check("Sun, 06 Nov 1994 08:49:00 GMT", Some(0));
        check("soon", None);
        check("-1", None);
    }
}
