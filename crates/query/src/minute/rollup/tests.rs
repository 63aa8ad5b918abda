//! What is written to the minutes adds up, whatever came when.

use std::collections::BTreeMap;
use std::fmt::Write;

use model::NodeKey;
use model::minute::{Counts, EdgeKind};
use model::template::rule::UrlRules;
use proptest::prelude::*;

use super::*;
use crate::testing::{Build, Documents, EPOCH, at, entity, random};

/// One row a line: minute, group, subject, presence, counts by ok/error/throttle/fault.
fn draw(rows: &[MinuteRow]) -> String {
    let name = |key: &NodeKey| format!("{}:{}", key.name, key.kind.as_deref().unwrap_or("-"));
    let mut text = String::new();
    for MinuteRow { key, stats } in rows {
        let subject = match &key.subject {
            Subject::Node(node) => name(node),
            Subject::Edge { source, target, .. } => format!("{} -> {}", name(source), name(target)),
        };
        let Counts { ok, error, throttle, fault } = stats.counts;
        let minute = key.minute.0 - EPOCH.minute().0;
        let seconds = stats.response_time_total as f64 / 1e6;
        write!(
            text,
            "@{minute} {} {subject} x{} {ok}/{error}/{throttle}/{fault} {seconds}s",
            key.group, stats.presence
        )
        .unwrap();
        if stats.roots != 0 {
            write!(text, " roots {}", stats.roots).unwrap();
        }
        for (alias, count) in &stats.aliases {
            write!(text, " as {} x{count}", alias.name).unwrap();
        }
        text.push('\n');
    }
    text
}

fn caller() -> Documents {
    let call = entity(2, "api.internal", 0.1, 0.9).remote().status(503);
    Documents::default().segment(0.0, entity(1, "web", 0.0, 1.0).holds(call))
}

fn callee() -> model::Entity {
    entity(3, "api", 0.2, 0.7).parent(2).fault()
}

#[test]
fn a_trace_counts_once_on_each_node_and_edge() {
    let digest = caller().segment(70.0, callee()).digest();
    insta::assert_snapshot!(draw(&contribution(&digest)), @"
    @0 Default web:- x1 1/0/0/0 1s roots 1
    @0 Default web:client x1 0/0/0/0 0s
    @0 Default web:client -> web:- x1 1/0/0/0 1s
    @1 Default api:- x1 0/0/0/1 0.5s
    @1 Default web:- -> api:- x1 0/0/0/1 0.8s as api.internal x1
    ");
}

#[test]
fn a_late_callee_withdraws_the_inferred_node() {
    let old = caller().digest();
    let new = caller().segment(70.0, callee()).digest();
    insta::assert_snapshot!(draw(&difference(Some(&old), &new)), @"
    @0 Default api.internal:remote x-1 0/0/0/-1 -0.8s
    @0 Default web:- -> api.internal:remote x-1 0/0/0/-1 -0.8s
    @1 Default api:- x1 0/0/0/1 0.5s
    @1 Default web:- -> api:- x1 0/0/0/1 0.8s as api.internal x1
    ");
}

#[test]
fn a_revision_that_changes_nothing_writes_nothing() {
    let old = caller().digest();
    let new = caller().segment(70.0, entity(1, "resent", 0.0, 5.0)).digest();
    assert_eq!(difference(Some(&old), &new), []);
    assert_eq!(difference(None, &new), contribution(&new));
}

#[test]
fn what_is_in_progress_is_present_and_not_counted() {
    let documents = Documents::default()
        .segment(0.0, entity(1, "web", 0.0, 0.0).open())
        .subsegment(1.0, entity(2, "api", 0.1, 0.9).remote().parent(1));
    insta::assert_snapshot!(draw(&contribution(&documents.digest())), @"
    @0 Default api:remote x1 1/0/0/0 0.8s
    @0 Default web:- x1 0/0/0/0 0s roots 1
    @0 Default web:client x1 0/0/0/0 0s
    @0 Default web:- -> api:remote x1 1/0/0/0 0.8s
    @0 Default web:client -> web:- x1 0/0/0/0 0s
    ");
}

#[test]
fn a_group_counts_from_the_minute_in_which_the_trace_joined() {
    let mut digest = Documents::default()
        .subsegment(0.0, entity(2, "api", 0.1, 0.9).remote().parent(1))
        .segment(130.0, entity(1, "web", 0.0, 1.0).fault())
        .digest();
    digest.groups.push(("faults".to_owned(), at(130.0).minute()));
    insta::assert_snapshot!(draw(&contribution(&digest)), @"
    @0 Default api:remote x1 1/0/0/0 0.8s
    @0 Default web:- -> api:remote x1 1/0/0/0 0.8s
    @2 Default web:- x1 0/0/0/1 1s roots 1
    @2 Default web:client x1 0/0/0/0 0s
    @2 Default web:client -> web:- x1 0/0/0/1 1s
    @2 faults api:remote x1 1/0/0/0 0.8s
    @2 faults web:- x1 0/0/0/1 1s roots 1
    @2 faults web:client x1 0/0/0/0 0s
    @2 faults web:- -> api:remote x1 1/0/0/0 0.8s
    @2 faults web:client -> web:- x1 0/0/0/1 1s
    ");
}

#[test]
fn a_429_counts_as_a_throttle_alone() {
    let digest = Documents::default().segment(0.0, entity(1, "web", 0.0, 1.0).status(429)).digest();
    let rows = contribution(&digest);
    assert!(rows.iter().all(|row| row.stats.counts.total() == row.stats.counts.throttle));
    assert_eq!(rows.iter().map(|row| row.stats.counts.throttle).sum::<i64>(), 2);
}

#[test]
fn a_client_has_presence_and_nothing_else() {
    let rows = contribution(&caller().digest());
    let client = rows.iter().find(|row| row.key.subject == Subject::Node(NodeKey::client("web"))).unwrap();
    assert_eq!((client.stats.presence, client.stats.counts.total()), (1, 0));
    assert!(client.stats.response_times.is_empty() && client.stats.durations.is_empty());
    assert_eq!(client.stats.kinds, BTreeMap::from([(NodeKind::Client, 1)]));
}

type Rows = BTreeMap<MinuteKey, Stats>;

/// Rows without the times, which differences do not keep exactly, and without those of which nothing is left.
fn comparable(rows: Rows) -> Rows {
    let narrow = |(key, stats)| (key, Stats { first_start: None, last_start: None, ..stats });
    rows.into_iter().filter(|(_, stats)| !stats.is_nothing()).map(narrow).collect()
}

fn add(into: &mut Rows, rows: Vec<MinuteRow>) {
    for row in rows {
        into.entry(row.key).or_default().merge(&row.stats);
    }
}

/// The digests of the trace at some moments of its life; from one of them on it is in a group.
fn revisions(sent: &[random::Sent], is_seen: &[bool], joins: usize) -> Vec<TraceDigest> {
    let mut joined = None;
    let mut revisions = Vec::new();
    for end in 1..=sent.len() {
        if !is_seen[end % is_seen.len()] && end < sent.len() {
            continue;
        }
        let mut digest = random::received(&sent[..end]).digest();
        if end > joins {
            let minute = *joined.get_or_insert(digest.last_received.minute());
            digest.groups.push(("group".to_owned(), minute));
        }
        revisions.push(digest);
    }
    revisions
}

proptest! {
    // RU-1
    #[test]
    fn differences_add_up_to_the_newest_contribution(
        sent in random::documents(15),
        is_seen in prop::collection::vec(any::<bool>(), 1..15),
        joins in 0..20_usize,
    ) {
        let revisions = revisions(&sent, &is_seen, joins);
        let mut sum = Rows::new();
        let mut at_once = Sums::default();
        let mut old = None;
        for new in &revisions {
            add(&mut sum, difference(old, new));
            at_once.replace(old, new);
            old = Some(new);
        }
        let mut summed = Rows::new();
        add(&mut summed, at_once.into_rows());
        let newest = revisions.last().unwrap();
        let mut expected = Rows::new();
        add(&mut expected, contribution(newest));
        prop_assert_eq!(comparable(sum), comparable(expected.clone()));
        prop_assert_eq!(comparable(summed), comparable(expected));
    }

    #[test]
    fn no_request_is_counted_twice(sent in random::documents(15)) {
        let documents = random::received(&sent);
        let trace = documents.trace();
        let rows = contribution(&crate::digest(&trace, &UrlRules::default()));
        let counted = |is_it: &dyn Fn(&Subject) -> bool| -> i64 {
            rows.iter().filter(|row| is_it(&row.key.subject)).map(|row| row.stats.counts.total()).sum()
        };
        let finished = trace.segments.iter().filter(|&&segment| trace.spans[segment].entity.is_complete());
        prop_assert_eq!(counted(&|subject| matches!(subject, Subject::Node(_))), finished.count() as i64);

        let roots = trace.segments.iter().filter(|&&segment| trace.spans[segment].is_root()).count();
        let presence = |row: &&MinuteRow| match &row.key.subject {
            Subject::Node(key) => key.kind.as_deref() == Some("client"),
            Subject::Edge { .. } => false,
        };
        let clients: i64 = rows.iter().filter(presence).map(|row| row.stats.presence).sum();
        prop_assert_eq!(clients, roots as i64);
        prop_assert_eq!(rows.iter().map(|row| row.stats.roots).sum::<i64>(), roots as i64);

        let calls: usize = trace.spans.iter().filter(|span| !span.is_segment()).map(|span| {
            let mut nodes: Vec<&NodeKey> = span.callees.iter().map(|&callee| &trace.spans[callee].node).collect();
            nodes.sort();
            nodes.dedup();
            nodes.len()
        }).sum();
        let of_segments: usize = trace.spans.iter().filter(|span| span.is_segment()).map(|span| span.callees.len()).sum();
        let on_edges: i64 = rows
            .iter()
            .filter(|row| matches!(row.key.subject, Subject::Edge { kind: EdgeKind::Call, .. }))
            .map(|row| row.stats.presence)
            .sum();
        prop_assert_eq!(on_edges, (calls + of_segments + roots) as i64);
    }
}
