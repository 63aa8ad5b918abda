//! Tags on sampling rules, groups, alarms and mute rules.

use std::collections::BTreeMap;

use crate::account::Account;
use crate::error::SettingsError;
use crate::settings::Settings;
use crate::snapshot::Snapshot;

/// Values by key.
pub type Tags = BTreeMap<String, String>;

/// X-Ray's limit for a resource: <https://docs.aws.amazon.com/xray/latest/api/API_Tag.html>
pub const MAX_TAGS: usize = 50;
/// Keys that begin so are AWS's own.
const RESERVED: &str = "aws:";

impl Snapshot {
    /// The tags of a resource that exists.
    pub fn tags_of(&self, account: &Account, arn: &str) -> Result<Tags, SettingsError> {
        self.check_exists(account, arn)?;
        Ok(self.tags.get(arn).cloned().unwrap_or_default())
    }

    fn check_exists(&self, account: &Account, arn: &str) -> Result<(), SettingsError> {
        let is_there = self.rules.values().any(|record| record.rule.arn == arn)
            || self.groups.values().any(|record| record.arn(account) == arn)
            || self.alarms.keys().any(|name| account.alarm_arn(name) == arn)
            || self.mutes.keys().any(|name| account.mute_arn(name) == arn);
        if is_there { Ok(()) } else { Err(SettingsError::NotFound { resource: arn.to_owned() }) }
    }
}

impl Settings {
    /// Adds tags, or replaces the values of those that are there.
    pub fn tag(&self, arn: &str, tags: Tags) -> Result<(), SettingsError> {
        self.change(|snapshot| {
            snapshot.check_exists(self.account(), arn)?;
            set(snapshot, arn, tags)
        })
    }

    /// Takes tags away; those that are not there are passed over.
    pub fn untag(&self, arn: &str, keys: &[String]) -> Result<(), SettingsError> {
        self.change(|snapshot| {
            snapshot.check_exists(self.account(), arn)?;
            if let Some(tags) = snapshot.tags.get_mut(arn) {
                tags.retain(|key, _| !keys.contains(key));
            }
            snapshot.tags.retain(|_, tags| !tags.is_empty());
            Ok(())
        })
    }
}

pub(crate) fn set(snapshot: &mut Snapshot, arn: &str, tags: Tags) -> Result<(), SettingsError> {
    if let Some(key) = tags.keys().find(|key| key.to_ascii_lowercase().starts_with(RESERVED)) {
        let text = format!("Tag key {key} is not allowed: keys that begin with {RESERVED} are reserved");
        return Err(SettingsError::refused(text));
    }
    if tags.is_empty() {
        return Ok(());
    }
    let held = snapshot.tags.entry(arn.to_owned()).or_default();
    held.extend(tags);
    if held.len() > MAX_TAGS {
        return Err(SettingsError::TooManyTags { resource: arn.to_owned(), limit: MAX_TAGS });
    }
    Ok(())
}
