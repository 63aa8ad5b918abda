//! The tail: every document once, in order of receipt, across restarts.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use model::TimeRange;

use super::sample::{at, document, trace_id};
use super::{Bench, Place};
use crate::{Axis, Commit, MinuteQuery, Predicate, Search, Share, StoreError, Subjects, Tail, TailCursor};

pub async fn tail_waits_for_the_next_document(place: &dyn Place) {
    let bench = Bench::open(place).await;
    let mut tail = follow(&bench, &TailCursor::default());
    for id in 1..=3 {
        {
            let mut next = pin!(tail.next());
            assert!(poll_once(next.as_mut()).is_none(), "there is nothing yet");
            bench.append(vec![document(1, id, 0)]).await;
            let given = next.await.expect("the tail is open");
            assert_eq!(given.len(), 1);
            assert_eq!(given[0].document.entity.id.0, id);
        }
    }
}

pub async fn a_wait_that_is_given_up_loses_nothing(place: &dyn Place) {
    let bench = Bench::open(place).await;
    let mut tail = follow(&bench, &TailCursor::default());
    for _ in 0..3 {
        assert!(poll_once(pin!(tail.next())).is_none(), "there is nothing yet");
    }
    bench.append(vec![document(1, 1, 0), document(1, 2, 0)]).await;
    check(tail.as_mut(), &[1, 2]).await;
}

pub async fn tail_begins_after_any_document(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    for id in 1..=10 {
        bench.append(vec![document(1, id, 0)]).await;
    }
    for _ in 0..2 {
        let mut cursors = vec![TailCursor::default()];
        for given in check(follow(&bench, &cursors[0]).as_mut(), &(1..=10).collect::<Vec<_>>()).await {
            let mut cursor = cursors[cursors.len() - 1].clone();
            assert!(!cursor.covers(given));
            cursor.advance(given);
            cursors.push(cursor);
        }
        for (after, cursor) in (0..10).zip(&cursors) {
            let expected: Vec<u64> = (after + 1..=10).collect();
            check(follow(&bench, cursor).as_mut(), &expected).await;
        }
        // Two tails do not take from each other.
        let (mut one, mut other) = (follow(&bench, &cursors[8]), follow(&bench, &cursors[8]));
        check(one.as_mut(), &[9, 10]).await;
        check(other.as_mut(), &[9, 10]).await;
        bench.restart().await;
    }
}

pub async fn shares_have_each_its_documents(place: &dyn Place) {
    let bench = Bench::open(place).await;
    bench.append((1..=60).map(|trace| document(trace, u64::from(trace), 0)).collect()).await;
    let mut found: BTreeMap<Share, Vec<u64>> = BTreeMap::new();
    for trace in 1..=60 {
        found.entry(bench.store.share_of(trace_id(trace))).or_default().push(u64::from(trace));
    }
    let leases = bench.store.shares().borrow().clone();
    for lease in leases {
        let expected = found.remove(&lease.share).unwrap_or_default();
        check(bench.store.tail(lease.share, &TailCursor::default()).as_mut(), &expected).await;
    }
    assert!(found.is_empty(), "the only process holds all shares");
}

pub async fn tail_gives_everything_and_then_says_closed(place: &dyn Place) {
    let bench = Bench::open(place).await;
    bench.append(vec![document(1, 1, 0), document(1, 2, 0)]).await;
    let mut late = follow(&bench, &TailCursor::default());
    let mut read = TailCursor::default();
    for place in check(follow(&bench, &read).as_mut(), &[1, 2]).await {
        read.advance(place);
    }
    let mut waiting = follow(&bench, &read);
    {
        let mut next = pin!(waiting.next());
        assert!(poll_once(next.as_mut()).is_none(), "there is nothing yet");
        bench.store.close().await.expect("the store can be closed");
        assert!(matches!(next.await, Err(StoreError::Closed)));
    }
    check(late.as_mut(), &[1, 2]).await;
    assert!(matches!(late.next().await, Err(StoreError::Closed)));
}

pub async fn tail_goes_on_from_digested_after_a_restart(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    let share = bench.store.share_of(trace_id(1));
    bench.append((1..=4).map(|id| document(1, id, 0)).collect()).await;
    bench.commit_share(share, Commit::default()).await;
    bench.append((5..=6).map(|id| document(1, id, 0)).collect()).await;
    bench.restart().await;
    let mut tail = follow(&bench, &bench.digested(share).await);
    check(tail.as_mut(), &[5, 6]).await;
    bench.append(vec![document(1, 7, 0)]).await;
    check(tail.as_mut(), &[7]).await;
    bench.commit_share(share, Commit::default()).await;
    bench.restart().await;
    bench.append(vec![document(1, 8, 0)]).await;
    check(follow(&bench, &bench.digested(share).await).as_mut(), &[8]).await;
}

pub async fn calls_after_close_are_refused(place: &dyn Place) {
    let bench = Bench::open(place).await;
    bench.store.close().await.expect("the store can be closed");
    let range = TimeRange::new(at(0), at(60));
    let search = Search { range, axis: Axis::Start, predicate: Predicate::Any, after: None, limit: 10 };
    let query = MinuteQuery { range, group: "Default".to_owned(), subjects: Subjects::All };
    assert!(matches!(bench.store.append(vec![document(1, 1, 0)]).await, Err(StoreError::Closed)));
    assert!(matches!(bench.store.commit(Commit::default()).await, Err(StoreError::Closed)));
    assert!(matches!(bench.store.documents(trace_id(1)).await, Err(StoreError::Closed)));
    assert!(matches!(bench.store.digests(&[trace_id(1)]).await, Err(StoreError::Closed)));
    assert!(matches!(bench.store.search(&search).await, Err(StoreError::Closed)));
    assert!(matches!(bench.store.minutes(&query).await, Err(StoreError::Closed)));
}

/// The tail of the share of trace 1.
fn follow(bench: &Bench<'_>, after: &TailCursor) -> Box<dyn Tail> {
    bench.store.tail(bench.store.share_of(trace_id(1)), after)
}

/// Checks that exactly these documents come next, in as many pieces as the store likes.
async fn check(tail: &mut dyn Tail, expected: &[u64]) -> Vec<model::Place> {
    let mut given = Vec::new();
    let mut places = Vec::new();
    while given.len() < expected.len() {
        let batch = tail.next().await.expect("the tail is open");
        assert!(!batch.is_empty(), "a tail never gives nothing");
        given.extend(batch.iter().map(|document| document.document.entity.id.0));
        places.extend(batch.iter().map(|document| document.place));
    }
    assert_eq!(given, expected);
    places
}

/// The outcome, if there is one already.
fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        std::task::Poll::Ready(outcome) => Some(outcome),
        std::task::Poll::Pending => None,
    }
}
