//! How the requests of a trace hang together.

use std::fmt::Write;

use model::digest::Waited;

use super::*;

/// One call a line: its node, below whom, when of the caller's time, and how long was waited.
fn check(documents: &Documents, expected: &str) {
    let digest = documents.digest();
    let mut seen = vec![0; digest.nodes.len()];
    let mut text = String::new();
    for call in &digest.calls {
        let node = &digest.nodes[call.node as usize];
        let request = &node.requests[seen[call.node as usize]];
        seen[call.node as usize] += 1;
        let millis = |micros: u64| micros / 1_000;
        let time = request.response_time.map(|time| millis(time.0));
        let below = call.caller.map(|caller| {
            let caller = digest.calls[caller as usize].node;
            format!(" below {} from {}", digest.nodes[caller as usize].key.name, call.begin)
        });
        let waited = match call.waited {
            Waited::AsServed => String::new(),
            Waited::Longer(way) => format!(" + {}", millis(way.least().0)),
            Waited::Only(time) => format!(" of {}", millis(time.least().0)),
        };
        writeln!(text, "{} {time:?}{}{waited}", node.key.name, below.unwrap_or_default()).unwrap();
    }
    assert_eq!(text.trim_end(), expected.trim());
}

#[test]
fn callers_come_before_what_they_call_and_calls_by_their_beginning() {
    let table = entity(3, "DynamoDB", 0.5, 0.75).aws("GetItem");
    let table = table.edit_aws(|aws| aws.table_name = Some("orders".to_owned()));
    let pay = entity(4, "pay", 0.25, 0.45).remote().traced();
    let shop = entity(1, "shop", 0.0, 1.0).holds(table).holds(pay);
    // Its clock is ahead, and its document comes first.
    let served = entity(2, "payment", 7.0, 7.1).parent(4);
    check(
        &Documents::default().segment(1.0, served).segment(1.1, shop),
        "
shop Some(1000)
payment Some(100) below shop from 64 + 98
orders Some(250) below shop from 128",
    );
}

#[test]
fn who_gave_up_waited_less_and_who_was_never_answered_as_long() {
    let call = |id: u64, from: f64, to: f64| entity(id, "slow", from, to).remote().traced();
    let shop = entity(1, "shop", 0.0, 2.0).holds(call(2, 0.0, 1.0)).holds(call(3, 1.0, 2.0));
    let documents = Documents::default().segment(2.0, shop);
    let documents = documents.segment(9.0, entity(4, "slow", 0.0, 9.0).parent(2));
    check(
        &documents.segment(9.0, entity(5, "slow", 1.0, 0.0).parent(3).open()),
        "
shop Some(2000)
slow Some(9000) below shop from 0 of 983
slow None below shop from 128 of 983",
    );
}

#[test]
fn what_nobody_called_stands_at_the_top_behind_the_root() {
    let lost = entity(7, "lost", 0.0, 0.5).parent(99);
    check(
        &Documents::default().segment(1.0, lost).segment(1.0, entity(1, "shop", 0.1, 1.0)),
        "
shop Some(900)
lost Some(500)",
    );
}

proptest! {
    /// What others rely on: each call has its request and each request its call, and callers come first.
    #[test]
    fn calls_are_a_forest_of_all_requests(sent in random::documents(30)) {
        let digest = random::received(&sent).digest();
        let mut requests = vec![0; digest.nodes.len()];
        for (place, call) in digest.calls.iter().enumerate() {
            requests[call.node as usize] += 1;
            prop_assert!(call.caller.is_none_or(|caller| (caller as usize) < place));
        }
        let expected: Vec<usize> = digest.nodes.iter().map(|node| node.requests.len()).collect();
        prop_assert_eq!(requests, expected);
        let begins = |call: &model::digest::Call| (call.caller, call.begin);
        for (place, call) in digest.calls.iter().enumerate().filter(|(_, call)| call.caller.is_some()) {
            let next = digest.calls[place + 1..].iter().find(|next| next.caller == call.caller);
            prop_assert!(next.is_none_or(|next| begins(next) >= begins(call)), "{:?}", digest.calls);
        }
        if let (Some(root), Some(first)) = (&digest.root, digest.calls.first()) {
            prop_assert_eq!(first.node, root.node);
        }
    }
}
