//! Annotations are found in a part whichever way its file has them: as numbers in a dictionary, or as texts, where there are
//! too many for one.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use model::segment::Sequence;
use model::segment::{Annotation, AnnotationValue};
use model::{TimeRange, Timestamp, TraceId};
use store::conformance::sample::{digest, document, shared, trace_id};
use store::{Axis, Commit, Predicate, Search, TraceStore};
use store_local::{Config, LocalStore, Seals};

const TRACES: u32 = 4_000;
/// Parquet's own limit of a dictionary is 1 MiB, so 4,000 different texts of this length do not fit.
const LONG: usize = 400;

async fn find(store: &LocalStore, predicate: Predicate) -> Vec<TraceId> {
    let range = TimeRange::new(Timestamp::MIN, Timestamp::MAX);
    let search = Search { range, axis: Axis::Start, predicate, after: None, limit: 10_000 };
    store.search(&search).await.unwrap().digests.iter().map(|digest| digest.id).collect()
}

async fn check(values: u32, length: usize, is_encrypted: bool) {
    let directory = tempfile::tempdir().unwrap();
    let key = directory.path().join("key");
    fs::write(&key, "a".repeat(64)).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let keys = is_encrypted.then(|| Arc::new(Seals::read(&key).unwrap()));
    let data = directory.path().join("data");
    let config = Config { flush_min_bytes: 1, reserve_bytes: 4_096, keys, ..Config::new(data) };
    let text = |trace: u32| format!("{:0length$}x", trace % values);
    let store = LocalStore::open(config.clone()).unwrap();
    let made = (0..TRACES).map(|trace| {
        let mut made = digest(trace, 1, i64::from(trace));
        let mut annotation = |key: &str, value: AnnotationValue| {
            made.annotations.push(Annotation { key: key.to_owned(), value });
        };
        annotation("order", AnnotationValue::String(text(trace)));
        if trace % 100 == 0 {
            annotation("size", AnnotationValue::Number(f64::from(trace % values)));
        }
        made
    });
    let made: Vec<_> = made.collect();
    store
        .append((0..TRACES).map(|trace| document(trace, u64::from(trace) + 1, i64::from(trace))).collect())
        .await
        .unwrap();
    let through = Sequence(store.status().newest).into();
    store
        .commit(Commit { through, digests: shared(made), minutes: Vec::new(), ..Commit::default() })
        .await
        .unwrap();
    store.close().await.unwrap();
    let store = LocalStore::open(config).unwrap();
    for trace in [0, 1, 700, TRACES - 1] {
        let wanted: Vec<_> =
            (0..TRACES).rev().filter(|other| other % values == trace % values).map(trace_id).collect();
        let order = Predicate::Annotation { key: "order".to_owned(), value: text(trace) };
        assert_eq!(find(&store, order).await, wanted);
    }
    let sized: Vec<_> = (0..TRACES).rev().filter(|trace| trace % 100 == 0).collect();
    let all = sized.iter().copied().map(trace_id).collect::<Vec<_>>();
    assert_eq!(find(&store, Predicate::HasAnnotation("size".to_owned())).await, all);
    let wanted: Vec<_> =
        sized.into_iter().filter(|trace| trace % values == 300 % values).map(trace_id).collect();
    let size = Predicate::Annotation { key: "size".to_owned(), value: format!("{}.0", 300 % values) };
    assert_eq!(find(&store, size).await, wanted);
    let other_key = Predicate::Annotation { key: "size".to_owned(), value: text(0) };
    assert_eq!(find(&store, other_key).await, []);
}

#[tokio::test]
async fn few_values_are_found_by_their_numbers_in_a_dictionary() {
    check(50, 8, false).await;
}

#[tokio::test]
async fn values_of_which_there_are_too_many_for_a_dictionary_are_found_too() {
    check(TRACES, LONG, false).await;
}

#[tokio::test]
async fn they_are_found_in_encrypted_parts_both_ways() {
    check(50, 8, true).await;
    check(TRACES, LONG, true).await;
}
