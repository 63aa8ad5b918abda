//! Follows the documents of one share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use model::StoredDocument;

use super::Shared;
use crate::{Share, StoreError, Tail, TailCursor};

/// Documents that a tail gives at once at most.
const BATCH: usize = 4_096;

#[derive(Debug)]
pub(super) struct MemoryTail {
    pub(super) shared: Arc<Shared>,
    /// Its process ended.
    pub(super) is_closed: Arc<AtomicBool>,
    pub(super) share: Share,
    pub(super) after: TailCursor,
}

#[async_trait]
impl Tail for MemoryTail {
    async fn next(&mut self) -> Result<Vec<Arc<StoredDocument>>, StoreError> {
        let shared = Arc::clone(&self.shared);
        loop {
            let grown = shared.grown.notified();
            tokio::pin!(grown);
            // Registered before the look, so that what comes between look and wait is not missed.
            grown.as_mut().enable();
            {
                let state = shared.state.lock();
                let batch: Vec<_> = state.after(self.share, &self.after).take(BATCH).cloned().collect();
                if !batch.is_empty() {
                    batch.iter().for_each(|document| self.after.advance(document.place));
                    return Ok(batch);
                }
                if self.is_closed.load(Ordering::Acquire) {
                    return Err(StoreError::Closed);
                }
            }
            grown.await;
        }
    }
}
