//! The state that the store's callers, the log's thread and the flusher share.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use model::segment::Sequence;
use model::{StoredDocument, Timestamp, TraceId};
use parking_lot::{Mutex, RwLock};
use row::Held;
use store::{Commit, DISK_FULL, Encryption, StoreError, StoreStatus, UpkeepStatus};
use tokio::sync::{Notify, Semaphore};

use crate::buffer::{Buffer, PreparedCommit};
use crate::catalog::{Catalog, PartError};
use crate::config::Config;
use crate::directory::Directory;
use crate::disk::{self, Reserve};
use crate::manifest::Manifest;
use crate::signal::Signal;

pub(crate) struct Core {
    pub(crate) directory: Directory,
    pub(crate) config: Config,
    /// Held only for moments; never while a file is read or written.
    pub(crate) state: RwLock<State>,
    /// What is on disk. Whoever replaces it holds the lock from reading to writing; taken before `state`.
    pub(crate) manifest: Mutex<Manifest>,
    /// Rung when documents come and when the store is closed.
    pub(crate) grown: Notify,
    pub(crate) flush: Signal,
    pub(crate) upkeep: Signal,
    pub(crate) reserve: Reserve,
    /// A turn for each of the queries that may read much at the same time.
    pub(crate) queries: Arc<Semaphore>,
    /// Held by whoever merges or drops parts.
    pub(crate) upkeep_turn: Mutex<()>,
    log_bytes: AtomicU64,
}

/// Decoded documents kept for tails. A tail that is further behind decodes them again.
const MAX_RECENT: usize = 8_192;

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) active: Buffer,
    /// Oldest first.
    pub(crate) sealed: VecDeque<Arc<Buffer>>,
    /// Documents that are only in parts although they are not digested: after a damage of the log took
    /// commits away. Only tails need them.
    pub(crate) recovered: Vec<Held>,
    /// Every document after `recent_after`, decoded, so that tails need not decode again what was just
    /// decoded. Documents leave it when they are digested, and when there are [`MAX_RECENT`] newer ones.
    pub(crate) recent: VecDeque<Arc<StoredDocument>>,
    pub(crate) recent_after: Sequence,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) newest: Sequence,
    pub(crate) newest_received: Option<Timestamp>,
    pub(crate) digested: Sequence,
    pub(crate) documents: u64,
    pub(crate) traces: u64,
    /// Of the traces that have a digest in a buffer which replaces one in a part, those of which that row was dropped
    /// meanwhile.
    pub(crate) lost_beneath: HashSet<TraceId>,
    /// Files that were found damaged, by name.
    pub(crate) damaged: Vec<String>,
    /// Those of them that are log files and still in use.
    pub(crate) damaged_log_files: HashSet<u64>,
    /// The buffer holds what was saved from a damaged log file, and should go to parts soon.
    pub(crate) must_seal: bool,
    pub(crate) openness: Openness,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Openness {
    #[default]
    Open,
    /// Calls are refused; what was accepted is being made durable.
    Closing,
    /// Nothing more will come.
    Closed,
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not what is in it.
        f.debug_struct("Core").field("dir", &self.config.dir).finish_non_exhaustive()
    }
}

impl Core {
    pub(crate) fn new(directory: Directory, config: Config, manifest: Manifest, state: State) -> Self {
        let queries = config.limits.at_once.max(1);
        Self {
            directory,
            config,
            state: RwLock::new(state),
            manifest: Mutex::new(manifest),
            grown: Notify::new(),
            flush: Signal::default(),
            upkeep: Signal::default(),
            reserve: Reserve::default(),
            queries: Arc::new(Semaphore::new(queries)),
            upkeep_turn: Mutex::new(()),
            log_bytes: AtomicU64::new(0),
        }
    }

    pub(crate) fn check_open(&self) -> Result<(), StoreError> {
        match self.state.read().openness {
            Openness::Open => Ok(()),
            _ => Err(StoreError::Closed),
        }
    }

    /// Gives up the reserve, so that what was taken can be digested and written as parts; what comes is refused.
    /// Says whether that is news.
    pub(crate) fn disk_is_full(&self) -> bool {
        let is_news = self.reserve.give_up(&self.directory.reserve());
        self.state.write().must_seal = true;
        // While it lasts the flusher looks by itself.
        if is_news {
            self.flush.ring();
        }
        is_news
    }

    /// Whether there is room for more documents.
    pub(crate) fn check_room(&self) -> Result<(), StoreError> {
        if self.reserve.is_full() {
            return Err(StoreError::Busy { reason: DISK_FULL });
        }
        let state = self.state.read();
        let unflushed = state.active.bytes() + state.sealed.iter().map(|buffer| buffer.bytes()).sum::<u64>();
        if unflushed < self.config.max_unflushed_bytes {
            return Ok(());
        }
        let is_digested = state.sealed.front().is_some_and(|oldest| state.is_digested(oldest));
        Err(StoreError::Busy { reason: if is_digested { "flush_behind" } else { "digest_behind" } })
    }

    pub(crate) fn newest(&self) -> Sequence {
        self.state.read().newest
    }

    pub(crate) fn has_content(&self) -> bool {
        !self.state.read().active.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.state.read().active.bytes() >= self.config.flush_bytes
    }

    /// Whether the buffer has waited long and is worth writing.
    pub(crate) fn is_old(&self) -> bool {
        let state = self.state.read();
        let is_old = state.active.began().elapsed() >= self.config.flush_age;
        let is_worth = state.active.bytes() >= self.config.flush_min_bytes;
        (state.must_seal || is_old && is_worth) && !state.active.is_empty()
    }

    /// The oldest sealed buffer, if it can be written (`LS-3`).
    pub(crate) fn next_flush(&self) -> Option<Arc<Buffer>> {
        let state = self.state.read();
        state.sealed.front().filter(|oldest| state.is_digested(oldest)).cloned()
    }

    /// Nothing more will come: tails end, and another process may have the directory.
    pub(crate) fn end(&self) {
        self.state.write().openness = Openness::Closed;
        self.grown.notify_waiters();
        self.directory.unlock();
    }

    /// Shows documents that are durable.
    pub(crate) fn publish_documents(&self, documents: Vec<(Held, Arc<StoredDocument>)>) {
        {
            let mut state = self.state.write();
            for (held, document) in documents {
                state.add_document(held);
                state.recent.push_back(document);
            }
            while state.recent.len() > MAX_RECENT {
                let oldest = state.recent.pop_front().map(|document| document.sequence);
                state.recent_after = state.recent_after.max(oldest.unwrap_or_default());
            }
        }
        self.grown.notify_waiters();
    }

    pub(crate) fn publish_commit(&self, prepared: PreparedCommit) {
        let can_flush = {
            let mut state = self.state.write();
            state.apply(prepared);
            !state.sealed.is_empty()
        };
        if can_flush {
            self.flush.ring();
        }
    }

    /// Finishes the buffer that is being filled; `last_log_file` is the newest log file with something of it.
    pub(crate) fn seal(&self, last_log_file: u64) {
        {
            let mut state = self.state.write();
            let mut buffer = std::mem::take(&mut state.active);
            buffer.digested = state.digested;
            buffer.last_log_file = last_log_file;
            state.must_seal = false;
            state.sealed.push_back(Arc::new(buffer));
        }
        self.flush.ring();
    }

    pub(crate) fn log_grew(&self, bytes: u64) {
        self.log_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn log_shrank(&self, bytes: u64) {
        let shrink = |held: u64| Some(held.saturating_sub(bytes));
        // The closure always gives a value.
        let _ = self.log_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, shrink);
    }

    pub(crate) fn status(&self) -> StoreStatus {
        let state = self.state.read();
        StoreStatus {
            documents: state.documents,
            traces: state.traces,
            bytes_on_disk: self.log_bytes.load(Ordering::Relaxed) + state.catalog.bytes(),
            newest_sequence: state.newest,
            digested: state.digested,
            newest_received: state.newest_received,
            damaged: state.damaged.clone(),
            encryption: self
                .directory
                .keys()
                .map(|keys| Encryption { key: keys.id(), open_files: state.catalog.open_files() }),
        }
    }

    pub(crate) fn upkeep_status(&self) -> UpkeepStatus {
        let catalog = Arc::clone(&self.state.read().catalog);
        let retention = self.config.retention;
        UpkeepStatus {
            oldest_received: catalog.oldest_received(),
            tables: catalog.tables(),
            log_bytes: self.log_bytes.load(Ordering::Relaxed),
            free_bytes: disk::free_bytes(self.directory.root()).ok(),
            keeps: retention.age,
            keeps_failures: retention.faults,
            disk_percent: retention.disk_percent,
        }
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
                (gather(&state), Arc::clone(&state.catalog))
            };
            match read(gathered, &catalog) {
                Ok(found) => return Ok(found),
                // Each round has one part less.
                Err(PartError::Damaged { file, detail }) => self.set_part_aside(&file, &detail),
                Err(PartError::Unreadable { file, source }) => {
                    return Err(StoreError::Io { action: format!("read {file}"), source });
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

    /// Takes a damaged part out of use: it is named in the status and moved away (`LS-5`).
    pub(crate) fn set_part_aside(&self, file: &str, detail: &str) {
        let mut manifest = self.manifest.lock();
        if !manifest.parts.iter().any(|part| part.file == file) {
            // Another reader was quicker.
            return;
        }
        tracing::error!(file, detail, "a part is damaged and set aside, the rest goes on");
        // It is moved first: what no manifest names is deleted at the next start. One that cannot be moved stays named,
        // and that is tried again then.
        match self.directory.set_aside(&self.directory.part(file)) {
            Ok(()) => {
                manifest.parts.retain(|part| part.file != file);
                if let Err(error) = manifest.save(&self.directory).map_err(io::Error::from) {
                    tracing::warn!(file, %error, "the manifest still names a damaged part");
                }
            }
            Err(error) => tracing::error!(file, %error, "a damaged part could not be moved away"),
        }
        let mut state = self.state.write();
        state.catalog = Arc::new(state.catalog.without(file));
        if !state.damaged.iter().any(|damaged| damaged == file) {
            state.damaged.push(file.to_owned());
        }
    }

    /// Replaces the catalog by what `change` makes of it, under the lock of the manifest that names its parts.
    pub(crate) fn change_catalog(&self, change: impl FnOnce(&mut State) -> Catalog) {
        let old = {
            let mut state = self.state.write();
            let changed = Arc::new(change(&mut state));
            std::mem::replace(&mut state.catalog, changed)
        };
        // With the last reader the files go; that is not for the time under the lock.
        drop(old);
    }
}

impl State {
    pub(crate) fn add_document(&mut self, held: Held) {
        self.newest = held.sequence;
        self.newest_received = Some(held.received);
        self.documents += 1;
        self.active.add_document(held);
    }

    pub(crate) fn apply(&mut self, prepared: PreparedCommit) {
        for digest in prepared.commit.digests {
            let is_known = prepared.known.contains(&digest.id)
                || self.sealed.iter().any(|buffer| buffer.digests.contains_key(&digest.id));
            self.traces += u64::from(self.active.add_digest(digest, is_known));
        }
        for row in prepared.commit.minutes {
            self.active.add_minute(row);
        }
        self.digested = self.digested.max(prepared.commit.through);
        while self.recent.front().is_some_and(|document| document.sequence <= self.digested) {
            self.recent.pop_front();
        }
        self.recent_after = self.recent_after.max(self.digested);
        if self.recovered.last().is_some_and(|held| held.sequence <= self.digested) {
            self.recovered = Vec::new();
        }
    }

    /// When the oldest document in a buffer was received.
    pub(crate) fn oldest_received(&self) -> Option<Timestamp> {
        let buffers = self.sealed.iter().map(Arc::as_ref).chain([&self.active]);
        buffers.filter_map(|buffer| buffer.oldest_received).min()
    }

    /// Whether the digest worker has read everything in a buffer.
    pub(crate) fn is_digested(&self, buffer: &Buffer) -> bool {
        buffer.newest().is_none_or(|newest| newest <= self.digested)
    }

    /// The traces that have a digest in a buffer.
    pub(crate) fn digested_in_buffers(&self) -> impl Iterator<Item = TraceId> {
        let buffers = self.sealed.iter().map(Arc::as_ref).chain([&self.active]);
        buffers.flat_map(|buffer| buffer.digests.keys().copied())
    }

    /// Which of these traces have a digest in a buffer.
    pub(crate) fn in_buffers(&self, ids: impl Iterator<Item = TraceId>) -> HashSet<TraceId> {
        let has = |buffer: &Buffer, id: &TraceId| buffer.digests.contains_key(id);
        ids.filter(|id| has(&self.active, id) || self.sealed.iter().any(|buffer| has(buffer, id))).collect()
    }
}
