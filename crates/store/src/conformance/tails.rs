//! The tail: every document once, in order of receipt, across restarts.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use model::TimeRange;
use model::segment::Sequence;

use super::sample::{at, document, trace_id};
use super::{Bench, Place};
use crate::{Axis, Commit, MinuteQuery, Predicate, Search, StoreError, Subjects, Tail};

pub async fn tail_waits_for_the_next_document(place: &dyn Place) {
    let bench = Bench::open(place).await;
    let mut tail = bench.store.tail(Sequence(0));
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
    let mut tail = bench.store.tail(Sequence(0));
    for _ in 0..3 {
        assert!(poll_once(pin!(tail.next())).is_none(), "there is nothing yet");
    }
    bench.append(vec![document(1, 1, 0), document(1, 2, 0)]).await;
    check(tail.as_mut(), &[1, 2]).await;
}

pub async fn tail_begins_after_any_sequence(place: &dyn Place) {
    let mut bench = Bench::open(place).await;
    for id in 1..=10 {
        bench.append(vec![document(id as u32 % 3, id, 0)]).await;
    }
    for _ in 0..2 {
        for after in 0..10 {
            let expected: Vec<u64> = (after + 1..=10).collect();
            check(bench.store.tail(Sequence(after)).as_mut(), &expected).await;
        }
        // Two tails do not take from each other.
        let (mut one, mut other) = (bench.store.tail(Sequence(8)), bench.store.tail(Sequence(8)));
        check(one.as_mut(), &[9, 10]).await;
        check(other.as_mut(), &[9, 10]).await;
        bench.restart().await;
    }
}

pub async fn tail_gives_everything_and_then_says_closed(place: &dyn Place) {
    let bench = Bench::open(place).await;
    bench.append(vec![document(1, 1, 0), document(1, 2, 0)]).await;
    let mut late = bench.store.tail(Sequence(0));
    let mut waiting = bench.store.tail(Sequence(2));
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
    bench.append((1..=6).map(|id| document(1, id, 0)).collect()).await;
    bench.commit(Commit { through: Sequence(4), ..Commit::default() }).await;
    bench.restart().await;
    let digested = bench.store.digested();
    assert_eq!(digested, Sequence(4));
    let mut tail = bench.store.tail(digested);
    check(tail.as_mut(), &[5, 6]).await;
    bench.append(vec![document(2, 7, 0)]).await;
    check(tail.as_mut(), &[7]).await;
    bench.commit(Commit { through: Sequence(7), ..Commit::default() }).await;
    bench.restart().await;
    bench.append(vec![document(2, 8, 0)]).await;
    check(bench.store.tail(bench.store.digested()).as_mut(), &[8]).await;
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

/// Checks that exactly these documents come next, in as many pieces as the store likes.
async fn check(tail: &mut dyn Tail, expected: &[u64]) {
    let mut given = Vec::new();
    while given.len() < expected.len() {
        let batch = tail.next().await.expect("the tail is open");
        assert!(!batch.is_empty(), "a tail never gives nothing");
        given.extend(batch.iter().map(|document| document.document.entity.id.0));
    }
    assert_eq!(given, expected);
}

/// The outcome, if there is one already.
fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        std::task::Poll::Ready(outcome) => Some(outcome),
        std::task::Poll::Pending => None,
    }
}
