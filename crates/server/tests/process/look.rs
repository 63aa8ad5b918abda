//! The commands that ask a running server, against a real one.

use std::io::Read;
use std::process::Stdio;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::child::{Ended, Fluoro, command, run};

/// A trace that fails with an exception, whose name would clear a screen.
fn failing(number: u64) -> (String, Value) {
    let (trace, mut document) = crate::child::segment(number);
    document["fault"] = json!(true);
    document["http"] =
        json!({"request": {"method": "GET", "url": "http://shop/call"}, "response": {"status": 500}});
    let exception = json!({"id": "00000000000000aa", "type": "UnknownHost\u{1b}[2J", "message": "Name or service not known",
        "stack": [{"path": "Call.java", "line": 12, "label": "call"}]});
    document["cause"] = json!({"working_directory": "/", "exceptions": [exception]});
    (trace, document)
}

fn ask(fluoro: &Fluoro, arguments: &[&str]) -> Ended {
    run(command(arguments).env("FLUORO_ENDPOINT", fluoro.http.to_string()))
}

/// A server that has one failing trace, and what its search says.
fn server() -> (Fluoro, String) {
    let fluoro = Fluoro::serve(&["--store", "memory"]);
    let (trace, document) = failing(1);
    fluoro.send(&document);
    fluoro.eventually("the trace to be found", || {
        (ask(&fluoro, &["search", "fault = true"]).status.code() == Some(0)).then_some(())
    });
    (fluoro, trace)
}

#[test]
fn a_trace_is_searched_drawn_and_diagnosed() {
    let (fluoro, trace) = server();
    let found = ask(&fluoro, &["search", "service(\"front\") { fault }"]);
    assert!(
        found.stdout.contains(&trace) && found.stdout.contains("GET http://shop/call"),
        "{}",
        found.stdout
    );
    let json = ask(&fluoro, &["search", "--json", "--limit", "1"]);
    let row: Value = serde_json::from_str(json.stdout.trim()).unwrap();
    assert_eq!(row["id"], trace.as_str());

    let drawn = ask(&fluoro, &["trace", &trace]);
    assert_eq!(drawn.status.code(), Some(0), "{}", drawn.stderr);
    for part in ["front", "fault 500", "UnknownHost·[2J: Name or service not known", "call (Call.java:12)"] {
        assert!(drawn.stdout.contains(part), "{part:?} is not in {}", drawn.stdout);
    }
    assert!(!drawn.stdout.contains('\u{1b}'), "no colour where no terminal is, and no escape of a stranger");

    let fate = ask(&fluoro, &["doctor", &format!("Root={trace};Sampled=1")]);
    assert_eq!(fate.status.code(), Some(0));
    assert!(fate.stdout.starts_with(&format!("found {trace}")), "{}", fate.stdout);
    let unknown = ask(&fluoro, &["doctor", "1-00000000-000000000000000000000000"]);
    assert_eq!(unknown.status.code(), Some(1), "{}", unknown.stdout);
}

#[test]
fn issues_are_told_and_the_exit_code_says_whether_there_are_any() {
    let fluoro = Fluoro::serve(&["--store", "memory"]);
    let quiet = ask(&fluoro, &["issues", "--exit-code"]);
    assert_eq!(quiet.status.code(), Some(0), "{}", quiet.stdout);
    assert!(quiet.stdout.starts_with("ok nothing is broken"), "{}", quiet.stdout);
    for number in 1..=20 {
        fluoro.send(&failing(number).1);
    }
    let told = fluoro.eventually("an issue", || {
        let told = ask(&fluoro, &["issues", "--exit-code"]);
        (told.status.code() == Some(1)).then_some(told)
    });
    assert!(told.stdout.contains("front is failing"), "{}", told.stdout);
    let json: Value = serde_json::from_str(&ask(&fluoro, &["issues", "--json"]).stdout).unwrap();
    assert_eq!(json["entries"][0]["node"], "front");
}

#[test]
fn tail_prints_what_arrives_and_ends_with_its_reader() {
    let fluoro = Fluoro::serve(&["--store", "memory"]);
    let mut tail = command(&["tail", "--json", "--filter", "fault = true"]);
    let mut tail = tail
        .env("FLUORO_ENDPOINT", fluoro.http.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = tail.stdout.take().unwrap();
    // It may not listen yet when a trace is sent, so they are sent until one is printed.
    let (printed, first) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut line = [0; 16];
        out.read_exact(&mut line).unwrap();
        printed.send(String::from_utf8_lossy(&line).into_owned()).unwrap();
    });
    let mut number = 0;
    let beginning = fluoro.eventually("a line", || {
        number += 1;
        fluoro.send(&failing(number).1);
        first.recv_timeout(std::time::Duration::from_millis(100)).ok()
    });
    assert!(beginning.starts_with("{\"id\":\"1-"), "{beginning}");
    reader.join().unwrap();
    // Nobody reads any more: the next trace ends it, and that is no failure.
    let status = fluoro.eventually("the end of tail", || {
        number += 1;
        fluoro.send(&failing(number).1);
        tail.try_wait().unwrap()
    });
    assert_eq!(status.code(), Some(0));
    assert_eq!(fluoro.end(Signal::TERM).status.code(), Some(0));
}

#[test]
fn what_cannot_be_asked_is_said_with_the_remedy() {
    let (fluoro, _) = server();
    let bad = ask(&fluoro, &["search", "responsetime >"]);
    assert_eq!(bad.status.code(), Some(2), "{}", bad.stdout);
    assert!(bad.stderr.starts_with("fluoro: "), "{}", bad.stderr);
    let nobody = run(&mut command(&["issues", "--endpoint", "http://127.0.0.1:1"]));
    assert_eq!(nobody.status.code(), Some(2));
    assert!(nobody.stderr.contains("is `fluoro serve` running there?"), "{}", nobody.stderr);
    let pipe = ask(&fluoro, &["top"]);
    assert_eq!(pipe.status.code(), Some(2));
    assert!(pipe.stderr.contains("`fluoro issues`"), "{}", pipe.stderr);
}
