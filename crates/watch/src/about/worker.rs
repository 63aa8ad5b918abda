//! Looks every ten seconds, and commits what is new.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use model::error::chain;
use model::{Clock, Micros, Timestamp};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use settings::Alerts;
use settings::alerts::{Batch, unique_id};
use store::TraceStore;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{About, FORGOTTEN, Facts, MARK};

const EVERY: Duration = Duration::from_secs(10);
/// Asking how much room is left may read a directory.
const HOLDINGS_EVERY: Micros = Micros::from_secs(60);
/// What each process knows by itself is kept as a mark of it, for the one on duty. One that says nothing for so long is gone.
const FACTS: &str = "facts/";
const GONE: Micros = Micros::from_secs(60);
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

#[derive(Clone)]
pub struct Deps {
    pub store: Arc<dyn TraceStore>,
    pub alerts: Alerts,
    pub clock: Arc<dyn Clock>,
    pub agents: Agents,
    /// Documents that reached a door since the start, and those of them that were refused.
    pub counts: Arc<dyn Fn() -> (u64, u64) + Send + Sync>,
}

impl Deps {
    fn on_duty(&self, turn: u64) -> Self {
        Self { alerts: self.alerts.on_duty(turn), ..self.clone() }
    }
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
        let duty = deps.alerts.duty();
        let name = format!("{FACTS}{}", unique_id(deps.clock.now()));
        let (mut worker, mut known): (Option<Worker>, _) = (None, None);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
            let turn = *duty.borrow();
            if turn != Some(0) {
                tell(&deps, &name).await;
            }
            if turn != known {
                worker = match turn {
                    Some(turn) => Some(Worker::new(deps.on_duty(turn)).await),
                    None => None,
                };
                known = turn;
            }
            if let Some(worker) = &mut worker {
                worker.look().await;
            }
        }
    });
    AboutWatch { stopped }
}

/// What one process says of itself.
#[derive(Debug, Serialize, Deserialize)]
struct Own {
    at: Timestamp,
    received: u64,
    refused: u64,
    agents: Vec<(String, Timestamp)>,
}

/// Lets the process on duty know what this one knows.
async fn tell(deps: &Deps, name: &str) {
    let (received, refused) = (deps.counts)();
    let now = deps.clock.now();
    let own = Own { at: now, received, refused, agents: deps.agents.list() };
    let marks = vec![(name.to_owned(), serde_json::to_value(own).ok())];
    let alerts = deps.alerts.clone();
    let written =
        tokio::task::spawn_blocking(move || alerts.commit(&Batch { marks, ..Batch::default() }, now));
    // Without it the others are silent, of which whoever is on duty tells.
    drop(written.await);
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
                if !error.passes() {
                    warn!(error = chain(&error), "what goes wrong with fluoro itself cannot be written down");
                }
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
        let turn = *self.deps.alerts.duty().borrow();
        let Own { received, refused, agents, .. } = match turn {
            Some(0) => {
                let (received, refused) = (self.deps.counts)();
                Own { at: now, received, refused, agents: self.deps.agents.list() }
            }
            _ => self.all(now).await,
        };
        Facts {
            newest: status.newest,
            digested: status.digested,
            kept_bytes: self.room.1,
            free_bytes: self.room.2,
            received,
            refused,
            agents,
        }
    }

    /// What all processes say of themselves. An agent was heard when any of them heard it.
    async fn all(&self, now: Timestamp) -> Own {
        let alerts = self.deps.alerts.clone();
        let marks = tokio::task::spawn_blocking(move || alerts.marks(FACTS)).await;
        let marks = marks.ok().and_then(Result::ok).unwrap_or_default();
        let (mut sum, mut gone) = (Own { at: now, received: 0, refused: 0, agents: Vec::new() }, Vec::new());
        let mut heard: BTreeMap<String, Timestamp> = BTreeMap::new();
        for (name, mark) in marks {
            match serde_json::from_value::<Own>(mark) {
                // What it heard counts for as long as agents do.
                Ok(own) if own.at.until(now) < FORGOTTEN => {
                    if own.at.until(now) < GONE {
                        sum.received += own.received;
                        sum.refused += own.refused;
                    }
                    for (agent, at) in own.agents {
                        let last = heard.entry(agent).or_insert(at);
                        *last = (*last).max(at);
                    }
                }
                _ => gone.push((name, None)),
            }
        }
        if !gone.is_empty() {
            let (alerts, batch) = (self.deps.alerts.clone(), Batch { marks: gone, ..Batch::default() });
            drop(tokio::task::spawn_blocking(move || alerts.commit(&batch, now)).await);
        }
        sum.agents = heard.into_iter().collect();
        sum
    }
}
