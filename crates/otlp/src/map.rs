//! What a span means in X-Ray's words: the pure function from a span and its resource to the model's entity.
//!
//! Old and new semantic conventions are read side by side; where both came, the new ones count.
//! <https://opentelemetry.io/docs/specs/semconv/>

pub(crate) mod annotation;
pub(crate) mod aws;
pub(crate) mod cause;
pub(crate) mod flags;
pub(crate) mod http;
pub(crate) mod name;
pub(crate) mod sender;
pub(crate) mod sql;
pub(crate) mod stack;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use model::segment::{Cause, DocumentKind, Link, Namespace};
use model::{Entity, EntityId, SegmentDocument, Timestamp, TraceId};

use crate::message::{Attributes, Kind, Span};
pub(crate) use sender::Sender;

/// The bits of `flags` that say where the parent is, and both of them: it is known, and elsewhere.
const PARENT_IS_REMOTE: u32 = 0x300;

/// The span as a document. `raw` is what is kept of it; the span passed `decode::check`.
pub(crate) fn document(span: &Span, sender: &Sender, raw: Bytes) -> SegmentDocument {
    let entity = entity(span, sender);
    let trace_id = trace_id(&span.trace_id).unwrap_or(TraceId([0; 16]));
    let (kind, entity) = match is_segment(span) {
        true => (DocumentKind::Segment, segment(span, sender, trace_id, &entity)),
        false => (DocumentKind::Subsegment, entity),
    };
    SegmentDocument { trace_id, kind, entity, raw, sender: Some(Arc::clone(&sender.service)) }
}

/// Whether the span is a segment by itself. Others can turn out to be one when their trace is put together.
pub(crate) fn is_segment(span: &Span) -> bool {
    matches!(span.kind(), Kind::Server | Kind::Consumer)
        || parent(span).is_none()
        || span.flags & PARENT_IS_REMOTE == PARENT_IS_REMOTE
        || is_local_root(span)
}

pub(crate) fn is_local_root(span: &Span) -> bool {
    Attributes(&span.attributes).text("aws.span.kind") == Some("LOCAL_ROOT")
}

/// The segment that the span is. A call becomes a segment of its service with the call embedded.
fn segment(span: &Span, sender: &Sender, trace_id: TraceId, entity: &Entity) -> Entity {
    let mut segment = sender.service.segment_of(trace_id, entity);
    if let Some(name) = name::of_segment(span, sender) {
        segment.name = name;
    }
    segment.annotations.extend(sender.annotations.iter().cloned());
    segment.resource_arn = segment.resource_arn.or_else(|| sender.resource_arn.clone());
    aws::add_resource(&mut segment, sender);
    segment
}

/// The span as work of its service, or as a call that its service made.
pub(crate) fn entity(span: &Span, sender: &Sender) -> Entity {
    let attributes = Attributes(&span.attributes);
    let namespace = namespace(span);
    let raised = cause::raised(span, sender);
    Entity {
        parent_id: parent(span),
        end: end(span),
        flags: flags::of(span),
        cause: (!raised.is_empty()).then(|| Cause {
            reference: None,
            exceptions: raised.into_iter().map(|one| one.exception).collect(),
        }),
        origin: None,
        resource_arn: attributes.text("aws.xray.resource_arn").map(str::to_owned),
        user: attributes.first_text(&["enduser.id", "user.id"]).map(str::to_owned),
        service_version: None,
        http: http::of(span, namespace.is_some()).map(Box::new),
        aws: aws::of(span, namespace.as_ref(), sender).map(Box::new),
        sql: sql::of(span).map(Box::new),
        traced: false,
        annotations: annotation::of(span),
        links: links(span),
        subsegments: Vec::new(),
        id: id(span),
        name: name::of_work(span, namespace.as_ref()),
        start: micros(span.start_time_unix_nano),
        namespace,
    }
}

/// What makes a span a call to elsewhere.
pub(crate) fn namespace(span: &Span) -> Option<Namespace> {
    let attributes = Attributes(&span.attributes);
    let is_aws = attributes.first_text(&["rpc.system.name", "rpc.system"]) == Some("aws-api");
    let is_called_by_name = attributes.has(&["aws.remote.service", "peer.service", "service.peer.name"]);
    match span.kind() {
        Kind::Server | Kind::Consumer => None,
        _ if is_aws => Some(Namespace::Aws),
        Kind::Client | Kind::Producer if name::is_queue_of_aws(attributes) => Some(Namespace::Aws),
        Kind::Client | Kind::Producer | Kind::Internal
            if attributes.text("aws.service").is_some() && !is_called_by_name =>
        {
            Some(Namespace::Aws)
        }
        Kind::Client | Kind::Producer => Some(Namespace::Remote),
        Kind::Internal => None,
    }
}

fn parent(span: &Span) -> Option<EntityId> {
    entity_id(&span.parent_span_id)
}

fn id(span: &Span) -> EntityId {
    entity_id(&span.span_id).unwrap_or(EntityId(0))
}

/// `None` where it is no id, or zero, which is none.
pub(crate) fn entity_id(bytes: &[u8]) -> Option<EntityId> {
    let id = u64::from_be_bytes(bytes.try_into().ok()?);
    (id != 0).then_some(EntityId(id))
}

pub(crate) fn trace_id(bytes: &[u8]) -> Option<TraceId> {
    let id: [u8; 16] = bytes.try_into().ok()?;
    (id != [0; 16]).then_some(TraceId(id))
}

/// A span without an end, or one that X-Ray's receiver of the collector marked, is in progress.
fn end(span: &Span) -> Option<Timestamp> {
    let is_open = span.end_time_unix_nano == 0 || Attributes(&span.attributes).boolean("aws.xray.inprogress");
    (!is_open).then(|| micros(span.end_time_unix_nano))
}

fn micros(nanos: u64) -> Timestamp {
    Timestamp(i64::try_from(nanos / 1_000).unwrap_or(i64::MAX))
}

fn links(span: &Span) -> Vec<Link> {
    let link = |link: &crate::message::Link| {
        Some(Link { trace_id: trace_id(&link.trace_id)?, id: entity_id(&link.span_id) })
    };
    span.links.iter().filter_map(link).collect()
}
