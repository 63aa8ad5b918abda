//! One change of how alarms stand: collected, with all that follows from it, and then committed at once.
//!
//! A state that changes writes history, owes its actions, and may change the composite alarms above it. Actions wait while
//! a mute rule or a composite's suppressor says so.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use alert::alarm::{Alarm, CompositeAlarm, Standing, SuppressedBy, Suppression, Suppressor};
use alert::composite::Rule;
use alert::document::{self, Place};
use alert::notice::Notice;
use alert::step::Decision;
use alert::transition::acts;
use alert::{State, mute, reason};
use model::{Micros, Timestamp};
use serde_json::json;
use settings::alerts::{Batch, HistoryItem, HistoryKind};
use settings::{AlarmRecord, Snapshot};

/// Composites above composites; alarms cannot be deeper, for a rule names what exists and no cycle is taken.
const MAX_ROUNDS: usize = 100;
/// CloudWatch's longest summary.
const MAX_SUMMARY: usize = 255;

/// A change in the making.
#[derive(Debug)]
pub(crate) struct Change<'a> {
    pub(crate) place: &'a Place,
    pub(crate) setup: &'a Snapshot,
    /// As alarms stood before.
    known: &'a BTreeMap<String, Standing>,
    /// As those stand that changed; nothing of those that are gone.
    changed: BTreeMap<String, Option<Standing>>,
    history: Vec<HistoryItem>,
    notices: Vec<Notice>,
    now: Timestamp,
    /// Alarms whose state is another than before, for the composites above them.
    moved: BTreeSet<String>,
}

impl<'a> Change<'a> {
    pub(crate) fn new(
        place: &'a Place,
        setup: &'a Snapshot,
        known: &'a BTreeMap<String, Standing>,
        now: Timestamp,
    ) -> Self {
        Self {
            place,
            setup,
            known,
            changed: BTreeMap::new(),
            history: Vec::new(),
            notices: Vec::new(),
            now,
            moved: BTreeSet::new(),
        }
    }

    /// How an alarm stands, this change included.
    pub(crate) fn standing(&self, name: &str) -> Option<&Standing> {
        match self.changed.get(name) {
            Some(changed) => changed.as_ref(),
            None => self.known.get(name),
        }
    }

    /// The same of an alarm that may never have been looked at.
    pub(crate) fn standing_of(&self, record: &AlarmRecord) -> Standing {
        let new = || Standing::new(reason::CREATED.to_owned(), record.created);
        self.standing(record.alarm.name()).cloned().unwrap_or_else(new)
    }

    pub(crate) fn set(&mut self, name: &str, standing: Standing) {
        self.changed.insert(name.to_owned(), Some(standing));
    }

    /// An alarm that is gone has no state; its history stays.
    pub(crate) fn forget(&mut self, name: &str) {
        self.changed.insert(name.to_owned(), None);
    }

    pub(crate) fn tell(&mut self, alarm: &Alarm, kind: HistoryKind, summary: &str, data: String) {
        self.history.push(HistoryItem {
            at: self.now,
            alarm: alarm.name().to_owned(),
            alarm_type: alarm.type_name().to_owned(),
            kind,
            summary: summary.chars().take(MAX_SUMMARY).collect(),
            data,
        });
    }

    /// Marks an alarm as one that others have to look at again.
    pub(crate) fn moves(&mut self, name: &str) {
        self.moved.insert(name.to_owned());
    }

    /// An alarm enters a state, or stays in it for another reason.
    pub(crate) fn enter(&mut self, record: &AlarmRecord, decision: &Decision) {
        let before = self.standing_of(record);
        let mut after = before.after(decision, self.now);
        if after.state != before.state {
            let (summary, data) = document::changed(&before, &after);
            self.tell(&record.alarm, HistoryKind::StateUpdate, &summary, data);
            self.moves(record.alarm.name());
            match self.suppression(&record.alarm) {
                Some(suppression) => after.suppression = Some(suppression),
                None => self.act(record, &before, &mut after, false),
            }
        }
        self.set(record.alarm.name(), after);
    }

    /// Does the actions of a state, or keeps them back where the alarm is muted.
    fn act(&mut self, record: &AlarmRecord, before: &Standing, after: &mut Standing, is_after_mute: bool) {
        after.is_muted = self.is_muted(record.alarm.name());
        if after.is_muted || !record.alarm.head().actions_enabled {
            return;
        }
        let acts = acts(self.place, &record.alarm, record.configured, before, after, is_after_mute);
        for arn in acts.failed {
            let summary = format!("Failed to execute action {arn}. Fluoro acts through topics of SNS alone");
            let data = json!({
                "actionState": "Failed",
                "stateUpdateTimestamp": after.updated.0 / 1_000,
                "notificationResource": arn,
                "error": "Fluoro acts through topics of SNS alone: arn:aws:sns:<region>:<account>:<notifier>",
            });
            self.tell(&record.alarm, HistoryKind::Action, &summary, data.to_string());
        }
        self.notices.extend(acts.notice);
        after.told = Some(after.state);
    }

    fn is_muted(&self, name: &str) -> bool {
        let mutes = self.setup.mutes.values().map(|record| &record.rule);
        let mut mutes = mutes.filter(|rule| rule.targets.iter().any(|target| target == name));
        mutes.any(|rule| mute::is_active(rule, self.now))
    }

    /// Whether the actions of a composite alarm wait for its suppressor.
    fn suppression(&self, alarm: &Alarm) -> Option<Suppression> {
        let Alarm::Composite(CompositeAlarm { suppressor: Some(suppressor), .. }) = alarm else {
            return None;
        };
        if self.is_suppressing(suppressor) {
            return Some(Suppression { by: SuppressedBy::Alarm, until: None });
        }
        let wait = Micros::from_secs(u64::from(suppressor.wait_seconds));
        let until = Some(self.now.plus(wait));
        (wait.0 > 0).then_some(Suppression { by: SuppressedBy::WaitPeriod, until })
    }

    fn is_suppressing(&self, suppressor: &Suppressor) -> bool {
        let name = self.place.name(&suppressor.alarm);
        name.and_then(|name| self.standing(name)).is_some_and(|standing| standing.state == State::Alarm)
    }

    /// What time alone changes: mute rules that ended, suppressors that came, went or were waited for.
    pub(crate) fn pass_time(&mut self) {
        let setup = self.setup;
        for record in setup.alarms.values() {
            let Some(standing) = self.standing(record.alarm.name()) else { continue };
            if standing.is_muted && !self.is_muted(record.alarm.name()) {
                self.unmute(record);
            } else if let (Some(suppression), Alarm::Composite(alarm)) = (standing.suppression, &record.alarm)
            {
                self.wait_on(record, alarm, suppression);
            }
        }
    }

    /// The mute rule is over: who knows another state than the one that there is, is told.
    fn unmute(&mut self, record: &AlarmRecord) {
        let mut standing = self.standing_of(record);
        standing.is_muted = false;
        if standing.told.unwrap_or(State::Ok) != standing.state {
            let before = told(&standing);
            self.act(record, &before, &mut standing, true);
        }
        self.set(record.alarm.name(), standing);
    }

    fn wait_on(&mut self, record: &AlarmRecord, alarm: &CompositeAlarm, suppression: Suppression) {
        let suppressor = alarm.suppressor.as_ref();
        let is_suppressing = suppressor.is_some_and(|suppressor| self.is_suppressing(suppressor));
        let is_over = suppression.until.is_none_or(|until| self.now >= until);
        let next = match suppression.by {
            _ if is_suppressing => Some(Suppression { by: SuppressedBy::Alarm, until: None }),
            SuppressedBy::Alarm => {
                let extension = suppressor.map_or(0, |suppressor| suppressor.extension_seconds);
                let until = self.now.plus(Micros::from_secs(u64::from(extension)));
                (extension > 0)
                    .then_some(Suppression { by: SuppressedBy::ExtensionPeriod, until: Some(until) })
            }
            _ if is_over => None,
            _ => Some(suppression),
        };
        if next == Some(suppression) {
            return;
        }
        let mut standing = self.standing_of(record);
        standing.suppression = next;
        if next.is_none() && standing.told.unwrap_or(State::Ok) != standing.state {
            let before = told(&standing);
            self.act(record, &before, &mut standing, false);
        }
        self.set(record.alarm.name(), standing);
    }

    /// Evaluates the composite alarms above what changed, and those above them.
    pub(crate) fn settle(&mut self) {
        let setup = self.setup;
        for _ in 0..MAX_ROUNDS {
            let moved = std::mem::take(&mut self.moved);
            if moved.is_empty() {
                return;
            }
            for record in setup.alarms.values() {
                if let Alarm::Composite(alarm) = &record.alarm {
                    self.settle_one(record, alarm, &moved);
                }
            }
        }
    }

    fn settle_one(&mut self, record: &Arc<AlarmRecord>, alarm: &CompositeAlarm, moved: &BTreeSet<String>) {
        let Ok(rule) = Rule::parse(&alarm.rule) else { return };
        let children: Vec<&str> =
            rule.children().into_iter().filter_map(|child| self.place.name(child)).collect();
        let mover = children.iter().copied().find(|child| moved.contains(*child));
        let is_new = moved.contains(&alarm.head.name);
        if mover.is_none() && !is_new {
            return;
        }
        let state_of = |child: &str| {
            let name = self.place.name(child)?;
            self.standing(name).map(|standing| standing.state)
        };
        let state = if rule.holds(&state_of) { State::Alarm } else { State::Ok };
        let before = self.standing_of(record);
        if before.state == state {
            return;
        }
        let reason = self.composite_reason(&alarm.head.name, mover, state);
        let triggering: Vec<_> = children
            .iter()
            .filter_map(|child| Some((child, self.standing(child)?)))
            .filter(|(_, standing)| standing.state == State::Alarm)
            .map(|(child, standing)| {
                let at = reason::document_date(standing.transitioned);
                let state = json!({ "value": standing.state, "timestamp": at });
                json!({ "arn": self.place.arn(child), "state": state })
            })
            .collect();
        let reason_data = Some(json!({ "triggeringAlarms": triggering }).to_string());
        self.enter(record, &Decision { state, reason, reason_data });
    }

    fn composite_reason(&self, name: &str, mover: Option<&str>, state: State) -> String {
        match mover.and_then(|mover| Some((mover, self.standing(mover)?))) {
            Some((mover, standing)) => {
                let (arn, to) = (self.place.arn(mover), standing.state.name());
                format!("{arn} transitioned to {to} at {}", reason::long_date(standing.transitioned))
            }
            None => {
                let arn = self.place.arn(name);
                format!("{arn} was created and its alarm rule evaluates to {}", state.name())
            }
        }
    }

    /// All that is to be written, and how the alarms that changed stand now.
    pub(crate) fn finish(mut self) -> (Batch, BTreeMap<String, Option<Standing>>) {
        self.settle();
        let states = self.changed.iter().map(|(name, standing)| {
            let value = standing.as_ref().and_then(|standing| serde_json::to_value(standing).ok());
            (name.clone(), value)
        });
        let batch = Batch {
            alarm_states: states.collect(),
            history: self.history,
            notices: self.notices,
            ..Batch::default()
        };
        (batch, self.changed)
    }
}

/// As those know it who were told last.
fn told(standing: &Standing) -> Standing {
    Standing { state: standing.told.unwrap_or(State::InsufficientData), ..standing.clone() }
}
