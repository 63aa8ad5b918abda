//! What an earlier version wrote is read, and merges make it anew. `tests/format-1` was written by the last version of
//! format 1 with `fluoro store import` of `documents.jsonl` and of large documents that fill a buffer.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use model::minute::MinuteRow;
use model::property::Flag;
use model::segment::Sequence;
use model::{TimeRange, Timestamp, TraceDigest, TraceId};
use serde_json::Value;
use store::conformance::sample::{digest, shared, trace_id};
use store::{Axis, Commit, MinuteQuery, NewDocument, Predicate, Search, Subjects, TraceStore};
use store_local::config::Merging;
use store_local::offline::{Offline, Table};
use store_local::{Config, Fewest, LocalStore};

const TODAY: &str = r#"{"trace_id":"1-6a650a80-000000000000000000000001","id":"00000000000000a4","name":"today","start_time":1.5,"end_time":2}"#;

/// Time of receipt in microseconds, and document.
type Documents = BTreeMap<i64, String>;

fn fixture() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/format-1"))
}

fn copy(name: &str) -> tempfile::TempDir {
    copy_of("format-1", name)
}

fn copy_of(format: &str, name: &str) -> tempfile::TempDir {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(format);
    let copied = tempfile::tempdir().unwrap();
    for folder in ["", "log", "parts"] {
        fs::create_dir_all(copied.path().join(folder)).unwrap();
        let Ok(entries) = fs::read_dir(fixture.join(name).join(folder)) else { continue };
        for entry in entries.map(Result::unwrap).filter(|entry| entry.path().is_file()) {
            fs::copy(entry.path(), copied.path().join(folder).join(entry.file_name())).unwrap();
        }
    }
    // What a server holds while it runs.
    fs::write(copied.path().join("LOCK"), "").unwrap();
    copied
}

fn small_documents() -> Documents {
    let text = fs::read_to_string(fixture().join("documents.jsonl")).unwrap();
    let document = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap();
        let received = Timestamp::from_seconds(value["received"].as_f64().unwrap()).0;
        let text = match value["document"].as_str() {
            Some(text) => text.to_owned(),
            None => line.split_once("\"document\":").unwrap().1.strip_suffix('}').unwrap().to_owned(),
        };
        (received, text)
    };
    text.lines().map(document).collect()
}

fn expected() -> Documents {
    let large = (0..36).map(|number| {
        let text = format!(
            "{{\"trace_id\":\"1-6a650a90-{number:024x}\",\"id\":\"{:016x}\",\"name\":\"large\",\"start_time\":1785000016.0,\
             \"end_time\":1785000017.0,\"metadata\":{{\"default\":\"{}\"}}}}",
            0xf00 + number,
            "x".repeat(60_000)
        );
        ((1_785_000_030 + number) * 1_000_000, text)
    });
    small_documents().into_iter().chain(large).collect()
}

fn documents(directory: &Path) -> Documents {
    let mut found = Documents::new();
    let reader = Offline::open(directory, None).unwrap();
    let all = TimeRange::new(Timestamp::MIN, Timestamp::MAX);
    let count = reader.documents(all, |one| {
        found.insert(one.received.0, String::from_utf8(one.raw.to_vec()).unwrap());
        Ok(())
    });
    assert_eq!(count.unwrap(), found.len() as u64);
    found
}

fn spans_parts(directory: &Path) -> usize {
    let names = fs::read_dir(directory.join("parts")).unwrap();
    names.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("spans")).count()
}

#[tokio::test]
async fn parts_of_format_1_are_read_and_merged_into_newer_ones() {
    let directory = copy("parts");
    assert_eq!(documents(directory.path()), expected());
    let merging = Merging { parts: Fewest::of_all(3), ..Config::new(directory.path()).merging };
    let config = Config { merging, flush_min_bytes: 1, ..Config::new(directory.path()) };
    // A third part, which is of today.
    let store = LocalStore::open(config.clone()).unwrap();
    let (received, text) = (Timestamp(1_785_000_100_000_000), TODAY.to_owned());
    let document = wire::decode(text.clone().into()).unwrap();
    store.append(vec![NewDocument { received, document }]).await.unwrap();
    let through = Sequence(store.status().newest).into();
    store.commit(Commit { through, ..Commit::default() }).await.unwrap();
    store.close().await.unwrap();
    let mut expected = expected();
    expected.insert(received.0, text);
    assert_eq!(spans_parts(directory.path()), 3);
    let store = LocalStore::open(config.clone()).unwrap();
    let trace: TraceId = "1-6a650a80-000000000000000000000001".parse().unwrap();
    let ids = async || {
        let documents = store.documents(trace).await.unwrap();
        documents.iter().map(|stored| stored.document.entity.id.0).collect::<Vec<_>>()
    };
    assert_eq!(ids().await, [0xa1, 0xa2, 0xa3, 0xa4]);
    store.tidy().await.unwrap();
    assert_eq!(ids().await, [0xa1, 0xa2, 0xa3, 0xa4]);
    store.close().await.unwrap();
    assert_eq!(spans_parts(directory.path()), 1);
    assert_eq!(documents(directory.path()), expected);
    // A merge counts what it wrote.
    let status = LocalStore::open(config).unwrap().status();
    assert_eq!(status.documents, expected.len() as u64);
}

/// Digests, those that a search finds, and sums.
async fn digested(store: &LocalStore) -> (Vec<Arc<TraceDigest>>, Vec<Vec<TraceId>>, Vec<MinuteRow>) {
    let range = TimeRange::new(Timestamp::MIN, Timestamp::MAX);
    let predicates = [
        Predicate::Any,
        Predicate::HasAnnotation("tenant".to_owned()),
        Predicate::Flag(Flag::Fault, true),
        Predicate::Node { name: Some("large".to_owned()), kind: None, account: None },
    ];
    let (mut all, mut found) = (Vec::new(), Vec::new());
    for predicate in predicates {
        let search =
            Search { range, axis: Axis::Start, predicate: predicate.clone(), after: None, limit: 1_000 };
        let digests = store.search(&search).await.unwrap().digests;
        assert!(digests.iter().all(|digest| predicate.may_match(digest)));
        found.push(digests.iter().map(|digest| digest.id).collect());
        if predicate == Predicate::Any {
            all = digests;
        }
    }
    let query = MinuteQuery { range, group: "Default".to_owned(), subjects: Subjects::All };
    let (minutes, mut totals) = (store.minutes(&query).await.unwrap(), store.totals(&query).await.unwrap());
    totals.extend(minutes);
    (all, found, totals)
}

#[tokio::test]
async fn digests_and_minutes_of_format_1_stay_the_same_when_merged() {
    let directory = copy("parts");
    let merging = Merging { parts: Fewest::of_all(3), ..Config::new(directory.path()).merging };
    let config = Config { merging, flush_min_bytes: 1, ..Config::new(directory.path()) };
    let store = LocalStore::open(config.clone()).unwrap();
    let (digests, _, mut minutes) = digested(&store).await;
    // Not the totals, which stand at the begin of all time.
    minutes.retain(|row| row.key.minute.0 > 0);
    // A third part, which is of today and about as large.
    let through = Sequence(store.status().newest).into();
    store.commit(Commit { through, digests, minutes, ..Commit::default() }).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    let store = LocalStore::open(config).unwrap();
    let before = digested(&store).await;
    assert!(before.0.len() > 30 && before.1[3].len() > 30 && !before.2.is_empty());
    store.tidy().await.unwrap();
    let parts: Vec<String> = fs::read_dir(directory.path().join("parts"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    for table in ["traces", "minutes"] {
        assert_eq!(parts.iter().filter(|name| name.starts_with(table)).count(), 1, "{parts:?}");
    }
    assert_eq!(digested(&store).await, before);
}

#[tokio::test]
async fn an_export_of_format_1_has_the_columns_of_today() {
    let directory = copy("parts");
    let reader = Offline::open(directory.path(), None).unwrap();
    let path = directory.path().join("out.parquet");
    let all = TimeRange::new(Timestamp::MIN, Timestamp::MAX);
    reader.write_parquet(Table::Spans, all, fs::File::create(&path).unwrap()).unwrap();
    let mut found = Documents::new();
    store_local::offline::documents_of_parquet(fs::File::open(&path).unwrap(), |one| {
        found.insert(one.received.0, String::from_utf8(one.raw.to_vec()).unwrap());
        Ok(())
    })
    .unwrap();
    assert_eq!(found, expected());
}

/// `tests/format-3` has two parts of ten traces of the conformance's samples, with one index behind all rows.
#[tokio::test]
async fn parts_of_format_3_are_searched_and_merged_into_newer_ones() {
    let directory = copy_of("format-3", "");
    let merging = Merging { parts: Fewest::of_all(2), ..Config::new(directory.path()).merging };
    let store = LocalStore::open(Config { merging, ..Config::new(directory.path()) }).unwrap();
    let before = digested(&store).await;
    let made: Vec<TraceDigest> = (0..20).rev().map(|trace| digest(trace, 1, i64::from(trace))).collect();
    assert!(before.0.iter().map(|digest| &**digest).eq(&made));
    store.tidy().await.unwrap();
    assert_eq!(digested(&store).await, before);
    let parts = fs::read_dir(directory.path().join("parts")).unwrap();
    let names = parts.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    assert_eq!(names.filter(|name| name.starts_with("traces")).count(), 1);
}

/// `tests/format-2` has two such parts, with annotations in a column.
#[tokio::test]
async fn parts_of_format_2_are_searched_and_merged_into_newer_ones() {
    let directory = copy_of("format-2", "");
    let merging = Merging { parts: Fewest::of_all(3), ..Config::new(directory.path()).merging };
    let config = Config { merging, flush_min_bytes: 1, ..Config::new(directory.path()) };
    // A third part, which is of today and about as large.
    let store = LocalStore::open(config.clone()).unwrap();
    let digests = shared((20..60).map(|trace| digest(trace, 1, i64::from(trace))));
    let through = Sequence(store.status().newest).into();
    store.commit(Commit { through, digests, ..Commit::default() }).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    let store = LocalStore::open(config).unwrap();
    let found = async |key: &str, value: Option<&str>| {
        let key = key.to_owned();
        let predicate = match value {
            Some(value) => Predicate::Annotation { key, value: value.to_owned() },
            None => Predicate::HasAnnotation(key),
        };
        let range = TimeRange::new(Timestamp::MIN, Timestamp::MAX);
        let search = Search { range, axis: Axis::Start, predicate, after: None, limit: 100 };
        store.search(&search).await.unwrap().digests
    };
    let ids = |digests: &[Arc<TraceDigest>]| digests.iter().map(|digest| digest.id).collect::<Vec<_>>();
    let those = |is_one: fn(&u32) -> bool| (0..20).rev().filter(is_one).map(trace_id).collect::<Vec<_>>();
    let all = found("order", None).await;
    for round in 0..2 {
        assert_eq!(ids(&all), those(|_| true), "{round}");
        assert_eq!(ids(&found("order", Some("o17")).await), [trace_id(17)]);
        assert_eq!(ids(&found("size", Some("9.0")).await), [trace_id(9)]);
        assert_eq!(ids(&found("size", None).await), those(|trace| trace % 3 == 0 || trace % 2 == 0));
        assert_eq!(ids(&found("paid", Some("true")).await), those(|trace| trace % 2 == 0));
        assert_eq!(found("order", None).await, all);
        store.tidy().await.unwrap();
    }
    let parts = fs::read_dir(directory.path().join("parts")).unwrap();
    let names = parts.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    assert_eq!(names.filter(|name| name.starts_with("traces")).count(), 1);
    // Whose annotations are is not known of them.
    assert!(all.iter().all(|digest| digest.annotation_sets.is_empty() && !digest.annotations.is_empty()));
}

#[tokio::test]
async fn a_log_of_format_1_is_replayed() {
    let directory = copy("log");
    let store = LocalStore::open(Config::new(directory.path())).unwrap();
    let status = store.status();
    assert_eq!((status.documents, status.traces, status.digested), (2, 2, status.newest));
    let trace: TraceId = "1-6a650a80-000000000000000000000004".parse().unwrap();
    let digests = store.digests(&[trace]).await.unwrap();
    assert_eq!((digests.len(), digests[0].revision), (1, 1));
    store.close().await.unwrap();
}
