//! Documents taken apart: each entity's own members, found by document and id.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use model::id::EntityId;
use model::trace::Span;
use model::{Entity, StoredDocument};
use serde_json::{Map, Value};

use super::clean::TAKEN;
use crate::json;

/// The entities of some documents, each without its subsegments.
pub(crate) struct Parts(HashMap<(usize, EntityId), Map<String, Value>>);

impl Parts {
    /// Reads the documents that the spans came in, each once.
    pub(crate) fn of<'s, 'a: 's>(
        spans: impl Iterator<Item = &'s Span<'a>>,
        documents: &[Arc<StoredDocument>],
    ) -> Self {
        let mut parts = Self(HashMap::new());
        let numbers: HashSet<usize> = spans.filter_map(|span| span.document).collect();
        for number in numbers {
            let Some(stored) = documents.get(number) else { continue };
            if let Some(Value::Object(object)) = json::value(&stored.document.raw) {
                parts.add(number, object, &stored.document.entity);
            }
        }
        parts
    }

    /// The members of the span's entity as they were sent, `subsegments` taken out.
    pub(crate) fn sent(&self, span: &Span<'_>) -> Option<&Map<String, Value>> {
        self.0.get(&(span.document?, span.entity.id))
    }

    /// The same, for good.
    pub(super) fn take(&mut self, span: &Span<'_>) -> Option<Map<String, Value>> {
        self.0.remove(&(span.document?, span.entity.id))
    }

    /// `entity` is what was decoded from `object`, so its subsegments are those of the object, in order.
    /// A document may hold an id twice; the first counts, parents before children, as in the trace.
    fn add(&mut self, document: usize, mut object: Map<String, Value>, entity: &Entity) {
        let mut children = Vec::new();
        if let Some(value) = object.get_mut("subsegments") {
            match std::mem::replace(value, TAKEN) {
                Value::Array(none) if none.is_empty() => *value = Value::Array(none),
                Value::Array(some) => children = some,
                _ => {}
            }
        }
        self.0.entry((document, entity.id)).or_insert(object);
        for (child, entity) in children.into_iter().zip(&entity.subsegments) {
            if let Value::Object(child) = child {
                self.add(document, child, entity);
            }
        }
    }
}
