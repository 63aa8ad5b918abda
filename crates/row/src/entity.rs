//! The rows of a document: one an entity, parents before children.

use std::borrow::Cow;

use model::segment::{Annotation, AnnotationValue, DocumentKind, Namespace};
use model::{Entity, EntityId, SegmentDocument, TraceId};

use crate::template::Fields;

/// Between the keys of a row's annotations.
const KEY_END: char = '\n';

/// An entity with what its columns say beside it.
#[derive(Debug)]
pub struct Row<'a> {
    pub entity: &'a Entity,
    pub parent_id: Option<EntityId>,
    pub kind: &'static str,
    /// Of its annotations, as the column has them.
    values: Vec<Cow<'a, str>>,
}

/// The first is the document's outermost entity.
pub fn rows(document: &SegmentDocument) -> Vec<Row<'_>> {
    let entity = &document.entity;
    let kind = match document.kind {
        DocumentKind::Segment => "segment",
        DocumentKind::Subsegment => "subsegment",
    };
    let mut rows = vec![Row::new(entity, entity.parent_id, kind)];
    add_nested(entity, &mut rows);
    rows
}

fn add_nested<'a>(holder: &'a Entity, rows: &mut Vec<Row<'a>>) {
    for entity in &holder.subsegments {
        rows.push(Row::new(entity, Some(holder.id), "subsegment"));
        add_nested(entity, rows);
    }
}

impl<'a> Row<'a> {
    fn new(entity: &'a Entity, parent_id: Option<EntityId>, kind: &'static str) -> Self {
        let value = |annotation: &'a Annotation| match &annotation.value {
            AnnotationValue::String(text) => Cow::Borrowed(text.as_str()),
            other => Cow::Owned(other.to_string()),
        };
        let values = entity.annotations.iter().map(value).collect();
        Self { entity, parent_id, kind, values }
    }

    pub fn fields(&'a self, trace_id: TraceId) -> Fields<'a> {
        let Self { entity, parent_id, values, .. } = self;
        let http = entity.http.as_deref();
        let keys = entity.annotations.iter().map(|annotation| annotation.key.as_str());
        Fields {
            trace_id,
            id: entity.id,
            parent_id: *parent_id,
            name: &entity.name,
            start: entity.start.0,
            end: entity.end.map(|end| end.0),
            origin: entity.origin.as_deref(),
            namespace: entity.namespace.as_ref().map(|namespace| match namespace {
                Namespace::Aws => "aws",
                Namespace::Remote => "remote",
                Namespace::Other(other) => other,
            }),
            method: http.and_then(|http| http.method.as_deref()),
            url: http.and_then(|http| http.url.as_deref()),
            status: http.and_then(|http| http.status),
            user: entity.user.as_deref(),
            annotations: keys.zip(values.iter().map(Cow::as_ref)).collect(),
        }
    }
}

/// The keys of a row's annotations as its column has them.
pub fn join_keys(fields: &Fields<'_>) -> String {
    let mut keys = String::new();
    for (place, (key, _)) in fields.annotations.iter().enumerate() {
        if place > 0 {
            keys.push(KEY_END);
        }
        keys.push_str(key);
    }
    keys
}

/// The keys in such a text. Without annotations there are none; the text of one empty key looks the same, and only the
/// number of values tells.
pub fn split_keys(keys: &str) -> impl Iterator<Item = &str> {
    keys.split(KEY_END)
}
