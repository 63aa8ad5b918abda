//! Rows of a minute that has more names than are counted by themselves.

use model::minute::{EdgeKind, Stats};
use model::segment::Outcome;
use model::{Micros, Minute, NodeKey, NodeKind};

use super::*;

const MINUTE: Minute = Minute(28_333_334);

fn node(name: &str) -> NodeKey {
    NodeKey { name: name.to_owned(), kind: Some("remote".to_owned()), account: None }
}

/// One request of `shop` to each of these, as nodes and edges.
fn rows(minute: Minute, callees: impl Iterator<Item = String>) -> Vec<MinuteRow> {
    let mut stats = Stats { presence: 1, ..Stats::default() };
    stats.record(Outcome::Ok, Micros::from_millis(5));
    stats.kinds.insert(NodeKind::Remote, 1);
    let row = |subject| MinuteRow {
        key: MinuteKey { minute, group: "Default".to_owned(), subject },
        stats: stats.clone(),
    };
    let rows = callees.flat_map(|name| {
        let edge = Subject::Edge { source: node("shop"), target: node(&name), kind: EdgeKind::Call };
        [row(Subject::Node(node(&name))), row(edge)]
    });
    reduce::merge(rows)
}

/// A store of one cell, and the names that a worker remembers.
#[derive(Default)]
struct Bench {
    held: Vec<MinuteRow>,
    names: Names,
}

impl Bench {
    fn commit(&mut self, rows: Vec<MinuteRow>) {
        for (minute, group) in self.names.unknown(&rows) {
            let of_minute: Vec<_> =
                self.held.iter().filter(|row| row.key.minute == minute).cloned().collect();
            self.names.learn((minute, group), &of_minute);
        }
        let bounded = self.names.bound(rows);
        let held = std::mem::take(&mut self.held);
        self.held = reduce::merge(held.into_iter().chain(bounded));
    }

    fn count(&self, is_wanted: impl Fn(&Subject) -> bool) -> usize {
        self.held.iter().filter(|row| is_wanted(&row.key.subject)).count()
    }
}

fn many(range: std::ops::Range<u32>) -> Vec<MinuteRow> {
    rows(MINUTE, range.map(|number| format!("svc-{number:06}")))
}

fn negated(mut rows: Vec<MinuteRow>) -> Vec<MinuteRow> {
    for row in &mut rows {
        let stats = std::mem::take(&mut row.stats);
        row.stats.subtract(&stats);
    }
    rows
}

#[test]
fn names_beyond_the_bound_are_summed_and_nothing_is_lost() {
    let mut bench = Bench::default();
    bench.commit(rows(MINUTE, ["honest".to_owned()].into_iter()));
    for round in 0..10 {
        bench.commit(many(round * 1_000..(round + 1) * 1_000));
    }
    let nodes = bench.count(|subject| matches!(subject, Subject::Node(_)));
    assert!((NODES - 1..=NODES + 1).contains(&nodes), "{nodes}");
    assert!(bench.count(|subject| matches!(subject, Subject::Edge { .. })) <= NODES + 1);
    let honest = Subject::Node(node("honest"));
    assert_eq!(bench.count(|subject| *subject == honest), 1);
    let total = |is_node: bool| -> i64 {
        let rows = bench.held.iter().filter(|row| matches!(row.key.subject, Subject::Node(_)) == is_node);
        rows.map(|row| row.stats.counts.total()).sum()
    };
    assert_eq!((total(true), total(false)), (10_001, 10_001));
    let words = bench.names.flood.words().unwrap();
    assert!(words.ends_with("names like `svc-00*`, called by `shop`"), "{words}");
}

#[test]
fn what_is_taken_away_goes_where_it_came_from_after_a_restart_too() {
    let mut bench = Bench::default();
    bench.commit(many(0..3_000));
    bench.names = Names::default();
    bench.commit(many(2_500..4_000));
    bench.names = Names::default();
    // Backwards, so that what was counted by itself goes last.
    bench.commit(negated(many(1_000..4_000)));
    bench.commit(negated(many(2_500..3_000)));
    bench.names = Names::default();
    bench.commit(negated(many(0..1_000)));
    assert_eq!(bench.held, []);
}

#[test]
fn over_a_while_new_names_have_a_bound_and_old_ones_a_place() {
    let mut bench = Bench::default();
    for minute in 0..10 {
        let minute = Minute(MINUTE.0 + minute);
        let new = (0..1_500).map(|number| format!("svc-{}-{number}", minute.0));
        bench.commit(rows(minute, new.chain(["honest".to_owned()])));
    }
    let mut distinct: Vec<&NodeKey> = Vec::new();
    for row in &bench.held {
        if let Subject::Node(node) = &row.key.subject {
            distinct.push(node);
        }
    }
    distinct.sort();
    distinct.dedup();
    assert!(distinct.len() <= NODES_OF_A_WHILE + 1, "{}", distinct.len());
    assert_eq!(bench.count(|subject| *subject == Subject::Node(node("honest"))), 10);
}

#[test]
fn aliases_and_types_are_bounded_too() {
    let mut bench = Bench::default();
    let mut edges = rows(MINUTE, ["api".to_owned()].into_iter());
    edges.retain(|row| matches!(row.key.subject, Subject::Edge { .. }));
    for number in 0..ALIASES + 500 {
        let mut rows = edges.clone();
        let alias = model::minute::Alias { name: format!("host-{number}"), kind: None };
        rows[0].stats.aliases.insert(alias, 1);
        let bounded = {
            for cell in bench.names.unknown(&rows) {
                bench.names.learn(cell, &[]);
            }
            bench.names.bound(rows)
        };
        assert_eq!(bounded[0].stats.aliases.len(), usize::from(number < ALIASES), "{number}");
    }
    let mut kinds = Bench::default();
    kinds.commit(many(0..3_000));
    let mut odd = many(5_000..6_000);
    for (number, row) in odd.iter_mut().enumerate() {
        if let Subject::Node(node) = &mut row.key.subject {
            node.kind = Some(format!("Own::Type::{number}"));
        }
    }
    kinds.commit(odd);
    let others = kinds.count(|subject| matches!(subject, Subject::Node(node) if node.name == OTHER_NAMES));
    assert!(others <= KINDS + 1, "{others}");
}
