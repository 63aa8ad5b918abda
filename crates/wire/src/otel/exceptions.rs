//! Exceptions as the events that OpenTelemetry has for them.

use model::Entity;
use serde_json::{Map, Value, json};

use super::nanos;

/// An event for each exception of the entity. When it was thrown is not known; the work ended with it.
pub(super) fn events(entity: &Entity, sent: &Map<String, Value>) -> Vec<Value> {
    let at = nanos(entity.end.unwrap_or(entity.start));
    let event = |exception: &Value| {
        let mut attributes = Map::new();
        for (key, name) in [("type", "exception.type"), ("message", "exception.message")] {
            if let Some(text) = exception.get(key).filter(|value| value.is_string()) {
                attributes.insert(name.into(), text.clone());
            }
        }
        if let Some(stack) =
            exception.get("stack").and_then(Value::as_array).filter(|stack| !stack.is_empty())
        {
            attributes.insert("exception.stacktrace".into(), stack_trace(exception, stack).into());
        }
        json!({ "name": "exception", "timeUnixNano": at, "attributes": attributes })
    };
    of(sent).map(event).collect()
}

pub(super) fn first_message(sent: &Map<String, Value>) -> Option<&str> {
    of(sent).find_map(|exception| exception.get("message")?.as_str())
}

fn of(sent: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let exceptions = sent.get("cause").and_then(|cause| cause.get("exceptions"));
    exceptions.and_then(Value::as_array).into_iter().flatten()
}

/// As Java prints it, which readers of this attribute know.
fn stack_trace(exception: &Value, stack: &[Value]) -> String {
    let text =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut trace = format!("{}: {}", text(exception, "type"), text(exception, "message"));
    for frame in stack {
        let line = frame.get("line").map(|line| format!(":{line}")).unwrap_or_default();
        trace.push_str(&format!("\n\tat {}({}{line})", text(frame, "label"), text(frame, "path")));
    }
    trace
}
