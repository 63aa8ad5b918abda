//! When calls were made, as far as a digest tells, and when they would have been.

use model::{Micros, TraceDigest};
use proptest::prelude::*;

use super::Calls;
use crate::testing::{Build, Documents, entity, random};

fn read(digest: &TraceDigest) -> Calls {
    let mut calls = Calls::default();
    calls.read(digest);
    calls
}

/// How long the root would take, in milliseconds, if calls of that node took so many less.
fn would_take(documents: &Documents, node: &str, millis: u64) -> u64 {
    let digest = documents.digest();
    let mut calls = read(&digest);
    let mut replayed = Vec::new();
    let place = digest.nodes.iter().position(|one| one.key.name == node).unwrap() as u32;
    calls.replay(|call| if call.node == place { millis * 1_000 } else { 0 }, &mut replayed);
    (replayed[0].unwrap() + 500) / 1_000
}

fn call(id: u64, name: &str, from: f64, to: f64) -> model::Entity {
    entity(id, name, from, to).remote()
}

#[test]
fn what_follows_a_call_follows_it_earlier() {
    let shop = entity(1, "shop", 0.0, 1.0).holds(call(2, "stock", 0.1, 0.4)).holds(call(3, "pay", 0.5, 0.9));
    let documents = Documents::default().segment(1.0, shop);
    assert_eq!(would_take(&documents, "stock", 100), 900);
    assert_eq!(would_take(&documents, "pay", 100), 900);
    // It takes no more than it took.
    assert_eq!(would_take(&documents, "stock", 5_000), 700);
}

#[test]
fn beside_a_longer_call_a_shorter_one_saves_nothing() {
    let shop = entity(1, "shop", 0.0, 1.0).holds(call(2, "long", 0.1, 0.9)).holds(call(3, "short", 0.1, 0.6));
    let documents = Documents::default().segment(1.0, shop);
    assert_eq!(would_take(&documents, "short", 400), 1_000);
    // From 300 on the other one is what is waited for.
    assert_eq!(would_take(&documents, "long", 200), 800);
    let most = would_take(&documents, "long", 700);
    assert!((699..=705).contains(&most), "{most}");
}

#[test]
fn it_is_passed_on_through_those_between() {
    let shop = entity(1, "shop", 0.0, 1.0).holds(call(2, "pay", 0.2, 0.8).traced());
    let pay = entity(3, "pay", 0.3, 0.7).parent(2).holds(call(4, "bank", 0.35, 0.65));
    let documents = Documents::default().segment(1.0, shop).segment(1.0, pay);
    assert_eq!(would_take(&documents, "bank", 100), 900);
    assert_eq!(would_take(&documents, "bank", 9_000), 700);
}

#[test]
fn who_gave_up_is_answered_when_the_answer_would_have_come_before() {
    let shop = entity(1, "shop", 0.0, 2.0).holds(call(2, "slow", 0.0, 1.0).traced());
    let slow = entity(3, "slow", 0.0, 3.0).parent(2).holds(call(4, "lock", 0.0, 2.9));
    let documents = Documents::default().segment(3.0, shop).segment(3.0, slow);
    assert_eq!(would_take(&documents, "lock", 1_000), 2_000);
    assert!(would_take(&documents, "lock", 2_500) < 1_600);
}

#[test]
fn what_is_handled_later_makes_nothing_faster() {
    let shop = entity(1, "shop", 0.0, 1.0).holds(call(2, "queue", 0.1, 0.2).traced());
    let worker = entity(3, "worker", 5.0, 9.0).parent(2);
    let documents = Documents::default().segment(9.0, shop).segment(9.0, worker);
    assert_eq!(would_take(&documents, "worker", 100_000) / 10, 90);
}

proptest! {
    #[test]
    fn without_a_change_nothing_changes_and_no_change_makes_anything_slower(
        sent in random::documents(30),
        (node, micros) in (0..9_u32, 0..9_000_000_u64),
    ) {
        let digest = random::received(&sent).digest();
        let mut calls = read(&digest);
        let mut replayed = Vec::new();
        calls.replay(|_| 0, &mut replayed);
        for (call, would) in calls.all.iter().zip(&replayed) {
            prop_assert_eq!(call.served, *would);
        }
        calls.replay(|call| if call.node == node { micros } else { 0 }, &mut replayed);
        for (call, would) in calls.all.iter().zip(&replayed) {
            prop_assert!(would <= &call.served, "{:?} for {:?}", would, call.served);
        }
        let mut more = Vec::new();
        calls.replay(|call| if call.node == node { micros * 2 } else { 0 }, &mut more);
        prop_assert!(more.iter().zip(&replayed).all(|(more, less)| more <= less));
    }

    /// No call begins or ends later than it did, by more than its caller's share of rounding.
    #[test]
    fn calls_lie_where_they_were(sent in random::documents(30)) {
        let digest = random::received(&sent).digest();
        let calls = read(&digest);
        for place in 0..calls.all.len() {
            let order: Vec<u64> = calls.below(place).map(|call| calls.all[call].begin).collect();
            let slack = calls.all[place].served.map_or(0, |served| served / 256 + 1);
            prop_assert!(order.windows(2).all(|pair| pair[0] <= pair[1] + slack), "{order:?}");
            prop_assert!(calls.below(place).all(|call| calls.all[call].caller == Some(place as u32)));
        }
        let tops = calls.all.iter().filter(|call| call.caller.is_none()).count();
        let below: usize = (0..calls.all.len()).map(|place| calls.below(place).count()).sum();
        prop_assert_eq!(tops + below, calls.all.len());
        let whole = Micros(calls.all.first().and_then(|first| first.served).unwrap_or(0));
        if let Some(root) = &digest.root {
            prop_assert_eq!(whole, root.response_time.unwrap_or_default());
        }
    }
}
