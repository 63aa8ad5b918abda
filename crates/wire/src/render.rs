//! Traces back to X-Ray's documents: children folded into their parents, inferred segments added.

use std::sync::Arc;

use model::id::EntityId;
use model::{StoredDocument, Trace};
use serde_json::Value;

/// One segment of `BatchGetTraces`.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderedSegment {
    pub id: EntityId,
    pub document: Value,
}

/// Every segment of the trace, in its order. `documents` are those the trace was assembled from.
pub fn segments(_trace: &Trace<'_>, _documents: &[Arc<StoredDocument>]) -> Vec<RenderedSegment> {
    todo!()
}

/// One entity as it was sent, without its subsegments; `None` where the trace has no such entity.
pub fn entity(_trace: &Trace<'_>, _documents: &[Arc<StoredDocument>], _id: EntityId) -> Option<Value> {
    todo!()
}
