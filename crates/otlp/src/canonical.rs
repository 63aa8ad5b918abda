//! Messages as OTLP/JSON in one form: members in the order of their field numbers, defaults left out, 64-bit integers as strings,
//! ids as lower-case hex digits, bytes as padded base64.
//!
//! What is kept of a span is `{"resource":…,"scopeSpans":[{"scope":…,"spans":[…]}]}`; resource and scope are written once a batch.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::message::{AnyValue, Event, KeyValue, Link, Resource, Scope, Span, Status, Value};

/// What stands before and after a span in its document.
#[derive(Debug, Default, Clone)]
pub(crate) struct Envelope {
    before: String,
    after: String,
}

impl Envelope {
    pub(crate) fn new(resource: &Resource, resource_schema: &str, scope: &Scope, schema: &str) -> Self {
        let mut before = String::from("{");
        if *resource != Resource::default() {
            before.push_str("\"resource\":");
            object(&mut before, |members| {
                members.attributes(&resource.attributes);
                members.count("droppedAttributesCount", resource.dropped_attributes_count);
            });
            before.push(',');
        }
        before.push_str("\"scopeSpans\":[{");
        if *scope != Scope::default() {
            before.push_str("\"scope\":");
            object(&mut before, |members| {
                members.text("name", &scope.name);
                members.text("version", &scope.version);
                members.attributes(&scope.attributes);
                members.count("droppedAttributesCount", scope.dropped_attributes_count);
            });
            before.push(',');
        }
        before.push_str("\"spans\":[");
        let mut after = String::from("]");
        let schema_url = |schema: &str, after: &mut String| {
            if !schema.is_empty() {
                after.push_str(",\"schemaUrl\":");
                string(schema, after);
            }
        };
        schema_url(schema, &mut after);
        after.push_str("}]");
        schema_url(resource_schema, &mut after);
        after.push('}');
        Self { before, after }
    }

    /// The document of a span.
    pub(crate) fn around(&self, span: &Span) -> String {
        let about = 320 + 80 * span.attributes.len();
        let mut out = String::with_capacity(self.before.len() + self.after.len() + about);
        out.push_str(&self.before);
        object(&mut out, |members| write_span(span, members));
        out.push_str(&self.after);
        out
    }
}

fn write_span(span: &Span, members: &mut Members<'_>) {
    members.id("traceId", &span.trace_id);
    members.id("spanId", &span.span_id);
    members.text("traceState", &span.trace_state);
    members.id("parentSpanId", &span.parent_span_id);
    members.text("name", &span.name);
    members.signed("kind", span.kind);
    members.nanos("startTimeUnixNano", span.start_time_unix_nano);
    members.nanos("endTimeUnixNano", span.end_time_unix_nano);
    members.attributes(&span.attributes);
    members.count("droppedAttributesCount", span.dropped_attributes_count);
    members.array("events", &span.events, |event, out| object(out, |members| write_event(event, members)));
    members.count("droppedEventsCount", span.dropped_events_count);
    members.array("links", &span.links, |link, out| object(out, |members| write_link(link, members)));
    members.count("droppedLinksCount", span.dropped_links_count);
    if let Some(status) = span.status.as_ref().filter(|status| **status != Status::default()) {
        object(members.value("status"), |members| {
            members.text("message", &status.message);
            members.signed("code", status.code);
        });
    }
    members.count("flags", span.flags);
}

fn write_event(event: &Event, members: &mut Members<'_>) {
    members.nanos("timeUnixNano", event.time_unix_nano);
    members.text("name", &event.name);
    members.attributes(&event.attributes);
    members.count("droppedAttributesCount", event.dropped_attributes_count);
}

fn write_link(link: &Link, members: &mut Members<'_>) {
    members.id("traceId", &link.trace_id);
    members.id("spanId", &link.span_id);
    members.text("traceState", &link.trace_state);
    members.attributes(&link.attributes);
    members.count("droppedAttributesCount", link.dropped_attributes_count);
    members.count("flags", link.flags);
}

fn write_attribute(attribute: &KeyValue, out: &mut String) {
    out.push_str("{\"key\":");
    string(&attribute.key, out);
    if let Some(value) = &attribute.value {
        out.push_str(",\"value\":");
        write_value(value, out);
    }
    out.push('}');
}

/// Nesting is bounded by whoever decoded the value.
fn write_value(value: &AnyValue, out: &mut String) {
    let Some(value) = &value.value else { return out.push_str("{}") };
    match value {
        Value::String(text) => {
            out.push_str("{\"stringValue\":");
            string(text, out);
        }
        Value::Bool(value) => {
            out.push_str(if *value { "{\"boolValue\":true" } else { "{\"boolValue\":false" });
        }
        Value::Int(number) => {
            out.push_str("{\"intValue\":\"");
            integer(*number, out);
            out.push('"');
        }
        Value::Double(number) => {
            out.push_str("{\"doubleValue\":");
            double(*number, out);
        }
        Value::Array(array) => {
            out.push_str("{\"arrayValue\":{");
            if !array.values.is_empty() {
                out.push_str("\"values\":");
                elements(&array.values, out, write_value);
            }
            out.push('}');
        }
        Value::Map(map) => {
            out.push_str("{\"kvlistValue\":{");
            if !map.values.is_empty() {
                out.push_str("\"values\":");
                elements(&map.values, out, write_attribute);
            }
            out.push('}');
        }
        Value::Bytes(bytes) => {
            out.push_str("{\"bytesValue\":\"");
            STANDARD.encode_string(bytes, out);
            out.push('"');
        }
    }
    out.push('}');
}

fn object(out: &mut String, write: impl FnOnce(&mut Members<'_>)) {
    out.push('{');
    write(&mut Members { out, is_first: true });
    out.push('}');
}

fn elements<T>(items: &[T], out: &mut String, write: impl Fn(&T, &mut String)) {
    out.push('[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(item, out);
    }
    out.push(']');
}

/// The members of an object, those that are no defaults.
struct Members<'o> {
    out: &'o mut String,
    is_first: bool,
}

impl Members<'_> {
    /// Where the value of the member goes.
    fn value(&mut self, key: &str) -> &mut String {
        if !self.is_first {
            self.out.push(',');
        }
        self.is_first = false;
        self.out.push('"');
        self.out.push_str(key);
        self.out.push_str("\":");
        self.out
    }

    fn text(&mut self, key: &str, text: &str) {
        if !text.is_empty() {
            string(text, self.value(key));
        }
    }

    fn id(&mut self, key: &str, id: &[u8]) {
        if !id.is_empty() {
            let out = self.value(key);
            out.push('"');
            hex(id, out);
            out.push('"');
        }
    }

    fn count(&mut self, key: &str, count: u32) {
        if count != 0 {
            integer(count, self.value(key));
        }
    }

    fn signed(&mut self, key: &str, number: i32) {
        if number != 0 {
            integer(number, self.value(key));
        }
    }

    fn nanos(&mut self, key: &str, nanos: u64) {
        if nanos != 0 {
            let out = self.value(key);
            out.push('"');
            integer(nanos, out);
            out.push('"');
        }
    }

    fn attributes(&mut self, attributes: &[KeyValue]) {
        self.array("attributes", attributes, write_attribute);
    }

    fn array<T>(&mut self, key: &str, items: &[T], write: impl Fn(&T, &mut String)) {
        if !items.is_empty() {
            elements(items, self.value(key), write);
        }
    }
}

pub(crate) fn hex(bytes: &[u8], out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

fn integer(number: impl itoa::Integer, out: &mut String) {
    out.push_str(itoa::Buffer::new().format(number));
}

fn double(number: f64, out: &mut String) {
    match number {
        _ if number.is_nan() => out.push_str("\"NaN\""),
        f64::INFINITY => out.push_str("\"Infinity\""),
        f64::NEG_INFINITY => out.push_str("\"-Infinity\""),
        // As serde_json writes it: the shortest text that gives the number again.
        _ => out.push_str(&serde_json::Number::from_f64(number).map(|it| it.to_string()).unwrap_or_default()),
    }
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    let mut copied = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..0x20 => "",
            _ => continue,
        };
        out.push_str(&text[copied..at]);
        copied = at + 1;
        if escape.is_empty() {
            out.push_str("\\u00");
            hex(&[byte], out);
        } else {
            out.push_str(escape);
        }
    }
    out.push_str(&text[copied..]);
    out.push('"');
}
