//! What a trace is found by: the annotations of all its entities, each with the node that it belongs to.

use ahash::AHashSet as HashSet;
use model::Trace;
use model::digest::AnnotationSet;
use model::segment::{Annotation, AnnotationValue};
use model::trace::Span;

use super::bounds;
use super::touched::Touched;

#[derive(Default)]
pub(super) struct Annotated {
    pub(super) annotations: Vec<Annotation>,
    pub(super) sets: Vec<AnnotationSet>,
    pub(super) is_cut: bool,
}

/// One annotation of a node, for telling whether it was there before.
#[derive(PartialEq, Eq, Hash)]
struct Known<'a> {
    node: Option<u32>,
    key: &'a str,
    value: Value<'a>,
}

#[derive(PartialEq, Eq, Hash)]
enum Value<'a> {
    Text(&'a str),
    /// By its bits.
    Number(u64),
    Boolean(bool),
}

/// In order of receipt and then of place in the trace. Whatever brings documents, an entity's `annotations` are what it
/// is found by: there is no other way into this list.
pub(super) fn annotations(trace: &Trace<'_>, touched: &Touched<'_>) -> Annotated {
    let mut spans: Vec<&Span<'_>> =
        trace.spans.iter().filter(|span| !span.entity.annotations.is_empty()).collect();
    spans.sort_by_key(|span| span.document);
    let all = spans.iter().map(|span| span.entity.annotations.len()).sum::<usize>();
    let mut annotated = Annotated::default();
    annotated.annotations.reserve(all.min(bounds::ANNOTATIONS));
    let mut known = HashSet::with_capacity(all.min(bounds::ANNOTATIONS));
    let mut bytes = 0;
    for span in spans {
        let node = touched.index_of(&span.node);
        let before = annotated.annotations.len();
        for annotation in &span.entity.annotations {
            if !known.insert(Known::of(node, annotation)) {
                continue;
            }
            let (value, is_whole) = bounds::annotation_value(&annotation.value);
            annotated.is_cut |= !is_whole;
            bytes += annotation.key.len() + text_bytes(&value);
            let has_room =
                annotated.annotations.len() < bounds::ANNOTATIONS && bytes <= bounds::ANNOTATION_BYTES;
            if !has_room || annotation.key.len() > bounds::ANNOTATION_KEY {
                annotated.is_cut = true;
                continue;
            }
            let key = annotation.key.clone();
            annotated.annotations.push(Annotation { key, value: value.into_owned() });
        }
        let count = u32::try_from(annotated.annotations.len() - before).unwrap_or(u32::MAX);
        if count > 0 {
            annotated.sets.push(AnnotationSet { node, count });
        }
    }
    annotated
}

fn text_bytes(value: &AnnotationValue) -> usize {
    match value {
        AnnotationValue::String(text) => text.len(),
        AnnotationValue::Number(_) | AnnotationValue::Boolean(_) => 0,
    }
}

impl<'a> Known<'a> {
    fn of(node: Option<u32>, annotation: &'a Annotation) -> Self {
        let value = match &annotation.value {
            AnnotationValue::String(text) => Value::Text(text),
            AnnotationValue::Number(number) => Value::Number(number.to_bits()),
            AnnotationValue::Boolean(boolean) => Value::Boolean(*boolean),
        };
        Self { node, key: &annotation.key, value }
    }
}
