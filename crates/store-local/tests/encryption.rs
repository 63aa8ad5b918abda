//! With a key nothing of what was received can be read in the files, and without it nothing can be opened.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use model::TimeRange;
use model::minute::Subject;
use model::segment::Sequence;
use model::{Timestamp, TraceDigest};
use store::conformance::sample::{at, digest, document, key, row, shared, trace_id};
use store::{Axis, Commit, Predicate, Search, StoreError, TraceStore};
use store_local::offline::Offline;
use store_local::{Config, Fewest, LocalStore, Seals};

const TRACES: u32 = 6;
/// Stands in every document and digest.
const NAME: &[u8] = b"shop";

fn key_file(directory: &Path, keys: &[char]) -> Arc<Seals> {
    let path = directory.join("keys");
    let lines: Vec<String> = keys.iter().map(|digit| digit.to_string().repeat(64)).collect();
    fs::write(&path, lines.join("\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    Arc::new(Seals::read(&path).unwrap())
}

fn config(directory: &Path, keys: Option<&Arc<Seals>>) -> Config {
    let mut config = Config { flush_min_bytes: 1, ..Config::new(directory.join("data")) };
    (config.keys, config.merging.parts, config.reserve_bytes) = (keys.cloned(), Fewest::of_all(2), 4_096);
    config
}

/// Appends and digests some traces and closes: they are in parts then, and one more document is in the log.
async fn fill(config: &Config, first: u32) {
    let store = LocalStore::open(config.clone()).unwrap();
    let traces = first..first + TRACES;
    for trace in traces.clone() {
        store.append(vec![document(trace, u64::from(trace), 0)]).await.unwrap();
    }
    let commit = Commit {
        through: Sequence(store.status().newest).into(),
        digests: shared(traces.map(|trace| digest(trace, 1, i64::from(trace)))),
        minutes: vec![row(at(0).minute(), "Default", Subject::Node(key("shop", None)), 6)],
        ..Commit::default()
    };
    store.commit(commit).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    let store = LocalStore::open(Config { flush_min_bytes: u64::MAX, ..config.clone() }).unwrap();
    store.append(vec![document(first, 1_000 + u64::from(first), 9)]).await.unwrap();
    store.close().await.unwrap();
}

async fn check(config: &Config, traces: u32) {
    let store = LocalStore::open(config.clone()).unwrap();
    assert!(store.status().damaged.is_empty());
    for trace in 0..traces {
        let expected = if trace % TRACES == 0 { 2 } else { 1 };
        assert_eq!(store.documents(trace_id(trace)).await.unwrap().len(), expected, "trace {trace}");
    }
    let range = TimeRange::new(Timestamp::MIN, Timestamp::MAX);
    let search = Search { range, axis: Axis::Start, predicate: Predicate::Any, after: None, limit: 100 };
    let found: Vec<Arc<TraceDigest>> = store.search(&search).await.unwrap().digests;
    assert_eq!(found.len() as u32, traces);
    store.close().await.unwrap();
}

/// The files below a folder in which the text stands.
fn files_with(folder: &Path, text: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if fs::read(&path).unwrap().windows(text.len()).any(|some| some == text) {
            found.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    found
}

fn refusal(config: &Config) -> String {
    match LocalStore::open(config.clone()) {
        Err(error @ StoreError::Unusable { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn nothing_can_be_read_without_the_key() {
    let directory = tempfile::tempdir().unwrap();
    let keys = key_file(directory.path(), &['a']);
    let encrypted = config(directory.path(), Some(&keys));
    fill(&encrypted, 0).await;
    check(&encrypted, TRACES).await;
    assert_eq!(files_with(&encrypted.dir, NAME), [""; 0]);
    let other = key_file(directory.path(), &['b']);
    for given in [None, Some(&other)] {
        let refused = refusal(&config(directory.path(), given));
        assert!(refused.contains(&keys.id()) && refused.contains("--encryption-key"), "{refused}");
        let refused = Offline::open(&encrypted.dir, given.cloned()).unwrap_err().to_string();
        assert!(refused.contains(&keys.id()), "{refused}");
    }
    let reader = Offline::open(&encrypted.dir, Some(keys)).unwrap();
    let range = TimeRange::new(Timestamp::MIN, Timestamp::MAX);
    assert_eq!(reader.documents(range, |_| Ok(())).unwrap(), u64::from(TRACES) + 1);
}

#[tokio::test]
async fn a_log_alone_needs_its_key_too() {
    let directory = tempfile::tempdir().unwrap();
    let keys = key_file(directory.path(), &['a']);
    let encrypted = Config { flush_min_bytes: u64::MAX, ..config(directory.path(), Some(&keys)) };
    let store = LocalStore::open(encrypted.clone()).unwrap();
    store.append(vec![document(1, 1, 0)]).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    assert_eq!(files_with(&encrypted.dir, NAME), [""; 0]);
    assert!(refusal(&config(directory.path(), None)).contains(&keys.id()));
    let store = LocalStore::open(encrypted).unwrap();
    assert_eq!(store.documents(trace_id(1)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn keys_change_and_what_was_in_the_open_is_encrypted_when_it_is_merged() {
    let directory = tempfile::tempdir().unwrap();
    let plain = config(directory.path(), None);
    fill(&plain, 0).await;
    assert!(!files_with(&plain.dir, NAME).is_empty());
    let first = key_file(directory.path(), &['a']);
    fill(&config(directory.path(), Some(&first)), TRACES).await;
    let both = key_file(directory.path(), &['b', 'a']);
    let rotated = config(directory.path(), Some(&both));
    fill(&rotated, 2 * TRACES).await;
    check(&rotated, 3 * TRACES).await;
    let store = LocalStore::open(rotated.clone()).unwrap();
    store.tidy().await.unwrap();
    store.close().await.unwrap();
    drop(store);
    check(&rotated, 3 * TRACES).await;
    assert_eq!(files_with(&rotated.dir.join("parts"), NAME), [""; 0]);
}

#[test]
fn a_key_file_that_is_none_is_refused_with_a_remedy() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys");
    let refusal = || Seals::read(&path).unwrap_err().to_string();
    assert!(refusal().contains("cannot be read"));
    fs::write(&path, "abc\n").unwrap();
    assert!(refusal().contains("chmod 600"), "others can read it");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(refusal().contains("line 1"));
    fs::write(&path, "# nothing\n").unwrap();
    assert!(refusal().contains("has no key"));
}
