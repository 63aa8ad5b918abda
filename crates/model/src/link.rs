//! Links between traces on their way into the rollups: what the receiving trace tells, until the sender is known.

use crate::{EntityId, Minute, NodeKey, Timestamp, TraceId};

/// A link as the receiving trace tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedLink {
    /// The entity that sent.
    pub from: (TraceId, EntityId),
    /// The node that received.
    pub to: NodeKey,
    /// When the receiver began.
    pub at: Timestamp,
    /// In which the document that tells of it was received.
    pub minute: Minute,
    /// The start of the receiver's trace.
    pub trace_start: Timestamp,
}

/// A link that waits for the trace of its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwaitedLink {
    pub id: LinkId,
    pub link: ReceivedLink,
    /// The groups that the receiver's trace was in, and since when.
    pub groups: Vec<(String, Minute)>,
}

/// Names a link among all that wait in a store, after the commit that brought it. That commit made again gives the same
/// names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId {
    /// The share of the traces whose commit it was.
    pub share: u16,
    /// About how many documents of the share had been read with that commit; it grows from one to the next.
    pub read: u64,
    /// Among the links of the commit.
    pub number: u32,
}
