//! What is kept of one insight.

use model::digest::ExceptionDigest;
use model::{NodeKey, NodeKind, Timestamp};
use serde::{Deserialize, Serialize};

use crate::now::{Entry, Weight, What};

/// X-Ray's API knows faults alone; the other two are told in the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    Fault,
    Latency,
    Traffic,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Outage,
    Degraded,
}

/// Requests, and those of them that failed or were too slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Impact {
    pub failing: u64,
    pub total: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    Opened,
    RootChanged,
    NodeJoined,
    ImpactGrew,
    Closed,
    Reopened,
    /// It went on for so long that it is what is usual now.
    BecameUsual,
}

/// A step of an insight, with what was known then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub at: Timestamp,
    /// When it ended or began again, which is known a while later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moment: Option<Timestamp>,
    pub kind: EventKind,
    pub summary: String,
    pub clients: Impact,
    pub origin: Impact,
    pub anomalous: Vec<NodeKey>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    pub name: Option<String>,
    pub message: Option<String>,
}

/// What somebody wrote down about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub by: String,
    pub at: Timestamp,
    pub text: String,
    /// They know of it; it needs nobody else.
    pub is_acknowledged: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Insight {
    /// A UUID of version 5, made of group, first root and onset: the same happening has the same id wherever it is found.
    pub id: String,
    /// The [key](model::group::key) of its group.
    pub group: String,
    pub category: Category,
    pub severity: Severity,
    pub root: NodeKey,
    pub root_kind: NodeKind,
    /// Further origins that failed with it.
    pub members: Vec<NodeKey>,
    /// The root first, then those that suffer, at most [`Insight::MOST_ANOMALOUS`].
    pub anomalous: Vec<NodeKey>,
    pub start: Timestamp,
    /// `None` while it is active.
    pub end: Option<Timestamp>,
    /// When it went wrong the last time.
    pub seen: Timestamp,
    /// The time of the newest event.
    pub updated: Timestamp,
    /// When people were told the last time.
    pub told: Timestamp,
    pub clients: Impact,
    pub origin: Impact,
    pub users: u64,
    pub exception: Option<Exception>,
    pub operation: Option<String>,
    /// Who fails or waits because of it, most affected first.
    pub affected: Vec<NodeKey>,
    /// The version that came with it, and whose.
    pub version: Option<(NodeKey, String)>,
    pub example: Option<String>,
    pub summary: String,
    /// Ascending.
    pub events: Vec<Event>,
    pub reopened: u32,
    /// The nearest earlier one with the same root and exception, at the same entry where there was one.
    pub earlier: Option<String>,
    pub note: Option<Note>,
}

impl Insight {
    pub const MOST_ANOMALOUS: usize = 5;
    /// Beyond so many the first, the last and those with another root stay.
    pub const MOST_EVENTS: usize = 200;

    pub fn is_active(&self) -> bool {
        self.end.is_none()
    }

    /// Whether it went on at some time of the range; an active one goes on.
    pub fn touches(&self, start: Timestamp, end: Timestamp) -> bool {
        self.start < end && self.end.is_none_or(|ended| ended >= start)
    }

    /// Whether the entry tells of one of its origins.
    pub(super) fn is_about(&self, entry: &Entry) -> bool {
        self.category == Category::of(entry.what)
            && (self.root == entry.node || self.members.contains(&entry.node))
    }

    pub(super) fn push(&mut self, at: Timestamp, kind: EventKind) {
        self.updated = at;
        let event = Event {
            at,
            moment: None,
            kind,
            summary: self.summary.clone(),
            clients: self.clients,
            origin: self.origin,
            anomalous: self.anomalous.clone(),
        };
        self.events.push(event);
        if self.events.len() > Self::MOST_EVENTS {
            let last = self.events.len() - 1;
            let dull = |&(place, event): &(usize, &Event)| {
                place > 0
                    && place < last
                    && matches!(event.kind, EventKind::ImpactGrew | EventKind::NodeJoined)
            };
            let dullest = self.events.iter().enumerate().find(dull).map_or(1, |(place, _)| place);
            self.events.remove(dullest);
        }
    }
}

impl EventKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::RootChanged => "root-changed",
            Self::NodeJoined => "node-joined",
            Self::ImpactGrew => "impact-grew",
            Self::Closed => "closed",
            Self::Reopened => "reopened",
            Self::BecameUsual => "became-usual",
        }
    }
}

impl Category {
    pub fn of(what: What) -> Self {
        match what {
            What::Failing => Self::Fault,
            What::Slow => Self::Latency,
            What::Silent => Self::Traffic,
        }
    }
}

impl Severity {
    pub(super) fn of(weight: Weight) -> Self {
        match weight {
            Weight::Outage => Self::Outage,
            Weight::Degraded | Weight::Noise => Self::Degraded,
        }
    }
}

impl From<&ExceptionDigest> for Exception {
    fn from(exception: &ExceptionDigest) -> Self {
        Self { name: exception.name.clone(), message: exception.message.clone() }
    }
}
