//! Recorded spans as the exporter of an instrumented service sends them: OTLP's JSON, with the attributes that tell what a
//! span is.
//!
//! The recording has names alone, so kinds are read off who called whom: where parent and child are of different services,
//! the parent is the call and the child serves it.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::span::{Span, service_of};

/// Of OTLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Internal = 1,
    Server = 2,
    Client = 3,
    Producer = 4,
    Consumer = 5,
}

/// A span that is ready to be sent.
#[derive(Debug, Clone)]
pub(super) struct Exported {
    pub(super) pod: String,
    /// Epoch nanoseconds.
    pub(super) end: i64,
    start: i64,
    trace: u128,
    id: u64,
    parent: Option<u64>,
    name: String,
    kind: Kind,
    attributes: Vec<(&'static str, String)>,
}

/// Those of one trace.
pub(super) fn exported(trace: &[Span]) -> Vec<Exported> {
    let by_id: HashMap<u64, &Span> = trace.iter().map(|span| (span.id, span)).collect();
    let parent_of = |span: &Span| span.parent.and_then(|parent| by_id.get(&parent).copied());
    let is_elsewhere = |span: &Span, parent: &Span| service_of(&span.pod) != service_of(&parent.pod);
    let mut callees: HashMap<u64, &Span> = HashMap::new();
    for span in trace {
        if let Some(parent) = parent_of(span).filter(|parent| is_elsewhere(span, parent)) {
            callees.entry(parent.id).or_insert(span);
        }
    }
    let export = |span: &Span| {
        let parent = parent_of(span);
        let caller = parent.filter(|parent| is_elsewhere(span, parent));
        let (kind, attributes) = if let Some(callee) = callees.get(&span.id) {
            of_call(span, callee)
        } else if parent.is_none() || caller.is_some() {
            of_service(span, caller)
        } else {
            of_work(span)
        };
        Exported {
            pod: span.pod.clone(),
            end: span.end,
            start: span.start,
            trace: span.trace,
            id: span.id,
            parent: span.parent,
            name: span.operation.clone(),
            kind,
            attributes,
        }
    };
    trace.iter().map(export).collect()
}

fn of_call(span: &Span, callee: &Span) -> (Kind, Vec<(&'static str, String)>) {
    if span.operation.ends_with(" send") {
        return (Kind::Producer, messaging(callee));
    }
    if let Some(attributes) = rpc(&span.operation).or_else(|| rpc(&callee.operation)) {
        return (Kind::Client, attributes);
    }
    let host = service_of(&callee.pod);
    let url = format!("http://{host}:8080{}", path(&callee.operation));
    let mut attributes = vec![("url.full", url), ("server.address", host.to_owned())];
    attributes.extend(method(&span.operation));
    (Kind::Client, attributes)
}

fn of_service(span: &Span, caller: Option<&Span>) -> (Kind, Vec<(&'static str, String)>) {
    if span.operation.ends_with(" process") {
        return (Kind::Consumer, messaging(span));
    }
    if let Some(attributes) = rpc(&span.operation) {
        return (Kind::Server, attributes);
    }
    let path = path(&span.operation);
    let mut attributes =
        vec![("url.path", path.clone()), ("http.route", path), ("url.scheme", "http".to_owned())];
    attributes.push(
        caller
            .and_then(|caller| method(&caller.operation))
            .unwrap_or(("http.request.method", "GET".to_owned())),
    );
    (Kind::Server, attributes)
}

/// A query of a database, or work inside of the service.
fn of_work(span: &Span) -> (Kind, Vec<(&'static str, String)>) {
    let Some((verb, rest)) = span.operation.split_once(['.', ' ']) else {
        return (Kind::Internal, Vec::new());
    };
    match (verb, rest.split_once('.')) {
        ("SELECT" | "INSERT" | "UPDATE" | "DELETE", Some((database, _))) => {
            (Kind::Client, vec![("db.system", "mysql".to_owned()), ("db.name", database.to_owned())])
        }
        ("sql", _) => (Kind::Client, vec![("db.system", "mysql".to_owned())]),
        _ => (Kind::Internal, Vec::new()),
    }
}

/// `shop.Cart/Add`, with or without a prefix of the library.
fn rpc(operation: &str) -> Option<Vec<(&'static str, String)>> {
    let name = operation.trim_start_matches("grpc.").trim_start_matches('/');
    let (service, method) = name.rsplit_once('/')?;
    let is_rpc = service.contains('.') && !service.contains('/');
    is_rpc.then(|| {
        vec![
            ("rpc.system", "grpc".to_owned()),
            ("rpc.service", service.to_owned()),
            ("rpc.method", method.to_owned()),
        ]
    })
}

fn messaging(consumer: &Span) -> Vec<(&'static str, String)> {
    let queue = consumer.operation.trim_end_matches(" process");
    vec![("messaging.system", "rabbitmq".to_owned()), ("messaging.destination.name", queue.to_owned())]
}

/// Of `HTTP GET`.
fn method(operation: &str) -> Option<(&'static str, String)> {
    operation.strip_prefix("HTTP ").map(|method| ("http.request.method", method.to_owned()))
}

fn path(operation: &str) -> String {
    if operation.starts_with('/') { operation.to_owned() } else { format!("/{operation}") }
}

/// What one pod sends at a time.
pub(super) fn request(pod: &str, spans: &[Exported]) -> Value {
    let attribute = |(key, value): (&str, &str)| json!({"key": key, "value": {"stringValue": value}});
    let resource = [
        ("service.name", service_of(pod)),
        ("k8s.pod.name", pod),
        ("service.instance.id", pod),
        ("telemetry.sdk.name", "opentelemetry"),
    ];
    let spans: Vec<Value> = spans
        .iter()
        .map(|span| {
            let attributes = span.attributes.iter().map(|(key, value)| attribute((key, value)));
            let mut json = json!({
                "traceId": format!("{:032x}", span.trace),
                "spanId": format!("{:016x}", span.id),
                "name": span.name,
                "kind": span.kind as i32,
                "startTimeUnixNano": span.start.to_string(),
                "endTimeUnixNano": span.end.to_string(),
                "attributes": attributes.collect::<Vec<_>>(),
            });
            if let Some(parent) = span.parent {
                json["parentSpanId"] = format!("{parent:016x}").into();
            }
            json
        })
        .collect();
    json!({"resourceSpans": [{
        "resource": {"attributes": resource.map(attribute)},
        "scopeSpans": [{"scope": {"name": "recorded"}, "spans": spans}],
    }]})
}
