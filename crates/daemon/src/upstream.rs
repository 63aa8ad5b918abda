//! One upstream, and what came of asking it: requests are in its words, signed and packed as it wants them, and
//! answers are sorted by what the caller can do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, USER_AGENT,
};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use model::error::chain;
use otlp::response::Refused;
use parking_lot::Mutex;
use serde::Deserialize;

use crate::batch::Batch;
use crate::client::HttpClient;
use crate::config::Compression;
use crate::counters::UpstreamCounters;
use crate::endpoint::Endpoint;
use crate::identity::Identity;
use crate::sign::{Scope, sign};
use crate::translate::{Left, Translated, translate};

/// For one attempt. The AWS daemon gives up after 2 s, and drops the batch.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(10);
/// Of an answer: a name and a reason for each of 50 documents take a few kilobytes.
const MAX_ANSWER_BYTES: usize = 1 << 20;
/// The least that zstd has, and gzip's default: both pack documents to an eighth.
const ZSTD_LEVEL: i32 = 1;
const PROTOBUF: &str = "application/x-protobuf";
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
}

/// What it speaks.
#[derive(Debug)]
pub(crate) enum Speech {
    /// PutTraceSegments and its neighbours, in JSON.
    Xray,
    /// OTLP by HTTP in protobuf, each request with these headers.
    Otlp(HeaderMap),
}

/// How bodies are packed, which the upstream's answers may change.
pub(crate) struct Packing {
    wanted: Compression,
    now: AtomicU8,
    /// Kept, since making one costs more than packing a batch.
    zstd: Mutex<Option<zstd::bulk::Compressor<'static>>>,
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

    /// Sends a batch in the upstream's words.
    pub(crate) async fn send(&self, batch: &Batch) -> Result<Accepted, Failure> {
        if self.speaks_xray() {
            let answer = self.post("/TraceSegments", batch.body.clone()).await?;
            return Ok(Accepted { unprocessed: unprocessed(&answer.body), ..Accepted::default() });
        }
        let Translated { message, spans, left } = translate(&batch.documents());
        if spans == 0 {
            return Ok(Accepted { left, ..Accepted::default() });
        }
        let answer = self.post("", message).await?;
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
        let answer = Answer { headers: head.headers, body: body.to_bytes() };
        if head.status.is_success() {
            return Ok(answer);
        }
        Err(self.refusal(head.status, &answer, encoding.is_some()))
    }

    async fn request(
        &self,
        path: &str,
        body: Bytes,
        encoding: Option<&'static str>,
    ) -> Result<Request<Full<Bytes>>, Failure> {
        let built = self.endpoint.join(path).and_then(|uri| Request::post(uri).body(()));
        let mut parts = built.map_err(|error| unavailable(error.to_string()))?.into_parts().0;
        let now = SystemTime::now();
        let kind = match &self.speech {
            Speech::Xray => {
                if let Ok(timestamp) = HeaderValue::from_str(&timestamp(now)) {
                    parts.headers.insert(TIMESTAMP, timestamp);
                }
                "application/json"
            }
            Speech::Otlp(headers) => {
                parts.headers.extend(headers.clone());
                PROTOBUF
            }
        };
        parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        parts.headers.insert(CONTENT_LENGTH, body.len().into());
        parts.headers.insert(USER_AGENT, self.user_agent.clone());
        if let Some(encoding) = encoding {
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
        let excerpt: String =
            otlp::response::reason(&answer.body, answer.is_of(PROTOBUF)).chars().take(300).collect();
        let why = format!("{status} {error_type} {excerpt}");
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
        unavailable(chain(error))
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

impl std::fmt::Debug for Packing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packing")
            .field("wanted", &self.wanted)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

const PLAIN: u8 = 0;
const GZIP: u8 = 1;
const ZSTD: u8 = 2;

impl Packing {
    pub(crate) fn new(wanted: Compression) -> Self {
        let now = match wanted {
            // The first answer tells.
            Compression::Auto | Compression::None => PLAIN,
            Compression::Gzip => GZIP,
            Compression::Zstd => ZSTD,
        };
        Self { wanted, now: AtomicU8::new(now), zstd: Mutex::new(None) }
    }

    /// Takes up what the upstream offers: RFC 7694 has servers say so by `Accept-Encoding` in answers.
    fn heed(&self, headers: &HeaderMap, plain_is_best: bool) {
        if self.wanted != Compression::Auto || plain_is_best {
            return;
        }
        let Some(offer) = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()) else { return };
        let offers = |name: &str| {
            offer.split(',').any(|part| part.split(';').next().is_some_and(|coding| coding.trim() == name))
        };
        let now = if offers("zstd") { ZSTD } else { GZIP * u8::from(offers("gzip")) };
        self.now.store(now, Ordering::Relaxed);
    }

    fn never_again(&self) {
        self.now.store(PLAIN, Ordering::Relaxed);
    }

    /// The content coding and the packed body; what cannot be packed stays as it is.
    fn pack(&self, body: &Bytes) -> (Option<&'static str>, Bytes) {
        let packed = match self.now.load(Ordering::Relaxed) {
            ZSTD => self.zstd(body).map(|packed| ("zstd", packed)),
            GZIP => gzip(body).map(|packed| ("gzip", packed)),
            _ => None,
        };
        match packed {
            Some((coding, packed)) => (Some(coding), packed.into()),
            None => (None, body.clone()),
        }
    }

    fn zstd(&self, body: &[u8]) -> Option<Vec<u8>> {
        let mut compressor = self.zstd.lock();
        if compressor.is_none() {
            *compressor = zstd::bulk::Compressor::new(ZSTD_LEVEL).ok();
        }
        let mut packed = compressor.as_mut()?.compress(body).ok()?;
        packed.shrink_to_fit();
        Some(packed)
    }
}

fn gzip(body: &[u8]) -> Option<Vec<u8>> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coding(packing: &Packing) -> Option<&'static str> {
        let (coding, body) = packing.pack(&Bytes::from_static(b"body"));
        assert_eq!(body == "body", coding.is_none());
        coding
    }

    #[test]
    fn bodies_are_packed_as_the_upstream_offers() {
        let check = |wanted, offer: &'static str, plain_is_best, expected: Option<&str>| {
            let packing = Packing::new(wanted);
            let mut headers = HeaderMap::new();
            if !offer.is_empty() {
                headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(offer));
            }
            packing.heed(&headers, plain_is_best);
            assert_eq!(coding(&packing), expected, "{wanted:?} {offer}");
        };
        check(Compression::Auto, "", false, None);
        check(Compression::Auto, "zstd, gzip", false, Some("zstd"));
        check(Compression::Auto, "gzip;q=0.5", false, Some("gzip"));
        check(Compression::Auto, "br", false, None);
        check(Compression::Auto, "zstd", true, None);
        check(Compression::None, "zstd", false, None);
        check(Compression::Gzip, "", true, Some("gzip"));
        check(Compression::Zstd, "gzip", false, Some("zstd"));
    }

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
