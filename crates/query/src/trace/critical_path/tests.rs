//! Traces drawn by hand with the path that a person would mark in them.

use model::{Entity, Micros};
use proptest::prelude::*;

use super::{Holdup, Times, critical_path};
use crate::testing::{Build, Documents, at, entity, random};

fn sent(segments: Vec<Entity>) -> Documents {
    segments.into_iter().fold(Documents::default(), |sent, segment| sent.segment(9.0, segment))
}

fn check(segments: Vec<Entity>, expected: &[(&str, f64, f64)]) {
    let documents = sent(segments);
    let trace = documents.trace();
    let path = critical_path(&trace, &Times::as_sent(&trace));
    let name = |span: usize| trace.spans[span].entity.name.clone();
    let steps: Vec<_> = path.steps.iter().map(|step| (name(step.span), step.from, step.to)).collect();
    let expected: Vec<_> =
        expected.iter().map(|&(name, from, to)| (name.to_owned(), at(from), at(to))).collect();
    assert_eq!(steps, expected);
}

#[test]
fn a_lone_segment_is_its_own_path() {
    check(vec![entity(1, "a", 0.0, 2.0)], &[("a", 0.0, 2.0)]);
}

#[test]
fn between_children_the_parent_works() {
    let root = entity(1, "a", 0.0, 10.0).holds(entity(2, "b", 1.0, 4.0)).holds(entity(3, "c", 5.0, 9.0));
    check(
        vec![root],
        &[("a", 0.0, 1.0), ("b", 1.0, 4.0), ("a", 4.0, 5.0), ("c", 5.0, 9.0), ("a", 9.0, 10.0)],
    );
}

#[test]
fn of_children_side_by_side_the_last_to_finish_counts() {
    let root =
        entity(1, "a", 0.0, 10.0).holds(entity(2, "short", 1.0, 4.0)).holds(entity(3, "long", 2.0, 9.0));
    check(vec![root], &[("a", 0.0, 2.0), ("long", 2.0, 9.0), ("a", 9.0, 10.0)]);
}

#[test]
fn a_child_that_outlasts_its_parent_is_cut() {
    let root =
        entity(1, "a", 0.0, 5.0).holds(entity(2, "async", 2.0, 30.0).holds(entity(3, "late", 6.0, 29.0)));
    check(vec![root], &[("a", 0.0, 2.0), ("async", 2.0, 5.0)]);
}

#[test]
fn a_child_that_begins_before_its_parent_is_cut() {
    let call = entity(2, "call", 2.0, 6.0).remote();
    let skewed = entity(3, "b", 1.0, 5.0).parent(2);
    check(
        vec![entity(1, "a", 0.0, 8.0).holds(call), skewed],
        &[("a", 0.0, 2.0), ("b", 2.0, 5.0), ("call", 5.0, 6.0), ("a", 6.0, 8.0)],
    );
}

#[test]
fn what_is_left_at_work_blocked_nobody() {
    let root = entity(1, "a", 0.0, 5.0).holds(entity(2, "forgotten", 1.0, 0.0).open());
    check(vec![root], &[("a", 0.0, 5.0)]);
}

#[test]
fn an_open_trace_ends_at_the_last_thing_known() {
    let root = entity(1, "a", 0.0, 0.0)
        .open()
        .holds(entity(2, "b", 1.0, 3.0))
        .holds(entity(3, "c", 4.0, 0.0).open());
    check(vec![root], &[("a", 0.0, 1.0), ("b", 1.0, 3.0), ("a", 3.0, 4.0)]);
}

#[test]
fn the_way_to_a_service_and_back_is_the_network() {
    let root = entity(1, "a", 0.0, 10.0).holds(entity(2, "b", 1.0, 9.0).remote());
    let documents = sent(vec![root, entity(3, "b", 3.0, 8.0).parent(2)]);
    let trace = documents.trace();
    let second = |seconds: u64| Micros(seconds * 1_000_000);
    let service = |name: &str| Holdup::Service(name.to_owned());
    assert_eq!(
        critical_path(&trace, &Times::as_sent(&trace)).holdups(&trace),
        [(service("b"), second(5)), (Holdup::Network, second(3)), (service("a"), second(2))]
    );
}

#[test]
fn without_the_root_the_earliest_segment_is_walked() {
    check(vec![entity(5, "b", 2.0, 3.0).parent(99), entity(6, "c", 1.0, 4.0).parent(98)], &[("c", 1.0, 4.0)]);
}

proptest! {
    /// The path has no gap and no overlap, from the start of what it is about to its end.
    #[test]
    fn the_path_is_whole(sent in random::documents(30)) {
        let documents = random::received(&sent);
        let trace = documents.trace();
        let path = critical_path(&trace, &Times::as_sent(&trace));
        for pair in path.steps.windows(2) {
            prop_assert_eq!(pair[0].to, pair[1].from);
        }
        let whole: u64 = path.holdups(&trace).iter().map(|(_, time)| time.0).sum();
        prop_assert_eq!(whole, path.length().0);
    }
}
