//! The worker: evaluates the alarms of each minute, once all that was received in it is digested.

use std::sync::Arc;
use std::time::Duration;

use alert::alarm::{Alarm, Impediment, MetricAlarm};
use alert::step::{self, Observation};
use digest::Digest;
use model::error::chain;
use model::{Clock, Micros, Minute, TimeRange, Timestamp};
use serde_json::json;
use settings::AlarmRecord;
use store::TraceStore;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::change::Change;
use crate::desk::{Alarms, DeskError};
use crate::read::Reader;

/// After the end of a minute, until its last documents are durable.
const SETTLING: Micros = Micros::from_secs(5);
/// How often time is looked at; what time alone changes is late by no more than this.
const TURN: Duration = Duration::from_secs(1);
/// When the digest is further behind than this, alarms keep their states and say that they cannot be evaluated.
const MAX_LAG: Micros = Micros::from_secs(120);
/// Minutes that were missed and are evaluated one after the other, in order; of a longer gap the newest.
const MAX_BEHIND: i64 = 60;
/// A process that takes over evaluates so many minutes that the one before has missed; after a longer gap Fluoro was down.
const TAKEN_UP: i64 = 5;
/// Times at which Fluoro was down that are remembered.
const MAX_DOWN: usize = 200;

const THROUGH: &str = "watched_through_minute";
const DOWN: &str = "watch_was_down";

/// The worker; it ends with the shutdown.
#[derive(Debug)]
pub struct Watch {
    stopped: CancellationToken,
}

struct Worker {
    alarms: Alarms,
    reader: Reader,
    store: Arc<dyn TraceStore>,
    digest: Digest,
    clock: Arc<dyn Clock>,
    /// Of duty.
    turn: u64,
    /// The newest minute that is evaluated.
    through: Minute,
    /// Since when the digest has not passed the minute that is due.
    waiting: Option<Waiting>,
}

/// What the digest has to reach before a minute is whole.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    minute: Minute,
    newest: u64,
}

/// Evaluates from now on, whenever it is this process's turn.
pub fn start(
    alarms: Alarms,
    reader: Reader,
    store: Arc<dyn TraceStore>,
    digest: Digest,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
) -> Watch {
    let stopped = CancellationToken::new();
    let guard = stopped.clone().drop_guard();
    let mut duty = alarms.alerts().duty();
    let turn = *duty.borrow_and_update();
    let through = turn.map(|turn| remember(&alarms, &reader, turn, clock.now()));
    let through = through.unwrap_or(Minute(i64::MIN));
    let mut worker = Worker {
        alarms,
        reader,
        store,
        digest,
        clock,
        turn: turn.unwrap_or_default(),
        through,
        waiting: None,
    };
    tokio::spawn(async move {
        let _guard = guard;
        let mut known = turn;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(TURN) => {}
            }
            let turn = *duty.borrow_and_update();
            // Somebody may have set a state at another process, or that one evaluates.
            worker.follow().await;
            match turn {
                Some(turn) if known == Some(turn) => worker.turn().await,
                Some(turn) => worker.take_up(turn).await,
                None => {}
            }
            known = turn;
        }
    });
    Watch { stopped }
}

impl Watch {
    /// Waits until the worker has ended after a shutdown.
    pub async fn stopped(&self) {
        self.stopped.cancelled().await;
    }
}

/// Finds how far evaluation had come; the time since was one without Fluoro. Gives the newest minute that nobody evaluates.
fn remember(alarms: &Alarms, reader: &Reader, turn: u64, now: Timestamp) -> Minute {
    let alerts = alarms.alerts();
    let before = Minute(now.minute().0 - 1);
    let mark = |name| {
        alerts.mark(name).unwrap_or_else(|error| {
            warn!(error = chain(&error), "cannot read how far alarms were evaluated");
            None
        })
    };
    let mut down: Vec<TimeRange> =
        mark(DOWN).and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default();
    let through = mark(THROUGH).and_then(|value| value.as_i64()).map(Minute);
    // It is still the time of the process before, for others were up.
    let taken_up = through.filter(|through| turn > 0 && (0..=TAKEN_UP).contains(&(before.0 - through.0)));
    if let Some(through) = taken_up {
        reader.was_down(down);
        return through;
    }
    if let Some(through) = through {
        // The minute in which it ended and the one in which it begins were up in part, which is enough.
        let gap = TimeRange::new(Minute(through.0 + 2).start(), now.minute().start());
        if gap.start < gap.end {
            down.push(gap);
        }
    }
    let excess = down.len().saturating_sub(MAX_DOWN);
    down.drain(..excess);
    if let Err(error) = alarms.evaluate(turn, now, vec![(DOWN.to_owned(), Some(json!(down)))], |_| {}) {
        warn!(error = chain(&error), "cannot write when Fluoro was down");
    }
    reader.was_down(down);
    before
}

impl Worker {
    /// Goes on where whoever was on duty before has come to.
    async fn take_up(&mut self, turn: u64) {
        let (alarms, reader, now) = (self.alarms.clone(), self.reader.clone(), self.clock.now());
        let remembered = tokio::task::spawn_blocking(move || remember(&alarms, &reader, turn, now)).await;
        // It panics in no case.
        if let Ok(through) = remembered {
            (self.turn, self.through, self.waiting) = (turn, through, None);
        }
    }

    /// Shows what other processes wrote. That it cannot be read now is told elsewhere.
    async fn follow(&self) {
        let alarms = self.alarms.clone();
        match tokio::task::spawn_blocking(move || alarms.refresh()).await {
            Ok(Err(error)) if !error.passes() => warn!(error = chain(&error), "cannot read how alarms stand"),
            _ => {}
        }
    }

    async fn turn(&mut self) {
        let now = self.clock.now();
        self.pass_time(now).await;
        let due = Minute(now.minus(SETTLING).minute().0 - 1);
        if due <= self.through {
            return;
        }
        let waiting = match self.waiting {
            Some(waiting) => waiting,
            None => Waiting { minute: due, newest: self.store.status().newest },
        };
        self.waiting = Some(waiting);
        let reached = tokio::time::timeout(TURN, self.digest.reached(waiting.newest)).await;
        if reached.is_err() {
            if waiting.minute.end().until(now) > MAX_LAG {
                self.fail(now).await;
            }
            return;
        }
        self.waiting = None;
        let first = self.through.0.max(waiting.minute.0 - MAX_BEHIND) + 1;
        for minute in (first..=waiting.minute.0).map(Minute) {
            if let Err(error) = self.evaluate(minute).await {
                if error.downcast_ref::<DeskError>().is_some_and(DeskError::passes) {
                    return;
                }
                error!(
                    error = chain(&*error),
                    minute = minute.0,
                    "cannot evaluate alarms; they are tried again"
                );
                return;
            }
            self.through = minute;
        }
    }

    /// The alarms whose periods end with this minute.
    async fn evaluate(&self, minute: Minute) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let end = minute.end();
        let state = self.alarms.settings().snapshot();
        let due: Vec<(Arc<AlarmRecord>, MetricAlarm)> = state
            .alarms
            .values()
            .filter_map(|record| match &record.alarm {
                Alarm::Metric(alarm) if is_due(alarm, minute) => Some((Arc::clone(record), alarm.clone())),
                _ => None,
            })
            .collect();
        let watched: Vec<&MetricAlarm> = due.iter().map(|(_, alarm)| alarm).collect();
        let observations = self.reader.observations(&watched, end).await?;
        let (alarms, turn, now) = (self.alarms.clone(), self.turn, self.clock.now());
        let marks = vec![(THROUGH.to_owned(), Some(json!(minute.0)))];
        let commit = move || {
            alarms.evaluate(turn, now, marks, |change| {
                for ((record, alarm), range) in due.iter().zip(&observations) {
                    decide(change, record, alarm, range, now);
                }
            })
        };
        Ok(tokio::task::spawn_blocking(commit).await??)
    }

    /// What time alone changes; nothing is written where there is nothing.
    async fn pass_time(&self, now: Timestamp) {
        let standings = self.alarms.standings();
        if !standings.values().any(|standing| standing.is_muted || standing.suppression.is_some()) {
            return;
        }
        let (alarms, turn) = (self.alarms.clone(), self.turn);
        self.write(move || alarms.evaluate(turn, now, Vec::new(), |change| change.pass_time())).await;
    }

    /// The digest is too far behind: alarms keep their states and say so.
    async fn fail(&self, now: Timestamp) {
        let (alarms, turn) = (self.alarms.clone(), self.turn);
        self.write(move || {
            alarms.evaluate(turn, now, Vec::new(), |change| {
                for record in change.setup.alarms.values() {
                    let mut standing = change.standing_of(record);
                    if matches!(record.alarm, Alarm::Metric(_)) && standing.evaluation.is_none() {
                        standing.evaluation = Some(Impediment::EvaluationFailure);
                        change.set(record.alarm.name(), standing);
                    }
                }
            })
        })
        .await;
    }

    async fn write(&self, write: impl FnOnce() -> Result<(), DeskError> + Send + 'static) {
        match tokio::task::spawn_blocking(write).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) if error.passes() => {}
            Ok(Err(error)) => error!(error = chain(&error), "cannot write how alarms stand"),
            Err(error) => error!(error = chain(&error), "a change of alarms was cut off"),
        }
    }
}

/// Whether a period of the alarm ends with the minute. What takes more than a day is looked at hourly.
fn is_due(alarm: &MetricAlarm, minute: Minute) -> bool {
    let period = i64::from(alarm.period_minutes());
    let is_long = period * i64::from(alarm.evaluation_periods) > 24 * 60;
    let every = if is_long { period.max(60) } else { period };
    (minute.0 + 1).rem_euclid(every) == 0
}

fn decide(
    change: &mut Change<'_>,
    record: &AlarmRecord,
    alarm: &MetricAlarm,
    range: &[Observation],
    now: Timestamp,
) {
    // It may have been deleted or changed while its minutes were read.
    let is_current = change.setup.alarms.get(record.alarm.name()).is_some_and(|known| **known == *record);
    if !is_current {
        return;
    }
    let standing = change.standing_of(record);
    match step::step(alarm, range, standing.state, now) {
        Some(decision) => change.enter(record, &decision),
        None if standing.evaluation.is_some() => {
            change.set(record.alarm.name(), alert::Standing { evaluation: None, ..standing });
        }
        None => {}
    }
}
