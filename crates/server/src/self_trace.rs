//! The server's own requests, queries and writes as traces in its own map, where `--trace-self` asks for them.
//!
//! What it records of itself goes straight to `ingest`, past the doors, so that no request is made of it. Writing it is work,
//! too: work on its own traces alone is not recorded, or an idle server would have something to tell for ever.

use std::collections::{HashSet, VecDeque};
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use async_trait::async_trait;
use axum::Router;
use bytes::Bytes;
use ingest::Ingest;
use ingest::refusals::Door;
use model::link::AwaitedLink;
use model::minute::MinuteRow;
use model::segment::StoredDocument;
use model::{TraceDigest, TraceId};
use parking_lot::Mutex;
use sdk::tower::SegmentLayer;
use sdk::{ConfigError, Document, Emit, EmitOutcome, Recorder, RecorderGuard, SamplingRequest, subsegment};
use store::{
    Beginning, Capabilities, Commit, Digested, Holdings, Lease, MinuteQuery, NewDocument, Pulse, Search,
    SearchPage, Share, Span, StoreError, StoreStatus, Tail, TailCursor, TraceStore,
};
use store_local::Chore;
use store_local::chore::Listener;
use tokio::sync::watch;

/// What the server is called on its map.
const NAME: &str = "fluoro";
/// Ten requests a second and one of twenty beyond; one write a second of each kind.
const RULES: &str = r#"{"version": 2, "default": {"fixed_target": 10, "rate": 0.05}, "rules": [
    {"host": "*", "http_method": "WRITE", "url_path": "append", "fixed_target": 1, "rate": 0},
    {"host": "*", "http_method": "WRITE", "url_path": "commit", "fixed_target": 1, "rate": 0},
    {"host": "*", "http_method": "WRITE", "url_path": "flush", "fixed_target": 1, "rate": 0},
    {"host": "*", "http_method": "WRITE", "url_path": "merge", "fixed_target": 1, "rate": 0},
    {"host": "*", "http_method": "*", "url_path": "/health*", "fixed_target": 0, "rate": 0}]}"#;
/// Traces that are known as its own. They are digested within minutes, of which these are more than enough.
const MAX_OWN: usize = 20_000;

/// Ends recording when it is dropped.
#[derive(Debug)]
pub(crate) struct SelfTrace {
    recorder: RecorderGuard,
    ingest: Arc<OnceLock<Ingest>>,
    own: Arc<Own>,
}

impl SelfTrace {
    pub(crate) fn start() -> Result<Self, ConfigError> {
        let (ingest, own): (Arc<OnceLock<Ingest>>, Arc<Own>) = Default::default();
        let emitter = ToIngest { ingest: Arc::clone(&ingest), own: Arc::clone(&own) };
        // The variables of X-Ray's SDKs are for programs that the server is asked about, not for itself.
        let recorder = Recorder::builder()
            .name(NAME)
            .version(env!("CARGO_PKG_VERSION"))
            .sampling_rules(RULES)
            .emitter(emitter)
            .environment(|_| None)
            .build()?;
        Ok(Self { recorder, ingest, own })
    }

    /// The same store, whose work is recorded.
    pub(crate) fn store(&self, inner: Arc<dyn TraceStore>) -> Arc<dyn TraceStore> {
        Arc::new(Recorded { inner, recorder: (*self.recorder).clone(), own: Arc::clone(&self.own) })
    }

    /// Records what the embedded store does by itself.
    pub(crate) fn chores(&self) -> Listener {
        let (recorder, own) = ((*self.recorder).clone(), Arc::clone(&self.own));
        Listener::new(move |chore| record_chore(&recorder, &own, chore))
    }

    /// Where what is recorded goes, once it is there.
    pub(crate) fn into(&self, ingest: &Ingest) {
        let _it_is_set_once = self.ingest.set(ingest.clone());
    }

    /// The same router, whose requests are recorded.
    pub(crate) fn router(&self, router: Router) -> Router {
        router.layer(SegmentLayer::new().recorder(&self.recorder).respond(false))
    }
}

/// What is its own, so that work on that alone is not recorded.
#[derive(Debug, Default)]
struct Own {
    /// The traces that were recorded last.
    traces: Mutex<(HashSet<TraceId>, VecDeque<TraceId>)>,
    /// Whether others have sent anything since a flush, or a merge, was recorded.
    flush_due: AtomicBool,
    merge_due: AtomicBool,
}

impl Own {
    fn remember(&self, id: TraceId) {
        let (known, order) = &mut *self.traces.lock();
        if known.insert(id) {
            order.push_back(id);
            if let Some(oldest) = order.pop_front_if(|_| known.len() > MAX_OWN) {
                known.remove(&oldest);
            }
        }
    }

    /// Whether there is any that others have sent.
    fn has_others(&self, mut ids: impl Iterator<Item = TraceId>) -> bool {
        let own = self.traces.lock();
        ids.any(|id| !own.0.contains(&id))
    }

    /// Others have sent something: the chores that come of it are worth telling.
    fn others_came(&self) {
        self.flush_due.store(true, Relaxed);
        self.merge_due.store(true, Relaxed);
    }

    /// Whether a chore comes of what others sent; the next one then does not.
    fn is_of_others(&self, chore: &Chore) -> bool {
        let due = if chore.name == "flush" { &self.flush_due } else { &self.merge_due };
        due.swap(false, Relaxed)
    }
}

#[derive(Debug)]
struct ToIngest {
    ingest: Arc<OnceLock<Ingest>>,
    own: Arc<Own>,
}

impl Emit for ToIngest {
    fn emit(&self, document: Document<'_>) -> EmitOutcome {
        let received = wire::receive(Bytes::copy_from_slice(document.json()));
        let (Some(ingest), Ok(received)) = (self.ingest.get(), received) else { return EmitOutcome::Failed };
        self.own.remember(received.document.trace_id);
        // Counted as if it had come by UDP, as that of any other program would.
        ingest.offer(Door::Udp, received.document);
        EmitOutcome::Sent
    }
}

#[derive(Debug)]
struct Recorded {
    inner: Arc<dyn TraceStore>,
    recorder: Recorder,
    own: Arc<Own>,
}

impl Recorded {
    /// Work that nobody waits for is a trace of its own.
    async fn write<T>(
        &self,
        name: &'static str,
        count: usize,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let request =
            SamplingRequest { method: Some("WRITE"), path: Some(name), ..SamplingRequest::default() };
        let segment = self.recorder.segment(NAME).request(request);
        let recorded = async {
            sdk::annotate("write", name);
            sdk::annotate("count", count);
            within(name, work).await
        };
        segment.scope(recorded).await
    }
}

/// A part of the request that is answered, if one is.
async fn within<T>(
    name: &'static str,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let recorded = async {
        let result = work.await;
        if let Err(error) = &result {
            sdk::error(error);
        }
        result
    };
    subsegment(name).scope(recorded).await
}

fn record_chore(recorder: &Recorder, own: &Own, chore: &Chore) {
    if !own.is_of_others(chore) {
        return;
    }
    let request =
        SamplingRequest { method: Some("WRITE"), path: Some(chore.name), ..SamplingRequest::default() };
    let segment = recorder.segment(NAME).request(request).start_at(SystemTime::now() - chore.took).enter();
    segment.annotate("write", chore.name);
    match &chore.outcome {
        Ok(done) => {
            segment.annotate("parts", done.parts);
            segment.annotate("count", done.rows);
            segment.annotate("bytes", done.bytes);
            segment.annotate("held", done.held_bytes);
        }
        Err(problem) => segment.error(&std::io::Error::other(problem.clone())),
    }
}

#[async_trait]
impl TraceStore for Recorded {
    async fn append(&self, documents: Vec<NewDocument>) -> Result<(), StoreError> {
        if !self.own.has_others(documents.iter().map(|new| new.document.trace_id)) {
            return self.inner.append(documents).await;
        }
        self.own.others_came();
        self.write("append", documents.len(), self.inner.append(documents)).await
    }

    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        if !self.own.has_others(commit.digests.iter().map(|digest| digest.id)) {
            return self.inner.commit(commit).await;
        }
        self.write("commit", commit.digests.len(), self.inner.commit(commit)).await
    }

    async fn documents_of(&self, ids: &[TraceId]) -> Result<Vec<Vec<Arc<StoredDocument>>>, StoreError> {
        within("documents", self.inner.documents_of(ids)).await
    }

    async fn documents(&self, id: TraceId) -> Result<Vec<Arc<StoredDocument>>, StoreError> {
        within("documents", self.inner.documents(id)).await
    }

    async fn beginning(&self, id: TraceId, span: Span) -> Result<Beginning, StoreError> {
        within("documents", self.inner.beginning(id, span)).await
    }

    async fn digests(&self, ids: &[TraceId]) -> Result<Vec<Arc<TraceDigest>>, StoreError> {
        within("digests", self.inner.digests(ids)).await
    }

    async fn search(&self, search: &Search) -> Result<SearchPage, StoreError> {
        within("search", self.inner.search(search)).await
    }

    async fn minutes(&self, query: &MinuteQuery) -> Result<Vec<MinuteRow>, StoreError> {
        within("minutes", self.inner.minutes(query)).await
    }

    async fn totals(&self, query: &MinuteQuery) -> Result<Vec<MinuteRow>, StoreError> {
        within("totals", self.inner.totals(query)).await
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

    async fn digested_elsewhere(
        &self,
        since: model::Timestamp,
        limit: usize,
    ) -> Result<Vec<(TraceId, u32)>, StoreError> {
        self.inner.digested_elsewhere(since, limit).await
    }

    async fn awaited(&self, share: Share) -> Result<Vec<Arc<AwaitedLink>>, StoreError> {
        self.inner.awaited(share).await
    }

    fn changes(&self) -> watch::Receiver<Pulse> {
        self.inner.changes()
    }

    fn status(&self) -> StoreStatus {
        self.inner.status()
    }

    async fn holdings(&self) -> Result<Holdings, StoreError> {
        within("holdings", self.inner.holdings()).await
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.inner.close().await
    }
}

#[cfg(test)]
mod tests {
    use store::MemoryStore;

    use super::*;

    fn document(trace: &str) -> NewDocument {
        let json = format!(
            r#"{{"id":"00000000000000a1","trace_id":"{trace}","name":"shop","start_time":1.0,"end_time":2.0}}"#
        );
        let document = wire::receive(json.into()).unwrap().document;
        NewDocument { received: model::Timestamp::default(), document }
    }

    /// Else an idle server would write of its writing for ever.
    #[tokio::test]
    async fn writing_its_own_traces_alone_is_not_recorded() {
        let memory = sdk::Memory::default();
        let builder = Recorder::builder().sample_all(true).emitter(memory.clone()).environment(|_| None);
        let recorder = builder.build().unwrap();
        let own = Arc::new(Own::default());
        let inner: Arc<dyn TraceStore> = Arc::new(MemoryStore::new());
        let store = Recorded { inner, recorder: (*recorder).clone(), own: Arc::clone(&own) };
        let (theirs, ours) = ("1-5759e988-bd862e3fe1be46a994272793", "1-5759e988-bd862e3fe1be46a994272794");
        own.remember(ours.parse().unwrap());
        store.append(vec![document(ours)]).await.unwrap();
        store.commit(Commit::default()).await.unwrap();
        assert_eq!(recorder.stats().sampled, 0);
        store.append(vec![document(ours), document(theirs)]).await.unwrap();
        assert_eq!((recorder.stats().sampled, recorder.stats().open_segments), (1, 0));
        // A query is part of a request, and nothing where there is none, as in the digest worker.
        store.documents(ours.parse().unwrap()).await.unwrap();
        assert_eq!(recorder.stats().sampled, 1);
        let request = recorder.segment(NAME).scope(store.documents(ours.parse().unwrap()));
        assert_eq!(request.await.unwrap().len(), 2);
        assert!(recorder.flush(std::time::Duration::from_secs(120)));
        assert!(memory.json()[1].contains("\"documents\""), "{:?}", memory.json());
    }

    /// A merge of what it wrote of its merges would be one for ever, too.
    #[test]
    fn a_chore_is_recorded_once_for_what_others_sent() {
        let memory = sdk::Memory::default();
        let builder = Recorder::builder().sample_all(true).emitter(memory.clone()).environment(|_| None);
        let recorder = builder.build().unwrap();
        let own = Own::default();
        let chore = |name, outcome| Chore { name, took: std::time::Duration::from_secs(7), outcome };
        let done = store_local::chore::Done { parts: 4, rows: 1_000, bytes: 70_000, held_bytes: 90_000 };
        record_chore(&recorder, &own, &chore("flush", Ok(done)));
        assert_eq!(recorder.stats().sampled, 0);
        own.others_came();
        record_chore(&recorder, &own, &chore("flush", Ok(done)));
        record_chore(&recorder, &own, &chore("flush", Ok(done)));
        record_chore(&recorder, &own, &chore("merge", Err("no space is left".to_owned())));
        assert!(recorder.flush(std::time::Duration::from_secs(120)));
        let [flush, merge] = &memory.json()[..] else { panic!("{:?}", memory.json()) };
        let flush: serde_json::Value = serde_json::from_str(flush).unwrap();
        assert_eq!(
            flush["annotations"],
            serde_json::json!({"write": "flush", "parts": 4, "count": 1_000, "bytes": 70_000, "held": 90_000})
        );
        let took = flush["end_time"].as_f64().unwrap() - flush["start_time"].as_f64().unwrap();
        assert!(took > 6.9, "{took}");
        assert!(merge.contains("\"fault\":true") && merge.contains("no space is left"), "{merge}");
    }

    #[test]
    fn the_oldest_of_its_own_traces_are_forgotten() {
        let own = Own::default();
        let id = |number: usize| TraceId((number as u128).to_be_bytes());
        (0..=MAX_OWN).for_each(|number| own.remember(id(number)));
        assert!(own.has_others([id(0)].into_iter()) && !own.has_others([id(1), id(MAX_OWN)].into_iter()));
    }
}
