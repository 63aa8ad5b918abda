//! The worker over the memory store: what it writes must not depend on how documents fall into rounds,
//! on what it still has at hand, on restarts, or on a store that fails now and then.

mod cluster;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use model::link::AwaitedLink;
use model::minute::{MinuteRow, Subject};
use model::segment::Sequence;
use model::{ManualClock, Micros, StoredDocument, TimeRange, Timestamp, TraceDigest, TraceId, group};
use store::memory::MemoryStore;
use store::{
    Commit, Digested, Holdings, MinuteQuery, NewDocument, Search, SearchPage, Share, StoreError, StoreStatus,
    Subjects, Tail, TailCursor,
};

use super::*;

/// A whole minute.
const EPOCH: Timestamp = Timestamp(1_700_000_040_000_000);

/// A finished segment of its own service, or, with a parent, of the service that this one called.
pub(crate) fn json(trace: u8, name: &str, id: u64, parent: Option<u64>, end: Option<f64>) -> String {
    let trace_id = TraceId([trace; 16]);
    let parent = parent.map(|parent| format!(r#","parent_id":"{parent:016x}""#)).unwrap_or_default();
    let start = EPOCH.as_seconds();
    let end = match end {
        Some(seconds) => format!(r#""end_time":{}"#, start + seconds),
        None => r#""in_progress":true"#.to_owned(),
    };
    format!(
        r#"{{"trace_id":"{trace_id}","id":"{id:016x}"{parent},"name":"{name}","start_time":{start},{end},
        "subsegments":[{{"id":"{:016x}","name":"callee","namespace":"remote","start_time":{start},{end}}}]}}"#,
        id + 1_000,
    )
}

pub(crate) fn new_document(json: String, received: f64) -> NewDocument {
    let document = wire::decode(json.into()).expect("the test's documents are good");
    NewDocument { received: EPOCH.plus(Micros((received * 1e6) as u64)), document }
}

pub(crate) fn stored(trace: u8, name: &str, received: f64) -> Arc<StoredDocument> {
    let NewDocument { received, document } = new_document(json(trace, name, 1, None, Some(1.0)), received);
    Arc::new(StoredDocument { place: Sequence(1).into(), received, document })
}

/// Two traces, in progress first, a callee before and after its caller, a duplicate, over three minutes.
fn story() -> Vec<NewDocument> {
    let mut documents = Vec::new();
    for trace in [1, 2] {
        let late = f64::from(trace) * 50.0;
        documents.extend([
            new_document(json(trace, "front", 1, None, None), 1.0),
            new_document(json(trace, "callee", 2, Some(1_001), Some(0.5)), 2.0),
            new_document(json(trace, "front", 1, None, Some(0.7)), late),
            new_document(json(trace, "front", 1, None, Some(0.7)), late + 1.0),
            new_document(json(trace, "other", 3, Some(1_002), Some(9.0)), late + 70.0),
        ]);
    }
    documents.sort_by_key(|document| document.received);
    documents
}

pub(crate) struct Running {
    pub(crate) digest: Digest,
    shutdown: CancellationToken,
}

impl Running {
    pub(crate) fn start(store: &Arc<dyn TraceStore>, config: &Config) -> Self {
        let shutdown = CancellationToken::new();
        let clock = Arc::new(ManualClock::new(EPOCH.plus(Micros::from_secs(600))));
        let digest = start(config, Arc::clone(store), clock, shutdown.clone());
        Self { digest, shutdown }
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.digest.stopped().await;
    }
}

/// What a reader can see: the digests of all traces, and all minutes.
pub(crate) async fn visible(store: &dyn TraceStore) -> (Vec<TraceDigest>, Vec<MinuteRow>) {
    let ids: Vec<_> = (0..10).map(|trace| TraceId([trace; 16])).collect();
    let digests = store.digests(&ids).await.unwrap();
    let range = TimeRange::new(Timestamp(0), EPOCH.plus(Micros::from_secs(100_000)));
    let query = MinuteQuery { range, group: group::DEFAULT.to_owned(), subjects: Subjects::All };
    (digests.iter().map(|digest| TraceDigest::clone(digest)).collect(), store.minutes(&query).await.unwrap())
}

/// What must be seen once the documents are in: everything reduced at once, each trace counted once.
pub(crate) async fn expected(documents: Vec<NewDocument>) -> (Vec<TraceDigest>, Vec<MinuteRow>) {
    let store = MemoryStore::new();
    store.append(documents).await.unwrap();
    let mut commit = Commit { through: Sequence(store.status().newest).into(), ..Commit::default() };
    for trace in 0..10 {
        let documents = store.documents(TraceId([trace; 16])).await.unwrap();
        if !documents.is_empty() {
            let digest =
                query::digest(&query::assemble(TraceId([trace; 16]), &documents), &UrlRules::default());
            commit.minutes.extend(query::rollup::contribution(&digest));
            commit.digests.push(Arc::new(digest));
        }
    }
    commit.minutes = reduce::merge(commit.minutes);
    store.commit(commit).await.unwrap();
    visible(&store).await
}

/// Appends the story in steps of the given size, waiting for each to be visible, with a restart of the worker
/// after each where asked.
async fn check(config: &Config, step: usize, restart: bool) {
    let store: Arc<dyn TraceStore> = Arc::new(MemoryStore::new());
    check_through(&store, &store, config, step, restart).await;
}

/// The worker sees `store`, and the test what is in `kept`.
async fn check_through(
    store: &Arc<dyn TraceStore>,
    kept: &Arc<dyn TraceStore>,
    config: &Config,
    step: usize,
    restart: bool,
) {
    let mut running = Running::start(store, config);
    let documents = story();
    for step in documents.chunks(step) {
        store.append(step.to_vec()).await.unwrap();
        running.digest.reached(store.status().newest).await;
        if restart {
            running.stop().await;
            running = Running::start(store, config);
        }
    }
    assert_eq!(store.status().digested, store.status().newest);
    assert_eq!(visible(&**kept).await, expected(documents).await);
    running.stop().await;
}

#[tokio::test]
async fn what_is_written_does_not_depend_on_how_documents_arrive() {
    for step in [1, 2, 3, 7, 100] {
        check(&Config::default(), step, false).await;
    }
}

#[tokio::test]
async fn a_trace_that_is_no_longer_at_hand_is_read_back() {
    for step in [1, 3] {
        let config = Config { open_traces: 0, ..Config::default() };
        check(&config, step, false).await;
        let config = Config { open_traces: 1, ..Config::default() };
        check(&config, step, false).await;
    }
}

#[tokio::test]
async fn a_restart_neither_loses_nor_counts_twice() {
    // DG-1
    for step in [1, 4] {
        check(&Config::default(), step, true).await;
    }
}

#[tokio::test]
async fn documents_received_while_no_worker_ran_are_caught_up_with() {
    let store: Arc<dyn TraceStore> = Arc::new(MemoryStore::new());
    store.append(story()).await.unwrap();
    let running = Running::start(&store, &Config::default());
    running.digest.reached(store.status().newest).await;
    assert_eq!(visible(&*store).await, expected(story()).await);
}

#[tokio::test]
async fn a_group_takes_what_comes_after_it_and_keeps_it() {
    let store: Arc<dyn TraceStore> = Arc::new(MemoryStore::new());
    let (groups, follower) = watch::channel(Arc::default());
    let groups_now = Arc::new(move || Arc::clone(&follower.borrow()));
    let running = Running::start(&store, &Config { groups: groups_now, ..Config::default() });
    let append = async |document: NewDocument| {
        store.append(vec![document]).await.unwrap();
        running.digest.reached(store.status().newest).await;
    };
    // Which minutes of the group count a request to the service, after the first of them.
    let counted = async || {
        let range = TimeRange::new(Timestamp(0), EPOCH.plus(Micros::from_secs(100_000)));
        let query = MinuteQuery { range, group: "slow/1".to_owned(), subjects: Subjects::Nodes };
        let rows = store.minutes(&query).await.unwrap();
        let own =
            rows.iter().filter(|row| matches!(&row.key.subject, Subject::Node(node) if node.name == "front"));
        own.filter(|row| row.stats.counts.total() > 0)
            .map(|row| (row.key.minute.0 - EPOCH.minute().0, row.stats.counts.total()))
            .collect::<Vec<_>>()
    };
    append(new_document(json(1, "front", 1, None, Some(9.0)), 1.0)).await;
    groups.send_replace(Arc::new(query::Groups::read([("slow/1", "duration > 5")])));
    assert_eq!(counted().await, [], "it was received before the group was made");
    append(new_document(json(2, "front", 1, None, Some(0.5)), 61.0)).await;
    assert_eq!(counted().await, [], "it is quick so far");
    append(new_document(json(2, "late", 5, Some(1), Some(7.0)), 121.0)).await;
    assert_eq!(counted().await, [(2, 1)], "all of it counts from where it joined");
    groups.send_replace(Arc::default());
    append(new_document(json(2, "later", 6, Some(1), Some(7.0)), 181.0)).await;
    append(new_document(json(3, "front", 1, None, Some(9.0)), 182.0)).await;
    assert_eq!(counted().await, [(2, 1)], "what has joined stays, and nothing joins what is gone");
}

#[tokio::test]
async fn a_store_that_fails_now_and_then_loses_nothing() {
    let kept: Arc<dyn TraceStore> = Arc::new(MemoryStore::new());
    let flaky: Arc<dyn TraceStore> = Arc::new(Difficult { works_every: 3, ..Difficult::over(&kept) });
    check_through(&flaky, &kept, &Config { open_traces: 0, ..Config::default() }, 2, false).await;
}

#[tokio::test]
async fn traces_that_are_read_back_are_read_together() {
    let inner: Arc<dyn TraceStore> = Arc::new(MemoryStore::new());
    let counting = Arc::new(Difficult::over(&inner));
    let store: Arc<dyn TraceStore> = Arc::clone(&counting) as _;
    let running = Running::start(&store, &Config { open_traces: 0, ..Config::default() });
    for received in [1.0, 2.0] {
        let documents = (0..100).map(|trace| new_document(json(trace, "front", 1, None, None), received));
        store.append(documents.collect()).await.unwrap();
        running.digest.reached(store.status().newest).await;
    }
    assert_eq!(counting.reads.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_trace_that_cannot_be_read_harms_no_other() {
    let inner: Arc<dyn TraceStore> = Arc::new(MemoryStore::new());
    let damaged = Some(TraceId([2; 16]));
    let store: Arc<dyn TraceStore> = Arc::new(Difficult { damaged, ..Difficult::over(&inner) });
    let running = Running::start(&store, &Config { open_traces: 0, ..Config::default() });
    for received in [1.0, 2.0] {
        let documents = (1..=3).map(|trace| new_document(json(trace, "front", 1, None, None), received));
        store.append(documents.collect()).await.unwrap();
        running.digest.reached(store.status().newest).await;
    }
    let (digests, _) = visible(&*inner).await;
    let newest = digests.iter().map(|digest| digest.last_received.0 - EPOCH.0);
    assert_eq!(newest.collect::<Vec<_>>(), [2_000_000, 1_000_000, 2_000_000]);
}

#[tokio::test]
async fn the_pulse_tells_the_lag_and_how_many_digests_were_written() {
    let store: Arc<dyn TraceStore> = Arc::new(MemoryStore::new());
    let running = Running::start(&store, &Config::default());
    let mut pulse = running.digest.pulse();
    pulse.mark_unchanged();
    store.append(story()).await.unwrap();
    pulse.changed().await.unwrap();
    let seen = *pulse.borrow();
    assert_eq!((seen.through, seen.digests), (10, 2));
    assert_eq!(seen.lag_micros, 599_000_000);
}

#[tokio::test]
async fn waiting_for_a_worker_that_has_stopped_ends() {
    let store: Arc<dyn TraceStore> = Arc::new(MemoryStore::new());
    let running = Running::start(&store, &Config::default());
    let digest = running.digest.clone();
    running.stop().await;
    digest.reached(1_000_000).await;
}

#[tokio::test]
async fn the_worker_stops_when_the_store_is_closed() {
    let store: Arc<dyn TraceStore> = Arc::new(MemoryStore::new());
    let running = Running::start(&store, &Config::default());
    store.close().await.unwrap();
    running.digest.stopped().await;
}

/// A store that does not always do what is asked.
#[derive(Debug)]
struct Difficult {
    inner: Arc<dyn TraceStore>,
    /// One of so many calls of the worker works.
    works_every: usize,
    calls: AtomicUsize,
    /// Calls that read documents.
    reads: AtomicUsize,
    /// Its documents cannot be read.
    damaged: Option<TraceId>,
}

impl Difficult {
    fn over(inner: &Arc<dyn TraceStore>) -> Self {
        let (calls, reads) = Default::default();
        Self { inner: Arc::clone(inner), works_every: 1, calls, reads, damaged: None }
    }

    fn fail(&self) -> Result<(), StoreError> {
        if self.calls.fetch_add(1, Ordering::Relaxed) % self.works_every == self.works_every - 1 {
            return Ok(());
        }
        Err(StoreError::failed("write", std::io::Error::other("not now")))
    }
}

#[async_trait]
impl TraceStore for Difficult {
    async fn append(&self, documents: Vec<NewDocument>) -> Result<(), StoreError> {
        self.inner.append(documents).await
    }

    async fn documents_of(&self, ids: &[TraceId]) -> Result<Vec<Vec<Arc<StoredDocument>>>, StoreError> {
        self.fail()?;
        self.reads.fetch_add(1, Ordering::Relaxed);
        match self.damaged {
            Some(damaged) if ids.contains(&damaged) => {
                Err(StoreError::Damaged { what: "a part: bad checksum".to_owned() })
            }
            _ => self.inner.documents_of(ids).await,
        }
    }

    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        self.fail()?;
        self.inner.commit(commit).await
    }

    async fn digests(&self, ids: &[TraceId]) -> Result<Vec<Arc<TraceDigest>>, StoreError> {
        self.fail()?;
        self.inner.digests(ids).await
    }

    async fn search(&self, search: &Search) -> Result<SearchPage, StoreError> {
        self.inner.search(search).await
    }

    async fn minutes(&self, query: &MinuteQuery) -> Result<Vec<MinuteRow>, StoreError> {
        self.inner.minutes(query).await
    }

    fn tail(&self, share: Share, after: &TailCursor) -> Box<dyn Tail> {
        self.inner.tail(share, after)
    }

    async fn digested(&self, share: Share) -> Result<Digested, StoreError> {
        self.fail()?;
        self.inner.digested(share).await
    }

    fn changes(&self) -> watch::Receiver<Pulse> {
        self.inner.changes()
    }

    fn status(&self) -> StoreStatus {
        self.inner.status()
    }

    async fn awaited(&self, share: Share) -> Result<Vec<Arc<AwaitedLink>>, StoreError> {
        self.inner.awaited(share).await
    }

    async fn holdings(&self) -> Result<Holdings, StoreError> {
        self.inner.holdings().await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.inner.close().await
    }
}
