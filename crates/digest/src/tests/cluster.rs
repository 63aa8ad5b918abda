//! Several processes over one store with several shares: what they write together must be what one writes alone, whoever
//! takes over from whom, and wherever a commit was broken off (DG-2).

use std::sync::Arc;
use std::time::Duration;

use model::minute::{EdgeKind, MinuteRow, Subject};
use model::{NodeKey, StoredDocument, Timestamp, TraceDigest, TraceId};
use store::memory::{MemoryCluster, MemoryStore, Step};
use store::{NewDocument, TraceStore};

use crate::Config;
use crate::tests::{Running, expected, json, new_document, visible};

const SHARES: u16 = 5;
const TRACES: u8 = 10;

/// A process with its workers.
struct Process {
    memory: Arc<MemoryStore>,
    store: Arc<dyn TraceStore>,
    running: Running,
}

impl Process {
    fn start(cluster: &MemoryCluster) -> Self {
        let memory = Arc::new(cluster.join());
        let store: Arc<dyn TraceStore> = Arc::clone(&memory) as _;
        // Few traces stay at hand: most are read back, as after a share has moved.
        let config = Config { open_traces: SHARES.into(), ..Config::default() };
        Self { running: Running::start(&store, &config), memory, store }
    }

    async fn append(&self, documents: Vec<NewDocument>) {
        self.store.append(documents).await.expect("the documents are taken");
    }

    /// Waits until everything that is kept is in every answer.
    async fn caught_up(&self) {
        self.running.digest.reached(self.store.status().newest).await;
        let status = self.store.status();
        assert_eq!(status.digested, status.newest, "the workers run");
    }

    async fn stop(self) {
        self.running.stop().await;
        self.store.close().await.expect("the store can be closed");
    }
}

/// A story of each trace in three parts, the last of which changes what the first has counted.
fn part(number: u64) -> Vec<NewDocument> {
    let of_trace = |trace: u8| {
        let received = number as f64 * 70.0 + f64::from(trace);
        let end = (number == 2).then_some(0.7);
        let root = new_document(json(trace, "front", 1, None, end), received);
        let callee = json(trace, "callee", 10 + number, Some(1_001), Some(0.1 * (number + 1) as f64));
        [root, new_document(callee, received + 0.5)]
    };
    (0..TRACES).flat_map(of_trace).collect()
}

fn all_parts() -> Vec<NewDocument> {
    (0..3).flat_map(part).collect()
}

/// Without what depends on who received a document.
fn without_places(seen: (Vec<TraceDigest>, Vec<MinuteRow>)) -> (Vec<TraceDigest>, Vec<MinuteRow>) {
    let (digests, minutes) = seen;
    let digests = digests.into_iter();
    (digests.map(|digest| TraceDigest { through: Default::default(), ..digest }).collect(), minutes)
}

async fn check(store: &dyn TraceStore, documents: Vec<NewDocument>) {
    let (digests, minutes) = without_places(expected(documents).await);
    let found = without_places(visible(store).await);
    assert_eq!(found.0, digests);
    assert_eq!(found.1, minutes);
}

#[tokio::test]
async fn two_processes_digest_what_any_of_them_takes() {
    let cluster = MemoryCluster::new(SHARES);
    let (one, other) = (Process::start(&cluster), Process::start(&cluster));
    for (number, taker) in [&one, &other, &one].into_iter().enumerate() {
        taker.append(part(number as u64)).await;
        other.caught_up().await;
    }
    for process in [&one, &other] {
        check(&*process.store, all_parts()).await;
        assert!(!process.store.shares().borrow().is_empty(), "both have shares");
    }
    one.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn who_comes_later_takes_shares_and_who_goes_gives_them_back() {
    let cluster = MemoryCluster::new(SHARES);
    let one = Process::start(&cluster);
    one.append(part(0)).await;
    one.caught_up().await;
    let other = Process::start(&cluster);
    other.append(part(1)).await;
    other.caught_up().await;
    one.stop().await;
    assert_eq!(other.store.shares().borrow().len(), usize::from(SHARES));
    other.append(part(2)).await;
    other.caught_up().await;
    check(&*other.store, all_parts()).await;
    other.stop().await;
}

#[tokio::test]
async fn a_commit_that_was_broken_off_is_finished_by_the_next_process() {
    for step in [Step::Noted, Step::Minutes, Step::SomeDigests, Step::Digests, Step::Cursor] {
        let cluster = MemoryCluster::new(SHARES);
        let one = Process::start(&cluster);
        one.append(part(0)).await;
        one.caught_up().await;
        cluster.break_commits(Some(step));
        one.append(part(1)).await;
        one.running.digest.stopped().await;
        cluster.break_commits(None);
        // More than the broken commit was about is there when its share is taken over.
        one.append(part(2)).await;
        one.store.close().await.expect("the store can be closed");
        let other = Process::start(&cluster);
        other.caught_up().await;
        check(&*other.store, all_parts()).await;
        other.stop().await;
    }
}

/// A process without a share knows the names that others learn, later than at its start too.
#[tokio::test(start_paused = true)]
async fn names_that_others_learn_are_known_within_a_minute() {
    let cluster = MemoryCluster::new(1);
    let (one, other) = (Process::start(&cluster), Process::start(&cluster));
    let host = NodeKey { name: "lb.internal".to_owned(), kind: Some("remote".to_owned()), account: None };
    let known = |process: &Process| {
        let ledger = process.running.digest.ledger().lock();
        ledger.names(Timestamp(0)).service_of(&host).map(|service| service.name.clone())
    };
    // After both have read back what there was, which is nothing.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let caller = json(1, "front", 1, None, Some(1.0)).replace("callee", "lb.internal");
    let callee = json(1, "cart", 2, Some(1_001), Some(0.5));
    one.append(vec![new_document(caller, 550.0), new_document(callee, 551.0)]).await;
    one.caught_up().await;
    one.running.digest.ledger().lock().settle(Timestamp::MAX);
    assert!(other.store.shares().borrow().is_empty(), "one has the share");
    assert_eq!((known(&one).as_deref(), known(&other)), (Some("cart"), None));
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert_eq!(known(&other).as_deref(), Some("cart"));
    one.stop().await;
    other.stop().await;
}

/// A consumer whose message was sent by the second entity of the sender's trace.
fn consumer(trace: u8, sender: u8, received: f64) -> NewDocument {
    let link =
        format!(r#""links":[{{"trace_id":"{}","id":"{:016x}"}}],"subsegments""#, TraceId([sender; 16]), 2);
    let json = json(trace, "consumer", 1, None, Some(0.5)).replace(r#""subsegments""#, &link);
    new_document(json, received)
}

fn producer(trace: u8, received: f64) -> NewDocument {
    new_document(json(trace, "producer", 2, None, Some(0.5)), received)
}

/// How many links are drawn, by the minutes' sums.
async fn links_drawn(store: &dyn TraceStore) -> i64 {
    let (_, minutes) = visible(store).await;
    let is_link = |row: &&MinuteRow| matches!(row.key.subject, Subject::Edge { kind: EdgeKind::Link, .. });
    minutes.iter().filter(is_link).map(|row| row.stats.presence).sum()
}

/// Documents of traces that have nothing to do with it, one in every share, so that each worker has a round.
async fn a_round_of_all(process: &Process, number: u64) {
    process.append(part(number)).await;
    process.caught_up().await;
}

/// Consumers of senders of every share.
const PAIRS: std::ops::Range<u8> = 20..40;

fn consumers() -> Vec<NewDocument> {
    PAIRS.map(|trace| consumer(trace, trace + 100, 1.0)).collect()
}

fn producers() -> Vec<NewDocument> {
    PAIRS.map(|trace| producer(trace + 100, 2.0)).collect()
}

#[tokio::test]
async fn links_are_drawn_once_whoever_digests_which_end() {
    for shares in [1, SHARES] {
        for is_consumer_first in [true, false] {
            let cluster = MemoryCluster::new(shares);
            let (one, other) = (Process::start(&cluster), Process::start(&cluster));
            let (first, second) = match is_consumer_first {
                true => (consumers(), producers()),
                false => (producers(), consumers()),
            };
            one.append(first).await;
            one.caught_up().await;
            other.append(second).await;
            one.caught_up().await;
            // Who was late is told, and looks with the next documents.
            a_round_of_all(&one, 0).await;
            assert_eq!(links_drawn(&*one.store).await, PAIRS.len() as i64, "{shares} {is_consumer_first}");
            a_round_of_all(&one, 1).await;
            assert_eq!(links_drawn(&*one.store).await, PAIRS.len() as i64, "{shares} {is_consumer_first}");
            one.stop().await;
            other.stop().await;
        }
    }
}

#[tokio::test]
async fn links_wait_for_their_sender_in_the_store() {
    let cluster = MemoryCluster::new(SHARES);
    let one = Process::start(&cluster);
    one.append(consumers()).await;
    one.caught_up().await;
    one.stop().await;
    let other = Process::start(&cluster);
    other.append(producers()).await;
    other.caught_up().await;
    assert_eq!(links_drawn(&*other.store).await, PAIRS.len() as i64);
    for share in other.store.shares().borrow().clone() {
        assert_eq!(other.store.awaited(share.share).await.expect("the store is open"), []);
    }
    other.stop().await;
}

#[tokio::test]
async fn a_commit_that_is_finished_by_another_draws_its_links_once() {
    for step in [Step::Noted, Step::Minutes, Step::SomeDigests, Step::Digests, Step::Cursor] {
        let cluster = MemoryCluster::new(SHARES);
        let one = Process::start(&cluster);
        one.append(consumers()).await;
        one.caught_up().await;
        cluster.break_commits(Some(step));
        one.append(producers()).await;
        one.running.digest.stopped().await;
        cluster.break_commits(None);
        // Senders and receivers that the broken commits are not about.
        one.append(PAIRS.map(|trace| consumer(trace + 20, trace + 100, 3.0)).collect()).await;
        one.store.close().await.expect("the store can be closed");
        let other = Process::start(&cluster);
        other.caught_up().await;
        a_round_of_all(&other, 0).await;
        assert_eq!(links_drawn(&*other.store).await, 2 * PAIRS.len() as i64, "{step:?}");
        other.stop().await;
    }
}

#[tokio::test]
async fn who_has_lost_its_lease_and_does_not_know_changes_nothing() {
    let cluster = MemoryCluster::new(SHARES);
    let slow = Process::start(&cluster);
    slow.append(part(0)).await;
    slow.caught_up().await;
    cluster.expire(&slow.memory);
    let next = Process::start(&cluster);
    // Both follow all shares; the commits of one are fenced.
    next.append(part(1)).await;
    next.caught_up().await;
    slow.append(part(2)).await;
    next.caught_up().await;
    check(&*next.store, all_parts()).await;
    next.stop().await;
    slow.running.stop().await;
}

#[tokio::test]
async fn documents_of_another_lane_that_belong_into_the_middle_are_new() {
    let cluster = MemoryCluster::new(1);
    let (one, other) = (Process::start(&cluster), cluster.join());
    let segment = |name, id, received| new_document(json(1, name, id, None, Some(1.0)), received);
    one.append(vec![segment("early", 1, 1.0), segment("late", 2, 9.0)]).await;
    one.caught_up().await;
    other.append(vec![segment("middle", 3, 5.0)]).await.expect("it is taken");
    one.caught_up().await;
    let documents = one.store.documents(TraceId([1; 16])).await.expect("the store is open");
    let name = |stored: &Arc<StoredDocument>| stored.document.entity.name.clone();
    assert_eq!(documents.iter().map(name).collect::<Vec<_>>(), ["early", "middle", "late"]);
    let alone = vec![segment("early", 1, 1.0), segment("middle", 3, 5.0), segment("late", 2, 9.0)];
    check(&*one.store, alone).await;
    one.stop().await;
}
