//! Predicates on single digests: what must pass, and what is known not to.

use super::*;
use crate::conformance::sample::{digest, rich_digest};

#[track_caller]
fn check(digest: &TraceDigest, predicate: &Predicate, expected: bool) {
    assert_eq!(predicate.may_match(digest), expected, "{predicate:?}");
}

#[test]
fn flags_are_those_of_the_root() {
    let (fine, failed) = (digest(1, 1, 0), rich_digest(2, 1, 0));
    check(&fine, &Predicate::Flag(Flag::Ok, true), true);
    check(&fine, &Predicate::Flag(Flag::Fault, true), false);
    check(&failed, &Predicate::Flag(Flag::Ok, true), false);
    check(&failed, &Predicate::Flag(Flag::Error, true), true);
    check(&failed, &Predicate::Flag(Flag::Error, false), false);
    check(&failed, &Predicate::Flag(Flag::Partial, true), true);
}

#[test]
fn a_throttle_anywhere_in_the_trace_passes() {
    let mut trace = digest(1, 1, 0);
    trace.has_throttle = true;
    check(&trace, &Predicate::Flag(Flag::Throttle, true), true);
    check(&trace, &Predicate::Flag(Flag::Throttle, false), true);
}

#[test]
fn a_trace_without_its_root_may_be_ok_or_not() {
    let mut trace = digest(1, 1, 0);
    trace.root = None;
    check(&trace, &Predicate::Flag(Flag::Ok, true), true);
    check(&trace, &Predicate::Flag(Flag::Ok, false), true);
    check(&trace, &Predicate::Flag(Flag::Fault, true), false);
    check(&trace, &Predicate::Number(Number::HttpStatus, Comparator::Less, 1e9), false);
}

#[test]
fn numbers_are_seconds_and_allow_for_rounding() {
    let trace = rich_digest(1, 1, 0);
    let response_time = |comparison, value| Predicate::Number(Number::ResponseTime, comparison, value);
    check(&trace, &response_time(Comparator::Equal, 2.5), true);
    check(&trace, &response_time(Comparator::Equal, 2.500_000_4), true);
    check(&trace, &response_time(Comparator::Equal, 2.51), false);
    check(&trace, &response_time(Comparator::Greater, 2.4), true);
    check(&trace, &response_time(Comparator::Less, 2.4), false);
    check(&trace, &Predicate::Number(Number::Duration, Comparator::Equal, 3.0), true);
}

#[test]
fn case_counts_in_texts() {
    let trace = rich_digest(1, 1, 0);
    let url = |how, text: &str| Predicate::Text(Text::HttpUrl, how, text.to_owned());
    check(&trace, &url(TextMatch::BeginsWith, "http://shop/"), true);
    check(&trace, &url(TextMatch::BeginsWith, "HTTP://shop/"), false);
    check(&trace, &url(TextMatch::EndsWith, "\"1\""), true);
    check(&trace, &Predicate::Text(Text::User, TextMatch::Equal, "bob".to_owned()), true);
    check(&trace, &Predicate::Text(Text::User, TextMatch::Equal, "eve".to_owned()), false);
}

#[test]
fn all_that_is_said_of_a_node_must_hold_of_one_node() {
    let trace = rich_digest(1, 1, 0);
    let node = |name: Option<&str>, kind: Option<&str>| Predicate::Node {
        name: name.map(str::to_owned),
        kind: kind.map(str::to_owned),
        account: None,
    };
    check(&trace, &node(Some("bank"), Some("remote")), true);
    check(&trace, &node(Some("shop"), Some("remote")), false);
    check(&trace, &node(Some("bank.example"), None), true);
    check(&trace, &node(Some("nobody"), None), false);
}

#[test]
fn annotations_of_every_type_compare_as_text() {
    let trace = rich_digest(1, 1, 0);
    for (key, value, expected) in [
        ("tenant", "a=b", true),
        ("tenant", "a", false),
        ("size", "12.5", true),
        ("size", "12.50", true),
        ("size", "12", false),
        ("paid", "true", true),
        ("paid", "false", false),
        ("none", "", false),
    ] {
        check(&trace, &Predicate::Annotation { key: key.to_owned(), value: value.to_owned() }, expected);
    }
    check(&trace, &Predicate::HasAnnotation("size".to_owned()), true);
    check(&trace, &Predicate::HasAnnotation("Size".to_owned()), false);
}
