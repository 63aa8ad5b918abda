//! What X-Ray takes away from an entity, and where its subsegments go.

use serde_json::{Map, Value};

/// Marks in the place of `subsegments` that some were sent: they are folded in again, or went elsewhere.
pub(super) const TAKEN: Value = Value::Null;

/// Takes away what X-Ray never gives back.
pub(super) fn tidy(object: &mut Map<String, Value>) {
    if let Some(Value::Object(request)) = object.get_mut("http").and_then(|http| http.get_mut("request")) {
        request.shift_remove("traced");
    }
    let exceptions = object.get_mut("cause").and_then(|cause| cause.get_mut("exceptions"));
    for exception in exceptions.and_then(Value::as_array_mut).into_iter().flatten() {
        if let Value::Object(exception) = exception
            && exception.get("stack").and_then(Value::as_array).is_some_and(Vec::is_empty)
        {
            exception.shift_remove("stack");
        }
    }
}

/// A subsegment's place says whose it is.
pub(super) fn strip_surplus_ids(object: &mut Map<String, Value>) {
    for key in ["type", "trace_id", "parent_id"] {
        object.shift_remove(key);
    }
}

/// Puts the subsegments back, where they were if there were any.
pub(super) fn fold(object: &mut Map<String, Value>, children: Vec<Value>) {
    if !children.is_empty() {
        object.insert("subsegments".into(), Value::Array(children));
    } else if object.get("subsegments") == Some(&TAKEN) {
        object.shift_remove("subsegments");
    }
}
