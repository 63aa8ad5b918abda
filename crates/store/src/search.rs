//! What a search asks of a store: a range on one of three times, a predicate, and a page.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::property::{CauseKind, Comparator, Failure, Flag, Number, Text, TextMatch};
use model::segment::AnnotationValue;
use model::{TimeRange, Timestamp, TraceDigest, TraceId};

/// A page ends after this many digests were looked at, however few of them matched, so that no call takes
/// unbounded time.
pub const MAX_SCANNED_PER_PAGE: u64 = 100_000;

/// Digests whose time on `axis` lies in `range`, for which `predicate` may hold, newest first by that time
/// and then by id (descending), beginning after `after`.
///
/// The predicate may let too much through, and a store may test less of it than it says: the caller
/// decides with the exact evaluator. What a store must not do is leave out a digest for which it holds.
#[derive(Debug, Clone)]
pub struct Search {
    pub range: TimeRange,
    pub axis: Axis,
    pub predicate: Predicate,
    pub after: Option<Cursor>,
    /// At most this many digests a page, but no less than one; a page may hold fewer, even none, and still
    /// not be the last.
    pub limit: usize,
}

#[derive(Debug, Clone, Default)]
pub struct SearchPage {
    pub digests: Vec<Arc<TraceDigest>>,
    /// How many digests of the range were looked at for this page, those that did not match included. Where an index
    /// rules digests out without looking, these are counted too, and about.
    pub scanned: u64,
    /// Where the next page begins; `None` on the last.
    pub next: Option<Cursor>,
}

/// Which time of a trace a range selects by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Axis {
    /// The start of the trace.
    Start,
    /// The receipt of its newest document.
    Received,
    /// Its latest end; a trace of which nothing has ended is not selected.
    End,
}

/// The place of one digest in the order of a search. It stays valid when traces arrive, and across restarts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor {
    pub time: Timestamp,
    pub id: TraceId,
}

/// A condition on one digest that stores can test with what they index.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    /// Nothing is known; everything passes.
    Any,
    And(Vec<Predicate>),
    Or(Vec<Predicate>),
    /// The root's flag, or the trace's. An error is told by its flag alone, a throttle included.
    Flag(Flag, bool),
    /// Nothing but `!=` holds where a trace has no such number.
    Number(Number, Comparator, f64),
    /// Some text of the trace passes; `!=` rules nothing out.
    Text(Text, TextMatch, String),
    /// The trace touched a node for which every given field is equal. Names also match edges' aliases.
    Node {
        name: Option<String>,
        kind: Option<String>,
        account: Option<String>,
    },
    /// Some request failed in this way, as the node or its caller saw it; to a node of this name or alias, if one is
    /// given.
    Failing(Failure, Option<String>),
    /// There is a root cause of this kind; with a service of this name, if one is given.
    Cause(CauseKind, Option<String>),
    /// A node raised an exception.
    HasException,
    /// Some annotation has this key.
    HasAnnotation(String),
    /// Some annotation has this key and, as `Display` writes it, this value.
    Annotation {
        key: String,
        value: String,
    },
}

impl Axis {
    /// The time of a digest on this axis.
    pub fn of(self, digest: &TraceDigest) -> Option<Timestamp> {
        match self {
            Self::Start => Some(digest.start),
            Self::Received => Some(digest.last_received),
            Self::End => digest.end,
        }
    }
}

impl Axis {
    /// The place of a digest in the order of a search; `None` where it has no time on this axis.
    pub fn place(self, digest: &TraceDigest) -> Option<Cursor> {
        self.of(digest).map(|time| Cursor { time, id: digest.id })
    }
}

impl Predicate {
    /// Whether the condition may hold: true wherever it does, and sometimes elsewhere.
    pub fn may_match(&self, digest: &TraceDigest) -> bool {
        match self {
            Self::Any => true,
            Self::And(all) => all.iter().all(|predicate| predicate.may_match(digest)),
            Self::Or(any) => any.iter().any(|predicate| predicate.may_match(digest)),
            Self::Flag(flag, wanted) => may_be(*flag, digest, *wanted),
            Self::Number(_, Comparator::NotEqual, _) | Self::Text(_, TextMatch::NotEqual, _) => true,
            Self::Number(number, how, wanted) => {
                number.of(digest).is_some_and(|value| how.may_hold(value, *wanted))
            }
            Self::Text(text, how, wanted) => text.any(digest, |text| how.holds(text, wanted)),
            Self::Node { name, kind, account } => {
                may_touch(digest, name.as_deref(), kind.as_deref(), account.as_deref())
            }
            Self::Failing(failure, name) => has_name(&failure.names(digest), name.as_deref()),
            Self::Cause(cause, name) => match name {
                Some(name) => cause.services(digest).any(|service| service == name),
                None => !cause.of(digest).is_empty(),
            },
            Self::HasException => digest.has_exception(),
            // Of what a digest does not keep nothing is known.
            Self::HasAnnotation(_) | Self::Annotation { .. } if digest.annotations_cut => true,
            Self::HasAnnotation(key) => digest.annotations.iter().any(|annotation| annotation.key == *key),
            Self::Annotation { key, value } => digest
                .annotations
                .iter()
                .any(|annotation| annotation.key == *key && is_text(&annotation.value, value)),
        }
    }
}

fn may_be(flag: Flag, digest: &TraceDigest, wanted: bool) -> bool {
    let flags = digest.flags();
    match flag {
        // A trace without its root is neither; who asks may see it either way.
        Flag::Ok => digest.root.is_none() || flags.any() != wanted,
        Flag::Error => flags.error == wanted,
        Flag::Throttle => flags.throttle == wanted || digest.has_throttle == wanted,
        Flag::Fault | Flag::Partial | Flag::Inferred => flag.of(digest) == wanted,
    }
}

/// Whether the name is there, or any.
fn has_name(names: &BTreeSet<&str>, name: Option<&str>) -> bool {
    name.map_or(!names.is_empty(), |name| names.contains(name))
}

fn is_text(value: &AnnotationValue, wanted: &str) -> bool {
    match value {
        AnnotationValue::String(text) => text == wanted,
        AnnotationValue::Number(number) => wanted.parse() == Ok(*number),
        AnnotationValue::Boolean(boolean) => wanted.parse() == Ok(*boolean),
    }
}

fn may_touch(digest: &TraceDigest, name: Option<&str>, kind: Option<&str>, account: Option<&str>) -> bool {
    let is_node = digest.nodes.iter().any(|node| {
        name.is_none_or(|name| node.key.name == name)
            && kind.is_none_or(|kind| node.key.kind.as_deref() == Some(kind))
            && account.is_none_or(|account| node.key.account.as_deref() == Some(account))
    });
    // An alias stands for the edge's target, whose kind and account are left to the exact evaluator.
    is_node
        || name.is_some_and(|name| {
            digest.edges.iter().flat_map(|edge| &edge.aliases).any(|alias| alias.name == name)
        })
}

#[cfg(test)]
mod tests;
