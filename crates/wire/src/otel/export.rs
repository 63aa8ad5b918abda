//! Traces as requests of OTLP/JSON: spans as they came, and X-Ray's entities in OpenTelemetry's words.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::{StoredDocument, Trace};
use serde_json::{Map, Value, json};

/// The scope of spans that are made of X-Ray's segments.
const SCOPE: &str = "fluoro.xray";

/// An `ExportTraceServiceRequest` with every span of the trace. What came by OTLP is given byte for byte as it is kept.
pub fn request(trace: &Trace<'_>, documents: &[Arc<StoredDocument>]) -> String {
    let is_span = |number: usize| documents.get(number).is_some_and(|it| it.document.sender.is_some());
    let sent: BTreeSet<usize> =
        trace.spans.iter().filter_map(|span| span.document).filter(|&number| is_span(number)).collect();
    let mut all: Vec<String> = sent
        .into_iter()
        .map(|number| String::from_utf8_lossy(&documents[number].document.raw).into_owned())
        .collect();
    let from_xray: BTreeSet<_> = trace
        .spans
        .iter()
        .filter(|span| span.document.is_some_and(|number| !is_span(number)))
        .map(|span| span.entity.id)
        .collect();
    let made = super::spans(trace, documents).into_iter().filter(|span| from_xray.contains(&span.id));
    all.extend(made.map(|span| resource_spans(span.document).to_string()));
    format!("{{\"resourceSpans\":[{}]}}", all.join(","))
}

/// One of X-Ray's spans with its own resource.
fn resource_spans(mut span: Value) -> Value {
    let resource = span["resource"]["attributes"].take();
    of_one_resource(resource, vec![made(span)])
}

/// Spans that were made of X-Ray's entities, with the attributes of their resource.
pub(super) fn of_one_resource(resource: Value, spans: Vec<Value>) -> Value {
    let scope_spans = object([("scope", json!({ "name": SCOPE })), ("spans", spans.into())]);
    object([
        ("resource", object([("attributes", attributes(resource))])),
        ("scopeSpans", vec![scope_spans].into()),
    ])
}

/// A span from the form in which X-Ray's Transaction Search keeps it: words for numbers, objects for lists of attributes.
pub(super) fn made(mut span: Value) -> Value {
    let mut take = |key: &str| span.get_mut(key).map(Value::take).unwrap_or_default();
    let mut status = take("status");
    let status = match status["code"] == "ERROR" {
        true => object([("message", status["message"].take()), ("code", 2.into())]),
        false => Value::Null,
    };
    let kind = match take("kind").as_str() {
        Some("SERVER") => 2,
        Some("CLIENT") => 3,
        Some("PRODUCER") => 4,
        _ => 1,
    };
    let nanos = |value: Value| value.as_i64().map(|nanos| nanos.to_string()).into();
    object([
        ("traceId", take("traceId")),
        ("spanId", take("spanId")),
        ("parentSpanId", take("parentSpanId")),
        ("name", take("name")),
        ("kind", kind.into()),
        ("startTimeUnixNano", nanos(take("startTimeUnixNano"))),
        ("endTimeUnixNano", nanos(take("endTimeUnixNano"))),
        ("attributes", attributes(take("attributes"))),
        (
            "events",
            each(take("events"), |mut event| {
                object([
                    ("timeUnixNano", nanos(event["timeUnixNano"].take())),
                    ("name", event["name"].take()),
                    ("attributes", attributes(event["attributes"].take())),
                ])
            }),
        ),
        (
            "links",
            each(take("links"), |mut link| {
                object([
                    ("traceId", link["traceId"].take()),
                    ("spanId", link["spanId"].take()),
                    ("attributes", attributes(link["attributes"].take())),
                ])
            }),
        ),
        ("status", status),
    ])
}

/// An object of those members that are not `null`.
fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let members = members.into_iter().filter(|(_, value)| !value.is_null());
    members.map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>().into()
}

fn each(items: Value, make: impl Fn(Value) -> Value) -> Value {
    match items {
        Value::Array(items) => items.into_iter().map(make).collect(),
        _ => json!([]),
    }
}

fn attributes(members: Value) -> Value {
    match members {
        Value::Object(members) => {
            members.into_iter().map(|(key, value)| json!({ "key": key, "value": any_value(value) })).collect()
        }
        _ => json!([]),
    }
}

/// Nesting is bounded by that of documents.
fn any_value(value: Value) -> Value {
    match value {
        Value::Null => json!({}),
        Value::Bool(value) => json!({ "boolValue": value }),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => json!({ "intValue": integer.to_string() }),
            None => json!({ "doubleValue": number }),
        },
        Value::String(text) => json!({ "stringValue": text }),
        Value::Array(values) => {
            json!({ "arrayValue": { "values": values.into_iter().map(any_value).collect::<Vec<_>>() } })
        }
        Value::Object(_) => json!({ "kvlistValue": { "values": attributes(value) } }),
    }
}
