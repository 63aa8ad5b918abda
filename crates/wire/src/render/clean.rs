//! What X-Ray takes away from an entity, and where its subsegments go.

use super::schema;
use crate::json::{Json, Members};

/// Marks in the place of `subsegments` that some were sent: they are folded in again, or went elsewhere.
pub(super) const TAKEN: Json = Json::Null;

/// Takes away what X-Ray never gives back.
pub(super) fn tidy(object: &mut Members) {
    if let Some(Json::Object(request)) = object.get_mut("http").and_then(|http| http.get_mut("request")) {
        request.shift_remove("traced");
    }
    schema::keep_what_fits(object);
    let exceptions = object.get_mut("cause").and_then(|cause| cause.get_mut("exceptions"));
    for exception in exceptions.and_then(Json::as_array_mut).into_iter().flatten() {
        if let Json::Object(exception) = exception
            && exception.get("stack").is_some_and(|stack| *stack == Json::Array(Vec::new()))
        {
            exception.shift_remove("stack");
        }
    }
}

/// A subsegment's place says whose it is.
pub(super) fn strip_surplus_ids(object: &mut Members) {
    for key in ["type", "trace_id", "parent_id"] {
        object.shift_remove(key);
    }
}

/// Puts the subsegments back, where they were if there were any.
pub(super) fn fold(object: &mut Members, children: Vec<Json>) {
    if !children.is_empty() {
        object.insert("subsegments".into(), Json::Array(children));
    } else if object.get("subsegments") == Some(&TAKEN) {
        object.shift_remove("subsegments");
    }
}
