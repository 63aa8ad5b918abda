//! A query that takes more than its share says so, and harms nothing beside it.

#![expect(clippy::unwrap_used, reason = "a test")]

use model::property::Flag;
use model::segment::Sequence;
use std::path::Path;
use std::time::Duration;

use store::conformance::sample::{digest, document, shared, trace_id};
use store::{Axis, Commit, MinuteQuery, Predicate, Search, StoreError, Subjects, TraceStore};
use store_local::{Config, Limits, LocalStore};

const TRACES: u32 = 1_000;

/// A store whose documents and digests lie in a part.
async fn filled(directory: &Path, limits: Limits) -> LocalStore {
    let config = Config { flush_min_bytes: 1, reserve_bytes: 4_096, limits, ..Config::new(directory) };
    let store = LocalStore::open(config.clone()).unwrap();
    let documents = (0..TRACES).map(|trace| document(trace, u64::from(trace) + 1, i64::from(trace)));
    store.append(documents.collect()).await.unwrap();
    let through = Sequence(store.status().newest).into();
    let digests = shared((0..TRACES).map(|trace| digest(trace, 1, i64::from(trace))));
    store.commit(Commit { through, digests, minutes: Vec::new(), ..Commit::default() }).await.unwrap();
    store.close().await.unwrap();
    LocalStore::open(config).unwrap()
}

fn newest(limit: usize) -> Search {
    Search { range: all(), axis: Axis::Start, predicate: Predicate::Any, after: None, limit }
}

fn all() -> model::TimeRange {
    model::TimeRange::new(model::Timestamp::MIN, model::Timestamp::MAX)
}

fn limits() -> Limits {
    Config::new("unused").limits
}

#[track_caller]
fn assert_exceeded<T: std::fmt::Debug>(answer: Result<T, StoreError>, expected: &str) {
    match answer.unwrap_err() {
        StoreError::Exceeded { limit } => assert_eq!(limit, expected),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_search_that_holds_too_much_says_so_and_others_answer() {
    let directory = tempfile::tempdir().unwrap();
    let store = filled(directory.path(), Limits { bytes: 1024 * 1024, ..limits() }).await;
    let (many, few) = (newest(TRACES as usize), newest(10));
    let (large, small, documents) =
        tokio::join!(store.search(&many), store.search(&few), store.documents(trace_id(7)));
    assert_exceeded(large, "1 MiB of memory");
    assert_eq!(small.unwrap().digests.len(), 10);
    assert_eq!(documents.unwrap().len(), 1);
}

#[tokio::test]
async fn a_question_that_takes_too_long_says_so_and_writing_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let store = filled(directory.path(), Limits { time: Duration::ZERO, ..limits() }).await;
    let fault = Predicate::Flag(Flag::Fault, true);
    assert_exceeded(store.search(&Search { predicate: fault, ..newest(10) }).await, "0ns");
    let query = MinuteQuery { range: all(), group: "Default".to_owned(), subjects: Subjects::All };
    assert_exceeded(store.minutes(&query).await, "0ns");
    store.append(vec![document(TRACES, 1, i64::from(TRACES))]).await.unwrap();
    assert_eq!(store.documents(trace_id(TRACES)).await.unwrap().len(), 1);
}
