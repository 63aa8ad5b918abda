//! Reading of single traces: no more of one than digests are made of, and not too many at a time.

use model::TraceId;
use model::segment::Place;
use store::{Beginning, Span, StoreError};
use tokio::sync::SemaphorePermit;

use super::App;

/// Of one trace in one answer. What lies beyond is in no digest either; X-Ray itself takes 500 KB a trace.
pub(crate) const MAX_TRACE_BYTES: usize = 16 << 20;
/// Each holds a trace, taken apart and as an answer: about six times its bytes.
pub(super) const MAX_READINGS: usize = 4;

impl App {
    /// The first documents of a trace.
    pub(crate) async fn beginning(&self, id: TraceId) -> Result<Beginning, StoreError> {
        self.documents_after(id, None).await
    }

    /// The first of those that were received after one.
    pub(crate) async fn documents_after(
        &self,
        id: TraceId,
        after: Option<Place>,
    ) -> Result<Beginning, StoreError> {
        self.deps.store.beginning(id, Span { after, bytes: MAX_TRACE_BYTES }).await
    }

    /// For whoever answers with what is in a trace, until the answer is made. It is asked for once a request, since who has a turn and
    /// waits for another may wait for ever.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.readings.acquire().await.ok()
    }
}
