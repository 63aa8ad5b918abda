//! Groups: made, changed and deleted by X-Ray's conditions.
//! <https://docs.aws.amazon.com/xray/latest/devguide/xray-console-groups.html>
//!
//! Whether a text is a filter expression is for the caller to check: the language is not known here.

use model::Timestamp;
use model::group::{self, Group};
use rand::Rng;

use crate::account::Named;
use crate::error::SettingsError;
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use crate::tag::{self, Tags};

/// X-Ray's limit for an account and region, the default group included.
pub const MAX_GROUPS: usize = 25;

/// The id that tells groups of the same name apart: base 32, as long as X-Ray's.
const ID_LENGTH: usize = 52;
const ID_LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A group, and what is known of its past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRecord {
    pub group: Group,
    /// How rollups and digests name it; see [`group::key`]. Its ARN ends in it.
    pub key: String,
    /// When its filter expression was last changed; what was received before was matched against another one.
    pub filter_changed: Option<Timestamp>,
}

/// The switches of a group; what is `None` stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InsightsUpdate {
    pub insights_enabled: Option<bool>,
    pub notifications_enabled: Option<bool>,
}

impl Snapshot {
    /// The group of that name or ARN.
    pub fn group(&self, account: &crate::Account, named: &Named) -> Option<&GroupRecord> {
        match named {
            Named::Name(name) => self.groups.get(name),
            Named::Arn(arn) => {
                let key = account.resource(arn)?.strip_prefix("group/")?;
                self.groups.get(group::name_of(key)).filter(|record| record.key == key)
            }
        }
    }
}

impl GroupRecord {
    pub fn arn(&self, account: &crate::Account) -> String {
        account.arn(&format!("group/{}", self.key))
    }

    /// Whether some of what was received since then was matched against an earlier filter expression.
    pub fn is_mixed_since(&self, instant: Timestamp) -> bool {
        self.filter_changed.is_some_and(|changed| instant < changed)
    }
}

impl Settings {
    pub fn create_group(
        &self,
        name: &str,
        filter_expression: String,
        insights: InsightsUpdate,
        tags: Tags,
    ) -> Result<GroupRecord, SettingsError> {
        if !name.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'-') {
            return Err(SettingsError::refused("Group name may have letters, digits and hyphens only"));
        }
        if filter_expression.trim().is_empty() {
            return Err(filter_is_empty());
        }
        // In another case it would be taken for the group of all traces by every reader.
        if name != group::DEFAULT && name.eq_ignore_ascii_case(group::DEFAULT) {
            return Err(SettingsError::refused("The default group name is reserved"));
        }
        self.change(|snapshot| {
            if snapshot.groups.contains_key(name) {
                return Err(SettingsError::refused(format!("{name} already exists")));
            }
            if snapshot.groups.len() >= MAX_GROUPS {
                let text = format!("There are {MAX_GROUPS} groups already, which is the limit");
                return Err(SettingsError::refused(text));
            }
            let group = Group {
                name: name.to_owned(),
                filter_expression: Some(filter_expression),
                // As X-Ray has it: a group that is made has none unless it asks for them.
                insights_enabled: false,
                notifications_enabled: false,
            };
            let group = insights.apply(group)?;
            let record = GroupRecord { group, key: group::key(name, &unique_id()), filter_changed: None };
            tag::set(snapshot, &record.arn(self.account()), tags)?;
            snapshot.groups.insert(name.to_owned(), record.clone());
            Ok(record)
        })
    }

    /// Changes a group. The default group has no filter expression and gets none; every other must be given one,
    /// even where it stays as it is, as X-Ray asks.
    pub fn update_group(
        &self,
        named: &Named,
        filter_expression: Option<String>,
        insights: InsightsUpdate,
        now: Timestamp,
    ) -> Result<GroupRecord, SettingsError> {
        self.change(|snapshot| {
            let name = snapshot.group(self.account(), named).ok_or_else(not_found)?.group.name.clone();
            let filter_expression = filter_expression.filter(|text| !text.trim().is_empty());
            if name == group::DEFAULT && filter_expression.is_some() {
                return Err(SettingsError::refused("The Default group takes every trace and has no filter"));
            }
            if name != group::DEFAULT && filter_expression.is_none() {
                return Err(filter_is_empty());
            }
            let record = snapshot.groups.get_mut(&name).ok_or_else(not_found)?;
            if record.group.filter_expression != filter_expression {
                record.filter_changed = Some(now);
            }
            record.group = insights.apply(Group { filter_expression, ..record.group.clone() })?;
            Ok(record.clone())
        })
    }

    /// Deletes a group and its tags. What was counted for it can no longer be asked for.
    pub fn delete_group(&self, named: &Named) -> Result<(), SettingsError> {
        self.change(|snapshot| {
            let record = snapshot.group(self.account(), named).ok_or_else(not_found)?.clone();
            if record.group.name == group::DEFAULT {
                return Err(SettingsError::refused("The Default group cannot be deleted"));
            }
            snapshot.groups.remove(&record.group.name);
            snapshot.tags.remove(&record.arn(self.account()));
            Ok(())
        })
    }
}

impl InsightsUpdate {
    fn apply(self, group: Group) -> Result<Group, SettingsError> {
        let insights_enabled = self.insights_enabled.unwrap_or(group.insights_enabled);
        // Notifications tell of insights, so they end with them.
        let kept = group.notifications_enabled && insights_enabled;
        let notifications_enabled = self.notifications_enabled.unwrap_or(kept);
        if notifications_enabled && !insights_enabled {
            return Err(SettingsError::refused("Notifications cannot be enabled without insights"));
        }
        Ok(Group { insights_enabled, notifications_enabled, ..group })
    }
}

fn filter_is_empty() -> SettingsError {
    SettingsError::refused("Filter Expression is empty")
}

fn not_found() -> SettingsError {
    SettingsError::refused("Group not found")
}

fn unique_id() -> String {
    let mut random = rand::rng();
    let letters = (0..ID_LENGTH).map(|_| ID_LETTERS[random.random_range(0..ID_LETTERS.len())]);
    letters.map(char::from).collect()
}
