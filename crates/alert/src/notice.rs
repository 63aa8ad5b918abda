//! What is told to people and to other systems: one message about one thing, as data, before any notifier words it.
//!
//! Whoever decides that something is worth telling makes a [`Notice`] and commits it with the state that it tells of;
//! nothing here knows who is told or how. Names, sentences and exceptions come from telemetry and are hostile text: they
//! are kept as they are, and each notifier bounds and escapes them for what it writes.

use model::Timestamp;
use serde::{Deserialize, Serialize};

/// SNS's limit for a message.
pub const MAX_DOCUMENT_BYTES: usize = 256 * 1024;

/// Names of those who are affected; a message says how many more there are.
const MAX_AFFECTED: usize = 200;

/// One message. Two with the same `dedup_key` are of the same thing: the first opens it, those after it say how it goes
/// on, and one that is [`Status::Resolved`] ends it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    pub kind: Kind,
    pub status: Status,
    /// Stays the same from the opening to the end, over restarts too: `insight/<id>`, `alarm/<name>`.
    pub dedup_key: String,
    /// A line: `payments fails`, `ALARM: "checkout p99" in local`.
    pub title: String,
    /// The sentence that says what it is, since when and how bad.
    pub summary: String,
    pub severity: Severity,
    /// The group of X-Ray in which it was noticed.
    pub group: Option<String>,
    /// Where it began.
    pub root: Option<Root>,
    /// The exception that is seen most.
    pub exception: Option<String>,
    /// The version that came with it.
    pub version: Option<String>,
    /// Who fails or waits because of it, most affected first.
    #[serde(default)]
    pub affected: Vec<String>,
    pub impact: Impact,
    pub since: Timestamp,
    /// When it was over.
    pub until: Option<Timestamp>,
    pub links: Links,
    pub documents: Documents,
    pub audience: Audience,
    /// The `dedup_key` of what tells of it already: of the insight whose origin or victim an alarm is about.
    #[serde(default)]
    pub part_of: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Insight,
    Alarm,
    /// Fluoro about itself: a notifier that fails, ingest that lags.
    Fluoro,
    /// What somebody published to a topic.
    Message,
    /// Whoever was subscribed to a topic is asked whether that is wanted.
    Subscription,
    /// Somebody pressed *send a test*.
    Test,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Firing,
    Resolved,
}

/// PagerDuty's words, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Critical,
    Error,
    Warning,
    Info,
}

/// A node of the service map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    pub name: String,
    /// X-Ray's word: `AWS::DynamoDB::Table`, `client`, `remote`.
    #[serde(rename = "type")]
    pub node_type: Option<String>,
}

/// How much of it there was when it was told; nothing where nobody counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Impact {
    pub requests: Option<u64>,
    pub failing: Option<u64>,
    pub users: Option<u64>,
}

/// Paths within the console, with query and without scheme and host: `/insights/<id>`. Times in them are absolute, so
/// that the page shows what the message told of.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Links {
    pub page: Option<String>,
    /// The map at that minute.
    pub map: Option<String>,
    /// Example traces, the best first.
    pub traces: Vec<String>,
}

/// The same in AWS's own shapes, for receivers that read those.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Documents {
    /// What stands in `Message` of an SNS notification: CloudWatch's alarm document; an object, or a text as it was published.
    pub message: serde_json::Value,
    /// An event of EventBridge: `detail-type`, `source`, `resources` and `detail`; the envelope's id and time are added when
    /// it is sent. Null where AWS has none.
    pub event: serde_json::Value,
}

/// Who is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Audience {
    /// Every notifier that does not say otherwise: insights.
    All,
    /// Every notifier but this one: that it fails itself.
    AllBut(String),
    /// These notifiers and topics, by name: alarms. A name that nobody bears any more is recorded as a failed action.
    Named(Vec<String>),
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Insight => "insight",
            Self::Alarm => "alarm",
            Self::Fluoro => "fluoro",
            Self::Message => "message",
            Self::Subscription => "subscription",
            Self::Test => "test",
        }
    }
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }
}

impl Severity {
    pub fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

impl Notice {
    /// A notice with nothing but what every one has; the rest is set by whoever makes it.
    pub fn new(kind: Kind, status: Status, dedup_key: impl Into<String>, since: Timestamp) -> Self {
        Self {
            kind,
            status,
            dedup_key: dedup_key.into(),
            title: String::new(),
            summary: String::new(),
            severity: Severity::Warning,
            group: None,
            root: None,
            exception: None,
            version: None,
            affected: Vec::new(),
            impact: Impact::default(),
            since,
            until: None,
            links: Links::default(),
            documents: Documents::default(),
            audience: Audience::All,
            part_of: None,
        }
    }

    /// With every text cut to a length at which it still says something: what telemetry holds may be a megabyte. The
    /// documents go where they are larger than SNS takes, for half of one is of no use.
    pub fn bounded(mut self) -> Self {
        cut(&mut self.title, 500);
        cut(&mut self.summary, 2_000);
        for text in [&mut self.group, &mut self.exception, &mut self.version].into_iter().flatten() {
            cut(text, 500);
        }
        if let Some(root) = &mut self.root {
            cut(&mut root.name, 200);
            root.node_type.iter_mut().for_each(|text| cut(text, 200));
        }
        self.affected.truncate(MAX_AFFECTED);
        self.affected.iter_mut().for_each(|name| cut(name, 200));
        self.links.traces.truncate(3);
        let links = [&mut self.links.page, &mut self.links.map].into_iter().flatten();
        links.chain(&mut self.links.traces).for_each(|link| cut(link, 2_000));
        for document in [&mut self.documents.message, &mut self.documents.event] {
            if document.to_string().len() > MAX_DOCUMENT_BYTES {
                *document = serde_json::Value::Null;
            }
        }
        self
    }
}

/// To so many characters, with a sign that there was more.
fn cut(text: &mut String, most: usize) {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters_and_say_so() {
        let mut notice = Notice::new(Kind::Insight, Status::Firing, "insight/1", Timestamp(0));
        notice.exception = Some("ü".repeat(1_000_000));
        notice.documents.message = serde_json::Value::String("x".repeat(MAX_DOCUMENT_BYTES));
        notice.documents.event = serde_json::json!({"detail": {}});
        let bounded = notice.bounded();
        assert_eq!(bounded.exception, Some(format!("{}…", "ü".repeat(500))));
        assert_eq!(bounded.documents.message, serde_json::Value::Null);
        assert_eq!(bounded.documents.event, serde_json::json!({"detail": {}}));
    }
}
