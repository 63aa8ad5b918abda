//! Why a trace took its time: the root cause of the response time (docs/xray.md 6.3).

use std::cmp::Reverse;

use model::Trace;
use model::digest::{RootCause, RootCauseEntity};
use model::trace::SpanIndex;

use super::path::root_cause;
use super::tree::below;

/// From the root, always to the longest child that covers more than half of the ROOT's time; none where not
/// even one step is possible.
pub(super) fn cause(trace: &Trace<'_>) -> Option<RootCause> {
    let root = trace.root()?;
    let whole = length(trace, root)?;
    let mut path = vec![root];
    let mut at = root;
    while let Some(next) = below(trace, at)
        .filter(|&span| length(trace, span).is_some_and(|length| length.saturating_mul(2) > whole))
        .min_by_key(|&span| {
            let entity = &trace.spans[span].entity;
            (Reverse(length(trace, span)), entity.start, entity.id)
        })
    {
        path.push(next);
        at = next;
    }
    if path.len() == 1 {
        return None;
    }
    Some(root_cause(trace, path, true, |span, entity| {
        let share = length(trace, span).unwrap_or(0) as f64 / whole as f64;
        // Work that outlasts the root still covers no more than all of it.
        let coverage = (share.min(1.0) * 1_000.0).round() / 1_000.0;
        RootCauseEntity { coverage: Some(coverage), ..entity }
    }))
}

/// In microseconds; `None` while in progress.
fn length(trace: &Trace<'_>, span: SpanIndex) -> Option<u64> {
    trace.spans[span].entity.length().map(|length| length.0)
}
