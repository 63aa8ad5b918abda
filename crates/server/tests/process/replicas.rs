//! Two processes over replicas of ClickHouse, of which one dies.

use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::child::{Fluoro, segment};
use crate::cluster::{Place, raw};

fn control(what: &str) {
    let script = std::env::var("FLUORO_TEST_CONTROL").unwrap();
    assert!(Command::new(script).args([what, "replica-1"]).status().unwrap().success());
}

/// However a test ends, the next one has both.
struct Resumed;

impl Drop for Resumed {
    fn drop(&mut self) {
        control("resume");
    }
}

fn replicas_out(server: &Fluoro, count: u32) {
    server.eventually("the metric of replicas", || {
        let (_, text) = raw(server.http, "GET /metrics");
        text.contains(&format!("fluoro_store_replicas_out {count}\n")).then_some(())
    });
}

/// Posts until they are taken, as agents do.
fn post(server: &Fluoro, documents: &[Value]) {
    let documents: Vec<String> = documents.iter().map(Value::to_string).collect();
    server.eventually("the documents to be taken", || {
        let (status, answer) = server.post("/TraceSegments", &json!({ "TraceSegmentDocuments": documents }));
        (status == 200 && answer["UnprocessedTraceSegments"] == json!([])).then_some(())
    });
}

fn summaries(server: &Fluoro, count: usize) {
    server.eventually("their summaries", || {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
        let range = json!({ "StartTime": now - 600.0, "EndTime": now + 60.0 });
        let (_, answer) = server.post("/TraceSummaries", &range);
        (answer["TraceSummaries"].as_array()?.len() == count).then_some(())
    });
}

#[test]
fn a_replica_may_die_and_come_back() {
    let Some(place) = Place::replicated() else { return };
    let [one, other] = [place.serve(&[]), place.serve(&[])];
    let (ids, documents): (Vec<String>, Vec<Value>) = (1..=8).map(segment).unzip();
    post(&one, &documents[..4]);
    for server in [&one, &other] {
        summaries(server, 4);
    }
    let resumed = Resumed;
    control("kill");
    for server in [&one, &other] {
        replicas_out(server, 1);
    }
    post(&other, &documents[4..]);
    for server in [&one, &other] {
        summaries(server, 8);
        assert_eq!(server.known(&ids), 8);
        assert!(raw(server.http, "GET /readyz").0.contains(" 200 "));
    }
    drop(resumed);
    for server in [&one, &other] {
        replicas_out(server, 0);
        assert_eq!(server.known(&ids), 8);
    }
}
