//! The one task that hands batches to the store and tells everybody how it went.

use std::sync::Arc;
use std::time::{Duration, Instant};

use model::error::chain;
use model::{Clock, TraceId};
use store::{DISK_FULL, StoreError, TraceStore};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::metrics;
use crate::queue::{Batch, Queue, Waiting};
use crate::refusals::{Door, Dropped, REMEMBERED, Refusals};
use crate::{Copies, SubmitError};

/// After a failure the queue fills up for a while, rather than be lost batch by batch as fast as the store
/// can refuse. Doubled on each failure in a row.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

pub(crate) struct Writer {
    pub(crate) queue: Arc<Queue>,
    pub(crate) store: Arc<dyn TraceStore>,
    pub(crate) refusals: Arc<Refusals>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) copies: Option<Copies>,
    /// How many appends in a row have failed.
    pub(crate) failures: u32,
}

impl Writer {
    /// Runs until the queue is closed and empty; closes it on shutdown.
    pub(crate) async fn run(mut self) {
        let queue = Arc::clone(&self.queue);
        let shutdown = self.shutdown.clone();
        let mut is_open = true;
        loop {
            let batch = tokio::select! {
                () = shutdown.cancelled(), if is_open => {
                    queue.close();
                    is_open = false;
                    continue;
                }
                batch = queue.next() => batch,
            };
            let Some(batch) = batch else { return };
            self.append(batch).await;
            self.pause().await;
        }
    }

    async fn append(&mut self, batch: Batch) {
        let Batch { documents, bytes, waiting, offered, originals } = batch;
        let count = documents.len();
        let trace_ids: Vec<_> = documents.iter().take(REMEMBERED).map(|new| new.document.trace_id).collect();
        let example = documents.first().map(|first| first.document.raw.clone()).unwrap_or_default();
        let started = Instant::now();
        let result = self.store.append(documents).await;
        metrics::APPEND_SECONDS.observe(started.elapsed().as_secs_f64());
        metrics::BATCHES.inc();
        self.queue.done(bytes);
        let Err(error) = result else {
            metrics::APPENDED.inc_by(count as u64);
            if self.failures > 0 {
                info!("store takes documents again");
            }
            self.failures = 0;
            if let Some(copies) = &self.copies {
                copies(&originals);
            }
            for one in waiting {
                // A caller that has gone away has no use for the answer.
                let _ = one.answer.send(Ok(()));
            }
            return;
        };
        self.failed(&Arc::new(error), waiting, offered, &trace_ids, &example);
    }

    fn failed(
        &mut self,
        error: &Arc<StoreError>,
        waiting: Vec<Waiting>,
        offered: [usize; Door::ALL.len()],
        mut trace_ids: &[TraceId],
        example: &[u8],
    ) {
        if self.failures == 0 {
            error!(error = chain(error), "store does not take documents");
        }
        self.failures = self.failures.saturating_add(1);
        let reason = reason(error);
        let detail = error.to_string();
        let at = self.clock.now();
        let mut drop = |door, documents| {
            // Of a batch it is not known which document came through which door; the first to be counted has all.
            let trace_ids = std::mem::take(&mut trace_ids);
            let dropped = Dropped { at, door, documents, trace_ids, reason, detail: &detail, example };
            self.refusals.count_dropped(&dropped);
        };
        for (door, documents) in Door::ALL.into_iter().zip(offered) {
            if documents > 0 {
                drop(door, documents);
            }
        }
        for one in waiting {
            drop(one.door, one.documents);
            let _ = one.answer.send(Err(answer(error)));
        }
    }

    async fn pause(&self) {
        if self.failures == 0 {
            return;
        }
        let pause = FIRST_PAUSE.saturating_mul(1 << self.failures.min(8)).min(LONGEST_PAUSE);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.shutdown.cancelled() => {}
        }
    }
}

fn reason(error: &StoreError) -> &'static str {
    match error {
        StoreError::Busy { reason } => reason,
        StoreError::Closed => "shutting_down",
        StoreError::Damaged { .. }
        | StoreError::Fenced
        | StoreError::Unusable { .. }
        | StoreError::Exceeded { .. }
        | StoreError::Failed { .. } => "store_failed",
    }
}

fn answer(error: &Arc<StoreError>) -> SubmitError {
    match &**error {
        // It may last, so it is not the sender's pace that is wrong.
        StoreError::Busy { reason } if *reason != DISK_FULL => SubmitError::Busy(reason),
        StoreError::Closed => SubmitError::Closed,
        _ => SubmitError::Store(Arc::clone(error)),
    }
}
