//! Decoding of segment documents.

use bytes::Bytes;
use model::SegmentDocument;

use crate::reject::Reject;

/// Decodes and validates one document.
pub fn decode(_raw: Bytes) -> Result<SegmentDocument, Reject> {
    todo!()
}

/// Decodes each document on its own account: one bad document never harms its neighbours.
pub fn decode_batch(documents: impl IntoIterator<Item = Bytes>) -> (Vec<SegmentDocument>, Vec<Reject>) {
    let _ = documents.into_iter();
    todo!()
}
