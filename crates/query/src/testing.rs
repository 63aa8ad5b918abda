//! Terse builders of entities, documents and digests for this crate's tests.
//!
//! Every time is in seconds after [`EPOCH`], which is the start of a minute.

pub(crate) mod random;

use std::sync::Arc;

use bytes::Bytes;
use model::segment::{
    Annotation, AnnotationValue, Aws, Cause, DocumentKind, Exception, Flags, Http, Link, Namespace, Sequence,
    Service,
};
use model::template::rule::{UrlRule, UrlRules};
use model::{Entity, EntityId, SegmentDocument, StoredDocument, Timestamp, Trace, TraceDigest, TraceId};

/// 2023-11-14T22:14:00Z, a whole minute.
pub(crate) const EPOCH: Timestamp = Timestamp(1_700_000_040_000_000);
pub(crate) const TRACE: TraceId = TraceId(*b"one trace of it!");

/// The instant that many seconds after [`EPOCH`].
pub(crate) fn at(seconds: f64) -> Timestamp {
    Timestamp(EPOCH.0 + (seconds * 1e6).round() as i64)
}

/// A finished entity without anything but times. See [`Build`] for the rest.
pub(crate) fn entity(id: u64, name: &str, start: f64, end: f64) -> Entity {
    Entity { end: Some(at(end)), ..Entity::new(EntityId(id), name, at(start)) }
}

/// What an entity can have, each a step: `entity(1, "a", 0.0, 1.0).origin("AWS::EC2::Instance").fault()`.
pub(crate) trait Build: Sized {
    fn edit(self, change: impl FnOnce(&mut Entity)) -> Self;

    fn parent(self, id: u64) -> Self {
        self.edit(|entity| entity.parent_id = Some(EntityId(id)))
    }

    fn open(self) -> Self {
        self.edit(|entity| entity.end = None)
    }

    fn origin(self, origin: &str) -> Self {
        self.edit(|entity| entity.origin = Some(origin.to_owned()))
    }

    fn remote(self) -> Self {
        self.edit(|entity| entity.namespace = Some(Namespace::Remote))
    }

    /// A call of an AWS SDK; an empty operation is left out.
    fn aws(self, operation: &str) -> Self {
        let operation = Some(operation.to_owned()).filter(|operation| !operation.is_empty());
        self.edit(|entity| entity.namespace = Some(Namespace::Aws)).edit_aws(|aws| aws.operation = operation)
    }

    fn edit_aws(self, change: impl FnOnce(&mut Aws)) -> Self {
        self.edit(|entity| change(entity.aws.get_or_insert_default()))
    }

    fn account(self, account: &str) -> Self {
        self.edit_aws(|aws| aws.account_id = Some(account.to_owned()))
    }

    fn fault(self) -> Self {
        self.edit(|entity| entity.flags.fault = true)
    }

    fn error(self) -> Self {
        self.edit(|entity| entity.flags.error = true)
    }

    /// The status, and the flags that every SDK sets for it.
    fn status(self, status: i64) -> Self {
        self.edit(|entity| {
            entity.http.get_or_insert_default().status = Some(status);
            entity.flags = Flags::from_status(status);
        })
    }

    fn http(self, method: &str, url: &str) -> Self {
        self.edit(|entity| {
            let http: &mut Http = entity.http.get_or_insert_default();
            http.method = Some(method.to_owned());
            http.url = Some(url.to_owned());
        })
    }

    fn traced(self) -> Self {
        self.edit(|entity| entity.traced = true)
    }

    fn exception(self, id: u64, name: &str, message: &str) -> Self {
        let exception = Exception {
            id: Some(EntityId(id)),
            name: Some(name.to_owned()),
            message: Some(message.to_owned()),
            ..Exception::default()
        };
        self.edit(|entity| entity.cause.get_or_insert_default().exceptions.push(exception))
    }

    /// A cause that points elsewhere.
    fn refers(self, id: u64) -> Self {
        self.edit(|entity| {
            let cause: &mut Cause = entity.cause.get_or_insert_default();
            cause.reference = Some(EntityId(id));
        })
    }

    fn user(self, user: &str) -> Self {
        self.edit(|entity| entity.user = Some(user.to_owned()))
    }

    fn annotate(self, key: &str, value: AnnotationValue) -> Self {
        self.edit(|entity| entity.annotations.push(Annotation { key: key.to_owned(), value }))
    }

    fn version(self, version: &str) -> Self {
        self.edit(|entity| entity.service_version = Some(version.to_owned()))
    }

    fn link(self, trace_id: TraceId) -> Self {
        self.edit(|entity| entity.links.push(Link { trace_id, id: None }))
    }

    fn holds(self, child: Entity) -> Self {
        self.edit(|entity| entity.subsegments.push(child))
    }
}

impl Build for Entity {
    fn edit(mut self, change: impl FnOnce(&mut Entity)) -> Self {
        change(&mut self);
        self
    }
}

/// The documents of [`TRACE`] in order of receipt.
#[derive(Debug, Clone, Default)]
pub(crate) struct Documents(pub(crate) Vec<Arc<StoredDocument>>);

impl Documents {
    pub(crate) fn segment(self, received: f64, entity: Entity) -> Self {
        self.document(received, DocumentKind::Segment, entity)
    }

    /// An independent subsegment; give it a parent.
    pub(crate) fn subsegment(self, received: f64, entity: Entity) -> Self {
        self.document(received, DocumentKind::Subsegment, entity)
    }

    pub(crate) fn document(self, received: f64, kind: DocumentKind, entity: Entity) -> Self {
        self.sent(received, kind, entity, None)
    }

    /// A span of OpenTelemetry's that is no segment by itself, of a service of this name.
    pub(crate) fn span(self, received: f64, service: &str, entity: Entity) -> Self {
        let fingerprint = service.bytes().fold(0, |sum, byte| sum * 31 + u64::from(byte));
        let sender = Service { fingerprint, name: Some(service.to_owned()), ..Service::default() };
        self.sent(received, DocumentKind::Subsegment, entity, Some(Arc::new(sender)))
    }

    fn sent(
        mut self,
        received: f64,
        kind: DocumentKind,
        entity: Entity,
        sender: Option<Arc<Service>>,
    ) -> Self {
        let document = SegmentDocument { trace_id: TRACE, kind, entity, raw: Bytes::new(), sender };
        let sequence = Sequence(self.0.len() as u64 + 1);
        self.0.push(Arc::new(StoredDocument { place: sequence.into(), received: at(received), document }));
        self
    }

    pub(crate) fn trace(&self) -> Trace<'_> {
        crate::assemble(TRACE, &self.0)
    }

    pub(crate) fn digest(&self) -> TraceDigest {
        self.digest_by(&UrlRules::default())
    }

    pub(crate) fn digest_by(&self, rules: &UrlRules) -> TraceDigest {
        crate::digest(&self.trace(), rules)
    }
}

/// Rules of each a service and a path.
pub(crate) fn url_rules(rules: &[(&str, &str)]) -> UrlRules {
    let rule =
        |&(service, path): &(&str, &str)| UrlRule { service: service.to_owned(), path: path.to_owned() };
    UrlRules::read(rules.iter().map(rule).collect()).unwrap()
}

/// A digest of nothing, for tests that fill in the fields they ask about.
pub(crate) fn blank_digest() -> TraceDigest {
    TraceDigest::new(TRACE, EPOCH)
}
