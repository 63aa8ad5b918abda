//! What is in memory: the buffers, what tails are given, which parts count, and how much there is of all.
//!
//! Whoever holds the lock asks; only [`moment`](super::moment) changes it.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

use model::link::{AwaitedLink, LinkId};
use model::segment::Sequence;
use model::{StoredDocument, Timestamp, TraceId};
use row::StoredBytes;

use crate::buffer::{Buffer, PreparedCommit};
use crate::catalog::Catalog;
use crate::manifest::Manifest;

/// Decoded documents kept for tails, and what they take. A tail that is further behind decodes them again.
const MAX_RECENT: usize = 8_192;
const MAX_RECENT_BYTES: usize = 16 * 1024 * 1024;

#[derive(Debug, Default)]
pub(crate) struct State {
    active: Buffer,
    /// Oldest first.
    sealed: VecDeque<Arc<Buffer>>,
    /// Documents that are only in parts although they are not digested: after a damage of the log took
    /// commits away. Only tails need them.
    recovered: Vec<StoredBytes>,
    /// Every document after `recent_after`, decoded, so that tails need not decode again what was just
    /// decoded. Documents leave it when they are digested, and when newer ones reach [`MAX_RECENT`].
    recent: VecDeque<Arc<StoredDocument>>,
    recent_bytes: usize,
    recent_after: Sequence,
    catalog: Arc<Catalog>,
    newest: Sequence,
    newest_received: Option<Timestamp>,
    digested: Sequence,
    /// Links that wait for their sender (`LS-9`).
    awaited: BTreeMap<LinkId, Arc<AwaitedLink>>,
    documents: u64,
    traces: u64,
    /// Of the traces that have a digest in a buffer which replaces one in a part, those of which that row was dropped
    /// meanwhile.
    lost_beneath: HashSet<TraceId>,
    /// Files that were found damaged, by name.
    damaged: Vec<String>,
    /// Those of them that are log files and still in use.
    damaged_log_files: HashSet<u64>,
    /// The buffer holds what was saved from a damaged log file, or the disk is full: it should go to parts soon.
    must_seal: bool,
    openness: Openness,
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

/// What is asked.
impl State {
    /// Oldest first; the last is the one that is being filled.
    pub(crate) fn buffers(&self) -> impl DoubleEndedIterator<Item = &Buffer> {
        self.sealed.iter().map(Arc::as_ref).chain([&self.active])
    }

    pub(crate) fn active(&self) -> &Buffer {
        &self.active
    }

    /// Whether some buffer waits to be written as parts.
    pub(crate) fn has_sealed(&self) -> bool {
        !self.sealed.is_empty()
    }

    /// The oldest sealed buffer, if it can be written (`LS-3`).
    pub(crate) fn next_flush(&self) -> Option<&Arc<Buffer>> {
        self.sealed.front().filter(|oldest| self.is_digested(oldest))
    }

    pub(crate) fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    pub(crate) fn openness(&self) -> Openness {
        self.openness
    }

    pub(crate) fn must_seal(&self) -> bool {
        self.must_seal
    }

    pub(crate) fn newest(&self) -> Sequence {
        self.newest
    }

    pub(crate) fn newest_received(&self) -> Option<Timestamp> {
        self.newest_received
    }

    pub(crate) fn digested(&self) -> Sequence {
        self.digested
    }

    pub(crate) fn awaited(&self) -> Vec<Arc<AwaitedLink>> {
        self.awaited.values().cloned().collect()
    }

    pub(crate) fn documents(&self) -> u64 {
        self.documents
    }

    pub(crate) fn traces(&self) -> u64 {
        self.traces
    }

    pub(crate) fn damaged(&self) -> &[String] {
        &self.damaged
    }

    pub(crate) fn damaged_log_files(&self) -> &HashSet<u64> {
        &self.damaged_log_files
    }

    /// What was received after a sequence, decoded, at most so many; `None` where that was given up.
    pub(crate) fn recent_after(&self, after: Sequence, most: usize) -> Option<Vec<Arc<StoredDocument>>> {
        if after < self.recent_after {
            return None;
        }
        let from = self.recent.partition_point(|document| document.place.sequence <= after);
        Some(self.recent.iter().skip(from).take(most).cloned().collect())
    }

    /// The same, as it is kept.
    pub(crate) fn held_after(&self, after: Sequence, most: usize) -> Vec<StoredBytes> {
        let recovered = &self.recovered[self.recovered.partition_point(|held| held.sequence <= after)..];
        let buffered = self.buffers().flat_map(|buffer| buffer.after(after));
        recovered.iter().chain(buffered).take(most).cloned().collect()
    }

    /// When the oldest document in a buffer was received.
    pub(crate) fn oldest_received(&self) -> Option<Timestamp> {
        self.buffers().filter_map(|buffer| buffer.oldest_received).min()
    }

    /// Whether the digest worker has read everything in a buffer.
    pub(crate) fn is_digested(&self, buffer: &Buffer) -> bool {
        buffer.newest().is_none_or(|newest| newest <= self.digested)
    }

    /// The traces that have a digest in a buffer.
    pub(crate) fn digested_in_buffers(&self) -> impl Iterator<Item = TraceId> {
        self.buffers().flat_map(|buffer| buffer.digests.keys().copied())
    }

    /// Which of these traces have a digest in a buffer.
    pub(crate) fn in_buffers(&self, ids: impl Iterator<Item = TraceId>) -> HashSet<TraceId> {
        ids.filter(|id| self.buffers().any(|buffer| buffer.digests.contains_key(id))).collect()
    }

    /// Of how many traces of a buffer, which replace a row in a part, that row is gone.
    pub(super) fn lost_beneath(&self, buffer: &Buffer) -> usize {
        self.lost_beneath.intersection(&buffer.replacing).count()
    }
}

/// What happens; each is part of a moment.
impl State {
    /// As a manifest tells.
    pub(super) fn of(manifest: &Manifest, catalog: Catalog, damaged: Vec<String>) -> Self {
        Self {
            newest: manifest.newest,
            newest_received: manifest.newest_received,
            digested: manifest.digested,
            documents: manifest.documents,
            damaged,
            catalog: catalog.into(),
            ..Self::default()
        }
    }

    pub(super) fn set_openness(&mut self, openness: Openness) {
        self.openness = openness;
    }

    pub(super) fn seal_soon(&mut self) {
        self.must_seal = true;
    }

    pub(super) fn add_document(&mut self, held: StoredBytes) {
        debug_assert!(held.sequence > self.newest, "LS-1: {:?} after {:?}", held.sequence, self.newest);
        self.newest = held.sequence;
        self.newest_received = Some(held.received);
        self.documents += 1;
        self.active.add_document(held);
    }

    /// The document that was added last, for tails.
    pub(super) fn add_recent(&mut self, document: Arc<StoredDocument>) {
        debug_assert_eq!(document.place.sequence, self.newest, "LS-1");
        self.recent_bytes += document.document.memory_bytes();
        self.recent.push_back(document);
        while self.recent.len() > MAX_RECENT || self.recent_bytes > MAX_RECENT_BYTES {
            let oldest = self.forget_recent();
            self.recent_after = self.recent_after.max(oldest);
        }
    }

    /// Lets go of the oldest decoded document; gives its sequence.
    fn forget_recent(&mut self) -> Sequence {
        let Some(oldest) = self.recent.pop_front() else { return Sequence::default() };
        self.recent_bytes -= oldest.document.memory_bytes();
        oldest.place.sequence
    }

    pub(super) fn apply(&mut self, prepared: PreparedCommit) {
        for digest in prepared.commit.digests {
            let is_known = prepared.known.contains(&digest.id)
                || self.sealed.iter().any(|buffer| buffer.digests.contains_key(&digest.id));
            self.traces += u64::from(self.active.add_digest(digest, is_known));
        }
        for row in prepared.commit.minutes {
            self.active.add_minute(row);
        }
        self.awaited.extend(prepared.commit.awaited.into_iter().map(|waiting| (waiting.id, waiting)));
        for id in prepared.commit.answered {
            self.awaited.remove(&id);
        }
        self.digested = self.digested.max(prepared.commit.through.of_lane(super::LANE));
        while self.recent.front().is_some_and(|document| document.place.sequence <= self.digested) {
            self.forget_recent();
        }
        self.recent_after = self.recent_after.max(self.digested);
        if self.recovered.last().is_some_and(|held| held.sequence <= self.digested) {
            self.recovered = Vec::new();
        }
    }

    pub(super) fn seal(&mut self, last_log_file: u64) {
        let mut buffer = std::mem::take(&mut self.active);
        buffer.digested = self.digested;
        buffer.last_log_file = last_log_file;
        self.must_seal = false;
        self.sealed.push_back(Arc::new(buffer));
    }

    /// The buffer is in parts.
    pub(super) fn drop_sealed(&mut self, buffer: &Arc<Buffer>) {
        self.sealed.retain(|sealed| !Arc::ptr_eq(sealed, buffer));
        self.lost_beneath.retain(|id| !buffer.replacing.contains(id));
    }

    /// Documents went, and traces of which some have a newer digest in a buffer.
    pub(super) fn lose(&mut self, documents: u64, traces: u64, in_buffers: HashSet<TraceId>) {
        self.documents = self.documents.saturating_sub(documents);
        self.traces = self.traces.saturating_sub(traces - in_buffers.len() as u64);
        self.lost_beneath.extend(in_buffers);
    }

    /// Gives the one before.
    pub(super) fn set_catalog(&mut self, catalog: Catalog) -> Arc<Catalog> {
        std::mem::replace(&mut self.catalog, Arc::new(catalog))
    }

    pub(super) fn set_traces(&mut self, traces: u64) {
        self.traces = traces;
    }

    pub(super) fn add_damaged(&mut self, file: String) {
        if !self.damaged.contains(&file) {
            self.damaged.push(file);
        }
    }

    /// The log was read; some files of it only in part, and what they had should be in parts soon.
    pub(super) fn end_replay(&mut self, damaged_log_files: HashSet<u64>) {
        self.recent_after = self.newest;
        self.must_seal = !damaged_log_files.is_empty();
        self.damaged_log_files = damaged_log_files;
    }

    pub(super) fn set_recovered(&mut self, recovered: Vec<StoredBytes>) {
        self.recovered = recovered;
    }
}
