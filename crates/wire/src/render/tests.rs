//! Rendering of traces that are put together by hand.

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use model::segment::{DocumentKind, Sequence};
use model::{NodeKey, NodeKind, Timestamp, TraceId};
use proptest::prelude::*;
use serde_json::json;

use super::*;

const TRACE_ID: &str = "1-581cf771-a006649127e371903a2de979";

pub(crate) fn stored(raw: &[u8]) -> Arc<StoredDocument> {
    let document = crate::decode(Bytes::copy_from_slice(raw)).unwrap();
    Arc::new(StoredDocument { place: Sequence(1).into(), received: Timestamp(0), document })
}

fn id(text: &str) -> EntityId {
    text.parse().unwrap()
}

/// A trace put together the simple way: the first of each id, holders before what they hold.
pub(crate) fn trace(documents: &[Arc<StoredDocument>]) -> Trace<'_> {
    let mut trace = Trace {
        id: documents[0].document.trace_id,
        spans: Vec::new(),
        segments: Vec::new(),
        orphans: 0,
        documents: documents.len(),
        first_received: Timestamp(0),
        last_received: Timestamp(0),
        last_sequence: Sequence(1),
    };
    let mut waiting: Vec<usize> = (0..documents.len()).collect();
    while !waiting.is_empty() {
        let before = waiting.len();
        waiting.retain(|&number| {
            let document = &documents[number].document;
            let holder = match document.kind {
                DocumentKind::Segment => None,
                DocumentKind::Subsegment => match index_of(&trace, document.entity.parent_id.unwrap()) {
                    None => return true,
                    holder => holder,
                },
            };
            place(&mut trace, number, &document.entity, holder);
            false
        });
        if waiting.len() == before {
            break;
        }
    }
    trace
}

fn index_of(trace: &Trace<'_>, id: EntityId) -> Option<SpanIndex> {
    trace.spans.iter().position(|span| span.entity.id == id)
}

fn place<'a>(trace: &mut Trace<'a>, document: usize, entity: &'a Entity, holder: Option<SpanIndex>) {
    if index_of(trace, entity.id).is_some() {
        return;
    }
    let index = trace.spans.len();
    let kind = if holder.is_some() { SpanKind::Subsegment } else { SpanKind::Segment };
    let segment = holder.map_or(index, |holder| trace.spans[holder].segment);
    trace.spans.push(span(Cow::Borrowed(entity), kind, Some(document), holder, segment));
    match holder {
        Some(holder) => trace.spans[holder].children.push(index),
        None => trace.segments.push(index),
    }
    for child in &entity.subsegments {
        place(trace, document, child, Some(index));
    }
}

fn span<'a>(
    entity: Cow<'a, Entity>,
    kind: SpanKind,
    document: Option<usize>,
    holder: Option<SpanIndex>,
    segment: SpanIndex,
) -> Span<'a> {
    Span {
        entity,
        kind,
        document,
        received: Timestamp(0),
        holder,
        caller: None,
        segment,
        children: Vec::new(),
        callees: Vec::new(),
        node: NodeKey { name: String::new(), kind: None, account: None },
        node_kind: NodeKind::Service,
    }
}

fn parsed(segment: &RenderedSegment) -> Value {
    serde_json::from_str(&segment.document).unwrap()
}

#[track_caller]
fn check(documents: &[Value], expected: &[Value]) {
    let documents: Vec<_> =
        documents.iter().map(|document| stored(document.to_string().as_bytes())).collect();
    let rendered = segments(&trace(&documents), &documents);
    let texts: Vec<_> = rendered.into_iter().map(|segment| segment.document.clone()).collect();
    let expected: Vec<_> = expected.iter().map(Value::to_string).collect();
    assert_eq!(texts, expected);
}

fn captured(folder: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(folder);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let datagrams = paths.into_iter().map(|path| fs::read(path).unwrap());
    datagrams.map(|datagram| crate::frame::split(&datagram).unwrap().to_vec()).collect()
}

/// What X-Ray is expected to give back of a captured document that has everything embedded.
fn expected(mut document: Value, is_segment: bool) -> Value {
    let object = document.as_object_mut().unwrap();
    if !is_segment {
        for key in ["type", "trace_id", "parent_id"] {
            object.shift_remove(key);
        }
    }
    if let Some(Value::Array(children)) = object.get_mut("subsegments") {
        let cleaned = children.drain(..).map(|child| expected(child, false)).collect();
        *children = cleaned;
    }
    document
}

#[test]
fn captured_segments_come_back_whole() {
    for folder in [
        "python-sdk-2.15.0/flask",
        "python-sdk-2.15.0/big",
        "python-sdk-2.15.0/async",
        "node-sdk-3.12.0/express",
    ] {
        for raw in captured(folder) {
            let documents = [stored(&raw)];
            let rendered = segments(&trace(&documents), &documents);
            let sent: Value = serde_json::from_slice(&raw).unwrap();
            assert_eq!(rendered.len(), 1);
            let texts = (rendered[0].document.clone(), expected(sent, true).to_string());
            assert_eq!(texts.0, texts.1, "{folder}");
        }
    }
}

#[test]
fn a_streamed_trace_is_folded_into_one_segment() {
    let raw = captured("python-sdk-2.15.0/stream");
    let documents: Vec<_> = raw.iter().map(|raw| stored(raw)).collect();
    let trace = trace(&documents);
    let rendered = segments(&trace, &documents);
    assert_eq!((rendered.len(), rendered[0].id), (1, id("1e265c919555b75c")));
    let document = parsed(&rendered[0]);
    let children = document["subsegments"].as_array().unwrap();
    let names: Vec<_> = children.iter().map(|child| child["name"].as_str().unwrap()).collect();
    let mut by_start = children.clone();
    by_start
        .sort_by(|one, other| one["start_time"].as_f64().partial_cmp(&other["start_time"].as_f64()).unwrap());
    assert_eq!(*children, by_start, "children stand by their start");
    for number in 0..12 {
        assert!(names.contains(&format!("work-{number}").as_str()), "{names:?}");
    }
    assert!(children.iter().all(|child| child.get("type").is_none() && child.get("trace_id").is_none()));
    let count: usize = documents.iter().map(|stored| stored.document.entity.count()).sum();
    assert_eq!(rendered[0].document.clone().matches("\"start_time\"").count(), count);
}

fn entity_json(id: &str, name: &str, start: f64) -> Value {
    json!({ "id": id, "name": name, "start_time": start, "end_time": start + 1.0 })
}

fn with(mut base: Value, more: Value) -> Value {
    let (Value::Object(members), Value::Object(more)) = (&mut base, more) else { panic!("two objects") };
    members.extend(more);
    base
}

#[test]
fn independent_subsegments_join_by_start_at_any_depth() {
    let sent = |id, name, start, parent: &str| {
        with(
            entity_json(id, name, start),
            json!({ "type": "subsegment", "trace_id": TRACE_ID, "parent_id": parent }),
        )
    };
    let embedded = entity_json("00000000000000e1", "embedded", 3.0);
    let segment = with(
        entity_json("00000000000000a1", "shop", 1.0),
        json!({ "trace_id": TRACE_ID, "subsegments": [embedded.clone()], "metadata": { "x": { "big": 1e300 } } }),
    );
    check(
        &[
            sent("00000000000000c1", "leaf", 2.5, "00000000000000b1"),
            sent("00000000000000b1", "late", 2.0, "00000000000000a1"),
            sent("00000000000000f1", "orphan", 2.0, "00000000000000ff"),
            sent("00000000000000d1", "inside", 3.5, "00000000000000e1"),
            segment.clone(),
        ],
        &[with(
            segment,
            json!({ "subsegments": [
                with(
                    entity_json("00000000000000b1", "late", 2.0),
                    json!({ "subsegments": [entity_json("00000000000000c1", "leaf", 2.5)] }),
                ),
                with(embedded, json!({ "subsegments": [entity_json("00000000000000d1", "inside", 3.5)] })),
            ] }),
        )],
    );
}

#[test]
fn what_xray_takes_away_is_gone_and_all_else_stays() {
    let sent = json!({
        "unknown": { "a": [null, 1.0, 1e3, -0.0] }, "id": "00000000000000A1", "name": "shop",
        "trace_id": "581cf771a006649127e371903a2de979", "start_time": 1790157326.5, "end_time": 1790157327,
        "in_progress": false, "subsegments": [],
        "http": { "request": { "traced": true, "method": "GET" }, "response": { "content_length": "many" } },
        "cause": { "working_directory": "", "exceptions": [{ "stack": [], "id": "x" }, { "stack": [1] }, 5] },
    });
    let mut kept = sent.clone();
    kept["trace_id"] = json!(TRACE_ID);
    kept["http"]["request"].as_object_mut().unwrap().shift_remove("traced");
    kept["http"]["response"].as_object_mut().unwrap().shift_remove("content_length");
    kept["cause"]["exceptions"] = json!([{ "id": "x" }, {}]);
    check(&[sent], &[kept]);
}

/// The members beside `id`, `name` and times of a segment with these ones, as `BatchGetTraces` gives them.
#[track_caller]
fn check_members(sent: &str, expected: &str) {
    let head = format!(
        r#"{{"id":"00000000000000a1","name":"shop","trace_id":"{TRACE_ID}","start_time":1,"end_time":2"#
    );
    let documents = [stored(format!("{head},{sent}}}").as_bytes())];
    let rendered = segments(&trace(&documents), &documents);
    let comma = if expected.is_empty() { "" } else { "," };
    assert_eq!(rendered[0].document, format!("{head}{comma}{expected}}}"), "{sent}");
}

#[test]
fn members_of_another_type_are_left_out_for_readers_that_have_types() {
    let check = check_members;
    check(r#""http":{"response":{"status":"200","content_length":"7"}}"#, r#""http":{"response":{}}"#);
    check(
        r#""http":{"response":{"status":200.0,"content_length":-1}}"#,
        r#""http":{"response":{"status":200,"content_length":-1}}"#,
    );
    check(r#""http":{"response":{"status":1e300}}"#, r#""http":{"response":{}}"#);
    check(r#""http":[],"aws":"x","sql":7,"service":null,"cause":false"#, "");
    check(r#""fault":1,"error":"true","throttle":false,"user":5"#, r#""throttle":false"#);
    check(r#""origin":{},"namespace":null,"resource_arn":[]"#, r#""namespace":null"#);
    check(
        r#""annotations":{"a":1,"b":[1],"c":null,"d":{"e":1},"f":"g"}"#,
        r#""annotations":{"a":1,"f":"g"}"#,
    );
    check(
        r#""annotations":[1],"metadata":"m","links":{},"precursor_ids":["00000000000000a2",5]"#,
        r#""precursor_ids":["00000000000000a2"]"#,
    );
    check(
        r#""metadata":{"default":{"anything":[null,{"at":"all"}]}}"#,
        r#""metadata":{"default":{"anything":[null,{"at":"all"}]}}"#,
    );
    check(
        r#""aws":{"retries":"2","operation":5,"ec2":{"instance_id":7},"own":[1]}"#,
        r#""aws":{"ec2":{},"own":[1]}"#,
    );
    check(
        r#""cause":{"paths":[1,"p"],"exceptions":[{"message":5,"remote":"no","stack":[{"line":"7","path":"p"}]},"x"]}"#,
        r#""cause":{"paths":["p"],"exceptions":[{"stack":[{"path":"p"}]}]}"#,
    );
    check(
        r#""sql":{"url":"u","user":1},"unknown":{"of":"nobody"}"#,
        r#""sql":{"url":"u"},"unknown":{"of":"nobody"}"#,
    );
    let child = r#"{"id":"00000000000000b1","name":"c","start_time":1,"end_time":2,"#;
    check(
        &format!(r#""subsegments":[{child}"http":{{"response":{{"status":"200"}}}}}}]"#),
        &format!(r#""subsegments":[{child}"http":{{"response":{{}}}}}}]"#),
    );
}

#[test]
fn numbers_come_back_in_the_digits_that_were_sent() {
    let text = r#""metadata":{"default":{"wei":1234567890123456789012345,"u64":18446744073709551615,"huge":1e400,"price":0.10}}"#;
    check_members(text, text);
    check_members(
        r#""annotations":{"n":1.50,"big":12345678901234567890123}"#,
        r#""annotations":{"n":1.50,"big":12345678901234567890123}"#,
    );
}

#[test]
fn subsegments_that_lost_to_another_version_leave_no_trace() {
    let twin = |name| {
        let child = entity_json("00000000000000c1", "child", 2.0);
        with(
            entity_json("00000000000000a1", name, 1.0),
            json!({ "trace_id": TRACE_ID, "subsegments": [child] }),
        )
    };
    let other = with(
        entity_json("00000000000000a2", "other", 1.0),
        json!({ "trace_id": TRACE_ID, "subsegments": [entity_json("00000000000000c1", "loser", 2.0)] }),
    );
    let mut without = other.clone();
    without.as_object_mut().unwrap().shift_remove("subsegments");
    check(&[twin("first"), twin("second"), other], &[twin("first"), without]);
}

#[test]
fn a_chain_of_any_length_is_rendered_without_endless_nesting() {
    let count = 5_000_u64;
    let documents: Vec<_> = (1..=count)
        .map(|number| {
            let mut document = entity_json(&EntityId(number).to_string(), "link", number as f64);
            document["trace_id"] = json!(TRACE_ID);
            if number > 1 {
                document["type"] = json!("subsegment");
                document["parent_id"] = json!(EntityId(number - 1).to_string());
            }
            stored(document.to_string().as_bytes())
        })
        .collect();
    let rendered = segments(&trace(&documents), &documents);
    let text = rendered[0].document.clone();
    assert_eq!(text.matches("\"link\"").count() as u64, count, "nothing is lost");
    // Of each level the array and the object.
    assert_eq!(crate::json::depth(&text), 1 + 2 * MAX_RENDERED_DEPTH);
}

/// A segment with one call of an AWS SDK, and the trace with the segment inferred from it.
fn with_inferred(documents: &[Arc<StoredDocument>]) -> Trace<'_> {
    let mut trace = trace(documents);
    let call = Entity {
        id: id("00000000000000ff"),
        parent_id: Some(id("00000000000000c1")),
        origin: Some("AWS::DynamoDB::Table".to_owned()),
        annotations: Vec::new(),
        ..trace.spans[1].entity.clone().into_owned()
    };
    let mut inferred = span(Cow::Owned(call), SpanKind::Inferred, None, None, 2);
    inferred.caller = Some(1);
    trace.spans.push(inferred);
    trace.segments.push(2);
    trace
}

fn caller() -> Value {
    let call = json!({
        "id": "00000000000000c1", "name": "DynamoDB", "start_time": 2.0000001, "end_time": 3, "namespace": "aws",
        "aws": { "operation": "GetItem", "table_name": "t", "retries": 1 }, "fault": true,
        "http": { "request": { "traced": true }, "response": { "status": 500, "content_length": -1 } },
        "cause": { "exceptions": [{ "message": "m" }] }, "annotations": { "a": 1 }, "metadata": { "d": {} },
    });
    with(entity_json("00000000000000a1", "shop", 1.0), json!({ "trace_id": TRACE_ID, "subsegments": [call] }))
}

#[test]
fn an_inferred_segment_says_what_its_call_said() {
    let documents = [stored(caller().to_string().as_bytes())];
    let rendered = segments(&with_inferred(&documents), &documents);
    let expected = json!({
        "id": "00000000000000ff", "name": "DynamoDB", "start_time": 2.0000001, "end_time": 3,
        "trace_id": TRACE_ID, "parent_id": "00000000000000c1",
        "http": { "request": {}, "response": { "status": 500, "content_length": -1 } },
        "aws": { "operation": "GetItem", "table_name": "t", "retries": 1 },
        "fault": true, "origin": "AWS::DynamoDB::Table", "inferred": true,
    });
    assert_eq!(rendered[1].document.clone(), expected.to_string());
    assert_eq!(parsed(&rendered[0])["subsegments"][0]["annotations"], json!({ "a": 1 }));
}

#[test]
fn one_entity_is_given_as_it_was_sent() {
    let documents = [stored(caller().to_string().as_bytes())];
    let trace = with_inferred(&documents);
    let check =
        |of: &str, expected: Option<Value>| assert_eq!(entity(&trace, &documents, id(of)), expected, "{of}");
    let mut segment = caller();
    let call = segment["subsegments"][0].take();
    segment.as_object_mut().unwrap().shift_remove("subsegments");
    check("00000000000000a1", Some(segment));
    check("00000000000000c1", Some(call));
    assert_eq!(entity(&trace, &documents, id("00000000000000ff")).unwrap()["inferred"], json!(true));
    check("00000000000000ee", None);
}

#[test]
fn a_query_is_told_of_its_call_alone() {
    let call = |id: &str, sql: Value| json!({ "id": id, "name": "shop@db", "start_time": 1.0, "end_time": 1.5, "namespace": "remote", "sql": sql });
    let mut segment = caller();
    segment["subsegments"] = json!([
        call("00000000000000d1", json!({ "sanitized_query": "SELECT 1" })),
        call("00000000000000d2", json!({ "url": "jdbc:x" })),
        call("00000000000000d3", json!({ "sanitized_query": 7 })),
    ]);
    let documents = [stored(segment.to_string().as_bytes())];
    let trace = with_inferred(&documents);
    let told: Vec<_> = statements(&trace, &documents)
        .into_iter()
        .map(|(index, query)| (trace.spans[index].entity.id, query))
        .collect();
    assert_eq!(told, [(id("00000000000000d1"), "SELECT 1".to_owned())]);
}

#[test]
fn what_was_decoded_stands_in_for_bytes_that_cannot_be_read() {
    let mut document = stored(caller().to_string().as_bytes()).document.clone();
    document.raw = Bytes::from_static(b"\xff");
    let documents =
        [Arc::new(StoredDocument { place: Sequence(1).into(), received: Timestamp(0), document })];
    let rendered = segments(&trace(&documents), &documents);
    assert_eq!(parsed(&rendered[0])["subsegments"][0]["name"], json!("DynamoDB"));
    assert_eq!(parsed(&rendered[0])["trace_id"], json!(TRACE_ID));
    assert_eq!(TRACE_ID.parse::<TraceId>(), Ok(documents[0].document.trace_id));
}

#[test]
fn a_cut_string_comes_back_mended_and_an_endless_number_as_it_was() {
    let mut text = caller().to_string();
    text = text.replacen("\"d\":{}", r#""d":{"cut":"a\ud83d","endless":1e999}"#, 1);
    let documents = [stored(text.as_bytes())];
    let rendered = segments(&trace(&documents), &documents);
    let text = &rendered[0].document;
    assert!(text.contains("{\"cut\":\"a\u{fffd}\",\"endless\":1e999}"), "{text}");
}

/// A document of an SDK with a few characters changed.
pub(crate) fn edited() -> impl Strategy<Value = String> {
    let edit = (any::<prop::sample::Index>(), "[a-z0-9{}\\[\\]:,\"\\\\.eE+-]|\\\\ud83d|1e999");
    (any::<prop::sample::Index>(), proptest::collection::vec(edit, 1..4)).prop_map(|(which, edits)| {
        let captures = captured("node-sdk-3.12.0/express");
        let mut text = String::from_utf8(which.get(&captures).clone()).unwrap();
        for (place, edit) in edits {
            let at = place.index(text.len());
            if text.is_char_boundary(at) && text.is_char_boundary(at + 1) {
                text.replace_range(at..=at, &edit);
            }
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_decodes_can_be_read_again_and_loses_no_entity(text in edited()) {
        let Ok(document) = crate::decode(Bytes::from(text.clone())) else { return Ok(()) };
        prop_assert!(crate::json::tree(&document.raw).is_some(), "{}", text);
        let count = document.entity.count();
        let documents =
            [Arc::new(StoredDocument { place: Sequence(1).into(), received: Timestamp(0), document })];
        let trace = trace(&documents);
        let rendered = segments(&trace, &documents);
        if trace.spans.len() == count {
            let ids = rendered[0].document.clone().matches("\"start_time\":").count();
            prop_assert!(ids >= count, "{}", text);
        }
    }
}
