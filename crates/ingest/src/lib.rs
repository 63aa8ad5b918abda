//! One bounded pipeline behind all doors: it makes batches durable, says `Busy`, and counts every drop.

pub mod metrics;
pub mod refusals;

use std::sync::Arc;

use model::{Clock, SegmentDocument};
use store::{StoreError, TraceStore};
use tokio_util::sync::CancellationToken;

use crate::refusals::{Door, Refusals};

/// How much may wait. When it is full, `offer` drops and `submit` answers `Busy`.
#[derive(Debug, Clone)]
pub struct Config {
    /// Bytes of documents that wait for the store.
    pub queue_bytes: usize,
}

/// A cheap clone; every door has one.
#[derive(Debug, Clone)]
pub struct Ingest {
    refusals: Arc<Refusals>,
}

/// The pipeline cannot take the batch now; nothing of it was kept.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    #[error("ingest is busy: {0}")]
    Busy(&'static str),
    #[error("ingest is shutting down")]
    Closed,
    #[error("the store refused the batch")]
    Store(#[from] StoreError),
}

/// Starts the pipeline. On shutdown it makes everything accepted durable; `Ingest::drained` tells when.
pub fn start(
    _config: &Config,
    _store: Arc<dyn TraceStore>,
    _clock: Arc<dyn Clock>,
    _shutdown: CancellationToken,
) -> Ingest {
    todo!()
}

impl Ingest {
    /// For doors that cannot wait (UDP): takes the document, or drops it and counts the reason.
    pub fn offer(&self, _door: Door, _document: SegmentDocument) {
        todo!()
    }

    /// For doors that can: returns once the whole batch is durable.
    pub async fn submit(&self, _door: Door, _documents: Vec<SegmentDocument>) -> Result<(), SubmitError> {
        todo!()
    }

    /// Where doors count what they refused, and the doctor reads it.
    pub fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// Waits until everything accepted before the shutdown is durable.
    pub async fn drained(&self) {
        todo!()
    }
}
