//! Documents are cut and come back as they were.

use std::collections::HashSet;

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{CONSTANT_VALUES, Members, cut};
use crate::entity::rows;
use crate::template::{Fields, fill};

const HEAD: &str =
    r#""trace_id":"1-6a650a80-000000000000000000000001","id":"00000000000000a1","name":"shop""#;
const TIMES: &str = r#""start_time":1785000000.500000,"end_time":1785000000.750000"#;

/// Cuts a document and makes it again. Gives its template.
fn cut_and_fill(text: &str, members: &mut Members) -> String {
    let document = wire::decode(Bytes::copy_from_slice(text.as_bytes())).unwrap();
    let rows = rows(&document);
    let fields: Vec<Fields<'_>> = rows.iter().map(|row| row.fields(document.trace_id)).collect();
    let mut rest = Vec::new();
    let template = cut(text, &fields, members, &mut |text| rest.push(text)).expect("it is understood");
    let mut again = String::new();
    fill(&template, rest.into_iter(), |row| fields.get(row).cloned(), &mut again).expect("it fits");
    assert_eq!(again, text);
    template
}

fn template(text: &str) -> String {
    let template = cut_and_fill(text, &mut Members::default());
    template.escape_default().to_string().replace("\\\"", "\"")
}

#[test]
fn what_columns_hold_is_cut_out() {
    let http = r#""http":{"request":{"method":"GET","url":"http://shop/a"},"response":{"status":200}}"#;
    let text = format!(r#"{{{HEAD},{TIMES},{http},"user":"u","annotations":{{"tenant":"acme","n":12}}}}"#);
    insta::assert_snapshot!(template(&text), @r#"{"trace_id":"\u{1}","id":"\u{2}","name":"\u{4}","start_time":\u{5},"end_time":\u{7},"http":{"request":{"method":"\u{e}","url":"\u{f}"},"response":{"status":\u{10}}},"user":"\u{11}","annotations":{"\u{12}":"\u{13}","\u{12}":\u{13}}}"#);
}

#[test]
fn embedded_subsegments_have_rows_of_their_own() {
    let inner = r#"{"id":"00000000000000a3","name":"inner","start_time":1.5,"end_time":2}"#;
    let call = format!(
        r#"{{"subsegments":[{inner}],"id":"00000000000000a2","name":"call","start_time":1,"end_time":2,"namespace":"remote"}}"#
    );
    let text = format!(r#"{{"subsegments":[{call},{inner}],{HEAD},{TIMES}}}"#);
    insta::assert_snapshot!(template(&text), @r#"{"subsegments":[\u{16}{"subsegments":[\u{16}{"id":"\u{2}","name":"\u{4}","start_time":\u{6},"end_time":\u{8}}\u{17}],"id":"\u{2}","name":"\u{4}","start_time":\u{6},"end_time":\u{8},"namespace":"\u{c}"}\u{17},\u{16}{"id":"\u{2}","name":"\u{4}","start_time":\u{6},"end_time":\u{8}}\u{17}],"trace_id":"\u{1}","id":"\u{2}","name":"\u{4}","start_time":\u{5},"end_time":\u{7}}"#);
}

#[test]
fn whatever_is_written_otherwise_comes_back_as_it_was() {
    let check = |rest: &str| drop(template(&format!("{{{HEAD}{rest}}}")));
    check(r#","start_time":1785000000.1234567,"end_time":1.785000002E9"#);
    check(r#", "start_time" : 0.5 ,"end_time":1785000000 , "parent_id":"00000000000000AB""#);
    check(&format!(",{TIMES},\"annotations\":{{\"q\":\"a\\\"b\",\"n\":12.50,\"gone\":null,\"ok\":true}}"));
    check(&format!(",{TIMES},\"annotations\":{{\"a\":1,\"a\":2,\"b\\n\":[1],\"c\":{{}}}}"));
    check(&format!(",{TIMES},\"http\":{{\"request\":{{\"url\":\"\\u0041\",\"method\":1}},\"response\":[]}}"));
    check(&format!(",{TIMES},\"user\":\"\",\"metadata\":{{\"x\":[1e999,\"\\ud83d\",[],{{}},null]}}"));
    check(&format!(",{TIMES},\"subsegments\":[],\"subsegments\":{{}}"));
    check(&format!(",{TIMES},\"name\":\"shop\",\"id\":\"00000000000000a1\""));
}

#[test]
fn a_member_that_varies_leaves_the_template() {
    let mut members = Members::default();
    let distinct: HashSet<String> = (0..100)
        .map(|number| format!(r#"{{{HEAD},{TIMES},"metadata":{{"order":"o-{number}"}}}}"#))
        .map(|text| cut_and_fill(&text, &mut members))
        .collect();
    assert_eq!(distinct.len(), CONSTANT_VALUES + 1);
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(member(), inner, 0..4)
                .prop_map(|members| Value::from(members.into_iter().collect::<serde_json::Map<_, _>>())),
        ]
    })
}

/// Names that mean something, so that values of the wrong kind stand behind them.
fn member() -> impl Strategy<Value = String> {
    let known: &'static [&'static str] =
        &["http", "request", "response", "status", "url", "annotations", "subsegments", "user", "x"];
    prop_oneof![prop::sample::select(known).prop_map(str::to_owned), ".{0,4}"]
}

proptest! {
    #[test]
    fn any_document_comes_back(
        start in 0.0..4e9,
        members in prop::collection::vec((member(), any_value()), 0..6),
        is_pretty in any::<bool>(),
    ) {
        let mut document = json!({
            "trace_id": "1-6a650a80-000000000000000000000001", "id": "00000000000000a1", "name": "shop",
            "start_time": start, "end_time": start + 1.0,
        });
        for (name, value) in members {
            document[name] = value;
        }
        let text = if is_pretty { format!("{document:#}") } else { document.to_string() };
        // A member may make it one that is refused.
        if wire::decode(Bytes::copy_from_slice(text.as_bytes())).is_ok() {
            cut_and_fill(&text, &mut Members::default());
        }
    }
}

/// A span of OpenTelemetry's as it is kept.
fn span(head: &str, attributes: &str) -> String {
    format!(
        r#"{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"shop"}}}}]}},"scopeSpans":[{{"scope":{{"name":"lib"}},"spans":[{{"traceId":"6a650a80000000000000000000000001","spanId":"00000000000000a1",{head}"startTimeUnixNano":"1785000000500000123","endTimeUnixNano":"1785000000750000000","attributes":[{attributes}]}}]}}]}}"#
    )
}

#[test]
fn of_a_span_what_columns_hold_is_cut_out() {
    let attributes = r#"{"key":"s","value":{"stringValue":"v"}},{"key":"b","value":{"boolValue":true}},{"key":"l","value":{"arrayValue":{"values":[{"stringValue":"x"}]}}},{"key":"i","value":{"intValue":"7"}},{"key":"d","value":{"doubleValue":0.5}},{"key":"q","value":{"stringValue":"a\"b"}}"#;
    let server = r#""parentSpanId":"00000000000000b1","name":"GET","kind":2,"#;
    insta::assert_snapshot!(template(&span(server, attributes)), @r#"{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeSpans":[{"scope":{"name":"lib"},"spans":[{"traceId":"\u{18}","spanId":"\u{2}","parentSpanId":"\u{3}","name":"GET","kind":2,"startTimeUnixNano":"\u{19}123","endTimeUnixNano":"\u{1a}000","attributes":[{"key":"s","value":{"stringValue":"\u{13}"}},{"key":"b","value":{"boolValue":\u{14}true}},{"key":"l","value":{"arrayValue":{"values":[{"stringValue":"x"}]}}},{"key":"i","value":{"intValue":"\u{13}"}},{"key":"d","value":{"doubleValue":\u{13}}},{"key":"q","value":{"stringValue":"\u{14}a\\"b"}}]}]}]}"#);
    // The segment of a call has an id of its own, and the attributes are the call's.
    insta::assert_snapshot!(template(&span(r#""name":"GET","kind":3,"#, attributes)), @r#"{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeSpans":[{"scope":{"name":"lib"},"spans":[{"traceId":"\u{18}","spanId":"00000000000000a1","name":"GET","kind":3,"startTimeUnixNano":"\u{19}123","endTimeUnixNano":"\u{1a}000","attributes":\u{16}[{"key":"s","value":{"stringValue":"\u{13}"}},{"key":"b","value":{"boolValue":\u{14}true}},{"key":"l","value":{"arrayValue":{"values":[{"stringValue":"x"}]}}},{"key":"i","value":{"intValue":"\u{13}"}},{"key":"d","value":{"doubleValue":\u{13}}},{"key":"q","value":{"stringValue":"\u{14}a\\"b"}}]\u{17}}]}]}"#);
}

#[test]
fn attributes_with_many_values_leave_the_template_alone() {
    let mut members = Members::default();
    let cut = |members: &mut Members, number: usize| {
        let attributes = format!(
            r#"{{"key":"tenant","value":{{"stringValue":"t{number}"}}}},{{"key":"n","value":{{"intValue":"{number}"}}}}"#
        );
        cut_and_fill(&span(r#""name":"GET","kind":2,"#, &attributes), members)
    };
    let templates: HashSet<String> = (0..50).map(|number| cut(&mut members, number)).collect();
    assert_eq!(templates.len(), 1);
}
