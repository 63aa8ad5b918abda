//! Issues: failing traces grouped by where their failure began, so that the origin is named once and
//! its victims are not named as culprits.

use model::digest::ExceptionDigest;
use model::{NodeKey, NodeKind, Timestamp, TraceDigest, TraceId};

/// One origin with one exception.
#[derive(Debug, Clone, PartialEq)]
pub struct Issue {
    pub node: NodeKey,
    pub node_kind: NodeKind,
    /// Who recorded the exception.
    pub witness: NodeKey,
    /// The message is that of the newest trace.
    pub exception: Option<ExceptionDigest>,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    /// Failing traces of this issue; all traces of the range are in [`Issues::total`].
    pub failing: u64,
    pub users: u64,
    /// Method and path of the most frequent entry request.
    pub entry: Option<String>,
    /// The nodes between the client and the origin, most affected first; the origin is not among them.
    pub affected: Vec<NodeKey>,
    /// The newest failing trace.
    pub example: TraceId,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Issues {
    /// By failing traces, descending.
    pub issues: Vec<Issue>,
    pub total: u64,
}

/// Groups by origin and exception name.
pub fn issues<'a>(_digests: impl IntoIterator<Item = &'a TraceDigest>) -> Issues {
    todo!()
}
