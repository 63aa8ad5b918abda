//! Which spans a trace waited for, moment by moment: shortening anything else would not have made it faster.
//!
//! The walk goes backwards from the end of the root: what a span waited for last is the child that finished
//! last, before that the child that finished last before this one began, and so on. Between them the span
//! worked itself. A child that outlasts its parent is cut where the parent ends, and one that only begins
//! then blocked nobody.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use model::trace::{SpanIndex, SpanKind};
use model::{Micros, Timestamp, Trace};

use super::clock::Times;
use super::digest::tree::below;

/// In order of time, without gaps from the start of the root to its end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CriticalPath {
    pub steps: Vec<Step>,
}

/// The span itself, and not what it called, kept the trace waiting from here to there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    pub span: SpanIndex,
    pub from: Timestamp,
    pub to: Timestamp,
}

/// Who kept the trace waiting.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holdup {
    /// By the name of its node.
    Service(String),
    /// Between a call and the segment that served it: on the wire, in a queue, or waiting for a free worker.
    Network,
}

/// A span of the walk with the times in which its parent waited for it.
struct Visit {
    span: SpanIndex,
    from: Timestamp,
    to: Timestamp,
}

/// Of the root, or of the earliest segment where the root has not arrived. O(n log n) in the number of spans.
pub fn critical_path(trace: &Trace<'_>, times: &Times) -> CriticalPath {
    let Some(top) = trace.root().or_else(|| trace.segments.first().copied()) else {
        return CriticalPath::default();
    };
    let start_of = |span: SpanIndex| times.start(trace, span);
    let known_end = (0..trace.spans.len()).map(|span| times.end(trace, span).unwrap_or(start_of(span))).max();
    let end_of = |span: SpanIndex| times.end(trace, span).or(known_end);
    let Some(end) = end_of(top) else { return CriticalPath::default() };
    let mut steps = Vec::new();
    let mut ahead = vec![Visit { span: top, from: start_of(top), to: end }];
    while let Some(visit) = ahead.pop() {
        let parent = &trace.spans[visit.span].entity;
        let mut children: Vec<(Timestamp, SpanIndex)> = below(trace, visit.span)
            // Nobody waited for what is still at work below something finished.
            .filter(|&child| trace.spans[child].entity.end.is_some() || parent.end.is_none())
            .filter_map(|child| Some((end_of(child)?.min(visit.to), child)))
            .collect();
        // Of those that end together the one that began first explains most.
        children.sort_unstable_by_key(|&(end, child)| {
            (Reverse(end), start_of(child), trace.spans[child].entity.id)
        });
        let mut cursor = visit.to;
        for (end, child) in children {
            let start = start_of(child).max(visit.from);
            if end > cursor || start >= end {
                continue;
            }
            push(&mut steps, Step { span: visit.span, from: end, to: cursor });
            ahead.push(Visit { span: child, from: start, to: end });
            cursor = start;
        }
        push(&mut steps, Step { span: visit.span, from: visit.from, to: cursor });
    }
    steps.sort_unstable_by_key(|step| step.from);
    CriticalPath { steps }
}

fn push(steps: &mut Vec<Step>, step: Step) {
    if step.from < step.to {
        steps.push(step);
    }
}

impl CriticalPath {
    pub fn length(&self) -> Micros {
        Micros(self.steps.iter().map(|step| step.from.until(step.to).0).sum())
    }

    /// Who kept the trace waiting and for how long, the longest first.
    pub fn holdups(&self, trace: &Trace<'_>) -> Vec<(Holdup, Micros)> {
        let mut sums: BTreeMap<Holdup, u64> = BTreeMap::new();
        for step in &self.steps {
            *sums.entry(holdup(trace, step.span)).or_default() += step.from.until(step.to).0;
        }
        let mut sums: Vec<_> = sums.into_iter().map(|(holdup, sum)| (holdup, Micros(sum))).collect();
        sums.sort_by_key(|&(_, sum)| Reverse(sum));
        sums
    }
}

fn holdup(trace: &Trace<'_>, span: SpanIndex) -> Holdup {
    let span = &trace.spans[span];
    let is_served = span.callees.iter().any(|&callee| trace.spans[callee].kind == SpanKind::Segment);
    if is_served && !span.is_segment() {
        return Holdup::Network;
    }
    Holdup::Service(span.node.name.clone())
}
