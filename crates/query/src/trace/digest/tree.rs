//! The spans as one forest: below a span stand those that it holds and the segments that serve its call.

use model::Trace;
use model::trace::SpanIndex;

/// An order in which each span stands before everything below it, and all of that directly behind it.
pub(super) struct Tree {
    pub(super) order: Vec<SpanIndex>,
    /// Where a span stands in `order`.
    place: Vec<usize>,
    /// How many spans stand below a span, itself included.
    size: Vec<usize>,
}

/// What a span hangs below.
pub(super) fn above(trace: &Trace<'_>, span: SpanIndex) -> Option<SpanIndex> {
    trace.spans[span].holder.or(trace.spans[span].caller)
}

/// What hangs below a span.
pub(crate) fn below<'t>(trace: &'t Trace<'_>, span: SpanIndex) -> impl Iterator<Item = SpanIndex> + 't {
    let span = &trace.spans[span];
    span.children.iter().chain(&span.callees).copied()
}

impl Tree {
    /// Ends because callers never go round in a circle (`AS-1`).
    pub(super) fn of(trace: &Trace<'_>) -> Self {
        let count = trace.spans.len();
        let mut tree = Self { order: Vec::with_capacity(count), place: vec![0; count], size: vec![1; count] };
        let tops = trace.segments.iter().copied().filter(|&segment| trace.spans[segment].caller.is_none());
        let mut ahead: Vec<SpanIndex> = tops.collect();
        while let Some(span) = ahead.pop() {
            tree.place[span] = tree.order.len();
            tree.order.push(span);
            ahead.extend(below(trace, span));
        }
        for &span in tree.order.iter().rev() {
            if let Some(above) = above(trace, span) {
                tree.size[above] += tree.size[span];
            }
        }
        debug_assert_eq!(tree.order.len(), count, "AS-1");
        tree
    }

    /// Whether `span` stands somewhere below `top`, which is not so for itself.
    pub(super) fn is_below(&self, span: SpanIndex, top: SpanIndex) -> bool {
        let (span, first) = (self.place[span], self.place[top]);
        first < span && span < first + self.size[top]
    }
}
