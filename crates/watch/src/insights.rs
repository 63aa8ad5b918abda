//! The worker that makes insights: it asks the judge once a second, lets the tracker decide, and commits what is new
//! together with the notices that it owes.
//!
//! After a restart it goes on with the insights that were kept, and the ledger is made again from the store, so an outage
//! that lasts is told once. What somebody writes down about an insight is kept apart, as a mark by its id, so that it and
//! the worker never overwrite each other.

mod kept_days;
mod told;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use digest::Digest;
use model::{Clock, Micros, Minute, NodeKey, TimeRange, Timestamp, group};
use query::insight::{Change, Insight, Look, Note, Tracker};
use query::now::{Days, Entry};
use serde_json::{Value, json};
use settings::alerts::{Alerts, Batch, Before, InsightQuery, InsightRow};
use settings::{AlertsError, GroupRecord, Settings};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use crate::duty;
use told::Earlier;

/// As often as the judge is asked. Its answer is a matter of milliseconds.
const EVERY: Duration = Duration::from_secs(1);
/// Figures that move without anything having happened are written so often at most.
const FIGURES_EVERY: Micros = Micros::from_secs(10);
/// As far back as the ledger looks.
const LOOK_BACK: Micros = Micros::from_secs(40 * 60);
/// Insights that are held at most.
const MOST: usize = 2_000;

/// What the worker needs of others.
#[derive(Debug, Clone)]
pub struct Deps {
    pub digest: Digest,
    pub settings: Settings,
    pub alerts: Alerts,
    pub clock: Arc<dyn Clock>,
}

/// A worker that runs.
#[derive(Debug, Clone)]
pub struct Insights {
    stopped: CancellationToken,
}

/// Starts the worker, which ends when it is told to stop; what was decided by then is on disk.
pub fn start(deps: Deps, shutdown: CancellationToken) -> Insights {
    let stopped = CancellationToken::new();
    // Cancelled on drop as well, so that a worker that panicked does not hold up a shutdown.
    let guard = stopped.clone().drop_guard();
    tokio::spawn(async move {
        run(deps, shutdown).await;
        drop(guard);
    });
    Insights { stopped }
}

impl Insights {
    /// Waits until the worker has stopped after a shutdown.
    pub async fn stopped(&self) {
        self.stopped.cancelled().await;
    }
}

/// Watches whenever it is this process's turn.
async fn run(deps: Deps, shutdown: CancellationToken) {
    let mut duty = deps.alerts.duty();
    while let Some(turn) = duty::next(&mut duty, &shutdown).await {
        let deps = Deps { alerts: deps.alerts.on_duty(turn), ..deps.clone() };
        watch_on(&deps, turn, &duty, &shutdown).await;
    }
}

async fn watch_on(deps: &Deps, turn: u64, duty: &watch::Receiver<Option<u64>>, shutdown: &CancellationToken) {
    let is_shared = turn > 0;
    let mut worker = None;
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while *duty.borrow() == Some(turn) {
        tokio::select! {
            () = shutdown.cancelled() => break,
            _ = ticks.tick() => {}
        }
        // Where it is not known what others or the last commit wrote, all of it is read again; what happens is still in the ledger.
        if worker.as_ref().is_none_or(|worker: &Worker| is_shared && worker.is_failing) {
            if is_shared && !answers(deps).await {
                continue;
            }
            worker = Some(Worker::new(deps.clone()).await);
        }
        if let Some(worker) = &mut worker {
            worker.look().await;
        }
    }
    if let Some(mut worker) = worker {
        worker.commit(true).await;
    }
}

/// Whether a turn of ours is still one, which also waits for what was committed last.
async fn answers(deps: &Deps) -> bool {
    let (alerts, now) = (deps.alerts.clone(), deps.clock.now());
    let asked = tokio::task::spawn_blocking(move || {
        alerts.change::<AlertsError>(alerts.states_known(), now, |_| Ok(Batch::default()))
    });
    matches!(asked.await, Ok(Ok(_)))
}

/// The name of the mark that keeps a note.
pub fn note_mark(id: &str) -> String {
    format!("insight-note/{id}")
}

/// Reads an insight as it is kept, with the note that somebody made.
pub fn read(alerts: &Alerts, row: &InsightRow) -> Result<Option<Insight>, AlertsError> {
    let Some(mut insight) = parse(row) else { return Ok(None) };
    insight.note = note(alerts, &insight.id)?;
    Ok(Some(insight))
}

fn note(alerts: &Alerts, id: &str) -> Result<Option<Note>, AlertsError> {
    Ok(alerts.mark(&note_mark(id))?.and_then(|note| serde_json::from_value(note).ok()))
}

/// Those that go on.
pub(crate) fn active(before: &Before<'_>) -> Result<Vec<Insight>, AlertsError> {
    let query = InsightQuery {
        range: TimeRange::new(Timestamp::MIN, Timestamp::MAX),
        group: None,
        root: None,
        is_active: Some(true),
        after: None,
        limit: MOST,
    };
    Ok(before.insights(&query)?.iter().filter_map(parse).collect())
}

/// Reads insights as they are kept, without notes.
pub fn find(alerts: &Alerts, query: &InsightQuery) -> Result<Vec<Insight>, AlertsError> {
    Ok(alerts.insights(query)?.iter().filter_map(parse).collect())
}

/// Keeps what somebody wrote down about an insight.
pub fn write_note(alerts: &Alerts, id: &str, note: &Note, now: Timestamp) -> Result<(), AlertsError> {
    let value = serde_json::to_value(note).unwrap_or(Value::Null);
    alerts.commit(&Batch { marks: vec![(note_mark(id), Some(value))], ..Batch::default() }, now)
}

#[derive(Debug)]
struct Worker {
    deps: Deps,
    tracker: Tracker,
    /// The slow half of the judge, fed by the minute.
    days: Days,
    /// Of the bins of the day that are not on disk yet.
    marks: Vec<kept_days::Mark>,
    /// What is not on disk yet, by id, with the notices that it owes.
    unsaved: BTreeMap<String, Unsaved>,
    saved_at: Timestamp,
    /// The last commit failed; said once.
    is_failing: bool,
}

#[derive(Debug)]
struct Unsaved {
    insight: Insight,
    notices: Vec<alert::Notice>,
    /// Something happened, not figures alone.
    is_urgent: bool,
}

impl Worker {
    async fn new(deps: Deps) -> Self {
        let tracker = Tracker::of(kept(&deps).await);
        let (alerts, now) = (deps.alerts.clone(), deps.clock.now());
        let counted = tokio::task::spawn_blocking(move || kept_days::read(&alerts, now)).await;
        let mut days = Days::default();
        days.restore(counted.unwrap_or_default());
        let saved_at = Timestamp(0);
        Self { deps, tracker, days, marks: Vec::new(), unsaved: BTreeMap::new(), saved_at, is_failing: false }
    }

    async fn look(&mut self) {
        let now = self.deps.clock.now();
        for change in self.step(now) {
            let before = self.before(&change).await;
            self.owe(change, before.as_ref());
        }
        self.commit(false).await;
    }

    /// Asks the judge once, and each group with insights for what of it is its own.
    fn step(&mut self, now: Timestamp) -> Vec<Change> {
        let settings = self.deps.settings.snapshot();
        let account = self.deps.settings.account();
        let mut ledger = self.deps.digest.ledger().lock();
        ledger.settle(now);
        for minute in kept_days::due(&self.days, now).map(Minute) {
            self.days.step(&mut ledger, self.tracker.insights(), minute);
            self.marks.extend(kept_days::mark(&self.days, minute));
        }
        let entries = ledger.look(TimeRange::new(now.minus(LOOK_BACK), now), now).entries;
        let mut changes = Vec::new();
        for record in settings.groups_in_order().filter(|record| record.group.insights_enabled) {
            let own = of_group(record, &entries);
            let arn = record.arn(account);
            let look = Look { group: &record.key, arn: &arn, entries: &own, now };
            changes.extend(self.tracker.step(look, &ledger, id));
        }
        changes
    }

    /// The last time that the same happened, and what was noted then, where something begins.
    async fn before(&self, change: &Change) -> Option<Earlier> {
        let is_told = change.is_told && change.insight.is_active();
        let id = change.insight.earlier.clone().filter(|_| is_told)?;
        let earlier = self.tracker.insights().iter().find(|one| one.id == id)?;
        let (alerts, since) = (self.deps.alerts.clone(), earlier.start);
        // Where it cannot be read, the message goes without it.
        let read = tokio::task::spawn_blocking(move || note(&alerts, &id)).await;
        let note = read.ok().and_then(Result::ok).flatten();
        Some(Earlier { since, note: note.map(|note| note.text).filter(|text| !text.is_empty()) })
    }

    fn owe(&mut self, change: Change, before: Option<&Earlier>) {
        let account = self.deps.settings.account();
        let settings = self.deps.settings.snapshot();
        let insight = change.insight;
        if let Some(event) = change.event {
            info!(id = insight.id, root = insight.root.name, ?event, "{}", insight.summary);
        }
        // One message an outage: the group of everything tells it, and another one where that one has no insights.
        let is_default_on = settings.groups.get(group::DEFAULT).is_some_and(|one| one.group.insights_enabled);
        let record = settings.groups.values().find(|record| record.key == insight.group);
        let speaks = insight.group == group::DEFAULT
            || !is_default_on && record.is_some_and(|record| record.group.notifications_enabled);
        let notice = (change.is_told && speaks).then(|| {
            let arn = record.map(|record| record.arn(account)).unwrap_or_default();
            told::notice(&insight, &arn, account, before)
        });
        let unsaved = self.unsaved.entry(insight.id.clone()).or_insert_with(|| Unsaved {
            insight: insight.clone(),
            notices: Vec::new(),
            is_urgent: false,
        });
        unsaved.is_urgent |= change.event.is_some();
        unsaved.insight = insight;
        unsaved.notices.extend(notice);
    }

    /// Writes what is new. What could not be written waits for the next time, and with it the messages.
    async fn commit(&mut self, is_last: bool) {
        let now = self.deps.clock.now();
        let is_due = is_last || self.saved_at.plus(FIGURES_EVERY) <= now;
        let is_urgent = self.unsaved.values().any(|one| one.is_urgent);
        self.marks.extend(self.tracker.take_gone().iter().map(|id| (note_mark(id), None)));
        if self.unsaved.is_empty() && self.marks.is_empty() || !is_due && !is_urgent {
            return;
        }
        let batch = Batch {
            insights: self.unsaved.values().map(|one| row(&one.insight)).collect(),
            notices: self.unsaved.values().flat_map(|one| one.notices.clone()).collect(),
            marks: self.marks.clone(),
            ..Batch::default()
        };
        let alerts = self.deps.alerts.clone();
        let written = tokio::task::spawn_blocking(move || alerts.commit(&batch, now)).await;
        match written {
            Ok(Ok(())) => {
                self.unsaved.clear();
                self.marks.clear();
                self.saved_at = now;
                self.is_failing = false;
            }
            Ok(Err(error)) if !self.is_failing => {
                self.is_failing = true;
                if error.passes() {
                    return;
                }
                warn!(%error, waiting = self.unsaved.len(), "insights are not written and nobody is told of them; tried again");
            }
            Ok(Err(_)) | Err(_) => {}
        }
    }
}

/// The insights that were written before, as many as are held.
async fn kept(deps: &Deps) -> Vec<Insight> {
    let (alerts, now) = (deps.alerts.clone(), deps.clock.now());
    let read = tokio::task::spawn_blocking(move || {
        let range = TimeRange::new(now.minus(query::insight::KEPT), Timestamp::MAX);
        alerts.insights(&InsightQuery {
            range,
            group: None,
            root: None,
            is_active: None,
            after: None,
            limit: MOST,
        })
    });
    match read.await {
        Ok(Ok(rows)) => rows.iter().filter_map(parse).collect(),
        Ok(Err(error)) => {
            warn!(%error, "earlier insights cannot be read; one that goes on is told again");
            Vec::new()
        }
        Err(_) => Vec::new(),
    }
}

fn parse(row: &InsightRow) -> Option<Insight> {
    match serde_json::from_value(row.body.clone()) {
        Ok(insight) => Some(insight),
        Err(error) => {
            warn!(id = row.id, %error, "an insight that was kept cannot be read, and is left out");
            None
        }
    }
}

fn row(insight: &Insight) -> InsightRow {
    InsightRow {
        id: insight.id.clone(),
        group: insight.group.clone(),
        root: insight.root.name.clone(),
        start: insight.start,
        end: insight.end,
        is_active: insight.is_active(),
        body: json!(insight),
    }
}

/// What of it happened to traces of the group; everything is of the default one.
fn of_group(record: &GroupRecord, entries: &[Entry]) -> Vec<Entry> {
    if record.key == group::DEFAULT {
        return entries.to_vec();
    }
    let mut own = Vec::new();
    for entry in entries {
        let count = entry.groups.iter().find(|(key, _)| *key == record.key).map_or(0, |&(_, count)| count);
        if count > 0 {
            own.push(Entry { failing: count.min(entry.failing), ..entry.clone() });
        }
    }
    own
}

/// A UUID of version 5, which X-Ray's pattern of ids allows, of the group's ARN, the root and the minute of the onset.
fn id(arn: &str, root: &NodeKey, onset: Timestamp) -> String {
    let kind = root.kind.as_deref().unwrap_or_default();
    let account = root.account.as_deref().unwrap_or_default();
    let name = format!("{arn}\n{}\n{kind}\n{account}\n{}", root.name, onset.minute().0);
    Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).to_string()
}
