//! What a search asks of a store: a range on one of three times, a predicate, and a page.

use std::sync::Arc;

use model::{TimeRange, Timestamp, TraceDigest, TraceId};

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
    /// At most this many digests a page; a page may hold fewer and still not be the last.
    pub limit: usize,
}

#[derive(Debug, Clone, Default)]
pub struct SearchPage {
    pub digests: Vec<Arc<TraceDigest>>,
    /// How many digests of the range were looked at for this page, those that did not match included.
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
    /// The root's flag, or the trace's.
    Flag(FlagField, bool),
    Number(NumberField, Comparison, f64),
    Text(TextField, TextMatch, String),
    /// The trace touched a node for which every given field is equal. Names also match edges' aliases.
    Node {
        name: Option<String>,
        kind: Option<String>,
        account: Option<String>,
    },
    /// Some annotation has this key.
    HasAnnotation(String),
    /// Some annotation has this key and, as text, this value.
    Annotation {
        key: String,
        value: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FlagField {
    Ok,
    Error,
    Throttle,
    Fault,
    Partial,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NumberField {
    ResponseTime,
    Duration,
    HttpStatus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextField {
    HttpUrl,
    HttpMethod,
    UserAgent,
    ClientIp,
    /// Any user of the trace.
    User,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextMatch {
    Equals,
    Contains,
    BeginsWith,
    EndsWith,
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
