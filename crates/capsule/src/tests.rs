//! What is written is read, and nothing else is.

use std::io::{Cursor, Write};
use std::sync::Arc;

use model::minute::{Counts, MinuteKey, MinuteRow, Stats, Subject};
use model::node::NodeKey;
use model::{Minute, Timestamp, TraceDigest, TraceId};
use proptest::prelude::*;
use serde_json::{Value, json};
use settings::portable::Row;

use super::*;

const T: Timestamp = Timestamp(1_700_000_040_000_000);

fn head() -> Head {
    Head {
        version: VERSION,
        made_by: "0.1.0".to_owned(),
        made: T.0 + 9,
        issue: Issue {
            id: "failing!springboot2~remote!1700000040".to_owned(),
            sentence: "It fails".to_owned(),
        },
        from: T.0,
        to: T.0 + 5,
        traces: 1,
        with_documents: 0,
        complete: true,
        redacted: Vec::new(),
    }
}

fn row() -> Row {
    Row { table: "groups".to_owned(), values: json!({ "name": "a" }).as_object().cloned().unwrap() }
}

fn written() -> Vec<u8> {
    let mut writer = Writer::new(&head()).unwrap();
    writer.document(T, br#"{"id":  1.50}"#).unwrap();
    writer.document(T, b"{\n\"id\":1}").unwrap();
    writer.reduced(&[Arc::new(TraceDigest::new(TraceId([7; 16]), T))], &[]).unwrap();
    writer.setting(&row()).unwrap();
    writer.alert(&row()).unwrap();
    let mut bytes = writer.take();
    bytes.extend(writer.finish(false).unwrap());
    bytes
}

/// Of lines as they are, packed.
fn packed(lines: &[&str]) -> Vec<u8> {
    let mut packed = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    lines.iter().for_each(|line| writeln!(packed, "{line}").unwrap());
    packed.finish().unwrap()
}

fn refused(bytes: &[u8]) -> String {
    read(Cursor::new(bytes), &LIMITS).map(|_| ()).unwrap_err().to_string()
}

fn first() -> String {
    serde_json::to_string(&head()).unwrap()
}

#[test]
fn what_was_written_is_read() {
    let content = read(Cursor::new(written()), &LIMITS).unwrap();
    assert_eq!(content.head, Head { complete: false, ..head() });
    let raw: Vec<&[u8]> = content.documents.iter().map(|one| &*one.raw).collect();
    assert_eq!(raw, [&br#"{"id":  1.50}"#[..], b"{\n\"id\":1}"]);
    assert!(content.documents.iter().all(|one| one.received == T));
    assert_eq!(content.digests[0].id, TraceId([7; 16]));
    assert_eq!((content.settings, content.alerts), (vec![row()], vec![row()]));
}

#[test]
fn what_is_none_is_told_as_such() {
    for bytes in [&b""[..], b"hello", b"\x28\xb5\x2f\xfd", b"PAR1 and more"] {
        let said = refused(bytes);
        assert!(said.contains("no capsule") || said.contains("cut short"), "{bytes:?}: {said}");
    }
    assert_eq!(
        refused(&packed(&["{\"received\":1,\"document\":{}}"])),
        "it is no capsule, which `fluoro capsule` writes"
    );
    assert!(refused(&packed(&["{\"fluoroCapsule\":9}"])).contains("of version 9"));
    assert!(refused(&packed(&["{\"fluoroCapsule\":1}"])).contains("line 1 is wrong: missing field"));
}

#[test]
fn a_file_that_was_cut_is_refused_wherever_it_was_cut() {
    let whole = written();
    for length in 0..whole.len() {
        assert!(read(Cursor::new(&whole[..length]), &LIMITS).is_err(), "{length} of {}", whole.len());
    }
    assert_eq!(refused(&packed(&[&first()])), "it was cut short; get it again");
    let more = packed(&[&first(), "{\"end\":{\"lines\":1,\"complete\":true}}", "{}"]);
    assert!(refused(&more).contains("line 2 is wrong"), "{}", refused(&more));
}

#[test]
fn lines_that_are_wrong_are_told_with_their_number() {
    for (line, expected) in [
        ("{", "EOF"),
        ("{\"what\":1}", "unknown field"),
        ("{\"received\":-1,\"document\":{}}", "before 1970"),
        ("{\"received\":1e300,\"document\":{}}", "before 1970"),
        ("{\"commit\":\"not base64!\"}", ""),
        ("{\"commit\":\"e30=\"}", "a format that no capsule has"),
        ("{\"commit\":\"AQID\"}", ""),
        ("{\"setting\":{\"table\":1,\"values\":{}}}", "invalid type"),
    ] {
        let said = refused(&packed(&[&first(), line]));
        assert!(said.starts_with("line 2 is wrong: ") && said.contains(expected), "{line}: {said}");
    }
    let mut wrong: Value = serde_json::to_value(head()).unwrap();
    wrong["to"] = json!(i64::MAX);
    assert_eq!(refused(&packed(&[&wrong.to_string()])), "line 1 is wrong: its times cannot be");
}

#[test]
fn numbers_that_would_overflow_are_refused() {
    let commit = |digests: &[Arc<TraceDigest>], minutes: &[MinuteRow]| {
        let mut writer = Writer::new(&head()).unwrap();
        writer.reduced(digests, minutes).unwrap();
        let mut bytes = writer.take();
        bytes.extend(writer.finish(true).unwrap());
        read(Cursor::new(bytes), &LIMITS).map(|_| ())
    };
    let refused = |digest: TraceDigest| {
        let said = commit(&[Arc::new(digest)], &[]).unwrap_err().to_string();
        assert_eq!(said, "line 2 is wrong: its times or counts cannot be");
    };
    let digest = || TraceDigest::new(TraceId([7; 16]), T);
    commit(&[Arc::new(digest())], &[]).unwrap();
    refused(TraceDigest { end: Some(Timestamp::MAX), ..digest() });
    refused(TraceDigest { start: Timestamp(-1), ..digest() });
    refused(TraceDigest { groups: vec![("a".to_owned(), Minute(i64::MAX / 2))], ..digest() });
    let row = |counts: Counts, minute| {
        let node = NodeKey { name: "shop".to_owned(), kind: None, account: None };
        let key = MinuteKey { minute, group: "Default".to_owned(), subject: Subject::Node(node) };
        commit(&[], &[MinuteRow { key, stats: Stats { counts, presence: 1, ..Stats::default() } }])
    };
    row(Counts { ok: 1, ..Counts::default() }, T.minute()).unwrap();
    row(Counts { ok: i64::MAX, ..Counts::default() }, T.minute()).unwrap_err();
    row(Counts { fault: i64::MIN, ..Counts::default() }, T.minute()).unwrap_err();
    row(Counts::default(), Minute(i64::MIN)).unwrap_err();
}

/// A few kilobytes that would take everything, if nothing was counted.
#[test]
fn what_would_unpack_to_too_much_is_refused() {
    let small = Limits {
        bytes: 10_000,
        line_bytes: 5_000,
        documents: 3,
        block_bytes: 100,
        text_bytes: 50,
        digests: 1,
        rows: 1,
    };
    let check =
        |lines: &[&str]| read(Cursor::new(packed(lines)), &small).map(|_| ()).unwrap_err().to_string();
    let first = first();
    let document = "{\"received\":1,\"document\":{}}";
    let setting = "{\"setting\":{\"table\":\"a\",\"values\":{}}}";
    let long = format!("{{\"received\":1,\"document\":\"{}\"}}", "a".repeat(4_000));
    assert!(check(&[&first, document, document, document, document]).contains("500,000 documents"));
    assert!(check(&[&first, setting, setting]).contains("settings and alerts"));
    assert!(check(&[&first, &"a".repeat(6_000)]).contains("in a line"));
    assert!(check(&[&first, &long, &long, &long]).contains("1 GiB"));
    let mut digest = TraceDigest::new(TraceId([7; 16]), T);
    digest.users = vec!["u".repeat(20); 5];
    let commit = |digests: &[Arc<TraceDigest>]| {
        let mut writer = Writer::new(&head()).unwrap();
        writer.reduced(digests, &[]).unwrap();
        let mut bytes = writer.take();
        bytes.extend(writer.finish(true).unwrap());
        read(Cursor::new(bytes), &small).map(|_| ()).unwrap_err().to_string()
    };
    let said = commit(&[Arc::new(digest)]);
    assert!(said.contains("texts") || said.contains("64 MiB"), "{said}");
    let bare = Arc::new(TraceDigest::new(TraceId([7; 16]), T));
    let said = commit(&[Arc::clone(&bare), bare]);
    assert!(said.contains("200,000 traces") || said.contains("64 MiB"), "{said}");
    // A window that the writer never needs would be memory as well.
    let mut far = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    far.window_log(27).unwrap();
    far.write_all(&vec![b'a'; 200 << 20]).unwrap();
    assert!(read(Cursor::new(far.finish().unwrap()), &LIMITS).is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), at in any::<usize>()) {
        let _ = read(Cursor::new(&bytes), &LIMITS);
        let mut whole = written();
        let at = at % whole.len();
        whole[at] ^= bytes.first().copied().unwrap_or(1) | 1;
        let _ = read(Cursor::new(whole), &LIMITS);
    }
}

#[test]
fn values_are_taken_out_by_name_and_what_a_trace_is_drawn_by_stays() {
    let check = |names: &str, document: Value, expected: Value| {
        let applied = Redaction::parse(names).unwrap().apply(document.to_string().as_bytes()).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&applied).unwrap(), expected, "{names}");
    };
    let segment = json!({
        "trace_id": "1-a", "id": "b", "name": "shop", "user": "ann@example.com", "start_time": 1.5, "fault": true,
        "http": { "request": { "url": "https://a/b", "client_ip": "10.0.0.1" }, "response": { "status": 500 } },
        "annotations": { "customer_email": "ann@example.com", "size": 3 },
        "cause": { "exceptions": [{ "id": "c", "message": "no row for ann" }] },
    });
    let mut some = segment.clone();
    some["user"] = json!("[redacted]");
    some["annotations"]["customer_email"] = json!("[redacted]");
    some["cause"]["exceptions"][0]["message"] = json!("[redacted]");
    check("user, *EMAIL*,message", segment.clone(), some);
    check("", segment.clone(), segment.clone());
    let all = json!({
        "trace_id": "1-a", "id": "b", "name": "shop", "user": "[redacted]", "start_time": 1.5, "fault": true,
        "http": { "request": { "url": "[redacted]", "client_ip": "[redacted]" }, "response": { "status": 500 } },
        "annotations": { "customer_email": "[redacted]", "size": "[redacted]" },
        "cause": { "exceptions": [{ "id": "c", "message": "[redacted]" }] },
    });
    check("*", segment, all);
    check(
        "enduser_id",
        json!({ "attributes": [
            { "key": "enduser.id", "value": { "stringValue": "ann" } }, { "key": "shop", "value": { "intValue": "1" } },
        ] }),
        json!({ "attributes": [
            { "key": "enduser.id", "value": { "stringValue": "[redacted]" } }, { "key": "shop", "value": { "intValue": "1" } },
        ] }),
    );
    assert_eq!(Redaction::parse("user").unwrap().apply(b"{\"user\":"), None);
    assert!(Redaction::parse(&"a,".repeat(101)).is_err() && Redaction::parse(&"a".repeat(201)).is_err());
}

#[test]
fn the_page_of_an_issue_is_a_path_whatever_it_is_called() {
    let page = |id: &str| Issue { id: id.to_owned(), sentence: String::new() }.page();
    assert_eq!(page("failing!spring boot/2~remote!17"), "/issues/failing!spring%20boot%2F2~remote!17");
    assert_eq!(page("0b6a8b0e-aaaa"), "/insights/0b6a8b0e-aaaa");
    assert_eq!(page("//evil.example\r\n"), "/insights/%2F%2Fevil.example%0D%0A");
}
