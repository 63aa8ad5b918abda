//! The requests to nodes as a tree: who made each, and when of the caller's time it began.

use std::cmp::Reverse;

use model::digest::{Call, Waited};
use model::trace::SpanIndex;
use model::{Coarse, Micros, Trace};

/// A segment at its place in the tree.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    pub(super) segment: SpanIndex,
    /// The place in the order of the segment that called it.
    pub(super) caller: Option<usize>,
}

/// Every segment, the root first, callers before what they call, and what one segment calls by its start.
pub(super) fn order(trace: &Trace<'_>) -> Vec<Placed> {
    let mut called: Vec<Vec<SpanIndex>> = vec![Vec::new(); trace.spans.len()];
    let mut tops = Vec::new();
    for &segment in &trace.segments {
        match trace.spans[segment].caller {
            Some(caller) => called[trace.spans[caller].segment].push(segment),
            None => tops.push(segment),
        }
    }
    let root = trace.root();
    // The last is taken from a stack first.
    tops.sort_by_key(|&top| (Some(top) == root, Reverse(top)));
    let began = |segment: SpanIndex| {
        let span = &trace.spans[segment];
        let recorded = span.caller.map(|caller| &trace.spans[caller]).filter(|caller| !caller.is_segment());
        let call = recorded.unwrap_or(span);
        (Reverse(call.entity.start), Reverse(span.entity.start), Reverse(segment))
    };
    let mut order = Vec::with_capacity(trace.segments.len());
    let mut ahead: Vec<Placed> = tops.into_iter().map(|segment| Placed { segment, caller: None }).collect();
    // Ends because callers never go round in a circle (`AS-1`).
    while let Some(placed) = ahead.pop() {
        let caller = Some(order.len());
        order.push(placed);
        let mut callees = std::mem::take(&mut called[placed.segment]);
        callees.sort_by_key(|&callee| began(callee));
        ahead.extend(callees.into_iter().map(|segment| Placed { segment, caller }));
    }
    order
}

/// What is kept of one of them. `caller` is the place among what is kept.
pub(super) fn call(trace: &Trace<'_>, segment: SpanIndex, node: u32, caller: Option<u32>) -> Call {
    let span = &trace.spans[segment];
    let made = span.caller.filter(|_| caller.is_some()).map(|call| &trace.spans[call]);
    let Some(made) = made else { return Call { node, caller: None, begin: 0, waited: Waited::AsServed } };
    let holder = &trace.spans[made.segment];
    let served = span.entity.length();
    if made.is_segment() {
        // Nobody recorded the call, so the segment that served it speaks for it.
        let begin = part(made.entity.start.until(span.entity.start), made.entity.length());
        return Call { node, caller, begin, waited: Waited::AsServed };
    }
    let begin = part(holder.entity.start.until(made.entity.start), holder.entity.length());
    let waited = match (made.entity.length(), served) {
        // Several serve it at once: how long it waited for each is not known.
        (Some(_), Some(_)) if made.callees.len() > 1 => Waited::AsServed,
        (Some(call), Some(served)) if call > served => Waited::Longer(Coarse::of(Micros(call.0 - served.0))),
        (Some(call), served) if served != Some(call) => Waited::Only(Coarse::of(call)),
        _ => Waited::AsServed,
    };
    Call { node, caller, begin, waited }
}

/// How many 256ths of the whole have passed.
fn part(passed: Micros, whole: Option<Micros>) -> u8 {
    let whole = whole.unwrap_or_default().0.max(1);
    let part = u128::from(passed.0) * 256 / u128::from(whole);
    u8::try_from(part).unwrap_or(u8::MAX)
}
