//! Links between traces: a consumer's entity says which entity, mostly of another trace, sent what it works on.
//!
//! A link is an edge of its own kind, of which only the age of the received event is known (docs/xray.md 5.3). Who sent is
//! found in the sender's trace, so a link is no part of its own trace's digest, which that trace alone decides.

use std::collections::HashSet;
use std::sync::Arc;

use model::link::ReceivedLink;
use model::minute::{EdgeKind, MinuteKey, MinuteRow, Stats, Subject};
use model::trace::Span;
use model::{Entity, EntityId, Minute, NodeKey, NodeKind, StoredDocument, Timestamp, Trace};

/// X-Ray's limit of a trace. Here it bounds what one look at a trace gives.
/// <https://docs.aws.amazon.com/xray/latest/devguide/xray-console-traces.html>
const MAX_LINKS: usize = 100;

/// Who sent, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    pub node: NodeKey,
    pub at: Timestamp,
}

/// The links of entities that are finished, and were not yet in documents that are not new: so each is given once, however
/// often a document is sent again. `documents` are those that the trace was put together from; `is_new` is asked with
/// their numbers.
pub fn received(
    trace: &Trace<'_>,
    documents: &[Arc<StoredDocument>],
    is_new: impl Fn(usize) -> bool,
) -> Vec<ReceivedLink> {
    let is_in_new = |span: &&Span<'_>| span.document.is_some_and(&is_new);
    let linking =
        trace.spans.iter().filter(|span| !span.entity.links.is_empty() && span.entity.is_complete());
    let linking: Vec<&Span<'_>> = linking.filter(is_in_new).collect();
    if linking.is_empty() {
        return Vec::new();
    }
    let old = documents.iter().enumerate().filter(|(number, _)| !is_new(*number));
    let known = finished(old.map(|(_, stored)| &stored.document.entity));
    let trace_start = trace.spans.iter().map(|span| span.entity.start).min().unwrap_or_default();
    let mut found: Vec<ReceivedLink> = Vec::new();
    for span in linking.into_iter().filter(|span| !known.contains(&span.entity.id)) {
        for link in &span.entity.links {
            let Some(id) = link.id else { continue };
            if found.len() == MAX_LINKS {
                return found;
            }
            let (from, to) = ((link.trace_id, id), span.node.clone());
            let (at, minute) = (span.entity.start, span.received.minute());
            let link = ReceivedLink { from, to, at, minute, trace_start };
            if !found.contains(&link) {
                found.push(link);
            }
        }
    }
    found
}

/// The ids of those entities, and of those nested in them, that have an end.
fn finished<'a>(entities: impl Iterator<Item = &'a Entity>) -> HashSet<EntityId> {
    let mut ahead: Vec<&Entity> = entities.collect();
    let mut ids = HashSet::new();
    while let Some(entity) = ahead.pop() {
        if entity.is_complete() {
            ids.insert(entity.id);
        }
        ahead.extend(&entity.subsegments);
    }
    ids
}

/// The sender among the entities of its trace. A call to a queue or a topic sent through it, so that is the node.
pub fn sender(trace: &Trace<'_>, id: EntityId) -> Option<Sender> {
    let span = trace.spans.iter().find(|span| span.entity.id == id)?;
    let mut callees = span.callees.iter().map(|&callee| &trace.spans[callee]);
    let through = callees.find(|callee| callee.node_kind == NodeKind::Aws);
    Some(Sender { node: through.unwrap_or(span).node.clone(), at: span.entity.start })
}

/// What one link adds to the minutes of a group, which its trace joined in the minute `joined` (docs/xray.md 4.7).
pub fn row(received: &ReceivedLink, sender: &Sender, group: &str, joined: Minute) -> MinuteRow {
    let (source, target) = (sender.node.clone(), received.to.clone());
    let key = MinuteKey {
        minute: received.minute.max(joined),
        group: group.to_owned(),
        subject: Subject::Edge { source, target, kind: EdgeKind::Link },
    };
    let mut stats = Stats {
        presence: 1,
        first_start: Some(received.trace_start),
        last_start: Some(received.trace_start),
        ..Stats::default()
    };
    stats.response_times.insert(sender.at.until(received.at));
    MinuteRow { key, stats }
}

#[cfg(test)]
mod tests {
    use model::TraceId;

    use super::*;
    use crate::testing::{Build, Documents, at, entity};

    const OTHER: TraceId = TraceId([7; 16]);

    fn consumer(end: Option<f64>) -> Entity {
        let mut consumer = entity(1, "consumer", 5.0, end.unwrap_or(5.0)).link(OTHER).link(OTHER);
        consumer.links.iter_mut().for_each(|link| link.id = Some(EntityId(2)));
        if end.is_some() { consumer } else { consumer.open() }
    }

    fn check_received(documents: &Documents, since: usize, expected: usize) {
        let found = received(&documents.trace(), &documents.0, |number| number >= since);
        assert_eq!(found.len(), expected, "{found:?}");
    }

    #[test]
    fn a_link_is_given_once_when_its_entity_is_finished() {
        let open = Documents::default().segment(0.0, consumer(None));
        check_received(&open, 0, 0);
        let finished = open.segment(1.0, consumer(Some(6.0)));
        check_received(&finished, 1, 1);
        let again = finished.segment(2.0, consumer(Some(6.0)));
        check_received(&again, 2, 0);
        check_received(&again, 0, 1);
    }

    #[test]
    fn a_nested_entity_that_was_finished_before_its_segment_is_not_given_again() {
        let holder = |end: Option<f64>| {
            let holder = entity(9, "holder", 0.0, end.unwrap_or(0.0)).holds(consumer(Some(6.0)));
            if end.is_some() { holder } else { holder.open() }
        };
        let open = Documents::default().segment(0.0, holder(None));
        check_received(&open, 0, 1);
        check_received(&open.segment(1.0, holder(Some(7.0))), 1, 0);
    }

    #[test]
    fn who_sent_through_a_queue_is_the_queue() {
        let send = entity(2, "SQS", 1.0, 1.2).aws("SendMessage").edit_aws(|aws| {
            aws.queue_url = Some("https://sqs/orders".to_owned());
        });
        let producer = Documents::default().segment(0.0, entity(3, "producer", 0.0, 2.0).holds(send));
        let check = |id, expected: Option<(&str, f64)>| {
            let found = sender(&producer.trace(), EntityId(id));
            let found = found.as_ref().map(|sender| (sender.node.name.as_str(), sender.at));
            assert_eq!(found, expected.map(|(name, seconds)| (name, at(seconds))));
        };
        check(2, Some(("https://sqs/orders", 1.0)));
        check(3, Some(("producer", 0.0)));
        check(4, None);
    }
}
