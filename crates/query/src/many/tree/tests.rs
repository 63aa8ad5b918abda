//! Trees of hand-drawn and of random traces.

use std::collections::BTreeMap;
use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::testing::{Build, Documents, entity, random};

const A: Sides = Sides { a: true, b: false };
const B: Sides = Sides { a: false, b: true };

fn merged<'a>(traces: impl IntoIterator<Item = (&'a TraceDigest, Sides)>) -> Merged {
    let mut merging = Merging::default();
    for (digest, sides) in traces {
        merging.add(digest, sides, &|key| key.clone());
    }
    merging.finish()
}

/// `shop` asks `stock` and then `pay` at a bank, which fails or does not.
fn visit(fails: bool, bank_seconds: f64) -> TraceDigest {
    let end = 0.5 + bank_seconds;
    let stock = entity(2, "stock", 0.1, 0.2).remote();
    let mut bank = entity(3, "bank", 0.4, 0.4 + bank_seconds).remote();
    let mut shop = entity(1, "shop", 0.0, end).http("GET", "http://shop/orders/17");
    if fails {
        (bank, shop) = (bank.fault(), shop.fault());
    }
    Documents::default().segment(end, shop.holds(stock).holds(bank)).digest()
}

/// A place a line, below what calls it: traces, requests, those that failed and arose, total and own time in milliseconds.
fn drawn(tree: &Merged) -> String {
    let mut text = String::new();
    for node in &tree.nodes {
        let mut depth = 0;
        let mut above = node.above;
        while let Some(place) = above {
            (depth, above) = (depth + 1, tree.nodes[place].above);
        }
        let Sums { traces, counts, arose, total, own, .. } = node.a;
        let failed = counts.total() - counts.ok;
        let operation = node.operation.as_deref().unwrap_or("-");
        let times = [total, own].map(|time| (time.0 + 500) / 1_000);
        writeln!(
            text,
            "{:>width$}{} {operation}: {traces} {} {failed} {arose} {times:?}",
            "",
            node.key.name,
            counts.total(),
            width = depth
        )
        .unwrap();
    }
    text
}

#[test]
fn what_was_asked_in_the_same_way_is_one_with_the_most_time_first() {
    let visits = [visit(false, 0.5), visit(true, 0.7), visit(false, 0.5)];
    let tree = merged(visits.iter().map(|visit| (visit, A)));
    let own = tree.nodes[0].a.own;
    // Own times of what sends segments are kept in steps of an eighth.
    assert!(own.0.abs_diff(1_200_000) < 80_000, "{own:?}");
    let text = drawn(&tree).replace(&format!("{}]", (own.0 + 500) / 1_000), "own]");
    assert_eq!(
        text,
        "shop GET /orders/{id}: 3 3 1 0 [3200, own]\n bank -: 3 3 1 1 [1700, 1700]\n stock -: 3 3 0 0 [300, 300]\n"
    );
    assert_eq!((tree.traces, tree.untold, tree.left_out), (Pair { a: 3, b: 0 }, 0, 0));
    assert_eq!(tree.nodes[1].failing, Some(visits[1].id));
}

#[test]
fn two_sets_differ_by_more_than_chance_where_they_do() {
    let (good, bad) = (visit(false, 0.5), visit(true, 0.9));
    let sets = (0..40).map(|_| (&bad, A)).chain((0..60).map(|_| (&good, B)));
    let tree = merged(sets);
    let of = |name: &str| tree.nodes.iter().find(|node| node.key.name == name).unwrap();
    let bank = of("bank").by_chance;
    assert!(bank.failed.unwrap() < 1e-6 && bank.own.unwrap() < 1e-6, "{bank:?}");
    assert_eq!(bank.requests, Some(1.0));
    let stock = of("stock").by_chance;
    assert_eq!((stock.failed, stock.own), (Some(1.0), Some(1.0)));
    let few = merged([(&bad, A), (&good, B)]);
    assert!(few.nodes.iter().all(|node| node.by_chance.own.is_none()));
}

#[test]
fn a_host_that_did_not_answer_is_its_service() {
    let call = |answered: bool| {
        let call = entity(2, "pay.default", 0.1, 0.4).remote();
        let documents = Documents::default().segment(1.0, entity(1, "shop", 0.0, 1.0).holds(call));
        let served = entity(3, "pay", 0.2, 0.3).parent(2);
        if answered { documents.segment(1.0, served) } else { documents }.digest()
    };
    let mut merging = Merging::default();
    let pay = NodeKey { name: "pay".to_owned(), kind: None, account: None };
    for digest in [call(true), call(false)] {
        let shown = |key: &NodeKey| if key.name == "pay.default" { pay.clone() } else { key.clone() };
        merging.add(&digest, A, &shown);
    }
    let tree = merging.finish();
    assert_eq!(tree.nodes.len(), 2);
    assert_eq!((&tree.nodes[1].key, tree.nodes[1].a.traces), (&pay, 2));
}

#[test]
fn traces_of_earlier_versions_are_told_of() {
    let digest = TraceDigest { calls: Vec::new(), ..visit(false, 0.5) };
    let tree = merged([(&digest, A)]);
    assert_eq!((tree.untold, tree.nodes.len()), (1, 0));
}

/// What of a place is a sum, by the way to it.
type Summed = (u64, u64, [i64; 4], u64, u64, u64);

fn sums(tree: &Merged, of: impl Fn(&TreeNode) -> Sums) -> BTreeMap<String, Summed> {
    let mut paths: Vec<String> = Vec::new();
    let mut sums = BTreeMap::new();
    for node in &tree.nodes {
        let above = node.above.map(|above| paths[above].clone()).unwrap_or_default();
        let path = format!("{above}/{:?} {:?}", node.key, node.operation);
        let Sums { traces, failed_traces, counts, arose, total, own, .. } = of(node);
        let counts = [counts.ok, counts.error, counts.throttle, counts.fault];
        assert!(sums.insert(path.clone(), (traces, failed_traces, counts, arose, total.0, own.0)).is_none());
        paths.push(path);
    }
    sums
}

proptest! {
    /// `MT-1`
    #[test]
    fn a_tree_is_the_sum_of_its_traces(all in prop::collection::vec((random::documents(12), any::<bool>()), 1..8)) {
        let digests: Vec<(TraceDigest, bool)> =
            all.iter().map(|(sent, in_b)| (random::received(sent).digest(), *in_b)).collect();
        let side = |in_b: bool| if in_b { B } else { A };
        let tree = merged(digests.iter().map(|(digest, in_b)| (digest, side(*in_b))));
        for in_b in [false, true] {
            let mut expected: BTreeMap<String, Summed> = BTreeMap::new();
            for (digest, _) in digests.iter().filter(|(_, of)| *of == in_b) {
                for (path, one) in sums(&merged([(digest, A)]), |node| node.a) {
                    let sum = expected.entry(path).or_default();
                    for (sum, one) in sum.2.iter_mut().zip(one.2) {
                        *sum += one;
                    }
                    *sum = (sum.0 + one.0, sum.1 + one.1, sum.2, sum.3 + one.3, sum.4 + one.4, sum.5 + one.5);
                }
            }
            let mut found = sums(&tree, |node| if in_b { node.b } else { node.a });
            // What only the other set has is in the tree.
            found.retain(|path, sum| expected.contains_key(path) || *sum != Summed::default());
            prop_assert_eq!(&found, &expected);
        }
        for node in &tree.nodes {
            for sums in [node.a, node.b] {
                prop_assert!(sums.own <= sums.total);
                prop_assert!(sums.arose as i64 <= sums.counts.total() - sums.counts.ok);
            }
            let ByChance { requests, failed, own } = node.by_chance;
            prop_assert!([requests, failed, own].into_iter().flatten().all(|one| (0.0..=1.0).contains(&one)));
        }
    }
}
