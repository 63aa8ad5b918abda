//! Decoding of segment documents.
//!
//! One pass over borrowed text. A field of the wrong type is as good as absent; only what X-Ray validates
//! (docs/xray.md 1.14) refuses a document, in X-Ray's order: JSON, type, id, name, trace id, start, end, parent,
//! and then the same for each embedded subsegment.
//!
//! A document may also be a span of OpenTelemetry's as `otlp` keeps it; that crate says what it means.

mod detail;
mod draft;
mod lenient;
mod subsegments;
#[cfg(test)]
mod tests;
mod validate;

use bytes::Bytes;
use model::SegmentDocument;

use self::draft::Draft;
use self::lenient::Lenient;
use crate::json;
use crate::limits::{MAX_DEPTH, MAX_DOCUMENT_BYTES};
use crate::reject::{Reject, RejectCode, RejectSubject};

/// Decodes and validates one document.
pub fn decode(raw: Bytes) -> Result<SegmentDocument, Reject> {
    if raw.len() > MAX_DOCUMENT_BYTES {
        let detail = format!("the document has {} bytes; at most {MAX_DOCUMENT_BYTES} are taken", raw.len());
        return Err(undecidable(RejectCode::InvalidSegment, detail));
    }
    let text = str::from_utf8(&raw).map_err(|error| {
        undecidable(RejectCode::ParseError, format!("byte {} is not valid UTF-8", error.valid_up_to()))
    })?;
    if json::is_too_deep(text) {
        let detail = format!("arrays and objects nest deeper than {MAX_DEPTH} levels");
        return Err(undecidable(RejectCode::InvalidSegment, detail));
    }
    if otlp::is_document(&raw) {
        return otlp::document::decode(raw).map_err(|reject| of_span(&reject));
    }
    let (trace_id, kind, entity) = match serde_json::from_str::<Lenient<Draft<'_>>>(text) {
        Ok(draft) => draft::finish(draft)?,
        Err(error) => {
            let Some(mended) = json::mended(text) else { return Err(unparsable(&error)) };
            draft::finish(serde_json::from_str(&mended).map_err(|error| unparsable(&error))?)?
        }
    };
    Ok(SegmentDocument { trace_id, kind, entity, raw, sender: None })
}

/// Decodes each document on its own account: one bad document never harms its neighbours.
pub fn decode_batch(documents: impl IntoIterator<Item = Bytes>) -> (Vec<SegmentDocument>, Vec<Reject>) {
    let mut decoded = Vec::new();
    let mut rejects = Vec::new();
    for document in documents {
        match decode(document) {
            Ok(document) => decoded.push(document),
            Err(reject) => rejects.push(reject),
        }
    }
    (decoded, rejects)
}

/// What X-Ray would say of a span of OpenTelemetry's that is refused.
pub fn of_span(reject: &otlp::Reject) -> Reject {
    let code = match reject {
        otlp::Reject::TraceId => RejectCode::InvalidTraceId,
        otlp::Reject::SpanId => RejectCode::InvalidId,
        otlp::Reject::Time(_) => RejectCode::MissingStartTime,
        otlp::Reject::Malformed(_) => RejectCode::ParseError,
        otlp::Reject::TooLarge { .. } | otlp::Reject::TooDeep | otlp::Reject::Unfolds => {
            RejectCode::InvalidSegment
        }
    };
    undecidable(code, reject.to_string())
}

/// A text that was to hold spans, and cannot be read.
pub fn unreadable(detail: String) -> Reject {
    undecidable(RejectCode::ParseError, detail)
}

fn unparsable(error: &serde_json::Error) -> Reject {
    undecidable(RejectCode::ParseError, format!("not JSON: {error}"))
}

fn undecidable(code: RejectCode, detail: String) -> Reject {
    Reject { id: None, trace_id: None, code, subject: RejectSubject::Entity, detail }
}
