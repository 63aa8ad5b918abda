//! What is told: the entries of the rail, in the order in which they matter.

use model::digest::ExceptionDigest;
use model::{Micros, NodeKey, NodeKind, Timestamp, TraceId};

use super::sentence;
use crate::version::Introduced;

/// What goes wrong, worst first where all else is equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    Failing,
    Slow,
    /// Its traffic is gone, or the calls to it.
    Silent,
}

/// How much of it, heaviest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Much of what clients ask goes wrong.
    Outage,
    /// More than usual goes wrong.
    Degraded,
    /// A few failures, which may be chance.
    Noise,
}

/// One thing that goes wrong, or went wrong in the range.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Whose fault it is: the service that answers at other times, where the calls only know a host.
    pub node: NodeKey,
    pub node_kind: NodeKind,
    /// The host under which it was called, where that is another name.
    pub host: Option<String>,
    /// Who saw it fail, where that is somebody else.
    pub witness: Option<NodeKey>,
    pub what: What,
    pub weight: Weight,
    pub since: Timestamp,
    /// `None` while it goes on.
    pub until: Option<Timestamp>,
    /// Requests since then that went wrong; of a slow node those that were looked at and took longer than nearly all
    /// usually do.
    pub failing: u64,
    /// Requests since then that reached the node, failing ones included.
    pub requests: u64,
    /// Of the failing ones, those whose clients saw it.
    pub clients: u64,
    /// Clients' requests since then, all that came in.
    pub all_requests: u64,
    pub users: u64,
    /// With how often, those first that grew most.
    pub exceptions: Vec<(ExceptionDigest, u64)>,
    /// The entry request that is hit most; of a slow node, what was asked of it.
    pub operation: Option<String>,
    /// Who fails or waits because of it, most affected first.
    pub affected: Vec<NodeKey>,
    /// Keys of groups, each with how many of the failing traces belong to it.
    pub groups: Vec<(String, u64)>,
    pub example: Option<TraceId>,
    /// The episodes of the range, this one included, oldest first: from, to, and how many failed.
    pub episodes: Vec<Span>,
    /// Failing requests in each of the last [`SPARKS`] tenths of the time since it began, or minutes, oldest first.
    pub sparks: Vec<u64>,
    pub slow: Option<Slow>,
    /// The version that appeared shortly before, of the node at fault, of who saw it, or of a node that is affected.
    pub began_with: Option<Introduced>,
    pub sentence: String,
    /// How much it matters among those of one weight.
    pub score: f64,
    /// Nothing older is known of it: it may have begun before.
    pub is_cut: bool,
}

/// When something went wrong before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub since: Timestamp,
    pub until: Option<Timestamp>,
    pub failing: u64,
}

/// Where the time is lost.
#[derive(Debug, Clone, PartialEq)]
pub struct Slow {
    /// The caller, where it is the way to the node, or its answers, that take longer; `None` where the node itself does.
    pub from: Option<NodeKey>,
    /// The two ends of a way.
    pub way: Option<(NodeKey, NodeKey)>,
    pub usual_median: Micros,
    pub median: Micros,
    pub usual_p90: Micros,
    pub p90: Micros,
}

/// A node whose clock is off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skew {
    pub node: NodeKey,
    /// Negative where it is ahead.
    pub behind_millis: i64,
}

/// What fails as it usually does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Background {
    pub nodes: Vec<NodeKey>,
    /// Failing requests of the last minute.
    pub failing: u64,
}

/// Everything that is told of one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Judgement {
    /// What goes on first, by weight and then by how much it matters; then what is over, the newest first.
    pub entries: Vec<Entry>,
    pub background: Background,
    pub skews: Vec<Skew>,
    /// Clients' requests of the last minute.
    pub requests: u64,
}

impl Judgement {
    pub(crate) fn sort(&mut self) {
        in_order(&mut self.entries);
    }
}

/// Points of a sparkline.
pub const SPARKS: usize = 30;

pub(super) fn in_order(entries: &mut [Entry]) {
    entries.sort_by(|one, other| {
        let open = |entry: &Entry| entry.until.is_some();
        open(one)
            .cmp(&open(other))
            .then_with(|| match (one.until, other.until) {
                (Some(one), Some(other)) => other.cmp(&one),
                _ => one.weight.cmp(&other.weight).then(other.score.total_cmp(&one.score)),
            })
            .then(one.what.cmp(&other.what))
            .then_with(|| one.node.cmp(&other.node))
    });
}

impl Entry {
    /// Makes its sentence, as of now.
    pub(crate) fn say(&mut self, now: Timestamp) {
        self.sentence = sentence::of(self, now);
    }
}

#[cfg(test)]
impl Entry {
    /// A service that fails, of which nothing else is known.
    pub(crate) fn failing(name: &str, since: Timestamp) -> Self {
        Self {
            node: NodeKey { name: name.to_owned(), kind: None, account: None },
            node_kind: NodeKind::Service,
            host: None,
            witness: None,
            what: What::Failing,
            weight: Weight::Outage,
            since,
            until: None,
            failing: 0,
            requests: 0,
            clients: 0,
            all_requests: 0,
            users: 0,
            exceptions: Vec::new(),
            operation: None,
            affected: Vec::new(),
            groups: Vec::new(),
            example: None,
            episodes: Vec::new(),
            sparks: Vec::new(),
            slow: None,
            began_with: None,
            sentence: String::new(),
            score: 0.0,
            is_cut: false,
        }
    }
}
