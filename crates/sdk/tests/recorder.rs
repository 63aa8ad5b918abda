//! What is sent for segments and subsegments: documents, headers, limits, and what is counted.

mod support;

use std::collections::HashMap;
use std::io;
use std::time::{Duration, SystemTime};

use fluoro_sdk::{
    AnnotationValue, ContextMissing, Document, Emit, EmitOutcome, HttpRequest, HttpResponse, Namespace,
    Recorder, SamplingRequest, Sql, TraceHeader, subsegment,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{recording, with};

const ROOT: &str = "1-5759e988-bd862e3fe1be46a994272793";

fn only(mut documents: Vec<Value>) -> Value {
    assert_eq!(documents.len(), 1, "{documents:#?}");
    documents.remove(0)
}

fn header(text: &str) -> TraceHeader {
    text.parse().expect("a header")
}

#[test]
fn a_segment_holds_its_subsegments_and_what_was_said_of_them() {
    let recording = recording();
    let start = SystemTime::UNIX_EPOCH + Duration::from_micros(1_700_000_000_000_001);
    recording.recorder.segment("shop").start_at(start).run(|| {
        fluoro_sdk::user("ada");
        fluoro_sdk::annotate("tenant", "acme");
        fluoro_sdk::annotate("tenant", "globex");
        fluoro_sdk::metadata_in("story", "purpose", &json!({"words": ["hello", "wörld"]}));
        let call = subsegment("api.example.com").namespace(Namespace::Remote).enter();
        call.http_request(HttpRequest {
            method: "GET".into(),
            url: "http://api.example.com/x".into(),
            ..Default::default()
        });
        call.http_response(HttpResponse { status: 429, content_length: Some(7) });
        drop(call);
        subsegment("shop@db").namespace(Namespace::Remote).run(|| {
            fluoro_sdk::current()
                .unwrap()
                .sql(Sql { database_type: Some("SQLite".into()), ..Sql::default() });
        });
    });
    let document = only(recording.documents());
    assert_eq!(document["name"], "shop");
    assert_eq!(document["user"], "ada");
    assert_eq!(document["annotations"], json!({"tenant": "globex"}));
    assert_eq!(document["metadata"], json!({"story": {"purpose": {"words": ["hello", "wörld"]}}}));
    assert_eq!(document["aws"]["xray"]["sdk"], "Fluoro for Rust");
    assert_eq!(document["service"]["runtime"], "rust");
    assert!(document["start_time"].to_string().starts_with("1700000000.00000"), "{}", document["start_time"]);
    let [call, sql] = &document["subsegments"].as_array().unwrap()[..] else { panic!("{document}") };
    assert_eq!(
        (&call["namespace"], &call["error"], &call["throttle"]),
        (&json!("remote"), &json!(true), &json!(true))
    );
    assert_eq!(call["fault"], Value::Null);
    assert_eq!(
        call["http"],
        json!({"request": {"method": "GET", "url": "http://api.example.com/x"},
        "response": {"status": 429, "content_length": 7}})
    );
    assert_eq!(sql["sql"], json!({"database_type": "SQLite", "preparation": "statement"}));
}

#[test]
fn members_come_in_an_order_in_which_the_daemon_finds_the_ids() {
    let text = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    #[derive(Debug, Clone)]
    struct Last(std::sync::Arc<std::sync::Mutex<String>>);
    impl Emit for Last {
        fn emit(&self, document: Document<'_>) -> EmitOutcome {
            *self.0.lock().unwrap() = String::from_utf8(document.datagram().to_vec()).unwrap();
            EmitOutcome::Sent
        }
    }
    let recording = with(|builder| builder.emitter(Last(std::sync::Arc::clone(&text))));
    recording
        .recorder
        .segment("shop")
        .header(&header(&format!("Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1")))
        .run(|| {
            fluoro_sdk::fault();
            fluoro_sdk::annotate("a", 1);
        });
    assert!(recording.recorder.flush(Duration::from_secs(120)));
    let text = text.lock().unwrap().clone();
    let (frame, document) = text.split_once('\n').unwrap();
    assert_eq!(frame, r#"{"format":"json","version":1}"#);
    assert!(!document.contains('\n') && !document.contains(": "), "{document}");
    let places: Vec<_> = [
        "id",
        "trace_id",
        "name",
        "start_time",
        "end_time",
        "parent_id",
        "fault",
        "aws",
        "service",
        "annotations",
    ]
    .iter()
    .map(|key| document.find(&format!("\"{key}\":")).unwrap_or_else(|| panic!("{key} in {document}")))
    .collect();
    assert!(places.is_sorted(), "{document}");
    assert!(document.starts_with("{\"id\":\""));
}

#[test]
fn the_header_decides_and_is_passed_on() {
    let recording = recording();
    let check = |incoming: &str, expected: &str| {
        let segment = recording.recorder.segment("shop").header(&header(incoming)).enter();
        let sent = fluoro_sdk::current_header().unwrap().to_string();
        let own = segment.id().map(|id| id.to_string()).unwrap_or_default();
        assert_eq!(sent.replace(&own, "own"), expected.to_owned());
    };
    check(
        &format!("Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1"),
        &format!("Root={ROOT};Parent=own;Sampled=1"),
    );
    check(
        &format!("Root={ROOT};Lineage=a:1|b:2;k=v;Self=1-x"),
        &format!("Root={ROOT};Parent=own;Sampled=1;Lineage=a:1|b:2;k=v"),
    );
    let stats = recording.recorder.stats();
    assert_eq!((stats.sampled, stats.unsampled, stats.open_segments), (2, 0, 0));
    // What is not recorded has no ids, and the next service must not decide otherwise.
    let unsampled = recording
        .recorder
        .segment("shop")
        .header(&header(&format!("Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=0;k=v")))
        .enter();
    assert_eq!(fluoro_sdk::current_header().unwrap().to_string(), format!("Root={ROOT};Sampled=0;k=v"));
    assert!(!unsampled.is_sampled() && fluoro_sdk::log_id().is_empty());
    subsegment("x").run(|| fluoro_sdk::annotate("never", 1));
    drop(unsampled);
    assert_eq!(recording.documents().len(), 2);
    assert_eq!(recording.recorder.stats().unsampled, 1);
    assert!(fluoro_sdk::current().is_none());
}

#[test]
fn begin_without_header_asks_the_sampler() {
    let rules = r#"{"version":1,"rules":[{"description":"Healthy check","service_name":"*","http_method":"GET",
        "url_path":"/healthcheck","fixed_target":0,"rate":0}],"default":{"fixed_target":1,"rate":1}}"#;
    let memory = fluoro_sdk::Memory::default();
    let recorder =
        Recorder::builder().sampling_rules(rules).emitter(memory).environment(|_| None).build().unwrap();
    let is_sampled = |method, path| {
        let request =
            SamplingRequest { method: Some(method), path: Some(path), ..SamplingRequest::default() };
        recorder.segment("shop").request(request).begin().is_sampled()
    };
    assert!(!is_sampled("GET", "/healthcheck"));
    assert!(is_sampled("GET", "/"));
    assert!(is_sampled("POST", "/healthcheck"));
}

#[test]
fn segment_is_sent_at_its_end_and_late_child_joins_it() {
    let recording = recording();
    let segment = recording.recorder.segment("shop").begin();
    let late = subsegment("late").child_of(&segment).begin();
    let handle = segment.entity();
    drop(segment);
    assert_eq!(recording.documents().len(), 1);
    // One that begins under what has ended hangs on what is left of its ancestors.
    drop(subsegment("later").child_of(&late).begin());
    drop(late);
    assert_eq!(recording.parent("late"), "shop");
    assert_eq!(recording.parent("later"), "late");
    let document = recording.documents().remove(2);
    assert_eq!(document["type"], "subsegment");
    assert_eq!(document["trace_id"], handle.trace_id().unwrap().to_string());
    handle.fault();
    handle.end();
    assert_eq!(recording.recorder.stats().dropped.after_end, 2);
    assert_eq!(recording.recorder.stats().open_segments, 0);
}

#[test]
fn an_ended_entity_is_never_a_parent() {
    let recording = recording();
    let segment = recording.recorder.segment("shop").enter();
    let first = subsegment("first").enter();
    let second = subsegment("second").enter();
    // In the wrong order: the inner one is current still, and goes back to nobody who has ended.
    drop(first);
    drop(second);
    drop(subsegment("third").enter());
    drop(segment);
    assert!(fluoro_sdk::current().is_none());
    assert_eq!(recording.parent("third"), "shop");
    assert_eq!(recording.parent("second"), "first");
}

/// Guards know where they are; in whichever order they go, each entity keeps the parent it began with.
#[test]
fn guards_may_be_dropped_in_every_order() {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for (order, has_handles) in orders.into_iter().flat_map(|order| [(order, false), (order, true)]) {
        let recording = recording();
        let segment = recording.recorder.segment("shop").enter();
        let mut guards = ["a", "b", "c"].map(|name| Some(subsegment(name).enter()));
        let handles: Vec<_> =
            guards.iter().flatten().filter(|_| has_handles).map(|guard| guard.id()).collect();
        for (step, guard) in order.into_iter().enumerate() {
            fluoro_sdk::annotate(format!("before{step}"), true);
            drop(guards[guard].take());
        }
        subsegment("last").run(|| ());
        drop(segment);
        assert!(fluoro_sdk::current().is_none());
        let parents = ["a", "b", "c", "last"].map(|name| recording.parent(name));
        assert_eq!(parents, ["shop", "a", "b", "shop"], "{order:?} {has_handles}");
        assert_eq!(recording.entities().len(), 5);
        assert_eq!(handles.len(), if has_handles { 3 } else { 0 });
        assert_eq!(recording.recorder.stats().dropped.after_end, 0);
    }
}

#[test]
fn ended_subsegments_leave_when_there_are_many() {
    let recording = with(|builder| builder.streaming(30));
    let segment = recording.recorder.segment("shop").enter();
    for _ in 0..31 {
        subsegment("outer").run(|| subsegment("inner").run(|| ()));
    }
    let sent = recording.entities().len();
    assert_eq!(sent, 62 / 31 * 31, "whole loads of 31 leave");
    drop(segment);
    let entities = recording.entities();
    assert_eq!(entities.len(), 1 + 62);
    let known: HashMap<_, _> =
        entities.iter().map(|entity| (entity.id.clone(), entity.name.clone())).collect();
    for entity in entities.iter().filter(|entity| entity.name == "inner") {
        assert_eq!(known[entity.parent.as_ref().unwrap()], "outer");
    }
}

#[test]
fn nothing_above_the_limit_is_lost_whole() {
    let recording = with(|builder| builder.streaming(10_000));
    recording.recorder.segment("shop").run(|| {
        for number in 0..5_000 {
            subsegment("part").run(|| fluoro_sdk::annotate("number", number));
        }
        fluoro_sdk::metadata("small", &1);
        fluoro_sdk::metadata("large", &"x".repeat(200_000));
    });
    let documents = recording.documents();
    assert!(documents.len() > 5, "{}", documents.len());
    assert!(documents.iter().all(|document| document.to_string().len() < 64 << 10));
    assert_eq!(recording.entities().len(), 5_001);
    let segment = recording.entity("shop").value;
    assert_eq!(segment["metadata"]["default"], json!({"small": 1, "large": {"truncated_bytes": 200_002}}));
    assert_eq!(recording.recorder.stats().dropped.trimmed, 1);
    assert_eq!(recording.recorder.stats().dropped.too_large, 0);
}

#[test]
fn ten_thousand_levels_serialise() {
    let recording = with(|builder| builder.streaming(10_000));
    let segment = recording.recorder.segment("shop").begin();
    let mut open = vec![subsegment("0").child_of(&segment).begin()];
    for level in 1..9_000 {
        open.push(subsegment(level.to_string()).child_of(open.last().unwrap()).begin());
    }
    while open.pop().is_some() {}
    drop(segment);
    assert_eq!(recording.entities().len(), 9_001);
    assert_eq!(recording.parent("8999"), "8998");
}

#[test]
fn a_smaller_limit_of_the_network_is_learnt() {
    #[derive(Debug)]
    struct Narrow(fluoro_sdk::Memory);
    impl Emit for Narrow {
        fn emit(&self, document: Document<'_>) -> EmitOutcome {
            if document.datagram().len() > 9_216 { EmitOutcome::TooLarge } else { self.0.emit(document) }
        }
    }
    let memory = fluoro_sdk::Memory::default();
    let recording = with(|builder| builder.emitter(Narrow(memory.clone())).streaming(10_000));
    recording.recorder.segment("shop").run(|| {
        fluoro_sdk::metadata("large", &"x".repeat(20_000));
        (0..500).for_each(|_| subsegment("part").run(|| fluoro_sdk::annotate("a", "b")));
    });
    assert!(recording.recorder.flush(Duration::from_secs(120)));
    let count: usize = memory.json().iter().map(|document| document.matches("\"name\":").count()).sum();
    assert_eq!(count, 501);
}

#[test]
fn bad_input_is_bounded_and_counted() {
    let recording = recording();
    recording.recorder.segment("\u{0}<script>\u{202e}").run(|| {
        for number in 0..100_000 {
            fluoro_sdk::annotate(format!("key{number}"), number);
        }
        fluoro_sdk::annotate("…", "no key is left");
        fluoro_sdk::annotate("dotted.key", AnnotationValue::from("x"));
        fluoro_sdk::metadata_in("AWS.own", "x", &1);
        fluoro_sdk::metadata("not JSON", &HashMap::from([((1, 2), 3)]));
        fluoro_sdk::metadata("key \u{0}\"\\", &"\u{1}\u{2028}");
        fluoro_sdk::metadata("too large", &"x".repeat(1 << 20));
    });
    let document = only(recording.documents());
    assert_eq!(document["name"], "script");
    assert_eq!(document["metadata"], json!({"default": {"key \u{0}\"\\": "\u{1}\u{2028}"}}));
    let dropped = recording.recorder.stats().dropped;
    assert_eq!(dropped.attributes, 100_000 - 500 + 5);
}

#[test]
fn an_error_that_comes_up_is_told_once() {
    let recording = recording();
    #[derive(Debug)]
    struct Failed(io::Error);
    impl std::fmt::Display for Failed {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("cannot load")
        }
    }
    impl std::error::Error for Failed {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    recording.recorder.segment("shop").run(|| {
        subsegment("load").run(|| {
            subsegment("call").namespace(Namespace::Remote).run(|| {
                fluoro_sdk::error(&io::Error::from(io::ErrorKind::ConnectionRefused));
            });
            fluoro_sdk::error(&Failed(io::ErrorKind::ConnectionRefused.into()));
        });
        subsegment("other").run(|| fluoro_sdk::error(&io::Error::from(io::ErrorKind::ConnectionRefused)));
    });
    let call = recording.entity("call").value;
    let exception = &call["cause"]["exceptions"][0];
    assert_eq!(exception["type"], "std::io::Error(ConnectionRefused)");
    assert_eq!(exception["message"], "connection refused");
    assert!(exception["stack"][0]["path"].as_str().unwrap().ends_with("tests/recorder.rs"));
    assert_eq!(recording.entity("load").value["cause"], exception["id"]);
    assert_eq!(recording.entity("load").value["fault"], true);
    // A sibling's is its own.
    assert_eq!(recording.entity("other").value["cause"]["exceptions"][0]["message"], "connection refused");
}

#[test]
fn no_context_never_panics_and_a_disabled_recorder_does_nothing() {
    subsegment("nowhere").run(|| {
        fluoro_sdk::annotate("a", 1);
        fluoro_sdk::error(&io::Error::other("x"));
        assert!(fluoro_sdk::current_header().is_none());
    });
    let recorder = Recorder::builder()
        .environment(|key| (key == "AWS_XRAY_SDK_DISABLED").then(|| "TRUE".into()))
        .build()
        .unwrap();
    let segment = recorder.segment("shop").header(&header(&format!("Root={ROOT};Sampled=1"))).enter();
    assert!(!recorder.is_enabled() && segment.trace_id().is_none());
    assert!(recorder.flush(Duration::ZERO));
}

#[test]
fn mistakes_are_told_all_at_once() {
    let error = Recorder::builder()
        .daemon("nowhere")
        .sampling_rules("{")
        .sampling_rules_file("/no/such/file")
        .context_missing(ContextMissing::IgnoreError)
        .environment(|_| None)
        .build()
        .unwrap_err();
    assert_eq!(error.problems().len(), 3, "{error}");
    assert!(error.to_string().contains("/no/such/file"));
}

#[test]
fn a_full_queue_drops_the_newest_and_counts() {
    #[derive(Debug)]
    struct Slow {
        in_hand: std::sync::mpsc::Sender<()>,
        go_on: std::sync::Mutex<std::sync::mpsc::Receiver<()>>,
    }
    impl Emit for Slow {
        fn emit(&self, _: Document<'_>) -> EmitOutcome {
            let _nobody_looks = self.in_hand.send(());
            let _gone = self.go_on.lock().unwrap().recv();
            EmitOutcome::Sent
        }
    }
    let (in_hand, taken) = std::sync::mpsc::channel();
    let (go_on, wait) = std::sync::mpsc::channel();
    let slow = Slow { in_hand, go_on: wait.into() };
    let recording = with(|builder| builder.emitter(slow).queue_bytes(10_000));
    // The thread takes whatever has come at once: only while it holds the first does the queue alone decide.
    recording.recorder.segment("shop").run(|| ());
    taken.recv_timeout(Duration::from_secs(120)).unwrap();
    (1..1_000).for_each(|_| recording.recorder.segment("shop").run(|| ()));
    let stats = recording.recorder.stats();
    assert_eq!(stats.ended, 1_000);
    assert!(stats.dropped.queue_full > 800, "{stats:?}");
    drop(go_on);
    assert!(recording.recorder.flush(Duration::from_secs(120)));
    let stats = recording.recorder.stats();
    assert_eq!(stats.sent + stats.dropped.queue_full, 1_000);
}

#[test]
fn a_dead_daemon_is_counted_and_costs_nothing() {
    // Nobody else gets the port, and nobody listens: a socket that is connected hears its peer alone.
    let held = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    held.connect("127.0.0.1:9").unwrap();
    let address = held.local_addr().unwrap().to_string();
    let recorder =
        Recorder::builder().daemon(address).sample_all(true).environment(|_| None).build().unwrap();
    let begin = std::time::Instant::now();
    // The kernel tells of a datagram when the next is sent, or later.
    while recorder.stats().dropped.refused < 4 {
        recorder.segment("shop").run(|| ());
        assert!(recorder.flush(Duration::from_secs(120)));
        assert!(begin.elapsed() < Duration::from_secs(120), "{:?}", recorder.stats());
    }
    let stats = recorder.stats();
    assert_eq!(stats.sent + stats.dropped.refused, stats.ended);
    assert_eq!(stats.open_segments, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the tree, the limit of what is held and the order of ends: each entity is in exactly one document,
    /// under its parent.
    #[test]
    fn folded_documents_are_the_tree(parents in prop::collection::vec(0_usize..20, 1..60), streaming in 0_usize..40, ends in any::<u64>(), size in 0_usize..6_000) {
        let recording = with(|builder| builder.streaming(streaming));
        let segment = recording.recorder.segment("root").begin();
        let mut open = Vec::new();
        let mut expected = HashMap::new();
        for (index, parent) in parents.iter().enumerate() {
            let parent: Option<&fluoro_sdk::OpenEntity> = open.get(*parent);
            let builder = subsegment(format!("n{index}"));
            let child = match parent {
                Some(parent) => builder.child_of(&parent.entity()).begin(),
                None => builder.child_of(&segment.entity()).begin(),
            };
            child.metadata("m", &"x".repeat(size));
            expected.insert(child.id().unwrap().to_string(), parent.unwrap_or(&segment).entity().id().unwrap().to_string());
            open.push(child);
        }
        let mut segment = Some(segment);
        let mut random = ends;
        while !open.is_empty() {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            if random >> 60 == 0 {
                segment = None;
            }
            drop(open.swap_remove((random >> 33) as usize % open.len()));
        }
        drop(segment);
        let entities = recording.entities();
        prop_assert_eq!(entities.len(), parents.len() + 1);
        for entity in entities.iter().filter(|entity| entity.name != "root") {
            prop_assert_eq!(entity.parent.as_ref(), expected.get(&entity.id));
        }
    }
}
