//! Looks every ten seconds, and commits what is new.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use model::error::chain;
use model::{Clock, Micros, Timestamp};
use parking_lot::Mutex;
use settings::Alerts;
use settings::alerts::Batch;
use store::TraceStore;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{About, FORGOTTEN, Facts, MARK};

const EVERY: Duration = Duration::from_secs(10);
/// Asking how much room is left may read a directory.
const HOLDINGS_EVERY: Micros = Micros::from_secs(60);
/// Agents that are remembered; of more the longest silent ones are forgotten.
const MAX_AGENTS: usize = 1_000;

/// When each agent was heard last. A cheap clone.
#[derive(Debug, Clone, Default)]
pub struct Agents(Arc<Mutex<BTreeMap<String, Timestamp>>>);

impl Agents {
    pub fn heard(&self, name: &str, now: Timestamp) {
        let mut heard = self.0.lock();
        if heard.len() >= MAX_AGENTS && !heard.contains_key(name) {
            heard.retain(|_, last| last.until(now) < FORGOTTEN);
        }
        if heard.len() < MAX_AGENTS || heard.contains_key(name) {
            heard.insert(name.to_owned(), now);
        }
    }

    fn list(&self) -> Vec<(String, Timestamp)> {
        self.0.lock().iter().map(|(name, last)| (name.clone(), *last)).collect()
    }
}

pub struct Deps {
    pub store: Arc<dyn TraceStore>,
    pub alerts: Alerts,
    pub clock: Arc<dyn Clock>,
    pub agents: Agents,
    /// Documents that reached a door since the start, and those of them that were refused.
    pub counts: Arc<dyn Fn() -> (u64, u64) + Send + Sync>,
}

impl fmt::Debug for Deps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deps").finish_non_exhaustive()
    }
}

/// The worker; it ends with the shutdown.
#[derive(Debug)]
pub struct AboutWatch {
    stopped: CancellationToken,
}

impl AboutWatch {
    /// Waits until the worker has ended after a shutdown.
    pub async fn stopped(&self) {
        self.stopped.cancelled().await;
    }
}

pub fn start(deps: Deps, shutdown: CancellationToken) -> AboutWatch {
    let stopped = CancellationToken::new();
    let guard = stopped.clone().drop_guard();
    tokio::spawn(async move {
        let _guard = guard;
        let mut worker = Worker::new(deps).await;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(EVERY) => worker.look().await,
            }
        }
    });
    AboutWatch { stopped }
}

struct Worker {
    deps: Deps,
    about: About,
    /// What was kept and free, and when that was asked.
    room: (Timestamp, u64, Option<u64>),
}

impl Worker {
    async fn new(deps: Deps) -> Self {
        let alerts = deps.alerts.clone();
        let mark = tokio::task::spawn_blocking(move || alerts.mark(MARK)).await;
        let mark = mark.ok().and_then(Result::ok).flatten();
        let about = mark.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default();
        Self { deps, about, room: (Timestamp::MIN, 0, None) }
    }

    async fn look(&mut self) {
        let now = self.deps.clock.now();
        let facts = self.facts(now).await;
        let before = self.about.troubles.clone();
        let notices = self.about.step(&facts, now);
        if self.about.troubles == before {
            return;
        }
        let batch = Batch { marks: vec![self.about.mark()], notices, ..Batch::default() };
        let alerts = self.deps.alerts.clone();
        match tokio::task::spawn_blocking(move || alerts.commit(&batch, now)).await {
            Ok(Ok(())) => {}
            // It is told at the next look.
            Ok(Err(error)) => {
                warn!(error = chain(&error), "what goes wrong with fluoro itself cannot be written down");
                self.about.troubles = before;
            }
            Err(_) => self.about.troubles = before,
        }
    }

    async fn facts(&mut self, now: Timestamp) -> Facts {
        if self.room.0.plus(HOLDINGS_EVERY) <= now
            && let Ok(holdings) = self.deps.store.holdings().await
        {
            self.room = (now, holdings.bytes, holdings.free_bytes);
        }
        let status = self.deps.store.status();
        let (received, refused) = (self.deps.counts)();
        Facts {
            newest: status.newest,
            digested: status.digested,
            kept_bytes: self.room.1,
            free_bytes: self.room.2,
            received,
            refused,
            agents: self.deps.agents.list(),
        }
    }
}
