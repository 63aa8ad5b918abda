//! Failing traces, grouped by where they failed.

use model::Entity;

use super::*;
use crate::testing::{Build, Documents, at, entity};

/// A request to `first` that fails because `second` is not there.
fn outage(start: f64, user: &str, port: u32) -> TraceDigest {
    let call = entity(2, "second.internal", start + 0.1, start + 0.2).remote().fault();
    let call = call.exception(8, "ConnectionError", &format!("refused from port {port}"));
    let middle = entity(3, "first", start, start + 0.3).parent(5).fault().holds(call);
    let entry = entity(1, "front", start, start + 0.5)
        .http("GET", "http://shop.example.com/basket?item=7")
        .edit(|entity| entity.flags.fault = true)
        .user(user)
        .holds(entity(5, "first.internal", start, start + 0.4).remote().fault());
    trace_of(start, [entry, middle])
}

fn trace_of(start: f64, segments: impl IntoIterator<Item = Entity>) -> TraceDigest {
    let documents = segments
        .into_iter()
        .fold(Documents::default(), |documents, segment| documents.segment(start, segment));
    let mut digest = documents.digest();
    digest.id = TraceId((start as u128).to_be_bytes());
    digest
}

fn healthy(start: f64) -> TraceDigest {
    trace_of(start, [entity(1, "front", start, start + 0.1)])
}

#[test]
fn an_outage_is_one_issue_that_names_the_origin_and_not_its_victims() {
    let digests = [
        outage(10.0, "ann", 40_001),
        healthy(11.0),
        outage(12.0, "bob", 40_002),
        outage(14.0, "ann", 40_003),
    ];
    let found = issues(&digests);
    assert_eq!((found.issues.len(), found.total), (1, 4));
    let issue = &found.issues[0];
    assert_eq!((issue.node.name.as_str(), issue.node_kind), ("second.internal", NodeKind::Remote));
    assert_eq!(issue.witness.name, "first");
    assert_eq!((issue.failing, issue.users), (3, 2));
    assert_eq!((issue.first_seen, issue.last_seen), (at(10.1), at(14.1)));
    assert_eq!(issue.entry.as_deref(), Some("GET /basket"));
    let exception = issue.exception.as_ref().unwrap();
    assert_eq!(exception.name.as_deref(), Some("ConnectionError"));
    assert_eq!(exception.message.as_deref(), Some("refused from port 40003"));
    assert_eq!(issue.example, digests[3].id);
    let affected: Vec<&str> = issue.affected.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(affected, ["first", "front"]);
}

#[test]
fn another_exception_at_the_same_origin_is_another_issue_and_the_larger_comes_first() {
    let bug = |start: f64, name: &str| {
        trace_of(start, [entity(1, "front", start, start + 0.1).fault().exception(7, name, "")])
    };
    let digests = [bug(1.0, "NullPointer"), bug(2.0, "OutOfMemory"), bug(3.0, "OutOfMemory")];
    let found = issues(&digests);
    let names: Vec<_> = found
        .issues
        .iter()
        .map(|issue| (issue.exception.as_ref().unwrap().name.as_deref().unwrap(), issue.failing))
        .collect();
    assert_eq!(names, [("OutOfMemory", 2), ("NullPointer", 1)]);
    assert!(found.issues.iter().all(|issue| issue.affected.is_empty()));
}

#[test]
fn where_nothing_fails_there_is_no_issue() {
    let client_error = trace_of(1.0, [entity(1, "front", 1.0, 1.1).status(404)]);
    assert_eq!(issues(&[healthy(0.0), client_error]), Issues { issues: Vec::new(), total: 2 });
}

#[test]
fn the_entry_is_method_and_path() {
    let check = |url: &str, expected: &str| {
        let segment = entity(1, "front", 0.0, 0.1).http("POST", url);
        assert_eq!(entry(&trace_of(0.0, [segment])).as_deref(), Some(expected));
    };
    check("https://shop.example.com/a/b?c=/d", "POST /a/b");
    check("https://shop.example.com?c=/d", "POST /");
    check("/a#b", "POST /a");
    check("", "POST ");
}

#[test]
fn an_issue_names_the_version_that_it_began_with() {
    let version = |digest: TraceDigest, version: &str| {
        let front =
            digest.nodes.iter().position(|node| node.key.name == "front" && node.kind == NodeKind::Service);
        TraceDigest { versions: vec![(front.unwrap() as u32, version.to_owned())], ..digest }
    };
    let before = (0..20).map(|index| version(healthy(f64::from(index) * 20.0), "1.8.1"));
    let after = (0..10).map(|index| version(outage(400.0 + f64::from(index) * 10.0, "ann", 1), "1.8.2"));
    let digests: Vec<TraceDigest> = before.chain(after).collect();
    let began_with = |digests: &[TraceDigest]| {
        let issue = issues(digests).issues.remove(0);
        issue.began_with.map(|change| (change.node.name, change.version, change.at))
    };
    assert_eq!(began_with(&digests), Some(("front".to_owned(), "1.8.2".to_owned(), at(400.0))));
    let same_version: Vec<TraceDigest> =
        digests.iter().map(|digest| version(digest.clone(), "1.8.1")).collect();
    assert_eq!(began_with(&same_version), None);
}
