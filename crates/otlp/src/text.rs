//! Spans in a text where X-Ray has a segment's JSON: what AWS's distributions send by UDP, and the CloudWatch agent by
//! PutTraceSegments.
//!
//! `T1S` and base64 of an `ExportTraceServiceRequest` are spans of a sampled request, `T1U` those of one that is not, which were sent for
//! metrics alone; older builds wrote a bare `T1`. `M1` are metrics.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::decode::{BadRequest, Taken, decode_protobuf};

/// What a text holds, its spans decoded or as the message that they came in.
#[derive(Debug)]
pub enum Text<S = Taken> {
    Spans(S),
    /// Of a request that is not sampled: nothing to keep.
    Unsampled,
    Metrics,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadText {
    #[error("what follows the mark of spans is not base64")]
    NotBase64,
    #[error(transparent)]
    BadRequest(#[from] BadRequest),
}

/// Reads such a text; `None` where it is none, and so a document of X-Ray's or nothing.
pub fn decode(text: &[u8]) -> Option<Result<Text, BadText>> {
    Some(message(text)?.and_then(|text| {
        Ok(match text {
            Text::Spans(message) => Text::Spans(decode_protobuf(&message)?),
            Text::Unsampled => Text::Unsampled,
            Text::Metrics => Text::Metrics,
        })
    }))
}

/// The same without looking at the message.
pub(crate) fn message(text: &[u8]) -> Option<Result<Text<Vec<u8>>, BadText>> {
    let rest = match text {
        [b'T', b'1', rest @ ..] => rest,
        [b'M', b'1', ..] => return Some(Ok(Text::Metrics)),
        _ => return None,
    };
    // Base64 of a message begins with its field 1 and so with a C.
    let encoded = match rest {
        [b'U', ..] => return Some(Ok(Text::Unsampled)),
        [b'S', encoded @ ..] => encoded,
        encoded => encoded,
    };
    let message = STANDARD.decode(encoded.trim_ascii()).map_err(|_| BadText::NotBase64);
    Some(message.map(Text::Spans))
}
