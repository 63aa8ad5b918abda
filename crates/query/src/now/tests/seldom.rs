//! What comes too seldom to be judged by itself.

use super::*;

/// Twenty minutes with a request each eight seconds.
fn seldom() -> Shop {
    let mut shop = Shop::default();
    shop.play(0.0, 1_200.0, 0.125, as_usual);
    shop
}

#[test]
fn a_way_is_slow_after_a_few_requests_that_take_hundreds_of_times_as_long() {
    let mut shop = seldom();
    shop.play(1_200.0, 1_224.0, 0.125, |_, visit| Visit { way: 1.0, ..visit });
    let entry = shop.entries(1_224.0).remove(0);
    assert_eq!((entry.node.name.as_str(), entry.what, entry.requests), ("cart", What::Slow, 3));
    assert!((1_199.0..1_202.0).contains(&seconds(entry.since)), "{}", seconds(entry.since));
    assert_eq!(shop.said(1_224.0), ["cart Slow Degraded"]);
}

#[test]
fn two_requests_are_no_evidence_and_neither_is_what_stood_still_once() {
    let mut shop = seldom();
    shop.play(1_200.0, 1_216.0, 0.125, |_, visit| Visit { way: 1.0, ..visit });
    assert_eq!(shop.said(1_216.0), Vec::<String>::new());
    let mut shop = seldom();
    shop.play(1_200.0, 1_203.0, 1.0, |_, visit| Visit { way: 1.0, ..visit });
    assert_eq!(shop.said(1_203.0), Vec::<String>::new());
}

#[test]
fn a_system_in_which_much_takes_hundreds_of_times_as_long_now_and_then_needs_more_of_them() {
    let outlier = |number: u32, visit: Visit| match number % 12 {
        0 => Visit { way: 1.0, own: 2.0, query: 1.5, ..visit },
        _ => visit,
    };
    let mut shop = Shop::default();
    shop.play(0.0, 1_200.0, 0.125, outlier);
    shop.play(1_200.0, 1_224.0, 0.125, |_, visit| Visit { way: 1.0, ..visit });
    assert_eq!(shop.said(1_224.0), Vec::<String>::new());
}

#[test]
fn what_a_service_does_and_what_is_done_with_it_are_evidence_together() {
    let mut shop = seldom();
    // Ten times as long is not enough of any of them alone.
    let slower = |visit: Visit| Visit { own: visit.own * 10.0, way: visit.way * 10.0, ..visit };
    shop.play(1_200.0, 1_240.0, 0.125, |_, visit| Visit { own: visit.own * 10.0, ..visit });
    assert_eq!(shop.said(1_240.0), Vec::<String>::new());
    let mut shop = seldom();
    shop.play(1_200.0, 1_240.0, 0.125, |_, visit| slower(visit));
    assert_eq!(shop.said(1_240.0), ["cart Slow Degraded"]);
}
