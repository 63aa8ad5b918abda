//! Each shape where it is, and not where something merely looks like it.

use model::{Entity, Micros};

use super::{Kind, patterns};
use crate::testing::{Build, Documents, entity};

fn found(segments: Vec<Entity>) -> Vec<(Kind, usize)> {
    let sent =
        segments.into_iter().fold(Documents::default(), |documents, segment| documents.segment(9.0, segment));
    patterns(&sent.trace()).into_iter().map(|pattern| (pattern.kind, pattern.evidence.len())).collect()
}

fn millis(millis: u64) -> Micros {
    Micros::from_millis(millis)
}

/// `count` calls, each 10 ms long, `apart` seconds from start to start.
fn calls(count: u64, apart: f64, change: impl Fn(u64, Entity) -> Entity) -> Entity {
    let root = entity(1, "shop", 0.0, 10.0);
    (0..count).fold(root, |root, index| {
        let start = index as f64 * apart;
        root.holds(change(index, entity(100 + index, "ledger", start, start + 0.01).aws("PutItem")))
    })
}

#[test]
fn a_call_that_fails_and_is_made_again_is_a_retry_storm() {
    let storm = calls(4, 0.21, |index, call| if index < 3 { call.fault() } else { call });
    let waits = vec![millis(200); 3];
    assert_eq!(found(vec![storm]), [(Kind::RetryStorm { failed: 3, waits }, 4)]);
}

#[test]
fn a_success_between_is_no_retry() {
    assert_eq!(found(vec![calls(4, 0.2, |index, call| if index == 1 { call } else { call.fault() })]), []);
    assert_eq!(found(vec![calls(2, 0.2, |_, call| call.fault())]), []);
}

#[test]
fn a_query_for_each_row_is_n_plus_one() {
    assert_eq!(found(vec![calls(30, 0.02, |_, call| call)]), [(Kind::NPlusOne { total: millis(300) }, 30)]);
    assert_eq!(found(vec![calls(9, 0.02, |_, call| call)]), []);
}

#[test]
fn queries_side_by_side_are_a_plan() {
    assert_eq!(found(vec![calls(30, 0.005, |_, call| call)]), []);
}

#[test]
fn different_calls_one_after_another_could_run_side_by_side() {
    let root = entity(1, "shop", 0.0, 1.0)
        .holds(entity(2, "stock", 0.0, 0.3).remote())
        .holds(entity(3, "price", 0.3, 0.7).remote())
        .holds(entity(4, "user", 0.75, 0.95).remote());
    let kind = Kind::SerialFanOut { total: millis(900), longest: millis(400) };
    assert_eq!(found(vec![root]), [(kind, 3)]);
}

#[test]
fn a_few_short_calls_are_not_worth_a_line() {
    let root = entity(1, "shop", 0.0, 9.0)
        .holds(entity(2, "stock", 0.0, 0.3).remote())
        .holds(entity(3, "price", 0.3, 0.7).remote())
        .holds(entity(4, "user", 0.75, 0.95).remote());
    assert_eq!(found(vec![root]), []);
}

#[test]
fn a_callee_that_outlasts_a_caller_who_gave_up_is_a_timeout_inversion() {
    let caller = |call: Entity| entity(1, "shop", 0.0, 1.2).holds(call);
    let call = entity(2, "pay", 0.1, 1.1).remote();
    let callee = entity(3, "pay", 0.15, 3.1).parent(2);
    let inversion = Kind::TimeoutInversion { over: millis(2_000) };
    assert_eq!(found(vec![caller(call.clone().fault()), callee.clone()]), [(inversion, 1)]);
    // A callee that works on after its answer, or that began only when its caller had gone, is another story.
    assert_eq!(found(vec![caller(call.clone()), callee]), []);
    let queued = entity(3, "pay", 2.0, 3.1).parent(2);
    assert_eq!(found(vec![caller(call.fault()), queued]), []);
}
