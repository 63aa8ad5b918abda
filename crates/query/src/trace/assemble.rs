//! From the documents of a trace, in any order and with duplicates, to the trace.
//!
//! The rules are X-Ray's for fragments (docs/xray.md 1.13) and inferred segments (1.12). Input is hostile: ids
//! repeat, parents are their own children, chains run through thousands of documents. Nothing here recurses over
//! spans, and everything is O(n log n) in their number.
//!
//! What later steps may rely on: each span has at most one span above it, its holder or its caller, and
//! following those upwards always ends (`AS-1`).

mod inferred;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use ahash::AHashMap as HashMap;
use model::segment::DocumentKind;
use model::trace::{Span, SpanIndex, SpanKind};
use model::{Entity, EntityId, NodeKey, NodeKind, StoredDocument, Timestamp, Trace, TraceId};

pub(crate) use inferred::called_node;

/// How much of a name, a type or an account makes a node. X-Ray allows 250 characters (docs/xray.md 1.1) and
/// names queues by their URL; a node's key is copied into many rows, so it must not be a document's 64 KB.
const MAX_NODE_CHARACTERS: usize = 500;

/// Puts a trace together. `documents` are in order of receipt and not empty.
///
/// The first complete version of an entity is valid, else the newest one in progress. An entity that came as
/// a document of its own takes what is nested in it along: a resent segment neither changes nor adds anything.
pub fn assemble(id: TraceId, documents: &[Arc<StoredDocument>]) -> Trace<'_> {
    let mut versions = valid_versions(documents);
    promote(id, &mut versions, documents);
    let received = || documents.iter().map(|document| document.received);
    let mut trace = Trace {
        id,
        spans: Vec::with_capacity(versions.len()),
        segments: Vec::new(),
        orphans: 0,
        documents: documents.len(),
        first_received: received().min().unwrap_or_default(),
        last_received: received().max().unwrap_or_default(),
        last_sequence: documents.iter().map(|document| document.place.sequence).max().unwrap_or_default(),
    };
    let ids = versions.iter().map(|version| version.entity.id).collect();
    let visible = place_spans(&mut trace, &mut versions, documents);
    trace.orphans = count_orphans(&versions, &visible);
    find_callers(&mut trace);
    inferred::add_segments(&mut trace, ids);
    trace
}

/// One entity as one document tells it.
#[derive(Clone)]
struct Version<'a> {
    entity: Cow<'a, Entity>,
    document: usize,
    is_segment: bool,
    /// The entity that should hold it; a segment has none.
    holder: Option<EntityId>,
    /// It came nested in the version of its holder that is valid, and not on its own account.
    came_with_holder: bool,
}

impl Version<'_> {
    fn order(&self) -> (Timestamp, EntityId) {
        (self.entity.start, self.entity.id)
    }
}

/// The valid version of every entity, in order of receipt and then of place in the document.
fn valid_versions(documents: &[Arc<StoredDocument>]) -> Vec<Version<'_>> {
    let mut all: Vec<Version<'_>> = Vec::new();
    let mut valid: HashMap<EntityId, usize> = HashMap::new();
    for index in valid_documents(documents) {
        let first = all.len();
        flatten(index, &documents[index], &mut all);
        for place in first..all.len() {
            match valid.entry(all[place].entity.id) {
                Entry::Vacant(entry) => {
                    entry.insert(place);
                }
                // Within one document the first entity of an id is the one.
                Entry::Occupied(mut entry) if *entry.get() < first => {
                    if !all[*entry.get()].entity.is_complete() {
                        entry.insert(place);
                    }
                }
                Entry::Occupied(_) => {}
            }
        }
    }
    let document_of: HashMap<EntityId, usize> =
        valid.iter().map(|(&id, &place)| (id, all[place].document)).collect();
    let mut place = 0;
    all.retain(|version| {
        place += 1;
        valid[&version.entity.id] == place - 1
    });
    for version in &mut all {
        let holder_document = version.holder.and_then(|holder| document_of.get(&holder));
        version.came_with_holder &= holder_document == Some(&version.document);
    }
    all
}

/// Makes segments of spans of OpenTelemetry's whose parent is another service's, or is not there: nothing in a span itself says
/// where its service begins. A parent that comes later takes it back, since the trace is put together anew.
fn promote(id: TraceId, versions: &mut Vec<Version<'_>>, documents: &[Arc<StoredDocument>]) {
    let sender = |document: usize| documents[document].document.sender.as_deref();
    if versions.iter().all(|version| version.is_segment || sender(version.document).is_none()) {
        return;
    }
    let document_of: HashMap<EntityId, usize> =
        versions.iter().map(|version| (version.entity.id, version.document)).collect();
    let mut calls = Vec::new();
    for version in versions.iter_mut() {
        let Some(own) = sender(version.document).filter(|_| !version.is_segment && !version.came_with_holder)
        else {
            continue;
        };
        let parent = version.holder.and_then(|holder| document_of.get(&holder));
        let of_parent = parent.and_then(|&parent| sender(parent));
        if of_parent.is_some_and(|of_parent| of_parent.fingerprint == own.fingerprint) {
            continue;
        }
        let mut segment = own.segment_of(id, &version.entity);
        if document_of.contains_key(&segment.id) && segment.id != version.entity.id {
            continue;
        }
        // A call stays what it is, inside of the segment that is made for it.
        if let Some(call) = segment.subsegments.pop() {
            calls.push(Version {
                entity: Cow::Owned(call),
                document: version.document,
                is_segment: false,
                holder: Some(segment.id),
                came_with_holder: true,
            });
        }
        *version = Version { entity: Cow::Owned(segment), is_segment: true, holder: None, ..version.clone() };
    }
    versions.append(&mut calls);
}

/// Of the documents with the same entity at the top: the first complete one, else the newest.
fn valid_documents(documents: &[Arc<StoredDocument>]) -> Vec<usize> {
    let mut valid: HashMap<EntityId, usize> = HashMap::with_capacity(documents.len());
    for (index, stored) in documents.iter().enumerate() {
        let held = valid.entry(stored.document.entity.id).or_insert(index);
        if !documents[*held].document.entity.is_complete() {
            *held = index;
        }
    }
    let mut valid: Vec<usize> = valid.into_values().collect();
    valid.sort_unstable();
    valid
}

/// Appends every entity of a document, holders before what they hold.
fn flatten<'a>(index: usize, stored: &'a StoredDocument, into: &mut Vec<Version<'a>>) {
    let top = &stored.document.entity;
    let is_segment = stored.document.kind == DocumentKind::Segment;
    let holder = top.parent_id.filter(|_| !is_segment);
    into.push(Version {
        entity: Cow::Borrowed(top),
        document: index,
        is_segment,
        holder,
        came_with_holder: false,
    });
    let mut ahead: Vec<(&Entity, EntityId)> = nested_in(top).collect();
    while let Some((entity, holder)) = ahead.pop() {
        into.push(Version {
            entity: Cow::Borrowed(entity),
            document: index,
            is_segment: false,
            holder: Some(holder),
            came_with_holder: true,
        });
        ahead.extend(nested_in(entity));
    }
}

/// The subsegments of an entity, last first, as a stack wants them.
fn nested_in(entity: &Entity) -> impl Iterator<Item = (&Entity, EntityId)> {
    entity.subsegments.iter().rev().map(|child| (child, entity.id))
}

/// Places each segment with all that it holds into the trace, which takes their entities. Gives for each version whether it was
/// placed.
fn place_spans<'a>(
    trace: &mut Trace<'a>,
    versions: &mut [Version<'a>],
    documents: &'a [Arc<StoredDocument>],
) -> Vec<bool> {
    let place_of: HashMap<EntityId, usize> =
        versions.iter().enumerate().map(|(place, version)| (version.entity.id, place)).collect();
    let mut held_by: Vec<Vec<usize>> = vec![Vec::new(); versions.len()];
    let mut segments = Vec::new();
    for (place, version) in versions.iter().enumerate() {
        if version.is_segment {
            segments.push(place);
        } else if let Some(holder) = version.holder.and_then(|holder| place_of.get(&holder)) {
            held_by[*holder].push(place);
        }
    }
    // The last is taken from a stack first.
    let latest_first = |places: &mut Vec<usize>| {
        places.sort_unstable_by_key(|&place| std::cmp::Reverse(versions[place].order()))
    };
    held_by.iter_mut().for_each(latest_first);
    latest_first(&mut segments);

    let mut visible = vec![false; versions.len()];
    let mut ahead: Vec<(usize, Option<SpanIndex>)> = segments.iter().map(|&place| (place, None)).collect();
    while let Some((place, holder)) = ahead.pop() {
        visible[place] = true;
        let index = trace.spans.len();
        let holding = holder.map(|holder| (holder, &trace.spans[holder]));
        trace.spans.push(span_of(&mut versions[place], documents, holding, index));
        match holder {
            Some(holder) => trace.spans[holder].children.push(index),
            None => trace.segments.push(index),
        }
        ahead.extend(held_by[place].iter().map(|&held| (held, Some(index))));
    }
    visible
}

fn span_of<'a>(
    version: &mut Version<'a>,
    documents: &'a [Arc<StoredDocument>],
    holder: Option<(SpanIndex, &Span<'_>)>,
    index: SpanIndex,
) -> Span<'a> {
    let document = &documents[version.document];
    // One that was made here is not copied.
    let entity = std::mem::replace(&mut version.entity, Cow::Borrowed(&document.document.entity));
    let node = holder.map_or_else(|| node_of_segment(&entity), |(_, holder)| holder.node.clone());
    Span {
        entity,
        kind: if version.is_segment { SpanKind::Segment } else { SpanKind::Subsegment },
        document: Some(version.document),
        received: document.received,
        holder: holder.map(|(holder, _)| holder),
        caller: None,
        segment: holder.map_or(index, |(_, holder)| holder.segment),
        children: Vec::new(),
        callees: Vec::new(),
        node,
        node_kind: NodeKind::Service,
    }
}

fn node_of_segment(entity: &Entity) -> NodeKey {
    let account = entity.aws.as_ref().and_then(|aws| aws.account_id.as_deref());
    node_key(&entity.name, entity.origin.as_deref(), account)
}

fn node_key(name: &str, kind: Option<&str>, account: Option<&str>) -> NodeKey {
    let text = |text| cut(text, MAX_NODE_CHARACTERS).to_owned();
    NodeKey { name: text(name), kind: kind.map(text), account: account.map(text) }
}

/// At most so many characters of a text.
pub(crate) fn cut(text: &str, characters: usize) -> &str {
    match text.char_indices().nth(characters) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

/// Counts what is invisible, without what is nested in it. Besides subsegments that wait for their parent
/// these are those that go round in a circle.
fn count_orphans(versions: &[Version<'_>], visible: &[bool]) -> usize {
    let invisible = versions.iter().zip(visible).filter(|&(_, &visible)| !visible);
    invisible.filter(|(version, _)| !version.came_with_holder).count()
}

/// Joins segments to the spans whose calls they serve.
fn find_callers(trace: &mut Trace<'_>) {
    let span_of: HashMap<EntityId, SpanIndex> =
        trace.spans.iter().enumerate().map(|(index, span)| (span.entity.id, index)).collect();
    for &segment in &trace.segments {
        let parent = trace.spans[segment].entity.parent_id;
        trace.spans[segment].caller = parent.and_then(|parent| span_of.get(&parent).copied());
    }
    cut_circles(trace);
    for &segment in &trace.segments {
        if let Some(caller) = trace.spans[segment].caller {
            trace.spans[caller].callees.push(segment);
        }
    }
}

/// Takes the caller from the earliest segment of each circle of callers, which keeps `AS-1`.
fn cut_circles(trace: &mut Trace<'_>) {
    let Trace { spans, segments, .. } = trace;
    let mut seen_in_walk: Vec<Option<SpanIndex>> = vec![None; spans.len()];
    for &walk in segments.iter() {
        let mut at = walk;
        while seen_in_walk[at].is_none() {
            seen_in_walk[at] = Some(walk);
            match spans[at].caller {
                Some(caller) => at = spans[caller].segment,
                None => break,
            }
        }
        if seen_in_walk[at] != Some(walk) {
            continue;
        }
        // Either the walk came to its top, or back to `at`. Segments stand in order of start.
        let (start, mut earliest) = (at, at);
        while let Some(caller) = spans[at].caller {
            at = spans[caller].segment;
            earliest = earliest.min(at);
            if at == start {
                spans[earliest].caller = None;
                break;
            }
        }
    }
}
