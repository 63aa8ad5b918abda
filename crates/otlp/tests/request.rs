//! Requests as clients send them, and as nobody should.

use otlp::{Taken, decode_json, decode_protobuf};
use serde_json::{Value, json};

const SPAN: &str = r#"{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","traceState":"a=b","parentSpanId":"eee19b7ec3c1b173","name":"n\n\u0001\"é","kind":2,"startTimeUnixNano":"1700000000000000001","endTimeUnixNano":"1700000000000000002","attributes":[{"key":"s","value":{"stringValue":""}},{"key":"b","value":{"boolValue":false}},{"key":"i","value":{"intValue":"-9223372036854775808"}},{"key":"d","value":{"doubleValue":0.1}},{"key":"n","value":{"doubleValue":"NaN"}},{"key":"a","value":{"arrayValue":{"values":[{"stringValue":"x"},{"intValue":"1"},{}]}}},{"key":"m","value":{"kvlistValue":{"values":[{"key":"k","value":{"bytesValue":"AP8="}}]}}},{"key":"e"}],"droppedAttributesCount":1,"events":[{"timeUnixNano":"1700000000000000001","name":"e","attributes":[{"key":"k","value":{"doubleValue":1e+300}}],"droppedAttributesCount":2}],"droppedEventsCount":3,"links":[{"traceId":"5b8efff798038103d269b633813fc60d","spanId":"eee19b7ec3c1b175","traceState":"t","attributes":[{"key":"l","value":{"boolValue":true}}],"droppedAttributesCount":4,"flags":768}],"droppedLinksCount":5,"status":{"message":"m","code":2},"flags":257}"#;

fn request(spans: &str) -> String {
    format!(
        r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"shop"}}}}],"droppedAttributesCount":6}},"scopeSpans":[{{"scope":{{"name":"lib","version":"1","attributes":[{{"key":"x","value":{{"intValue":"1"}}}}]}},"spans":[{spans}],"schemaUrl":"u"}}],"schemaUrl":"v"}}]}}"#
    )
}

/// What is kept of one span of [`request`].
fn kept(span: &str) -> String {
    let whole = request(span);
    whole
        .strip_prefix(r#"{"resourceSpans":["#)
        .and_then(|it| it.strip_suffix("]}"))
        .expect("a request")
        .to_owned()
}

fn json_of(text: &str) -> Taken {
    decode_json(text.as_bytes()).expect(text)
}

#[test]
fn nothing_of_a_span_is_lost() {
    let taken = json_of(&request(SPAN));
    assert!(taken.rejects.is_silent(), "{}", taken.rejects);
    let [document] = &taken.documents[..] else { panic!("one span") };
    assert_eq!(str::from_utf8(&document.raw).expect("text"), kept(SPAN));
    let again = otlp::document::decode(document.raw.clone()).expect("a kept document");
    assert_eq!(again, *document, "what is kept says the same as what came");
}

#[test]
fn json_is_read_in_every_form_that_was_seen() {
    let check = |member: &str, value: Value, expected: &str| {
        let mut span: Value = serde_json::from_str(SPAN).expect("a span");
        span[member] = value;
        let taken = json_of(&request(&span.to_string()));
        assert!(taken.rejects.is_silent(), "{member}: {}", taken.rejects);
        let raw: Value = serde_json::from_slice(&taken.documents[0].raw).expect("JSON");
        assert_eq!(raw["scopeSpans"][0]["spans"][0][member].to_string(), expected, "{member}");
    };
    check("traceId", json!("5B8EFFF798038103D269B633813FC60C"), r#""5b8efff798038103d269b633813fc60c""#);
    // CO#8720, opentelemetry-swift#537
    check("traceId", json!("W47/95gDgQPSabYzgT/GDA=="), r#""5b8efff798038103d269b633813fc60c""#);
    check("traceId", json!("5b8efff7-9803-8103-d269-b633813fc60c"), r#""5b8efff798038103d269b633813fc60c""#);
    check("kind", json!("SPAN_KIND_CLIENT"), "3");
    check("kind", json!(null), "null");
    check("startTimeUnixNano", json!(1_700_000_000_000_000_001_u64), r#""1700000000000000001""#);
    check("startTimeUnixNano", json!("1.7e18"), r#""1700000000000000000""#);
    check("status", json!({ "code": "STATUS_CODE_ERROR" }), r#"{"code":2}"#);
    check(
        "attributes",
        json!([{ "key": "k", "value": { "intValue": 5 } }]),
        r#"[{"key":"k","value":{"intValue":"5"}}]"#,
    );
    check(
        "attributes",
        json!([{ "key": "k", "value": { "double_value": "0.5" } }]),
        r#"[{"key":"k","value":{"doubleValue":0.5}}]"#,
    );
    check("unknown", json!({ "a": [1] }), "null");

    // CO#6320
    let old = request(SPAN).replace("scopeSpans", "instrumentationLibrarySpans");
    let taken = json_of(&old);
    assert_eq!(taken.documents.len(), 1);
    assert!(taken.rejects.to_string().contains("scopeSpans"), "{}", taken.rejects);
    // CO#7009
    let taken = json_of(r#"{"resourcespans":[]}"#);
    assert!(taken.rejects.to_string().contains("resourceSpans"), "{}", taken.rejects);
    assert!(json_of("{}").rejects.is_silent());
}

#[test]
fn a_span_that_is_wrong_harms_no_other() {
    let check = |member: &str, value: Value, reason: &str| {
        let mut span: Value = serde_json::from_str(SPAN).expect("a span");
        span[member] = value;
        let taken = json_of(&request(&format!("{SPAN},{span},{SPAN}")));
        assert_eq!((taken.documents.len(), taken.rejects.count()), (2, 1), "{member}: {}", taken.rejects);
        let reasons: Vec<&str> = taken.rejects.reasons().map(|(reject, _)| reject.reason()).collect();
        assert_eq!(reasons, [reason], "{member}");
    };
    check("traceId", json!("00000000000000000000000000000000"), "bad_trace_id");
    check("traceId", json!("abc"), "bad_trace_id");
    check("spanId", json!(""), "bad_span_id");
    check("parentSpanId", json!("12"), "bad_span_id");
    check("startTimeUnixNano", json!("0"), "bad_time");
    check("startTimeUnixNano", json!("1000"), "bad_time");
    check("startTimeUnixNano", json!("7258118400000000000"), "bad_time");
    check("startTimeUnixNano", json!("-5"), "undecodable_span");
    check("name", json!(["n"]), "undecodable_span");
    check(
        "attributes",
        json!([{ "key": "k", "value": { "stringValue": "x".repeat(1 << 20) } }]),
        "oversized_span",
    );
    let mut deep = json!({ "stringValue": "x" });
    for _ in 0..25 {
        deep = json!({ "arrayValue": { "values": [deep] } });
    }
    check("attributes", json!([{ "key": "k", "value": deep }]), "too_deep");
    for _ in 0..40 {
        deep = json!({ "arrayValue": { "values": [deep] } });
    }
    check("attributes", json!([{ "key": "k", "value": deep }]), "undecodable_span");
}

#[test]
fn ends_before_starts_and_ids_without_time_are_taken() {
    let span = SPAN
        .replace(r#""endTimeUnixNano":"1700000000000000002""#, r#""endTimeUnixNano":"1600000000000000002""#);
    let span = span.replace("5b8efff798038103d269b633813fc60c", "0000000000000000d269b633813fc60c");
    let taken = json_of(&request(&span));
    assert_eq!(taken.documents[0].trace_id.to_string(), "1-00000000-00000000d269b633813fc60c");
    assert_eq!(taken.documents[0].entity.length(), Some(model::Micros(0)));
    assert_eq!(taken.rejects.count(), 0);
    assert!(taken.rejects.to_string().contains("ends before it begins"), "{}", taken.rejects);
}

#[test]
fn times_that_are_none_are_refused_with_what_is_wrong_about_them() {
    let check = |start: u64, end: u64, words: &str| {
        let span = SPAN
            .replace("\"1700000000000000001\",\"end", &format!("\"{start}\",\"end"))
            .replace("\"1700000000000000002\"", &format!("\"{end}\""));
        let taken = json_of(&request(&span));
        assert_eq!(taken.rejects.count(), 1, "{start} to {end}");
        assert!(taken.rejects.to_string().contains(words), "{start} to {end}: {}", taken.rejects);
    };
    let good = 1_700_000_000_000_000_000;
    check(0, good, "missing");
    check(1_700_000_000, good, "looks like seconds");
    check(1_700_000_000_000, good, "looks like milliseconds");
    check(1_700_000_000_000_000, good, "looks like microseconds");
    check(86_400_000_000_000, good, "before the year 2000");
    check(7_258_118_400_000_000_000, good, "startTimeUnixNano is after");
    check(good, 7_258_118_400_000_000_000, "endTimeUnixNano is after");
}

#[test]
fn a_large_request_comes_in_chunks_that_can_be_stopped() {
    let text = request(&vec![SPAN; 12_000].join(","));
    let mut chunks = Vec::new();
    let rejects = otlp::cut_json(text.as_bytes(), &mut |chunk| {
        chunks.push(chunk.iter().map(model::SegmentDocument::memory_bytes).sum::<usize>());
        chunks.len() < 3
    });
    assert!(rejects.expect("a request").is_silent());
    assert_eq!(chunks.len(), 3);
    let bounds = otlp::limits::CHUNK_BYTES..otlp::limits::CHUNK_BYTES + 2 * otlp::limits::MAX_SPAN_BYTES;
    assert!(chunks.iter().all(|memory| bounds.contains(memory)), "{chunks:?}");
}

#[test]
fn of_a_large_request_that_breaks_off_nothing_is_taken() {
    let scope_spans = message(&vec![(2, &span(1, &[b'x'; 300])[..]); 20_000]);
    let mut body = message(&[(1, &message(&[(2, &scope_spans)]))]);
    body.extend_from_slice(b"\x0a\x7f");
    let mut taken = 0;
    let cut = otlp::cut_protobuf(&body, &mut |chunk| {
        taken += chunk.len();
        true
    });
    assert_eq!((cut.err(), taken), (Some(otlp::BadRequest::NotProtobuf), 0));
}

#[test]
fn empty_elements_without_end_are_refused() {
    for text in [
        format!(r#"{{"resourceSpans":[{}0]}}"#, "0,".repeat(1 << 20)),
        format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{}0]}}]}}]}}"#, "0,".repeat(1 << 20)),
    ] {
        let error = decode_json(text.as_bytes()).expect_err("too many").to_string();
        assert!(error.contains("more than 1048576 elements"), "{error}");
    }
}

#[test]
fn a_large_resource_is_not_repeated_without_end() {
    let resource =
        format!(r#"{{"attributes":[{{"key":"k","value":{{"stringValue":"{}"}}}}]}}"#, "x".repeat(60_000));
    let spans = vec![SPAN; 2_000].join(",");
    let text =
        format!(r#"{{"resourceSpans":[{{"resource":{resource},"scopeSpans":[{{"spans":[{spans}]}}]}}]}}"#);
    let taken = json_of(&text);
    let bytes: usize = taken.documents.iter().map(|document| document.raw.len()).sum();
    assert!(bytes < 34 * text.len() + (34 << 20), "{bytes}");
    assert_eq!(taken.documents.len() as u64 + taken.rejects.count(), 2_000);
    assert!(taken.rejects.to_string().contains("resource"), "{}", taken.rejects);

    let large = resource.replace("xxx", "xxxxxx");
    let text = format!(r#"{{"resourceSpans":[{{"resource":{large},"scopeSpans":[{{"spans":[{SPAN}]}}]}}]}}"#);
    assert_eq!(json_of(&text).rejects.count(), 1);
}

#[test]
fn what_is_no_request_is_refused_whole() {
    for text in ["", "[]", "{", r#"{"resourceSpans":5}"#, "\u{1}"] {
        assert!(decode_json(text.as_bytes()).is_err(), "{text}");
    }
    assert!(decode_json(b"\xff").is_err());
    for bytes in [&b"\x0a\x05a"[..], b"\xff", b"\x0a\xff\xff\xff\xff\x0f", b"\x0b"] {
        assert!(decode_protobuf(bytes).is_err(), "{bytes:?}");
    }
    assert!(decode_protobuf(b"").expect("an empty request").documents.is_empty());
}

/// Messages by hand: number and bytes of each field.
fn message(fields: &[(u8, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (number, bytes) in fields {
        out.push(number << 3 | 2);
        let mut length = bytes.len();
        while length >= 128 {
            out.push((length & 127 | 128) as u8);
            length >>= 7;
        }
        out.push(length as u8);
        out.extend_from_slice(bytes);
    }
    out
}

fn span(id: u8, name: &[u8]) -> Vec<u8> {
    let mut span = message(&[(1, &[7; 16]), (2, &[id; 8]), (5, name)]);
    span.push(7 << 3 | 1);
    span.extend_from_slice(&1_700_000_000_000_000_001_u64.to_le_bytes());
    span
}

#[test]
fn in_protobuf_a_resource_may_come_after_its_spans_and_in_pieces() {
    let attribute =
        |key: &[u8], value: &[u8]| message(&[(1, &message(&[(1, key), (2, &message(&[(1, value)]))]))]);
    let scope_spans = message(&[(2, &span(1, b"a")), (1, &message(&[(1, b"lib")]))]);
    let resource_spans = message(&[
        (2, &scope_spans),
        (1, &attribute(b"service.name", b"shop")),
        (9, b"unknown"),
        (1, &attribute(b"service.version", b"7")),
    ]);
    let taken = decode_protobuf(&message(&[(1, &resource_spans)])).expect("a request");
    assert_eq!(
        str::from_utf8(&taken.documents[0].raw).expect("text"),
        r#"{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}},{"key":"service.version","value":{"stringValue":"7"}}]},"scopeSpans":[{"scope":{"name":"lib"},"spans":[{"traceId":"07070707070707070707070707070707","spanId":"0101010101010101","name":"a","startTimeUnixNano":"1700000000000000001"}]}]}"#
    );
}

#[test]
fn in_protobuf_a_span_that_is_wrong_harms_no_other() {
    let check = |bad: &[u8], reason: &str| {
        let scope_spans = message(&[(2, &span(1, b"a")), (2, bad), (2, &span(2, b"b"))]);
        let taken = decode_protobuf(&message(&[(1, &message(&[(2, &scope_spans)]))])).expect("a request");
        assert_eq!(taken.documents.len(), 2, "{reason}");
        let reasons: Vec<&str> = taken.rejects.reasons().map(|(reject, _)| reject.reason()).collect();
        assert_eq!(reasons, [reason]);
    };
    check(&span(3, b"\xff\xfe"), "undecodable_span");
    check(&span(0, b"zeros"), "bad_span_id");
    check(b"\x0a\x20abc", "undecodable_span");
    check(&span(3, &vec![b'x'; 2 << 20]), "oversized_span");
    let mut deep = message(&[(1, b"x")]);
    for _ in 0..200 {
        deep = message(&[(5, &message(&[(1, &deep)]))]);
    }
    let mut recursive = span(3, b"deep");
    recursive.extend(message(&[(9, &message(&[(1, b"k"), (2, &deep)]))]));
    check(&recursive, "undecodable_span");
    let mut many = span(3, b"many");
    for _ in 0..400_000 {
        many.extend_from_slice(b"\x4a\x02\x0a\x00");
    }
    check(&many, "oversized_span");
}

#[test]
fn spans_in_a_text_are_told_from_documents() {
    use otlp::text::{Text, decode};
    assert!(decode(b"{}").is_none());
    assert!(matches!(decode(b"M1CgA="), Some(Ok(Text::Metrics))));
    assert!(matches!(decode(b"T1UCgA="), Some(Ok(Text::Unsampled))));
    assert!(matches!(decode(b"T1S*"), Some(Err(_))));
    assert!(matches!(decode(b"T1SC/8="), Some(Err(_))));
    let scope_spans = message(&[(2, &span(1, b"a"))]);
    let bytes = message(&[(1, &message(&[(2, &scope_spans)]))]);
    use base64::Engine;
    let encoded = base64::engine::general_purpose::STANDARD.encode(&bytes);
    for mark in ["T1S", "T1"] {
        let Some(Ok(Text::Spans(taken))) = decode(format!("{mark}{encoded}\n").as_bytes()) else {
            panic!("{mark}")
        };
        assert_eq!(taken.documents.len(), 1);
    }
}
