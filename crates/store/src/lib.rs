//! The seam between Fluoro and whatever keeps its traces.
//!
//! A [`TraceStore`] keeps three things: the *documents* as they were received, the newest *digest* of each
//! trace, and the *minutes* (rollups). Documents come from `ingest`. Digests and minutes come from the digest
//! workers, one for each [`Share`], which follow its [`Tail`] and commit both together with the cursor up to which they
//! have read, so that a crash at any moment neither loses nor counts twice.
//!
//! Any backend passes the battery `conformance` (a feature, so that no program carries it); [`memory::MemoryStore`] is the
//! oracle it is compared with.

mod capabilities;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod error;
mod first;
pub mod memory;
pub mod search;
mod share;
mod status;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use model::link::{AwaitedLink, LinkId};
use model::minute::{EdgeKind, MinuteKey, MinuteRow, Stats, Subject};
use model::node::CLIENT;
use model::segment::{SegmentDocument, StoredDocument};
use model::{Micros, NodeKey, TimeRange, Timestamp, TraceDigest, TraceId};
use tokio::sync::watch;

pub use capabilities::{Capabilities, Offline, Retention};
pub use error::{DISK_FULL, StoreError};
pub use first::{Beginning, First, Span};
pub use memory::MemoryStore;
pub use search::{Axis, Cursor, Predicate, Search, SearchPage};
pub use share::{Begun, Digested, Lease, Share, TailCursor};
pub use status::{Encryption, Fact, Figure, Holdings, StoreStatus, TableHoldings};

/// Keeps traces.
///
/// All methods may be called from many tasks at once. An error of one call harms no other.
#[async_trait]
pub trait TraceStore: Debug + Send + Sync + 'static {
    /// Keeps documents and gives them the next places in the order of receipt, in the order given. Sequences
    /// rise within a lane of a share, and may leave gaps after a batch that could not be kept.
    ///
    /// Durable when it returns: neither `kill -9` nor power loss takes them back. From then on
    /// [`documents`](Self::documents) and every tail show them. `Busy` when the store cannot take more for
    /// now, because the disk is full, the digest worker is too far behind, or what was digested is not yet
    /// written out; nothing of the batch is kept then. A store may wait a few seconds for that to pass. Duplicates are kept like any other: which of two is
    /// valid is decided when a trace is assembled.
    async fn append(&self, documents: Vec<NewDocument>) -> Result<(), StoreError>;

    /// All documents of each trace in order of receipt, as many lists as ids and in the order of these; none for a trace
    /// that is not known. Where those of one are damaged the whole call fails: who can do without that one asks again,
    /// one by one.
    async fn documents_of(&self, ids: &[TraceId]) -> Result<Vec<Vec<Arc<StoredDocument>>>, StoreError>;

    /// All documents of one trace.
    async fn documents(&self, id: TraceId) -> Result<Vec<Arc<StoredDocument>>, StoreError> {
        Ok(self.documents_of(&[id]).await?.pop().unwrap_or_default())
    }

    /// The first documents of a span of a trace. A store holds no more of the trace in memory than the span allows, if it
    /// can.
    async fn beginning(&self, id: TraceId, span: Span) -> Result<Beginning, StoreError> {
        Ok(Beginning::of(self.documents(id).await?, span))
    }

    /// Replaces the digests given, adds the minute rows given, and moves [`digested`](Self::digested) of the share to
    /// `through`. Visible to every query when it returns; durable soon after. After a crash `digested` tells what was
    /// kept, and the worker reads on from there.
    ///
    /// Together with the cursor it puts the links of `awaited` to wait, and then drops those of `answered`.
    ///
    /// A commit is known by its share and `through`: made again after it failed, or by whoever takes the share over, it adds
    /// nothing twice. A store that cannot do all of it or nothing does it in steps, minutes before digests, and tells of
    /// one that was begun as `unfinished`; what that answered counts then, and not what the one that is made again does.
    ///
    /// There is one caller for each share, the holder of its newest lease; of others it is `Fenced`. `through` never goes
    /// back, and a digest never has a lower revision than the one it replaces.
    async fn commit(&self, commit: Commit) -> Result<(), StoreError>;

    /// The newest digest of each trace that is known, in the order asked.
    async fn digests(&self, ids: &[TraceId]) -> Result<Vec<Arc<TraceDigest>>, StoreError>;

    /// One page of digests, newest first; see [`Search`].
    async fn search(&self, search: &Search) -> Result<SearchPage, StoreError>;

    /// The rollups of a group in every minute that the range touches, one row per (minute, subject), summed.
    /// Rows of which nothing is left are not given. The order is that of the keys.
    async fn minutes(&self, query: &MinuteQuery) -> Result<Vec<MinuteRow>, StoreError>;

    /// The same rows added up over the minutes: one for each subject, in the minute in which the range begins.
    ///
    /// A store may have longer sums at hand than minutes. Sketches may then be coarser or finer than what adding up
    /// gives, within what they promise.
    async fn totals(&self, query: &MinuteQuery) -> Result<Vec<MinuteRow>, StoreError> {
        let mut sums: BTreeMap<Subject, Stats> = BTreeMap::new();
        for row in self.minutes(query).await? {
            sums.entry(row.key.subject).or_default().merge(&row.stats);
        }
        let minute = query.range.start.minute();
        let key = |subject| MinuteKey { minute, group: query.group.clone(), subject };
        let sums = sums.into_iter().filter(|(_, stats)| !stats.is_nothing());
        Ok(sums.map(|(subject, stats)| MinuteRow { key: key(subject), stats }).collect())
    }

    /// The shares that this process shall digest, as long as it holds the leases. Where nobody can send a change any more,
    /// there is none.
    fn shares(&self) -> watch::Receiver<Vec<Lease>> {
        watch::channel(vec![Lease::default()]).1
    }

    /// Where a trace belongs.
    fn share_of(&self, _id: TraceId) -> Share {
        Share::ONLY
    }

    /// Follows the documents of a share that the cursor does not cover.
    ///
    /// A store may forget how to follow from before [`digested`](Self::digested); from there on it must be able to.
    fn tail(&self, share: Share, after: &TailCursor) -> Box<dyn Tail>;

    /// Up to where the last commit of a share had read; where its worker goes on after a restart.
    async fn digested(&self, share: Share) -> Result<Digested, StoreError>;

    /// The links that wait for traces of a share: what commits of any share put there, but for what those of this one
    /// have answered, in the order of their ids. Whoever opens a share asks, and again when
    /// [`foreign_links`](Pulse::foreign_links) has grown.
    async fn awaited(&self, share: Share) -> Result<Vec<Arc<AwaitedLink>>, StoreError>;

    /// Traces of the shares that other processes digest, each with the revision of its digest, of which something was received at
    /// this time or later: so many at most, the newest first. None where this process has all shares.
    async fn digested_elsewhere(
        &self,
        _since: Timestamp,
        _limit: usize,
    ) -> Result<Vec<(TraceId, u32)>, StoreError> {
        Ok(Vec::new())
    }

    /// Changes with every commit, whoever made it.
    fn changes(&self) -> watch::Receiver<Pulse>;

    /// Where things stand. Never waits: an engine that is elsewhere gives what it heard last, and how long ago that was.
    fn status(&self) -> StoreStatus;

    /// What is kept, what that costs, and for how long. May ask the engine, and reads none of what is kept.
    async fn holdings(&self) -> Result<Holdings, StoreError>;

    /// What the engine can do beside what the others of these methods promise.
    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    /// Makes everything durable and lets go of what it holds. Later calls fail with `Closed`.
    async fn close(&self) -> Result<(), StoreError>;
}

/// Documents in order of receipt, as they become durable.
#[async_trait]
pub trait Tail: Debug + Send {
    /// Waits for at least one document, then gives those that are there, at most some thousands.
    /// Dropping the future loses nothing. `Closed` once the store is closed and everything was given.
    async fn next(&mut self) -> Result<Vec<Arc<StoredDocument>>, StoreError>;
}

/// A document on its way into a store.
#[derive(Debug, Clone)]
pub struct NewDocument {
    pub received: Timestamp,
    pub document: SegmentDocument,
}

/// What the digest worker of a share found in the documents up to `through`.
#[derive(Debug, Clone, Default)]
pub struct Commit {
    pub lease: Lease,
    pub through: TailCursor,
    pub digests: Vec<Arc<TraceDigest>>,
    pub minutes: Vec<MinuteRow>,
    /// Links whose sender was not found, to wait in the share of the sender's trace.
    pub awaited: Vec<Arc<AwaitedLink>>,
    /// Links of this share that wait no more, those of this commit included: their rows are among the minutes, or they
    /// have waited too long.
    pub answered: Vec<LinkId>,
    /// When it was handed over, for the [`Pulse`].
    pub at: Timestamp,
    /// When the oldest of its documents was received.
    pub oldest: Timestamp,
}

/// The state after a commit. Every commit makes a new one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pulse {
    /// About how many documents are in every answer; it grows with each commit.
    pub through: u64,
    pub committed_at: Timestamp,
    /// Digests written since the store was opened.
    pub digests: u64,
    /// Grows when a commit puts links to wait in another share than its own.
    pub foreign_links: u64,
    /// From the receipt of the oldest document of the last commit to its visibility, in microseconds.
    pub lag_micros: u64,
}

impl Pulse {
    /// After a commit that was visible at once, when so many documents are in every answer.
    pub fn after(self, commit: &Commit, through: u64) -> Self {
        Self {
            through,
            committed_at: commit.at,
            digests: self.digests + commit.digests.len() as u64,
            foreign_links: self.foreign_links,
            lag_micros: commit.oldest.until(commit.at).0,
        }
    }

    /// The same after a commit that took so long to become visible.
    pub fn delayed(self, took: Duration) -> Self {
        let took = Micros(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        let lag_micros = self.lag_micros.saturating_add(took.0);
        Self { committed_at: self.committed_at.plus(took), lag_micros, ..self }
    }
}

#[derive(Debug, Clone)]
pub struct MinuteQuery {
    pub range: TimeRange,
    pub group: String,
    pub subjects: Subjects,
}

/// Which rows of a minute are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subjects {
    All,
    Nodes,
    Edges,
    Node(NodeKey),
    /// Nodes of a name, of whatever type and account.
    Named(String),
    Edge {
        source: NodeKey,
        target: NodeKey,
        kind: EdgeKind,
    },
    /// Calls of clients: what came in from outside.
    FromClients,
}

impl MinuteQuery {
    /// Whether rows of this key are asked for.
    pub fn selects(&self, key: &MinuteKey) -> bool {
        self.range.touches(key.minute) && self.group == key.group && self.subjects.select(&key.subject)
    }
}

impl Subjects {
    pub fn select(&self, subject: &Subject) -> bool {
        match (self, subject) {
            (Self::All, _) | (Self::Nodes, Subject::Node(_)) | (Self::Edges, Subject::Edge { .. }) => true,
            (Self::Node(wanted), Subject::Node(node)) => wanted == node,
            (Self::Named(name), Subject::Node(node)) => *name == node.name,
            (Self::Edge { source, target, kind }, Subject::Edge { source: from, target: to, kind: how }) => {
                source == from && target == to && kind == how
            }
            (Self::FromClients, Subject::Edge { source, kind: EdgeKind::Call, .. }) => {
                source.kind.as_deref() == Some(CLIENT)
            }
            _ => false,
        }
    }
}
