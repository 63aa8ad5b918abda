//! Who kept clients waiting, in hand-drawn and in random traces.

use proptest::prelude::*;

use super::*;
use crate::testing::{Build, Documents, entity, random};

fn flow<'a>(traces: impl IntoIterator<Item = &'a TraceDigest>, faster: Option<Faster>) -> Flow {
    let mut flowing = Flowing::new(faster);
    traces.into_iter().for_each(|digest| flowing.add(digest, &|key| key.clone()));
    flowing.finish()
}

fn key(name: &str, kind: Option<&str>) -> NodeKey {
    NodeKey { name: name.to_owned(), kind: kind.map(str::to_owned), account: None }
}

/// `shop` works, asks `pay` over a way of 200 ms, which asks its table; beside that it asks `stock`, which is faster.
fn visit(table_seconds: f64) -> TraceDigest {
    let end = 1.0 + table_seconds;
    let pay = entity(2, "pay", 0.2, end - 0.2).remote().traced();
    let stock = entity(3, "stock", 0.2, 0.3).remote();
    let shop = entity(1, "shop", 0.0, end).http("GET", "http://shop/orders/17").holds(pay).holds(stock);
    let table = entity(5, "DynamoDB", 0.5, 0.5 + table_seconds).aws("GetItem");
    let table = table.edit_aws(|aws| aws.table_name = Some("cards".to_owned()));
    let served = entity(4, "pay", 0.3, end - 0.3).parent(2).holds(table);
    Documents::default().segment(end, shop).segment(end, served).digest()
}

fn is_near(found: u64, millis: u64, within: u64) {
    assert!((found / 1_000).abs_diff(millis) <= within, "{found} for {millis}");
}

#[test]
fn each_moment_belongs_to_the_call_that_was_waited_for() {
    let flow = flow([&visit(1.0)], None);
    let of = |name: &str| flow.edges.iter().find(|edge| edge.target.name == name).unwrap().usual;
    let (shop, pay, cards) = (of("shop"), of("pay"), of("cards"));
    assert_eq!(shop.through, 2_000_000);
    // Within a 256th of the caller's time, and an eighth of the way.
    is_near(shop.work, 400, 10);
    is_near(pay.through, 1_600, 30);
    is_near(pay.way, 200, 26);
    is_near(pay.work, 400, 40);
    assert_eq!(cards, Passed { through: 1_000_000, work: 1_000_000, way: 0 });
    assert!(flow.edges.iter().all(|edge| edge.target.name != "stock"), "nobody waited for it");
    assert_eq!(flow.usual, Micros(2_000_000));
}

#[test]
fn the_usual_and_the_slowest_are_told_apart_by_entry() {
    let (fast, slow) = (visit(0.1), visit(9.0));
    let flow = flow(std::iter::repeat_n(&fast, 99).chain(std::iter::repeat_n(&slow, 2)), None);
    let cards = flow.edges.iter().find(|edge| edge.target.name == "cards").unwrap();
    is_near(cards.usual.work, 99 * 100, 1);
    is_near(cards.slowest.work, 2 * 9_000, 1);
    let [entry] = flow.entries.as_slice() else { panic!("{:?}", flow.entries) };
    assert_eq!((entry.operation.as_deref(), entry.traces), (Some("GET /orders/{id}"), 101));
    assert_eq!((entry.p50, entry.p99, entry.would), (Micros(1_100_000), Micros(10_000_000), None));
}

#[test]
fn what_if_is_told_of_each_entry() {
    let visits = [visit(1.0), visit(2.0), visit(3.0)];
    let cards = key("cards", Some("AWS::DynamoDB::Table"));
    let faster = |caller: Option<NodeKey>, node: NodeKey, millis: u64| {
        let faster = Faster { caller, node, by: Micros::from_millis(millis) };
        flow(&visits, Some(faster)).entries[0].would.unwrap()
    };
    assert_eq!(faster(None, cards.clone(), 0), (Micros(3_000_000), Micros(4_000_000)));
    assert_eq!(faster(None, cards.clone(), 500), (Micros(2_500_000), Micros(3_500_000)));
    assert_eq!(faster(Some(key("pay", None)), cards.clone(), 500).0, Micros(2_500_000));
    assert_eq!(faster(Some(key("shop", None)), cards, 500).0, Micros(3_000_000));
    assert_eq!(faster(None, key("stock", Some("remote")), 500).0, Micros(3_000_000));
    let client = NodeKey::client("shop");
    assert_eq!(faster(Some(client), key("shop", None), 500).0, Micros(2_500_000));
}

#[test]
fn a_service_that_calls_itself_is_passed_once() {
    let inner = entity(4, "shop", 0.3, 0.7).parent(3);
    let outer = entity(2, "shop", 0.1, 0.9).parent(1).holds(entity(3, "shop", 0.2, 0.8).remote().traced());
    let documents = Documents::default().segment(1.0, entity(1, "shop", 0.0, 1.0));
    let digest = documents.segment(1.0, outer).segment(1.0, inner).digest();
    let flow = flow([&digest], None);
    assert!(flow.edges.iter().all(|edge| edge.usual.through <= flow.usual.0), "{:?}", flow.edges);
}

#[test]
fn traces_without_an_answer_or_a_tree_are_in_no_edge() {
    let open = Documents::default().segment(1.0, entity(1, "shop", 0.0, 0.0).open()).digest();
    let untold = TraceDigest { calls: Vec::new(), ..visit(1.0) };
    let flow = flow([&open, &untold], None);
    assert_eq!((flow.traces, flow.untold, flow.edges.len()), (1, 1, 0));
}

proptest! {
    /// `FL-1`
    #[test]
    fn shares_add_up_to_one(all in prop::collection::vec(random::documents(20), 1..6)) {
        let digests: Vec<TraceDigest> = all.iter().map(|sent| random::received(sent).digest()).collect();
        for digest in &digests {
            let flow = flow([digest], None);
            let time = digest.response_time().unwrap_or_default();
            for (whole, of) in [(flow.usual, false), (flow.slowest, true)] {
                let passed = |edge: &FlowEdge| if of { edge.slowest } else { edge.usual };
                let sum: u64 = flow.edges.iter().map(|edge| passed(edge).work + passed(edge).way).sum();
                prop_assert_eq!((Micros(sum), whole), (time, time));
                let most = flow.edges.iter().map(passed).map(|edge| edge.through.max(edge.work + edge.way)).max();
                prop_assert!(most.unwrap_or(0) <= time.0);
            }
        }
        let flow = flow(&digests, None);
        let sum: u64 = flow.edges.iter().map(|edge| edge.usual.work + edge.usual.way).sum();
        prop_assert_eq!(Micros(sum), flow.usual);
        let entries: u64 = flow.entries.iter().map(|entry| entry.traces).sum();
        prop_assert_eq!(entries, digests.iter().filter(|digest| digest.response_time().is_some()).count() as u64);
    }

    #[test]
    fn faster_by_nothing_changes_nothing_and_nothing_gets_slower(
        all in prop::collection::vec(random::documents(20), 1..6),
        millis in 0..9_000_u64,
    ) {
        let digests: Vec<TraceDigest> = all.iter().map(|sent| random::received(sent).digest()).collect();
        let faster = |millis| Faster { caller: None, node: key("red", None), by: Micros::from_millis(millis) };
        for entry in flow(&digests, Some(faster(0))).entries {
            prop_assert_eq!(entry.would, Some((entry.p50, entry.p99)));
        }
        for entry in flow(&digests, Some(faster(millis))).entries {
            let (p50, p99) = entry.would.unwrap();
            prop_assert!(p50 <= entry.p50 && p99 <= entry.p99 && p50 <= p99);
        }
    }
}
