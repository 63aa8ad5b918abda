//! Nodes of many traces by number, each under the name that it is shown by.

use ahash::AHashMap as HashMap;
use model::{NodeKey, NodeKind};

/// Nodes told apart. What makes a new name of each request must not fill the memory.
const MAX_KEYS: usize = 10_000;

/// Under what name a node is shown: a host that does not answer is its service.
pub type Shown<'a> = dyn Fn(&NodeKey) -> NodeKey + Send + Sync + 'a;

#[derive(Debug, Default)]
pub(super) struct Keys {
    places: HashMap<NodeKey, u32>,
    shown: HashMap<NodeKey, u32>,
    all: Vec<(NodeKey, NodeKind)>,
}

impl Keys {
    /// `None` where there are too many others.
    pub(super) fn place(&mut self, key: &NodeKey, kind: NodeKind, shown: &Shown<'_>) -> Option<u32> {
        if let Some(&place) = self.places.get(key) {
            let known = &mut self.all[place as usize].1;
            *known = kind.min(*known);
            return Some(place);
        }
        if self.places.len() >= MAX_KEYS {
            return None;
        }
        let name = shown(key);
        let place = *self.shown.entry(name).or_insert_with_key(|name| {
            self.all.push((name.clone(), kind));
            self.all.len() as u32 - 1
        });
        self.places.insert(key.clone(), place);
        Some(place)
    }

    pub(super) fn get(&self, place: u32) -> &(NodeKey, NodeKind) {
        &self.all[place as usize]
    }
}
