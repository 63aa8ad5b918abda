//! Operations and versions of a node, from traces as they are digested.

use super::*;
use crate::testing::{Build, Documents, at, entity};

fn node(name: &str, kind: Option<&str>) -> NodeKey {
    NodeKey { name: name.to_owned(), kind: kind.map(str::to_owned), account: None }
}

/// `shop` serves a request and asks a table; it fails where the version is 2.
fn request(id: u64, path: &str, seconds: f64, version: &str) -> TraceDigest {
    let start = id as f64;
    let table = entity(id * 10 + 1, "DynamoDB", start, start + seconds / 2.0).aws("GetItem");
    let mut shop = entity(id * 10, "shop", start, start + seconds);
    shop = shop
        .http("GET", &format!("http://shop{path}"))
        .version(version)
        .holds(table.edit_aws(|aws| aws.table_name = Some("orders".to_owned())));
    if version == "2" {
        shop = shop.fault();
    }
    let mut digest = Documents::default().segment(start + seconds, shop).digest();
    digest.id.0[0] = id as u8;
    digest
}

fn done(key: NodeKey, traces: &[TraceDigest]) -> Done {
    let mut work = Work::of(vec![key]);
    traces.iter().for_each(|trace| work.add(trace));
    work.finish()
}

fn traces() -> Vec<TraceDigest> {
    vec![
        request(1, "/orders/1", 0.1, "1"),
        request(2, "/orders/2", 0.3, "1"),
        request(3, "/health", 0.1, "2"),
        request(4, "/orders/3", 0.2, "2"),
    ]
}

#[test]
fn operations_stand_by_how_often_they_were_asked_for_with_traces_that_show_them() {
    let traces = traces();
    let done = done(node("shop", None), &traces);
    let names: Vec<_> =
        done.operations.iter().map(|(name, one)| (name.as_deref(), one.stats.counts)).collect();
    let orders = Counts { ok: 2, fault: 1, ..Counts::default() };
    let health = Counts { fault: 1, ..Counts::default() };
    assert_eq!(names, [(Some("GET /orders/{id}"), orders), (Some("GET /health"), health)]);
    let orders = &done.operations[0].1;
    assert_eq!(orders.slowest, Some((Micros(300_000), traces[1].id)));
    assert_eq!(orders.failing, Some((at(4.0), traces[3].id)));
    assert_eq!(orders.own.count(), 3);
    assert_eq!(done.others, None);
}

#[test]
fn a_node_without_segments_is_told_by_its_callers() {
    let done = done(node("orders", Some("AWS::DynamoDB::Table")), &traces());
    let names: Vec<_> =
        done.operations.iter().map(|(name, one)| (name.as_deref(), one.stats.counts.total())).collect();
    assert_eq!(names, [(Some("GetItem"), 4)]);
}

#[test]
fn versions_stand_by_when_they_came_with_what_became_of_their_requests() {
    let done = done(node("shop", None), &traces());
    let versions: Vec<_> =
        done.versions.iter().map(|(name, one)| (name.as_str(), one.first_seen, one.counts)).collect();
    let (good, bad) = (Counts { ok: 2, ..Counts::default() }, Counts { fault: 2, ..Counts::default() });
    assert_eq!(versions, [("1", at(1.0), good), ("2", at(3.0), bad)]);
}

#[test]
fn what_makes_a_new_operation_of_each_request_is_counted_together_beyond_a_bound() {
    let mut trace = request(1, "/orders/1", 0.1, "1");
    let shop = node("shop", None);
    let mut work = Work::of(vec![shop]);
    for number in 0..MAX_OPERATIONS + 5 {
        trace.operations.iter_mut().for_each(|name| *name = format!("operation {number}"));
        work.add(&trace);
    }
    let done = work.finish();
    assert_eq!(done.operations.len(), MAX_OPERATIONS);
    assert_eq!(done.others.map(|others| others.stats.counts.total()), Some(5));
}
