//! One bounded pipeline behind all doors: it makes batches durable, says `Busy`, and counts every drop.
//!
//! ```text
//! offer  ──┐                          ┌──► answers of submit
//! submit ──┴─► queue (bytes) ─► writer ─► TraceStore::append
//! ```
//! While one batch is on its way to the disk, the next collects in the queue; so batches grow with the load
//! and nobody waits for a timer.

mod metrics;
mod queue;
pub mod refusals;
mod writer;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use model::{Clock, SegmentDocument, TraceId};
use store::{StoreError, TraceStore};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::queue::{Answer, Full, Queue};
use crate::refusals::{Door, Dropped, Refusals};
use crate::writer::Writer;

/// How much may wait. When it is full, `offer` drops, and `submit` waits for a while before it answers `Busy`.
#[derive(Clone)]
pub struct Config {
    /// Memory of documents that wait for the store or are on their way to it.
    pub queue_bytes: usize,
    /// How long `submit` waits for room, so that a sender who is faster than the store is slowed rather than refused.
    /// Shorter than what senders wait for an answer: OpenTelemetry's exporters give up after ten seconds.
    pub patience: Duration,
    /// Who else wants what was made durable.
    pub copies: Option<Copies>,
}

/// Is given documents as they came, and must not wait.
pub type Copies = Arc<dyn Fn(&[Bytes]) + Send + Sync>;

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { queue_bytes, patience, .. } = self;
        f.debug_struct("Config").field("queue_bytes", queue_bytes).field("patience", patience).finish()
    }
}

/// A cheap clone; every door has one.
#[derive(Debug, Clone)]
pub struct Ingest {
    queue: Arc<Queue>,
    patience: Duration,
    /// Whether what comes in is handed on to those who want copies.
    hands_on: bool,
    refusals: Arc<Refusals>,
    clock: Arc<dyn Clock>,
    drained: CancellationToken,
}

/// The pipeline cannot take the batch now; nothing of it was kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SubmitError {
    #[error("ingest is busy: {0}")]
    Busy(&'static str),
    #[error("ingest is shutting down")]
    Closed,
    /// Shared, since one batch of the store may hold what several callers submitted.
    #[error("the store refused the batch")]
    Store(#[source] Arc<StoreError>),
}

/// Starts the pipeline. On shutdown it makes everything accepted durable; `Ingest::drained` tells when.
pub fn start(
    config: &Config,
    store: Arc<dyn TraceStore>,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
) -> Ingest {
    let ingest = Ingest {
        queue: Arc::new(Queue::new(config.queue_bytes)),
        patience: config.patience,
        hands_on: config.copies.is_some(),
        refusals: Arc::default(),
        clock,
        drained: CancellationToken::new(),
    };
    let writer = Writer {
        queue: Arc::clone(&ingest.queue),
        store,
        refusals: Arc::clone(&ingest.refusals),
        clock: Arc::clone(&ingest.clock),
        shutdown,
        copies: config.copies.clone(),
        failures: 0,
    };
    // Cancelled on drop as well, so that a writer that panicked cannot keep the process from ending.
    let drained = ingest.drained.clone().drop_guard();
    tokio::spawn(async move {
        writer.run().await;
        drop(drained);
    });
    ingest
}

impl Ingest {
    /// The same for documents that are copies of what another server keeps: nobody is given a copy of those.
    pub fn of_copies(&self) -> Self {
        Self { hands_on: false, ..self.clone() }
    }

    /// For doors that cannot wait (UDP): takes the document, or drops it and counts the reason.
    pub fn offer(&self, door: Door, document: SegmentDocument) {
        self.refusals.count_received(door, 1);
        let (raw, id) = (document.raw.clone(), document.trace_id);
        match self.queue.offer(door, self.clock.now(), document, self.hands_on) {
            Ok(()) => count_accepted(door, raw.len()),
            Err(full) => self.count_refused(door, full, &[id], &raw),
        }
    }

    /// For doors that can: waits for room where there is none, and returns once the whole batch is durable.
    ///
    /// The documents are counted here, refused ones too. When the future is dropped, what was taken is
    /// still made durable.
    pub async fn submit(&self, door: Door, documents: Vec<SegmentDocument>) -> Result<(), SubmitError> {
        let Some(first) = documents.first() else { return Ok(()) };
        let example = first.raw.clone();
        let ids: Vec<_> = documents.iter().map(|document| document.trace_id).collect();
        self.refusals.count_received(door, ids.len());
        let bytes = documents.iter().map(|document| document.raw.len()).sum();
        match self.submit_when_there_is_room(door, documents).await {
            Ok(answered) => {
                count_accepted(door, bytes);
                // The writer answers every batch; it is gone without an answer only if it panicked.
                answered.await.unwrap_or(Err(SubmitError::Closed))
            }
            Err(full) => {
                self.count_refused(door, full, &ids, &example);
                Err(match full {
                    Full::Closed => SubmitError::Closed,
                    Full::Bytes => SubmitError::Busy("the queue is full"),
                })
            }
        }
    }

    async fn submit_when_there_is_room(
        &self,
        door: Door,
        mut documents: Vec<SegmentDocument>,
    ) -> Result<oneshot::Receiver<Answer>, Full> {
        let until = Instant::now() + self.patience;
        loop {
            // Asked for before the queue is looked at, so that no room is missed that comes in between.
            let freed = self.queue.freed.notified();
            match self.queue.submit(door, self.clock.now(), documents, self.hands_on) {
                Ok(answered) => return Ok(answered),
                Err((Full::Bytes, back)) => documents = back,
                Err((Full::Closed, _)) => return Err(Full::Closed),
            }
            if tokio::time::timeout_at(until, freed).await.is_err() {
                return Err(Full::Bytes);
            }
        }
    }

    /// Counts documents whose bytes a door had to mend; they are taken like any other.
    pub fn count_mended(&self, door: Door, documents: usize) {
        metrics::MENDED.with_label_values(&[door.label()]).inc_by(documents as u64);
    }

    /// Where doors count what they refused, and the doctor reads it.
    pub fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// Bytes that wait for the store or are on their way, and how many may.
    pub fn fill(&self) -> (usize, usize) {
        self.queue.fill()
    }

    /// Waits until everything accepted before the shutdown is durable.
    pub async fn drained(&self) {
        self.drained.cancelled().await;
    }

    fn count_refused(&self, door: Door, full: Full, documents: &[TraceId], example: &[u8]) {
        let (reason, detail) = match full {
            Full::Closed => ("shutting_down", "this server is shutting down"),
            Full::Bytes => ("queue_full", "more came in than the store can take; the queue is full"),
        };
        self.refusals.count_dropped(&Dropped {
            at: self.clock.now(),
            door,
            documents: documents.len(),
            trace_ids: documents,
            reason,
            detail,
            example,
        });
    }
}

fn count_accepted(door: Door, bytes: usize) {
    metrics::ACCEPTED_BYTES.with_label_values(&[door.label()]).inc_by(bytes as u64);
}
