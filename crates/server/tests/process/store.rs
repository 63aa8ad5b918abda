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

#[test]
fn lines_that_are_too_long_or_of_no_time_are_refused_and_the_rest_is_imported() {
    let place = tempfile::tempdir().unwrap();
    let (data, file) = (place.path().join("data"), place.path().join("some.jsonl"));
    let (_, good) = segment(1);
    // What follows the limit of a line must not be taken for a line of its own.
    let line = format!("{{\"received\":1,\"document\":{good}}}");
    let long = format!("{}{line}\n", " ".repeat(64 << 20));
    let times =
        ["-1", "1e300", "253370764800"].map(|time| format!("{{\"received\":{time},\"document\":{good}}}\n"));
    fs::write(&file, format!("{long}{}{line}", times.concat())).unwrap();
    let imported = store(&["import", text(&data), text(&file), "--json"]);
    assert_eq!(imported.stdout, "{\"imported\":1,\"refused\":4}\n", "{}", imported.stderr);
    assert!(imported.stderr.contains("line 1: it is longer than 64 MiB"), "{}", imported.stderr);
    assert!(imported.stderr.contains("before 1970 or after 9998"), "{}", imported.stderr);
}

#[test]
fn an_export_as_otlp_has_spans_as_they_were_sent_and_can_be_imported() {
    let place = tempfile::tempdir().unwrap();
    let (from, to, file) =
        (place.path().join("from"), place.path().join("to"), place.path().join("all.jsonl"));
    filled(&from);
    let fluoro = Fluoro::serve(&["--data-dir", text(&from)]);
    let span = json!({
        "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "GET /cart", "kind": 2,
        "startTimeUnixNano": "1764000000000000001", "endTimeUnixNano": "1764000000000000003",
        "attributes": [{ "key": "counts", "value": { "arrayValue": { "values": [{ "intValue": "9007199254740993" }] } } }],
    });
    let sent = json!({ "resourceSpans": [{
        "resource": { "attributes": [{ "key": "service.name", "value": { "stringValue": "cart" } }] },
        "scopeSpans": [{ "scope": { "name": "axum" }, "spans": [span] }],
    }] });
    assert_eq!(fluoro.post("/v1/traces", &sent).0, 200);
    assert!(fluoro.end(Signal::TERM).status.success());

    let exported = store(&["export", text(&from), "--format", "otlp", "-o", text(&file), "--json"]);
    assert_eq!(exported.stdout, "{\"traces\":21}\n", "{}", exported.stderr);
    let of_span = |lines: &str| -> Vec<Value> {
        let requests = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        requests.filter(|request| request.to_string().contains("eee19b7ec3c1b174")).collect()
    };
    let lines = fs::read_to_string(&file).unwrap();
    assert_eq!(of_span(&lines), [sent]);

    fs::write(&file, format!("{lines}{{\"resourceSpans\":[{{]}}\n")).unwrap();
    let imported = store(&["import", text(&to), text(&file), "--json"]);
    assert_eq!(imported.stdout, "{\"imported\":21,\"refused\":1}\n");
    assert!(imported.stderr.contains("line 22: "), "{}", imported.stderr);
    let again = store(&["export", text(&to), "--format", "otlp", "-o", "-"]);
    assert_eq!(again.stdout.lines().count(), 21);
    assert_eq!(of_span(&again.stdout), of_span(&lines));
    // What was a segment is a span now, and says the same.
    let spans = |lines: &str| lines.matches("\"fluoro.xray\"").count() as u64;
    assert_eq!((spans(&lines), spans(&again.stdout)), (SEGMENTS, SEGMENTS));
}
