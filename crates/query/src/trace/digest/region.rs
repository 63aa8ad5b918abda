//! The failed parts of a trace, and what in them tells why.
//!
//! A span with the flag asked for belongs to the region of what it hangs below, if that has the flag too.
//! Whether a region's top is a root decides whether the client noticed.

use model::segment::Flags;
use model::trace::{SpanIndex, SpanKind};
use model::{EntityId, Timestamp, Trace};

use super::exceptions::{Exceptions, owned};
use super::path::way_down;
use super::tree::{Tree, above, below};

/// What a span has to say about the cause, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Evidence {
    /// Its cause names an exception further down.
    Reference,
    /// It is a callee that sent nothing itself.
    Inferred,
    /// It owns an exception.
    Exception,
}

pub(super) struct Regions<'a> {
    trace: &'a Trace<'a>,
    tree: &'a Tree,
    exceptions: &'a Exceptions<'a>,
    has_flag: fn(Flags) -> bool,
    /// The best evidence at the span or below it in its region.
    best: Vec<Option<Evidence>>,
}

impl<'a> Regions<'a> {
    pub(super) fn of(
        trace: &'a Trace<'_>,
        tree: &'a Tree,
        exceptions: &'a Exceptions<'_>,
        has_flag: fn(Flags) -> bool,
    ) -> Self {
        let best = vec![None; trace.spans.len()];
        let mut regions = Self { trace, tree, exceptions, has_flag, best };
        for &span in tree.order.iter().rev().filter(|&&span| has_flag(trace.spans[span].entity.flags)) {
            let beneath = regions.failed_below(span).filter_map(|child| regions.best[child]);
            regions.best[span] = beneath.chain(regions.own(span)).min();
        }
        regions
    }

    pub(super) fn best(&self, span: SpanIndex) -> Option<Evidence> {
        self.best[span]
    }

    /// The top of each region: roots first, then by start and id.
    pub(super) fn tops(&self) -> Vec<SpanIndex> {
        let is_top = |&span: &SpanIndex| {
            self.is_failed(span) && above(self.trace, span).is_none_or(|above| !self.is_failed(above))
        };
        let mut tops: Vec<SpanIndex> = self.tree.order.iter().copied().filter(is_top).collect();
        tops.sort_by_key(|&span| (!self.trace.spans[span].is_root(), self.order(span)));
        tops
    }

    /// What hangs below the span and belongs to its region.
    pub(super) fn failed_below(&self, span: SpanIndex) -> impl Iterator<Item = SpanIndex> + '_ {
        below(self.trace, span).filter(|&child| self.is_failed(child))
    }

    /// From `top` to the deepest span with this evidence, where several ways lead to some the earliest.
    pub(super) fn follow(&self, top: SpanIndex, evidence: Evidence) -> Vec<SpanIndex> {
        let mut path = vec![top];
        let mut at = top;
        loop {
            if evidence == Evidence::Reference
                && let Some(owner) = self.reference(at)
            {
                path.extend(way_down(self.trace, at, owner));
                return path;
            }
            let candidates = self.failed_below(at).filter(|&child| self.best[child] == Some(evidence));
            let Some(next) = candidates.min_by_key(|&child| self.order(child)) else { return path };
            path.push(next);
            at = next;
        }
    }

    /// The inferred segments of a region, by start and id.
    pub(super) fn inferred(&self, top: SpanIndex) -> Vec<SpanIndex> {
        let mut found = Vec::new();
        let mut ahead = vec![top];
        while let Some(span) = ahead.pop() {
            if self.trace.spans[span].kind == SpanKind::Inferred {
                found.push(span);
            }
            ahead.extend(self.failed_below(span));
        }
        found.sort_by_key(|&span| self.order(span));
        found
    }

    /// The span further down, flagged or not, that owns the exception which the cause of `span` names.
    pub(super) fn reference(&self, span: SpanIndex) -> Option<SpanIndex> {
        let (owner, _) = self.exceptions.referred(span)?;
        self.tree.is_below(owner, span).then_some(owner)
    }

    pub(super) fn order(&self, span: SpanIndex) -> (Timestamp, EntityId) {
        let entity = &self.trace.spans[span].entity;
        (entity.start, entity.id)
    }

    fn own(&self, span: SpanIndex) -> Option<Evidence> {
        if self.reference(span).is_some() {
            return Some(Evidence::Reference);
        }
        match &self.trace.spans[span] {
            inferred if inferred.kind == SpanKind::Inferred => Some(Evidence::Inferred),
            owner if !owned(owner).is_empty() => Some(Evidence::Exception),
            _ => None,
        }
    }

    fn is_failed(&self, span: SpanIndex) -> bool {
        (self.has_flag)(self.trace.spans[span].entity.flags)
    }
}
