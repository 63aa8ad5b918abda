//! What goes wrong between Fluoro, ClickHouse and PostgreSQL loses nothing that was acknowledged and counts nothing twice.

#[path = "servers/place.rs"]
mod place;
#[path = "servers/proxy.rs"]
mod proxy;
#[path = "faults/replicas.rs"]
mod replicas;

use std::sync::Arc;
use std::time::Duration;

use digest::Digest;
use model::minute::MinuteRow;
use model::{ManualClock, Micros, TimeRange, Timestamp, TraceDigest, TraceId, group};
use store::{MemoryStore, MinuteQuery, NewDocument, StoreError, Subjects, TraceStore};
use store_clickhouse::{ClickHouseStore, Step};
use tokio_util::sync::CancellationToken;

use place::Cluster;
use proxy::{Proxy, Weather};

/// A whole minute.
const EPOCH: Timestamp = Timestamp(1_795_392_000_000_000);
const TRACES: u8 = 10;
const SHARES: u16 = 3;
/// Far more than anything takes; a test that runs into it has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process with its workers.
struct Process {
    store: Arc<ClickHouseStore>,
    digest: Digest,
    shutdown: CancellationToken,
}

impl Process {
    async fn start(cluster: &Cluster) -> Self {
        let store = Arc::new(cluster.join().await.expect("the store can be opened"));
        let (digest, shutdown) = workers(Arc::clone(&store) as _);
        Self { store, digest, shutdown }
    }

    async fn append(&self, documents: Vec<NewDocument>) {
        self.store.append(documents).await.expect("the documents are taken");
    }

    /// Waits until so many documents are in every answer.
    async fn reached(&self, documents: usize) {
        let reached = self.digest.reached(documents as u64);
        tokio::time::timeout(PATIENCE, reached).await.expect("they are digested in time");
        assert_eq!(self.store.status().digested, documents as u64, "the workers run");
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.digest.stopped().await;
        self.store.close().await.expect("the store can be closed");
    }
}

fn workers(store: Arc<dyn TraceStore>) -> (Digest, CancellationToken) {
    let shutdown = CancellationToken::new();
    let clock = Arc::new(ManualClock::new(EPOCH.plus(Micros::from_secs(600))));
    // Few traces stay at hand: most are read back, as after a share has moved.
    let config = digest::Config { open_traces: 3, ..digest::Config::default() };
    (digest::start(&config, store, clock, shutdown.clone()), shutdown)
}

/// A story of each trace in three parts, the last of which changes what the first has counted.
fn part(number: u64) -> Vec<NewDocument> {
    let of_trace = |trace: u8| {
        let received = number as f64 * 70.0 + f64::from(trace);
        let end = if number == 2 { r#""end_time":1795392000.7"# } else { r#""in_progress":true"# };
        let callee = format!(r#""parent_id":"00000000000003e9","end_time":1795392000.{}"#, number + 1);
        [
            segment(trace, "front", 1, end, received),
            segment(trace, "callee", 10 + number, &callee, received + 0.5),
        ]
    };
    (0..TRACES).flat_map(of_trace).collect()
}

fn segment(trace: u8, name: &str, id: u64, rest: &str, received: f64) -> NewDocument {
    let trace_id = TraceId([trace; 16]);
    let json = format!(
        r#"{{"trace_id":"{trace_id}","id":"{id:016x}","name":"{name}","start_time":1795392000.0,{rest},"subsegments":[
        {{"id":"{:016x}","name":"callee","namespace":"remote","start_time":1795392000.0,"end_time":1795392000.05}}]}}"#,
        id + 1_000
    );
    let document = wire::decode(json.into()).expect("the test's documents are good");
    NewDocument { received: EPOCH.plus(Micros((received * 1e6) as u64)), document }
}

fn parts(numbers: std::ops::Range<u64>) -> Vec<NewDocument> {
    numbers.flat_map(part).collect()
}

/// The digests of all traces, without what depends on who received a document, and all minutes.
async fn visible(store: &dyn TraceStore) -> (Vec<TraceDigest>, Vec<MinuteRow>) {
    let ids: Vec<_> = (0..TRACES).map(|trace| TraceId([trace; 16])).collect();
    let digests = store.digests(&ids).await.expect("the digests can be read");
    let range = TimeRange::new(Timestamp(0), EPOCH.plus(Micros::from_secs(100_000)));
    let query = MinuteQuery { range, group: group::DEFAULT.to_owned(), subjects: Subjects::All };
    let minutes = store.minutes(&query).await.expect("the minutes can be read");
    let bare = |digest: &Arc<TraceDigest>| TraceDigest {
        through: Default::default(),
        revision: 0,
        ..TraceDigest::clone(digest)
    };
    (digests.iter().map(bare).collect(), minutes)
}

/// Compares with what one undisturbed process makes of the same documents.
async fn check(store: &dyn TraceStore, documents: Vec<NewDocument>) {
    let memory: Arc<dyn TraceStore> = Arc::new(MemoryStore::new());
    let count = documents.len() as u64;
    memory.append(documents).await.expect("the documents are taken");
    let (digest, shutdown) = workers(Arc::clone(&memory));
    digest.reached(count).await;
    shutdown.cancel();
    let (expected, found) = (visible(&*memory).await, visible(store).await);
    assert_eq!(found.0, expected.0);
    assert_eq!(found.1.len(), expected.1.len());
    for (found, expected) in found.1.iter().zip(&expected.1) {
        let (mut found, mut expected) = (found.clone(), expected.clone());
        for row in [&mut found, &mut expected] {
            row.stats.response_times = row.stats.response_times.to_ten_bits();
            row.stats.durations = row.stats.durations.to_ten_bits();
        }
        assert_eq!(found.key, expected.key);
        assert_eq!(found.stats.counts, expected.stats.counts);
        assert_eq!(found.stats.presence, expected.stats.presence);
        assert_eq!(found.stats.response_time_total, expected.stats.response_time_total);
        assert_eq!(found.stats.response_times.count(), expected.stats.response_times.count());
        assert_eq!(found.stats.durations.count(), expected.stats.durations.count());
        assert_eq!((found.stats.roots, &found.stats.kinds), (expected.stats.roots, &expected.stats.kinds));
        assert_eq!(found.stats.aliases, expected.stats.aliases);
    }
}

async fn check_documents(store: &dyn TraceStore, documents: &[NewDocument]) {
    for trace in 0..TRACES {
        let id = TraceId([trace; 16]);
        let kept = store.documents(id).await.expect("the documents can be read");
        let expected = documents.iter().filter(|new| new.document.trace_id == id);
        let expected: Vec<_> = expected.map(|new| new.document.raw.clone()).collect();
        assert_eq!(kept.iter().map(|kept| kept.document.raw.clone()).collect::<Vec<_>>(), expected);
    }
}

async fn message(config: store_clickhouse::Config) -> String {
    match ClickHouseStore::open(config, place::now()).await {
        Err(StoreError::Unusable { detail, remedy }) => format!("{detail}; {remedy}"),
        other => panic!("{other:?}"),
    }
}

/// CH-2
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_was_broken_off_is_finished_by_the_next_process() {
    for step in [Step::Noted, Step::Minutes, Step::Digests, Step::Finished] {
        let cluster = Cluster::new(SHARES).await;
        let one = Process::start(&cluster).await;
        one.append(part(0)).await;
        one.reached(part(0).len()).await;
        one.store.break_commits(Some(step));
        one.append(part(1)).await;
        tokio::time::timeout(PATIENCE, one.digest.stopped()).await.expect("the workers end");
        // More than the broken commits are about is there when their shares are taken over.
        one.append(part(2)).await;
        one.store.close().await.expect("the store can be closed");
        let other = Process::start(&cluster).await;
        other.reached(parts(0..3).len()).await;
        check(&*other.store, parts(0..3)).await;
        other.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_was_killed_is_followed_by_another() {
    let mut cluster = Cluster::new(SHARES).await;
    cluster.config.lease = Duration::from_secs(2);
    let one = Process::start(&cluster).await;
    one.append(part(0)).await;
    one.reached(part(0).len()).await;
    let two = Process::start(&cluster).await;
    two.append(part(1)).await;
    // Dropped without a word: leases run out.
    one.shutdown.cancel();
    one.digest.stopped().await;
    drop(one);
    two.reached(parts(0..2).len()).await;
    two.append(part(2)).await;
    two.reached(parts(0..3).len()).await;
    assert_eq!(two.store.shares().borrow().len(), usize::from(SHARES));
    check(&*two.store, parts(0..3)).await;
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_the_work_and_change_places() {
    let cluster = Cluster::new(SHARES).await;
    let (one, two) = (Process::start(&cluster).await, Process::start(&cluster).await);
    for (number, taker) in [&one, &two].into_iter().enumerate() {
        taker.append(part(number as u64)).await;
        two.reached(parts(0..number as u64 + 1).len()).await;
    }
    let mut shares = two.store.shares();
    let held = tokio::time::timeout(PATIENCE, shares.wait_for(|held| !held.is_empty())).await;
    held.expect("some are let go for it").expect("the store is open");
    two.append(part(2)).await;
    one.reached(parts(0..3).len()).await;
    check(&*one.store, parts(0..3)).await;
    check_documents(&*two.store, &parts(0..3)).await;
    one.stop().await;
    two.stop().await;
}

/// CH-1: an insert of which the answer is lost, one that never arrives, and a server that is away for a while.
#[tokio::test(flavor = "multi_thread")]
async fn inserts_of_unknown_outcome_are_kept_once() {
    let mut cluster = Cluster::new(SHARES).await;
    let proxy = Proxy::before(&cluster.config.nodes[0]).await;
    cluster.config.nodes[0] = proxy.address();
    let process = Process::start(&cluster).await;
    for (number, weather) in
        [Weather::AnswersLost, Weather::RequestsLost, Weather::Away].into_iter().enumerate()
    {
        let appending = {
            let store = Arc::clone(&process.store);
            proxy.set(weather);
            tokio::spawn(async move { store.append(part(number as u64)).await })
        };
        proxy.disturbed(3).await;
        proxy.set(Weather::Fair);
        appending.await.expect("it does not panic").expect("the documents are taken");
        process.reached(parts(0..number as u64 + 1).len()).await;
    }
    check_documents(&*process.store, &parts(0..3)).await;
    check(&*process.store, parts(0..3)).await;
    process.stop().await;
}

/// Callers are told, and what is written in the end is there once.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_for_long_makes_appends_busy() {
    let mut cluster = Cluster::new(SHARES).await;
    let proxy = Proxy::before(&cluster.config.nodes[0]).await;
    cluster.config.nodes[0] = proxy.address();
    cluster.config.patience = Duration::from_millis(200);
    let store = cluster.join().await.expect("the store can be opened");
    proxy.set(Weather::Away);
    let refused = store.append(part(0)).await;
    assert!(matches!(refused, Err(StoreError::Busy { .. })), "{refused:?}");
    assert!(matches!(store.append(part(1)).await, Err(StoreError::Busy { .. })));
    proxy.set(Weather::Fair);
    let taken = async {
        while store.append(part(1)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, taken).await.expect("it recovers by itself");
    // The block under way was kept although its callers were told that it was not.
    check_documents(&store, &parts(0..2)).await;
    store.close().await.expect("the store can be closed");
}

/// Documents are taken, and digested when PostgreSQL is there again.
#[tokio::test(flavor = "multi_thread")]
async fn postgres_may_be_away() {
    let mut cluster = Cluster::new(SHARES).await;
    let postgres = cluster.postgres.rsplit(['@', '/']).next().expect("it has a host").to_owned();
    let proxy = Proxy::before(&postgres).await;
    cluster.config.register = cluster.config.register.replace(&postgres, &proxy.address());
    let process = Process::start(&cluster).await;
    process.append(part(0)).await;
    process.reached(part(0).len()).await;
    proxy.set(Weather::Away);
    process.append(part(1)).await;
    proxy.disturbed(3).await;
    check_documents(&*process.store, &parts(0..2)).await;
    proxy.set(Weather::Fair);
    process.append(part(2)).await;
    process.reached(parts(0..3).len()).await;
    check(&*process.store, parts(0..3)).await;
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn days_that_are_old_enough_are_dropped() {
    const DAY: u64 = 24 * 60 * 60;
    let mut cluster = Cluster::new(SHARES).await;
    let process = Process::start(&cluster).await;
    let days_ago = |days: u64, documents: Vec<NewDocument>| {
        let received = place::now().minus(Micros::from_secs(days * DAY));
        documents.into_iter().map(move |new| NewDocument { received, ..new }).collect::<Vec<_>>()
    };
    let only =
        |trace: u8| part(0).into_iter().filter(move |new| new.document.trace_id == TraceId([trace; 16]));
    process.append(days_ago(5, only(1).collect())).await;
    process.append(days_ago(0, only(2).collect())).await;
    process.reached(4).await;
    assert_eq!((process.store.status().documents, process.store.status().traces), (4, 2));
    process.stop().await;
    cluster.config.retention = Some(Duration::from_secs(3 * DAY));
    let process = Process::start(&cluster).await;
    let dropped = async {
        while process.store.status().documents > 2 || process.store.status().traces > 1 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, dropped).await.expect("the old day is dropped");
    for (trace, documents) in [(1, 0), (2, 2)] {
        let id = TraceId([trace; 16]);
        assert_eq!(process.store.documents(id).await.expect("they can be read").len(), documents);
        let digests = process.store.digests(&[id]).await.expect("they can be read");
        assert_eq!(digests.len(), documents.min(1));
    }
    assert_eq!(process.store.status().newest, 4);
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_work_is_told_with_its_remedy() {
    let cluster = Cluster::new(SHARES).await;
    let told = async |change: &dyn Fn(&mut store_clickhouse::Config)| {
        let mut config = cluster.config.clone();
        change(&mut config);
        message(config).await
    };
    // Nobody listens at port 1.
    let text = told(&|config| config.nodes[0] = "127.0.0.1:1".to_owned()).await;
    assert!(text.contains("127.0.0.1:1") && text.contains("start ClickHouse"), "{text}");
    let text = told(&|config| config.register = "postgres://fluoro@127.0.0.1:1/x".to_owned()).await;
    assert!(text.contains("PostgreSQL") && text.contains("--settings"), "{text}");
    let text = told(&|config| config.user = "nobody".to_owned()).await;
    assert!(text.contains("Authentication failed") && text.contains("right user and password"), "{text}");
    let text = told(&|config| config.register.push_str("_that_is_not_there")).await;
    assert!(text.contains("does not exist") && text.contains("createdb"), "{text}");
    let store = cluster.join().await.expect("the store can be opened");
    // The database of another store in PostgreSQL.
    let other = Cluster::new(SHARES).await;
    let text = told(&|config| config.register.clone_from(&other.config.register)).await;
    assert!(text.contains("do not belong together"), "{text}");
    // The database of something else.
    let foreign = Cluster::new(SHARES).await;
    place::order(&foreign.config.register, "CREATE TABLE orders (id int)").await;
    let text = told(&|config| config.register.clone_from(&foreign.config.register)).await;
    assert!(
        text.contains("tables of something else: orders") && text.contains("database of its own"),
        "{text}"
    );
    let late =
        ClickHouseStore::open(cluster.config.clone(), EPOCH.minus(Micros::from_secs(1_000_000_000))).await;
    assert!(late.is_err_and(|error| error.to_string().contains("s apart")), "clocks must agree");
    store.close().await.expect("the store can be closed");
}
