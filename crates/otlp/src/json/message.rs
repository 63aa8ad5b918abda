//! The members of each message, in lower camel case and in the snake case that protobuf's own JSON parsers take as well.

use serde::de::MapAccess;

use super::read::{Members, boolean, bytes, double, enumeration, id, integer, message, messages, skip, text};
use crate::document::{KeptResource, KeptScope};
use crate::message::{
    AnyValue, ArrayValue, Event, KeyValue, Link, MapValue, Resource, Scope, Span, Status, Value,
};

const KINDS: [&str; 6] = [
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];
const CODES: [&str; 3] = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];

impl Members for KeptResource {
    fn member<'de, A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error> {
        match key {
            "resource" => self.resource = message(members)?,
            "scopeSpans" => self.scopes = messages(members)?,
            _ => skip(members)?,
        }
        Ok(())
    }
}

impl Members for KeptScope {
    fn member<'de, A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error> {
        match key {
            "scope" => self.scope = message(members)?,
            "spans" => self.spans = messages(members)?,
            _ => skip(members)?,
        }
        Ok(())
    }
}

impl Members for Resource {
    fn member<'de, A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error> {
        match key {
            "attributes" => self.attributes = messages(members)?,
            "droppedAttributesCount" | "dropped_attributes_count" => {
                self.dropped_attributes_count = integer(members)?;
            }
            _ => skip(members)?,
        }
        Ok(())
    }
}

impl Members for Scope {
    fn member<'de, A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error> {
        match key {
            "name" => self.name = text(members)?,
            "version" => self.version = text(members)?,
            "attributes" => self.attributes = messages(members)?,
            "droppedAttributesCount" | "dropped_attributes_count" => {
                self.dropped_attributes_count = integer(members)?;
            }
            _ => skip(members)?,
        }
        Ok(())
    }
}

impl Members for Span {
    fn member<'de, A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error> {
        match key {
            "traceId" | "trace_id" => self.trace_id = id(members, 16)?,
            "spanId" | "span_id" => self.span_id = id(members, 8)?,
            "traceState" | "trace_state" => self.trace_state = text(members)?,
            "parentSpanId" | "parent_span_id" => self.parent_span_id = id(members, 8)?,
            "name" => self.name = text(members)?,
            "kind" => self.kind = enumeration(members, &KINDS)?,
            "startTimeUnixNano" | "start_time_unix_nano" => self.start_time_unix_nano = integer(members)?,
            "endTimeUnixNano" | "end_time_unix_nano" => self.end_time_unix_nano = integer(members)?,
            "attributes" => self.attributes = messages(members)?,
            "droppedAttributesCount" | "dropped_attributes_count" => {
                self.dropped_attributes_count = integer(members)?;
            }
            "events" => self.events = messages(members)?,
            "droppedEventsCount" | "dropped_events_count" => self.dropped_events_count = integer(members)?,
            "links" => self.links = messages(members)?,
            "droppedLinksCount" | "dropped_links_count" => self.dropped_links_count = integer(members)?,
            "status" => self.status = Some(message(members)?),
            "flags" => self.flags = integer(members)?,
            _ => skip(members)?,
        }
        Ok(())
    }
}

impl Members for Event {
    fn member<'de, A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error> {
        match key {
            "timeUnixNano" | "time_unix_nano" => self.time_unix_nano = integer(members)?,
            "name" => self.name = text(members)?,
            "attributes" => self.attributes = messages(members)?,
            "droppedAttributesCount" | "dropped_attributes_count" => {
                self.dropped_attributes_count = integer(members)?;
            }
            _ => skip(members)?,
        }
        Ok(())
    }
}

impl Members for Link {
    fn member<'de, A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error> {
        match key {
            "traceId" | "trace_id" => self.trace_id = id(members, 16)?,
            "spanId" | "span_id" => self.span_id = id(members, 8)?,
            "traceState" | "trace_state" => self.trace_state = text(members)?,
            "attributes" => self.attributes = messages(members)?,
            "droppedAttributesCount" | "dropped_attributes_count" => {
                self.dropped_attributes_count = integer(members)?;
            }
            "flags" => self.flags = integer(members)?,
            _ => skip(members)?,
        }
        Ok(())
    }
}

impl Members for Status {
    fn member<'de, A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error> {
        match key {
            "message" => self.message = text(members)?,
            "code" => self.code = enumeration(members, &CODES)?,
            _ => skip(members)?,
        }
        Ok(())
    }
}

impl Members for KeyValue {
    fn member<'de, A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error> {
        match key {
            "key" => self.key = text(members)?,
            "value" => self.value = Some(message(members)?),
            _ => skip(members)?,
        }
        Ok(())
    }
}

impl Members for AnyValue {
    fn member<'de, A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error> {
        self.value = Some(match key {
            "stringValue" | "string_value" => Value::String(text(members)?),
            "boolValue" | "bool_value" => Value::Bool(boolean(members)?),
            "intValue" | "int_value" => Value::Int(integer(members)?),
            "doubleValue" | "double_value" => Value::Double(double(members)?),
            "arrayValue" | "array_value" => Value::Array(message(members)?),
            "kvlistValue" | "kvlist_value" => Value::Map(message(members)?),
            "bytesValue" | "bytes_value" => Value::Bytes(bytes(members)?),
            _ => return skip(members),
        });
        Ok(())
    }
}

impl Members for ArrayValue {
    fn member<'de, A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error> {
        match key {
            "values" => self.values = messages(members)?,
            _ => skip(members)?,
        }
        Ok(())
    }
}

impl Members for MapValue {
    fn member<'de, A: MapAccess<'de>>(&mut self, key: &str, members: &mut A) -> Result<(), A::Error> {
        match key {
            "values" => self.values = messages(members)?,
            _ => skip(members)?,
        }
        Ok(())
    }
}
