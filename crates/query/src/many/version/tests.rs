//! Versions that appear, and those that were only seldom seen.

use model::NodeKind;
use model::digest::NodeDigest;

use super::*;
use crate::testing::{at, blank_digest};

/// A trace of `payment` in that version, starting at that second.
fn trace(start: f64, version: &str) -> TraceDigest {
    let mut digest = blank_digest();
    digest.start = at(start);
    let key = NodeKey { name: "payment".to_owned(), kind: None, account: None };
    digest.nodes = vec![NodeDigest {
        key,
        kind: NodeKind::Service,
        is_root: true,
        delay_millis: None,
        requests: Vec::new(),
    }];
    digest.versions = vec![(0, version.to_owned())];
    digest
}

fn introduced(traces: impl IntoIterator<Item = (f64, &'static str)>) -> Vec<(String, Timestamp)> {
    let mut versions = Versions::default();
    for (start, version) in traces {
        versions.add(&trace(start, version));
    }
    versions.introduced().into_iter().map(|one| (one.version, one.at)).collect()
}

#[test]
fn a_version_that_takes_over_was_introduced() {
    let old = (0..20).map(|index| (f64::from(index) * 30.0, "1.8.1"));
    let new = (0..10).map(|index| (600.0 + f64::from(index) * 30.0, "1.8.2"));
    // Newest first, as a search brings them.
    let traces: Vec<_> = old.chain(new).collect();
    assert_eq!(introduced(traces.into_iter().rev()), [("1.8.2".to_owned(), at(600.0))]);
}

#[test]
fn a_version_of_one_instance_in_many_is_not_new_because_it_was_seldom_seen() {
    let common = (0..40).map(|index| (f64::from(index) * 10.0, "1.8.1"));
    assert_eq!(introduced(common.chain([(130.0, "1.8.0")])), []);
}

#[test]
fn what_was_there_from_the_start_is_not_new() {
    let both = (0..40).map(|index| (f64::from(index) * 10.0, ["a", "b"][index as usize % 2]));
    assert_eq!(introduced(both), []);
    assert_eq!(introduced([(0.0, "a")]), []);
}
