//! What an SDK sends: a document that holds one segment or subsegment, with everything nested in it.
//!
//! `wire` makes these. A decoded entity holds what Fluoro asks questions about; the rest
//! (metadata, stack frames, whatever a later SDK adds) stays in the document's own bytes.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::id::{EntityId, TraceId};
use crate::time::{Micros, Timestamp};

/// One received document.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentDocument {
    pub trace_id: TraceId,
    pub kind: DocumentKind,
    /// The segment or independent subsegment, with its embedded subsegments.
    pub entity: Entity,
    /// The document as it is kept: X-Ray's JSON as it was received, or a span of OpenTelemetry's; valid UTF-8.
    pub raw: Bytes,
    /// Who sent a span of OpenTelemetry's; none of what X-Ray's SDKs send, who say themselves what is a segment.
    pub sender: Option<Arc<Service>>,
}

/// A service that sent spans, as far as their trace must know it to tell where one service ends and the next begins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Service {
    /// Two spans with the same came from one service, and from one instance of it where they name it.
    pub fingerprint: u64,
    pub name: Option<String>,
    pub origin: Option<String>,
    pub version: Option<String>,
}

/// How the document came: on its own account, or to be folded into an entity that comes elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentKind {
    Segment,
    /// A subsegment that was sent by itself; its entity always has a `parent_id`.
    Subsegment,
}

/// A document that a store has taken, with its place in the order of receipt.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredDocument {
    pub place: Place,
    pub received: Timestamp,
    pub document: SegmentDocument,
}

/// The place of a document among those that a store received; the order of places is the order of receipt. Stores give
/// them, and nobody else reads anything into one than which of two comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// Orders the documents of several lanes; it never goes back within one, and is 0 where there is one lane.
    pub stamp: i64,
    /// Whoever gave the sequence: one writer of a store that has several.
    pub lane: u32,
    pub sequence: Sequence,
}

impl From<Sequence> for Place {
    /// Of a store with one lane.
    fn from(sequence: Sequence) -> Self {
        Self { stamp: 0, lane: 0, sequence }
    }
}

/// The number of a document in the order in which its lane received it. The first is 1, so 0 is "none yet".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sequence(pub u64);

/// A segment or a subsegment: one piece of work, as one service saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entity {
    pub id: EntityId,
    /// On a segment, the subsegment or segment that made the request; on an independent subsegment, the
    /// entity that encloses it. An embedded subsegment's parent is where it stands, so this is `None` there.
    pub parent_id: Option<EntityId>,
    pub name: String,
    pub start: Timestamp,
    /// `None` while the work is in progress.
    pub end: Option<Timestamp>,
    pub flags: Flags,
    pub cause: Option<Cause>,
    pub namespace: Option<Namespace>,
    pub origin: Option<String>,
    pub resource_arn: Option<String>,
    pub user: Option<String>,
    pub service_version: Option<String>,
    pub http: Option<Box<Http>>,
    pub aws: Option<Box<Aws>>,
    pub sql: Option<Box<Sql>>,
    /// The callee is expected to send a segment of its own.
    pub traced: bool,
    pub annotations: Vec<Annotation>,
    pub links: Vec<Link>,
    pub subsegments: Vec<Entity>,
}

/// What the entity says of its outcome. The flags compound: a 429 sets `throttle` and `error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Flags {
    pub error: bool,
    pub throttle: bool,
    pub fault: bool,
}

/// The one class in which a request is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Ok,
    /// The client's mistake (4xx).
    Error,
    /// Too many requests (429).
    Throttle,
    /// The server's failure (5xx, an uncaught exception).
    Fault,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Namespace {
    /// A call of an AWS SDK.
    Aws,
    /// Any other downstream call.
    Remote,
    /// Something else that an SDK wrote; it creates no downstream node.
    Other(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Http {
    pub method: Option<String>,
    pub url: Option<String>,
    pub user_agent: Option<String>,
    pub client_ip: Option<String>,
    pub status: Option<i64>,
}

/// What an entity says of the AWS resource that it ran on or called.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Aws {
    pub account_id: Option<String>,
    pub region: Option<String>,
    pub operation: Option<String>,
    pub request_id: Option<String>,
    pub table_name: Option<String>,
    pub bucket_name: Option<String>,
    pub queue_url: Option<String>,
    pub topic_arn: Option<String>,
    pub function_name: Option<String>,
    /// `ec2.instance_id`.
    pub instance_id: Option<String>,
    /// `ec2.availability_zone`, else `ecs.availability_zone`.
    pub availability_zone: Option<String>,
    /// `xray.sampling_rule_name`, which Java and Node write as `rule_name`.
    pub sampling_rule: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sql {
    pub url: Option<String>,
    pub database_type: Option<String>,
}

/// Why the entity failed: exceptions of its own, a reference to one recorded elsewhere in the trace, or both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cause {
    /// The id of an exception (Java, Python) or of a subsegment (Node) of the same trace.
    pub reference: Option<EntityId>,
    pub exceptions: Vec<Exception>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exception {
    /// Required by the schema, left out by the Node SDK.
    pub id: Option<EntityId>,
    pub name: Option<String>,
    pub message: Option<String>,
    pub remote: bool,
    /// The exception that this one was raised from.
    pub cause: Option<EntityId>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Annotation {
    pub key: String,
    pub value: AnnotationValue,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum AnnotationValue {
    String(String),
    Number(f64),
    Boolean(bool),
}

/// As text: numbers in their shortest form (`1`, `0.5`), booleans as words.
impl fmt::Display for AnnotationValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
            Self::Boolean(boolean) => write!(f, "{boolean}"),
        }
    }
}

/// A link to an entity of another trace, such as the producer of a queued message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub trace_id: TraceId,
    pub id: Option<EntityId>,
}

impl Flags {
    /// X-Ray counts each request once, in the first of throttle, fault, error, ok that holds.
    pub fn outcome(self) -> Outcome {
        match self {
            Self { throttle: true, .. } => Outcome::Throttle,
            Self { fault: true, .. } => Outcome::Fault,
            Self { error: true, .. } => Outcome::Error,
            _ => Outcome::Ok,
        }
    }

    /// What every SDK sets for an HTTP status.
    pub fn from_status(status: i64) -> Self {
        Self {
            error: (400..500).contains(&status),
            throttle: status == 429,
            fault: (500..600).contains(&status),
        }
    }

    pub fn any(self) -> bool {
        self.error || self.throttle || self.fault
    }
}

impl SegmentDocument {
    /// About what it takes in memory, for queues and caches that are bounded by that: its bytes, and its
    /// entities, whose texts are parts of those bytes once more.
    pub fn memory_bytes(&self) -> usize {
        2 * self.raw.len() + self.entity.count() * size_of::<Entity>()
    }
}

impl Service {
    /// The segment that a span of this service is. A call becomes a segment of the service with the call embedded, which
    /// keeps its id, so that what it called still finds it.
    pub fn segment_of(&self, trace: TraceId, span: &Entity) -> Entity {
        let is_call = matches!(span.namespace, Some(Namespace::Aws | Namespace::Remote));
        let about = Entity {
            name: self.name.clone().unwrap_or_else(|| span.name.clone()),
            origin: self.origin.clone(),
            service_version: self.version.clone(),
            ..span.clone()
        };
        if !is_call {
            return about;
        }
        let call = Entity { parent_id: None, user: None, ..span.clone() };
        Entity {
            id: span.id.derived(trace.low()),
            namespace: None,
            cause: None,
            http: None,
            aws: None,
            sql: None,
            traced: false,
            annotations: Vec::new(),
            links: Vec::new(),
            subsegments: vec![call],
            ..about
        }
    }
}

impl Entity {
    /// Work that has just begun, of which nothing else is known yet.
    pub fn new(id: EntityId, name: impl Into<String>, start: Timestamp) -> Self {
        Self {
            id,
            parent_id: None,
            name: name.into(),
            start,
            end: None,
            flags: Flags::default(),
            cause: None,
            namespace: None,
            origin: None,
            resource_arn: None,
            user: None,
            service_version: None,
            http: None,
            aws: None,
            sql: None,
            traced: false,
            annotations: Vec::new(),
            links: Vec::new(),
            subsegments: Vec::new(),
        }
    }

    pub fn is_complete(&self) -> bool {
        self.end.is_some()
    }

    /// From start to end; `None` while in progress.
    pub fn length(&self) -> Option<Micros> {
        self.end.map(|end| self.start.until(end))
    }

    /// This entity and everything nested in it, parents before children.
    pub fn walk(&self, visit: &mut impl FnMut(&Entity)) {
        visit(self);
        for child in &self.subsegments {
            child.walk(visit);
        }
    }

    /// How many entities the document holds.
    pub fn count(&self) -> usize {
        1 + self.subsegments.iter().map(Entity::count).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_counts_once_and_throttle_comes_first() {
        let check = |throttle, fault, error, expected| {
            assert_eq!(Flags { error, throttle, fault }.outcome(), expected);
        };
        check(true, true, true, Outcome::Throttle);
        check(false, true, true, Outcome::Fault);
        check(false, false, true, Outcome::Error);
        check(false, false, false, Outcome::Ok);
    }

    #[test]
    fn a_429_is_a_throttle_and_an_error() {
        assert_eq!(Flags::from_status(429), Flags { error: true, throttle: true, fault: false });
        assert_eq!(Flags::from_status(503).outcome(), Outcome::Fault);
        assert_eq!(Flags::from_status(302).outcome(), Outcome::Ok);
    }
}
