//! Entities as the SDKs write them, and their datagrams.

use std::time::Duration;

use serde_json::{Map, Value, json};

/// What precedes every document, byte for byte as Python, Node and .NET send it.
const HEADER: &str = "{\"format\":\"json\",\"version\":1}\n";

/// A segment or subsegment. Its times count from the begin of the request.
#[derive(Debug, Clone)]
pub(super) struct Entity {
    pub(super) id: String,
    name: String,
    start: Duration,
    end: Duration,
    /// All other members, in the order in which they were set.
    fields: Map<String, Value>,
    subsegments: Vec<Entity>,
}

/// One document to send.
#[derive(Debug, Clone)]
pub(super) struct Document {
    entity: Entity,
    kind: Kind,
    /// When the service sends it, from the begin of the request.
    pub(super) sent_at: Duration,
}

#[derive(Debug, Clone)]
enum Kind {
    Complete,
    InProgress,
    /// An independent subsegment of this entity.
    Subsegment {
        parent_id: String,
    },
}

impl Entity {
    pub(super) fn new(id: String, name: &str, start: Duration) -> Entity {
        Entity { id, name: name.to_owned(), start, end: start, fields: Map::new(), subsegments: Vec::new() }
    }

    pub(super) fn set(&mut self, field: &str, value: Value) {
        self.fields.insert(field.to_owned(), value);
    }

    /// Adds to the block `http`, `aws`, ...; makes it where there is none.
    pub(super) fn extend(&mut self, block: &str, members: Value) {
        match (self.fields.get_mut(block), members) {
            (Some(Value::Object(present)), Value::Object(members)) => present.extend(members),
            (_, members) => self.set(block, members),
        }
    }

    pub(super) fn annotate(&mut self, key: &str, value: impl Into<Value>) {
        self.extend("annotations", json!({ key: value.into() }));
    }

    /// The response, and the flags that every SDK derives from its status.
    pub(super) fn respond(&mut self, status: u16, content_length: u32) {
        self.extend("http", json!({"response": {"status": status, "content_length": content_length}}));
        match status {
            429 => {
                self.set("error", json!(true));
                self.set("throttle", json!(true));
            }
            400..500 => self.set("error", json!(true)),
            500.. => self.set("fault", json!(true)),
            _ => {}
        }
    }

    pub(super) fn finish(&mut self, end: Duration) {
        self.end = end;
    }

    pub(super) fn adopt(&mut self, subsegment: Entity) {
        self.subsegments.push(subsegment);
    }

    /// Takes the finished subsegments out, as an SDK does that streams.
    pub(super) fn release_subsegments(&mut self) -> Vec<Entity> {
        std::mem::take(&mut self.subsegments)
    }

    fn to_json(&self, begin: Duration) -> Map<String, Value> {
        let mut object = Map::new();
        object.insert("id".to_owned(), json!(self.id));
        object.insert("name".to_owned(), json!(self.name));
        object.insert("start_time".to_owned(), seconds(begin + self.start));
        object.insert("end_time".to_owned(), seconds(begin + self.end));
        object.extend(self.fields.clone());
        if !self.subsegments.is_empty() {
            let subsegments = self.subsegments.iter().map(|entity| Value::Object(entity.to_json(begin)));
            object.insert("subsegments".to_owned(), Value::Array(subsegments.collect()));
        }
        object
    }
}

impl Document {
    pub(super) fn complete(entity: Entity) -> Document {
        Document { sent_at: entity.end, entity, kind: Kind::Complete }
    }

    /// The entity as it stands at its begin.
    pub(super) fn in_progress(entity: Entity) -> Document {
        Document { sent_at: entity.start, entity, kind: Kind::InProgress }
    }

    pub(super) fn subsegment(entity: Entity, parent_id: String, sent_at: Duration) -> Document {
        Document { entity, kind: Kind::Subsegment { parent_id }, sent_at }
    }

    /// The datagram of a request that began at `begin` (since 1970).
    pub(super) fn to_datagram(&self, trace_id: &str, begin: Duration) -> Vec<u8> {
        format!("{HEADER}{}", self.to_json_text(trace_id, begin)).into_bytes()
    }

    pub(super) fn to_json_text(&self, trace_id: &str, begin: Duration) -> String {
        let mut object = self.entity.to_json(begin);
        object.insert("trace_id".to_owned(), json!(trace_id));
        match &self.kind {
            Kind::Complete => {}
            Kind::InProgress => {
                object.shift_remove("end_time");
                object.insert("in_progress".to_owned(), json!(true));
            }
            Kind::Subsegment { parent_id } => {
                object.insert("type".to_owned(), json!("subsegment"));
                object.insert("parent_id".to_owned(), json!(parent_id));
            }
        }
        Value::Object(object).to_string()
    }
}

/// Epoch seconds with microseconds, which is what the best SDKs write.
fn seconds(time: Duration) -> Value {
    json!(time.as_micros() as f64 / 1e6)
}
