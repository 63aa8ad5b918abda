//! Who brings more names than are counted by themselves, in words.

use std::collections::{BTreeMap, HashSet, hash_map::RandomState};
use std::hash::BuildHasher;

use model::Minute;
use model::minute::{MinuteKey, Subject};

/// Names that are told apart; beyond, there are "more than" so many.
const COUNTED: usize = 100_000;
/// Names of which the common beginning is told.
const SAMPLE: usize = 64;
/// Of the callers of such names, those that are told, and those that are counted.
const TOLD_CALLERS: usize = 3;
const COUNTED_CALLERS: usize = 64;
/// A flood is over when nothing came for so many minutes; the next one is told anew.
const OVER_AFTER_MINUTES: i64 = 60;

/// The names that were summed lately.
#[derive(Debug, Clone, Default)]
pub struct Flood {
    names: HashSet<u64>,
    hasher: RandomState,
    sample: Vec<String>,
    callers: BTreeMap<String, u64>,
    last: Minute,
}

impl Flood {
    /// Notes a row that is summed under other names.
    pub(super) fn note(&mut self, key: &MinuteKey) {
        if key.minute.0 > self.last.0.saturating_add(OVER_AFTER_MINUTES) {
            *self = Self::default();
        }
        self.last = self.last.max(key.minute);
        match &key.subject {
            Subject::Node(node) => {
                if self.names.len() < COUNTED && self.names.insert(self.hasher.hash_one(node)) {
                    self.take_sample(&node.name);
                }
            }
            Subject::Edge { source, .. } => {
                let is_full = self.callers.len() >= COUNTED_CALLERS;
                match self.callers.get_mut(&source.name) {
                    Some(count) => *count += 1,
                    None if is_full => {}
                    None => drop(self.callers.insert(source.name.clone(), 1)),
                }
            }
        }
    }

    fn take_sample(&mut self, name: &str) {
        if self.sample.len() < SAMPLE {
            self.sample.push(name.to_owned());
        }
    }

    /// Such as "80000 names like `svc-*`, from `shop`"; nothing while every name has its own place.
    pub fn words(&self) -> Option<String> {
        let first = self.sample.first()?;
        let common = self.sample.iter().fold(first.as_str(), |common, name| {
            let same = common.char_indices().zip(name.chars()).find(|((_, one), other)| one != other);
            let length = same.map_or(common.len().min(name.len()), |((at, _), _)| at);
            &common[..length]
        });
        let more = if self.names.len() >= COUNTED { "more than " } else { "" };
        let like = if common.is_empty() { format!("such as `{first}`") } else { format!("like `{common}*`") };
        let mut callers: Vec<(&String, &u64)> =
            self.callers.iter().filter(|(name, _)| !name.starts_with(common) || common.is_empty()).collect();
        callers.sort_by_key(|&(name, count)| (std::cmp::Reverse(*count), name));
        let callers: Vec<String> =
            callers.iter().take(TOLD_CALLERS).map(|(name, _)| format!("`{name}`")).collect();
        let from =
            if callers.is_empty() { String::new() } else { format!(", called by {}", callers.join(", ")) };
        Some(format!("{more}{} names {like}{from}", self.names.len()))
    }

    /// The minute in which the last of them came.
    pub fn last(&self) -> Minute {
        self.last
    }
}
