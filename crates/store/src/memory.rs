//! A store that keeps everything in memory: the oracle for the others, and enough for unit tests.
//!
//! One process has one share. A [`MemoryCluster`] has several, and several processes at it: what is proved of the seam
//! between processes is proved with it.

mod shares;
mod state;
mod tail;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use model::link::AwaitedLink;
use model::minute::MinuteRow;
use model::{StoredDocument, TraceDigest, TraceId};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{Notify, watch};

pub use shares::Step;

use crate::memory::state::State;
use crate::memory::tail::MemoryTail;
use crate::{
    Capabilities, Commit, Digested, Fact, Figure, Holdings, Lease, MinuteQuery, NewDocument, Pulse, Search,
    SearchPage, Share, StoreError, StoreStatus, Tail, TailCursor, TraceStore,
};

/// Documents that a store made by [`MemoryStore::new`] holds at most.
const DEFAULT_CAPACITY: usize = 1_000_000;

/// One process. What it keeps is forgotten with the last of its cluster.
#[derive(Debug)]
pub struct MemoryStore {
    shared: Arc<Shared>,
    process: u32,
    leases: watch::Receiver<Vec<Lease>>,
    is_closed: Arc<AtomicBool>,
    capacity: usize,
}

/// Several shares, and the processes that have them.
#[derive(Debug, Clone)]
pub struct MemoryCluster {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Rung after each append and on close.
    grown: Notify,
    changes: watch::Sender<Pulse>,
}

impl MemoryStore {
    pub fn new() -> Self {
        Self::with_capacity(DEFAULT_CAPACITY)
    }

    /// A store that is busy once it holds `capacity` documents.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { capacity, ..MemoryCluster::new(1).join() }
    }

    fn open(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        if self.is_closed.load(Ordering::Acquire) {
            return Err(StoreError::Closed);
        }
        Ok(self.shared.state.lock())
    }
}

impl MemoryCluster {
    pub fn new(shares: u16) -> Self {
        let state = Mutex::new(State::new(shares));
        Self { shared: Arc::new(Shared { state, grown: Notify::new(), changes: watch::Sender::default() }) }
    }

    /// One more process. Shares are spread anew over those that live.
    pub fn join(&self) -> MemoryStore {
        let (process, leases) = self.shared.state.lock().shares.join();
        let is_closed = Arc::default();
        MemoryStore {
            shared: Arc::clone(&self.shared),
            process,
            leases,
            is_closed,
            capacity: DEFAULT_CAPACITY,
        }
    }

    /// Takes the shares of a process that does not hear of it, as when its lease has run out while it hung.
    pub fn expire(&self, process: &MemoryStore) {
        self.shared.state.lock().shares.leave(process.process);
    }

    /// The next commit of each share ends after this step, as if its process had been killed there.
    pub fn break_commits(&self, after: Option<Step>) {
        self.shared.state.lock().shares.breaks_after = after;
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl TraceStore for MemoryStore {
    async fn append(&self, documents: Vec<NewDocument>) -> Result<(), StoreError> {
        {
            let mut state = self.open()?;
            if state.documents() + documents.len() > self.capacity {
                return Err(StoreError::Busy { reason: "memory_full" });
            }
            for document in documents {
                state.append(self.process, document);
            }
        }
        self.shared.grown.notify_waiters();
        Ok(())
    }

    async fn documents_of(&self, ids: &[TraceId]) -> Result<Vec<Vec<Arc<StoredDocument>>>, StoreError> {
        let state = self.open()?;
        Ok(ids.iter().map(|id| state.of_trace(*id)).collect())
    }

    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        let mut state = self.open()?;
        let pulse = self.shared.changes.borrow().after(&commit, 0);
        state.commit(self.process, commit)?;
        let (through, foreign_links) = (state.shares.digested(), state.foreign_links);
        self.shared.changes.send_replace(Pulse { through, foreign_links, ..pulse });
        Ok(())
    }

    async fn digests(&self, ids: &[TraceId]) -> Result<Vec<Arc<TraceDigest>>, StoreError> {
        let state = self.open()?;
        Ok(ids.iter().filter_map(|id| state.digests.get(id).cloned()).collect())
    }

    async fn search(&self, search: &Search) -> Result<SearchPage, StoreError> {
        Ok(self.open()?.search(search))
    }

    async fn minutes(&self, query: &MinuteQuery) -> Result<Vec<MinuteRow>, StoreError> {
        let state = self.open()?;
        let wanted = state.minutes.iter().filter(|(key, stats)| query.selects(key) && !stats.is_nothing());
        Ok(wanted.map(|(key, stats)| MinuteRow { key: key.clone(), stats: stats.clone() }).collect())
    }

    fn shares(&self) -> watch::Receiver<Vec<Lease>> {
        self.leases.clone()
    }

    fn share_of(&self, id: TraceId) -> Share {
        self.shared.state.lock().shares.of(id)
    }

    fn tail(&self, share: Share, after: &TailCursor) -> Box<dyn Tail> {
        let (shared, is_closed) = (Arc::clone(&self.shared), Arc::clone(&self.is_closed));
        Box::new(MemoryTail { shared, is_closed, share, after: after.clone() })
    }

    async fn digested(&self, share: Share) -> Result<Digested, StoreError> {
        Ok(self.open()?.shares.get(share).map(|one| one.digested.clone()).unwrap_or_default())
    }

    async fn awaited(&self, share: Share) -> Result<Vec<Arc<AwaitedLink>>, StoreError> {
        let state = self.open()?;
        let waiting = state.shares.get(share).into_iter().flat_map(|one| one.awaited.values());
        Ok(waiting.cloned().collect())
    }

    fn changes(&self) -> watch::Receiver<Pulse> {
        self.shared.changes.subscribe()
    }

    fn status(&self) -> StoreStatus {
        let state = self.shared.state.lock();
        StoreStatus {
            documents: state.documents() as u64,
            traces: state.digests.len() as u64,
            newest: state.documents() as u64,
            digested: state.shares.digested(),
            newest_received: state.newest_received,
            ..StoreStatus::default()
        }
    }

    async fn holdings(&self) -> Result<Holdings, StoreError> {
        let state = self.open()?;
        Ok(Holdings {
            oldest_received: state.oldest_received,
            bytes: state.bytes,
            facts: vec![Fact {
                name: "Documents that fit into memory",
                value: Figure::Count(self.capacity as u64),
            }],
            ..Holdings::default()
        })
    }

    /// A store that is alone is the only process of its cluster.
    fn capabilities(&self) -> Capabilities {
        Capabilities { is_shared: true, ..Capabilities::default() }
    }

    /// Lets go of its shares; other processes take them over.
    async fn close(&self) -> Result<(), StoreError> {
        self.is_closed.store(true, Ordering::Release);
        self.shared.state.lock().shares.leave(self.process);
        self.shared.grown.notify_waiters();
        Ok(())
    }
}
