//! `metadata`: every attribute under `default`, and under `otel` what X-Ray has no place for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};

use super::present;
use crate::message::{AnyValue, KeyValue, Resource, Scope, Span, Value};

/// A JSON text under this beginning is a namespace of metadata of its own.
const NAMESPACE: &str = "aws.xray.metadata.";
/// What CloudWatch's agent tells X-Ray and nobody else.
const FOR_XRAY: &str = "aws.xray.exporter.config.";

pub(super) fn of(span: &Span, resource: &Resource, scope: &Scope, is_segment: bool) -> Json {
    let mut metadata = Map::new();
    let mut default = Map::new();
    for one in &span.attributes {
        let value = json(one.value.as_ref());
        let namespace = one.key.strip_prefix(NAMESPACE).filter(|name| !name.is_empty() && *name != "default");
        match namespace.zip(value.as_str().and_then(|text| serde_json::from_str::<Map<_, _>>(text).ok())) {
            Some((namespace, object)) => drop(metadata.insert(namespace.to_owned(), Json::Object(object))),
            None => drop(default.insert(one.key.clone(), value)),
        }
    }
    if is_segment {
        for one in resource.attributes.iter().filter(|one| !one.key.starts_with(FOR_XRAY)) {
            default.insert(format!("otel.resource.{}", one.key), json(one.value.as_ref()));
        }
    }
    if !default.is_empty() {
        metadata.insert("default".to_owned(), Json::Object(default));
    }
    metadata.insert("otel".to_owned(), otel(span, scope));
    Json::Object(metadata)
}

fn otel(span: &Span, scope: &Scope) -> Json {
    let events: Vec<Json> = span
        .events
        .iter()
        .map(|event| {
            present(json!({
                "name": event.name,
                "time": event.time_unix_nano as f64 / 1e9,
                "attributes":
                    (!event.attributes.is_empty()).then(|| Json::Object(values(&event.attributes))),
            }))
        })
        .collect();
    let status = span.status.as_ref().filter(|status| status.code != 0 || !status.message.is_empty());
    present(json!({
        "name": span.name,
        "kind": kind(span.kind),
        "scope": (!scope.name.is_empty()).then(|| present(json!({
            "name": scope.name,
            "version": (!scope.version.is_empty()).then_some(&scope.version),
        }))),
        "events": (!events.is_empty()).then_some(events),
        "trace_state": (!span.trace_state.is_empty()).then_some(&span.trace_state),
        "status": status.map(|status| present(json!({
            "code": code(status.code),
            "message": (!status.message.is_empty()).then_some(&status.message),
        }))),
    }))
}

pub(crate) fn kind(kind: i32) -> &'static str {
    match kind {
        1 => "INTERNAL",
        2 => "SERVER",
        3 => "CLIENT",
        4 => "PRODUCER",
        5 => "CONSUMER",
        _ => "UNSPECIFIED",
    }
}

pub(crate) fn code(code: i32) -> &'static str {
    match code {
        1 => "OK",
        2 => "ERROR",
        _ => "UNSET",
    }
}

pub(super) fn values(attributes: &[KeyValue]) -> Map<String, Json> {
    attributes.iter().map(|one| (one.key.clone(), json(one.value.as_ref()))).collect()
}

/// Nesting is bounded by whoever decoded the value.
pub(crate) fn json(value: Option<&AnyValue>) -> Json {
    match value.and_then(|value| value.value.as_ref()) {
        None => Json::Null,
        Some(Value::String(text)) => text.as_str().into(),
        Some(Value::Bool(value)) => (*value).into(),
        Some(Value::Int(number)) => (*number).into(),
        Some(Value::Double(number)) => match serde_json::Number::from_f64(*number) {
            Some(number) => number.into(),
            // JSON has no such number, and must not lose the span for it.
            None => number.to_string().into(),
        },
        Some(Value::Array(array)) => array.values.iter().map(|value| json(Some(value))).collect(),
        Some(Value::Map(map)) => Json::Object(values(&map.values)),
        Some(Value::Bytes(bytes)) => STANDARD.encode(bytes).into(),
    }
}
