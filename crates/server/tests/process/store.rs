//! `fluoro store`: a directory is checked, exported, and read back elsewhere.

use std::fs;
use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::child::{Ended, Fluoro, command, run, segment};

const SEGMENTS: u64 = 20;

fn store(arguments: &[&str]) -> Ended {
    run(command(&["store"]).args(arguments))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A directory whose log has so many segments, each a trace, and their ids.
fn filled(directory: &Path) -> Vec<String> {
    let fluoro = Fluoro::serve(&["--data-dir", text(directory)]);
    let (traces, documents): (Vec<_>, Vec<_>) = (1..=SEGMENTS).map(segment).unzip();
    let documents: Vec<_> = documents.iter().map(Value::to_string).collect();
    let (status, _) = fluoro.post("/TraceSegments", &json!({ "TraceSegmentDocuments": documents }));
    assert_eq!(status, 200);
    let beside = store(&["check", text(directory)]);
    assert!(
        beside.status.success() && beside.stdout.contains("a server has the directory open"),
        "{}",
        beside.stdout
    );
    assert!(fluoro.end(Signal::TERM).status.success());
    traces
}

#[test]
fn an_export_is_imported_into_a_directory_and_into_a_server() {
    let place = tempfile::tempdir().unwrap();
    let (from, to, file) =
        (place.path().join("from"), place.path().join("to"), place.path().join("all.jsonl"));
    let traces = filled(&from);
    let exported = store(&["export", text(&from), "--from", "1h", "-o", text(&file), "--json"]);
    assert_eq!(exported.stdout, format!("{{\"documents\":{SEGMENTS}}}\n"), "{}", exported.stderr);
    let mixed = store(&["export", text(&from), "-o", "-", "--json"]);
    assert!(mixed.stdout.is_empty() && mixed.stderr.contains("--json needs a file"), "{}", mixed.stderr);
    assert_eq!(fs::read_to_string(&file).unwrap().lines().count() as u64, SEGMENTS);

    let imported = store(&["import", text(&to), text(&file)]);
    assert!(imported.stderr.contains("imported 20 documents, refused 0"), "{}", imported.stderr);
    let again = store(&["export", text(&to), "-o", "-"]);
    assert_eq!(again.stdout, fs::read_to_string(&file).unwrap());

    let fluoro = Fluoro::serve(&["--store", "memory"]);
    let sent = store(&["import", "--endpoint", &fluoro.http.to_string(), text(&file)]);
    assert!(sent.status.success(), "{}", sent.stderr);
    assert_eq!(fluoro.known(&traces) as u64, SEGMENTS);
    assert!(fluoro.end(Signal::TERM).status.success());
}

#[test]
fn a_damaged_log_ends_the_check_with_a_failure_and_says_where() {
    let place = tempfile::tempdir().unwrap();
    filled(place.path());
    let sound = store(&["check", text(place.path()), "--json"]);
    assert!(sound.status.success(), "{}", sound.stdout);
    let report: Value = serde_json::from_str(&sound.stdout).unwrap();
    assert_eq!(report["summary"]["documents_in_log"], SEGMENTS);

    let logs = fs::read_dir(place.path().join("log")).unwrap().map(|entry| entry.unwrap().path());
    let log = logs.max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap();
    let mut bytes = fs::read(&log).unwrap();
    bytes[100] ^= 1;
    fs::write(&log, bytes).unwrap();
    let damaged = store(&["check", text(place.path())]);
    assert_eq!(damaged.status.code(), Some(1));
    assert!(damaged.stdout.contains("DAMAGED: 0"), "{}", damaged.stdout);
}

#[test]
fn what_is_no_document_is_refused_and_the_rest_is_imported() {
    let place = tempfile::tempdir().unwrap();
    let (data, file) = (place.path().join("data"), place.path().join("some.jsonl"));
    let (_, good) = segment(1);
    let lines =
        format!("{{\"received\":1,\"document\":{good}}}\nnonsense\n{{\"received\":1,\"document\":{{}}}}\n");
    fs::write(&file, lines).unwrap();
    let imported = store(&["import", text(&data), text(&file), "--json"]);
    assert_eq!(imported.status.code(), Some(1));
    assert_eq!(imported.stdout, "{\"imported\":1,\"refused\":2}\n");
    assert!(imported.stderr.contains("line 2"), "{}", imported.stderr);
    assert!(imported.stderr.contains("imported 1 documents, refused 2"), "{}", imported.stderr);
}
