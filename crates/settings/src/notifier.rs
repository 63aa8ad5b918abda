//! Notifiers: whom to tell, with the secrets of each sealed. What a kind needs is for the caller to know.

use std::collections::BTreeMap;

use model::Timestamp;
use serde_json::{Map, Value};

use crate::error::SettingsError;
use crate::settings::Settings;

/// Each is asked for every notice.
pub const MAX_NOTIFIERS: usize = 100;

/// A notifier as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct NotifierRecord {
    pub name: String,
    pub kind: String,
    /// What is no secret.
    pub body: Map<String, Value>,
    /// By member, what only [`Settings::secrets`] opens.
    pub sealed: BTreeMap<String, String>,
    pub created: Timestamp,
    pub modified: Timestamp,
}

/// A notifier as somebody sets it up.
#[derive(Clone, PartialEq, Eq)]
pub struct NewNotifier {
    pub name: String,
    pub kind: String,
    pub body: Map<String, Value>,
    /// By member, in the open; they are sealed before they are written.
    pub secrets: BTreeMap<String, String>,
    /// Members whose secrets stay what they are.
    pub kept: Vec<String>,
}

impl std::fmt::Debug for NotifierRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NotifierRecord")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for NewNotifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewNotifier")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// Makes a notifier. Its name is a topic's name too, so that an alarm's action can name it.
    pub fn create_notifier(&self, new: NewNotifier, now: Timestamp) -> Result<NotifierRecord, SettingsError> {
        check_name(&new.name)?;
        self.put(new, now, |held, count, name| {
            if held {
                return Err(SettingsError::refused(format!("a notifier {name} exists already")));
            }
            if count >= MAX_NOTIFIERS {
                let text = format!("there are {MAX_NOTIFIERS} notifiers already, which is the limit");
                return Err(SettingsError::refused(text));
            }
            Ok(())
        })
    }

    /// Replaces a notifier, its kept secrets aside.
    pub fn update_notifier(&self, new: NewNotifier, now: Timestamp) -> Result<NotifierRecord, SettingsError> {
        self.put(new, now, |held, _, name| if held { Ok(()) } else { Err(not_found(name)) })
    }

    fn put(
        &self,
        new: NewNotifier,
        now: Timestamp,
        may: impl FnOnce(bool, usize, &str) -> Result<(), SettingsError>,
    ) -> Result<NotifierRecord, SettingsError> {
        let mut sealed = BTreeMap::new();
        if !new.secrets.is_empty() {
            let seal = self.seal()?;
            for (member, secret) in &new.secrets {
                sealed.insert(member.clone(), seal.seal(&place(&new.name, member), secret)?);
            }
        }
        self.change(|snapshot| {
            let held = snapshot.notifiers.get(&new.name);
            may(held.is_some(), snapshot.notifiers.len(), &new.name)?;
            for member in new.kept {
                if let Some(secret) = held.and_then(|held| held.sealed.get(&member)) {
                    sealed.insert(member, secret.clone());
                }
            }
            let created = held.map_or(now, |held| held.created);
            let (name, kind, body) = (new.name, new.kind, new.body);
            let record = NotifierRecord { name, kind, body, sealed, created, modified: now };
            snapshot.notifiers.insert(record.name.clone(), record.clone());
            Ok(record)
        })
    }

    /// Deletes a notifier, and the subscriptions where it is a topic.
    pub fn delete_notifier(&self, name: &str) -> Result<(), SettingsError> {
        self.change(|snapshot| {
            snapshot.notifiers.remove(name).ok_or_else(|| not_found(name))?;
            snapshot.subscriptions.retain(|_, subscription| subscription.topic != name);
            Ok(())
        })
    }

    /// The secrets of a notifier, in the open, by member.
    pub fn secrets(&self, record: &NotifierRecord) -> Result<BTreeMap<String, String>, SettingsError> {
        if record.sealed.is_empty() {
            return Ok(BTreeMap::new());
        }
        let seal = self.seal()?;
        let open = |(member, sealed): (&String, &String)| {
            let opened = seal.open(&place(&record.name, member), sealed);
            opened.map(|secret| (member.clone(), secret)).ok_or_else(|| {
                SettingsError::refused(format!(
                    "{member} of the notifier {} does not open with settings.db.seal; set it again",
                    record.name
                ))
            })
        };
        record.sealed.iter().map(open).collect()
    }

    /// What proves that somebody got what was sent for a purpose: always the same, and not to be guessed.
    pub fn token(&self, purpose: &str) -> Result<String, SettingsError> {
        Ok(self.seal()?.tag(purpose))
    }
}

/// Where a secret lies; it opens nowhere else.
pub(crate) fn place(name: &str, member: &str) -> String {
    format!("notifier/{name}/{member}")
}

fn not_found(name: &str) -> SettingsError {
    SettingsError::NotFound { resource: format!("notifier {name}") }
}

/// As SNS names its topics.
fn check_name(name: &str) -> Result<(), SettingsError> {
    let allowed = |letter: u8| letter.is_ascii_alphanumeric() || letter == b'-' || letter == b'_';
    if name.is_empty() || name.len() > 256 || !name.bytes().all(allowed) {
        let text = "a notifier's name is 1 to 256 letters, digits, hyphens and underscores";
        return Err(SettingsError::refused(text));
    }
    Ok(())
}
