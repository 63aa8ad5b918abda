//! Documents taken apart: each entity's own members, found by document and id.

use std::collections::HashMap;
use std::sync::Arc;

use model::id::EntityId;
use model::segment::DocumentKind;
use model::trace::{Span, SpanKind};
use model::{Entity, SegmentDocument, StoredDocument};

use super::clean::TAKEN;
use crate::json::{self, Json, Members, from_values};

/// The entities of some documents, each without its subsegments.
pub(crate) struct Parts(HashMap<(usize, EntityId), Members>);

impl Parts {
    /// Reads the documents that the spans came in, each once.
    pub(crate) fn of<'s, 'a: 's>(
        spans: impl Iterator<Item = &'s Span<'a>>,
        documents: &[Arc<StoredDocument>],
    ) -> Self {
        let mut parts = Self(HashMap::new());
        // By number, whether the document is the trace's segment.
        let mut numbers: HashMap<usize, bool> = HashMap::new();
        for span in spans {
            if let Some(number) = span.document {
                *numbers.entry(number).or_default() |= span.kind == SpanKind::Segment;
            }
        }
        for (number, is_segment) in numbers {
            let Some(stored) = documents.get(number) else { continue };
            if let Some(sender) = &stored.document.sender {
                // Whether a span is a segment is known only once its trace is together.
                let is_promoted = is_segment && stored.document.kind == DocumentKind::Subsegment;
                let Some(object) = otlp::xray::object(&stored.document.raw, is_promoted) else { continue };
                let (entity, object) = (&stored.document.entity, from_values(object));
                match is_promoted {
                    true => parts.add(number, object, &sender.segment_of(stored.document.trace_id, entity)),
                    false => parts.add(number, object, entity),
                }
            } else if let Some(Json::Object(object)) = json::tree(&stored.document.raw) {
                parts.add(number, object, &stored.document.entity);
            }
        }
        parts
    }

    /// Reads documents of X-Ray's that are looked at without their trace.
    pub(crate) fn of_documents<'a>(documents: impl Iterator<Item = (usize, &'a SegmentDocument)>) -> Self {
        let mut parts = Self(HashMap::new());
        for (number, document) in documents {
            if let Some(Json::Object(object)) = json::tree(&document.raw) {
                parts.add(number, object, &document.entity);
            }
        }
        parts
    }

    /// The members of the span's entity as they were sent, `subsegments` taken out.
    pub(crate) fn sent(&self, span: &Span<'_>) -> Option<&Members> {
        self.sent_in(span.document?, span.entity.id)
    }

    pub(crate) fn sent_in(&self, document: usize, id: EntityId) -> Option<&Members> {
        self.0.get(&(document, id))
    }

    /// The same, for good.
    pub(super) fn take(&mut self, span: &Span<'_>) -> Option<Members> {
        self.0.remove(&(span.document?, span.entity.id))
    }

    /// `entity` is what was decoded from `object`, so its subsegments are those of the object, in order.
    /// A document may hold an id twice; the first counts, parents before children, as in the trace.
    fn add(&mut self, document: usize, mut object: Members, entity: &Entity) {
        let mut children = Vec::new();
        if let Some(value) = object.get_mut("subsegments") {
            match std::mem::replace(value, TAKEN) {
                Json::Array(none) if none.is_empty() => *value = Json::Array(none),
                Json::Array(some) => children = some,
                _ => {}
            }
        }
        self.0.entry((document, entity.id)).or_insert(object);
        for (child, entity) in children.into_iter().zip(&entity.subsegments) {
            if let Json::Object(child) = child {
                self.add(document, child, entity);
            }
        }
    }
}
