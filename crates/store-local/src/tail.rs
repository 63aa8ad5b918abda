//! Follows the documents, from memory alone.

use std::sync::Arc;

use async_trait::async_trait;
use model::StoredDocument;
use model::segment::Sequence;
use row::StoredBytes;
use store::{StoreError, Tail};

use crate::core::Core;
use crate::core::state::{Openness, State};

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
    Kept(Vec<StoredBytes>),
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
            let next = core.look(|state| next_after(state, self.after));
            match next {
                Next::Decoded(documents) => {
                    self.after = documents.last().map_or(self.after, |last| last.place.sequence);
                    return Ok(documents);
                }
                Next::Kept(held) => {
                    let last = held.last().map_or(self.after, |last| last.sequence);
                    let decode = move || held.iter().filter_map(StoredBytes::decode).collect::<Vec<_>>();
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

fn next_after(state: &State, after: Sequence) -> Next {
    let next = match state.recent_after(after, BATCH) {
        Some(recent) => (!recent.is_empty()).then_some(Next::Decoded(recent)),
        None => {
            let held = state.held_after(after, DECODED_BATCH);
            (!held.is_empty()).then_some(Next::Kept(held))
        }
    };
    let is_closed = state.openness() == Openness::Closed;
    next.unwrap_or(if is_closed { Next::Closed } else { Next::Nothing })
}
