//! Parts become fewer without a change in any answer, and old ones go as a whole.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use model::minute::{MinuteRow, Subject};
use model::segment::Sequence;
use model::{ManualClock, Micros, TimeRange, Timestamp, TraceDigest};
use store::conformance::sample::{at, digest, document, key, row, shared, trace_id};
use store::{Axis, Commit, MinuteQuery, Predicate, Search, StoreStatus, Subjects, TraceStore};
use store_local::{Config, Fewest, LocalStore, Retention};

const ROUNDS: u32 = 8;
/// From one round to the next.
const ROUND_SECONDS: i64 = 3_600;
/// Of each round. One of them is in every round.
const TRACES: u32 = 4;

/// What is asked of a store before and after.
#[derive(Debug, PartialEq)]
struct Answers {
    documents: Vec<(u64, Timestamp)>,
    digests: Vec<Arc<TraceDigest>>,
    found: Vec<Arc<TraceDigest>>,
    minutes: Vec<MinuteRow>,
    status: StoreStatus,
}

fn config(directory: &Path) -> Config {
    Config { flush_min_bytes: 1, ..Config::new(directory) }
}

/// Each round goes to parts of its own.
async fn fill(config: &Config) {
    for round in 0..ROUNDS {
        let store = LocalStore::open(config.clone()).unwrap();
        let second = i64::from(round) * ROUND_SECONDS;
        let mut digests = Vec::new();
        for number in 0..TRACES {
            let trace = if number == 0 { 0 } else { round * TRACES + number };
            let id = u64::from(round * TRACES + number) + 1;
            store.append(vec![document(trace, id, second)]).await.unwrap();
            digests.push(digest(trace, round + 1, second));
        }
        let through = Sequence(store.status().newest).into();
        let subject = Subject::Node(key("shop", None));
        // All rounds count in one minute, and each in its own.
        let minutes = vec![
            row(at(0).minute(), "Default", subject.clone(), 1),
            row(at(second).minute(), "Default", subject, 10),
        ];
        store
            .commit(Commit { through, digests: shared(digests), minutes, ..Commit::default() })
            .await
            .unwrap();
        store.close().await.unwrap();
    }
}

async fn ask(store: &LocalStore) -> Answers {
    let mut documents = Vec::new();
    let ids: Vec<_> = (0..ROUNDS * TRACES).map(trace_id).collect();
    for &id in &ids {
        let found = store.documents(id).await.unwrap();
        documents.extend(found.iter().map(|stored| (stored.place.sequence.0, stored.received)));
    }
    let range = TimeRange::new(Timestamp::MIN, Timestamp::MAX);
    let search = Search { range, axis: Axis::Start, predicate: Predicate::Any, after: None, limit: 1_000 };
    let query = MinuteQuery { range, group: "Default".to_owned(), subjects: Subjects::All };
    Answers {
        documents,
        digests: store.digests(&ids).await.unwrap(),
        found: store.search(&search).await.unwrap().digests,
        minutes: store.minutes(&query).await.unwrap(),
        status: store.status(),
    }
}

fn count(folder: &Path, table: &str) -> usize {
    let names = fs::read_dir(folder.join("parts")).unwrap();
    names.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(table)).count()
}

/// How many rows the parts of a table have together.
fn rows(folder: &Path, table: &str) -> u64 {
    let text = fs::read_to_string(folder.join("manifest.json")).unwrap();
    let (_, json) = text.split_once('\n').unwrap();
    let manifest: serde_json::Value = serde_json::from_str(json).unwrap();
    let parts = manifest["parts"].as_array().unwrap().iter();
    parts.filter(|part| part["table"] == table).map(|part| part["rows"].as_u64().unwrap()).sum()
}

const TABLES: [&str; 3] = ["spans", "traces", "minutes"];

#[tokio::test]
async fn merged_parts_answer_as_before_and_are_fewer() {
    let directory = tempfile::tempdir().unwrap();
    let config = config(directory.path());
    fill(&config).await;
    assert_eq!(TABLES.map(|table| count(directory.path(), table)), [ROUNDS as usize; 3]);
    let store = LocalStore::open(config.clone()).unwrap();
    let before = ask(&store).await;
    store.tidy().await.unwrap();
    assert_eq!(ask(&store).await, before);
    assert_eq!(TABLES.map(|table| count(directory.path(), table)), [1; 3], "old files are deleted");
    drop(store);
    let store = LocalStore::open(config).unwrap();
    assert_eq!(ask(&store).await, before);
}

#[tokio::test]
async fn rows_that_no_longer_count_are_left_out_and_sums_are_one_row() {
    let directory = tempfile::tempdir().unwrap();
    let config = config(directory.path());
    fill(&config).await;
    let traces = u64::from(ROUNDS * (TRACES - 1) + 1);
    assert_eq!(rows(directory.path(), "traces"), u64::from(ROUNDS * TRACES));
    let store = LocalStore::open(config).unwrap();
    store.tidy().await.unwrap();
    assert_eq!(rows(directory.path(), "traces"), traces);
    assert_eq!(rows(directory.path(), "minutes"), u64::from(ROUNDS));
    assert_eq!(rows(directory.path(), "spans"), u64::from(ROUNDS * TRACES));
    assert_eq!(store.status().traces, traces);
}

#[tokio::test]
async fn what_is_older_than_wanted_goes_and_the_rest_stays() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(at(0)));
    let mut config = config(directory.path());
    config.merging.parts = Fewest::of_all(usize::MAX);
    config.clock = Arc::<ManualClock>::clone(&clock);
    config.retention.age = Some(Duration::from_secs(ROUND_SECONDS as u64));
    fill(&config).await;
    let store = LocalStore::open(config.clone()).unwrap();
    store.tidy().await.unwrap();
    assert_eq!(store.status().documents, u64::from(ROUNDS * TRACES), "nothing is old yet");

    // Half a round after the fourth, everything before that one is too old.
    clock.advance(Micros((ROUND_SECONDS as u64 * 4 + ROUND_SECONDS as u64 / 2) * 1_000_000));
    store.tidy().await.unwrap();
    let kept = ROUNDS - 4;
    let after = ask(&store).await;
    assert_eq!(after.documents.len(), (kept * TRACES) as usize);
    assert_eq!(after.status.documents, u64::from(kept * TRACES));
    // One trace came in each round, and is counted once.
    assert_eq!(after.status.traces, u64::from(kept * (TRACES - 1) + 1));
    assert_eq!(after.found.len() as u64, after.status.traces);
    assert_eq!(TABLES.map(|table| count(directory.path(), table)), [kept as usize; 3]);
    drop(store);
    let store = LocalStore::open(config).unwrap();
    assert_eq!(ask(&store).await, after);
}

#[tokio::test]
async fn failed_traces_stay_longer_than_the_rest() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(at(0)));
    let mut config = config(directory.path());
    config.clock = Arc::<ManualClock>::clone(&clock);
    config.retention.age = Some(Duration::from_secs(1));
    config.retention.faults = Some(Duration::from_secs(1_000));
    let store = LocalStore::open(config.clone()).unwrap();
    let mut digests = Vec::new();
    for trace in 0..4 {
        store.append(vec![document(trace, u64::from(trace), 0)]).await.unwrap();
        let mut made = digest(trace, 1, 0);
        made.root.as_mut().unwrap().flags.fault = trace % 2 == 0;
        digests.push(made);
    }
    let minutes = vec![row(at(0).minute(), "Default", Subject::Node(key("shop", None)), 4)];
    let through = Sequence(store.status().newest).into();
    store.commit(Commit { through, digests: shared(digests), minutes, ..Commit::default() }).await.unwrap();
    store.close().await.unwrap();

    for (seconds, left) in [(200, 2), (1_000, 0)] {
        clock.advance(Micros(seconds * 1_000_000));
        let store = LocalStore::open(config.clone()).unwrap();
        store.tidy().await.unwrap();
        let after = ask(&store).await;
        assert_eq!((after.documents.len(), after.digests.len(), after.found.len()), (left, left, left));
        assert_eq!((after.status.documents, after.status.traces), (left as u64, left as u64));
        assert!(after.digests.iter().all(|digest| digest.flags().fault));
        assert!(after.minutes.is_empty(), "the rollups go with most of what they count");
        drop(store);
        assert_eq!(ask(&LocalStore::open(config.clone()).unwrap()).await, after);
    }
}

#[tokio::test]
async fn a_late_document_of_a_dropped_trace_begins_it_anew() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.retention = Retention { disk_percent: Some(0), ..Retention::default() };
    fill(&config).await;
    let store = LocalStore::open(config.clone()).unwrap();
    store.tidy().await.unwrap();
    let after = ask(&store).await;
    assert_eq!((after.documents.len(), after.found.len(), after.minutes.len()), (0, 0, 0));
    assert_eq!((after.status.documents, after.status.traces), (0, 0));
    assert_eq!(TABLES.map(|table| count(directory.path(), table)), [0; 3]);

    let newest = Sequence(after.status.newest);
    store.append(vec![document(0, 1_000, 9)]).await.unwrap();
    let through = Sequence(newest.0 + 1).into();
    let late = shared([digest(0, 1, 9)]);
    store.commit(Commit { through, digests: late, minutes: Vec::new(), ..Commit::default() }).await.unwrap();
    let after = ask(&store).await;
    assert_eq!(after.documents.len(), 1);
    assert_eq!((after.digests.len(), after.status.traces), (1, 1));
    drop(store);
    config.retention = Retention::default();
    assert_eq!(ask(&LocalStore::open(config).unwrap()).await, after);
}

/// More than a row group of `traces` has.
const MANY: u32 = 36_000;

#[tokio::test]
async fn a_large_merged_part_is_searched_in_order_and_completely() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.merging.parts = Fewest::of_all(2);
    for third in 0..3 {
        let store = LocalStore::open(config.clone()).unwrap();
        store.append(vec![document(third, u64::from(third) + 1, 0)]).await.unwrap();
        let traces = (0..MANY).filter(|trace| trace % 3 == third);
        let digests = shared(traces.map(|trace| digest(trace, 1, i64::from(trace * 7 % 1_000))));
        let through = Sequence(store.status().newest).into();
        store.commit(Commit { through, digests, minutes: Vec::new(), ..Commit::default() }).await.unwrap();
        store.close().await.unwrap();
    }
    let store = LocalStore::open(config).unwrap();
    store.tidy().await.unwrap();
    assert_eq!(count(directory.path(), "traces"), 1);
    for axis in [Axis::Start, Axis::Received] {
        let range = TimeRange::new(at(0), at(2_000));
        let mut search = Search { range, axis, predicate: Predicate::Any, after: None, limit: 5_000 };
        let mut places = Vec::new();
        loop {
            let page = store.search(&search).await.unwrap();
            places.extend(page.digests.iter().filter_map(|digest| axis.place(digest)));
            search.after = page.next;
            if page.next.is_none() {
                break;
            }
        }
        assert_eq!(places.len(), MANY as usize);
        assert!(places.is_sorted_by(|newer, older| newer > older), "each once, newest first");
    }
}

/// `LS-7`
#[tokio::test]
async fn what_a_late_document_takes_from_a_dropped_minute_is_not_seen() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(at(0)));
    let mut config = config(directory.path());
    config.clock = Arc::<ManualClock>::clone(&clock);
    config.merging.parts = Fewest::of_all(usize::MAX);
    config.retention.age = Some(Duration::from_secs(ROUND_SECONDS as u64));
    fill(&config).await;
    clock.advance(Micros((ROUND_SECONDS as u64 * 4 + ROUND_SECONDS as u64 / 2) * 1_000_000));
    let store = LocalStore::open(config.clone()).unwrap();
    store.tidy().await.unwrap();
    let before = ask(&store).await.minutes;
    assert!(!before.is_empty() && before.iter().all(|row| row.key.minute > at(ROUND_SECONDS * 3).minute()));

    let subject = Subject::Node(key("shop", None));
    let minutes = vec![row(at(0).minute(), "Default", subject, -1)];
    let through = Sequence(store.status().newest).into();
    store.commit(Commit { through, digests: Vec::new(), minutes, ..Commit::default() }).await.unwrap();
    assert_eq!(ask(&store).await.minutes, before, "in a buffer");
    store.close().await.unwrap();
    drop(store);
    (config.merging.parts, config.retention) = (Fewest::of_all(2), Retention::default());
    let store = LocalStore::open(config.clone()).unwrap();
    assert_eq!(ask(&store).await.minutes, before, "in a part");
    let in_parts = rows(directory.path(), "minutes");
    store.tidy().await.unwrap();
    assert_eq!(ask(&store).await.minutes, before, "merged");
    assert!(rows(directory.path(), "minutes") < in_parts);
}

/// `LS-8`
#[tokio::test]
async fn a_digest_stays_while_a_document_of_its_trace_does() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(at(0)));
    let mut config = config(directory.path());
    config.clock = Arc::<ManualClock>::clone(&clock);
    config.merging.parts = Fewest::of_all(2);
    // The parts of documents become one, and there is one part of digests.
    for second in [0, ROUND_SECONDS / 2, ROUND_SECONDS] {
        let store = LocalStore::open(config.clone()).unwrap();
        store.append(vec![document(1, second as u64 + 1, second)]).await.unwrap();
        let digests = shared((second == 0).then(|| digest(1, 1, 0)));
        let through = Sequence(store.status().newest).into();
        store.commit(Commit { through, digests, minutes: Vec::new(), ..Commit::default() }).await.unwrap();
        store.close().await.unwrap();
    }
    for faults in [None, Some(Duration::from_secs(1_000_000))] {
        let store = LocalStore::open(config.clone()).unwrap();
        store.tidy().await.unwrap();
        assert_eq!(["spans", "traces"].map(|table| count(directory.path(), table)), [1, 1]);
        drop(store);
        config.retention = Retention { age: Some(Duration::from_secs(10)), faults, disk_percent: None };
        clock.advance(Micros(ROUND_SECONDS as u64 * 500_000));
    }
    let store = LocalStore::open(config.clone()).unwrap();
    store.tidy().await.unwrap();
    assert_eq!(store.digests(&[trace_id(1)]).await.unwrap().len(), 1);
    clock.advance(Micros(ROUND_SECONDS as u64 * 1_000_000));
    store.tidy().await.unwrap();
    assert_eq!(store.digests(&[trace_id(1)]).await.unwrap().len(), 0);
    assert_eq!(store.documents(trace_id(1)).await.unwrap().len(), 0);
}

#[tokio::test]
async fn parts_of_minutes_are_merged_although_each_corrects_an_old_one() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    (config.merging.parts, config.merging.span) =
        (Fewest::of_all(3), Duration::from_secs(ROUND_SECONDS as u64 * 5 / 2));
    fill(&config).await;
    let store = LocalStore::open(config).unwrap();
    let before = ask(&store).await;
    store.tidy().await.unwrap();
    assert_eq!(count(directory.path(), "minutes"), (ROUNDS / 3 + ROUNDS % 3) as usize);
    assert_eq!(ask(&store).await, before);
}
