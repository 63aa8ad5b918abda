//! An issue is saved as a file, by a server and from its directory, and the file shows it again to whoever opens it.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use capsule::{Head, Issue, VERSION, Writer};
use model::Timestamp;
use rustix::process::Signal;
use serde_json::{Value, json};
use settings::portable::Row;

use crate::child::{Ended, Fluoro, command, run, segment};

const FAILING: u64 = 20;

fn failing(number: u64) -> Value {
    let (_, mut document) = segment(number);
    document["fault"] = json!(true);
    document["user"] = json!(format!("user{number}@example.com"));
    document["http"] =
        json!({"request": {"method": "GET", "url": "http://shop/call"}, "response": {"status": 500}});
    let exception = json!({"id": "00000000000000aa", "type": "UnknownHost", "message": "no such name"});
    document["cause"] = json!({"working_directory": "/", "exceptions": [exception]});
    document
}

fn ask(fluoro: &Fluoro, arguments: &[&str]) -> Ended {
    run(command(arguments).env("FLUORO_ENDPOINT", fluoro.http.to_string()))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What the first screen says of the issue, without what the clock alone changes.
fn entry(fluoro: &Fluoro) -> Option<Value> {
    let told: Value = serde_json::from_str(&ask(fluoro, &["issues", "--json"]).stdout).unwrap();
    let mut entry = told["entries"][0].clone();
    (entry["failing"] == FAILING).then(|| {
        entry["sentence"].take();
        entry["episode"]["sparks"].take();
        entry
    })
}

/// As `fluoro open` is asked: the entry can only be found by the capsule's own clock.
fn opened(file: &Path) -> (Fluoro, Value) {
    let capsule = Fluoro::start(&mut command(&["open", text(file)]));
    let entry = capsule.eventually("the issue in the capsule", || entry(&capsule));
    (capsule, entry)
}

#[test]
fn a_capsule_shows_the_issue_again_and_lets_nobody_change_it() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let fluoro = Fluoro::serve(&["--data-dir", text(&data), "--capsule-redact", "client_ip"]);
    (1..=FAILING).for_each(|number| fluoro.send(&failing(number)));
    let before = fluoro.eventually("an issue", || entry(&fluoro));
    let id = before["id"].as_str().unwrap();

    let by_server = place.path().join("by-server.capsule");
    let saved =
        ask(&fluoro, &["capsule", "--issue", id, "-o", text(&by_server), "--redact", "user", "--json"]);
    assert_eq!(saved.status.code(), Some(0), "{}", saved.stderr);
    let told: Value = serde_json::from_str(&saved.stdout).unwrap();
    assert_eq!(told["bytes"], fs::metadata(&by_server).unwrap().len());
    let again = ask(&fluoro, &["capsule", "--issue", id, "-o", text(&by_server)]);
    assert!(again.stderr.contains("is there already"), "{}", again.stderr);
    for wrong in ["nothing", "failing!front!17", "failing!front!99999999999999999999"] {
        let unknown = ask(&fluoro, &["capsule", "--issue", wrong, "-o", text(&place.path().join("none"))]);
        assert!(unknown.stderr.contains("there is no such issue"), "{wrong}: {}", unknown.stderr);
    }
    let in_use = run(&mut command(&["capsule", "--issue", id, "--data-dir", text(&data)]));
    assert!(in_use.stderr.contains("ask that one with --endpoint"), "{}", in_use.stderr);
    assert!(fluoro.end(Signal::TERM).status.success());

    let (capsule, entry) = opened(&by_server);
    // Who is affected is counted by what was taken out.
    assert_eq!(entry["users"], 1);
    let (status, refusal) = capsule.post("/TraceSegments", &json!({ "TraceSegmentDocuments": ["{}"] }));
    assert_eq!((status, &refusal["__type"]), (403, &json!("AccessDeniedException")), "{refusal}");
    assert_eq!(capsule.post("/api/test-trace", &json!({})).0, 403);
    assert_eq!(capsule.post("/api/xray/DeleteGroup", &json!({ "GroupName": "a" })).0, 403);
    let (status, _) = capsule.post("/api/cloudwatch/DeleteAlarms", &json!({ "AlarmNames": ["a"] }));
    assert_eq!(status, 403);
    assert_eq!(capsule.post("/api/cloudwatch/DescribeAlarms", &json!({})).0, 200);
    let example = entry["example"].as_str().unwrap();
    let trace = ask(&capsule, &["trace", example]);
    assert!(trace.stdout.contains("UnknownHost: no such name"), "{} {}", trace.stdout, trace.stderr);
    let raw = ask(&capsule, &["search", "--json"]).stdout;
    assert!(raw.contains(example) && !raw.contains("@example.com"), "{raw}");
    assert!(capsule.end(Signal::TERM).status.success());

    let by_directory = place.path().join("by-directory.capsule");
    let saved =
        run(&mut command(&["capsule", "--issue", id, "--data-dir", text(&data), "-o", text(&by_directory)]));
    assert_eq!(saved.status.code(), Some(0), "{}", saved.stderr);
    let (capsule, entry) = opened(&by_directory);
    assert_eq!(entry, before);
    assert!(capsule.end(Signal::TERM).status.success());
}

fn row(table: &str, values: &Value) -> Row {
    Row { table: table.to_owned(), values: values.as_object().cloned().unwrap() }
}

/// A capsule as its format allows it, of one request and of what somebody else would like to be set up and noticed.
fn made(settings: &[Row], alerts: &[Row]) -> Vec<u8> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as i64;
    let head = Head {
        version: VERSION,
        made_by: "0.1.0".to_owned(),
        made: now,
        issue: Issue { id: "failing!shop!1".to_owned(), sentence: "It fails".to_owned() },
        from: now - 60_000_000,
        to: now,
        traces: 1,
        with_documents: 0,
        complete: true,
        redacted: Vec::new(),
    };
    let mut writer = Writer::new(&head).unwrap();
    writer.document(Timestamp(now - 1), segment(1).1.to_string().as_bytes()).unwrap();
    settings.iter().for_each(|row| writer.setting(row).unwrap());
    alerts.iter().for_each(|row| writer.alert(row).unwrap());
    let mut bytes = writer.take();
    bytes.extend(writer.finish(true).unwrap());
    bytes
}

#[test]
fn what_is_no_capsule_is_told_in_a_sentence_and_leaves_nothing_behind() {
    let place = tempfile::tempdir().unwrap();
    let check = |name: &str, bytes: &[u8], expected: &str| {
        let file = place.path().join(name);
        fs::write(&file, bytes).unwrap();
        let ended =
            run(command(&["open", text(&file)]).env("TMPDIR", place.path()).current_dir(place.path()));
        assert_eq!(ended.status.code(), Some(1), "{name}");
        assert!(ended.stderr.contains(expected), "{name}: {}", ended.stderr);
    };
    check("text", b"hello", "no capsule");
    check("empty", b"", "no capsule");
    check("cut", b"\x28\xb5\x2f\xfd", "cut short");
    let view = json!({ "name": "a", "page": "javascript:alert(1)", "query": "", "saved_micros": 1 });
    check(
        "view",
        &made(&[row("views", &view)], &[]),
        "its settings are damaged: a saved view cannot be read",
    );
    let link = json!({ "place": 0, "service": "*", "title": "Logs", "url": "javascript:alert(1)" });
    check("link", &made(&[row("log_links", &link)], &[]), "a link to logs cannot be read");
    let elsewhere = row("sqlite_master", &json!({}));
    check(
        "table",
        &made(&[], &[elsewhere]),
        "what was noticed is damaged: there is no table \"sqlite_master\"",
    );
    let ended = run(&mut command(&["open", text(place.path())]));
    assert!(ended.stderr.contains("it is no file"), "{}", ended.stderr);
    let missing = run(&mut command(&["open", "/nonexistent"]));
    assert!(missing.stderr.contains("No such file"), "{}", missing.stderr);
    let mut left: Vec<_> =
        fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["cut", "empty", "link", "table", "text", "view"]);
}
