//! What one query may cost: a deadline, memory, and a turn among the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use store::StoreError;

/// What is left of a query's share. Whoever reads looks at it between row groups and batches and ends early; the verdict
/// is asked for at the end.
#[derive(Debug)]
pub(crate) struct Budget {
    limits: Limits,
    until: Instant,
    bytes: AtomicU64,
    /// Nobody waits for the answer any more.
    is_given_up: Arc<AtomicBool>,
}

/// How much one query may take, and how many may at once.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// A query that takes longer ends with an error. What waits for its turn counts.
    pub time: Duration,
    /// About as much as a query may hold in memory.
    pub bytes: u64,
    /// Searches and sums that read files at the same time. Others wait for their turn, so that those who write keep
    /// a processor.
    pub at_once: usize,
}

/// Gives the query up when it is dropped.
#[derive(Debug)]
pub(crate) struct Interest(Arc<AtomicBool>);

impl Budget {
    pub(crate) fn new(limits: Limits) -> (Self, Interest) {
        let is_given_up = Arc::new(AtomicBool::new(false));
        let interest = Interest(Arc::clone(&is_given_up));
        let until = Instant::now() + limits.time;
        (Self { limits, until, bytes: AtomicU64::new(0), is_given_up }, interest)
    }

    /// Counts what is now held in memory.
    pub(crate) fn take(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.is_given_up.load(Ordering::Relaxed) || self.is_too_large() || self.is_late()
    }

    /// What to say of an answer that may have been cut short.
    pub(crate) fn verdict(&self) -> Result<(), StoreError> {
        if self.is_too_large() {
            let mebibytes = self.limits.bytes / (1024 * 1024);
            return Err(StoreError::Exceeded { limit: format!("{mebibytes} MiB of memory") });
        }
        match self.is_spent() {
            true => Err(StoreError::Exceeded { limit: format!("{:?}", self.limits.time) }),
            false => Ok(()),
        }
    }

    pub(crate) fn until(&self) -> Instant {
        self.until
    }

    fn is_too_large(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) > self.limits.bytes
    }

    fn is_late(&self) -> bool {
        Instant::now() >= self.until
    }
}

impl Drop for Interest {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
