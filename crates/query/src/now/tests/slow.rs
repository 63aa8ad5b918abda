//! What takes longer, and what no longer comes.

use super::*;

#[test]
fn a_service_that_takes_longer_itself_is_slow_and_its_callers_are_not() {
    let mut shop = usual();
    shop.play(240.0, 245.0, 5.0, |_, visit| Visit { own: 0.05, ..visit });
    assert_eq!(shop.said(245.0), ["cart Slow Degraded"]);
    let entry = shop.entries(245.0).remove(0);
    assert!((239.9..240.4).contains(&seconds(entry.since)), "{}", seconds(entry.since));
    assert_eq!(entry.operation.as_deref(), Some("GET /cart/items"));
    assert!(entry.sentence.starts_with("cart is slow: 4."), "{}", entry.sentence);
    assert!(entry.example.is_some());
}

#[test]
fn a_slow_way_is_told_as_one_and_blamed_on_its_end() {
    let mut shop = usual();
    shop.play(240.0, 245.0, 5.0, |_, visit| Visit { way: 0.12, ..visit });
    let entry = shop.entries(245.0).remove(0);
    assert_eq!((entry.node.name.as_str(), entry.what), ("cart", What::Slow));
    assert!(
        entry.sentence.starts_with("The way from front to cart: 2.0 ms usually, 1"),
        "{}",
        entry.sentence
    );
    assert_eq!(shop.said(245.0).len(), 1);
}

#[test]
fn a_database_that_answers_late_is_slow_and_who_asks_it_is_affected() {
    let mut shop = usual();
    shop.play(240.0, 245.0, 5.0, |_, visit| Visit { query: 0.2, ..visit });
    let entry = shop.entries(245.0).remove(0);
    assert_eq!((entry.node.name.as_str(), entry.affected[0].name.as_str()), ("db", "cart"));
    assert_eq!(shop.said(245.0), ["db Slow Degraded"]);
}

#[test]
fn a_little_slower_is_not_slow_and_single_ones_are_not() {
    let mut shop = usual();
    shop.play(240.0, 270.0, 5.0, |_, visit| Visit { own: visit.own + 0.003, ..visit });
    assert_eq!(shop.said(270.0), Vec::<String>::new());
    let mut shop = usual();
    shop.play(240.0, 270.0, 5.0, |number, visit| match number % 15 {
        0 => Visit { own: 0.3, ..visit },
        _ => visit,
    });
    assert_eq!(shop.said(270.0), Vec::<String>::new());
}

#[test]
fn a_third_of_slow_requests_is_slow() {
    let mut shop = usual();
    shop.play(240.0, 260.0, 5.0, |number, visit| match number % 3 {
        0 => Visit { own: 0.3, ..visit },
        _ => visit,
    });
    assert_eq!(shop.said(260.0), ["cart Slow Degraded"]);
}

#[test]
fn slowness_that_lasts_does_not_become_usual() {
    let mut shop = usual();
    shop.play(240.0, 1_000.0, 5.0, |_, visit| Visit { own: 0.05, ..visit });
    assert_eq!(shop.said(1_000.0), ["cart Slow Degraded"]);
    shop.play(1_000.0, 1_040.0, 5.0, as_usual);
    assert_eq!(shop.said(1_040.0), Vec::<String>::new());
}

#[test]
fn what_fails_is_not_slow_as_well() {
    let mut shop = usual();
    shop.play(240.0, 250.0, 5.0, |number, visit| match number % 2 {
        0 => visit.fails(Fails::Cart("Bug")),
        _ => Visit { own: 0.05, ..visit },
    });
    assert_eq!(shop.said(250.5), ["cart Failing Outage"]);
}

#[test]
fn traffic_that_is_gone_is_told_once_it_was_steady() {
    let mut shop = usual();
    shop.play(240.0, 240.1, 1.0, as_usual);
    let entry = shop.entries(248.0).remove(0);
    assert_eq!((entry.node.name.as_str(), entry.what), ("front", What::Silent));
    assert!((239.0..=241.0).contains(&seconds(entry.since)), "{}", seconds(entry.since));
    assert_eq!(shop.said(248.0), ["front Silent Degraded"]);
    // A minute is too short to say what is usual.
    let mut shop = Shop::default();
    shop.play(0.0, 60.0, 5.0, as_usual);
    assert_eq!(shop.said(70.0), Vec::<String>::new());
}

#[test]
fn calls_that_no_longer_happen_are_told() {
    let mut shop = usual();
    shop.play(240.0, 252.0, 5.0, |_, visit| Visit { calls_database: false, ..visit });
    let entry = shop.entries(252.5).remove(0);
    assert_eq!(
        (entry.node.name.as_str(), entry.what, entry.affected[0].name.as_str()),
        ("db", What::Silent, "cart")
    );
    assert!((236.0..=244.0).contains(&seconds(entry.since)), "{}", seconds(entry.since));
    assert!(entry.sentence.starts_with("cart hardly calls db any more: "), "{}", entry.sentence);
}
