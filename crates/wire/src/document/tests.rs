//! Documents as SDKs send them, and as nobody should.

use model::segment::{AnnotationValue, DocumentKind, Flags, Namespace};
use model::{Entity, Timestamp};
use serde_json::{Value, json};

use super::*;
use crate::reject::RejectSubject::{Entity as Undecidable, Segment, Subsegment};

fn segment() -> Value {
    json!({
        "id": "70de5b6f19ff9a0a", "name": "shop", "trace_id": "1-581cf771-a006649127e371903a2de979",
        "start_time": 1478293361.271, "end_time": 1478293361.449,
    })
}

fn subsegment() -> Value {
    with(segment(), json!({ "type": "subsegment", "parent_id": "53995c3f42cd8ad8" }))
}

/// `base` with members set, or removed where `changes` has `null`.
fn with(mut base: Value, changes: Value) -> Value {
    let (Value::Object(members), Value::Object(changes)) = (&mut base, changes) else {
        panic!("two objects")
    };
    for (key, value) in changes {
        match value {
            Value::Null => members.shift_remove(&key),
            value => members.insert(key, value),
        };
    }
    base
}

fn decode_text(text: &str) -> Result<SegmentDocument, Reject> {
    decode(Bytes::copy_from_slice(text.as_bytes()))
}

#[track_caller]
fn entity(document: &Value) -> Entity {
    decode_text(&document.to_string()).unwrap_or_else(|reject| panic!("{}: {document}", reject.detail)).entity
}

#[track_caller]
fn refused(document: &Value, code: RejectCode, subject: RejectSubject) {
    let reject = decode_text(&document.to_string()).expect_err(&document.to_string());
    assert_eq!((reject.code, reject.subject), (code, subject), "{document}: {}", reject.detail);
    assert!(!reject.detail.is_empty());
}

#[test]
fn a_segment_is_read_whole() {
    let document = with(
        segment(),
        json!({
            "parent_id": "53995C3F42CD8AD8", "origin": "AWS::EC2::Instance", "user": "u1", "throttle": true,
            "resource_arn": "arn:aws:ec2:::instance/i-1", "service": { "version": "7", "runtime": "x" },
            "http": {
                "request": { "method": "GET", "url": "http://a/b", "user_agent": "curl", "client_ip": "::1" },
                "response": { "status": 503, "content_length": "-" },
            },
            "aws": {
                "account_id": "1", "ecs": { "availability_zone": "b" }, "xray": { "rule_name": "r" },
                "ec2": { "instance_id": "i-1", "availability_zone": "a" },
            },
            "annotations": { "s": "x", "n": 1.5, "b": false, "list": [1], "object": { "a": 1 } },
            "links": [{ "trace_id": "1-581cf771-a006649127e371903a2de970", "id": "0000000000000001" }, 5, {}],
            "metadata": { "default": { "anything": [null, { "goes": 1 }] } },
        }),
    );
    let entity = entity(&document);
    assert_eq!(entity.id.to_string(), "70de5b6f19ff9a0a");
    assert_eq!(entity.parent_id.unwrap().to_string(), "53995c3f42cd8ad8");
    assert_eq!(entity.start, Timestamp(1_478_293_361_271_000));
    assert_eq!(entity.end, Some(Timestamp(1_478_293_361_449_000)));
    assert_eq!(entity.flags, Flags { throttle: true, ..Flags::default() });
    assert_eq!(entity.origin.as_deref(), Some("AWS::EC2::Instance"));
    assert_eq!(entity.user.as_deref(), Some("u1"));
    assert_eq!(entity.service_version.as_deref(), Some("7"));
    let http = entity.http.unwrap();
    assert_eq!((http.method.as_deref(), http.status), (Some("GET"), Some(503)));
    assert_eq!((http.url.as_deref(), http.client_ip.as_deref()), (Some("http://a/b"), Some("::1")));
    let aws = entity.aws.unwrap();
    assert_eq!((aws.instance_id.as_deref(), aws.availability_zone.as_deref()), (Some("i-1"), Some("a")));
    assert_eq!((aws.account_id.as_deref(), aws.sampling_rule.as_deref()), (Some("1"), Some("r")));
    let values: Vec<_> = entity.annotations.into_iter().map(|it| it.value).collect();
    let expected =
        [AnnotationValue::String("x".into()), AnnotationValue::Number(1.5), AnnotationValue::Boolean(false)];
    assert_eq!(values, expected);
    assert_eq!(entity.links.len(), 1);
}

#[test]
fn the_kind_is_told_by_the_type() {
    let check = |document: Value, expected| {
        assert_eq!(decode_text(&document.to_string()).unwrap().kind, expected);
    };
    check(segment(), DocumentKind::Segment);
    check(with(segment(), json!({ "type": "segment" })), DocumentKind::Segment);
    check(subsegment(), DocumentKind::Subsegment);
    for kind in [json!("service"), json!(""), json!(5), json!({})] {
        refused(&with(segment(), json!({ "type": kind })), RejectCode::UnknownType, Undecidable);
    }
    for document in [json!([segment()]), json!("x"), json!(1), json!(null)] {
        refused(&document, RejectCode::UnknownType, Undecidable);
    }
}

#[test]
fn each_missing_or_wrong_member_has_its_code() {
    let check = |changes: Value, code| refused(&with(segment(), changes), code, Segment);
    check(json!({ "id": null }), RejectCode::MissingId);
    check(json!({ "id": "70de5b6f19ff9a0" }), RejectCode::InvalidId);
    check(json!({ "id": "70de5b6f19ff9a0g" }), RejectCode::InvalidId);
    check(json!({ "id": 7 }), RejectCode::InvalidId);
    check(json!({ "name": null }), RejectCode::MissingName);
    check(json!({ "name": "" }), RejectCode::InvalidName);
    check(json!({ "name": ["x"] }), RejectCode::InvalidName);
    check(json!({ "trace_id": null }), RejectCode::MissingTraceId);
    check(json!({ "trace_id": "1-581cf771" }), RejectCode::InvalidTraceId);
    check(json!({ "trace_id": 1 }), RejectCode::InvalidTraceId);
    check(json!({ "start_time": null }), RejectCode::MissingStartTime);
    check(json!({ "start_time": "1478293361.271" }), RejectCode::MissingStartTime);
    check(json!({ "end_time": null }), RejectCode::MissingEndTime);
    check(json!({ "end_time": null, "in_progress": false }), RejectCode::MissingEndTime);
    check(json!({ "end_time": "soon" }), RejectCode::MissingEndTime);
    check(json!({ "in_progress": true }), RejectCode::InProgressSegmentHasEndTime);

    let check = |changes: Value, code| refused(&with(subsegment(), changes), code, Subsegment);
    check(json!({ "id": null }), RejectCode::MissingId);
    check(json!({ "trace_id": null }), RejectCode::MissingTraceId);
    check(json!({ "in_progress": true }), RejectCode::InProgressSubsegmentHasEndTime);
    check(json!({ "parent_id": null }), RejectCode::MissingParentId);
    check(json!({ "parent_id": "x" }), RejectCode::InvalidParentId);
    check(json!({ "parent_id": 5 }), RejectCode::InvalidParentId);
}

#[test]
fn the_first_failure_in_xrays_order_is_named() {
    let order = [
        ("id", RejectCode::MissingId),
        ("name", RejectCode::MissingName),
        ("trace_id", RejectCode::MissingTraceId),
        ("start_time", RejectCode::MissingStartTime),
        ("end_time", RejectCode::MissingEndTime),
        ("parent_id", RejectCode::MissingParentId),
    ];
    let mut document = subsegment();
    document["subsegments"] = json!([{}]);
    refused(&document, RejectCode::MissingId, Subsegment);
    for (key, code) in order.into_iter().rev() {
        document.as_object_mut().unwrap().shift_remove(key);
        refused(&document, code, Subsegment);
    }
    document["type"] = json!("?");
    refused(&document, RejectCode::UnknownType, Undecidable);
}

#[test]
fn a_reject_tells_whose_document_it_is_and_where_the_fault_lies() {
    let inner = json!([{}]);
    let outer = json!({ "id": "70de5b6f19ff9a0b", "name": "a", "start_time": 1, "end_time": 2 });
    let outer = with(
        outer.clone(),
        json!({ "subsegments": [outer, with(outer.clone(), json!({ "subsegments": inner }))] }),
    );
    let document = with(segment(), json!({ "subsegments": [outer] }));
    let reject = decode_text(&document.to_string()).unwrap_err();
    assert_eq!(reject.id.as_deref(), Some("70de5b6f19ff9a0a"));
    assert_eq!(reject.trace_id.as_deref(), Some("1-581cf771-a006649127e371903a2de979"));
    assert_eq!(reject.detail, "subsegments[0].subsegments[1].subsegments[0]: there is no id");
    assert_eq!(reject.message(), "Invalid subsegment. ErrorCode: MissingId, Cause: null");
}

#[test]
fn an_embedded_subsegment_is_validated_and_its_surplus_ids_ignored() {
    let embedded = |changes: Value| {
        let base = json!({ "id": "70de5b6f19ff9a0b", "name": "a*?<b>", "start_time": 1, "end_time": 2 });
        with(segment(), json!({ "subsegments": [with(base, changes)] }))
    };
    let surplus = json!({ "type": "subsegment", "trace_id": "x", "parent_id": 5, "in_progress": false });
    let held = entity(&embedded(surplus)).subsegments;
    assert_eq!((held[0].name.as_str(), held[0].parent_id), ("a*?<b>", None));
    assert_eq!(entity(&embedded(json!({ "end_time": null, "in_progress": true }))).subsegments[0].end, None);

    refused(&embedded(json!({ "name": "" })), RejectCode::InvalidName, Subsegment);
    refused(&embedded(json!({ "name": "x".repeat(201) })), RejectCode::InvalidName, Subsegment);
    refused(&embedded(json!({ "start_time": null })), RejectCode::MissingStartTime, Subsegment);
    refused(&embedded(json!({ "end_time": null })), RejectCode::MissingEndTime, Subsegment);
    refused(
        &embedded(json!({ "in_progress": true })),
        RejectCode::InProgressSubsegmentHasEndTime,
        Subsegment,
    );
}

#[test]
fn subsegments_that_are_no_array_are_none_and_elements_that_are_no_object_spoil_all() {
    for nothing in [json!({}), json!({ "a": [1] }), json!("x"), json!(1), json!(true), json!([])] {
        assert!(entity(&with(segment(), json!({ "subsegments": nothing }))).subsegments.is_empty());
    }
    for element in [json!(null), json!([]), json!("x"), json!(1)] {
        let document = with(segment(), json!({ "subsegments": [element, {}, [1, 2]] }));
        refused(&document, RejectCode::UnknownType, Undecidable);
    }
}

#[test]
fn a_segments_name_has_letters_digits_separators_and_some_symbols() {
    for name in ["a", "käse 世界 ٣", r"_.:/%&#=+\-@", "a\u{a0}b", &"é".repeat(200)] {
        assert_eq!(entity(&with(segment(), json!({ "name": name }))).name, name);
    }
    for name in ["<script>", "a*", "a?", "a\nb", "a\tb", "a\0", "a;b", "a\"b", "☃", &"é".repeat(201)] {
        refused(&with(segment(), json!({ "name": name })), RejectCode::InvalidName, Segment);
    }
    assert_eq!(entity(&with(subsegment(), json!({ "name": "SELECT *?" }))).name, "SELECT *?");
}

#[test]
fn optional_members_of_the_wrong_type_are_ignored() {
    let optional = [
        "parent_id",
        "error",
        "throttle",
        "fault",
        "cause",
        "namespace",
        "origin",
        "resource_arn",
        "user",
        "service",
        "http",
        "aws",
        "sql",
        "traced",
        "annotations",
        "links",
        "metadata",
        "precursor_ids",
    ];
    let plain = entity(&segment());
    for key in optional {
        for value in
            [json!("?"), json!(5), json!([1, { "a": 1 }]), json!({ "x": { "y": [] } }), json!([null])]
        {
            let is_meant =
                matches!((key, &value), ("namespace" | "origin" | "resource_arn" | "user", Value::String(_)));
            let is_object = key == "annotations" && value.is_object();
            let mut document = segment();
            document[key] = value;
            if !is_meant && !is_object {
                assert_eq!(entity(&document), plain, "{key}");
            }
        }
        let text = segment().to_string().replacen('{', &format!("{{\"{key}\":null,"), 1);
        assert_eq!(decode_text(&text).unwrap().entity, plain, "{key}");
    }
    let inner = json!({
        "http": { "request": [], "response": { "status": "500" } }, "cause": { "exceptions": {}, "id": 5 },
        "aws": { "ec2": null, "xray": 1, "table_name": 5 }, "sql": { "url": {} }, "service": { "version": 1 },
        "annotations": { "a": null, "b": [1], "c": {} },
    });
    assert_eq!(entity(&with(segment(), inner)), plain);
}

#[test]
fn flags_come_from_the_status_only_where_none_was_sent() {
    let check = |changes: Value, expected: Flags| {
        let document = with(segment(), changes);
        assert_eq!(entity(&document).flags, expected, "{document}");
    };
    let status = |status: Value| json!({ "response": { "status": status } });
    check(json!({ "http": status(json!(500)) }), Flags { fault: true, ..Flags::default() });
    check(json!({ "http": status(json!(429.0)) }), Flags { error: true, throttle: true, fault: false });
    check(json!({ "http": status(json!(1e300)) }), Flags::default());
    check(json!({ "http": status(json!(500)), "fault": false }), Flags::default());
    check(json!({ "http": status(json!(500)), "error": true }), Flags { error: true, ..Flags::default() });
    check(json!({ "http": status(json!(404)), "fault": 1 }), Flags { error: true, ..Flags::default() });
}

#[test]
fn a_cause_may_be_a_reference_an_object_or_what_node_sends() {
    let cause = |cause: Value| entity(&with(segment(), json!({ "fault": true, "cause": cause }))).cause;
    let reference = "43e6cdc08e54c577".parse().ok();
    assert_eq!(cause(json!("43e6cdc08e54c577")).unwrap().reference, reference);
    assert_eq!(cause(json!({ "id": "43e6cdc08e54c577", "exceptions": [] })).unwrap().reference, reference);
    assert_eq!(cause(json!("not an id")), None);
    assert_eq!(cause(json!({ "working_directory": "/srv" })), None);
    let exceptions = json!([
        { "id": "43e6cdc08e54c577", "message": "m", "type": "T", "remote": true, "stack": [{ "line": null }],
          "cause": "43e6cdc08e54c578", "truncated": 5 },
        { "message": "no id" }, null, "x",
    ]);
    let exceptions = cause(json!({ "exceptions": exceptions })).unwrap().exceptions;
    assert_eq!(exceptions.len(), 2);
    assert_eq!((exceptions[0].id, exceptions[0].name.as_deref()), (reference, Some("T")));
    assert!(exceptions[0].remote && exceptions[0].cause.is_some());
    assert_eq!((exceptions[1].id, exceptions[1].message.as_deref()), (None, Some("no id")));
}

#[test]
fn a_call_is_traced_where_either_member_says_so() {
    let remote = json!({ "namespace": "remote", "http": { "request": { "traced": true } } });
    let call = entity(&with(subsegment(), remote));
    assert!(call.traced && call.namespace == Some(Namespace::Remote) && call.http.is_none());
    assert!(entity(&with(subsegment(), json!({ "traced": true, "http": {} }))).traced);
}

#[test]
fn times_may_have_exponents_and_are_clamped() {
    let start = |text: &str| {
        let document = segment().to_string().replace("1478293361.271", text);
        decode_text(&document).unwrap().entity.start
    };
    assert_eq!(start("1.478293361271E9"), Timestamp(1_478_293_361_271_000));
    assert_eq!(start("1478293361"), Timestamp(1_478_293_361_000_000));
    assert_eq!(start("-5"), Timestamp(-5_000_000));
    assert_eq!(start("1e300"), Timestamp::MAX);
    assert_eq!(start("-1e999"), Timestamp::MIN);
    assert!(entity(&with(segment(), json!({ "end_time": 1 }))).is_complete(), "an end before the start");
}

#[test]
fn of_a_repeated_member_the_last_counts() {
    let text = segment().to_string().replacen('{', "{\"id\":5,\"name\":\"first\",", 1);
    assert_eq!(decode_text(&text).unwrap().entity.name, "shop");
}

#[test]
fn what_is_no_json_is_a_parse_error() {
    let good = segment().to_string();
    let broken =
        [String::new(), "{".into(), format!("{good}{good}"), good.replace('}', ",}"), good.replace(':', "")];
    for text in broken {
        let reject = decode_text(&text).unwrap_err();
        assert_eq!((reject.code, reject.subject), (RejectCode::ParseError, Undecidable), "{text}");
    }
    let reject = decode(Bytes::from_static(b"{\"name\":\"\xff\"}")).unwrap_err();
    assert_eq!((reject.code, reject.detail.as_str()), (RejectCode::ParseError, "byte 9 is not valid UTF-8"));
}

#[test]
fn a_string_that_was_cut_inside_a_character_is_mended() {
    let text =
        segment().to_string().replacen('{', r#"{"user":"cut \ud83d","metadata":{"d":{"k":"\ude00"}},"#, 1);
    assert_eq!(decode_text(&text).unwrap().entity.user.as_deref(), Some("cut \u{fffd}"));
}

#[test]
fn a_document_that_is_too_large_or_too_deep_is_refused() {
    let check = |document: &str, part_of_detail: &str| {
        let reject = decode_text(document).unwrap_err();
        assert_eq!(reject.code, RejectCode::InvalidSegment);
        assert!(reject.detail.contains(part_of_detail), "{}", reject.detail);
    };
    let blob = |length: usize| {
        with(segment(), json!({ "metadata": { "d": { "k": "x".repeat(length) } } })).to_string()
    };
    let surplus = blob(0).len();
    assert!(decode_text(&blob(MAX_DOCUMENT_BYTES - surplus)).is_ok());
    check(&blob(MAX_DOCUMENT_BYTES - surplus + 1), "1048577 bytes");
    check(&"[".repeat(MAX_DOCUMENT_BYTES), "deeper than 127");
    check(&"{\"subsegments\":[".repeat(1_000), "deeper than 127");

    let head = segment().to_string();
    let deep = |levels: usize| {
        let subsegment = r#"{"id":"70de5b6f19ff9a0b","name":"a","start_time":1,"end_time":2"#;
        let opening = format!(",\"subsegments\":[{subsegment}").repeat(levels);
        format!("{}{opening}{}", head.trim_end_matches('}'), "}]".repeat(levels) + "}")
    };
    assert_eq!(decode_text(&deep(63)).unwrap().entity.count(), 64);
    check(&deep(64), "deeper");
}

#[test]
fn one_bad_document_harms_no_neighbour() {
    let documents = [segment().to_string(), "{".to_owned(), subsegment().to_string()];
    let (decoded, rejects) = decode_batch(documents.into_iter().map(Bytes::from));
    assert_eq!((decoded.len(), rejects.len()), (2, 1));
}
