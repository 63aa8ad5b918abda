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

fn one_in_five(number: u32, visit: Visit) -> Visit {
    if number.is_multiple_of(5) { Visit { own: 0.3, ..visit } } else { visit }
}

#[test]
fn a_lull_does_not_end_what_was_told() {
    let mut shop = usual();
    shop.play(240.0, 258.0, 5.0, one_in_five);
    assert_eq!(shop.look(258.0), ["cart Slow"]);
    for second in 258..268 {
        let now = f64::from(second);
        shop.play(now, now + 1.0, 5.0, as_usual);
        assert_eq!(shop.look(now + 1.0), ["cart Slow"], "{now}");
    }
    // Who has not heard of it yet is not told of it.
    assert_eq!(shop.restarted(at(0.0)).look(range_at(268.0), at(268.0)).entries, []);
    // So many in a row do not go well by chance, and then chance does not bring it back.
    shop.play(268.0, 290.0, 5.0, as_usual);
    assert_eq!(shop.look(290.0), [""; 0]);
    shop.play(290.0, 291.0, 5.0, one_in_five);
    assert_eq!(shop.look(291.0), [""; 0]);
}

#[test]
fn what_was_told_has_the_onset_that_it_had() {
    let mut shop = usual();
    shop.play(240.0, 260.0, 5.0, |_, visit| Visit { own: 0.05, ..visit });
    assert_eq!(shop.look(260.0), ["cart Slow"]);
    for second in 260..330 {
        let now = f64::from(second);
        shop.play(now, now + 1.0, 5.0, |_, visit| Visit { own: 0.05, ..visit });
        shop.look(now + 1.0);
    }
    let entry = shop.ledger.look(range_at(330.0), at(330.0)).entries.remove(0);
    assert!((239.9..240.4).contains(&seconds(entry.since)), "{}", seconds(entry.since));
}

#[test]
fn slowness_of_which_nothing_is_heard_any_more_is_let_go() {
    let mut shop = usual();
    shop.play(240.0, 260.0, 5.0, |_, visit| Visit { own: 0.05, ..visit });
    assert_eq!(shop.look(260.0), ["cart Slow"]);
    // The next half minute nobody asks the cart, so nobody knows; then it is forgotten.
    let about_cart = |said: Vec<String>| said.iter().any(|line| line.starts_with("cart Slow"));
    assert!(about_cart(shop.look(282.0)));
    assert!(!about_cart(shop.look(400.0)));
}

#[test]
fn single_calls_do_not_end_a_silence() {
    let mut shop = usual();
    shop.play(240.0, 256.0, 5.0, |_, visit| Visit { calls_database: false, ..visit });
    assert_eq!(shop.look(256.0), ["db Silent"]);
    // One in four is more than `gone` would allow.
    shop.play(256.0, 276.0, 5.0, |number, visit| Visit { calls_database: number % 4 == 0, ..visit });
    assert_eq!(shop.look(276.0), ["db Silent"]);
    shop.play(276.0, 287.0, 5.0, as_usual);
    assert_eq!(shop.look(287.0), [""; 0]);
}

#[test]
fn traffic_that_is_gone_stays_gone_until_a_part_of_it_is_back() {
    let mut shop = usual();
    assert_eq!(shop.look(250.0), ["front Silent"]);
    for second in 0..400 {
        assert_eq!(shop.look(250.0 + f64::from(second)), ["front Silent"], "{second}");
    }
    shop.play(650.0, 660.0, 1.0, as_usual);
    assert_eq!(shop.look(660.0), ["front Silent"]);
    shop.play(660.0, 666.0, 2.0, as_usual);
    assert_eq!(shop.look(666.0), [""; 0]);
}

#[test]
fn traffic_after_a_burst_is_as_it_was_before() {
    let mut shop = Shop::default();
    shop.play(0.0, 300.0, 0.4, as_usual).play(300.0, 960.0, 4.0, as_usual).play(960.0, 990.0, 0.4, as_usual);
    for second in 0..20 {
        assert_eq!(shop.look(970.0 + f64::from(second)), [""; 0], "{second}");
    }
}

#[test]
fn who_takes_longer_itself_since_it_waits_longer_is_an_echo() {
    let mut shop = usual();
    shop.play(240.0, 250.0, 5.0, |_, visit| Visit { query: 0.5, ..visit });
    shop.play(250.0, 270.0, 5.0, |_, visit| Visit { query: 0.5, own: 0.06, ..visit });
    assert_eq!(shop.said(270.0), ["db Slow Degraded"]);
    // One that began before is its own trouble.
    let mut shop = usual();
    shop.play(240.0, 250.0, 5.0, |_, visit| Visit { own: 0.06, ..visit });
    shop.play(250.0, 270.0, 5.0, |_, visit| Visit { query: 0.5, own: 0.06, ..visit });
    assert_eq!(shop.said(270.0), ["db Slow Degraded", "cart Slow Degraded"]);
}

#[test]
fn a_database_that_answers_others_as_usual_is_not_slow() {
    let both = |number: u32, visit: Visit| match number % 2 {
        0 => visit.path("/stock/items"),
        _ => visit,
    };
    let mut shop = Shop::default();
    shop.play(0.0, 240.0, 5.0, both);
    // Cart gets no processor: it takes longer itself, and so it seems do its queries.
    shop.play(240.0, 260.0, 5.0, |number, visit| match number % 2 {
        0 => visit.path("/stock/items"),
        _ => Visit { own: 0.1, query: 0.08, ..visit },
    });
    assert_eq!(shop.said(260.0), ["cart Slow Degraded"]);
    // A database that is slow for both is.
    let mut shop = Shop::default();
    shop.play(0.0, 240.0, 5.0, both);
    shop.play(240.0, 260.0, 5.0, |number, visit| {
        both(number, Visit { own: if number % 2 == 0 { visit.own } else { 0.1 }, query: 0.08, ..visit })
    });
    assert!(shop.said(260.0).contains(&"db Slow Degraded".to_owned()), "{:?}", shop.said(260.0));
}
