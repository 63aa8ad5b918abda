//! What waits for the store: whole batches, bounded by their bytes.

use std::collections::VecDeque;

use bytes::Bytes;
use model::{SegmentDocument, Timestamp};
use parking_lot::Mutex;
use store::NewDocument;
use tokio::sync::{Notify, oneshot};

use crate::SubmitError;
use crate::metrics;
use crate::refusals::Door;

/// A batch takes no further documents once it holds this much. Larger batches save no more system calls
/// and hold back the answers to those that wait.
const BATCH_BYTES: usize = 4 << 20;

/// What a caller of `submit` learns.
pub(crate) type Answer = Result<(), SubmitError>;

/// Those who can wait leave so much of the queue, one part in so many, to those who cannot.
const OFFERED_SHARE: usize = 4;

/// A queue with one reader. A batch that was taken still counts until [`Queue::done`].
#[derive(Debug)]
pub(crate) struct Queue {
    limit_bytes: usize,
    state: Mutex<State>,
    filled: Notify,
    /// Told whenever there is more room, and when the queue is closed.
    pub(crate) freed: Notify,
}

#[derive(Debug, Default)]
struct State {
    batches: VecDeque<Batch>,
    bytes: usize,
    is_closed: bool,
}

/// Documents that go to the store in one call, and who wants to know how it went.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) documents: Vec<NewDocument>,
    pub(crate) bytes: usize,
    pub(crate) waiting: Vec<Waiting>,
    /// How many documents nobody waits for, by door.
    pub(crate) offered: [usize; Door::ALL.len()],
    /// Those of the documents, as they came, that are handed on once they are kept.
    pub(crate) originals: Vec<Bytes>,
}

#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) door: Door,
    pub(crate) documents: usize,
    pub(crate) answer: oneshot::Sender<Answer>,
}

/// Why something was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    Closed,
    Bytes,
}

impl Queue {
    pub(crate) fn new(limit_bytes: usize) -> Self {
        Self { limit_bytes, state: Mutex::default(), filled: Notify::new(), freed: Notify::new() }
    }

    /// Bytes that wait for the store or are on their way, and how many may.
    pub(crate) fn fill(&self) -> (usize, usize) {
        (self.state.lock().bytes, self.limit_bytes)
    }

    /// Takes one document for which nobody waits.
    pub(crate) fn offer(
        &self,
        door: Door,
        received: Timestamp,
        document: SegmentDocument,
        hands_on: bool,
    ) -> Result<(), Full> {
        let bytes = document.memory_bytes();
        let mut state = self.state.lock();
        self.admit(&state, bytes, self.limit_bytes)?;
        let batch = state.open_batch(bytes);
        batch.originals.extend(hands_on.then(|| document.raw.clone()));
        batch.documents.push(NewDocument { received, document });
        batch.offered[door as usize] += 1;
        drop(state);
        self.filled.notify_one();
        Ok(())
    }

    /// Takes all the documents, in one batch, or gives all back.
    pub(crate) fn submit(
        &self,
        door: Door,
        received: Timestamp,
        documents: Vec<SegmentDocument>,
        hands_on: bool,
    ) -> Result<oneshot::Receiver<Answer>, (Full, Vec<SegmentDocument>)> {
        let bytes = documents.iter().map(SegmentDocument::memory_bytes).sum();
        let mut state = self.state.lock();
        if let Err(full) = self.admit(&state, bytes, self.limit_bytes - self.limit_bytes / OFFERED_SHARE) {
            return Err((full, documents));
        }
        let (answer, answered) = oneshot::channel();
        let batch = state.open_batch(bytes);
        batch.waiting.push(Waiting { door, documents: documents.len(), answer });
        if hands_on {
            batch.originals.extend(documents.iter().map(|document| document.raw.clone()));
        }
        batch.documents.extend(documents.into_iter().map(|document| NewDocument { received, document }));
        drop(state);
        self.filled.notify_one();
        Ok(answered)
    }

    /// Waits for a batch; `None` once the queue is closed and empty.
    pub(crate) async fn next(&self) -> Option<Batch> {
        loop {
            {
                let mut state = self.state.lock();
                if let Some(batch) = state.batches.pop_front() {
                    return Some(batch);
                }
                if state.is_closed {
                    return None;
                }
            }
            // A permit is kept when `notify_one` comes before this is awaited.
            self.filled.notified().await;
        }
    }

    /// The bytes of a batch that `next` gave are free again.
    pub(crate) fn done(&self, bytes: usize) {
        let mut state = self.state.lock();
        state.bytes -= bytes;
        metrics::QUEUE_BYTES.set(state.bytes as i64);
        drop(state);
        self.freed.notify_waiters();
    }

    /// From now on nothing is taken; what is there is still given.
    pub(crate) fn close(&self) {
        self.state.lock().is_closed = true;
        self.filled.notify_one();
        self.freed.notify_waiters();
    }

    fn admit(&self, state: &State, bytes: usize, limit_bytes: usize) -> Result<(), Full> {
        if state.is_closed {
            return Err(Full::Closed);
        }
        // A batch larger than the whole queue may pass when nothing else waits; it would never fit later.
        if state.bytes > 0 && state.bytes + bytes > limit_bytes {
            return Err(Full::Bytes);
        }
        Ok(())
    }
}

impl State {
    fn open_batch(&mut self, bytes: usize) -> &mut Batch {
        self.bytes += bytes;
        metrics::QUEUE_BYTES.set(self.bytes as i64);
        if self.batches.back().is_none_or(|batch| batch.bytes >= BATCH_BYTES) {
            self.batches.push_back(Batch::default());
        }
        let batch = self.batches.back_mut().expect("one was pushed if there was none");
        batch.bytes += bytes;
        batch
    }
}
