//! One round: what was committed is routed, what is due is started, and what was done is written down.

use std::sync::Arc;

use model::{Micros, Timestamp};
use settings::alerts::{Batch as Commit, Delivery, Outcome};
use settings::{Alerts, AlertsError};
use tokio::task::JoinError;
use tracing::{debug, error, warn};

use super::batch::{Batch, Done, again};
use super::pick::{Manner, Pick, pick};
use super::{PUSHED_EVERY, RETAINED_EVERY, Worker};
use crate::bucket::Bucket;
use crate::metrics;
use crate::notifier::Kind;
use crate::notifiers::{Notifiers, Target};
use crate::route::route;
use crate::send::{Answer, Fate};
use crate::watch::{self, Came};

/// Notices that are routed in one go.
const ROUTED: usize = 500;
/// A target that cannot be used yet, for its secrets do not open, is looked at again after so long.
const NOT_USABLE: Micros = Micros::from_secs(60);
const HOUR: u64 = 3_600;

impl Worker {
    /// Routes, starts what is due, and finds out when the next is. Waits for nothing that it started.
    pub(crate) async fn round(&mut self) -> Result<(), AlertsError> {
        let now = self.clock.now();
        self.due = None;
        if self.retains <= now {
            self.retains = now.plus(RETAINED_EVERY);
            self.alerts(move |alerts| alerts.retain(now)).await?;
        }
        let notifiers = self.courier.notifiers.clone();
        self.alerts(move |alerts| route_all(alerts, &notifiers, now)).await?;
        if let Some(due) = self.alerts(move |alerts| alerts.release(now)).await? {
            self.is_due(due);
        }
        self.repeat(now).await?;
        let waiting = self.alerts(Alerts::pending).await?;
        let oldest = waiting.values().flatten().map(|delivery| delivery.created).min();
        metrics::OLDEST_SECONDS.set(oldest.map_or(0, |oldest| oldest.until(now).as_seconds() as i64));
        for (name, deliveries) in waiting {
            if !self.busy.contains(&name) {
                self.begin(name, &deliveries, now).await?;
            }
        }
        Ok(())
    }

    async fn begin(&mut self, name: String, waiting: &[Delivery], now: Timestamp) -> Result<(), AlertsError> {
        let target = match self.target(&name) {
            Some(Ok(target)) => target,
            Some(Err(error)) => {
                debug!(notifier = %name, %error, "cannot use a notifier yet");
                self.is_due(now.plus(NOT_USABLE));
                return Ok(());
            }
            None => return self.alerts(move |alerts| alerts.forget_target(&name, now)).await,
        };
        let manner = match &target {
            Target::Notifier(notifier) => Manner::of(&notifier.kind),
            Target::Subscriber(_) => Manner::Each,
        };
        let bucket = self.buckets.entry(name.clone()).or_insert_with(|| Bucket::full(now));
        let pick = match pick(manner, waiting, bucket, self.digests.get(&name).copied(), now) {
            Pick::Wait(until) => {
                self.is_due(until);
                return Ok(());
            }
            pick => pick,
        };
        self.busy.insert(name.clone());
        let (courier, console) = (self.courier.clone(), Arc::clone(&self.console));
        self.running.spawn(Batch { name, target, pick, courier, console, now }.run());
        Ok(())
    }

    /// What goes on is said again: to Alertmanager for it forgets, to others that asked for it.
    async fn repeat(&mut self, now: Timestamp) -> Result<(), AlertsError> {
        let names = self.courier.notifiers.names();
        let usable = names.iter().filter_map(|name| self.courier.notifiers.get(name)?.ok());
        for notifier in usable.collect::<Vec<_>>() {
            let is_alertmanager = matches!(notifier.kind, Kind::Alertmanager(_));
            let hours = notifier.wants.repeat_hours.unwrap_or(match notifier.kind {
                Kind::Email(_) => 4,
                _ => 0,
            });
            if !is_alertmanager && hours == 0 {
                continue;
            }
            let next = *self.pushes.entry(notifier.name.clone()).or_insert_with(|| now.plus(PUSHED_EVERY));
            if next > now || self.busy.contains(&notifier.name) {
                self.is_due(next.max(now.plus(Micros::from_secs(1))));
                continue;
            }
            self.pushes.insert(notifier.name.clone(), now.plus(PUSHED_EVERY));
            self.is_due(now.plus(PUSHED_EVERY));
            let name = notifier.name.clone();
            let firing = self.alerts(move |alerts| alerts.firing(&name)).await?;
            if !is_alertmanager {
                self.alerts(move |alerts| remind(alerts, &firing, hours, now)).await?;
            } else if !firing.is_empty() {
                self.busy.insert(notifier.name.clone());
                let (courier, console) = (self.courier.clone(), Arc::clone(&self.console));
                self.running.spawn(async move { again(&courier, &notifier, &firing, &console, now).await });
            }
        }
        Ok(())
    }

    /// Writes down what came of a task. Where that fails, the message is sent again with the same id.
    pub(super) async fn note(&mut self, done: Result<Done, JoinError>) {
        let now = self.clock.now();
        let done = match done {
            Ok(done) => done,
            Err(panic) => {
                // Its target stays busy until the next start, rather than panicking again and again.
                error!(error = %panic, "sending a message panicked");
                return;
            }
        };
        self.busy.remove(&done.target);
        if done.was_digest {
            self.digests.insert(done.target.clone(), now);
        }
        let notifier = done.target.split('/').next().unwrap_or_default().to_owned();
        let notices = match &done.answer {
            Some(answer) => self.observe(&notifier, answer, &done.outcomes, now),
            None => Commit::default(),
        };
        let Done { outcomes, history, .. } = done;
        let written = self.alerts(move |alerts| {
            if !outcomes.is_empty() {
                alerts.record(&outcomes, &history, now)?;
            }
            alerts.commit(&notices, now)
        });
        if let Err(failed) = written.await {
            // It is sent again, with the same id.
            error!(notifier, error = %failed, cause = ?std::error::Error::source(&failed), "cannot write down that a message was sent");
        }
    }

    /// Counts, logs, and tells the others where a notifier fails for long.
    fn observe(
        &mut self,
        name: &str,
        answer: &Answer,
        outcomes: &[(i64, Outcome)],
        now: Timestamp,
    ) -> Commit {
        let is_lost = outcomes.iter().any(|(_, outcome)| matches!(outcome, Outcome::Dead { .. }));
        let came = match answer.fate {
            Fate::Delivered => Came::Well,
            _ if is_lost => Came::Lost(&answer.text),
            _ => Came::Failed(&answer.text),
        };
        match came {
            Came::Well => metrics::SENT.with_label_values(&[name]).inc(),
            Came::Failed(why) => {
                metrics::FAILED.with_label_values(&[name]).inc();
                debug!(notifier = name, status = answer.status, why, "a message did not arrive yet");
            }
            Came::Lost(why) => {
                metrics::DEAD.with_label_values(&[name]).inc();
                warn!(notifier = name, status = answer.status, why, "a message was given up");
            }
        }
        let (changed, told) = self.watch.step(name, came, now);
        if !changed {
            return Commit::default();
        }
        let mark = serde_json::to_value(&self.watch).unwrap_or_default();
        let notices = told.into_iter().collect();
        Commit { marks: vec![(watch::MARK.to_owned(), Some(mark))], notices, ..Commit::default() }
    }

    /// What was known of failing notifiers before the process ended.
    pub(super) async fn recall(&mut self) {
        if let Ok(Some(mark)) = self.alerts(|alerts| alerts.mark(watch::MARK)).await {
            self.watch = serde_json::from_value(mark).unwrap_or_default();
        }
        let names = self.courier.notifiers.names();
        self.watch.keep(|name| names.iter().any(|known| known == name));
    }

    /// Goes on until nothing is in flight and nothing is due.
    #[cfg(test)]
    pub(crate) async fn settle(&mut self) {
        loop {
            self.round().await.expect("the outbox can be read");
            match self.running.join_next().await {
                Some(done) => self.note(done).await,
                None if self.alerts.unrouted(1).expect("the outbox can be read").is_empty() => return,
                None => {}
            }
        }
    }
}

fn route_all(alerts: &Alerts, notifiers: &Notifiers, now: Timestamp) -> Result<(), AlertsError> {
    for queued in alerts.unrouted(ROUTED)? {
        // Where that cannot be read, one message too many is better than none.
        let of_itself = &queued.notice.dedup_key;
        let was_told =
            |target: &str, key: &str| alerts.was_told(target, key).unwrap_or(key == of_itself.as_str());
        let route = route(&queued.notice, notifiers, was_told, now);
        alerts.route(&queued, &route.targets, &route.history, now)?;
    }
    Ok(())
}

fn remind(alerts: &Alerts, firing: &[Delivery], hours: u32, now: Timestamp) -> Result<(), AlertsError> {
    let after = Micros::from_secs(u64::from(hours) * HOUR);
    let is_time = |delivery: &&Delivery| delivery.done.is_some_and(|done| done.plus(after) <= now);
    firing.iter().filter(is_time).try_for_each(|delivery| alerts.repeat(delivery, now))
}
