//! What goes wrong with replicas: machines that die, a Keeper that is away, a replica that is late or comes back empty.
//!
//! These end servers and bring them back, so they have turns; and each begins by waiting until all are well.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use store::{StoreError, TraceStore};
use store_clickhouse::{Acks, Step};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, MutexGuard, watch};

use super::place::Cluster;
use super::{PATIENCE, Process, SHARES, TRACES, check, check_documents, message, part, parts};
use model::TraceId;

static TURN: Mutex<()> = Mutex::const_new(());
const ALL: [&str; 3] = ["documents", "traces", "minutes"];
const MEMBERS: [&str; 3] = ["keeper", "replica-1", "replica-2"];

/// A database on the replicas that this test may do with as it likes.
struct Replicas {
    cluster: Cluster,
    _turn: MutexGuard<'static, ()>,
}

impl Replicas {
    /// `None` where the servers are not ours to end.
    async fn new() -> Option<Self> {
        std::env::var("FLUORO_TEST_CONTROL").ok()?;
        let turn = TURN.lock().await;
        // The test before may have failed in the middle.
        for member in MEMBERS {
            control("resume", member).await;
        }
        let cluster = Cluster::replicated(SHARES).await;
        for node in &cluster.config.nodes {
            eventually("a server reaches Keeper", async || {
                let probe = "CREATE TABLE IF NOT EXISTS default.probe (a UInt8) ENGINE = ReplicatedMergeTree('/probe', '{replica}') ORDER BY a";
                let made = ask(node, probe).await;
                let sql = "SELECT if(sum(is_readonly) = 0, 'it writes', 'no') FROM system.replicas WHERE table = 'probe'";
                made.contains(" 200 ") && ask(node, sql).await.contains("it writes")
            })
            .await;
        }
        Some(Self { cluster, _turn: turn })
    }

    fn node(&self, number: usize) -> &str {
        &self.cluster.config.nodes[number]
    }

    /// Waits until each replica has so many documents.
    async fn agree_on(&self, documents: usize) {
        for node in &self.cluster.config.nodes {
            let sql = format!(
                "SELECT concat('has ', toString(count()), ' and ', toString(uniqExact(lane, share, seq)), '.') FROM {}.documents WHERE entity = 0",
                self.cluster.config.database
            );
            let expected = format!("has {documents} and {documents}.");
            eventually("a replica has everything once", async || ask(node, &sql).await.contains(&expected))
                .await;
        }
    }

    async fn is(&self, node: &str, condition: &str) {
        let sql = format!(
            "SELECT if(countIf({condition}) > 0, 'it is', 'no') FROM system.replicas WHERE database = '{}'",
            self.cluster.config.database
        );
        eventually(condition, async || ask(node, &sql).await.contains("it is")).await;
    }

    async fn fetches(&self, node: &str, what: &str, tables: &[&str]) {
        for table in tables {
            let done =
                ask(node, &format!("SYSTEM {what} FETCHES {}.{table}", self.cluster.config.database)).await;
            assert!(done.contains(" 200 "), "{done}");
        }
    }
}

impl Drop for Replicas {
    fn drop(&mut self) {
        // The database is dropped at both.
        for member in MEMBERS {
            let _ = Command::new(script()).args(["resume", member]).status();
        }
    }
}

fn script() -> String {
    std::env::var("FLUORO_TEST_CONTROL").expect("scripts/clickhouse start says so")
}

async fn control(what: &'static str, member: &'static str) {
    let done = tokio::task::spawn_blocking(move || Command::new(script()).args([what, member]).status());
    let done = done.await.expect("it does not panic").expect("the script is there");
    assert!(done.success(), "{what} {member}");
}

/// Which server is at a place of the URL.
fn member(number: usize) -> &'static str {
    MEMBERS[1 + number]
}

/// Status line, head and body of the answer of one server; nothing where there is none.
async fn ask(node: &str, sql: &str) -> String {
    let exchange = async {
        let mut stream = TcpStream::connect(node).await?;
        let length = sql.len();
        let head = format!("POST / HTTP/1.0\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n{sql}");
        stream.write_all(head.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    exchange.await.unwrap_or_default()
}

#[expect(clippy::future_not_send, reason = "no test hands it to another thread")]
async fn eventually(what: &str, condition: impl AsyncFn() -> bool) {
    let waited = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waited).await.unwrap_or_else(|_| panic!("in vain: {what}"));
}

/// Sends documents, a few at a time, and tells how many were taken.
fn send(process: &Process, numbers: std::ops::Range<u64>) -> watch::Receiver<usize> {
    let store = Arc::clone(&process.store);
    let (taken, told) = watch::channel(0);
    tokio::spawn(async move {
        for documents in parts(numbers).chunks(4) {
            store.append(documents.to_vec()).await.expect("the store is patient");
            taken.send_modify(|taken| *taken += documents.len());
        }
    });
    told
}

async fn taken(told: &mut watch::Receiver<usize>, count: usize) {
    let waited = tokio::time::timeout(PATIENCE, told.wait_for(|taken| *taken >= count)).await;
    waited.expect("they are taken in time").expect("the sender lives");
}

/// The first process of a store writes to the second server, the second one to the first.
const HOME: usize = 1;
const OTHER: usize = 0;

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_killed_while_it_takes_documents_loses_none() {
    let Some(replicas) = Replicas::new().await else { return };
    for (round, killed) in [HOME, OTHER].into_iter().enumerate() {
        // Databases of their own, so that the first is home again.
        let cluster = Cluster::replicated(SHARES).await;
        let process = Process::start(&cluster).await;
        let mut told = send(&process, 0..3);
        taken(&mut told, 15).await;
        control("kill", member(killed)).await;
        // Whatever was acknowledged is at the one that is left.
        let acknowledged = *told.borrow();
        let left = replicas.node(1 - killed);
        let sql = format!(
            "SELECT if(count() >= {acknowledged}, 'all are', 'no') FROM {}.documents",
            cluster.config.database
        );
        assert!(ask(left, &sql).await.contains("all are"), "round {round}: {acknowledged} are acknowledged");
        control("resume", member(killed)).await;
        taken(&mut told, parts(0..3).len()).await;
        process.reached(parts(0..3).len()).await;
        check_documents(&*process.store, &parts(0..3)).await;
        check(&*process.store, parts(0..3)).await;
        process.stop().await;
    }
}

/// The only replica that has a block dies: ClickHouse gives it up after a while, and says to who waits that it is kept.
#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_clickhouse_gives_up_is_written_again() {
    let Some(mut replicas) = Replicas::new().await else { return };
    let config = &mut replicas.cluster.config;
    (config.acks, config.patience) = (Acks::Available, Duration::from_secs(300));
    let process = Process::start(&replicas.cluster).await;
    process.append(part(0)).await;
    process.reached(part(0).len()).await;
    replicas.agree_on(part(0).len()).await;
    replicas.fetches(replicas.node(OTHER), "STOP", &ALL).await;
    let appending = tokio::spawn({
        let store = Arc::clone(&process.store);
        async move { store.append(part(1)).await }
    });
    replicas.is(replicas.node(OTHER), "inserts_in_queue > 0").await;
    assert!(!appending.is_finished(), "nothing is acknowledged that one replica has");
    control("kill", member(HOME)).await;
    replicas.fetches(replicas.node(OTHER), "START", &ALL).await;
    // Until Keeper counts the dead one as gone, and some.
    let appended = tokio::time::timeout(PATIENCE * 3, appending).await.expect("it goes on");
    appended.expect("it does not panic").expect("the documents are taken");
    process.append(part(2)).await;
    process.reached(parts(0..3).len()).await;
    check_documents(&*process.store, &parts(0..3)).await;
    control("resume", member(HOME)).await;
    replicas.agree_on(parts(0..3).len()).await;
    check_documents(&*process.store, &parts(0..3)).await;
    check(&*process.store, parts(0..3)).await;
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_one_copy_is_enough_the_other_replica_goes_on_alone() {
    let Some(mut replicas) = Replicas::new().await else { return };
    replicas.cluster.config.acks = Acks::Available;
    let process = Process::start(&replicas.cluster).await;
    process.append(part(0)).await;
    process.reached(part(0).len()).await;
    control("kill", member(HOME)).await;
    let mut told = send(&process, 1..3);
    taken(&mut told, part(1).len() + part(2).len()).await;
    process.reached(parts(0..3).len()).await;
    check_documents(&*process.store, &parts(0..3)).await;
    check(&*process.store, parts(0..3)).await;
    control("resume", member(HOME)).await;
    replicas.agree_on(parts(0..3).len()).await;
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_keeper_traces_are_read_and_documents_wait() {
    let Some(replicas) = Replicas::new().await else { return };
    let process = Process::start(&replicas.cluster).await;
    process.append(part(0)).await;
    process.reached(part(0).len()).await;
    control("kill", "keeper").await;
    let mut told = send(&process, 1..3);
    for node in 0..2 {
        replicas.is(replicas.node(node), "is_readonly").await;
    }
    check_documents_of_first_part(&process).await;
    control("resume", "keeper").await;
    taken(&mut told, part(1).len() + part(2).len()).await;
    process.reached(parts(0..3).len()).await;
    check_documents(&*process.store, &parts(0..3)).await;
    check(&*process.store, parts(0..3)).await;
    replicas.agree_on(parts(0..3).len()).await;
    process.stop().await;
}

/// Of later parts some may be there.
async fn check_documents_of_first_part(process: &Process) {
    for trace in 0..TRACES {
        let kept = process.store.documents(TraceId([trace; 16])).await.expect("they can be read");
        let found: Vec<_> = kept.iter().map(|kept| kept.document.raw.clone()).collect();
        for new in part(0).iter().filter(|new| new.document.trace_id == TraceId([trace; 16])) {
            assert!(found.contains(&new.document.raw));
        }
    }
}

/// CH-3: rather no answer than one of a replica that has less.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_replica_is_not_read_and_waited_for() {
    let Some(mut replicas) = Replicas::new().await else { return };
    replicas.cluster.config.acks = Acks::Available;
    let process = Process::start(&replicas.cluster).await;
    process.append(part(0)).await;
    process.reached(part(0).len()).await;
    replicas.agree_on(part(0).len()).await;
    replicas.fetches(replicas.node(OTHER), "STOP", &ALL).await;
    let mut told = send(&process, 1..3);
    // They are taken once the other one is known to be late.
    taken(&mut told, part(1).len() + part(2).len()).await;
    process.reached(parts(0..3).len()).await;
    control("kill", member(HOME)).await;
    let read = process.store.documents(TraceId([0; 16])).await;
    assert!(read.is_err(), "{} of 6 documents are shown", read.map_or(0, |read| read.len()));
    control("resume", member(HOME)).await;
    replicas.fetches(replicas.node(OTHER), "START", &ALL).await;
    replicas.agree_on(parts(0..3).len()).await;
    eventually("traces are read again", async || process.store.documents(TraceId([0; 16])).await.is_ok())
        .await;
    check_documents(&*process.store, &parts(0..3)).await;
    check(&*process.store, parts(0..3)).await;
    process.stop().await;
}

/// CH-2 and CH-3: the next owner of a share knows the digests of the one before, or would count traces once more.
#[tokio::test(flavor = "multi_thread")]
async fn a_share_is_taken_over_where_its_digests_are() {
    let Some(mut replicas) = Replicas::new().await else { return };
    let config = &mut replicas.cluster.config;
    (config.lease, config.acks) = (Duration::from_secs(2), Acks::Available);
    let one = Process::start(&replicas.cluster).await;
    // Documents come to the other replica, and digests do not.
    replicas.fetches(replicas.node(OTHER), "STOP", &["traces"]).await;
    one.append(part(0)).await;
    one.reached(part(0).len()).await;
    one.store.break_commits(Some(Step::Digests));
    one.append(part(1)).await;
    tokio::time::timeout(PATIENCE, one.digest.stopped()).await.expect("the workers end");
    one.append(part(2)).await;
    drop(one);
    let other = Process::start(&replicas.cluster).await;
    other.reached(parts(0..3).len()).await;
    check(&*other.store, parts(0..3)).await;
    replicas.fetches(replicas.node(OTHER), "START", &["traces"]).await;
    replicas.agree_on(parts(0..3).len()).await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_was_away_or_is_empty_gets_everything() {
    let Some(mut replicas) = Replicas::new().await else { return };
    replicas.cluster.config.acks = Acks::Available;
    // Founded while one is away.
    control("kill", member(HOME)).await;
    let process = Process::start(&replicas.cluster).await;
    process.append(part(0)).await;
    process.reached(part(0).len()).await;
    control("resume", member(HOME)).await;
    replicas.agree_on(part(0).len()).await;
    // Its disk is lost, and Keeper was told.
    let drop = format!("DROP TABLE {}.documents SYNC", replicas.cluster.config.database);
    let dropped = ask(replicas.node(HOME), &drop).await;
    assert!(dropped.contains(" 200 "), "{dropped}");
    process.append(part(1)).await;
    replicas.agree_on(parts(0..2).len()).await;
    process.append(part(2)).await;
    process.reached(parts(0..3).len()).await;
    check(&*process.store, parts(0..3)).await;
    process.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_work_with_replicas_is_told_with_its_remedy() {
    let Some(replicas) = Replicas::new().await else { return };
    let with = |change: &dyn Fn(&mut store_clickhouse::Config)| {
        let mut config = replicas.cluster.config.clone();
        change(&mut config);
        message(config)
    };
    let cluster = |name: &'static str| with(&|config| config.cluster = Some(name.to_owned()));
    let text = cluster("nobody").await;
    assert!(text.contains("knows no cluster `nobody`") && text.contains("replicas, shards"), "{text}");
    let text = cluster("shards").await;
    assert!(text.contains("has 2 shards") && text.contains("one shard"), "{text}");
    let text = with(&|config| config.nodes.truncate(1)).await;
    assert!(text.contains("has 2 replicas") && text.contains("--store names 1"), "{text}");
    let text = with(&|config| config.nodes[1] = config.nodes[0].replace("127.0.0.1", "localhost")).await;
    assert!(text.contains("are both the replica `replica-1`"), "{text}");
    // Nobody listens at ports 1 and 2.
    let text = with(&|config| config.nodes = vec!["127.0.0.1:1".to_owned(), "127.0.0.1:2".to_owned()]).await;
    assert!(text.contains("127.0.0.1:1") && text.contains("start ClickHouse"), "{text}");

    let store = replicas.cluster.join().await.expect("the store can be opened");
    let text = with(&|config| (config.cluster, config.nodes) = (None, vec![config.nodes[0].clone()])).await;
    assert!(
        text.contains("are replicated, and --store names no cluster") && text.contains("?cluster="),
        "{text}"
    );
    store.close().await.expect("the store can be closed");
    control("kill", "keeper").await;
    for node in 0..2 {
        replicas.is(replicas.node(node), "is_readonly").await;
    }
    let text = message(replicas.cluster.config.clone()).await;
    assert!(text.contains("start the Keeper of the ClickHouse servers"), "{text}");
    control("resume", "keeper").await;

    if std::env::var("FLUORO_TEST_CLICKHOUSE_PID").is_err() {
        // It may have a Keeper.
        return;
    }
    let single = Cluster::new(SHARES).await;
    let mut config = single.config.clone();
    config.cluster = Some("alone".to_owned());
    let text = message(config.clone()).await;
    assert!(text.contains("has no Keeper") && text.contains("<zookeeper>"), "{text}");
    let store = single.join().await.expect("the store can be opened");
    let text = message(config).await;
    assert!(text.contains("were made without a cluster") && text.contains("leave `cluster`"), "{text}");
    assert!(matches!(store.append(part(0)).await, Ok(()) | Err(StoreError::Closed)));
    store.close().await.expect("the store can be closed");
}
