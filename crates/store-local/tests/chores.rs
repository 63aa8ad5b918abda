//! Who listens is told of what the store does by itself.

use std::sync::{Arc, Mutex};

use model::segment::Sequence;
use store::conformance::sample::{digest, document, shared};
use store::{Commit, TraceStore};
use store_local::chore::{Chore, Listener};
use store_local::{Config, Fewest, LocalStore};

#[tokio::test]
async fn flushes_and_merges_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let told: Arc<Mutex<Vec<Chore>>> = Arc::default();
    let listener = {
        let told = Arc::clone(&told);
        Listener::new(move |chore| told.lock().unwrap().push(chore.clone()))
    };
    let mut config =
        Config { flush_min_bytes: 1, chores: Some(listener), ..Config::new(directory.path().join("data")) };
    config.merging.parts = Fewest::of_all(2);
    for revision in 1..=2 {
        let store = LocalStore::open(config.clone()).unwrap();
        store.append(vec![document(1, revision, 0)]).await.unwrap();
        let through = Sequence(store.status().newest).into();
        let digests = shared([digest(1, u32::try_from(revision).unwrap(), 0)]);
        store.commit(Commit { through, digests, ..Commit::default() }).await.unwrap();
        // It writes its buffer as parts.
        store.close().await.unwrap();
    }
    let store = LocalStore::open(config).unwrap();
    store.tidy().await.unwrap();
    store.close().await.unwrap();
    let told = told.lock().unwrap();
    let rows_of = |name| {
        let of_it = told.iter().filter(|chore| chore.name == name);
        of_it.map(|chore| chore.outcome.as_ref().map(|done| done.rows)).collect::<Vec<_>>()
    };
    // A document and a digest each time; then the two documents, and the newer digest alone.
    assert_eq!(rows_of("flush"), [Ok(2), Ok(2)]);
    let mut merged = rows_of("merge");
    merged.sort();
    assert_eq!(merged, [Ok(1), Ok(2)]);
}
