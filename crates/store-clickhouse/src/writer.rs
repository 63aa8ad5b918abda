//! The one task that writes documents: makes blocks, repeats each until it is known to be kept, and tells who waits.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use model::Place;
use model::error::chain;
use model::segment::Sequence;
use parking_lot::Mutex;
use store::{NewDocument, StoreError};
use tokio::sync::{Notify, oneshot, watch};
use tracing::{error, info, warn};

use crate::binary::Output;
use crate::client::ClickHouse;
use crate::documents::{COLUMNS, Encoder};
use crate::failure::Failure;
use crate::hub::Hub;
use crate::register::{Lane, Written};
use crate::store::share_of;
use crate::view::View;

/// Of a block. A batch that is larger is a block of its own.
const BLOCK_DOCUMENTS: usize = 8_192;
const BLOCK_BYTES: usize = 8 << 20;
/// What may wait for its block; more is refused.
const QUEUE_BYTES: usize = 64 << 20;
const MICROS_PER_DAY: i64 = 86_400_000_000;
const FIRST_RETRY: Duration = Duration::from_millis(50);
const LONGEST_RETRY: Duration = Duration::from_secs(2);

/// Where documents are handed over.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    came: Notify,
    /// ClickHouse has not taken the block under way for longer than callers wait: what comes is refused at once.
    is_stuck: AtomicBool,
    /// Batches that were handed over, and that are neither kept nor refused for good.
    pending: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct State {
    batches: VecDeque<Batch>,
    bytes: usize,
    is_closed: bool,
}

#[derive(Debug)]
struct Batch {
    documents: Vec<NewDocument>,
    bytes: usize,
    came: Instant,
    answer: oneshot::Sender<Result<(), StoreError>>,
}

pub(crate) struct Writer {
    pub(crate) server: ClickHouse,
    pub(crate) queue: Arc<Queue>,
    pub(crate) view: Arc<View>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) lane: Lane,
    pub(crate) written: Written,
    pub(crate) encoder: Encoder,
    /// Of the store, which is part of the names of blocks.
    pub(crate) name: String,
    pub(crate) pace: Duration,
    pub(crate) patience: Duration,
}

/// A block of rows under its name.
struct Block {
    rows: Bytes,
    token: String,
    documents: u64,
    /// The lane once it is kept.
    then: Written,
}

impl Queue {
    /// Waits until the documents are kept.
    pub(crate) async fn append(&self, documents: Vec<NewDocument>) -> Result<(), StoreError> {
        let bytes = documents.iter().map(|new| new.document.memory_bytes()).sum::<usize>();
        let (answer, answered) = oneshot::channel();
        {
            let mut state = self.state.lock();
            if state.is_closed {
                return Err(StoreError::Closed);
            }
            if self.is_stuck.load(Ordering::Acquire) {
                return Err(StoreError::Busy { reason: "clickhouse_silent" });
            }
            if state.bytes > 0 && state.bytes + bytes > QUEUE_BYTES {
                return Err(StoreError::Busy { reason: "clickhouse_slow" });
            }
            state.bytes += bytes;
            self.pending.send_modify(|pending| *pending += 1);
            state.batches.push_back(Batch { documents, bytes, came: Instant::now(), answer });
        }
        self.came.notify_one();
        // The writer answers every batch; it is gone without an answer only when the runtime is.
        answered.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Waits until nothing is on its way any more: also not what callers were told is not kept, and may be in the end.
    pub(crate) async fn settled(&self) {
        // The sender is this.
        let _ = self.pending.subscribe().wait_for(|pending| *pending == 0).await;
    }

    fn done(&self, batches: usize) {
        self.pending.send_modify(|pending| *pending -= batches);
    }

    /// What came until now is written, and nothing after it.
    pub(crate) fn close(&self) {
        self.state.lock().is_closed = true;
        self.came.notify_one();
    }

    /// The batches of the next block; `None` when there will be none.
    async fn next(&self) -> Option<Vec<Batch>> {
        loop {
            {
                let mut state = self.state.lock();
                let (mut documents, mut bytes) = (0, 0);
                let mut taken = Vec::new();
                while let Some(batch) = state.batches.front() {
                    documents += batch.documents.len();
                    bytes += batch.bytes;
                    if !taken.is_empty() && (documents > BLOCK_DOCUMENTS || bytes > BLOCK_BYTES) {
                        break;
                    }
                    taken.extend(state.batches.pop_front());
                }
                state.bytes -= taken.iter().map(|batch| batch.bytes).sum::<usize>();
                if !taken.is_empty() {
                    return Some(taken);
                }
                if state.is_closed {
                    return None;
                }
            }
            self.came.notified().await;
        }
    }

    /// Refuses what has waited for too long; all of it, where nothing can be done soon.
    fn refuse(&self, longer_than: Duration, why: impl Fn() -> StoreError) {
        let mut state = self.state.lock();
        while state.batches.front().is_some_and(|batch| batch.came.elapsed() >= longer_than) {
            let Some(batch) = state.batches.pop_front() else { return };
            state.bytes -= batch.bytes;
            self.done(1);
            let _ = batch.answer.send(Err(why()));
        }
    }
}

impl Writer {
    /// Runs until the queue is closed and everything of it is kept. Gives what the lane has then.
    pub(crate) async fn run(mut self) -> Written {
        let mut began: Option<Instant> = None;
        loop {
            // Blocks follow each other in a pace, so that parts are few; what comes meanwhile is in the next.
            if let Some(next) = began.map(|began| began + self.pace) {
                tokio::time::sleep_until(next.into()).await;
            }
            let Some(batches) = self.queue.next().await else { return self.written };
            began = Some(Instant::now());
            let count = batches.len();
            let mut answers = Vec::with_capacity(count);
            let mut documents = Vec::new();
            for batch in batches {
                documents.extend(batch.documents);
                answers.push(batch.answer);
            }
            for documents in by_day(documents) {
                let Some(block) = self.encode(documents).await else { return self.written };
                self.keep(&block, &mut answers).await;
                self.view.appended(block.documents, block.then.stamp);
                self.written = block.then;
            }
            for answer in answers {
                // A caller that has gone away has no use for the answer.
                let _ = answer.send(Ok(()));
            }
            self.queue.done(count);
            self.hub.ring();
        }
    }

    /// Gives documents their places and makes rows of them, which takes some microseconds each. `None` where the runtime goes
    /// down.
    async fn encode(&mut self, documents: Vec<NewDocument>) -> Option<Block> {
        let (mut encoder, lane, mut then) =
            (std::mem::take(&mut self.encoder), self.lane.number, self.written.clone());
        let token = format!("d:{}:{lane}:{}", self.name, then.last.iter().sum::<u64>() + 1);
        let encoding = tokio::task::spawn_blocking(move || {
            let mut output = Output::default();
            for new in &documents {
                let share = share_of(new.document.trace_id, then.last.len() as u16);
                let last = &mut then.last[usize::from(share.0)];
                *last += 1;
                then.stamp = then.stamp.max(new.received.0);
                let place = Place { stamp: then.stamp, lane, sequence: Sequence(*last) };
                encoder.write(share, place, new, &mut output);
            }
            let rows = Bytes::from(output.0);
            (encoder, Block { rows, token, documents: documents.len() as u64, then })
        });
        let (encoder, block) = encoding.await.ok()?;
        self.encoder = encoder;
        Some(block)
    }

    /// Returns when ClickHouse has the block. Callers are told earlier where that takes too long; the block is written all the
    /// same, since it may be there already.
    async fn keep(&self, block: &Block, answers: &mut Vec<oneshot::Sender<Result<(), StoreError>>>) {
        let began = Instant::now();
        let into = format!("documents ({COLUMNS})");
        let (mut pause, mut attempts) = (FIRST_RETRY, 0_u64);
        loop {
            let rows = block.rows.clone();
            let inserted = match attempts {
                0 => self.server.insert(&into, &block.token, rows).await,
                _ => self.server.insert_again(&into, &block.token, rows).await,
            };
            let Err(failure) = inserted else { break };
            attempts += 1;
            let is_lasting = failure.is_lasting();
            if attempts == 1 {
                said(&failure, is_lasting);
            }
            if is_lasting || began.elapsed() >= self.patience {
                self.queue.is_stuck.store(true, Ordering::Release);
                for answer in answers.drain(..) {
                    let _ = answer.send(Err(failure.of_insert()));
                }
                self.queue.refuse(Duration::ZERO, || failure.of_insert());
            }
            self.queue.refuse(self.patience, || failure.of_insert());
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_RETRY);
        }
        if attempts > 0 {
            info!(attempts, seconds = began.elapsed().as_secs(), "ClickHouse takes documents again");
        }
        self.queue.is_stuck.store(false, Ordering::Release);
    }
}

/// Each of one day: the rows of a block lie in one partition, so that all of them are kept or none, and no gap can stay where
/// this process is killed.
fn by_day(documents: Vec<NewDocument>) -> Vec<Vec<NewDocument>> {
    let day = |new: &NewDocument| new.received.0.div_euclid(MICROS_PER_DAY);
    let mut days: Vec<Vec<NewDocument>> = Vec::new();
    for new in documents {
        match days.last_mut() {
            Some(of_day) if of_day.last().is_some_and(|last| day(last) == day(&new)) => of_day.push(new),
            _ => days.push(vec![new]),
        }
    }
    days
}

fn said(failure: &Failure, is_lasting: bool) {
    let error = chain(failure);
    match is_lasting {
        true => {
            error!(error, "ClickHouse does not take documents, and will not until somebody changes something")
        }
        false => warn!(error, "ClickHouse does not take documents; they are sent again until it does"),
    }
}
