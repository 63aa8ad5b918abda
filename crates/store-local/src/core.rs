//! What the store's callers, the log's thread, the flusher and the upkeep share: questions stand here, what happens in
//! [`moment`], and what is in memory in [`state`].

mod moment;
pub(crate) mod state;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use model::segment::Sequence;
use parking_lot::{Mutex, RwLock};
use store::{Commit, DISK_FULL, StoreError, StoreStatus};
use tokio::sync::{Notify, Semaphore};

use self::state::{Openness, State};
use crate::buffer::{Buffer, PreparedCommit};
use crate::catalog::{Catalog, PartError};
use crate::config::Config;
use crate::directory::Directory;
use crate::disk::Reserve;
use crate::manifest::Manifest;
use crate::signal::Signal;

pub(crate) struct Core {
    pub(crate) directory: Directory,
    pub(crate) config: Config,
    /// StoredBytes only for moments; never while a file is read or written.
    state: RwLock<State>,
    /// What is on disk. Whoever replaces it holds the lock from reading to writing; taken before `state`.
    manifest: Mutex<Manifest>,
    /// Rung when documents come and when the store is closed.
    pub(crate) grown: Notify,
    /// Rung when a buffer is in parts, and when the store is closed.
    pub(crate) eased: Notify,
    pub(crate) flush: Signal,
    pub(crate) upkeep: Signal,
    pub(crate) reserve: Reserve,
    /// A turn for each of the queries that may read much at the same time.
    pub(crate) queries: Arc<Semaphore>,
    /// StoredBytes by whoever merges or drops parts.
    pub(crate) upkeep_turn: Mutex<()>,
    log_bytes: AtomicU64,
}

/// One writer gives all sequences.
pub(crate) const LANE: u32 = 0;

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not what is in it.
        f.debug_struct("Core").field("dir", &self.config.dir).finish_non_exhaustive()
    }
}

impl Core {
    fn new(directory: Directory, config: Config, manifest: Manifest, state: State) -> Self {
        let queries = config.limits.at_once.max(1);
        Self {
            directory,
            config,
            state: RwLock::new(state),
            manifest: Mutex::new(manifest),
            grown: Notify::new(),
            eased: Notify::new(),
            flush: Signal::default(),
            upkeep: Signal::default(),
            reserve: Reserve::default(),
            queries: Arc::new(Semaphore::new(queries)),
            upkeep_turn: Mutex::new(()),
            log_bytes: AtomicU64::new(0),
        }
    }

    /// Asks what is in memory; only for what is answered at once.
    pub(crate) fn look<T>(&self, ask: impl FnOnce(&State) -> T) -> T {
        ask(&self.state.read())
    }

    /// Asks what is on disk; the same.
    pub(crate) fn look_on_disk<T>(&self, ask: impl FnOnce(&Manifest) -> T) -> T {
        ask(&self.manifest.lock())
    }

    /// The parts that count now.
    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(self.state.read().catalog())
    }

    pub(crate) fn check_open(&self) -> Result<(), StoreError> {
        match self.state.read().openness() {
            Openness::Open => Ok(()),
            _ => Err(StoreError::Closed),
        }
    }

    /// Whether there is room for more documents.
    pub(crate) fn check_room(&self) -> Result<(), StoreError> {
        if self.reserve.is_full() {
            return Err(StoreError::Busy { reason: DISK_FULL });
        }
        let state = self.state.read();
        let unflushed: u64 = state.buffers().map(Buffer::bytes).sum();
        if unflushed < self.config.max_unflushed_bytes {
            return Ok(());
        }
        Err(StoreError::Busy {
            reason: if state.next_flush().is_some() { "flush_behind" } else { "digest_behind" },
        })
    }

    /// Waits for room, for a while.
    pub(crate) async fn wait_for_room(&self) -> Result<(), StoreError> {
        let until = tokio::time::Instant::now() + self.config.room_patience;
        loop {
            // Asked for before there is a look at the room, so that none is missed that comes in between.
            let eased = self.eased.notified();
            self.check_open()?;
            let busy = match self.check_room() {
                Err(busy @ StoreError::Busy { reason }) if reason != DISK_FULL => busy,
                answer => return answer,
            };
            if tokio::time::timeout_at(until, eased).await.is_err() {
                return Err(busy);
            }
        }
    }

    pub(crate) fn newest(&self) -> Sequence {
        self.state.read().newest()
    }

    pub(crate) fn has_content(&self) -> bool {
        !self.state.read().active().is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.state.read().active().bytes() >= self.config.flush_bytes
    }

    /// Whether the buffer has waited long and is worth writing.
    pub(crate) fn is_old(&self) -> bool {
        let state = self.state.read();
        let is_old = state.active().began().elapsed() >= self.config.flush_age;
        let is_worth = state.active().bytes() >= self.config.flush_min_bytes;
        (state.must_seal() || is_old && is_worth) && !state.active().is_empty()
    }

    /// The oldest sealed buffer, if it can be written (`LS-3`).
    pub(crate) fn next_flush(&self) -> Option<Arc<Buffer>> {
        self.state.read().next_flush().cloned()
    }

    pub(crate) fn status(&self) -> StoreStatus {
        let state = self.state.read();
        StoreStatus {
            documents: state.documents(),
            traces: state.traces(),
            newest: state.newest().0,
            digested: state.digested().0,
            newest_received: state.newest_received(),
            damaged: state.damaged().to_vec(),
            age: Duration::ZERO,
        }
    }

    /// What the log takes.
    pub(crate) fn log_bytes(&self) -> u64 {
        self.log_bytes.load(Ordering::Relaxed)
    }

    /// Reads with one consistent view: what `gather` takes from the buffers belongs to the parts that `read`
    /// is given. A part that turns out damaged is set aside, and the read begins again without it. Reads
    /// files: not for async tasks.
    pub(crate) fn read<G, T>(
        &self,
        gather: impl Fn(&State) -> G,
        read: impl Fn(G, &Catalog) -> Result<T, PartError>,
    ) -> Result<T, StoreError> {
        loop {
            let (gathered, catalog) = {
                let state = self.state.read();
                (gather(&state), Arc::clone(state.catalog()))
            };
            match read(gathered, &catalog) {
                Ok(found) => return Ok(found),
                // Each round has one part less.
                Err(PartError::Damaged { file, detail }) => self.set_aside(&file, &detail),
                Err(PartError::Unreadable { file, source }) => {
                    return Err(StoreError::failed(format!("read {file}"), source));
                }
            }
        }
    }

    /// Does what a commit needs before it is its turn. Reads files: not for async tasks.
    pub(crate) fn prepare(&self, commit: Commit, encoded: Vec<u8>) -> Result<PreparedCommit, StoreError> {
        let ids = || commit.digests.iter().map(|digest| digest.id);
        let known = self.read(
            |state| state.in_buffers(ids()),
            |mut known, catalog| {
                let rest = ids().filter(|id| !known.contains(id)).collect();
                known.extend(catalog.with_digest(rest)?);
                Ok(known)
            },
        )?;
        Ok(PreparedCommit { commit, encoded, known })
    }
}
