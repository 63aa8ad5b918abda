//! Follows the documents, from memory alone.

use std::sync::Arc;

use async_trait::async_trait;
use model::StoredDocument;
use model::segment::Sequence;
use row::Held;
use store::{StoreError, Tail};

use crate::core::{Core, Openness, State};

/// Documents given at once at most.
const BATCH: usize = 4_096;
/// Documents decoded at once at most: some milliseconds of work.
const DECODED_BATCH: usize = 1_024;

#[derive(Debug)]
pub(crate) struct LocalTail {
    pub(crate) core: Arc<Core>,
    pub(crate) after: Sequence,
}

/// What comes next.
enum Next {
    Decoded(Vec<Arc<StoredDocument>>),
    Kept(Vec<Held>),
    Nothing,
    Closed,
}

#[async_trait]
impl Tail for LocalTail {
    async fn next(&mut self) -> Result<Vec<Arc<StoredDocument>>, StoreError> {
        let core = Arc::clone(&self.core);
        loop {
            let grown = core.grown.notified();
            tokio::pin!(grown);
            // Registered before the look, so that what comes between look and wait is not missed.
            grown.as_mut().enable();
            let next = core.state.read().next_after(self.after);
            match next {
                Next::Decoded(documents) => {
                    self.after = documents.last().map_or(self.after, |last| last.sequence);
                    return Ok(documents);
                }
                Next::Kept(held) => {
                    let last = held.last().map_or(self.after, |last| last.sequence);
                    let decode = move || held.iter().filter_map(Held::decode).collect::<Vec<_>>();
                    let documents = crate::store::blocking(move || Ok(decode())).await?;
                    self.after = last;
                    if !documents.is_empty() {
                        return Ok(documents);
                    }
                }
                Next::Nothing => grown.await,
                Next::Closed => return Err(StoreError::Closed),
            }
        }
    }
}

impl State {
    fn next_after(&self, after: Sequence) -> Next {
        if after >= self.recent_after {
            let from = self.recent.partition_point(|document| document.sequence <= after);
            let batch: Vec<_> = self.recent.iter().skip(from).take(BATCH).cloned().collect();
            return match batch.is_empty() {
                false => Next::Decoded(batch),
                true if self.openness == Openness::Closed => Next::Closed,
                true => Next::Nothing,
            };
        }
        let recovered = &self.recovered[self.recovered.partition_point(|held| held.sequence <= after)..];
        let sealed = self.sealed.iter().flat_map(|buffer| buffer.after(after));
        let kept = recovered.iter().chain(sealed).chain(self.active.after(after));
        let batch: Vec<_> = kept.take(DECODED_BATCH).cloned().collect();
        match batch.is_empty() {
            false => Next::Kept(batch),
            true if self.openness == Openness::Closed => Next::Closed,
            true => Next::Nothing,
        }
    }
}
