//! Time series of one selector over rollups.

use std::collections::BTreeMap;

use model::minute::{EdgeKind, MinuteRow, Stats, Subject};
use model::{Minute, TimeRange, Timestamp, node};

use crate::selector::Selector;

/// One bucket. It is stamped with its end, as X-Ray does.
#[derive(Debug, Clone)]
pub struct Point {
    pub end: Timestamp,
    /// `None` where rollups exist for the bucket but none of them is selected.
    pub stats: Option<Stats>,
}

/// Newest first: buckets of `period_minutes` whose end lies in `range`, and that have any data at all.
/// Without a selector the edges from clients to roots are summed.
///
/// The range is taken in whole seconds and is half-open, and it selects by a bucket's end: the first bucket
/// of a range begins before it. Buckets are aligned to the epoch.
pub fn series(
    rows: &[MinuteRow],
    range: TimeRange,
    period_minutes: i64,
    selector: Option<&Selector>,
) -> Vec<Point> {
    let stamps = range.start.floor_seconds()..range.end.floor_seconds();
    let mut buckets: BTreeMap<Timestamp, Option<Stats>> = BTreeMap::new();
    for row in rows {
        let end = bucket_end(row.key.minute, period_minutes.max(1));
        if !stamps.contains(&end.floor_seconds()) || row.stats.is_nothing() {
            continue;
        }
        let bucket = buckets.entry(end).or_default();
        if is_selected(row, selector) {
            bucket.get_or_insert_default().merge(&row.stats);
        }
    }
    buckets.into_iter().rev().map(|(end, stats)| Point { end, stats }).collect()
}

fn bucket_end(minute: Minute, period_minutes: i64) -> Timestamp {
    let start = minute.0.div_euclid(period_minutes).saturating_mul(period_minutes);
    Minute(start.saturating_add(period_minutes)).start()
}

fn is_selected(row: &MinuteRow, selector: Option<&Selector>) -> bool {
    match (selector, &row.key.subject) {
        (None, Subject::Edge { source, kind, .. }) => {
            *kind == EdgeKind::Call && source.kind.as_deref() == Some(node::CLIENT)
        }
        // A client has no statistics; what came from it is at its edges.
        (Some(Selector::Service(wanted)), Subject::Node(key)) => {
            key.kind.as_deref() != Some(node::CLIENT) && wanted.matches(key)
        }
        // Of a link only the age of events is known, which is nobody's response time.
        (Some(Selector::Edge(wanted, wanted_target)), Subject::Edge { source, target, kind }) => {
            *kind == EdgeKind::Call
                && wanted.matches(source)
                && (wanted_target.matches(target)
                    || row.stats.aliases.keys().any(|alias| wanted_target.matches_alias(alias)))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use model::minute::{Alias, MinuteKey};
    use model::segment::Outcome;
    use model::{Micros, NodeKey, group};

    use super::*;
    use crate::testing::{EPOCH, at};

    fn key(name: &str) -> NodeKey {
        NodeKey { name: name.to_owned(), kind: None, account: None }
    }

    fn edge(source: NodeKey, target: NodeKey) -> Subject {
        Subject::Edge { source, target, kind: EdgeKind::Call }
    }

    /// One finished request, received in that minute after the epoch of the tests.
    fn row(minute: i64, subject: Subject) -> MinuteRow {
        let mut stats = Stats { presence: 1, ..Stats::default() };
        stats.record(Outcome::Ok, Micros(1_000));
        let minute = Minute(EPOCH.minute().0 + minute);
        MinuteRow { key: MinuteKey { minute, group: group::DEFAULT.to_owned(), subject }, stats }
    }

    /// Each point as its end, in seconds after the epoch of the tests, with its count.
    fn points(rows: &[MinuteRow], range: (f64, f64), period: i64, selector: &str) -> Vec<(i64, Option<i64>)> {
        let selector: Option<Selector> = (!selector.is_empty()).then(|| selector.parse().unwrap());
        let range = TimeRange::new(at(range.0), at(range.1));
        series(rows, range, period, selector.as_ref())
            .into_iter()
            .map(|point| {
                let count = point.stats.map(|stats| stats.counts.total());
                (point.end.floor_seconds() - EPOCH.floor_seconds(), count)
            })
            .collect()
    }

    #[test]
    fn buckets_are_stamped_with_their_end_and_come_newest_first() {
        let rows = [row(0, Subject::Node(key("a"))), row(1, Subject::Node(key("a")))];
        let selector = r#"service("a")"#;
        assert_eq!(points(&rows, (0.0, 300.0), 1, selector), [(120, Some(1)), (60, Some(1))]);
        assert_eq!(points(&rows, (60.0, 120.0), 1, selector), [(60, Some(1))]);
        assert_eq!(points(&rows, (60.9, 120.9), 1, selector), [(60, Some(1))]);
        assert_eq!(points(&rows, (61.0, 121.0), 1, selector), [(120, Some(1))]);
    }

    #[test]
    fn longer_buckets_sum_their_minutes() {
        // The epoch of the tests lies 4 minutes into its 5: 22:14.
        let rows = [0, 1, 2].map(|minute| row(minute, Subject::Node(key("a"))));
        let selector = r#"service("a")"#;
        assert_eq!(points(&rows, (0.0, 900.0), 5, selector), [(360, Some(2)), (60, Some(1))]);
    }

    #[test]
    fn a_minute_without_a_match_has_a_point_without_statistics() {
        let rows = [row(0, Subject::Node(key("a"))), row(1, Subject::Node(key("b")))];
        assert_eq!(points(&rows, (0.0, 300.0), 1, r#"service("b")"#), [(120, Some(1)), (60, None)]);
        assert_eq!(points(&rows, (0.0, 300.0), 1, ""), [(120, None), (60, None)]);
    }

    #[test]
    fn a_minute_of_which_everything_was_withdrawn_has_no_point() {
        let mut gone = row(0, Subject::Node(key("a")));
        gone.stats.subtract(&gone.stats.clone());
        assert_eq!(points(&[gone], (0.0, 300.0), 1, "service()"), []);
    }

    #[test]
    fn without_a_selector_the_requests_of_clients_are_counted() {
        let rows = [
            row(0, edge(NodeKey::client("a"), key("a"))),
            row(0, edge(NodeKey::client("b"), key("b"))),
            row(0, edge(key("a"), key("b"))),
            row(0, Subject::Node(key("a"))),
        ];
        assert_eq!(points(&rows, (0.0, 300.0), 1, ""), [(60, Some(2))]);
        let client = [row(0, Subject::Node(NodeKey::client("a")))];
        assert_eq!(points(&client, (0.0, 300.0), 1, r#"service("a")"#), [(60, None)]);
    }

    #[test]
    fn an_edge_is_also_found_by_the_callers_name_for_its_target() {
        let mut called = row(0, edge(key("a"), key("b")));
        called
            .stats
            .aliases
            .insert(Alias { name: "b.internal".to_owned(), kind: Some("remote".to_owned()) }, 1);
        let rows = [called];
        for selector in
            [r#"edge("a", "b")"#, r#"edge("a", "b.internal")"#, r#"edge("a", id(type: "remote"))"#]
        {
            assert_eq!(points(&rows, (0.0, 300.0), 1, selector), [(60, Some(1))], "{selector}");
        }
        assert_eq!(points(&rows, (0.0, 300.0), 1, r#"edge("b", "a")"#), [(60, None)]);
    }
}
