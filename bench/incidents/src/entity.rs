//! A segment or subsegment as SDKs write it, and the document that is sent of it.

use serde_json::{Map, Value, json};

/// Times are epoch seconds.
#[derive(Debug)]
pub(super) struct Entity {
    pub(super) id: String,
    name: String,
    pub(super) start: f64,
    pub(super) end: f64,
    /// All other members.
    members: Map<String, Value>,
    subsegments: Vec<Entity>,
}

impl Entity {
    pub(super) fn new(id: String, name: &str, start: f64) -> Self {
        Self { id, name: name.to_owned(), start, end: start, members: Map::new(), subsegments: Vec::new() }
    }

    pub(super) fn set(&mut self, member: &str, value: Value) {
        self.members.insert(member.to_owned(), value);
    }

    /// Sets `error`, `throttle` or `fault`.
    pub(super) fn flag(&mut self, name: &str) {
        self.set(name, json!(true));
    }

    pub(super) fn request(&mut self, method: &str, url: &str, further: Value) {
        let mut request = json!({"method": method, "url": url});
        if let (Value::Object(request), Value::Object(further)) = (&mut request, further) {
            request.extend(further);
        }
        self.set("http", json!({ "request": request }));
    }

    /// The response, with the flags that every SDK derives from its status.
    pub(super) fn respond(&mut self, status: u16) {
        let response = json!({"status": status, "content_length": 412});
        match self.members.get_mut("http") {
            Some(http) => http["response"] = response,
            None => self.set("http", json!({ "response": response })),
        }
        match status {
            429 => {
                self.flag("error");
                self.flag("throttle");
            }
            400..500 => self.flag("error"),
            500.. => self.flag("fault"),
            _ => {}
        }
    }

    /// Takes what is below it, which has ended.
    pub(super) fn adopt(&mut self, subsegment: Entity) {
        self.end = self.end.max(subsegment.end);
        self.subsegments.push(subsegment);
    }

    /// The document of a segment, by a clock that is ahead by so many seconds.
    pub(super) fn document(&self, trace_id: &str, ahead: f64) -> String {
        let mut object = self.object(ahead);
        object.insert("trace_id".to_owned(), json!(trace_id));
        Value::Object(object).to_string()
    }

    fn object(&self, ahead: f64) -> Map<String, Value> {
        let mut object = Map::new();
        object.insert("id".to_owned(), json!(self.id));
        object.insert("name".to_owned(), json!(self.name));
        object.insert("start_time".to_owned(), micros(self.start + ahead));
        object.insert("end_time".to_owned(), micros(self.end + ahead));
        object.extend(self.members.clone());
        if !self.subsegments.is_empty() {
            let below = self.subsegments.iter().map(|one| Value::Object(one.object(ahead)));
            object.insert("subsegments".to_owned(), Value::Array(below.collect()));
        }
        object
    }
}

/// As exact as the best SDKs write it.
fn micros(seconds: f64) -> Value {
    json!((seconds * 1e6).round() / 1e6)
}
