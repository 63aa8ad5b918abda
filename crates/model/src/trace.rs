//! A trace put together: every entity once, in one flat list, with who holds and who calls whom.
//!
//! `query::assemble` makes it from the documents of one trace; `wire` renders it; `query::digest` reduces it.

use std::borrow::Cow;

use crate::id::TraceId;
use crate::node::{NodeKey, NodeKind};
use crate::segment::{Entity, Sequence};
use crate::time::Timestamp;

/// Index into [`Trace::spans`].
pub type SpanIndex = usize;

#[derive(Debug, Clone)]
pub struct Trace<'a> {
    pub id: TraceId,
    /// Every visible entity. A holder stands before what it holds.
    pub spans: Vec<Span<'a>>,
    /// The spans that are segments, inferred ones included, by start and then id.
    pub segments: Vec<SpanIndex>,
    /// Independent subsegments whose parent has not arrived; they are invisible until it does.
    pub orphans: usize,
    /// How many documents were received, duplicates included. It is the trace's revision.
    pub documents: usize,
    pub first_received: Timestamp,
    pub last_received: Timestamp,
    pub last_sequence: Sequence,
}

#[derive(Debug, Clone)]
pub struct Span<'a> {
    /// Its `subsegments` are not to be read: children are spans of their own.
    pub entity: Cow<'a, Entity>,
    pub kind: SpanKind,
    /// Which of the documents given to `assemble` it came in; `None` on inferred segments.
    pub document: Option<usize>,
    /// When that document was received. On an inferred segment, when its subsegment was.
    pub received: Timestamp,
    /// The entity that holds it; `None` on segments.
    pub holder: Option<SpanIndex>,
    /// The subsegment (or segment) whose call it serves; `None` on roots, on subsegments, and on segments
    /// whose caller has not arrived.
    pub caller: Option<SpanIndex>,
    /// The segment it belongs to; itself on a segment.
    pub segment: SpanIndex,
    /// What it holds, by start and then id.
    pub children: Vec<SpanIndex>,
    /// The segments that serve its call, inferred ones included, by start and then id.
    pub callees: Vec<SpanIndex>,
    /// The node of the service graph that its segment is.
    pub node: NodeKey,
    pub node_kind: NodeKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanKind {
    Segment,
    Subsegment,
    /// A segment that nobody sent: made from a finished call whose callee sent nothing itself.
    Inferred,
}

impl Span<'_> {
    /// A segment without a parent in its document.
    pub fn is_root(&self) -> bool {
        self.kind == SpanKind::Segment && self.entity.parent_id.is_none()
    }

    pub fn is_segment(&self) -> bool {
        self.kind != SpanKind::Subsegment
    }
}

impl Trace<'_> {
    /// The root segment that speaks for the whole trace: the earliest of those without a parent.
    pub fn root(&self) -> Option<SpanIndex> {
        self.segments.iter().copied().find(|&index| self.spans[index].is_root())
    }
}
