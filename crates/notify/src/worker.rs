//! The worker: routes what was committed, and sends what is due, one message at a time to each target.
//!
//! Each round reads the outbox, starts a task for every target that is due, and writes down what came of it. What was sent
//! and not written down when the process ended is sent again with the same id. Targets never wait for each other.

mod batch;
mod pick;
mod round;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use model::{Clock, Micros, Timestamp};
use parking_lot::Mutex;
use settings::{Alerts, AlertsError};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::bucket::Bucket;
use crate::delivery::Courier;
use crate::notifier::{Notifier, NotifierError};
use crate::notifiers::{Notifiers, Target};
use crate::payload::Message;
use crate::sample::test_notice;
use crate::send::{Answer, Sender};
use crate::watch::Watch;

/// The longest that the worker looks away: a clock that jumped, or that a test turns, is noticed so soon.
const LOOKS_AWAY: Duration = Duration::from_millis(500);
/// What is in flight when the server stops gets so long; what does not make it is sent again at the next start.
const STOP_LIMIT: Duration = Duration::from_secs(2);
/// After an outbox that could not be read.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

#[derive(Debug, Clone)]
pub struct Config {
    /// Where people reach the console, for links: without a slash at the end.
    pub console: String,
}

/// The handle: a test of a notifier, and the end.
#[derive(Debug, Clone)]
pub struct Notify {
    courier: Courier,
    clock: Arc<dyn Clock>,
    console: Arc<str>,
    task: Arc<Mutex<Option<JoinHandle<()>>>>,
}

pub(crate) struct Worker {
    alerts: Alerts,
    courier: Courier,
    clock: Arc<dyn Clock>,
    console: Arc<str>,
    /// By target.
    buckets: BTreeMap<String, Bucket>,
    /// When a target got its last digest.
    digests: BTreeMap<String, Timestamp>,
    /// When each Alertmanager is told again of what goes on.
    pushes: BTreeMap<String, Timestamp>,
    busy: BTreeSet<String>,
    running: JoinSet<batch::Done>,
    watch: Watch,
    /// When old rows are let go next.
    retains: Timestamp,
    /// When something is due that is known of.
    due: Option<Timestamp>,
}

impl Notify {
    /// A handle that can send tests; [`Notify::start`] begins to deliver.
    pub fn new(config: &Config, notifiers: Notifiers, sender: Sender, clock: Arc<dyn Clock>) -> Self {
        let courier = Courier { notifiers, sender };
        Self { courier, clock, console: config.console.as_str().into(), task: Arc::default() }
    }

    /// Starts delivering what is in the outbox. It ends with `shutdown`, within two seconds.
    pub fn start(&self, alerts: Alerts, shutdown: CancellationToken) {
        let worker =
            Worker::new(alerts, self.courier.clone(), Arc::clone(&self.clock), Arc::clone(&self.console));
        *self.task.lock() = Some(tokio::spawn(worker.run(shutdown)));
    }

    pub fn notifiers(&self) -> &Notifiers {
        &self.courier.notifiers
    }

    /// Sends a message that is marked as a test, past the outbox, and gives what the other side said.
    pub async fn test(&self, notifier: &Notifier) -> Answer {
        let now = self.clock.now();
        let notice = test_notice(now);
        let id = format!("test-{}", now.0);
        let message =
            Message { id: &id, notice_id: &id, notice: &notice, now, console: &self.console, more: &[] };
        self.courier.deliver(&Target::Notifier(Box::new(notifier.clone())), &message).await
    }

    /// Waits until the worker has ended, for which `shutdown` must have been cancelled.
    pub async fn stopped(&self) {
        let task = self.task.lock().take();
        if let Some(task) = task
            && let Err(panic) = task.await
        {
            error!(error = %panic, "the notifier's worker panicked");
        }
    }
}

impl Worker {
    pub(crate) fn new(alerts: Alerts, courier: Courier, clock: Arc<dyn Clock>, console: Arc<str>) -> Self {
        Self {
            alerts,
            courier,
            clock,
            console,
            buckets: BTreeMap::new(),
            digests: BTreeMap::new(),
            pushes: BTreeMap::new(),
            busy: BTreeSet::new(),
            running: JoinSet::new(),
            watch: Watch::default(),
            retains: Timestamp::MIN,
            due: None,
        }
    }

    async fn run(mut self, shutdown: CancellationToken) {
        let mut duty = self.alerts.duty();
        loop {
            // Another process tells, where there are several. An error says that the alerts are gone.
            let turn = tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                turn = duty.wait_for(Option::is_some) => turn.ok().and_then(|turn| *turn),
            };
            let Some(turn) = turn else { break };
            self.alerts = self.alerts.on_duty(turn);
            self.serve(turn, &mut duty, &shutdown).await;
        }
        let rest = async {
            while let Some(done) = self.running.join_next().await {
                self.note(done).await;
            }
        };
        // What is cut off stays pending in the outbox.
        let _ = tokio::time::timeout(STOP_LIMIT, rest).await;
    }

    /// Delivers for as long as this is the turn.
    async fn serve(
        &mut self,
        turn: u64,
        duty: &mut tokio::sync::watch::Receiver<Option<u64>>,
        shutdown: &CancellationToken,
    ) {
        self.recall().await;
        let mut changes = self.alerts.changes();
        while *duty.borrow_and_update() == Some(turn) {
            changes.mark_unchanged();
            if let Err(failed) = self.round().await {
                if !failed.passes() {
                    error!(error = %failed, cause = ?std::error::Error::source(&failed), "cannot read or write the outbox");
                }
                tokio::select! {
                    () = shutdown.cancelled() => break,
                    () = tokio::time::sleep(AFTER_FAILURE) => continue,
                }
            }
            let next = self.due.map_or(self.retains, |due| due.min(self.retains));
            tokio::select! {
                () = shutdown.cancelled() => break,
                changed = changes.changed() => if changed.is_err() { break },
                Some(done) = self.running.join_next() => self.note(done).await,
                _ = duty.changed() => {}
                () = until(&*self.clock, next) => {}
            }
        }
    }

    /// On a thread that may wait for the disk.
    async fn alerts<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Alerts) -> Result<T, AlertsError> + Send + 'static,
    ) -> Result<T, AlertsError> {
        let alerts = self.alerts.clone();
        tokio::task::spawn_blocking(move || work(&alerts)).await.expect("reading the outbox does not panic")
    }

    #[cfg(test)]
    pub(crate) fn notifiers(&self) -> &Notifiers {
        &self.courier.notifiers
    }

    fn is_due(&mut self, at: Timestamp) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    fn target(&self, name: &str) -> Option<Result<Target, NotifierError>> {
        self.courier.notifiers.target(name)
    }
}

/// Until the clock says so; it may be one that does not go by itself.
async fn until(clock: &dyn Clock, next: Timestamp) {
    loop {
        let now = clock.now();
        if next <= now {
            return;
        }
        tokio::time::sleep(Duration::from_micros(now.until(next).0).min(LOOKS_AWAY)).await;
    }
}

/// How long an Alertmanager believes that something goes on is [`crate::payload::alertmanager::LASTS`]; it is told
/// well before.
const PUSHED_EVERY: Micros = Micros::from_secs(60);
const RETAINED_EVERY: Micros = Micros::from_secs(3_600);
