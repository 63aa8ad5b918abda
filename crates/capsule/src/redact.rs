//! What is taken out of documents before they are written: values of members whose names somebody gave.
//!
//! A name is X-Ray's or OpenTelemetry's: `user`, `client_ip`, `url`, `message`, an annotation's key, `enduser.id`. It may have the
//! wildcards of sampling rules, and `.` and `_` are the same in it. What a trace cannot be drawn without stays whatever its name:
//! ids, names of services, times and outcomes.

use model::wildcard;
use serde_json::{Map, Value};

/// What stands in the place of a value.
pub(crate) const REDACTED: &str = "[redacted]";
const MAX_NAMES: usize = 100;
const MAX_NAME_BYTES: usize = 200;

/// Members of documents that stay.
const STRUCTURE: [&str; 24] = [
    "id",
    "trace_id",
    "parent_id",
    "name",
    "start_time",
    "end_time",
    "in_progress",
    "type",
    "namespace",
    "origin",
    "fault",
    "error",
    "throttle",
    "subsegments",
    "links",
    "cause",
    "exceptions",
    "http",
    "request",
    "response",
    "status",
    "annotations",
    "metadata",
    "aws",
];
/// The same of OpenTelemetry's.
const SPANS: [&str; 22] = [
    "traceId",
    "spanId",
    "parentSpanId",
    "kind",
    "startTimeUnixNano",
    "endTimeUnixNano",
    "timeUnixNano",
    "code",
    "resourceSpans",
    "scopeSpans",
    "spans",
    "scope",
    "resource",
    "events",
    "attributes",
    "key",
    "value",
    "traceState",
    "flags",
    "status",
    "service.name",
    "service.version",
];

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Redaction {
    names: Vec<String>,
}

/// Why a list of names is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    #[error("{0:?} is too long for a name: {MAX_NAME_BYTES} bytes at most")]
    TooLong(String),
    #[error("there are more than {MAX_NAMES} names")]
    TooMany,
}

impl Redaction {
    /// Of names with commas between them.
    pub fn parse(list: &str) -> Result<Self, BadName> {
        let mut redaction = Self::default();
        for name in list.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if name.len() > MAX_NAME_BYTES {
                return Err(BadName::TooLong(name.chars().take(40).collect()));
            }
            if redaction.names.len() == MAX_NAMES {
                return Err(BadName::TooMany);
            }
            redaction.names.push(name.to_owned());
        }
        Ok(redaction)
    }

    /// Both.
    pub fn and(mut self, other: &Self) -> Self {
        let new = other.names.iter().filter(|name| !self.names.contains(name)).cloned().collect::<Vec<_>>();
        self.names.extend(new);
        self
    }

    pub fn is_nothing(&self) -> bool {
        self.names.is_empty()
    }

    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// A document with the values taken out; none where it is no JSON, and so cannot be looked through.
    pub fn apply(&self, document: &[u8]) -> Option<Vec<u8>> {
        let mut value = serde_json::from_slice(document).ok()?;
        self.take_out(&mut value);
        serde_json::to_vec(&value).ok()
    }

    /// The same of a value.
    pub fn take_out(&self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.take_out(item)),
            Value::Object(members) => self.take_out_of(members),
            _ => {}
        }
    }

    fn take_out_of(&self, members: &mut Map<String, Value>) {
        // An attribute of OpenTelemetry has its name as a value.
        let key = members.get("key").and_then(Value::as_str);
        if key.is_some_and(|key| self.is_named(key)) && members.contains_key("value") {
            members.insert("value".to_owned(), serde_json::json!({ "stringValue": REDACTED }));
            return;
        }
        for (name, value) in members {
            if self.is_named(name) {
                *value = Value::from(REDACTED);
            } else {
                self.take_out(value);
            }
        }
    }

    fn is_named(&self, name: &str) -> bool {
        !STRUCTURE.contains(&name) && !SPANS.contains(&name) && self.matches(name)
    }

    fn matches(&self, name: &str) -> bool {
        let name = name.replace('.', "_");
        self.names.iter().any(|pattern| wildcard::matches(&pattern.replace('.', "_"), &name))
    }
}
