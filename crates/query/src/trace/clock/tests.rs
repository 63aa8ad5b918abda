//! Segments by clocks that are off, and where they belong.

use model::{Entity, Trace};

use super::Times;
use crate::testing::{Build, Documents, at, entity};

/// `a` calls `b` from 1.0 to 2.0, and is received at 3.1.
fn called(served: Entity, received: f64) -> Documents {
    let call = entity(2, "b.internal", 1.0, 2.0).remote();
    let served = served.edit(|entity| entity.parent_id = Some(model::EntityId(2)));
    Documents::default().segment(3.1, entity(1, "a", 0.0, 3.0).holds(call)).segment(received, served)
}

fn span(trace: &Trace<'_>, name: &str) -> usize {
    trace.spans.iter().position(|span| span.entity.name == name).unwrap()
}

fn check(documents: &Documents, name: &str, behind: f64) {
    let trace = documents.trace();
    let found = Times::corrected(&trace).behind(span(&trace, name));
    assert_eq!(found, (behind * 1e6).round() as i64, "{name}");
}

#[test]
fn what_is_possible_is_believed() {
    check(&called(entity(3, "b", 1.1, 1.9), 3.2), "b", 0.0);
    check(&called(entity(3, "b", 0.9995, 1.5), 3.2), "b", 0.0);
    // It handles a message that was sent before.
    check(&called(entity(3, "b", 40.0, 41.0), 41.2), "b", 0.0);
    // It is still at work, or was when the caller gave up.
    check(&called(entity(3, "b", 1.1, 0.0).open(), 1.2), "b", 0.0);
    check(&called(entity(3, "b", 1.1, 9.0), 9.1), "b", 0.0);
    // Its SDK rounds down to the second.
    check(&called(entity(3, "b", 0.2, 1.9), 3.2), "b", 0.0);
}

#[test]
fn a_clock_that_is_behind_is_moved_into_the_middle_of_the_call() {
    check(&called(entity(3, "b", -89.0, -88.4), 3.2), "b", 90.2);
    check(&called(entity(3, "b", 0.5, 1.1), 3.2), "b", 0.7);
    // It took longer than its caller waited.
    check(&called(entity(3, "b", -89.0, -80.0), 10.2), "b", 90.0);
    check(&called(entity(3, "b", -89.0, 0.0).open(), 3.2), "b", 90.0);
}

#[test]
fn a_clock_that_is_ahead_is_known_by_the_receipt() {
    check(&called(entity(3, "b", 91.2, 91.8), 3.2), "b", -90.0);
    // The receiver's own clock is behind, so it tells nothing.
    let call = entity(2, "b.internal", 1.0, 2.0).remote();
    let documents = Documents::default()
        .segment(-50.0, entity(1, "a", 0.0, 3.0).holds(call))
        .segment(-50.0, entity(3, "b", 2.5, 2.8).parent(2));
    check(&documents, "b", 0.0);
}

#[test]
fn what_is_below_has_the_same_clock_and_the_next_host_its_own() {
    let inner = entity(4, "work", -88.9, -88.5);
    let further = entity(5, "c.internal", -88.8, -88.6).remote();
    let served = entity(3, "b", -89.0, -88.4).holds(inner).holds(further);
    let right = called(served.clone(), 3.2).segment(3.3, entity(6, "c", 1.45, 1.5).parent(5));
    check(&right, "work", 90.2);
    check(&right, "c.internal", 90.2);
    check(&right, "c", 0.0);
    // On the same host as its caller.
    check(&called(served, 3.2).segment(3.3, entity(6, "c", -88.75, -88.65).parent(5)), "c", 90.2);
}

#[test]
fn times_are_told_by_the_clock_of_the_root() {
    let documents = called(entity(3, "b", -89.0, -88.4), 3.2);
    let trace = documents.trace();
    let times = Times::corrected(&trace);
    let b = span(&trace, "b");
    assert_eq!((times.start(&trace, b), times.end(&trace, b)), (at(1.2), Some(at(1.8))));
    assert_eq!(Times::as_sent(&trace).start(&trace, b), at(-89.0));
}
