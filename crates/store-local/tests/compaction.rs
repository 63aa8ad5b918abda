//! A day that came in small flushes costs about as much to ask as the same day written at once, and answers alike.
//!
//! What is counted is bytes read from files, of this process alone; so there is one test in this binary.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use model::minute::{MinuteRow, Subject};
use model::property::Flag;
use model::segment::Sequence;
use model::{TimeRange, Timestamp, TraceDigest};
use store::conformance::sample::{at, digest, document, key, row, shared, trace_id};
use store::{Axis, Commit, MinuteQuery, Predicate, Search, Subjects, TraceStore};
use store_local::{Config, LocalStore};

/// Every quarter of an hour.
const FLUSHES: u32 = 96;
const FLUSH_SECONDS: u32 = 900;
/// Of each flush.
const TRACES: u32 = 40;
const HOUR: i64 = 3_600;

fn config(directory: &Path, flush_bytes: u64) -> Config {
    let mut config = Config { flush_bytes, flush_min_bytes: 1, ..Config::new(directory) };
    config.reserve_bytes = 4_096;
    config
}

async fn fill(store: &LocalStore) {
    for flush in 0..FLUSHES {
        let mut documents = Vec::new();
        let mut digests = Vec::new();
        for number in 0..TRACES {
            let trace = flush * TRACES + number;
            let second = i64::from(flush * FLUSH_SECONDS + number * FLUSH_SECONDS / TRACES);
            documents.push(document(trace, u64::from(trace) + 1, second));
            let mut made = digest(trace, 1, second);
            made.root.as_mut().unwrap().flags.fault = number == 7;
            digests.push(made);
        }
        // A segment of a trace of the flush before comes late.
        if let Some(late) = (flush * TRACES).checked_sub(1) {
            documents.push(document(late, u64::from(late) + 1_000_000, i64::from(flush * FLUSH_SECONDS)));
            digests.push(digest(late, 2, i64::from((flush * FLUSH_SECONDS).saturating_sub(30))));
        }
        let minutes = (0..15).map(|minute| {
            let minute = at(i64::from(flush * FLUSH_SECONDS + minute * 60)).minute();
            row(minute, "Default", Subject::Node(key("shop", None)), 3)
        });
        let minutes = minutes.collect();
        store.append(documents).await.unwrap();
        let through = Sequence(store.status().newest).into();
        store
            .commit(Commit { through, digests: shared(digests), minutes, ..Commit::default() })
            .await
            .unwrap();
    }
}

/// Bytes that this process has read.
fn bytes_read() -> u64 {
    let text = fs::read_to_string("/proc/self/io").unwrap();
    text.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap().parse().unwrap()
}

type Answers = (Vec<Vec<u64>>, Vec<Vec<Arc<TraceDigest>>>, Vec<Vec<MinuteRow>>);

/// Some of each kind of question, and what reading for each kind cost.
async fn ask(store: &LocalStore) -> (Answers, [u64; 3]) {
    let begin = bytes_read();
    let mut documents = Vec::new();
    for trace in (0..FLUSHES * TRACES).step_by(61) {
        let found = store.documents(trace_id(trace)).await.unwrap();
        documents.push(found.iter().map(|stored| stored.document.entity.id.0).collect());
    }
    let after_documents = bytes_read();
    let mut pages = Vec::new();
    let fault = Predicate::Flag(Flag::Fault, true);
    for predicate in [Predicate::Any, fault] {
        for (from, to) in [(0, 24), (3, 4), (12, 18)] {
            let range = TimeRange::new(at(from * HOUR), at(to * HOUR));
            let predicate = predicate.clone();
            let search = Search { range, axis: Axis::Start, predicate, after: None, limit: 100 };
            pages.push(store.search(&search).await.unwrap().digests);
        }
    }
    let after_pages = bytes_read();
    let mut minutes = Vec::new();
    for (from, to) in [(0, 24), (5, 6), (20, 21)] {
        let range = TimeRange::new(at(from * HOUR), at(to * HOUR));
        let query = MinuteQuery { range, group: "Default".to_owned(), subjects: Subjects::All };
        minutes.push(store.minutes(&query).await.unwrap());
    }
    let costs = [after_documents - begin, after_pages - after_documents, bytes_read() - after_pages];
    ((documents, pages, minutes), costs)
}

/// Everything of a store, so that what is read only once is read.
async fn warm(store: &LocalStore) {
    let range = TimeRange::new(Timestamp::MIN, Timestamp::MAX);
    let search = Search { range, axis: Axis::Start, predicate: Predicate::Any, after: None, limit: 100_000 };
    let found = store.search(&search).await.unwrap();
    assert_eq!(found.digests.len() as u32, FLUSHES * TRACES);
    ask(store).await;
}

#[tokio::test]
async fn a_day_in_small_flushes_answers_like_one_that_was_written_at_once() {
    let [small, whole] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let mut found = Vec::new();
    for (directory, flush_bytes) in [(&small, 1), (&whole, 64 << 20)] {
        let config = config(directory.path(), flush_bytes);
        let store = LocalStore::open(config.clone()).unwrap();
        fill(&store).await;
        store.close().await.unwrap();
        drop(store);
        let store = LocalStore::open(config).unwrap();
        store.tidy().await.unwrap();
        warm(&store).await;
        found.push(ask(&store).await);
    }
    let [(small_answers, small_costs), (whole_answers, whole_costs)] = found.try_into().unwrap();
    assert_eq!(small_answers, whole_answers);
    println!("bytes read for documents, searches and minutes: {small_costs:?}, at once {whole_costs:?}");
    for (small, whole) in small_costs.into_iter().zip(whole_costs) {
        assert!(whole > 0 && small <= 2 * whole, "{small_costs:?} against {whole_costs:?}");
    }
}
