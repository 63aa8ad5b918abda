//! The one time limit that all parts share when the server stops.

use std::time::Duration;

use tokio::time::Instant;

/// Orchestrators kill after their own grace; ours is 5 s for everything, of which HTTP may take its part.
const STOP_LIMIT: Duration = Duration::from_millis(4_500);

/// Something accepted may not be durable, or the next start has to repair the store.
#[derive(Debug, thiserror::Error)]
pub enum StopError {
    #[error("did not stop in time; still waiting for {0}")]
    TooSlow(&'static str),
    #[error("cannot close the store")]
    Store(#[from] store::StoreError),
}

/// When all must have stopped.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Instant);

impl Deadline {
    /// Begins now.
    pub(crate) fn begin() -> Self {
        Self(Instant::now() + STOP_LIMIT)
    }

    pub(crate) async fn within<F: Future>(self, part: &'static str, work: F) -> Result<F::Output, StopError> {
        tokio::time::timeout_at(self.0, work).await.map_err(|_| StopError::TooSlow(part))
    }
}
