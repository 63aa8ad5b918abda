//! A kept span as X-Ray's JSON: what `BatchGetTraces` answers of it.
//!
//! Everything is there in X-Ray's own places, and all attributes once more in `metadata`, so that X-Ray's clients miss nothing;
//! what has no place in X-Ray's words stands in `metadata.otel`.

mod aws;
pub(crate) mod metadata;

use model::segment::{AnnotationValue, Namespace};
use model::{Entity, TraceId};
use serde_json::{Map, Value, json};

use crate::document::{self, Kept};
use crate::limits::MAX_XRAY_ANNOTATIONS;
use crate::map::{self, Sender, cause, http, sql};
use crate::message::{Attributes, Span};

/// The document as a segment or, where it is not one by itself and the trace has not made it one, as a subsegment.
/// `None` where it cannot be read. The JSON's subsegments are those of the entity, in order.
pub fn object(raw: &[u8], is_promoted: bool) -> Option<Map<String, Value>> {
    let Kept { resource, scope, span } = document::read(raw).ok()?;
    let sender = Sender::new(&resource);
    let decoded = map::document(&span, &sender, bytes::Bytes::new());
    let is_segment = map::is_segment(&span) || is_promoted;
    let entity = match is_promoted && !map::is_segment(&span) {
        true => sender.service.segment_of(decoded.trace_id, &decoded.entity),
        false => decoded.entity,
    };
    let writer = Writer { span: &span, sender: &sender, trace_id: decoded.trace_id };
    let with_call = entity.subsegments.first();
    let mut object = match with_call {
        None => writer.work(&entity),
        Some(_) => writer.around(&entity),
    };
    let metadata = metadata::of(&span, &resource, &scope, is_segment);
    match with_call {
        None => {
            object.insert("metadata".into(), metadata);
        }
        Some(call) => {
            let mut call = writer.work(call);
            call.insert("metadata".into(), metadata);
            object.insert("subsegments".into(), json!([call]));
        }
    }
    if is_segment {
        aws::add_resource(&mut object, &resource);
    } else {
        object.insert("type".into(), "subsegment".into());
    }
    Some(object)
}

struct Writer<'a> {
    span: &'a Span,
    sender: &'a Sender,
    trace_id: TraceId,
}

impl Writer<'_> {
    /// What every entity has.
    fn around(&self, entity: &Entity) -> Map<String, Value> {
        let mut object = Map::new();
        object.insert("id".into(), entity.id.to_string().into());
        object.insert("name".into(), entity.name.as_str().into());
        object.insert("trace_id".into(), self.trace_id.to_string().into());
        if let Some(parent) = entity.parent_id {
            object.insert("parent_id".into(), parent.to_string().into());
        }
        object.insert("start_time".into(), seconds(self.span.start_time_unix_nano));
        match entity.end {
            Some(_) => object.insert("end_time".into(), seconds(self.span.end_time_unix_nano)),
            None => object.insert("in_progress".into(), true.into()),
        };
        let flags = entity.flags;
        for (key, is_set) in [("error", flags.error), ("throttle", flags.throttle), ("fault", flags.fault)] {
            if is_set {
                object.insert(key.into(), true.into());
            }
        }
        let texts =
            [("origin", &entity.origin), ("resource_arn", &entity.resource_arn), ("user", &entity.user)];
        for (key, text) in texts {
            if let Some(text) = text {
                object.insert(key.into(), text.as_str().into());
            }
        }
        if let Some(version) = &entity.service_version {
            object.insert("service".into(), json!({ "version": version }));
        }
        if let Some(annotations) = annotations(entity) {
            object.insert("annotations".into(), annotations);
        }
        object
    }

    /// And what the span says of the work itself.
    fn work(&self, entity: &Entity) -> Map<String, Value> {
        let mut object = self.around(entity);
        match &entity.namespace {
            Some(Namespace::Aws) => drop(object.insert("namespace".into(), "aws".into())),
            Some(Namespace::Remote) => drop(object.insert("namespace".into(), "remote".into())),
            _ => {}
        }
        for (key, value) in [("cause", self.cause()), ("http", self.http(entity)), ("sql", self.sql(entity))]
        {
            if let Some(value) = value {
                object.insert(key.into(), value);
            }
        }
        let aws = aws::of(self.span, entity);
        if !aws.is_empty() {
            object.insert("aws".into(), Value::Object(aws));
        }
        if let Some(links) = self.links() {
            object.insert("links".into(), links);
        }
        object
    }

    fn cause(&self) -> Option<Value> {
        let raised = cause::raised(self.span, self.sender);
        if raised.is_empty() {
            return None;
        }
        let exceptions: Vec<Value> = raised
            .into_iter()
            .map(|one| {
                let stack: Vec<Value> = one.stack.into_iter().map(frame).collect();
                present(json!({
                    "id": one.exception.id.map(|id| id.to_string()),
                    "type": one.exception.name,
                    "message": one.exception.message,
                    "remote": one.exception.remote.then_some(true),
                    "cause": one.exception.cause.map(|id| id.to_string()),
                    "stack": (!stack.is_empty()).then_some(stack),
                }))
            })
            .collect();
        Some(json!({ "exceptions": exceptions }))
    }

    fn http(&self, entity: &Entity) -> Option<Value> {
        let http = entity.http.as_ref()?;
        let attributes = Attributes(&self.span.attributes);
        let request = present(json!({
            "method": http.method,
            "url": http.url,
            "user_agent": http.user_agent,
            "client_ip": http.client_ip,
            "x_forwarded_for": http::is_forwarded(attributes).then_some(true),
        }));
        let response =
            present(json!({ "status": http.status, "content_length": http::content_length(attributes) }));
        let has = |part: &Value| part.as_object().is_some_and(|part| !part.is_empty());
        Some(present(json!({
            "request": has(&request).then_some(request),
            "response": has(&response).then_some(response),
        })))
    }

    fn sql(&self, entity: &Entity) -> Option<Value> {
        let of_entity = entity.sql.as_ref()?;
        let attributes = Attributes(&self.span.attributes);
        Some(present(json!({
            "url": of_entity.url,
            "connection_string": sql::connection_string(attributes),
            "database_type": of_entity.database_type,
            "user": attributes.first_text(&["db.user", "user.name"]),
            "sanitized_query": attributes.first_text(&["db.query.text", "db.statement"]),
            "preparation": attributes.text("db.stored_procedure.name").map(|_| "call"),
        })))
    }

    fn links(&self) -> Option<Value> {
        let link = |link: &crate::message::Link| {
            let attributes = Value::Object(metadata::values(&link.attributes));
            Some(present(json!({
                "trace_id": map::trace_id(&link.trace_id)?.to_string(),
                "id": map::entity_id(&link.span_id).map(|id| id.to_string()),
                "attributes": (!link.attributes.is_empty()).then_some(attributes),
            })))
        };
        let links: Vec<Value> = self.span.links.iter().filter_map(link).collect();
        (!links.is_empty()).then_some(Value::Array(links))
    }
}

fn frame(frame: map::stack::Frame) -> Value {
    present(json!({
        "path": (!frame.path.is_empty()).then_some(frame.path),
        "line": (frame.line > 0).then_some(frame.line),
        "label": (!frame.label.is_empty()).then_some(frame.label),
    }))
}

/// The first of them, under keys that X-Ray allows. The metadata has all.
fn annotations(entity: &Entity) -> Option<Value> {
    let mut shown = Map::new();
    for annotation in entity.annotations.iter().take(MAX_XRAY_ANNOTATIONS) {
        let value = match &annotation.value {
            AnnotationValue::String(text) => text.as_str().into(),
            AnnotationValue::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
                (*number as i64).into()
            }
            AnnotationValue::Number(number) => (*number).into(),
            AnnotationValue::Boolean(value) => (*value).into(),
        };
        let is_allowed = |it: char| it.is_ascii_alphanumeric() || it == '.' || it == '_';
        let key = annotation.key.chars().map(|it| if is_allowed(it) { it } else { '_' }).collect();
        shown.insert(key, value);
    }
    (!shown.is_empty()).then_some(Value::Object(shown))
}

/// Nanoseconds as seconds. A double has steps of 238 ns there.
fn seconds(nanos: u64) -> Value {
    (nanos as f64 / 1e9).into()
}

/// An object without its members that are `null`.
fn present(value: Value) -> Value {
    match value {
        Value::Object(members) => members.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        other => other,
    }
}
