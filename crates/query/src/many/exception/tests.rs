//! Exceptions of nodes over many traces.

use super::*;
use crate::testing::{Build, Documents, at, entity};

/// `shop` fails with that exception, in that version.
fn trace(start: f64, version: &str, name: &str, message: &str) -> TraceDigest {
    let shop = entity(1, "shop", start, start + 0.1).version(version).fault().exception(7, name, message);
    Documents::default().segment(start, shop).digest()
}

fn raised(traces: &[TraceDigest]) -> Vec<Raised> {
    let mut exceptions = Exceptions::default();
    traces.iter().for_each(|trace| exceptions.add(trace, |_| true));
    exceptions.finish()
}

#[test]
fn the_most_frequent_comes_first_with_the_newest_message() {
    let traces = [
        trace(9.0, "2", "Timeout", "after 3 s"),
        trace(5.0, "2", "Refused", "no"),
        trace(1.0, "1", "Timeout", "after 2 s"),
    ];
    let raised = raised(&traces);
    let names: Vec<_> =
        raised.iter().map(|one| (one.name.as_deref().unwrap_or_default(), one.kind.count)).collect();
    assert_eq!(names, [("Timeout", 2), ("Refused", 1)]);
    let timeout = &raised[0].kind;
    assert_eq!(timeout.message.as_deref(), Some("after 3 s"));
    assert_eq!((timeout.first_seen, timeout.last_seen), (at(1.0), at(9.0)));
    assert_eq!(timeout.versions, BTreeMap::from([("1".to_owned(), 1), ("2".to_owned(), 1)]));
}

#[test]
fn kinds_beyond_the_bound_are_counted_and_not_kept() {
    let mut exceptions = Exceptions::default();
    for number in 0..MAX_KINDS + 3 {
        exceptions.add(&trace(1.0, "1", &format!("Error{number}"), ""), |_| true);
    }
    exceptions.add(&trace(1.0, "1", "Error0", ""), |_| true);
    assert_eq!(exceptions.left_out, 3);
    assert_eq!(exceptions.finish()[0].kind.count, 2);
}

#[test]
fn only_nodes_that_are_wanted_count() {
    let mut exceptions = Exceptions::default();
    exceptions.add(&trace(1.0, "1", "Timeout", ""), |node| node.name == "stock");
    assert_eq!(exceptions.finish(), []);
}
