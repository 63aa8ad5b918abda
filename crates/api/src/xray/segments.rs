//! PutTraceSegments: each document stands for itself, and one that is refused harms none of the others.

use std::sync::Arc;

use ::otlp::Taken;
use ::otlp::text::{BadText, Text};
use axum::Json;
use axum::extract::{Request, State};
use axum::http::HeaderName;
use axum::http::header::ACCEPT_ENCODING;
use bytes::Bytes;
use ingest::refusals::{Door, Refusal, excerpt};
use model::SegmentDocument;
use serde::Serialize;
use wire::Reject;

use super::documents::{self, Texts};
use crate::app::{App, Shared};
use crate::body::{self, BodyError, ReadBody};
use crate::error::XRayError;
use crate::route;

/// Decoding of more than this moves off the threads that serve requests; it takes some milliseconds.
const MUCH: usize = 256 << 10;

/// What bodies may be packed with, told in each answer as RFC 7694 has it: X-Ray takes none, so an agent that
/// sends to either must be able to find out.
const CODINGS: [(HeaderName, &str); 1] = [(ACCEPT_ENCODING, "zstd, gzip, deflate")];

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Output {
    unprocessed_trace_segments: Vec<UnprocessedTraceSegment>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct UnprocessedTraceSegment {
    id: Option<String>,
    error_code: String,
    message: String,
}

/// Answers when every good document is durable. Bad ones are listed in the answer, whose status is 200.
pub(crate) async fn put_trace_segments(
    State(app): State<Shared>,
    request: Request,
) -> Result<([(HeaderName, &'static str); 1], Json<Output>), XRayError> {
    let (head, body) = request.into_parts();
    let read =
        body::read(&head.headers, body, route::max_body(&head.extensions), &app.bodies.of(&head.extensions))
            .await;
    // Its share of the memory for bodies is kept until the documents are durable.
    let ReadBody { bytes, share: _share } = read.inspect_err(|error| refuse_body(&app, error))?;
    let texts = documents::read(&bytes).inspect_err(|error| {
        if matches!(error, XRayError::Serialization(_)) {
            refuse(&app, "not_json", error.to_string(), &bytes);
        }
    })?;
    let is_much = bytes.len() > MUCH;
    drop(bytes);
    let Decoded { good, bad, mended } = if is_much {
        tokio::task::spawn_blocking(|| decode(texts))
            .await
            .map_err(|error| XRayError::Internal(Arc::new(error)))?
    } else {
        decode(texts)
    };
    app.deps.ingest.count_mended(Door::Http, mended);
    for (reject, excerpt) in &bad {
        refuse(&app, &reject.code.to_string(), reject.detail.clone(), excerpt);
    }
    app.ingest(&head.headers).submit(Door::Http, good).await?;
    let unprocessed_trace_segments = bad.iter().map(|(reject, _)| unprocessed(reject)).collect();
    Ok((CODINGS, Json(Output { unprocessed_trace_segments })))
}

struct Decoded {
    good: Vec<SegmentDocument>,
    /// Each with the document that it is about.
    bad: Vec<(Reject, Bytes)>,
    /// How many of the good ones held bytes that are no UTF-8.
    mended: usize,
}

fn decode(texts: Texts) -> Decoded {
    let Texts { documents, was_mended } = texts;
    let mut decoded = Decoded { good: Vec::with_capacity(documents.len()), bad: Vec::new(), mended: 0 };
    for text in documents {
        let has_mark = was_mended && text.contains(char::REPLACEMENT_CHARACTER);
        let raw = Bytes::from(text);
        if let Some(spans) = ::otlp::text::decode(&raw) {
            take_spans(spans, raw, &mut decoded);
            continue;
        }
        match wire::receive(raw.clone()) {
            Ok(received) => {
                decoded.mended += usize::from(has_mark);
                decoded.good.push(received.document);
            }
            Err(reject) => decoded.bad.push((reject, raw)),
        }
    }
    decoded
}

/// What the CloudWatch agent writes in place of a document, each with as many spans as it likes.
fn take_spans(spans: Result<Text, BadText>, raw: Bytes, Decoded { good, bad, .. }: &mut Decoded) {
    match spans {
        Ok(Text::Spans(Taken { documents, rejects })) => {
            good.extend(documents);
            for (reject, count) in rejects.reasons() {
                let reject = wire::document::of_span(reject);
                bad.extend((0..*count).map(|_| (reject.clone(), raw.clone())));
            }
        }
        Ok(Text::Unsampled | Text::Metrics) => {
            bad.push((
                wire::document::unreadable("spans that are not sampled, and metrics, are not kept".into()),
                raw,
            ));
        }
        Err(error) => bad.push((wire::document::unreadable(error.to_string()), raw)),
    }
}

fn unprocessed(reject: &Reject) -> UnprocessedTraceSegment {
    UnprocessedTraceSegment {
        id: reject.id.clone(),
        error_code: reject.code.to_string(),
        message: reject.message(),
    }
}

fn refuse_body(app: &App, error: &BodyError) {
    let reason = match error {
        BodyError::TooLarge { .. } => "oversized_body",
        BodyError::Busy(_) => "too_many_bodies",
        BodyError::UnknownEncoding(_) | BodyError::Damaged { .. } => "broken_encoding",
        BodyError::Slow(_) => "slow_body",
        BodyError::Cut => "cut_body",
    };
    refuse(app, reason, error.to_string(), b"");
}

fn refuse(app: &App, reason: &str, detail: String, input: &[u8]) {
    let refusal = Refusal {
        at: app.deps.clock.now(),
        door: Door::Http,
        reason: reason.to_owned(),
        detail,
        excerpt: excerpt(input),
    };
    app.deps.ingest.refusals().record_input(refusal, input);
}
