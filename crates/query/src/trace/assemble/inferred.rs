//! Segments that nobody sent, made from finished calls whose callee sent nothing itself.
//!
//! The recipe and the naming of AWS resources are those of docs/xray.md 1.12, as captured from X-Ray.

use std::borrow::Cow;

use ahash::AHashSet as HashSet;
use model::node::{DATABASE, REMOTE};
use model::segment::{Aws, Namespace};
use model::trace::{Span, SpanIndex, SpanKind};
use model::{Entity, EntityId, NodeKey, NodeKind, Trace};

use super::node_key;

/// Adds the inferred segments. `ids` are all ids of the trace, those of invisible entities included.
pub(super) fn add_segments(trace: &mut Trace<'_>, ids: HashSet<EntityId>) {
    let mut taken = ids;
    for call in 0..trace.spans.len() {
        let span = &trace.spans[call];
        if span.kind != SpanKind::Subsegment || !span.entity.is_complete() || !span.callees.is_empty() {
            continue;
        }
        let Some((node, node_kind)) = called_node(&span.entity) else { continue };
        let id = free_id(span.entity.id, &taken);
        taken.insert(id);
        let index = trace.spans.len();
        let inferred = inferred_segment(span, id, (call, index), node, node_kind);
        trace.spans.push(inferred);
        trace.spans[call].callees.push(index);
        trace.segments.push(index);
    }
    let Trace { spans, segments, .. } = trace;
    segments.sort_by_key(|&index| (spans[index].entity.start, spans[index].entity.id));
}

/// The node that a call goes to, as far as the caller can know; `None` for local work.
pub(crate) fn called_node(entity: &Entity) -> Option<(NodeKey, NodeKind)> {
    let account = entity.aws.as_ref().and_then(|aws| aws.account_id.as_deref());
    match entity.namespace.as_ref()? {
        Namespace::Remote => {
            let kind = if entity.sql.is_some() { DATABASE } else { REMOTE };
            Some((node_key(&entity.name, Some(kind), account), NodeKind::Remote))
        }
        Namespace::Aws => {
            let key = match entity.aws.as_deref().and_then(resource_of_call) {
                Some((name, kind)) => node_key(name, Some(kind), account),
                None => node_key(&entity.name, Some(&format!("AWS::{}", entity.name)), account),
            };
            Some((key, NodeKind::Aws))
        }
        Namespace::Other(_) => None,
    }
}

/// Name and type of the resource that a call of an AWS SDK names. Without an operation X-Ray does not look.
fn resource_of_call(aws: &Aws) -> Option<(&str, &'static str)> {
    aws.operation.as_ref()?;
    let candidates = [
        (&aws.table_name, "AWS::DynamoDB::Table"),
        (&aws.bucket_name, "AWS::S3::Bucket"),
        (&aws.queue_url, "AWS::SQS::Queue"),
        (&aws.topic_arn, "AWS::SNS"),
        (&aws.function_name, "AWS::Lambda"),
    ];
    candidates.into_iter().find_map(|(name, kind)| {
        let name = name.as_deref().filter(|name| !name.is_empty())?;
        Some((name, kind))
    })
}

/// Copies what X-Ray copies: name, times, flags, `http`, `aws` and `sql`; neither cause nor annotations.
fn inferred_segment<'a>(
    call: &Span<'a>,
    id: EntityId,
    (caller, index): (SpanIndex, SpanIndex),
    node: NodeKey,
    node_kind: NodeKind,
) -> Span<'a> {
    let entity = Entity {
        parent_id: Some(call.entity.id),
        end: call.entity.end,
        flags: call.entity.flags,
        origin: node.kind.clone().filter(|kind| kind != REMOTE),
        http: call.entity.http.clone(),
        aws: call.entity.aws.clone(),
        sql: call.entity.sql.clone(),
        ..Entity::new(id, call.entity.name.as_str(), call.entity.start)
    };
    Span {
        entity: Cow::Owned(entity),
        kind: SpanKind::Inferred,
        document: None,
        received: call.received,
        holder: None,
        caller: Some(caller),
        segment: index,
        children: Vec::new(),
        callees: Vec::new(),
        node,
        node_kind,
    }
}

/// An id made from that of the call, so that the same trace always shows the same ids.
fn free_id(call: EntityId, taken: &HashSet<EntityId>) -> EntityId {
    let mut state = call.0;
    loop {
        // SplitMix64: every input gives another output, so this ends.
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        let id = EntityId(mixed ^ mixed >> 31);
        if !taken.contains(&id) {
            return id;
        }
    }
}
