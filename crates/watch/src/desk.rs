//! [`Alarms`]: all changes of alarms and of how they stand, one at a time, each written before it is seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use alert::State;
use alert::alarm::{Acknowledgement, Alarm, Standing};
use alert::composite::Rule;
use alert::document::{self, Edit, Place};
use alert::mute::MuteRule;
use alert::reason;
use alert::step::Decision;
use model::Timestamp;
use parking_lot::{Mutex, RwLock};
use serde_json::Value;
use settings::alerts::HistoryKind;
use settings::{Alerts, AlertsError, Settings, SettingsError, Tags};
use tokio::sync::watch;
use tracing::warn;

use crate::change::Change;
use crate::{insights, part_of};

/// A cheap clone. Reading never waits; a change returns when it is on disk, so async callers make it on a thread for
/// blocking work.
#[derive(Debug, Clone)]
pub struct Alarms {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    settings: Settings,
    alerts: Alerts,
    place: Place,
    /// Held for the whole of a change.
    turn: Mutex<()>,
    stood: RwLock<Stood>,
    /// Counts changes that can be seen.
    seen: watch::Sender<u64>,
}

/// How alarms stand as far as this process knows, with the number that tells whether another one has changed that.
#[derive(Debug, Clone)]
struct Stood {
    number: i64,
    standings: Arc<BTreeMap<String, Standing>>,
}

#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Alerts(#[from] AlertsError),
    /// There is no alarm of that name.
    #[error("there is no alarm {0:?}")]
    NoAlarm(String),
    /// It does not fit what else is set up; in CloudWatch's words where there are some.
    #[error("{0}")]
    Refused(String),
    /// Other alarms are made of it.
    #[error("{0}")]
    InUse(String),
}

impl Alarms {
    /// Reads how alarms stand.
    pub fn open(settings: Settings, alerts: Alerts) -> Result<Self, AlertsError> {
        let account = settings.account();
        let place = Place { account: account.id.clone(), region: account.region.clone() };
        let (number, states) = alerts.states()?;
        let stood = RwLock::new(Stood { number, standings: Arc::new(read(states)) });
        let seen = watch::Sender::new(0);
        let inner = Inner { settings, alerts, place, turn: Mutex::new(()), stood, seen };
        Ok(Self { inner: Arc::new(inner) })
    }

    pub fn place(&self) -> &Place {
        &self.inner.place
    }

    pub fn alerts(&self) -> &Alerts {
        &self.inner.alerts
    }

    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// How all alarms stand, by name; one that was never looked at is not there.
    pub fn standings(&self) -> Arc<BTreeMap<String, Standing>> {
        Arc::clone(&self.inner.stood.read().standings)
    }

    /// Reads what other processes have changed, where they have.
    pub(crate) fn refresh(&self) -> Result<(), AlertsError> {
        let is_newest = || self.inner.alerts.states_known() == self.inner.stood.read().number;
        if is_newest() {
            return Ok(());
        }
        let _turn = self.inner.turn.lock();
        let (number, states) = self.inner.alerts.states()?;
        *self.inner.stood.write() = Stood { number, standings: Arc::new(read(states)) };
        self.inner.seen.send_modify(|changes| *changes += 1);
        Ok(())
    }

    /// Changes with what [`Self::standings`] gives. The file of alerts says earlier that something was written.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.seen.subscribe()
    }

    /// How one stands; as new where nobody looked at it yet.
    pub fn standing(&self, name: &str, created: Timestamp) -> Standing {
        let new = || Standing::new(reason::CREATED.to_owned(), created);
        self.inner.stood.read().standings.get(name).cloned().unwrap_or_else(new)
    }

    /// Makes an alarm or replaces it; its state stays.
    pub fn put(&self, alarm: &Alarm, tags: Tags, now: Timestamp) -> Result<(), DeskError> {
        let _turn = self.inner.turn.lock();
        self.check(alarm)?;
        let old = self.inner.settings.put_alarm(alarm.clone(), tags, now)?;
        let name = alarm.name().to_owned();
        self.commit(now, Vec::new(), |change| {
            let Some(record) = change.setup.alarms.get(&name) else { return };
            let standing = change.standing_of(record);
            let edit = if old.is_some() { Edit::Update } else { Edit::Create };
            let (summary, data) = document::edited(change.place, edit, &record.alarm, &standing);
            change.tell(&record.alarm, HistoryKind::ConfigurationUpdate, &summary, data);
            change.set(&name, standing);
            if matches!(record.alarm, Alarm::Composite(_)) || old.is_none() {
                change.moves(&name);
            }
        })
    }

    /// What does not depend on the alarm alone.
    fn check(&self, alarm: &Alarm) -> Result<(), DeskError> {
        let state = self.inner.settings.snapshot();
        let name = alarm.name();
        let is_other = |known: &Alarm| std::mem::discriminant(known) != std::mem::discriminant(alarm);
        if state.alarms.get(name).is_some_and(|known| is_other(&known.alarm)) {
            let text = format!("There is an alarm of the other type with the name {name} already");
            return Err(DeskError::Refused(text));
        }
        let Alarm::Composite(composite) = alarm else { return Ok(()) };
        let rule = Rule::parse(&composite.rule).map_err(|error| DeskError::Refused(error.to_string()))?;
        let place = &self.inner.place;
        let suppressor = composite.suppressor.iter().map(|suppressor| suppressor.alarm.as_str());
        let mut unknown = Vec::new();
        for child in rule.children().into_iter().chain(suppressor) {
            let Some(child) = place.name(child) else {
                return Err(DeskError::Refused(elsewhere(child, place)));
            };
            if child == name {
                let text = "A composite alarm cannot have a child relation with itself via its AlarmRule, as it \
                            would introduce a circular dependency";
                return Err(DeskError::Refused(text.to_owned()));
            }
            if !state.alarms.contains_key(child) {
                unknown.push(place.arn(child));
            } else if self.reaches(&state, child, name, 0) {
                let text =
                    format!("{child} depends on {name}, so the rule would introduce a circular dependency");
                return Err(DeskError::Refused(text));
            }
        }
        if unknown.is_empty() {
            return Ok(());
        }
        let list = unknown.join(", ");
        let text =
            format!("Could not save the composite alarm as alarms [{list}] in the alarm rule do not exist");
        Err(DeskError::Refused(text))
    }

    /// Whether `from` is made of `to`, by whatever way.
    fn reaches(&self, state: &settings::Snapshot, from: &str, to: &str, depth: usize) -> bool {
        // Deeper than anything that was taken, since no cycle ever was.
        const MAX_DEPTH: usize = 200;
        let Some(record) = state.alarms.get(from).filter(|_| depth < MAX_DEPTH) else { return false };
        self.children(&record.alarm)
            .iter()
            .any(|child| child == to || self.reaches(state, child, to, depth + 1))
    }

    /// The alarms that one is made of, its suppressor included.
    pub fn children(&self, alarm: &Alarm) -> Vec<String> {
        let Alarm::Composite(composite) = alarm else { return Vec::new() };
        let rule = Rule::parse(&composite.rule).ok();
        let children = rule.iter().flat_map(|rule| rule.children());
        let all = children.chain(composite.suppressor.iter().map(|suppressor| suppressor.alarm.as_str()));
        all.filter_map(|child| self.inner.place.name(child)).map(ToOwned::to_owned).collect()
    }

    /// The alarms that are made of one.
    pub fn parents(&self, name: &str) -> Vec<String> {
        let state = self.inner.settings.snapshot();
        let parents = state
            .alarms
            .values()
            .filter(|record| self.children(&record.alarm).iter().any(|child| child == name));
        parents.map(|record| record.alarm.name().to_owned()).collect()
    }

    /// Removes those that there are. None, where an alarm that stays is made of one.
    pub fn delete(&self, names: &[String], now: Timestamp) -> Result<(), DeskError> {
        let _turn = self.inner.turn.lock();
        let state = self.inner.settings.snapshot();
        for name in names.iter().filter(|name| state.alarms.contains_key(*name)) {
            let parents: Vec<String> =
                self.parents(name).into_iter().filter(|parent| !names.contains(parent)).collect();
            if !parents.is_empty() {
                let text = format!("{name} cannot be deleted: {} is made of it", parents.join(", "));
                return Err(DeskError::InUse(text));
            }
        }
        let gone = self.inner.settings.delete_alarms(names)?;
        self.commit(now, Vec::new(), |change| {
            for record in &gone {
                let standing = change.standing_of(record);
                let (summary, data) = document::edited(change.place, Edit::Delete, &record.alarm, &standing);
                change.tell(&record.alarm, HistoryKind::ConfigurationUpdate, &summary, data);
                change.forget(record.alarm.name());
            }
        })
    }

    /// Sets a state by hand; the next evaluation may set it back.
    pub fn set_state(&self, name: &str, decision: &Decision, now: Timestamp) -> Result<(), DeskError> {
        let _turn = self.inner.turn.lock();
        let state = self.inner.settings.snapshot();
        let record = state.alarms.get(name).ok_or_else(|| DeskError::NoAlarm(name.to_owned()))?;
        self.commit(now, Vec::new(), |change| {
            if change.standing_of(record).state != decision.state {
                change.enter(record, decision);
            }
        })
    }

    pub fn enable_actions(&self, names: &[String], enabled: bool, now: Timestamp) -> Result<(), DeskError> {
        let _turn = self.inner.turn.lock();
        let changed = self.inner.settings.enable_actions(names, enabled, now)?;
        self.commit(now, Vec::new(), |change| {
            for record in &changed {
                let standing = change.standing_of(record);
                let (summary, data) = document::edited(change.place, Edit::Update, &record.alarm, &standing);
                change.tell(&record.alarm, HistoryKind::ConfigurationUpdate, &summary, data);
            }
        })
    }

    /// Somebody looks after an alarm that fires.
    pub fn acknowledge(&self, name: &str, by: String, note: String, now: Timestamp) -> Result<(), DeskError> {
        let _turn = self.inner.turn.lock();
        let state = self.inner.settings.snapshot();
        let record = state.alarms.get(name).ok_or_else(|| DeskError::NoAlarm(name.to_owned()))?;
        let standing = self.standing(name, record.created);
        if standing.state != State::Alarm {
            let text =
                format!("{name} is {}, and only what is in ALARM can be acknowledged", standing.state.name());
            return Err(DeskError::Refused(text));
        }
        self.commit(now, Vec::new(), |change| {
            let summary = format!("Acknowledged by {by}");
            let data = serde_json::json!({ "version": "1.0", "acknowledgedBy": by, "note": note });
            change.tell(&record.alarm, HistoryKind::Action, &summary, data.to_string());
            let acknowledged = Some(Acknowledgement { by, note, at: now });
            let standing = change.standing_of(record);
            change.set(name, Standing { acknowledged, ..standing });
        })
    }

    pub fn put_mute(&self, rule: MuteRule, tags: Tags, now: Timestamp) -> Result<(), DeskError> {
        let _turn = self.inner.turn.lock();
        Ok(self.inner.settings.put_mute(rule, tags, now)?)
    }

    /// Whether there was one. What it kept back is told at the next turn.
    pub fn delete_mute(&self, name: &str) -> Result<bool, DeskError> {
        let _turn = self.inner.turn.lock();
        Ok(self.inner.settings.delete_mute(name)?)
    }

    /// A change by the worker, on its turn of duty.
    pub(crate) fn evaluate(
        &self,
        turn: u64,
        now: Timestamp,
        marks: Vec<(String, Option<Value>)>,
        change: impl FnOnce(&mut Change<'_>),
    ) -> Result<(), DeskError> {
        let _turn = self.inner.turn.lock();
        self.commit_by(&self.inner.alerts.on_duty(turn), now, marks, change)
    }

    /// The same as [`Self::commit_by`] for who is asked to.
    fn commit(
        &self,
        now: Timestamp,
        marks: Vec<(String, Option<Value>)>,
        collect: impl FnOnce(&mut Change<'_>),
    ) -> Result<(), DeskError> {
        self.commit_by(&self.inner.alerts, now, marks, collect)
    }

    /// Collects a change over how alarms stand now, writes it, and lets others see it. The caller has the turn.
    fn commit_by(
        &self,
        alerts: &Alerts,
        now: Timestamp,
        marks: Vec<(String, Option<Value>)>,
        collect: impl FnOnce(&mut Change<'_>),
    ) -> Result<(), DeskError> {
        let setup = self.inner.settings.snapshot();
        let Stood { number, mut standings } = self.inner.stood.read().clone();
        let mut changed = BTreeMap::new();
        let number = alerts.change::<DeskError>(number, now, |before| {
            if let Some(states) = &before.states {
                standings = Arc::new(read(states.clone()));
            }
            let mut change = Change::new(&self.inner.place, &setup, &standings, now);
            collect(&mut change);
            let (mut batch, moved) = change.finish();
            (batch.marks, changed) = (marks, moved);
            if batch.notices.iter().any(part_of::is_beginning) {
                let insights = insights::active(before)?;
                part_of::mark(&mut batch.notices, &setup, &self.inner.place, &insights);
            }
            Ok(batch)
        })?;
        if !changed.is_empty() {
            let mut after = BTreeMap::clone(&standings);
            for (name, standing) in changed {
                match standing {
                    Some(standing) => drop(after.insert(name, standing)),
                    None => drop(after.remove(&name)),
                }
            }
            standings = Arc::new(after);
        }
        *self.inner.stood.write() = Stood { number, standings };
        self.inner.seen.send_modify(|changes| *changes += 1);
        Ok(())
    }
}

impl DeskError {
    /// It may work later, and is told of elsewhere.
    pub fn passes(&self) -> bool {
        match self {
            Self::Settings(error) => matches!(error, SettingsError::Away { .. }),
            Self::Alerts(error) => error.passes(),
            _ => false,
        }
    }
}

fn read(states: BTreeMap<String, Value>) -> BTreeMap<String, Standing> {
    let mut standings = BTreeMap::new();
    for (name, value) in states {
        match serde_json::from_value(value) {
            Ok(standing) => drop(standings.insert(name, standing)),
            Err(error) => warn!(alarm = name, %error, "state of an alarm cannot be read; it begins anew"),
        }
    }
    standings
}

/// CloudWatch's words for an ARN that is of no alarm here.
fn elsewhere(arn: &str, place: &Place) -> String {
    let mut parts = arn.splitn(6, ':').skip(3);
    let (region, account) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if !region.is_empty() && region != place.region {
        let expected = &place.region;
        return format!(
            "Error in AlarmRule [Wrong ARN region, it was {region} but {expected} was expected instead]"
        );
    }
    if !account.is_empty() && account != place.account {
        return "A composite alarm cannot have a child relation with alarms from another AWS account"
            .to_owned();
    }
    format!("Error in AlarmRule [{arn} is no ARN of an alarm]")
}
