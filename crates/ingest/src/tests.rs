//! The pipeline against a store whose answers the test decides.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use model::error::chain;
use model::link::AwaitedLink;
use model::segment::DocumentKind;
use model::{Entity, EntityId, StoredDocument, SystemClock, Timestamp, TraceDigest, TraceId};
use parking_lot::Mutex;
use store::{
    Commit, Digested, Holdings, MinuteQuery, NewDocument, Pulse, Search, SearchPage, Share, StoreError,
    StoreStatus, Tail, TailCursor, TraceStore,
};
use tokio::sync::{Semaphore, watch};

use super::*;

/// Keeps what it is given, one batch for each permit; refuses while `refuse` holds an error.
#[derive(Debug)]
struct GatedStore {
    gate: Semaphore,
    kept: Mutex<Vec<Vec<String>>>,
    refuse: Mutex<Option<fn() -> StoreError>>,
}

impl GatedStore {
    fn new(permits: usize) -> Arc<Self> {
        Arc::new(Self { gate: Semaphore::new(permits), kept: Mutex::default(), refuse: Mutex::default() })
    }

    fn names(&self) -> Vec<String> {
        self.kept.lock().concat()
    }
}

#[async_trait]
impl TraceStore for GatedStore {
    async fn append(&self, documents: Vec<NewDocument>) -> Result<(), StoreError> {
        self.gate.acquire().await.expect("the gate stays open").forget();
        if let Some(error) = *self.refuse.lock() {
            return Err(error());
        }
        self.kept.lock().push(documents.into_iter().map(|new| new.document.entity.name).collect());
        Ok(())
    }

    async fn documents_of(&self, _ids: &[TraceId]) -> Result<Vec<Vec<Arc<StoredDocument>>>, StoreError> {
        Err(StoreError::Closed)
    }

    async fn commit(&self, _commit: Commit) -> Result<(), StoreError> {
        Err(StoreError::Closed)
    }

    async fn digests(&self, _ids: &[TraceId]) -> Result<Vec<Arc<TraceDigest>>, StoreError> {
        Err(StoreError::Closed)
    }

    async fn search(&self, _search: &Search) -> Result<SearchPage, StoreError> {
        Err(StoreError::Closed)
    }

    async fn minutes(&self, _query: &MinuteQuery) -> Result<Vec<model::minute::MinuteRow>, StoreError> {
        Err(StoreError::Closed)
    }

    fn tail(&self, _share: Share, _after: &TailCursor) -> Box<dyn Tail> {
        unreachable!("ingest does not follow the tail")
    }

    async fn digested(&self, _share: Share) -> Result<Digested, StoreError> {
        Err(StoreError::Closed)
    }

    fn changes(&self) -> watch::Receiver<Pulse> {
        watch::Sender::default().subscribe()
    }

    fn status(&self) -> StoreStatus {
        StoreStatus::default()
    }

    async fn awaited(&self, _share: Share) -> Result<Vec<Arc<AwaitedLink>>, StoreError> {
        Err(StoreError::Closed)
    }

    async fn holdings(&self) -> Result<Holdings, StoreError> {
        Err(StoreError::Closed)
    }

    async fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

fn document(name: &str) -> SegmentDocument {
    SegmentDocument {
        trace_id: TraceId([1; 16]),
        kind: DocumentKind::Segment,
        entity: Entity::new(EntityId(1), name, Timestamp(0)),
        raw: Bytes::from_static(b"{}"),
        sender: None,
    }
}

fn pipeline(store: &Arc<GatedStore>, queue_bytes: usize) -> (Ingest, CancellationToken) {
    let shutdown = CancellationToken::new();
    let store: Arc<dyn TraceStore> = Arc::clone(store) as _;
    let config = Config { queue_bytes, patience: Duration::ZERO, copies: None };
    (start(&config, store, Arc::new(SystemClock), shutdown.clone()), shutdown)
}

fn count(ingest: &Ingest, door: Door, reason: &str) -> u64 {
    let counts = ingest.refusals().counts();
    counts.iter().find(|(at, why, _)| (*at, why.as_str()) == (door, reason)).map_or(0, |(_, _, count)| *count)
}

#[tokio::test]
async fn submit_answers_once_the_batch_is_durable() {
    let store = GatedStore::new(0);
    let (ingest, _shutdown) = pipeline(&store, 1 << 20);
    let submitted = ingest.submit(Door::Http, vec![document("a"), document("b")]);
    tokio::pin!(submitted);
    assert!(futures_poll_once(submitted.as_mut()).await.is_none(), "nothing is durable yet");
    store.gate.add_permits(1);
    submitted.await.unwrap();
    assert_eq!(store.names(), ["a", "b"]);
    assert_eq!(ingest.refusals().received()[Door::Http as usize], (Door::Http, 2));
}

/// Polls a future a single time.
async fn futures_poll_once<F: Future + Unpin>(mut future: F) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(match std::pin::Pin::new(&mut future).poll(context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

#[tokio::test]
async fn what_comes_while_the_store_is_at_work_goes_in_one_batch_in_order() {
    let store = GatedStore::new(0);
    let (ingest, shutdown) = pipeline(&store, 1 << 20);
    ingest.offer(Door::Udp, document("first"));
    tokio::task::yield_now().await;
    for name in ["a", "b", "c"] {
        ingest.offer(Door::Udp, document(name));
    }
    store.gate.add_permits(100);
    shutdown.cancel();
    ingest.drained().await;
    assert_eq!(*store.kept.lock(), [vec!["first"], vec!["a", "b", "c"]]);
}

#[tokio::test]
async fn a_full_queue_drops_what_is_offered_and_is_busy_to_what_is_submitted() {
    let store = GatedStore::new(0);
    let (ingest, shutdown) = pipeline(&store, 3 * document("a").memory_bytes());
    for name in ["a", "b", "c", "d", "e"] {
        ingest.offer(Door::Udp, document(name));
    }
    let error = ingest.submit(Door::Http, vec![document("f")]).await.unwrap_err();
    assert!(matches!(error, SubmitError::Busy(_)), "{error}");
    assert_eq!(count(&ingest, Door::Udp, "queue_full"), 2);
    assert_eq!(count(&ingest, Door::Http, "queue_full"), 1);
    assert_eq!(ingest.refusals().received()[0], (Door::Udp, 5));
    store.gate.add_permits(100);
    shutdown.cancel();
    ingest.drained().await;
    assert_eq!(store.names(), ["a", "b", "c"]);
}

#[tokio::test]
async fn who_submits_to_a_full_queue_waits_for_room_and_leaves_some_to_those_who_cannot_wait() {
    let store = GatedStore::new(0);
    let (mut ingest, _shutdown) = pipeline(&store, 4 * document("a").memory_bytes());
    ingest.patience = Duration::from_secs(60);
    for name in ["a", "b", "c"] {
        ingest.offer(Door::Udp, document(name));
    }
    let mut submitted = Box::pin(ingest.submit(Door::Http, vec![document("d"), document("e")]));
    assert!(futures_poll_once(submitted.as_mut()).await.is_none());
    ingest.offer(Door::Udp, document("f"));
    assert_eq!(count(&ingest, Door::Udp, "queue_full"), 0);
    store.gate.add_permits(100);
    submitted.await.unwrap();
    assert_eq!(store.names(), ["a", "b", "c", "f", "d", "e"]);
    assert_eq!(count(&ingest, Door::Http, "queue_full"), 0);
}

#[tokio::test]
async fn shutdown_keeps_what_was_accepted_and_refuses_the_rest() {
    let store = GatedStore::new(0);
    let (ingest, shutdown) = pipeline(&store, 1 << 20);
    ingest.offer(Door::Udp, document("accepted"));
    shutdown.cancel();
    let drained = tokio::spawn({
        let ingest = ingest.clone();
        async move { ingest.drained().await }
    });
    store.gate.add_permits(100);
    drained.await.unwrap();
    assert_eq!(store.names(), ["accepted"]);
    ingest.offer(Door::Udp, document("late"));
    assert!(matches!(ingest.submit(Door::Http, vec![document("late")]).await, Err(SubmitError::Closed)));
    assert_eq!(count(&ingest, Door::Udp, "shutting_down"), 1);
    assert_eq!(store.names(), ["accepted"]);
}

#[tokio::test]
async fn a_busy_store_is_counted_and_taken_up_again() {
    let store = GatedStore::new(100);
    let (ingest, _shutdown) = pipeline(&store, 1 << 20);
    *store.refuse.lock() = Some(|| StoreError::Busy { reason: "digest_behind" });
    let error = ingest.submit(Door::Http, vec![document("lost"), document("lost")]).await.unwrap_err();
    assert_eq!(error.to_string(), "ingest is busy: digest_behind");
    assert_eq!(count(&ingest, Door::Http, "digest_behind"), 2);
    *store.refuse.lock() = Some(|| StoreError::Busy { reason: store::DISK_FULL });
    let error = ingest.submit(Door::Http, vec![document("lost")]).await.unwrap_err();
    assert!(matches!(error, SubmitError::Store(_)), "{error}");
    assert_eq!(count(&ingest, Door::Http, "disk_full"), 1);
    *store.refuse.lock() = None;
    ingest.submit(Door::Http, vec![document("kept")]).await.unwrap();
    assert_eq!(store.names(), ["kept"]);
}

#[tokio::test]
async fn every_caller_of_a_failed_batch_learns_why() {
    let store = GatedStore::new(0);
    let (ingest, _shutdown) = pipeline(&store, 1 << 20);
    *store.refuse.lock() = Some(|| StoreError::failed("write the log", "no device"));
    store.gate.add_permits(100);
    let (one, other) = tokio::join!(
        ingest.submit(Door::Http, vec![document("a")]),
        ingest.submit(Door::Otlp, vec![document("b")])
    );
    for error in [one.unwrap_err(), other.unwrap_err()] {
        assert_eq!(chain(&error), "the store refused the batch: write the log: no device");
    }
    assert_eq!(count(&ingest, Door::Otlp, "store_failed"), 1);
}
