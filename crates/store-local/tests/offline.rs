//! A directory is checked, and read, from outside.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::minute::Subject;
use model::segment::Sequence;
use model::{StoredDocument, TimeRange, Timestamp, TraceDigest, TraceId};
use store::conformance::sample::{at, digest, document, key, row, shared, trace_id};
use store::{Commit, TraceStore};
use store_local::offline::{self, Depth, Offline, Report, Table};
use store_local::{Config, LocalStore};

const TRACES: u32 = 6;

/// A directory with parts of six traces of one document each, and two documents that are only in the log.
async fn filled() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let store = LocalStore::open(Config { flush_min_bytes: 1, ..Config::new(directory.path()) }).unwrap();
    for trace in 1..=TRACES {
        store.append(vec![document(trace, u64::from(trace), i64::from(trace))]).await.unwrap();
    }
    let commit = Commit {
        through: Sequence(u64::from(TRACES)).into(),
        digests: shared((1..=TRACES).map(|trace| sampled(trace_id(trace)))),
        minutes: vec![row(at(0).minute(), "Default", Subject::Node(key("shop", None)), 6)],
        ..Commit::default()
    };
    store.commit(commit).await.unwrap();
    store.close().await.unwrap();
    let store =
        LocalStore::open(Config { flush_min_bytes: u64::MAX, ..Config::new(directory.path()) }).unwrap();
    store.append(vec![document(20, 20, 50), document(21, 21, 60)]).await.unwrap();
    store.close().await.unwrap();
    directory
}

/// What the worker of these tests makes of a trace.
fn sampled(id: TraceId) -> TraceDigest {
    let number = (1..=TRACES).find(|&number| trace_id(number) == id).unwrap();
    let second = i64::from(number);
    let through = Sequence(u64::from(number));
    TraceDigest { through, first_received: at(second), ..digest(number, 1, second) }
}

fn reduce(id: TraceId, documents: &[Arc<StoredDocument>]) -> TraceDigest {
    assert_eq!(documents.len(), 1);
    sampled(id)
}

fn check(directory: &Path) -> Report {
    offline::check(directory, None, Depth::All, &reduce).unwrap()
}

fn file(directory: &Path, folder: &str, start: &str) -> PathBuf {
    let mut files = fs::read_dir(directory.join(folder)).unwrap().map(|entry| entry.unwrap().path());
    files.find(|path| path.file_name().unwrap().to_string_lossy().starts_with(start)).unwrap()
}

fn flip(path: &Path, place: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[place] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn all() -> TimeRange {
    TimeRange::new(Timestamp::MIN, Timestamp::MAX)
}

#[tokio::test]
async fn an_unharmed_directory_is_sound() {
    let directory = filled().await;
    let report = check(directory.path());
    assert!(report.is_sound() && report.notes.is_empty(), "{report:?}");
    let summary = report.summary;
    assert_eq!((summary.parts, summary.documents_in_log, summary.digests_compared), (3, 2, 6));
}

#[tokio::test]
async fn a_flipped_bit_in_any_file_is_found() {
    for (folder, start) in [("parts", "spans"), ("parts", "traces"), ("parts", "minutes"), ("log", "0")] {
        let directory = filled().await;
        let path = file(directory.path(), folder, start);
        flip(&path, 40);
        let report = check(directory.path());
        let name = path.file_name().unwrap().to_string_lossy();
        assert!(report.damage.iter().any(|damage| damage.contains(&*name)), "{name}: {report:?}");
        assert!(path.exists(), "a check changes nothing");
    }
}

#[tokio::test]
async fn a_manifest_whose_copy_still_counts_is_told() {
    let directory = filled().await;
    flip(&directory.path().join("manifest.json"), 60);
    let report = check(directory.path());
    assert!(!report.is_sound() && report.summary.parts == 3, "{report:?}");
}

#[tokio::test]
async fn a_digest_that_its_documents_do_not_give_is_found() {
    let directory = filled().await;
    let other = |id: TraceId, _: &[Arc<StoredDocument>]| TraceDigest { is_partial: true, ..sampled(id) };
    let report = offline::check(directory.path(), None, Depth::All, &other).unwrap();
    assert_eq!(report.damage_count, u64::from(TRACES), "{report:?}");
}

#[tokio::test]
async fn a_check_goes_on_beside_a_running_server_and_keeps_others_out_without_one() {
    let directory = filled().await;
    let store = LocalStore::open(Config::new(directory.path())).unwrap();
    let report = check(directory.path());
    assert!(report.is_sound() && report.summary.is_in_use, "{report:?}");
    store.close().await.unwrap();
    let reader = Offline::open(directory.path(), None).unwrap();
    assert!(!reader.is_in_use);
    assert!(LocalStore::open(Config::new(directory.path())).is_err());
}

#[tokio::test]
async fn a_directory_without_a_store_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let refused = offline::check(directory.path(), None, Depth::All, &reduce).unwrap_err();
    assert!(refused.to_string().contains("no store"), "{refused}");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "a check makes nothing");
}

#[tokio::test]
async fn documents_are_read_from_parts_and_log_by_time_of_receipt() {
    let directory = filled().await;
    let reader = Offline::open(directory.path(), None).unwrap();
    let mut seen = Vec::new();
    let count = reader.documents(TimeRange::new(at(3), at(60)), |one| {
        seen.push(one.received);
        Ok(())
    });
    seen.sort_unstable();
    assert_eq!(seen, [at(3), at(4), at(5), at(6), at(50)]);
    assert_eq!(count.unwrap(), 5);
}

#[tokio::test]
async fn rows_are_written_as_parquet_and_their_documents_read_back() {
    let directory = filled().await;
    let reader = Offline::open(directory.path(), None).unwrap();
    let path = directory.path().join("out.parquet");
    let range = TimeRange::new(at(3), at(60));
    assert_eq!(reader.write_parquet(Table::Spans, range, File::create(&path).unwrap()).unwrap(), 4);
    let mut seen = Vec::new();
    offline::documents_of_parquet(File::open(&path).unwrap(), |one| {
        seen.push((one.received, one.raw));
        Ok(())
    })
    .unwrap();
    let mut expected = Vec::new();
    reader
        .documents(range, |one| {
            expected.push((one.received, one.raw));
            Ok(())
        })
        .unwrap();
    // The last one is only in the log.
    assert_eq!(seen, expected[..4]);
    assert_eq!(reader.write_parquet(Table::Traces, all(), Vec::new()).unwrap(), u64::from(TRACES));
    assert_eq!(reader.write_parquet(Table::Minutes, all(), Vec::new()).unwrap(), 1);
}

#[tokio::test]
async fn no_file_makes_reading_an_export_panic_or_give_more_than_it_has() {
    let directory = filled().await;
    let reader = Offline::open(directory.path(), None).unwrap();
    let mut sound = Vec::new();
    reader.write_parquet(Table::Spans, all(), &mut sound).unwrap();
    let path = directory.path().join("hostile.parquet");
    let read = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let mut documents = 0;
        let read = offline::documents_of_parquet(File::open(&path).unwrap(), |_| {
            documents += 1;
            Ok(())
        });
        (read.is_ok(), documents)
    };
    let whole = read(&sound);
    assert!(whole.0 && whole.1 > 0);
    let step = (sound.len() / 400).max(1);
    for place in (0..sound.len()).step_by(step) {
        assert!(!read(&sound[..place]).0, "cut at {place}");
        for mask in [0x01, 0x80, 0xff] {
            let mut flipped = sound.clone();
            flipped[place] ^= mask;
            assert!(read(&flipped).1 <= whole.1, "flipped at {place}");
        }
    }
    // The footer's length, and the lengths and counts in it.
    for place in sound.len() - 512.min(sound.len())..sound.len() {
        for value in [0x00, 0x7f, 0xff] {
            let mut lying = sound.clone();
            lying[place] = value;
            assert!(read(&lying).1 <= whole.1, "{value} at {place}");
        }
    }
}

/// A trace of which two parts and the log have documents, between others.
#[tokio::test]
async fn traces_are_read_whole_in_the_order_of_their_ids() {
    let directory = filled().await;
    let store = LocalStore::open(Config { flush_min_bytes: 1, ..Config::new(directory.path()) }).unwrap();
    store.append(vec![document(3, 30, 70), document(2, 31, 80)]).await.unwrap();
    store.commit(Commit { through: Sequence(10).into(), ..Commit::default() }).await.unwrap();
    store.close().await.unwrap();
    let store =
        LocalStore::open(Config { flush_min_bytes: u64::MAX, ..Config::new(directory.path()) }).unwrap();
    store.append(vec![document(3, 32, 90)]).await.unwrap();
    store.close().await.unwrap();
    let reader = Offline::open(directory.path(), None).unwrap();
    assert!(reader.documents_in_log().unwrap() > 0);

    let mut seen = Vec::new();
    let mut look = |range| {
        seen.clear();
        let count = reader.traces(range, |id, documents| {
            let received: Vec<_> = documents.iter().map(|document| document.received).collect();
            seen.push((id, received));
            Ok(())
        });
        assert_eq!(count.unwrap(), seen.len() as u64);
        seen.clone()
    };
    let whole = (trace_id(3), vec![at(3), at(70), at(90)]);
    let all = look(all());
    assert_eq!(all.len(), 8);
    assert!(all.is_sorted() && all.contains(&whole), "{all:?}");
    // A trace is shown whole where any of it is wanted.
    assert_eq!(look(TimeRange::new(at(85), at(100))), [whole]);

    let failed = reader.traces(TimeRange::new(at(0), at(100)), |_, _| Err(std::io::Error::other("full")));
    assert!(failed.unwrap_err().to_string().contains("write the export"));
}
