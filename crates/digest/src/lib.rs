//! Follows each share's tail in order of receipt and keeps each trace's digest and the minutes current.
//!
//! Everything live is fed from here; nothing else reduces traces.
//!
//! ```text
//! Tail ─► by trace ─► documents so far (open, else store) ─► reduce ─► difference ─► TraceStore::commit ─► Pulse
//! ```
//! DG-1: a commit's `through` covers what was read and nothing else, and the digest that a revision is compared
//! with is the one that the commit before left in the store. So each document is counted exactly once,
//! whenever the process ends.
//!
//! DG-2: a worker touches the traces of its share alone, and only the holder of the share's newest lease commits. So what
//! DG-1 says is true of several processes too.

mod awaited;
mod crew;
mod links;
mod metrics;
mod names;
mod open;
mod patient;
mod recall;
mod reduce;
mod touched;
mod worker;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use model::Clock;
use model::template::rule::UrlRules;
use parking_lot::Mutex;
use query::Groups;
use query::now::Ledger;
use store::{Pulse, TraceStore};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::crew::Crew;
pub use crate::names::Flood;

#[derive(Clone)]
pub struct Config {
    /// Traces kept at hand for their next segment; the least recently touched leave first and are read
    /// back from the store when a late segment comes.
    pub open_traces: usize,
    /// About the memory that they take; whichever limit is reached first counts.
    pub open_bytes: usize,
    /// Gives the groups as they are now. A commit puts its traces into those that it finds when it begins.
    pub groups: Arc<dyn Fn() -> Arc<Groups> + Send + Sync>,
    /// Gives the rules of people for URLs as they are now, in the same way.
    pub url_rules: Arc<dyn Fn() -> Arc<UrlRules> + Send + Sync>,
}

impl Default for Config {
    /// The traces of the last seconds at some thousands of documents a second. Reading one back costs a
    /// fraction of a millisecond, so there is little to gain from more. No groups and no rules.
    fn default() -> Self {
        Self {
            open_traces: 50_000,
            open_bytes: 32 << 20,
            groups: Arc::new(Arc::default),
            url_rules: Arc::new(Arc::default),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { open_traces, open_bytes, .. } = self;
        f.debug_struct("Config").field("open_traces", open_traces).field("open_bytes", open_bytes).finish()
    }
}

/// A cheap clone: the workers of this process, and what all workers of the store did last.
#[derive(Debug, Clone)]
pub struct Digest {
    pulse: watch::Receiver<Pulse>,
    ledger: Arc<Mutex<Ledger>>,
    flood: Arc<Mutex<Flood>>,
    stopped: CancellationToken,
}

/// Starts a worker for each share that the store gives to this process, where the share's last commit left off.
pub fn start(
    config: &Config,
    store: Arc<dyn TraceStore>,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
) -> Digest {
    let pulse = store.changes();
    let stopped = CancellationToken::new();
    // Cancelled on drop as well, so that a worker that panicked cannot keep the process from ending.
    let guard = stopped.clone().drop_guard();
    let ledger = Arc::<Mutex<Ledger>>::default();
    let flood = Arc::<Mutex<Flood>>::default();
    let told = Arc::clone(&flood);
    let crew = Crew { config: config.clone(), store, clock, ledger: Arc::clone(&ledger), flood: told };
    tokio::spawn(async move {
        crew.run(shutdown).await;
        drop(guard);
    });
    Digest { pulse, ledger, flood, stopped }
}

impl Digest {
    /// Changes on every commit, whoever made it.
    pub fn pulse(&self) -> watch::Receiver<Pulse> {
        self.pulse.clone()
    }

    /// What the newest half hour says, of all traces: those that other processes digest are in it a second later. Whoever reads it
    /// settles it first, and does not hold it for long.
    pub fn ledger(&self) -> &Mutex<Ledger> {
        &self.ledger
    }

    /// Which names were summed as other names lately, since there were too many.
    pub fn flood(&self) -> Flood {
        self.flood.lock().clone()
    }

    /// Waits until so many documents are in every answer, as [`store::StoreStatus::newest`] counts them, or the workers
    /// have stopped.
    pub async fn reached(&self, newest: u64) {
        let mut pulse = self.pulse();
        tokio::select! {
            biased;
            // An error says that the store is gone.
            _ = pulse.wait_for(|pulse| pulse.through >= newest) => {}
            () = self.stopped.cancelled() => {}
        }
    }

    /// Waits until the workers have stopped after a shutdown.
    pub async fn stopped(&self) {
        self.stopped.cancelled().await;
    }
}
