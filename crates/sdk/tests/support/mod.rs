//! A recorder whose documents are read back.
use std::time::Duration;

use fluoro_sdk::{Memory, Recorder, RecorderBuilder, RecorderGuard};
use serde_json::Value;

pub(crate) struct Recording {
    pub(crate) recorder: RecorderGuard,
    memory: Memory,
}

pub(crate) fn recording() -> Recording {
    with(|builder| builder)
}

/// Without the variables of the machine that tests run on.
pub(crate) fn with(set_up: impl FnOnce(RecorderBuilder) -> RecorderBuilder) -> Recording {
    let memory = Memory::default();
    let builder = Recorder::builder().name("shop").sample_all(true).emitter(memory.clone());
    let recorder = set_up(builder.environment(|_| None)).build().expect("it is there");
    Recording { recorder, memory }
}

impl Recording {
    /// Each document so far, once all are sent. Each one is what the service takes.
    pub(crate) fn documents(&self) -> Vec<Value> {
        assert!(self.recorder.flush(Duration::from_secs(120)), "sent in time");
        let documents = self.memory.json();
        for document in &documents {
            let text = bytes_of(document);
            if let Err(reject) = wire::decode(text) {
                panic!("{}: {document}", reject.detail);
            }
        }
        documents.iter().map(|document| serde_json::from_str(document).expect("it is there")).collect()
    }

    /// All entities, whichever document they are in: name and parent's id.
    pub(crate) fn entities(&self) -> Vec<Entity> {
        let mut found = Vec::new();
        let mut waiting: Vec<(Value, Option<String>)> =
            self.documents().into_iter().map(|document| (document, None)).collect();
        while let Some((value, within)) = waiting.pop() {
            let id = value["id"].as_str().expect("it is there").to_owned();
            if let Some(children) = value["subsegments"].as_array() {
                waiting.extend(children.iter().map(|child| (child.clone(), Some(id.clone()))));
            }
            let parent = within.or_else(|| value["parent_id"].as_str().map(str::to_owned));
            found.push(Entity {
                name: value["name"].as_str().expect("it is there").to_owned(),
                id,
                parent,
                value,
            });
        }
        found
    }

    pub(crate) fn entity(&self, name: &str) -> Entity {
        let found: Vec<_> = self.entities().into_iter().filter(|entity| entity.name == name).collect();
        assert_eq!(found.len(), 1, "{name}: {found:#?}");
        found.into_iter().next().expect("it is there")
    }

    /// The name of an entity's parent.
    pub(crate) fn parent(&self, name: &str) -> String {
        let parent = self.entity(name).parent.expect("it has one");
        let entities = self.entities();
        entities.into_iter().find(|entity| entity.id == parent).expect("it was sent").name
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Entity {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) parent: Option<String>,
    pub(crate) value: Value,
}

fn bytes_of(text: &str) -> bytes::Bytes {
    text.to_owned().into()
}
