//! The embedded store, whose appends are noted for the mirror. All else is the store's.

use std::sync::Arc;

use async_trait::async_trait;
use model::link::AwaitedLink;
use model::minute::MinuteRow;
use model::{Clock, StoredDocument, Timestamp, TraceDigest, TraceId};
use store::{
    Beginning, Capabilities, Commit, Digested, Fact, Figure, Holdings, Lease, MinuteQuery, NewDocument,
    Pulse, Search, SearchPage, Share, Span, StoreError, StoreStatus, Tail, TailCursor, TraceStore,
};
use tokio::sync::watch;

use super::Waiting;

#[derive(Debug)]
pub(crate) struct Noting {
    pub(crate) inner: Arc<dyn TraceStore>,
    pub(crate) waiting: Arc<Waiting>,
    pub(crate) clock: Arc<dyn Clock>,
}

#[async_trait]
impl TraceStore for Noting {
    async fn append(&self, documents: Vec<NewDocument>) -> Result<(), StoreError> {
        let traces: Vec<(TraceId, Timestamp)> =
            documents.iter().map(|new| (new.document.trace_id, new.received)).collect();
        let Some(oldest) = traces.iter().map(|(_, received)| *received).min() else { return Ok(()) };
        let append = self.waiting.append_begins(oldest);
        let appended = self.inner.append(documents).await;
        self.waiting.append_returned(&append, traces, self.inner.status().newest);
        appended
    }

    async fn holdings(&self) -> Result<Holdings, StoreError> {
        let mut holdings = self.inner.holdings().await?;
        let words = self.waiting.words(self.clock.now());
        holdings.facts.push(Fact { name: "Mirror", value: Figure::Text(words) });
        Ok(holdings)
    }

    async fn documents_of(&self, ids: &[TraceId]) -> Result<Vec<Vec<Arc<StoredDocument>>>, StoreError> {
        self.inner.documents_of(ids).await
    }

    async fn documents(&self, id: TraceId) -> Result<Vec<Arc<StoredDocument>>, StoreError> {
        self.inner.documents(id).await
    }

    async fn beginning(&self, id: TraceId, span: Span) -> Result<Beginning, StoreError> {
        self.inner.beginning(id, span).await
    }

    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        self.inner.commit(commit).await
    }

    async fn digests(&self, ids: &[TraceId]) -> Result<Vec<Arc<TraceDigest>>, StoreError> {
        self.inner.digests(ids).await
    }

    async fn search(&self, search: &Search) -> Result<SearchPage, StoreError> {
        self.inner.search(search).await
    }

    async fn minutes(&self, query: &MinuteQuery) -> Result<Vec<MinuteRow>, StoreError> {
        self.inner.minutes(query).await
    }

    async fn totals(&self, query: &MinuteQuery) -> Result<Vec<MinuteRow>, StoreError> {
        self.inner.totals(query).await
    }

    fn shares(&self) -> watch::Receiver<Vec<Lease>> {
        self.inner.shares()
    }

    fn share_of(&self, id: TraceId) -> Share {
        self.inner.share_of(id)
    }

    fn tail(&self, share: Share, after: &TailCursor) -> Box<dyn Tail> {
        self.inner.tail(share, after)
    }

    async fn digested(&self, share: Share) -> Result<Digested, StoreError> {
        self.inner.digested(share).await
    }

    async fn awaited(&self, share: Share) -> Result<Vec<Arc<AwaitedLink>>, StoreError> {
        self.inner.awaited(share).await
    }

    async fn digested_elsewhere(
        &self,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<(TraceId, u32)>, StoreError> {
        self.inner.digested_elsewhere(since, limit).await
    }

    fn changes(&self) -> watch::Receiver<Pulse> {
        self.inner.changes()
    }

    fn status(&self) -> StoreStatus {
        self.inner.status()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.inner.close().await
    }
}
