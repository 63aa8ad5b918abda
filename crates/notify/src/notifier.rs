//! A notifier: its kind, what the kind needs, and what it is told of; to and from JSON, with its secrets apart.
//!
//! In JSON all members lie side by side: `{"name", "kind", "url", ...}`. Secrets are some of these members, by kind. They
//! are taken out before the rest is kept or shown ([`split`]), and shown as a mask that may be sent back to keep them.

mod kind;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use alert::notice::Severity;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

pub use kind::{
    Alertmanager, Body, Chat, Email, EventBridge, Kind, PagerDuty, Sns, Tls, Topic, Webhook, check_address,
    check_url, secret_members,
};

pub(crate) use kind::parse_url;

use crate::template;

/// What stands for a secret that is there. No secret that anybody uses holds it.
pub const MASK: &str = "••••";
/// Of one notifier, all members together.
const MAX_BYTES: usize = 64 * 1024;

#[derive(Debug, Clone, PartialEq)]
pub struct Notifier {
    pub name: String,
    pub kind: Kind,
    pub wants: Wants,
    /// From the file that was given at the start, which nobody changes by the API.
    pub is_fixed: bool,
}

/// What it is told of, unless an alarm names it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wants {
    pub insights: bool,
    /// That something is over.
    pub resolved: bool,
    /// What is less severe is not told.
    pub min_severity: Option<Severity>,
    /// Groups of X-Ray; all where there is none.
    pub groups: Vec<String>,
    /// So many hours after the last message of something that still goes on, it is told again; 0 is never.
    pub repeat_hours: Option<u32>,
    /// Whether alarms that are a part of an insight which it was told of are held back. Default by kind.
    pub inhibit: Option<bool>,
}

/// Why something is no notifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotifierError(pub String);

/// A text that is shown to nobody. Where a file was given, it is read at each use, so that it can be changed there.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Secret {
    Text(String),
    File { file: String },
}

/// The members that say what is wanted rather than how to reach it.
const WANTS: [&str; 6] = ["insights", "resolved", "min_severity", "groups", "repeat_hours", "inhibit"];

// === impl Wants ===

impl Default for Wants {
    fn default() -> Self {
        Self {
            insights: true,
            resolved: true,
            min_severity: None,
            groups: Vec::new(),
            repeat_hours: None,
            inhibit: None,
        }
    }
}

// === impl Secret ===

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl Secret {
    /// What it is now; why a file of it cannot be read.
    pub fn reveal(&self) -> Result<String, NotifierError> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::File { file } => match std::fs::read_to_string(file) {
                Ok(text) => Ok(text.trim_end().to_owned()),
                Err(error) => Err(NotifierError(format!("cannot read {file}: {error}"))),
            },
        }
    }
}

// === impl Notifier ===

impl Notifier {
    /// Whether it is spared what it knows by something else. Machines that keep alarms themselves are told of each.
    pub(crate) fn inhibits(&self) -> bool {
        let is_machine = matches!(self.kind, Kind::Alertmanager(_) | Kind::EventBridge(_));
        self.wants.inhibit.unwrap_or(!is_machine)
    }

    /// From all members, secrets included: `body` without `name` and `kind`.
    pub fn parse(name: &str, kind: &str, body: &Map<String, Value>) -> Result<Self, NotifierError> {
        let failed = |error: NotifierError| NotifierError(format!("notifier {name}: {error}"));
        if Value::Object(body.clone()).to_string().len() > MAX_BYTES {
            return Err(failed(NotifierError(format!("it is larger than {MAX_BYTES} bytes"))));
        }
        let mut rest = body.clone();
        let wanted = WANTS.into_iter().filter_map(|member| Some((member.to_owned(), rest.remove(member)?)));
        let wants = typed(Value::Object(wanted.collect())).map_err(failed)?;
        let kind = Kind::parse(kind, rest).map_err(failed)?;
        if let Kind::Webhook(Webhook { template: Some(source), content_type, .. }) = &kind {
            template::check(source, content_type).map_err(failed)?;
        }
        Ok(Self { name: name.to_owned(), kind, wants, is_fixed: false })
    }
}

fn typed<T: DeserializeOwned>(value: Value) -> Result<T, NotifierError> {
    serde_json::from_value(value).map_err(|error| NotifierError(error.to_string()))
}

/// What somebody sent, apart: what can be shown, the secrets in the open, and the secrets that stay what they are.
#[derive(Clone, PartialEq, Eq)]
pub struct Split {
    pub public: Map<String, Value>,
    /// By member, as JSON.
    pub secrets: BTreeMap<String, String>,
    pub kept: Vec<String>,
}

impl fmt::Debug for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Split")
            .field("public", &self.public)
            .field("kept", &self.kept)
            .finish_non_exhaustive()
    }
}

/// Takes the secrets out of the members of a notifier. A secret that is a mask, or that is not there at all, is kept.
/// Only the file of notifiers may name files, so here a secret is a text, and headers are texts by name.
pub fn split(kind: &str, mut body: Map<String, Value>) -> Result<Split, NotifierError> {
    let mut secrets = BTreeMap::new();
    let mut kept = Vec::new();
    for member in secret_members(kind) {
        match body.remove(*member) {
            None => kept.push((*member).to_owned()),
            Some(Value::Null) => {}
            Some(Value::String(text)) if text.is_empty() => {}
            Some(value) if value.to_string().contains(MASK) => kept.push((*member).to_owned()),
            Some(value) if !is_text(&value) => {
                return Err(NotifierError(format!(
                    "{member}: it must be a text, or for headers texts by name"
                )));
            }
            Some(value) => {
                secrets.insert((*member).to_owned(), value.to_string());
            }
        }
    }
    Ok(Split { public: body, secrets, kept })
}

fn is_text(secret: &Value) -> bool {
    match secret {
        Value::String(_) => true,
        Value::Object(headers) => headers.values().all(Value::is_string) && !headers.contains_key("file"),
        _ => false,
    }
}

/// The other way round.
pub fn join(public: &Map<String, Value>, secrets: &BTreeMap<String, String>) -> Map<String, Value> {
    let mut body = public.clone();
    for (member, secret) in secrets {
        body.insert(member.clone(), serde_json::from_str(secret).unwrap_or(Value::Null));
    }
    body
}

/// How a secret is shown: of a URL where it leads, of other texts the last four characters where that tells nothing.
pub fn mask(secret: &Value) -> Value {
    match secret {
        Value::Object(members) => {
            let masked = |(name, _): (&String, &Value)| (name.clone(), Value::from(MASK));
            Value::Object(members.iter().map(masked).collect())
        }
        Value::String(text) => Value::from(mask_text(text)),
        _ => Value::from(MASK),
    }
}

fn mask_text(text: &str) -> String {
    if let Some((scheme, rest)) = text.split_once("://") {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        return format!("{scheme}://{host}/{MASK}");
    }
    let length = text.chars().count();
    let end: String = if length >= 16 { text.chars().skip(length - 4).collect() } else { String::new() };
    format!("{MASK}{end}")
}
