//! Follows the store's tail in order of receipt and keeps each trace's digest and the minutes current.
//!
//! Everything live is fed from here; nothing else reduces traces.

pub mod metrics;

use std::sync::Arc;

use model::segment::Sequence;
use model::{Clock, Timestamp};
use store::TraceStore;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

#[derive(Debug, Clone)]
pub struct Config {
    /// Traces kept at hand for their next segment; the least recently touched leave first and are read
    /// back from the store when a late segment comes.
    pub open_traces: usize,
}

/// A cheap clone: what the digest worker did last.
#[derive(Debug, Clone)]
pub struct Digest {
    pulse: watch::Receiver<Pulse>,
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

/// Starts the worker where the store's last commit left off.
pub fn start(
    _config: &Config,
    _store: Arc<dyn TraceStore>,
    _clock: Arc<dyn Clock>,
    _shutdown: CancellationToken,
) -> Digest {
    todo!()
}

impl Digest {
    /// Changes on every commit.
    pub fn pulse(&self) -> watch::Receiver<Pulse> {
        self.pulse.clone()
    }

    /// Waits until everything up to `sequence` is in every answer, or the worker has stopped.
    pub async fn reached(&self, _sequence: Sequence) {
        todo!()
    }

    /// Waits until the worker has stopped after a shutdown.
    pub async fn stopped(&self) {
        todo!()
    }
}
