//! A store that keeps everything in memory: the oracle for the others, and enough for unit tests.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use async_trait::async_trait;
use model::minute::{MinuteKey, MinuteRow, Stats};
use model::segment::Sequence;
use model::{StoredDocument, TraceDigest, TraceId};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::search::{MAX_SCANNED_PER_PAGE, SearchPage};
use crate::{
    Axis, Commit, Cursor, MinuteQuery, NewDocument, Search, StoreError, StoreStatus, Tail, TraceStore,
};

/// Documents that a store made by [`MemoryStore::new`] holds at most.
const DEFAULT_CAPACITY: usize = 1_000_000;
/// Documents that a tail gives at once at most.
const TAIL_BATCH: usize = 4_096;
const AXES: [Axis; 3] = [Axis::Start, Axis::Received, Axis::End];

/// Forgets everything when it is dropped.
#[derive(Debug)]
pub struct MemoryStore {
    shared: Arc<Shared>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Rung after each append and on close.
    grown: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// In order of receipt; the document of sequence `n` stands at `n - 1`.
    documents: Vec<Arc<StoredDocument>>,
    by_trace: HashMap<TraceId, Vec<usize>>,
    digests: HashMap<TraceId, Arc<TraceDigest>>,
    /// The place of every digest on each of [`AXES`].
    orders: [BTreeSet<Cursor>; 3],
    minutes: BTreeMap<MinuteKey, Stats>,
    digested: Sequence,
    is_closed: bool,
}

#[derive(Debug)]
struct MemoryTail {
    shared: Arc<Shared>,
    after: Sequence,
}

impl MemoryStore {
    pub fn new() -> Self {
        Self::with_capacity(DEFAULT_CAPACITY)
    }

    /// A store that is busy once it holds `capacity` documents.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { shared: Arc::default(), capacity }
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
            let mut state = self.shared.state.lock();
            state.check_open()?;
            if state.documents.len() + documents.len() > self.capacity {
                return Err(StoreError::Busy { reason: "memory_full" });
            }
            for document in documents {
                state.append(document);
            }
        }
        self.shared.grown.notify_waiters();
        Ok(())
    }

    async fn documents_of(&self, ids: &[TraceId]) -> Result<Vec<Vec<Arc<StoredDocument>>>, StoreError> {
        let state = self.shared.state.lock();
        state.check_open()?;
        Ok(ids.iter().map(|id| state.of_trace(*id)).collect())
    }

    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        let mut state = self.shared.state.lock();
        state.check_open()?;
        for digest in commit.digests {
            state.replace(digest);
        }
        for row in commit.minutes {
            state.add(row);
        }
        state.digested = state.digested.max(commit.through);
        Ok(())
    }

    async fn digests(&self, ids: &[TraceId]) -> Result<Vec<Arc<TraceDigest>>, StoreError> {
        let state = self.shared.state.lock();
        state.check_open()?;
        Ok(ids.iter().filter_map(|id| state.digests.get(id).cloned()).collect())
    }

    async fn search(&self, search: &Search) -> Result<SearchPage, StoreError> {
        let state = self.shared.state.lock();
        state.check_open()?;
        Ok(state.search(search))
    }

    async fn minutes(&self, query: &MinuteQuery) -> Result<Vec<MinuteRow>, StoreError> {
        let state = self.shared.state.lock();
        state.check_open()?;
        let wanted = state.minutes.iter().filter(|(key, stats)| query.selects(key) && !stats.is_nothing());
        Ok(wanted.map(|(key, stats)| MinuteRow { key: key.clone(), stats: stats.clone() }).collect())
    }

    fn tail(&self, after: Sequence) -> Box<dyn Tail> {
        Box::new(MemoryTail { shared: Arc::clone(&self.shared), after })
    }

    fn digested(&self) -> Sequence {
        self.shared.state.lock().digested
    }

    fn status(&self) -> StoreStatus {
        let state = self.shared.state.lock();
        StoreStatus {
            documents: state.documents.len() as u64,
            traces: state.digests.len() as u64,
            bytes_on_disk: 0,
            newest_sequence: Sequence(state.documents.len() as u64),
            digested: state.digested,
            newest_received: state.documents.last().map(|document| document.received),
            damaged: Vec::new(),
            encryption: None,
        }
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.shared.state.lock().is_closed = true;
        self.shared.grown.notify_waiters();
        Ok(())
    }
}

#[async_trait]
impl Tail for MemoryTail {
    async fn next(&mut self) -> Result<Vec<Arc<StoredDocument>>, StoreError> {
        loop {
            let grown = self.shared.grown.notified();
            tokio::pin!(grown);
            // Registered before the look, so that what comes between look and wait is not missed.
            grown.as_mut().enable();
            {
                let state = self.shared.state.lock();
                let from = usize::try_from(self.after.0).unwrap_or(usize::MAX);
                let unread = state.documents.get(from..).unwrap_or_default();
                let batch = unread[..unread.len().min(TAIL_BATCH)].to_vec();
                if let Some(last) = batch.last() {
                    self.after = last.sequence;
                    return Ok(batch);
                }
                state.check_open()?;
            }
            grown.await;
        }
    }
}

impl State {
    fn check_open(&self) -> Result<(), StoreError> {
        if self.is_closed { Err(StoreError::Closed) } else { Ok(()) }
    }

    fn append(&mut self, new: NewDocument) {
        let place = self.documents.len();
        self.by_trace.entry(new.document.trace_id).or_default().push(place);
        self.documents.push(Arc::new(StoredDocument {
            sequence: Sequence(place as u64 + 1),
            received: new.received,
            document: new.document,
        }));
    }

    fn of_trace(&self, id: TraceId) -> Vec<Arc<StoredDocument>> {
        let places = self.by_trace.get(&id).map(Vec::as_slice).unwrap_or_default();
        places.iter().map(|&place| Arc::clone(&self.documents[place])).collect()
    }

    fn replace(&mut self, digest: Arc<TraceDigest>) {
        for (axis, order) in AXES.into_iter().zip(&mut self.orders) {
            if let Some(place) = self.digests.get(&digest.id).and_then(|old| axis.place(old)) {
                order.remove(&place);
            }
            order.extend(axis.place(&digest));
        }
        self.digests.insert(digest.id, digest);
    }

    fn add(&mut self, row: MinuteRow) {
        self.minutes.entry(row.key).or_default().merge(&row.stats);
    }

    fn search(&self, search: &Search) -> SearchPage {
        let mut page = SearchPage::default();
        let order =
            &self.orders[AXES.iter().position(|&axis| axis == search.axis).expect("all axes are listed")];
        let oldest = Cursor { time: search.range.start, id: TraceId([0; 16]) };
        let end = Cursor { time: search.range.end, id: TraceId([0; 16]) };
        let before = search.after.map_or(end, |after| after.min(end));
        if before <= oldest {
            return page;
        }
        let mut places = order.range((Bound::Included(oldest), Bound::Excluded(before))).rev().peekable();
        while let Some(place) = places.next() {
            let digest = &self.digests[&place.id];
            page.scanned += 1;
            if search.predicate.may_match(digest) {
                page.digests.push(Arc::clone(digest));
            }
            let is_full = page.digests.len() >= search.limit || page.scanned >= MAX_SCANNED_PER_PAGE;
            if is_full && places.peek().is_some() {
                page.next = Some(*place);
                break;
            }
        }
        page
    }
}
