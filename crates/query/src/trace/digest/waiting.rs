//! Who is at fault where somebody gave up waiting: not the callee that waited as well, but whoever it waited for.

use model::trace::{Span, SpanIndex, SpanKind};
use model::{NodeKey, NodeKind, Timestamp, Trace};

use super::exceptions::is_call;
use crate::trace::assemble::called_node;

/// The node of the deepest failure. A call that failed while its callee was still at work, as in a timeout, is the
/// failure of the callee, or of whoever the callee waited for in that moment.
pub(super) fn node_at_fault(trace: &Trace<'_>, deepest: SpanIndex) -> (NodeKey, NodeKind) {
    let span = &trace.spans[deepest];
    let gave_up = span.entity.end.filter(|_| is_call(span));
    let late = gave_up.and_then(|end| Some((late_callee(trace, span, end)?, end)));
    let Some((mut callee, mut moment)) = late else {
        return (span.node.clone(), span.node_kind);
    };
    let mut caller = deepest;
    // Callers never go round in a circle (`AS-1`), so each step leads further down.
    loop {
        moment = by_clock_of(&trace.spans[caller], &trace.spans[callee], moment);
        let Some(waiting) = call_at(trace, callee, moment) else { break };
        let call = &trace.spans[waiting];
        if let Some(further) = late_callee(trace, call, moment) {
            (caller, callee) = (waiting, further);
            continue;
        }
        if call.callees.iter().any(|&callee| trace.spans[callee].kind == SpanKind::Segment) {
            // It had its answer, which was on its way.
            break;
        }
        return called_node(&call.entity).unwrap_or_else(|| node(trace, callee));
    }
    node(trace, callee)
}

fn node(trace: &Trace<'_>, span: SpanIndex) -> (NodeKey, NodeKind) {
    (trace.spans[span].node.clone(), trace.spans[span].node_kind)
}

/// A segment that serves the call and was still at work in that moment.
fn late_callee(trace: &Trace<'_>, call: &Span<'_>, moment: Timestamp) -> Option<SpanIndex> {
    call.callees.iter().copied().find(|&callee| {
        let served = &trace.spans[callee];
        let moment = by_clock_of(call, served, moment);
        served.kind == SpanKind::Segment && served.entity.end.is_none_or(|end| end > moment)
    })
}

/// A moment of the call by its callee's clock. A callee that begins outside of its call has another clock, and is
/// taken to have begun with it.
fn by_clock_of(call: &Span<'_>, callee: &Span<'_>, moment: Timestamp) -> Timestamp {
    let (start, began) = (call.entity.start, callee.entity.start);
    let is_inside = began >= start && call.entity.end.is_none_or(|end| began <= end);
    if is_inside { moment } else { began.plus(start.until(moment)) }
}

/// The call in which the segment waited in that moment: of several the one that began first.
fn call_at(trace: &Trace<'_>, segment: SpanIndex, moment: Timestamp) -> Option<SpanIndex> {
    let mut ahead = vec![segment];
    let mut found: Option<SpanIndex> = None;
    while let Some(at) = ahead.pop() {
        let span = &trace.spans[at];
        ahead.extend(&span.children);
        let waits = span.entity.start <= moment && span.entity.end.is_none_or(|end| end >= moment);
        let order = |span: SpanIndex| (trace.spans[span].entity.start, trace.spans[span].entity.id);
        if is_call(span) && waits && found.is_none_or(|first| order(at) < order(first)) {
            found = Some(at);
        }
    }
    found
}
