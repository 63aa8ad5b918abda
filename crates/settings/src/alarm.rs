//! Alarms and mute rules as they are set up. How alarms stand is in `alerts.db`.
//!
//! Whether they make sense is for the caller to check, who knows metrics and states; here are the names and the limits.

use std::sync::Arc;

use alert::alarm::Alarm;
use alert::mute::MuteRule;
use model::Timestamp;

use crate::account::Account;
use crate::error::SettingsError;
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use crate::tag::{self, Tags};

/// Alarms of an account and region, as in CloudWatch by default.
pub const MAX_ALARMS: usize = 5_000;
/// Mute rules at most; each names up to a hundred alarms and is asked at every action.
pub const MAX_MUTES: usize = 500;

#[derive(Debug, Clone, PartialEq)]
pub struct AlarmRecord {
    pub alarm: Alarm,
    pub created: Timestamp,
    /// When its configuration last changed.
    pub configured: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MuteRecord {
    pub rule: MuteRule,
    pub modified: Timestamp,
}

impl Account {
    pub fn alarm_arn(&self, name: &str) -> String {
        self.arn_of("cloudwatch", &format!("alarm:{name}"))
    }

    pub fn mute_arn(&self, name: &str) -> String {
        self.arn_of("cloudwatch", &format!("alarm-mute-rule:{name}"))
    }
}

impl Snapshot {
    /// The alarm of that name, where there is one.
    pub fn alarm(&self, name: &str) -> Option<&Arc<AlarmRecord>> {
        self.alarms.get(name)
    }
}

impl Settings {
    /// Makes an alarm, or replaces all that one of the name says; tags count for a new one alone, as in CloudWatch. Gives
    /// what was there before.
    pub fn put_alarm(
        &self,
        alarm: Alarm,
        tags: Tags,
        now: Timestamp,
    ) -> Result<Option<Arc<AlarmRecord>>, SettingsError> {
        self.change(|snapshot| {
            let name = alarm.name().to_owned();
            let old = snapshot.alarms.get(&name).cloned();
            if old.is_none() {
                if snapshot.alarms.len() >= MAX_ALARMS {
                    return Err(SettingsError::TooManyAlarms { limit: MAX_ALARMS });
                }
                tag::set(snapshot, &self.account().alarm_arn(&name), tags)?;
            }
            let created = old.as_ref().map_or(now, |old| old.created);
            snapshot.alarms.insert(name, Arc::new(AlarmRecord { alarm, created, configured: now }));
            Ok(old)
        })
    }

    /// Removes alarms with their tags, and gives those that there were.
    pub fn delete_alarms(&self, names: &[String]) -> Result<Vec<Arc<AlarmRecord>>, SettingsError> {
        self.change(|snapshot| {
            let mut gone = Vec::new();
            for name in names {
                if let Some(record) = snapshot.alarms.remove(name) {
                    snapshot.tags.remove(&self.account().alarm_arn(name));
                    gone.push(record);
                }
            }
            Ok(gone)
        })
    }

    /// Switches the actions of those alarms that there are, and gives them as they are now, each with what it was.
    pub fn enable_actions(
        &self,
        names: &[String],
        enabled: bool,
        now: Timestamp,
    ) -> Result<Vec<Arc<AlarmRecord>>, SettingsError> {
        self.change(|snapshot| {
            let mut changed = Vec::new();
            for name in names {
                let Some(record) = snapshot.alarms.get_mut(name) else { continue };
                let mut new = AlarmRecord::clone(record);
                new.alarm.head_mut().actions_enabled = enabled;
                new.configured = now;
                *record = Arc::new(new);
                changed.push(Arc::clone(record));
            }
            Ok(changed)
        })
    }

    pub fn put_mute(&self, rule: MuteRule, tags: Tags, now: Timestamp) -> Result<(), SettingsError> {
        self.change(|snapshot| {
            let name = rule.name.clone();
            if !snapshot.mutes.contains_key(&name) {
                if snapshot.mutes.len() >= MAX_MUTES {
                    return Err(SettingsError::TooManyAlarms { limit: MAX_MUTES });
                }
                tag::set(snapshot, &self.account().mute_arn(&name), tags)?;
            }
            snapshot.mutes.insert(name, MuteRecord { rule, modified: now });
            Ok(())
        })
    }

    /// Whether there was one.
    pub fn delete_mute(&self, name: &str) -> Result<bool, SettingsError> {
        self.change(|snapshot| {
            snapshot.tags.remove(&self.account().mute_arn(name));
            Ok(snapshot.mutes.remove(name).is_some())
        })
    }
}
