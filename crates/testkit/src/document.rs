//! Documents as an SDK would send them, happening now.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

/// How long the segments made here took.
const LENGTH: Duration = Duration::from_millis(250);

/// A trace id that carries the present time, as SDKs make them.
pub fn trace_id(number: u64) -> String {
    format!("1-{:08x}-{number:024x}", now().as_secs())
}

/// A finished segment that began a moment ago. Change what the test is about.
pub fn segment(name: &str, trace_id: &str, id: u64) -> Value {
    let end = now();
    json!({
        "name": name,
        "trace_id": trace_id,
        "id": format!("{id:016x}"),
        "start_time": (end - LENGTH).as_secs_f64(),
        "end_time": end.as_secs_f64(),
    })
}

/// The same segment while it is still going on.
pub fn in_progress(segment: &Value) -> Value {
    let mut segment = segment.clone();
    let members = segment.as_object_mut().expect("a segment is an object");
    members.remove("end_time");
    members.insert("in_progress".to_owned(), Value::Bool(true));
    segment
}

pub(crate) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970")
}
