//! What waits for one upstream, bounded in bytes: the queue, and what is under way.
//!
//! Whoever takes a batch holds its share of the bound until the batch is dropped or given back, so memory is
//! bounded whatever the upstream does. When it is full the oldest batch goes, as in the AWS daemon, and its
//! documents are counted as spilled.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tracing::warn;

use crate::batch::Batch;
use crate::counters::UpstreamCounters;
use crate::log::Sparse;
use crate::spool::FileNumber;

#[derive(Debug)]
pub(crate) struct Backlog {
    /// Never held across anything that waits.
    state: Mutex<State>,
    pub(crate) changed: Notify,
    max_bytes: usize,
    counters: Arc<UpstreamCounters>,
}

#[derive(Debug)]
struct State {
    queue: VecDeque<Waiting>,
    /// Of the queue and of what is under way.
    bytes: usize,
    documents: usize,
    spilling: Sparse,
}

/// A batch, and the file of the spool that still has it too.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) batch: Batch,
    pub(crate) spooled: Option<FileNumber>,
}

/// A batch that was taken, with its share of the bound.
#[derive(Debug)]
pub(crate) struct Held {
    /// `None` only while it is being given back or away.
    waiting: Option<Waiting>,
    backlog: Arc<Backlog>,
}

impl Backlog {
    pub(crate) fn new(max_bytes: usize, counters: Arc<UpstreamCounters>) -> Self {
        let state = State { queue: VecDeque::new(), bytes: 0, documents: 0, spilling: Sparse::new() };
        Self { state: Mutex::new(state), changed: Notify::new(), max_bytes, counters }
    }

    /// Adds a batch, and drops as many of the oldest as that takes. Never waits.
    pub(crate) fn push(&self, batch: Batch) {
        let mut spilled = 0;
        let mut state = self.state.lock();
        while state.bytes + batch.bytes() > self.max_bytes {
            let Some(oldest) = state.queue.pop_front() else { break };
            state.release(&oldest.batch);
            // What the spool has is not lost.
            spilled += if oldest.spooled.is_none() { oldest.batch.documents } else { 0 };
        }
        if state.bytes + batch.bytes() > self.max_bytes {
            spilled += batch.documents;
        } else {
            state.hold(&batch);
            state.queue.push_back(Waiting { batch, spooled: None });
        }
        let says_so = spilled > 0 && state.spilling.lets_through(Instant::now());
        self.tell(&state);
        drop(state);
        if spilled > 0 {
            self.counters.spilled.add(spilled);
        }
        if says_so {
            warn!(endpoint = %self.counters.endpoint, "Spilling over {spilled} segments");
        }
        self.changed.notify_one();
    }

    /// Takes the oldest.
    pub(crate) fn take(self: &Arc<Self>) -> Option<Held> {
        let waiting = self.state.lock().queue.pop_front()?;
        Some(Held { waiting: Some(waiting), backlog: Arc::clone(self) })
    }

    /// Takes the oldest that the spool does not have yet, for the spool.
    pub(crate) fn take_unspooled(self: &Arc<Self>) -> Option<Held> {
        let mut state = self.state.lock();
        let index = state.queue.iter().position(|waiting| waiting.spooled.is_none())?;
        let waiting = state.queue.remove(index)?;
        drop(state);
        Some(Held { waiting: Some(waiting), backlog: Arc::clone(self) })
    }

    /// Brings a batch of the spool under the bound, which it may exceed by this one batch.
    pub(crate) fn admit(self: &Arc<Self>, batch: Batch, file: FileNumber) -> Held {
        let mut state = self.state.lock();
        state.hold(&batch);
        self.tell(&state);
        drop(state);
        Held { waiting: Some(Waiting { batch, spooled: Some(file) }), backlog: Arc::clone(self) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.state.lock().queue.is_empty()
    }

    /// Whether most of the bound is in use.
    pub(crate) fn is_filling(&self) -> bool {
        self.state.lock().bytes > self.max_bytes / 2
    }

    fn tell(&self, state: &State) {
        self.counters.waiting_documents.set(state.documents);
        self.counters.waiting_bytes.set(state.bytes);
    }
}

impl State {
    fn hold(&mut self, batch: &Batch) {
        self.bytes += batch.bytes();
        self.documents += batch.documents;
    }

    fn release(&mut self, batch: &Batch) {
        self.bytes -= batch.bytes();
        self.documents -= batch.documents;
    }
}

impl Held {
    pub(crate) fn batch(&self) -> &Batch {
        &self.waiting.as_ref().expect("it is there until it is given back").batch
    }

    pub(crate) fn spooled(&self) -> Option<FileNumber> {
        self.waiting.as_ref().and_then(|waiting| waiting.spooled)
    }

    /// Puts it back as the next to be taken.
    pub(crate) fn put_back(mut self) {
        if let Some(waiting) = self.waiting.take() {
            self.backlog.state.lock().queue.push_front(waiting);
            self.backlog.changed.notify_one();
        }
    }

    /// Puts parts of it in its place, to be taken next.
    pub(crate) fn replace(mut self, parts: Vec<Batch>) {
        let Some(whole) = self.waiting.take() else { return };
        let mut state = self.backlog.state.lock();
        state.release(&whole.batch);
        for batch in parts.into_iter().rev() {
            state.hold(&batch);
            state.queue.push_front(Waiting { batch, spooled: whole.spooled });
        }
        self.backlog.tell(&state);
        drop(state);
        self.backlog.changed.notify_one();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(waiting) = self.waiting.take() else { return };
        let mut state = self.backlog.state.lock();
        state.release(&waiting.batch);
        self.backlog.tell(&state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backlog(max_bytes: usize) -> (Arc<Backlog>, Arc<UpstreamCounters>) {
        let counters = Arc::new(UpstreamCounters::default());
        (Arc::new(Backlog::new(max_bytes, Arc::clone(&counters))), counters)
    }

    fn batch(name: &str) -> Batch {
        Batch::of([name, name]).unwrap()
    }

    fn name(held: &Held) -> String {
        held.batch().documents().remove(0)
    }

    #[test]
    fn batches_leave_in_order_and_come_back_to_the_front() {
        let (backlog, _) = backlog(1_000);
        backlog.push(batch("a"));
        backlog.push(batch("b"));
        let first = backlog.take().unwrap();
        assert_eq!(name(&first), "a");
        first.put_back();
        assert_eq!(name(&backlog.take().unwrap()), "a");
        assert_eq!(name(&backlog.take().unwrap()), "b");
        assert!(backlog.take().is_none());
    }

    #[test]
    fn a_full_backlog_drops_the_oldest_and_counts_its_documents() {
        let size = batch("a").bytes();
        let (backlog, counters) = backlog(2 * size);
        for name in ["a", "b", "c"] {
            backlog.push(batch(name));
        }
        assert_eq!(counters.spilled.get(), 2);
        assert_eq!(counters.waiting_bytes.get(), 2 * size as u64);
        assert_eq!(name(&backlog.take().unwrap()), "b");
    }

    #[test]
    fn what_is_under_way_takes_its_share_until_it_is_dropped() {
        let size = batch("a").bytes();
        let (backlog, counters) = backlog(size);
        backlog.push(batch("a"));
        let held = backlog.take().unwrap();
        backlog.push(batch("b"));
        assert_eq!(counters.spilled.get(), 2);
        assert!(backlog.is_empty());
        drop(held);
        assert_eq!((counters.waiting_bytes.get(), counters.waiting_documents.get()), (0, 0));
        backlog.push(batch("c"));
        assert_eq!(name(&backlog.take().unwrap()), "c");
    }

    #[test]
    fn parts_take_the_place_of_the_whole() {
        let (backlog, counters) = backlog(1_000);
        backlog.push(batch("a"));
        backlog.push(batch("z"));
        backlog.take().unwrap().replace(vec![Batch::of(["b"]).unwrap(), Batch::of(["c"]).unwrap()]);
        assert_eq!(counters.waiting_documents.get(), 4);
        let names: Vec<String> = std::iter::from_fn(|| backlog.take()).map(|held| name(&held)).collect();
        assert_eq!(names, ["b", "c", "z"]);
        assert_eq!(counters.waiting_bytes.get(), 0);
    }
}
