//! Damage costs what is damaged and nothing else, and no file makes opening or reading panic.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use model::minute::Subject;
use model::segment::Sequence;
use model::{TimeRange, Timestamp};
use store::conformance::sample::{at, digest, document, key, row, shared, trace_id};
use store::{Axis, Commit, MinuteQuery, Predicate, Search, Share, StoreError, Subjects, TraceStore};
use store_local::{Config, Fewest, LocalStore};

const DOCUMENTS: u32 = 6;

/// Nothing goes to parts by itself, and parts stay as they are.
fn config(directory: &Path) -> Config {
    let mut config = Config { flush_min_bytes: u64::MAX, ..Config::new(directory) };
    config.merging.parts = Fewest::of_all(usize::MAX);
    config
}

/// Everything that is digested goes to parts on close.
fn flushing(directory: &Path) -> Config {
    Config { flush_min_bytes: 1, ..config(directory) }
}

fn open(config: Config) -> LocalStore {
    LocalStore::open(config).unwrap()
}

fn only_file(folder: &Path, ending: &str) -> PathBuf {
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(ending) && fs::metadata(path).unwrap().len() > 24)
        .collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Trace `n` has one document, for n from 1.
async fn fill(store: &LocalStore) {
    for trace in 1..=DOCUMENTS {
        store.append(vec![document(trace, u64::from(trace), 0)]).await.unwrap();
    }
}

/// Digests and minutes of what [`fill`] appended.
async fn digest_all(store: &LocalStore) {
    let minute = at(0).minute();
    let commit = Commit {
        through: Sequence(u64::from(DOCUMENTS)).into(),
        digests: shared((1..=DOCUMENTS).map(|trace| digest(trace, 1, i64::from(trace)))),
        minutes: vec![row(minute, "Default", Subject::Node(key("shop", None)), i64::from(DOCUMENTS))],
        ..Commit::default()
    };
    store.commit(commit).await.unwrap();
}

/// Which of the traces have their document.
async fn present(store: &LocalStore) -> Vec<u32> {
    let mut found = Vec::new();
    for trace in 1..=DOCUMENTS {
        if !store.documents(trace_id(trace)).await.unwrap().is_empty() {
            found.push(trace);
        }
    }
    found
}

/// How many digests are found, and how many requests are counted.
async fn counted(store: &LocalStore) -> (usize, i64) {
    let range = TimeRange::new(Timestamp::MIN, Timestamp::MAX);
    let search = Search { range, axis: Axis::Start, predicate: Predicate::Any, after: None, limit: 100 };
    let page = store.search(&search).await.unwrap();
    let query = MinuteQuery { range, group: "Default".to_owned(), subjects: Subjects::All };
    let rows = store.minutes(&query).await.unwrap();
    (page.digests.len(), rows.iter().map(|row| row.stats.counts.ok).sum())
}

#[tokio::test]
async fn a_log_torn_at_any_byte_keeps_every_whole_document() {
    let whole = tempfile::tempdir().unwrap();
    let store = open(config(whole.path()));
    fill(&store).await;
    drop(store);
    let log = only_file(&whole.path().join("log"), ".log");
    let bytes = fs::read(&log).unwrap();
    let frame = (bytes.len() - 24) / DOCUMENTS as usize;
    for cut in bytes.len() - frame - 8..bytes.len() {
        let torn = tempfile::tempdir().unwrap();
        copy(whole.path(), torn.path());
        fs::write(torn.path().join("log").join(log.file_name().unwrap()), &bytes[..cut]).unwrap();
        let store = open(config(torn.path()));
        let kept: Vec<u32> = (1..=((cut - 24) / frame) as u32).collect();
        assert_eq!(present(&store).await, kept, "cut at {cut}");
        assert!(store.status().damaged.is_empty(), "nothing that was acknowledged is lost");
        store.append(vec![document(50, 50, 0)]).await.unwrap();
        drop(store);
        let store = open(config(torn.path()));
        assert_eq!(present(&store).await, kept);
        assert_eq!(store.documents(trace_id(50)).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_flipped_bit_in_the_log_costs_one_document() {
    let whole = tempfile::tempdir().unwrap();
    let store = open(config(whole.path()));
    fill(&store).await;
    drop(store);
    let log = only_file(&whole.path().join("log"), ".log");
    let bytes = fs::read(&log).unwrap();
    let frame = (bytes.len() - 24) / DOCUMENTS as usize;
    let last_length = bytes.len() - frame..bytes.len() - frame + 4;
    for place in (0..bytes.len()).step_by(11).filter(|place| !last_length.contains(place)) {
        let harmed = tempfile::tempdir().unwrap();
        copy(whole.path(), harmed.path());
        let mut bytes = bytes.clone();
        bytes[place] ^= 0x04;
        let name = log.file_name().unwrap();
        fs::write(harmed.path().join("log").join(name), &bytes).unwrap();
        let lost = place.checked_sub(24).map(|place| (place / frame) as u32 + 1);
        let kept: Vec<u32> = (1..=DOCUMENTS).filter(|&trace| Some(trace) != lost).collect();
        for _ in 0..2 {
            let store = open(config(harmed.path()));
            assert_eq!(present(&store).await, kept, "byte {place}");
            assert_eq!(store.status().damaged, [name.to_string_lossy()]);
        }
    }
}

/// `LS-5`
#[tokio::test]
async fn what_a_damaged_log_still_has_is_digested_again_and_the_file_is_set_aside() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(config(directory.path()));
    fill(&store).await;
    digest_all(&store).await;
    drop(store);
    let log = only_file(&directory.path().join("log"), ".log");
    let mut bytes = fs::read(&log).unwrap();
    // The first document.
    bytes[60] ^= 1;
    fs::write(&log, bytes).unwrap();
    let store = open(config(directory.path()));
    // A commit after a damage cannot be trusted.
    assert_eq!(
        (store.digested(Share::ONLY).await.unwrap().through.of_lane(0), counted(&store).await),
        (Sequence(0), (0, 0))
    );
    let first = store.tail(Share::ONLY, &Sequence(0).into()).next().await.unwrap();
    assert_eq!(first.len() as u32, DOCUMENTS - 1);
    digest_all(&store).await;
    store.close().await.unwrap();
    drop(store);
    let store = open(flushing(directory.path()));
    digest_all_if_needed(&store).await;
    store.close().await.unwrap();
    drop(store);
    let store = open(config(directory.path()));
    assert_eq!(present(&store).await, [2, 3, 4, 5, 6]);
    assert_eq!(counted(&store).await, (6, 6));
    let name = log.file_name().unwrap().to_string_lossy().into_owned();
    assert_eq!(store.status().damaged, std::slice::from_ref(&name));
    assert!(directory.path().join("damaged").join(name).exists());
    assert!(!log.exists());
}

async fn digest_all_if_needed(store: &LocalStore) {
    if store.digested(Share::ONLY).await.unwrap().through.of_lane(0) == Sequence(0) {
        digest_all(store).await;
    }
}

#[tokio::test]
async fn documents_whose_commits_are_lost_are_followed_again_from_parts() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(Config { flush_bytes: 1, ..config(directory.path()) });
    fill(&store).await;
    // The documents are in parts now, and that they are digested stands in the log alone.
    store
        .commit(Commit { through: Sequence(u64::from(DOCUMENTS)).into(), ..Commit::default() })
        .await
        .unwrap();
    store.close().await.unwrap();
    drop(store);
    assert!(fs::read_dir(directory.path().join("parts")).unwrap().count() > 0);
    for entry in fs::read_dir(directory.path().join("log")).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    let store = open(config(directory.path()));
    let digested = store.digested(Share::ONLY).await.unwrap().through.of_lane(0);
    assert!(digested < Sequence(u64::from(DOCUMENTS)));
    let mut next = digested.0;
    let mut tail = store.tail(Share::ONLY, &digested.into());
    while next < u64::from(DOCUMENTS) {
        for document in tail.next().await.unwrap() {
            next += 1;
            assert_eq!(document.place.sequence, Sequence(next));
        }
    }
    assert_eq!(store.status().newest, u64::from(DOCUMENTS));
}

/// `LS-5`
#[tokio::test]
async fn a_flipped_bit_in_a_part_costs_that_part_alone() {
    let whole = tempfile::tempdir().unwrap();
    let store = open(flushing(whole.path()));
    fill(&store).await;
    digest_all(&store).await;
    store.close().await.unwrap();
    drop(store);
    for (table, documents, found) in [("spans", 0, (6, 6)), ("traces", 6, (0, 6)), ("minutes", 6, (6, 0))] {
        let part = fs::read_dir(whole.path().join("parts"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.file_name().unwrap().to_string_lossy().starts_with(table))
            .unwrap();
        let name = part.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(&part).unwrap();
        for place in (0..bytes.len()).step_by(bytes.len() / 11) {
            let harmed = tempfile::tempdir().unwrap();
            copy(whole.path(), harmed.path());
            let mut bytes = bytes.clone();
            bytes[place] ^= 0x40;
            fs::write(harmed.path().join("parts").join(&name), &bytes).unwrap();
            for _ in 0..2 {
                let store = open(config(harmed.path()));
                assert_eq!(present(&store).await.len(), documents, "{table} byte {place}");
                assert_eq!(counted(&store).await, found, "{table} byte {place}");
                assert_eq!(store.status().damaged, std::slice::from_ref(&name));
            }
            assert!(harmed.path().join("damaged").join(&name).exists());
        }
    }
}

/// Each of two flushes has half of the documents.
async fn fill_twice(directory: &Path) {
    for (half, count) in [(1..=3, 3), (4..=DOCUMENTS, 3)] {
        let store = open(flushing(directory));
        for trace in half.clone() {
            store.append(vec![document(trace, u64::from(trace), 0)]).await.unwrap();
        }
        let commit = Commit {
            through: Sequence(store.status().newest).into(),
            digests: shared(half.map(|trace| digest(trace, 1, i64::from(trace)))),
            minutes: vec![row(at(0).minute(), "Default", Subject::Node(key("shop", None)), count)],
            ..Commit::default()
        };
        store.commit(commit).await.unwrap();
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_bit_that_flips_after_a_part_was_read_is_not_merged() {
    let whole = tempfile::tempdir().unwrap();
    fill_twice(whole.path()).await;
    let files: Vec<PathBuf> =
        fs::read_dir(whole.path().join("parts")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 6);
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let good = fs::read(&path).unwrap();
        for place in (0..good.len()).step_by(good.len() / 9) {
            let harmed = tempfile::tempdir().unwrap();
            copy(whole.path(), harmed.path());
            let mut config = config(harmed.path());
            config.merging.parts = Fewest::of_all(2);
            let store = open(config.clone());
            assert_eq!((present(&store).await.len(), counted(&store).await), (6, (6, 6)));
            let mut bytes = good.clone();
            bytes[place] ^= 0x10;
            fs::write(harmed.path().join("parts").join(&name), &bytes).unwrap();
            store.tidy().await.unwrap();
            let left = match name.split('-').next().unwrap() {
                "spans" => (3, (6, 6)),
                "traces" => (6, (3, 6)),
                _ => (6, (6, 3)),
            };
            assert_eq!((present(&store).await.len(), counted(&store).await), left, "{name} byte {place}");
            assert_eq!(store.status().damaged, std::slice::from_ref(&name));
            assert_eq!(fs::read(harmed.path().join("damaged").join(&name)).unwrap(), bytes);
            drop(store);
            let store = open(config);
            assert_eq!((present(&store).await.len(), counted(&store).await), left, "{name} byte {place}");
        }
    }
}

#[tokio::test]
async fn a_missing_or_cut_part_is_named_on_opening() {
    for cut in [None, Some(100)] {
        let directory = tempfile::tempdir().unwrap();
        let store = open(flushing(directory.path()));
        fill(&store).await;
        digest_all(&store).await;
        store.close().await.unwrap();
        drop(store);
        let part = directory.path().join("parts/traces-00000000000000000001.parquet");
        match cut {
            None => fs::remove_file(&part).unwrap(),
            Some(bytes) => fs::File::options().write(true).open(&part).unwrap().set_len(bytes).unwrap(),
        }
        let store = open(config(directory.path()));
        assert_eq!(store.status().damaged, ["traces-00000000000000000001.parquet"]);
        assert_eq!(present(&store).await.len(), 6);
        assert_eq!(counted(&store).await, (0, 6));
    }
}

#[tokio::test]
async fn the_copy_serves_where_the_manifest_is_damaged() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(flushing(directory.path()));
    fill(&store).await;
    digest_all(&store).await;
    store.close().await.unwrap();
    drop(store);
    fs::write(directory.path().join("manifest.json"), "scribble").unwrap();
    let store = open(config(directory.path()));
    assert_eq!(present(&store).await.len(), 6);
    drop(store);
    // Opening repaired it.
    fs::write(directory.path().join("manifest.copy"), "scribble").unwrap();
    drop(open(config(directory.path())));
    for name in ["manifest.json", "manifest.copy"] {
        fs::write(directory.path().join(name), "scribble").unwrap();
    }
    check_unusable(&config(directory.path()), "manifest", "restore manifest.json");
}

#[tokio::test]
async fn unusable_directories_are_refused_with_a_remedy() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(config(directory.path()));
    check_unusable(&config(directory.path()), "in use by another process", "stop that process");
    store.close().await.unwrap();
    let again = open(config(directory.path()));
    drop((store, again));

    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    check_unusable(&config(&file), "is not a directory", "name a directory");
    check_unusable(&config(&file.join("below")), "cannot be written", "choose another directory");

    let newer = "fluoro-manifest 99 dddd71eb\n{}\n";
    fs::write(directory.path().join("manifest.json"), newer).unwrap();
    check_unusable(&config(directory.path()), "has format 99", "newer version of Fluoro");
}

#[track_caller]
fn check_unusable(config: &Config, detail_has: &str, remedy_has: &str) {
    match LocalStore::open(config.clone()) {
        Err(StoreError::Unusable { detail, remedy }) => {
            assert!(detail.contains(detail_has) && remedy.contains(remedy_has), "{detail}; {remedy}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn too_much_that_is_not_digested_is_refused_until_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let config = Config {
        flush_bytes: 10_000,
        max_unflushed_bytes: 20_000,
        room_patience: Duration::ZERO,
        flush_age: Duration::from_secs(3_600),
        ..config(directory.path())
    };
    let store = open(config);
    let mut taken = 0;
    let refusal = loop {
        match store.append(vec![document(1, taken + 1, 0)]).await {
            Ok(()) => taken += 1,
            Err(error) => break error,
        }
        assert!(taken < 1_000, "there is a bound");
    };
    assert!(matches!(refusal, StoreError::Busy { reason: "digest_behind" }), "{refusal:?}");
    store.commit(Commit { through: Sequence(taken).into(), ..Commit::default() }).await.unwrap();
    // The flusher is at work; every refusal until it is done says busy.
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while let Err(refusal) = store.append(vec![document(1, taken + 1, 0)]).await {
        assert!(matches!(refusal, StoreError::Busy { .. }), "{refusal:?}");
        assert!(std::time::Instant::now() < deadline, "it recovers");
        tokio::task::yield_now().await;
    }
    assert_eq!(store.documents(trace_id(1)).await.unwrap().len() as u64, taken + 1);
}

/// With the checksum that a manifest with this body has.
fn manifest(body: &str) -> String {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&3_u32.to_le_bytes());
    hasher.update(body.as_bytes());
    format!("fluoro-manifest 3 {:08x}\n{body}\n", hasher.finalize())
}

#[tokio::test]
async fn a_manifest_that_lies_is_refused_and_touches_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let store = open(flushing(&data));
    fill(&store).await;
    digest_all(&store).await;
    store.close().await.unwrap();
    drop(store);
    let honest = fs::read_to_string(data.join("manifest.json")).unwrap();
    let body = honest.split_once('\n').unwrap().1.trim_end();
    let outside = directory.path().join("precious");
    fs::write(&outside, "mine").unwrap();
    let begin = body.find("spans-").unwrap();
    let name = &body[begin..begin + body[begin..].find('"').unwrap()];
    let check = |from: &str, to: &str, detail: &str| {
        assert!(body.contains(from), "{from}: {body}");
        for file in ["manifest.json", "manifest.copy"] {
            fs::write(data.join(file), manifest(&body.replacen(from, to, 1))).unwrap();
        }
        check_unusable(&config(&data), detail, "restore manifest.json");
        assert_eq!(fs::read_to_string(&outside).unwrap(), "mine");
    };
    for path in ["../../precious", outside.to_str().unwrap(), "..", ".hidden", ""] {
        check(&format!("\"{name}\""), &format!("{path:?}"), "is no name of a part");
    }
    let number = |member: &str| {
        let begin = body.find(&format!("\"{member}\": ")).unwrap();
        let end = begin + body[begin..].find(',').unwrap();
        body[begin..end].to_owned()
    };
    let huge = u64::MAX;
    check(&number("next_generation"), &format!("\"next_generation\": {huge}"), "more than there can be");
    check(&number("log_from"), &format!("\"log_from\": {huge}"), "more than there can be");
    check(&number("rows"), &format!("\"rows\": {huge}"), "cannot hold what it is said to");
}
