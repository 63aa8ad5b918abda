//! What is searchable: every attribute with one value.

use model::segment::{Annotation, AnnotationValue};

use super::flags::OF_XRAY;
use crate::limits::{MAX_ANNOTATION_CHARS, MAX_ANNOTATIONS};
use crate::message::{Attributes, KeyValue, Span, Value};

/// What of a resource people look for, by its beginning where there are several.
const OF_RESOURCE: &[&str] = &[
    "service.version",
    "service.namespace",
    "deployment.environment",
    "deployment.environment.name",
    "host.name",
    "k8s.namespace.name",
    "k8s.deployment.name",
    "k8s.node.name",
    "k8s.pod.name",
    "k8s.cluster.name",
    "k8s.container.name",
    "cloud.region",
    "container.id",
    "faas.name",
];

pub(super) fn of(span: &Span) -> Vec<Annotation> {
    let mut found = Vec::with_capacity(span.attributes.len().min(MAX_ANNOTATIONS));
    let is_of_xray = |key: &str| key == "aws.xray.annotations" || OF_XRAY.contains(&key);
    let attributes = span.attributes.iter().filter(|one| !is_of_xray(&one.key));
    found.extend(attributes.filter_map(|one| annotation(one.key.clone(), one)).take(MAX_ANNOTATIONS));
    found
}

pub(super) fn of_resource(attributes: Attributes<'_>) -> Vec<Annotation> {
    let known = attributes.0.iter().filter(|one| OF_RESOURCE.contains(&one.key.as_str()));
    let mut found: Vec<_> =
        known.filter_map(|one| annotation(format!("otel.resource.{}", one.key), one)).collect();
    if let Some(group) = attributes.texts("aws.log.group.names").first() {
        let key = "otel.resource.aws.log.group.names".to_owned();
        found.push(Annotation { key, value: AnnotationValue::String((*group).to_owned()) });
    }
    found
}

/// Lists, maps and bytes are no annotations, nor are texts that are too long to be looked for, such as prompts.
fn annotation(key: String, one: &KeyValue) -> Option<Annotation> {
    let value = match one.value.as_ref()?.value.as_ref()? {
        Value::String(text) if is_short(text) => AnnotationValue::String(text.clone()),
        Value::Int(number) => AnnotationValue::Number(*number as f64),
        Value::Double(number) if number.is_finite() => AnnotationValue::Number(*number),
        Value::Bool(value) => AnnotationValue::Boolean(*value),
        _ => return None,
    };
    (!key.is_empty()).then_some(Annotation { key, value })
}

fn is_short(text: &str) -> bool {
    text.len() <= MAX_ANNOTATION_CHARS || text.chars().nth(MAX_ANNOTATION_CHARS).is_none()
}
