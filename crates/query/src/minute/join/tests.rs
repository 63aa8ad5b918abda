//! Hosts that do not answer, told by the names of their services.

use model::minute::{Alias, EdgeKind, MinuteKey};
use model::node::REMOTE;
use model::segment::Outcome;
use model::{Micros, Minute, NodeKind, Timestamp, group};

use super::*;
use crate::graph::from_minutes;
use crate::now::Ledger;

fn service(name: &str) -> NodeKey {
    NodeKey { name: name.to_owned(), kind: Some("AWS::EKS::Container".to_owned()), account: None }
}

fn remote(name: &str) -> NodeKey {
    NodeKey { name: name.to_owned(), kind: Some(REMOTE.to_owned()), account: None }
}

fn row(subject: Subject, outcomes: &[Outcome], kind: Option<NodeKind>, alias: Option<&str>) -> MinuteRow {
    let mut stats = Stats { presence: outcomes.len() as i64, ..Stats::default() };
    for &outcome in outcomes {
        stats.record(outcome, Micros(8_000));
    }
    if let Some(kind) = kind {
        stats.kinds.insert(kind, 1);
    }
    if let Some(name) = alias {
        stats.aliases.insert(Alias { name: name.to_owned(), kind: None }, 1);
    }
    let key = MinuteKey { minute: Minute(29_000_000), group: group::DEFAULT.to_owned(), subject };
    MinuteRow { key, stats }
}

fn call(source: &NodeKey, target: &NodeKey, outcomes: &[Outcome], alias: Option<&str>) -> MinuteRow {
    let edge = Subject::Edge { source: source.clone(), target: target.clone(), kind: EdgeKind::Call };
    row(edge, outcomes, None, alias)
}

/// `web` called `api` by its host three times; once the host did not answer.
fn outage() -> Vec<MinuteRow> {
    let (web, api, host) = (service("web"), service("api"), remote("api.internal"));
    vec![
        row(
            Subject::Node(web.clone()),
            &[Outcome::Ok, Outcome::Ok, Outcome::Fault],
            Some(NodeKind::Service),
            None,
        ),
        row(Subject::Node(api.clone()), &[Outcome::Ok, Outcome::Ok], Some(NodeKind::Service), None),
        row(Subject::Node(host.clone()), &[Outcome::Fault], Some(NodeKind::Remote), None),
        call(&web, &api, &[Outcome::Ok, Outcome::Ok], Some("api.internal")),
        call(&web, &host, &[Outcome::Fault], None),
    ]
}

fn learned(rows: &[MinuteRow]) -> Ledger {
    let mut ledger = Ledger::default();
    ledger.learn_names(rows);
    ledger
}

fn joined_by(ledger: &Ledger, rows: Vec<MinuteRow>) -> Joined {
    let names = ledger.names(Timestamp(0));
    join(rows, |node| names.service_of(node))
}

#[test]
fn a_host_that_does_not_answer_is_its_service() {
    let rows = outage();
    let joined = joined_by(&learned(&rows), rows);
    let graph = from_minutes(&joined.rows);
    let told: Vec<_> =
        graph.services.iter().map(|one| (one.key.name.as_str(), one.kind, one.stats.counts.fault)).collect();
    assert_eq!(told, [("api", NodeKind::Service, 1), ("web", NodeKind::Service, 1)]);
    let edges: Vec<_> =
        graph.services[1].edges.iter().map(|edge| (edge.target, edge.stats.counts.total())).collect();
    assert_eq!(edges, [(0, 3)], "both ways to it are one");
    let unreached = &joined.unreached[&service("api")];
    assert_eq!(unreached.len(), 1);
    assert_eq!((&unreached[0].host, unreached[0].stats.counts.fault), (&remote("api.internal"), 1));
}

#[test]
fn what_was_learned_before_the_outage_holds_during_it() {
    let rows = outage();
    let ledger = learned(&rows);
    let during: Vec<MinuteRow> = rows.into_iter().filter(|row| row.stats.counts.fault > 0).collect();
    let graph = from_minutes(&joined_by(&ledger, during).rows);
    assert_eq!(graph.services[0].key, service("api"));
}

#[test]
fn a_name_of_several_services_names_none() {
    let mut rows = outage();
    rows.push(call(&service("web"), &service("cart"), &[Outcome::Ok], Some("api.internal")));
    let joined = joined_by(&learned(&rows), rows.clone());
    assert_eq!(joined.rows, rows);
    assert!(joined.unreached.is_empty());
}

#[test]
fn only_calls_outside_of_aws_are_hosts() {
    let rows = [call(&service("web"), &service("api"), &[Outcome::Ok], Some("orders"))];
    let ledger = learned(&rows);
    let names = ledger.names(Timestamp(0));
    let table =
        NodeKey { name: "orders".to_owned(), kind: Some("AWS::DynamoDB::Table".to_owned()), account: None };
    assert_eq!(names.service_of(&table), None);
    assert_eq!(names.service_of(&remote("orders")), Some(&service("api")));
}

#[test]
fn an_alias_that_was_withdrawn_teaches_nothing() {
    let mut withdrawn = call(&service("web"), &service("api"), &[], Some("api.internal"));
    *withdrawn.stats.aliases.values_mut().next().expect("it has one") = 0;
    let ledger = learned(&[withdrawn]);
    assert_eq!(ledger.names(Timestamp(0)).service_of(&remote("api.internal")), None);
}
