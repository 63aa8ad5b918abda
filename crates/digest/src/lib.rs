//! Follows the store's tail in order of receipt and keeps each trace's digest and the minutes current.
//!
//! Everything live is fed from here; nothing else reduces traces.
//!
//! ```text
//! Tail ─► by trace ─► documents so far (open, else store) ─► reduce ─► difference ─► TraceStore::commit ─► Pulse
//! ```
//! DG-1: a commit's `through` is the last document that was read, and the digest that a revision is compared
//! with is the one that the commit before left in the store. So each document is counted exactly once,
//! whenever the process ends.

mod awaited;
mod metrics;
mod open;
mod recall;
mod reduce;
mod worker;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use model::segment::Sequence;
use model::{Clock, Timestamp};
use parking_lot::Mutex;
use query::Groups;
use query::now::Ledger;
use store::TraceStore;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::worker::Worker;

#[derive(Debug, Clone)]
pub struct Config {
    /// Traces kept at hand for their next segment; the least recently touched leave first and are read
    /// back from the store when a late segment comes.
    pub open_traces: usize,
    /// About the memory that they take; whichever limit is reached first counts.
    pub open_bytes: usize,
    /// The groups as they are now. A commit puts its traces into those that it finds when it begins.
    pub groups: watch::Receiver<Arc<Groups>>,
}

impl Default for Config {
    /// The traces of the last seconds at some thousands of documents a second. Reading one back costs a
    /// fraction of a millisecond, so there is little to gain from more. No groups.
    fn default() -> Self {
        let (_, groups) = watch::channel(Arc::default());
        Self { open_traces: 50_000, open_bytes: 32 << 20, groups }
    }
}

/// A cheap clone: what the digest worker did last.
#[derive(Debug, Clone)]
pub struct Digest {
    pulse: watch::Receiver<Pulse>,
    ledger: Arc<Mutex<Ledger>>,
    stopped: CancellationToken,
}

/// The state after a commit. Every commit makes a new one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pulse {
    /// Documents up to here are in every answer.
    pub through: Sequence,
    pub committed_at: Timestamp,
    /// Digests written since the start.
    pub digests: u64,
    /// From the receipt of the oldest document of the last commit to its visibility, in microseconds.
    pub lag_micros: u64,
}

/// Where the worker tells what it did.
#[derive(Debug)]
struct Tell {
    pulse: watch::Sender<Pulse>,
    ledger: Arc<Mutex<Ledger>>,
}

/// Starts the worker where the store's last commit left off.
pub fn start(
    config: &Config,
    store: Arc<dyn TraceStore>,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
) -> Digest {
    let through = store.digested();
    let (pulse, follower) = watch::channel(Pulse { through, ..Pulse::default() });
    let stopped = CancellationToken::new();
    // Cancelled on drop as well, so that a worker that panicked cannot keep the process from ending.
    let guard = stopped.clone().drop_guard();
    let ledger = Arc::<Mutex<Ledger>>::default();
    let worker = Worker::new(config, store, clock, shutdown, Tell { pulse, ledger: Arc::clone(&ledger) });
    tokio::spawn(async move {
        worker.run().await;
        drop(guard);
    });
    Digest { pulse: follower, ledger, stopped }
}

impl Digest {
    /// Changes on every commit.
    pub fn pulse(&self) -> watch::Receiver<Pulse> {
        self.pulse.clone()
    }

    /// What the newest half hour says, of all traces; whoever reads it settles it first, and does not hold it for long.
    pub fn ledger(&self) -> &Mutex<Ledger> {
        &self.ledger
    }

    /// Waits until everything up to `sequence` is in every answer, or the worker has stopped.
    pub async fn reached(&self, sequence: Sequence) {
        // An error says that the worker is gone.
        let _ = self.pulse().wait_for(|pulse| pulse.through >= sequence).await;
    }

    /// Waits until the worker has stopped after a shutdown.
    pub async fn stopped(&self) {
        self.stopped.cancelled().await;
    }
}
