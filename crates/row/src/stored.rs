//! A stored document as bytes.

use std::sync::Arc;

use bytes::Bytes;
use model::segment::Sequence;
use model::{StoredDocument, Timestamp, TraceId};

/// Not decoded, since most are never asked for again.
#[derive(Debug, Clone)]
pub struct StoredBytes {
    pub sequence: Sequence,
    pub received: Timestamp,
    pub trace_id: TraceId,
    pub raw: Bytes,
}

impl StoredBytes {
    /// The document again, by the same path that it came in. `None`, and a warning, where that fails: it
    /// was accepted by a version of the decoder that took more.
    pub fn decode(&self) -> Option<Arc<StoredDocument>> {
        match wire::decode(self.raw.clone()) {
            Ok(document) => Some(Arc::new(StoredDocument {
                place: self.sequence.into(),
                received: self.received,
                document,
            })),
            Err(reject) => {
                tracing::warn!(trace = %self.trace_id, sequence = self.sequence.0, %reject, "a kept document is no longer understood");
                None
            }
        }
    }
}
