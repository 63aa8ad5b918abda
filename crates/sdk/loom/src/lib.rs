//! The very files of the SDK, with loom's locks and atomics in place of std's.
#![cfg(test)]

#[path = "../../src/queue.rs"]
mod queue;
#[path = "../../src/sampler/reservoir.rs"]
mod reservoir;

/// In place of the SDK's. A wait here never ends by its time, so that whoever is not woken is a deadlock, which loom tells.
mod sync {
    pub(crate) use loom::sync::atomic::AtomicU64;
    pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};

    /// The thread sleeps at once: what it would find by looking again must not be what makes a test pass.
    pub(crate) const AWAKE: std::time::Duration = std::time::Duration::ZERO;

    pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().expect("nobody panics with it")
    }
}

use std::time::{Duration, Instant};

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use loom::thread;

use crate::queue::{Queue, Weight};
use crate::reservoir::Reservoir;

fn never() -> Instant {
    Instant::now() + Duration::from_secs(3_600)
}

fn bytes(bytes: usize) -> Weight {
    Weight { bytes, ..Weight::default() }
}

/// What the background thread does: takes until it is closed and empty.
fn take_all(queue: &Queue<usize>, taken: &AtomicUsize) {
    let mut batches = Vec::new();
    while queue.take(&mut batches, never()).is_some() {
        batches.drain(..).for_each(|batch| _ = taken.fetch_add(batch, SeqCst));
    }
}

#[test]
fn whatever_is_pushed_is_taken_once_and_nobody_sleeps_for_ever() {
    loom::model(|| {
        let (queue, taken) = (Arc::new(Queue::default()), Arc::new(AtomicUsize::new(0)));
        let of_thread = (Arc::clone(&queue), Arc::clone(&taken));
        let taker = thread::spawn(move || take_all(&of_thread.0, &of_thread.1));
        let pusher = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.push(1, bytes(10), 1_000).is_ok())
        };
        let is_second_in = queue.push(10, bytes(10), 1_000).is_ok();
        assert!(is_second_in && pusher.join().unwrap(), "there was room");
        queue.close();
        taker.join().unwrap();
        assert_eq!(taken.load(SeqCst), 11);
    });
}

/// Without a flush or an end that would wake the thread as well.
#[test]
fn a_push_wakes_the_thread_that_sleeps() {
    loom::model(|| {
        let queue = Arc::new(Queue::default());
        let of_thread = Arc::clone(&queue);
        let taker = thread::spawn(move || {
            let (mut batches, mut taken) = (Vec::new(), 0);
            while taken < 11 {
                of_thread.take(&mut batches, never()).unwrap();
                taken += batches.drain(..).sum::<usize>();
            }
        });
        queue.push(1, bytes(10), 1_000).unwrap();
        queue.push(10, bytes(10), 1_000).unwrap();
        taker.join().unwrap();
    });
}

#[test]
fn a_flush_waits_until_what_came_before_it_is_done() {
    loom::model(|| {
        let (queue, taken) = (Arc::new(Queue::default()), Arc::new(AtomicUsize::new(0)));
        let of_thread = (Arc::clone(&queue), Arc::clone(&taken));
        let taker = thread::spawn(move || take_all(&of_thread.0, &of_thread.1));
        queue.push(1, bytes(10), 1_000).unwrap();
        assert!(queue.flush(Duration::from_secs(3_600)));
        assert_eq!(taken.load(SeqCst), 1);
        queue.close();
        taker.join().unwrap();
    });
}

#[test]
fn what_finds_no_room_or_no_thread_is_given_back() {
    loom::model(|| {
        let queue = Arc::new(Queue::default());
        let pusher = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.push(1, bytes(60), 100).is_ok())
        };
        let is_in = queue.push(2, bytes(60), 100).is_ok();
        assert!(is_in != pusher.join().unwrap(), "there was room for one of them");
        queue.close();
        assert_eq!(queue.push(3, bytes(1), 100), Err(3));
    });
}

#[test]
fn a_second_gives_no_more_than_it_has() {
    loom::model(|| {
        let reservoir = Arc::new(Reservoir::default());
        let other = Arc::clone(&reservoir);
        let thread = thread::spawn(move || [other.take(2, 7), other.take(2, 7)]);
        let own = [reservoir.take(2, 7)];
        let taken = own.into_iter().chain(thread.join().unwrap()).filter(|taken| *taken).count();
        assert_eq!(taken, 2);
    });
}
