//! Failures: what is named, since when, with how much weight, and what is left unsaid.

use model::{NodeKey, NodeKind};

use super::*;
use crate::now::{Day, Excess, Usual, Weight};

fn bug(_: u32, visit: Visit) -> Visit {
    visit.fails(Fails::Cart("Bug"))
}

/// Each so manieth one fails, the others go well.
fn each(count: u32, fails: Fails) -> impl Fn(u32, Visit) -> Visit {
    move |number, visit| if number.is_multiple_of(count) { visit.fails(fails) } else { visit }
}

#[test]
fn a_total_failure_is_named_from_its_second_trace_and_as_an_outage_from_its_third() {
    let after = |seconds: f64| {
        let mut shop = usual();
        shop.play(240.0, 240.0 + seconds, 5.0, bug).said(240.0 + seconds + 0.01)
    };
    assert_eq!(after(0.2), [""; 0]);
    assert_eq!(after(0.4), ["cart Failing Degraded"]);
    assert_eq!(after(0.6), ["cart Failing Outage"]);
}

#[test]
fn the_first_refused_call_is_named_until_others_go_well() {
    let mut shop = usual();
    shop.play(240.0, 240.2, 5.0, |_, visit| visit.fails(Fails::NoCart));
    assert_eq!(shop.said(240.21), ["cart Failing Degraded"]);
    shop.play(240.2, 241.0, 5.0, as_usual);
    assert_eq!(shop.said(241.2), [""; 0]);
}

#[test]
fn an_entry_tells_what_happened() {
    let mut shop = usual();
    shop.play(240.0, 250.0, 5.0, |number, visit| Visit {
        user: format!("u{}", number % 7),
        ..bug(number, visit)
    });
    let entry = shop.entries(250.5).remove(0);
    assert_eq!((entry.failing, entry.requests, entry.clients, entry.users), (50, 50, 50, 7));
    assert!((240.0..240.1).contains(&seconds(entry.since)), "{}", seconds(entry.since));
    assert_eq!((entry.node_kind, entry.host, entry.until), (NodeKind::Service, None, None));
    assert_eq!(entry.operation.as_deref(), Some("GET /cart/items"));
    assert_eq!(entry.exceptions[0].0.name.as_deref(), Some("Bug"));
    assert_eq!(entry.exceptions[0].0.message.as_deref(), Some("no luck"));
    let affected: Vec<&str> = entry.affected.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(affected, ["front"]);
    assert!(entry.example.is_some());
    assert_eq!(entry.sentence, "cart is failing with Bug: 50 of 50 requests (100 %, 7 users) for 10 s");
    assert_eq!(entry.sparks.iter().sum::<u64>(), 50);
}

#[test]
fn what_fails_as_usual_is_background() {
    let mut shop = Shop::default();
    shop.play(0.0, 600.0, 5.0, each(50, Fails::Caught));
    let judgement = shop.judge(600.5);
    assert_eq!(judgement.entries, []);
    let nodes: Vec<&str> = judgement.background.nodes.iter().map(|node| node.name.as_str()).collect();
    assert_eq!((nodes, judgement.background.failing), (vec!["db"], 6));
    // More of it is no longer usual.
    shop.play(600.0, 660.0, 5.0, each(4, Fails::Caught));
    assert_eq!(shop.said(660.5), ["db Failing Degraded"]);
}

#[test]
fn an_excess_of_the_day_did_not_begin_with_what_is_usual_of_a_day() {
    let since = |limit: f64| {
        let mut shop = usual();
        shop.play(240.0, 360.0, 5.0, each(20, Fails::Cart("Bug")));
        shop.play(360.0, 400.0, 5.0, each(4, Fails::Cart("Bug")));
        let usual = Usual { expected: limit / 2.0, highest: limit, bins: 288 };
        let excess = Excess { since: at(360.0).minute(), usual, failing: 20, requests: 200, minutes: 1 };
        let cart = NodeKey { name: "cart".to_owned(), kind: None, account: None };
        shop.ledger.learn_days(vec![(cart, Day { limit, highest: limit, excess: Some(excess) })]);
        let entry = shop.entries(400.5).remove(0);
        (seconds(entry.since).floor(), entry.failing)
    };
    // One in twenty fails of a day, and one in four from 360 on.
    assert_eq!(since(0.08), (360.0, 50));
    assert_eq!(since(0.02), (243.0, 80));
}

#[test]
fn what_no_client_sees_is_no_outage() {
    let mut shop = usual();
    shop.play(240.0, 250.0, 5.0, each(1, Fails::Caught));
    assert_eq!(shop.said(250.5), ["db Failing Degraded"]);
}

#[test]
fn a_new_exception_shows_among_usual_ones() {
    let mut shop = Shop::default();
    shop.play(0.0, 600.0, 5.0, each(20, Fails::Cart("Timeout")));
    shop.play(600.0, 640.0, 5.0, |number, visit| match number % 20 {
        0 => visit.fails(Fails::Cart("Timeout")),
        5 => visit.fails(Fails::Cart("Bug")),
        _ => visit,
    });
    let entry = shop.entries(640.5).remove(0);

    assert_eq!((entry.node.name.as_str(), entry.exceptions[0].0.name.as_deref()), ("cart", Some("Bug")));
    assert!(entry.weight < Weight::Noise);
}

#[test]
fn an_episode_ends_when_requests_go_well_and_the_next_is_another() {
    let mut shop = usual();
    shop.play(240.0, 260.0, 5.0, bug);
    shop.play(260.0, 268.0, 5.0, as_usual);
    assert_eq!(shop.said(268.5), ["cart Failing Outage"]);
    shop.play(268.0, 275.0, 5.0, as_usual);
    let entry = shop.entries(275.5).remove(0);
    assert!((259.0..260.5).contains(&seconds(entry.until.unwrap())));
    assert_eq!(
        entry.sentence,
        "cart failed with Bug: 100 of 100 requests (100 %, 100 users) for 19 s, and is over"
    );
    shop.play(275.0, 320.0, 5.0, as_usual);
    shop.play(320.0, 330.0, 5.0, bug);
    let entry = shop.entries(330.5).remove(0);
    assert_eq!((entry.failing, entry.episodes.len(), entry.until), (50, 2, None));
    assert!((320.0..320.1).contains(&seconds(entry.since)));
    assert!(entry.sentence.ends_with("for 10 s, 2nd time"), "{}", entry.sentence);
}

#[test]
fn without_requests_nothing_is_over() {
    let mut shop = usual();
    shop.play(240.0, 250.0, 5.0, bug);
    assert_eq!(shop.said(400.0)[0], "cart Failing Outage");
}

#[test]
fn a_host_has_the_name_of_the_service_behind_it() {
    let mut shop = usual();
    shop.play(240.0, 250.0, 5.0, |_, visit| visit.fails(Fails::NoCart));
    let entry = shop.entries(250.5).remove(0);
    assert_eq!((entry.node.name.as_str(), entry.host.as_deref()), ("cart", Some("lb.internal")));
    assert_eq!(entry.witness.unwrap().name, "front");
    assert_eq!(entry.failing, 50);
}

fn both(number: u32, visit: Visit) -> Visit {
    if number.is_multiple_of(2) { visit.path("/stock/4") } else { visit }
}

#[test]
fn behind_a_balancer_the_dead_service_is_named_and_not_the_balancer() {
    let mut shop = Shop::default();
    shop.play(0.0, 240.0, 5.0, both);
    shop.play(240.0, 250.0, 5.0, |number, visit| match number % 2 {
        0 => visit.path("/stock/4").fails(Fails::NoCart),
        _ => visit,
    });
    let entry = shop.entries(250.5).remove(0);
    assert_eq!((entry.node.name.as_str(), entry.host.as_deref()), ("stock", Some("lb.internal")));
    assert_eq!((entry.failing, entry.requests), (25, 25));
    assert_eq!(shop.said(250.5).len(), 1);
}

#[test]
fn a_balancer_behind_which_nobody_answers_is_named_itself() {
    let mut shop = Shop::default();
    shop.play(0.0, 240.0, 5.0, both);
    shop.play(240.0, 250.0, 5.0, |number, visit| both(number, visit).fails(Fails::NoCart));
    assert_eq!(shop.said(250.5), ["lb.internal Failing Outage"]);
}

#[test]
fn the_heaviest_comes_first_and_noise_last() {
    let mut shop = Shop::default();
    shop.play(0.0, 240.0, 5.0, both);
    shop.play(240.0, 260.0, 5.0, |number, visit| match number % 10 {
        0 | 2 | 4 | 6 | 8 => visit.path("/stock/4").fails(Fails::Cart("Bug")),
        5 => visit.fails(Fails::Caught),
        _ => visit,
    });
    assert_eq!(shop.said(260.5), ["stock Failing Outage", "db Failing Degraded"]);
}
