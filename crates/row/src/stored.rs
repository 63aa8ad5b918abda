//! A stored document as bytes.

use std::sync::{Arc, Weak};

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
    /// As it was decoded when it came, for as long as somebody has use for that.
    decoded: Weak<StoredDocument>,
}

impl StoredBytes {
    pub fn new(sequence: Sequence, received: Timestamp, trace_id: TraceId, raw: Bytes) -> Self {
        Self { sequence, received, trace_id, raw, decoded: Weak::new() }
    }

    /// A document that was just decoded; it is not kept alive by this.
    pub fn of(sequence: Sequence, document: &Arc<StoredDocument>) -> Self {
        Self {
            decoded: Arc::downgrade(document),
            ..Self::new(
                sequence,
                document.received,
                document.document.trace_id,
                document.document.raw.clone(),
            )
        }
    }

    /// The document again, by the same path that it came in. `None`, and a warning, where that fails: it
    /// was accepted by a version of the decoder that took more.
    pub fn decode(&self) -> Option<Arc<StoredDocument>> {
        if let Some(decoded) = self.decoded.upgrade() {
            return Some(decoded);
        }
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
