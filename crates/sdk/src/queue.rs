//! What waits for the background thread, bounded by its size in memory.

use std::time::{Duration, Instant};

use crate::sync::{AWAKE, Condvar, Mutex, lock};

const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What a batch counts as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Weight {
    /// Of memory.
    pub(crate) bytes: usize,
    pub(crate) entities: u64,
    pub(crate) segments: u64,
}

/// In lines of memory of its own: what lies beside it, all threads read at each step.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Queue<T> {
    state: Mutex<Waiting<T>>,
    arrived: Condvar,
    drained: Condvar,
}

#[derive(Debug)]
struct Waiting<T> {
    batches: Vec<T>,
    bytes: usize,
    /// Of all that was ever pushed, with what there was no room for. Counted here, where whoever pushes has the lock anyway.
    entities: u64,
    segments: u64,
    /// Whether the thread sleeps until it is woken.
    is_asleep: bool,
    /// Whether the thread has taken batches and is not done with them.
    is_busy: bool,
    is_closed: bool,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        let nothing = Waiting {
            batches: Vec::new(),
            bytes: 0,
            entities: 0,
            segments: 0,
            is_asleep: false,
            is_busy: false,
            is_closed: false,
        };
        Self { state: Mutex::new(nothing), arrived: Condvar::new(), drained: Condvar::new() }
    }
}

impl<T> Queue<T> {
    /// Puts a batch at the end; gives it back if there is no room.
    pub(crate) fn push(&self, batch: T, weight: Weight, max_bytes: usize) -> Result<(), T> {
        let Weight { bytes, entities, segments } = weight;
        let mut waiting = lock(&self.state);
        waiting.entities += entities;
        waiting.segments += segments;
        if waiting.is_closed || waiting.bytes + bytes > max_bytes {
            return Err(batch);
        }
        waiting.bytes += bytes;
        waiting.batches.push(batch);
        let must_wake = std::mem::take(&mut waiting.is_asleep);
        drop(waiting);
        if must_wake {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// What was ever pushed: entities, and segments.
    pub(crate) fn pushed(&self) -> (u64, u64) {
        let waiting = lock(&self.state);
        (waiting.entities, waiting.segments)
    }

    /// Whatever has come, or nothing once `until` has passed; `None` when closed and empty. `batches` is empty and
    /// lends its room.
    pub(crate) fn take(&self, batches: &mut Vec<T>, until: Instant) -> Option<()> {
        let awake_until = Instant::now() + AWAKE;
        let mut waiting = lock(&self.state);
        waiting.is_busy = false;
        if waiting.batches.is_empty() {
            self.drained.notify_all();
        }
        loop {
            if !waiting.batches.is_empty() {
                std::mem::swap(&mut waiting.batches, batches);
                waiting.bytes = 0;
                waiting.is_busy = true;
                return Some(());
            }
            if waiting.is_closed {
                return None;
            }
            let now = Instant::now();
            if now >= until {
                return Some(());
            }
            waiting.is_asleep = now >= awake_until;
            let wait = if waiting.is_asleep { until - now } else { LOOK_EVERY.min(until - now) };
            let waited = self.arrived.wait_timeout(waiting, wait);
            waiting = waited.map_or_else(|poisoned| poisoned.into_inner().0, |(waiting, _)| waiting);
        }
    }

    /// Waits until all that has come is sent. `false` if that takes longer.
    pub(crate) fn flush(&self, timeout: Duration) -> bool {
        let end = Instant::now() + timeout;
        let mut waiting = lock(&self.state);
        self.arrived.notify_one();
        while waiting.is_busy || !waiting.batches.is_empty() {
            let now = Instant::now();
            if now >= end {
                return false;
            }
            let waited = self.drained.wait_timeout(waiting, end - now);
            waiting = waited.map_or_else(|poisoned| poisoned.into_inner().0, |(waiting, _)| waiting);
        }
        true
    }

    /// Nothing more is taken in; the thread ends once it is empty.
    pub(crate) fn close(&self) {
        lock(&self.state).is_closed = true;
        self.arrived.notify_one();
    }
}
