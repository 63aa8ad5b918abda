//! Exceptions of many traces, each once with how often and when: of one node, or of all.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use model::{NodeKey, Timestamp, TraceDigest, TraceId};

/// Kinds told apart. A service that puts an id into each name has no more.
const MAX_KINDS: usize = 5_000;
/// Versions of a kind that are told.
const MAX_VERSIONS: usize = 20;

/// Exceptions in the making, as traces come by from the newest to the oldest.
#[derive(Debug, Default)]
pub struct Exceptions {
    kinds: HashMap<(NodeKey, Option<String>), Kind>,
    /// Exceptions that are of no kind that is counted.
    pub left_out: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// Of the newest trace, as is the example.
    pub message: Option<String>,
    pub example: TraceId,
    pub count: u64,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    /// Of the node while it was raised, each with how often.
    pub versions: BTreeMap<String, u64>,
}

/// Who raised it, under what name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {
    pub node: NodeKey,
    pub name: Option<String>,
    pub kind: Kind,
}

impl Exceptions {
    /// Those that were raised at a node that is wanted.
    pub fn add(&mut self, digest: &TraceDigest, is_wanted: impl Fn(&NodeKey) -> bool) {
        for (place, node) in digest.nodes.iter().enumerate().filter(|(_, node)| is_wanted(&node.key)) {
            let exceptions = node.requests.iter().flat_map(|request| &request.exceptions);
            for exception in exceptions {
                let key = (node.key.clone(), exception.name.clone());
                if self.kinds.len() >= MAX_KINDS && !self.kinds.contains_key(&key) {
                    self.left_out += 1;
                    continue;
                }
                let kind = self.kinds.entry(key).or_insert_with(|| Kind {
                    message: exception.message.clone(),
                    example: digest.id,
                    count: 0,
                    first_seen: digest.start,
                    last_seen: digest.start,
                    versions: BTreeMap::new(),
                });
                kind.count += 1;
                kind.first_seen = kind.first_seen.min(digest.start);
                kind.last_seen = kind.last_seen.max(digest.start);
                kind.add_versions(digest, place);
            }
        }
    }

    /// The most frequent first.
    pub fn finish(self) -> Vec<Raised> {
        let kinds = self.kinds.into_iter();
        let mut raised: Vec<_> = kinds.map(|((node, name), kind)| Raised { node, name, kind }).collect();
        raised.sort_by(|one, other| {
            let by_count = other.kind.count.cmp(&one.kind.count);
            by_count.then_with(|| (&one.node, &one.name).cmp(&(&other.node, &other.name)))
        });
        raised
    }
}

impl Kind {
    fn add_versions(&mut self, digest: &TraceDigest, place: usize) {
        for (_, version) in digest.versions.iter().filter(|(node, _)| *node as usize == place) {
            if self.versions.len() < MAX_VERSIONS || self.versions.contains_key(version) {
                *self.versions.entry(version.clone()).or_default() += 1;
            }
        }
    }
}
