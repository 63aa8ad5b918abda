//! Commits: digests, minutes and the place of the digest worker move together; the newest revision counts.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::link::AwaitedLink;
use model::minute::Subject;
use model::property::Flag;
use model::{TimeRange, Timestamp, TraceDigest};

use super::sample::{at, digest, document, key, rich_digest, row, shared, trace_id, waiting};
use super::{Bench, Place};
use crate::{Axis, Commit, Lease, MinuteQuery, Predicate, Search, Share, StoreError, Subjects, TailCursor};

pub async fn commit_is_visible_at_once(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    let minute = at(0).minute();
    bench.append(vec![document(1, 1, 0)]).await;
    let rows = vec![row(minute, "Default", Subject::Node(key("shop", None)), 1)];
    bench.commit(shared([digest(1, 1, 0)]), rows).await;
    for _ in 0..2 {
        assert_eq!(bench.store.status().digested, bench.newest());
        assert_eq!(bench.store.status().traces, 1);
        check(&bench, Axis::Start, everything(), Predicate::Any, &[1]).await;
        let query = MinuteQuery { range: everything(), group: "Default".to_owned(), subjects: Subjects::All };
        let rows = bench.store.minutes(&query).await.expect("the minutes can be read");
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].stats.counts.ok, 1);
        bench.restart().await;
    }
}

pub async fn newest_revision_wins(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    for revision in 1..=5 {
        commit(&bench, [digest(1, revision, i64::from(revision)), digest(2, revision, 100)]).await;
        let found = read(&bench, &[1]).await;
        assert_eq!(found[0].revision, revision);
        if revision == 3 {
            bench.restart().await;
        }
    }
    for _ in 0..2 {
        assert_eq!(read(&bench, &[1, 2]).await.iter().map(|found| found.revision).sum::<u32>(), 10);
        check(&bench, Axis::Start, everything(), Predicate::Any, &[2, 1]).await;
        assert_eq!(bench.store.status().traces, 2);
        bench.restart().await;
    }
}

pub async fn superseded_revision_is_never_found(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    let fault = |found: bool| Predicate::Flag(Flag::Error, found);
    let early = TimeRange::new(at(0), at(50));
    let late = TimeRange::new(at(50), at(500));
    // The older revision is early and erroneous, the newer is late and fine.
    commit(&bench, [rich_digest(1, 1, 10), rich_digest(2, 1, 20)]).await;
    for axis in [Axis::Start, Axis::Received, Axis::End] {
        check(&bench, axis, early, fault(true), &[2, 1]).await;
    }
    bench.restart().await;
    commit(&bench, [digest(1, 2, 100)]).await;
    for _ in 0..2 {
        for axis in [Axis::Start, Axis::Received, Axis::End] {
            check(&bench, axis, early, Predicate::Any, &[2]).await;
            check(&bench, axis, early, fault(true), &[2]).await;
            check(&bench, axis, everything(), fault(true), &[2]).await;
            check(&bench, axis, late, Predicate::Any, &[1]).await;
            check(&bench, axis, everything(), Predicate::Any, &[1, 2]).await;
        }
        bench.restart().await;
    }
    // Back to the early time: still one place for each trace.
    commit(&bench, [digest(1, 3, 5)]).await;
    for _ in 0..2 {
        check(&bench, Axis::Start, everything(), Predicate::Any, &[2, 1]).await;
        check(&bench, Axis::Start, late, Predicate::Any, &[]).await;
        bench.restart().await;
    }
}

pub async fn digests_come_in_the_order_asked(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    commit(&bench, (1..=20).map(|trace| digest(trace, 1, i64::from(trace)))).await;
    for _ in 0..2 {
        let asked = [7, 404, 3, 20, 11];
        let found = read(&bench, &asked).await;
        let expected = [7, 3, 20, 11].map(trace_id);
        assert_eq!(found.iter().map(|digest| digest.id).collect::<Vec<_>>(), expected);
        bench.restart().await;
    }
}

pub async fn digested_survives_a_restart(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    let share = bench.store.share_of(trace_id(1));
    assert_eq!(bench.digested(share).await, TailCursor::default());
    bench.store.append((1..=9).map(|id| document(1, id, 0)).collect()).await.expect("they are taken");
    let mut through = TailCursor::default();
    for to in [3, 5, 9] {
        let mut tail = bench.store.tail(share, &through);
        let read = tail.next().await.expect("the tail is open");
        read.iter().filter(|one| one.document.entity.id.0 <= to).for_each(|one| through.advance(one.place));
        let lease = bench.lease(Some(share));
        let commit = Commit { lease, through: through.clone(), ..Commit::default() };
        bench.store.commit(commit).await.expect("the commit is taken");
        assert_eq!(bench.digested(share).await, through);
        bench.restart().await;
        assert_eq!(bench.digested(share).await, through);
        assert_eq!(bench.store.status().digested, to);
    }
}

pub async fn every_commit_changes_the_pulse(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    for _ in 0..2 {
        let mut changes = bench.store.changes();
        assert_eq!(changes.borrow_and_update().through, bench.store.status().digested);
        for round in 0..3 {
            let before = *changes.borrow();
            commit(&bench, [digest(round, 1, 0), digest(round + 10, 1, 0)]).await;
            assert!(changes.has_changed().expect("the store is open"));
            let after = *changes.borrow_and_update();
            assert!(after.through > before.through);
            assert_eq!((after.through, after.digests), (bench.store.status().digested, before.digests + 2));
        }
        bench.restart().await;
    }
}

pub async fn links_wait_until_they_are_answered(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    let share = bench.store.share_of(trace_id(1));
    let before = bench.store.changes().borrow().foreign_links;
    // They come in two commits of one share, and wait in the shares of their senders, the last in that of the first.
    let links: Vec<_> = (1..=6).map(|number| waiting(share, 1 + u64::from(number > 4), number)).collect();
    for links in links.chunks(4) {
        bench.commit_filled(share, Commit { awaited: links.to_vec(), ..Commit::default() }).await;
    }
    let foreign = links.iter().filter(|waiting| bench.store.share_of(waiting.link.from.0) != share).count();
    assert_eq!(bench.store.changes().borrow().foreign_links > before, foreign > 0);
    let mut left = links.clone();
    for round in 0..3 {
        check_waiting(&bench, &left).await;
        bench.age(round).await;
        check_waiting(&bench, &left).await;
        let answered = left.remove(round % 2);
        let of_sender = bench.store.share_of(answered.link.from.0);
        let commit = Commit { answered: vec![answered.id], ..Commit::default() };
        bench.commit_filled(of_sender, commit).await;
    }
    check_waiting(&bench, &left).await;
    // What is put and answered at once does not wait.
    let both = waiting(share, 9, 1);
    let commit = Commit { awaited: vec![Arc::clone(&both)], answered: vec![both.id], ..Commit::default() };
    bench.commit_filled(share, commit).await;
    bench.restart().await;
    check_waiting(&bench, &left).await;
}

/// Checks that exactly these links wait, each in the share of its sender.
async fn check_waiting(bench: &Bench<'_>, expected: &[Arc<AwaitedLink>]) {
    let share_of = |waiting: &Arc<AwaitedLink>| bench.store.share_of(waiting.link.from.0);
    let shares: BTreeSet<Share> = (1..=6).map(|sender| bench.store.share_of(trace_id(sender))).collect();
    for share in shares {
        let found = bench.store.awaited(share).await.expect("the store is open");
        let expected: Vec<_> =
            expected.iter().filter(|waiting| share_of(waiting) == share).cloned().collect();
        assert_eq!(found, expected);
    }
}

pub async fn commits_without_the_lease_are_fenced(place: &dyn Place) {
    let bench = Bench::open(place).await;
    commit(&bench, [digest(1, 1, 0)]).await;
    let share = bench.store.share_of(trace_id(1));
    let held = bench.lease(Some(share));
    let through = bench.digested(share).await;
    let foreign = Lease { epoch: held.epoch + 1, ..held };
    let commit = Commit { lease: foreign, through, digests: shared([digest(1, 2, 0)]), ..Commit::default() };
    assert!(matches!(bench.store.commit(commit).await, Err(StoreError::Fenced)));
    assert_eq!(read(&bench, &[1]).await[0].revision, 1);
}

pub async fn digest_comes_back_whole(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    let sent = rich_digest(1, 3, 40);
    commit(&bench, [sent.clone()]).await;
    for _ in 0..2 {
        assert_eq!(*read(&bench, &[1]).await[0], sent);
        bench.restart().await;
    }
}

async fn commit(bench: &Bench<'_>, digests: impl IntoIterator<Item = TraceDigest>) {
    bench.commit(shared(digests), Vec::new()).await;
}

async fn read(bench: &Bench<'_>, traces: &[u32]) -> Vec<Arc<TraceDigest>> {
    let ids: Vec<_> = traces.iter().copied().map(trace_id).collect();
    bench.store.digests(&ids).await.expect("the digests can be read")
}

fn everything() -> TimeRange {
    TimeRange::new(Timestamp::MIN, Timestamp::MAX)
}

/// Checks which traces are found, newest first, of those that the predicate describes.
async fn check(bench: &Bench<'_>, axis: Axis, range: TimeRange, predicate: Predicate, expected: &[u32]) {
    let search = Search { range, axis, predicate: predicate.clone(), after: None, limit: 100 };
    let page = bench.store.search(&search).await.expect("the search succeeds");
    let found = page.digests.iter().filter(|digest| predicate.may_match(digest)).map(|digest| digest.id);
    assert_eq!(
        found.collect::<Vec<_>>(),
        expected.iter().copied().map(trace_id).collect::<Vec<_>>(),
        "{search:?}"
    );
}
