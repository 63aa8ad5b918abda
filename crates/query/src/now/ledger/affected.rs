//! Who is affected by a failure: the nodes between the client and the origin.

use std::collections::BTreeSet;

use model::digest::{EdgeDigest, NodeDigest};
use model::minute::EdgeKind;
use model::{NodeKey, NodeKind, TraceDigest};

/// The nodes that failed because of the origin or made a call that did, by their places among the digest's nodes.
pub(super) fn affected(digest: &TraceDigest, origin: &NodeKey) -> Vec<u32> {
    let is_failed_call =
        |edge: &&EdgeDigest| edge.kind == EdgeKind::Call && edge.requests.iter().any(|one| one.flags.any());
    let callers: BTreeSet<u32> = digest.edges.iter().filter(is_failed_call).map(|edge| edge.source).collect();
    let waits = callers_of(digest, origin);
    let is_affected = |&(place, node): &(u32, &NodeDigest)| {
        let failed = || waits[place as usize] && node.requests.iter().any(|one| one.flags.fault);
        node.key != *origin && node.kind != NodeKind::Client && (callers.contains(&place) || failed())
    };
    (0..).zip(&digest.nodes).filter(is_affected).map(|(place, _)| place).collect()
}

/// Which nodes call the origin, directly or through others.
fn callers_of(digest: &TraceDigest, origin: &NodeKey) -> Vec<bool> {
    let mut reached = vec![false; digest.nodes.len()];
    let mut ahead: Vec<u32> =
        (0..).zip(&digest.nodes).filter(|(_, node)| node.key == *origin).map(|(place, _)| place).collect();
    while let Some(place) = ahead.pop() {
        if std::mem::replace(&mut reached[place as usize], true) {
            continue;
        }
        let calls = digest.edges.iter().filter(|edge| edge.kind == EdgeKind::Call && edge.target == place);
        ahead.extend(calls.map(|edge| edge.source));
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Build, Documents, entity};

    fn check(documents: &Documents, expected: &[&str]) {
        let digest = documents.digest();
        let origin = digest.origin.clone().expect("it fails");
        let mut names: Vec<&str> = affected(&digest, &origin.node)
            .iter()
            .map(|&place| digest.nodes[place as usize].key.name.as_str())
            .collect();
        names.sort_unstable();
        assert_eq!(names, expected, "of {}", origin.node.name);
    }

    /// `front` calls `first`, which calls a host that refuses; `first` fails or does without it.
    fn refused(first_fails: bool) -> Documents {
        let host = entity(2, "second.internal", 0.1, 0.2).remote().fault().exception(8, "Refused", "no");
        let flagged = |one: model::Entity| if first_fails { one.fault() } else { one };
        let first = flagged(entity(3, "first", 0.0, 0.3).parent(5)).holds(host);
        let call = flagged(entity(5, "first.internal", 0.0, 0.4).remote());
        let front =
            flagged(entity(1, "front", 0.0, 0.5)).holds(call).holds(entity(6, "cache", 0.4, 0.45).remote());
        Documents::default().segment(0.5, front).segment(0.6, first)
    }

    #[test]
    fn all_who_fail_on_the_way_to_the_client_are_affected() {
        check(&refused(true), &["first", "front"]);
    }

    #[test]
    fn who_caught_the_failure_is_affected_and_nobody_above() {
        check(&refused(false), &["first"]);
    }

    #[test]
    fn who_fails_beside_the_way_is_not_affected() {
        let other = entity(7, "other", 0.0, 0.1).parent(9).fault();
        let call = entity(9, "other.internal", 0.0, 0.1).remote();
        let broken = entity(4, "broken", 0.1, 0.2).parent(8).fault().exception(3, "Bug", "");
        let called = entity(8, "broken.internal", 0.1, 0.2).remote().fault();
        let front = entity(1, "front", 0.0, 0.3).fault().holds(call).holds(called);
        check(&Documents::default().segment(0.3, front).segment(0.4, broken).segment(0.5, other), &["front"]);
    }
}
