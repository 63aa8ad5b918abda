//! Slow nodes beside those that only wait for them, and beside what is usual.

use model::group;
use model::minute::MinuteKey;
use model::segment::Outcome;

use super::*;
use crate::testing::EPOCH;

fn key(name: &str) -> NodeKey {
    NodeKey { name: name.to_owned(), kind: None, account: None }
}

/// Twenty requests of that length in that minute.
fn row(minute: i64, subject: Subject, millis: u64) -> MinuteRow {
    let mut stats = Stats { presence: 1, ..Stats::default() };
    for request in 0..20 {
        stats.record(Outcome::Ok, Micros::from_millis(millis + request % 3));
    }
    let minute = Minute(EPOCH.minute().0 + minute);
    MinuteRow { key: MinuteKey { minute, group: group::DEFAULT.to_owned(), subject }, stats }
}

/// Ten minutes in which the node takes 50 ms, but for those that are given.
fn node(name: &str, slow: &[(i64, u64)]) -> Vec<MinuteRow> {
    let millis = |minute| slow.iter().find(|(at, _)| *at == minute).map_or(50, |(_, millis)| *millis);
    (0..10).map(|minute| row(minute, Subject::Node(key(name)), millis(minute))).collect()
}

fn call(source: &str, target: &str) -> MinuteRow {
    let subject = Subject::Edge { source: key(source), target: key(target), kind: EdgeKind::Call };
    row(0, subject, 50)
}

fn found(rows: &[MinuteRow]) -> Vec<(String, i64, Vec<String>)> {
    let name = |key: &NodeKey| key.name.clone();
    slowdowns(rows)
        .iter()
        .map(|one| {
            (
                name(&one.node),
                one.since.minute().0 - EPOCH.minute().0,
                one.affected.iter().map(name).collect(),
            )
        })
        .collect()
}

#[test]
fn a_node_that_became_slow_is_told_with_its_past() {
    let rows = node("search", &[(7, 900), (8, 900), (9, 900)]);
    let slow = slowdowns(&rows);
    assert_eq!(found(&rows), [("search".to_owned(), 7, Vec::new())]);
    assert_eq!((slow[0].slow, slow[0].total), (60, 60));
    assert!(slow[0].usual_p99 < Micros::from_millis(60) && slow[0].p99 > Micros::from_millis(800));
}

#[test]
fn whoever_waits_for_a_slow_node_is_affected_and_not_named() {
    let slow = &[(8, 900), (9, 900)];
    let mut rows = [node("front", slow), node("search", slow), node("cart", &[])].concat();
    rows.extend([call("front", "search"), call("front", "cart")]);
    assert_eq!(found(&rows), [("search".to_owned(), 8, vec!["front".to_owned()])]);
}

#[test]
fn nodes_that_call_each_other_in_a_circle_are_all_told() {
    let slow = &[(8, 900), (9, 900)];
    let mut rows = [node("a", slow), node("b", slow)].concat();
    rows.extend([call("a", "b"), call("b", "a")]);
    assert_eq!(found(&rows).len(), 2);
}

#[test]
fn what_is_over_or_small_or_new_is_no_slowdown() {
    assert_eq!(found(&node("over", &[(5, 900), (6, 900)])), []);
    assert_eq!(found(&node("small", &[(8, 65), (9, 65)])), []);
    assert_eq!(found(&[row(0, Subject::Node(key("new")), 50), row(1, Subject::Node(key("new")), 900)]), []);
    assert_eq!(found(&[]), []);
}
