//! Graphs of ranges and of single traces.

use std::fmt::Write;

use model::minute::{MinuteKey, Subject};
use model::{Minute, group};

use super::*;
use crate::rollup::{contribution, difference};
use crate::testing::{Build, Documents, EPOCH, at, entity};

/// A node a line, its edges below it.
fn draw(graph: &ServiceGraph) -> String {
    let counts = |stats: &Stats| {
        let counts = stats.counts;
        format!("{}/{}/{}/{}", counts.ok, counts.error, counts.throttle, counts.fault)
    };
    let mut text = String::new();
    for service in &graph.services {
        let root = if service.is_root { " root" } else { "" };
        let kind = service.key.kind.as_deref().unwrap_or("-");
        writeln!(text, "{}:{kind} {:?}{root} {}", service.key.name, service.kind, counts(&service.stats))
            .unwrap();
        for edge in &service.edges {
            let target = &graph.services[edge.target].key;
            write!(
                text,
                "  -> {}:{} {}",
                target.name,
                target.kind.as_deref().unwrap_or("-"),
                counts(&edge.stats)
            )
            .unwrap();
            for alias in &edge.aliases {
                write!(text, " as {}:{}", alias.name, alias.kind.as_deref().unwrap_or("-")).unwrap();
            }
            text.push('\n');
        }
    }
    text
}

fn story() -> Documents {
    let call = |id, start| entity(id, "springboot2.default", start, start + 0.2).remote();
    let served = |id, parent, start| entity(id, "SpringBoot2", start, start + 0.1).parent(parent);
    let first = entity(1, "SpringBoot", 0.4, 1.2).origin("AWS::EKS::Container");
    Documents::default()
        .segment(0.0, served(5, 2, 0.5))
        .segment(0.0, served(6, 3, 0.7))
        .segment(0.0, served(7, 4, 0.9))
        .segment(0.0, first.holds(call(2, 0.45)).holds(call(3, 0.65)).holds(call(4, 0.85)))
}

#[test]
fn the_story_is_client_first_service_second_service() {
    let digest = story().digest();
    insta::assert_snapshot!(draw(&from_digests([&digest], [])), @"
    SpringBoot:AWS::EKS::Container Service root 1/0/0/0
      -> SpringBoot2:- 3/0/0/0 as springboot2.default:remote
    SpringBoot:client Client 0/0/0/0
      -> SpringBoot:AWS::EKS::Container 1/0/0/0
    SpringBoot2:- Service 3/0/0/0
    ");
    let from_minutes = from_minutes(&contribution(&digest));
    assert_eq!(draw(&from_minutes), draw(&from_digests([&digest], [])));
}

#[test]
fn several_traces_are_summed() {
    let one = story().digest();
    let graph = from_digests([&one, &one], []);
    let node = graph.services.iter().find(|service| service.key.name == "SpringBoot2").unwrap();
    assert_eq!(node.stats.counts.ok, 6);
    assert_eq!(node.stats.response_time_total, 600_000);
}

#[test]
fn a_late_callee_leaves_nothing_of_the_inferred_node() {
    let call = entity(2, "api.internal", 0.1, 0.9).remote();
    let documents = Documents::default().segment(0.0, entity(1, "web", 0.0, 1.0).holds(call));
    let old = documents.digest();
    let new = documents.segment(70.0, entity(3, "api", 0.2, 0.7).parent(2)).digest();
    let mut rows = difference(None, &old);
    rows.extend(difference(Some(&old), &new));
    insta::assert_snapshot!(draw(&from_minutes(&rows)), @"
    api:- Service 1/0/0/0
    web:- Service root 1/0/0/0
      -> api:- 1/0/0/0 as api.internal:remote
    web:client Client 0/0/0/0
      -> web:- 1/0/0/0
    ");
}

#[test]
fn a_range_that_cuts_a_trace_still_shows_both_ends_of_an_edge() {
    let call = entity(2, "api.internal", 0.1, 0.9).remote();
    let documents = Documents::default().segment(0.0, entity(1, "web", 0.0, 1.0).holds(call));
    let digest = documents.segment(70.0, entity(3, "api", 0.2, 0.7).parent(2)).digest();
    let mut rows = contribution(&digest);
    rows.retain(|row| row.key.minute > EPOCH.minute());
    insta::assert_snapshot!(draw(&from_minutes(&rows)), @"
    api:- Service 1/0/0/0
    web:- Service 0/0/0/0
      -> api:- 1/0/0/0 as api.internal:remote
    ");
}

#[test]
fn times_are_the_whole_seconds_of_the_trace_and_one_more_at_the_end() {
    let digest = story().digest();
    let later = Documents::default().segment(0.0, entity(1, "SpringBoot2", 7.9, 8.0)).digest();
    let graph = from_digests([&digest, &later], []);
    let node =
        graph.services.iter().find(|service| service.key.name == "SpringBoot2" && !service.edges.is_empty());
    assert!(node.is_some_and(|client| (client.start, client.end) == (at(7.0), at(8.0))));
    let node = graph
        .services
        .iter()
        .find(|service| service.key.name == "SpringBoot2" && service.kind == NodeKind::Service);
    assert!(node.is_some_and(|node| (node.start, node.end) == (at(0.0), at(8.0))));
}

#[test]
fn a_node_that_sent_segments_is_a_service_however_else_it_is_known() {
    let key = NodeKey { name: "resize".to_owned(), kind: Some("AWS::Lambda".to_owned()), account: None };
    let row = |kind, count| MinuteRow {
        key: MinuteKey {
            minute: Minute(1),
            group: group::DEFAULT.to_owned(),
            subject: Subject::Node(key.clone()),
        },
        stats: Stats { presence: count, kinds: [(kind, count)].into(), ..Stats::default() },
    };
    let kind = |rows: &[MinuteRow]| from_minutes(rows).services[0].kind;
    assert_eq!(kind(&[row(NodeKind::Aws, 5)]), NodeKind::Aws);
    assert_eq!(kind(&[row(NodeKind::Aws, 5), row(NodeKind::Service, 1)]), NodeKind::Service);
    let withdrawn = [row(NodeKind::Aws, 5), row(NodeKind::Service, 1), row(NodeKind::Service, -1)];
    assert_eq!(kind(&withdrawn), NodeKind::Aws);
}

#[test]
fn no_rows_are_no_graph() {
    assert!(from_minutes(&[]).services.is_empty());
    assert!(from_digests([], []).services.is_empty());
}
