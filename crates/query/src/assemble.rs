//! From the documents of a trace, in any order and with duplicates, to the trace.

use std::sync::Arc;

use model::{StoredDocument, Trace, TraceId};

/// Puts a trace together. `documents` are in order of receipt and not empty.
pub fn assemble(_id: TraceId, _documents: &[Arc<StoredDocument>]) -> Trace<'_> {
    todo!()
}
