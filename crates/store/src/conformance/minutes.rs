//! Minutes: rows are sums, and what comes to nothing is not there.

use model::minute::{EdgeKind, MinuteRow, Subject};
use model::{Minute, TimeRange, Timestamp};

use super::sample::{at, key, row};
use super::{Bench, Place};
use crate::{MinuteQuery, Subjects};

const FIRST: Minute = Minute(super::sample::EPOCH / 60);
const GROUP: &str = "Default";

pub async fn rows_of_one_key_are_summed(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    commit(&bench, vec![row(FIRST, GROUP, shop(), 2), row(FIRST, GROUP, shop(), 3)]).await;
    bench.restart().await;
    commit(&bench, vec![row(FIRST, GROUP, shop(), 4), row(Minute(FIRST.0 + 1), GROUP, shop(), 1)]).await;
    for _ in 0..2 {
        let rows = check(&bench, everything(), Subjects::All, &[(0, shop(), 9), (1, shop(), 1)]).await;
        assert_eq!(rows[0].stats, row(FIRST, GROUP, shop(), 9).stats, "sketches and sums too");
        bench.restart().await;
    }
}

pub async fn a_row_of_which_nothing_is_left_is_not_given(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    commit(&bench, vec![row(FIRST, GROUP, shop(), 2), row(FIRST, GROUP, bank(), 1)]).await;
    bench.restart().await;
    commit(&bench, vec![row(FIRST, GROUP, shop(), -2)]).await;
    for _ in 0..2 {
        check(&bench, everything(), Subjects::All, &[(0, bank(), 1)]).await;
        bench.restart().await;
    }
}

pub async fn subjects_select_rows(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    commit(&bench, [shop(), bank(), call(), link()].map(|subject| row(FIRST, GROUP, subject, 1)).into())
        .await;
    let edge = |kind| Subjects::Edge { source: key("shop", None), target: key("bank", Some("remote")), kind };
    for _ in 0..2 {
        let all = [(0, bank(), 1), (0, shop(), 1), (0, call(), 1), (0, link(), 1)];
        check(&bench, everything(), Subjects::All, &all).await;
        check(&bench, everything(), Subjects::Nodes, &all[..2]).await;
        check(&bench, everything(), Subjects::Edges, &all[2..]).await;
        check(&bench, everything(), Subjects::Node(key("shop", None)), &all[1..2]).await;
        check(&bench, everything(), Subjects::Node(key("shop", Some("remote"))), &[]).await;
        check(&bench, everything(), Subjects::Named("shop".to_owned()), &all[1..2]).await;
        check(&bench, everything(), Subjects::Named("nobody".to_owned()), &[]).await;
        check(&bench, everything(), edge(EdgeKind::Call), &all[2..3]).await;
        check(&bench, everything(), edge(EdgeKind::Link), &all[3..]).await;
        bench.restart().await;
    }
}

pub async fn range_takes_every_minute_it_touches(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    commit(&bench, (0..5).map(|minute| row(Minute(FIRST.0 + minute), GROUP, shop(), 1)).collect()).await;
    for _ in 0..2 {
        let one = |minute| (minute, shop(), 1);
        check(&bench, TimeRange::new(at(60), at(180)), Subjects::All, &[one(1), one(2)]).await;
        check(&bench, TimeRange::new(at(119), at(121)), Subjects::All, &[one(1), one(2)]).await;
        check(&bench, TimeRange::new(at(-60), at(0)), Subjects::All, &[]).await;
        bench.restart().await;
    }
}

pub async fn groups_are_kept_apart(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    commit(&bench, vec![row(FIRST, GROUP, shop(), 1), row(FIRST, "slow", shop(), 5)]).await;
    for _ in 0..2 {
        check(&bench, everything(), Subjects::All, &[(0, shop(), 1)]).await;
        let query = MinuteQuery { range: everything(), group: "slow".to_owned(), subjects: Subjects::All };
        let rows = bench.store.minutes(&query).await.expect("the minutes can be read");
        assert_eq!(rows, [row(FIRST, "slow", shop(), 5)]);
        let query = MinuteQuery { group: "none".to_owned(), ..query };
        assert!(bench.store.minutes(&query).await.expect("the minutes can be read").is_empty());
        bench.restart().await;
    }
}

fn shop() -> Subject {
    Subject::Node(key("shop", None))
}

fn bank() -> Subject {
    Subject::Node(key("bank", Some("remote")))
}

fn call() -> Subject {
    Subject::Edge { source: key("shop", None), target: key("bank", Some("remote")), kind: EdgeKind::Call }
}

fn link() -> Subject {
    Subject::Edge { source: key("shop", None), target: key("bank", Some("remote")), kind: EdgeKind::Link }
}

fn everything() -> TimeRange {
    TimeRange::new(Timestamp::MIN, Timestamp::MAX)
}

async fn commit(bench: &Bench<'_>, minutes: Vec<MinuteRow>) {
    bench.commit(Vec::new(), minutes).await;
}

/// Checks the rows: minute after [`FIRST`], subject, good requests.
async fn check(
    bench: &Bench<'_>,
    range: TimeRange,
    subjects: Subjects,
    expected: &[(i64, Subject, i64)],
) -> Vec<MinuteRow> {
    let query = MinuteQuery { range, group: GROUP.to_owned(), subjects };
    let rows = bench.store.minutes(&query).await.expect("the minutes can be read");
    let found: Vec<_> = rows
        .iter()
        .map(|row| (row.key.minute.0 - FIRST.0, row.key.subject.clone(), row.stats.counts.ok))
        .collect();
    assert_eq!(found, expected, "{query:?}");
    rows
}
