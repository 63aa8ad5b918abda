//! From a failure into the throttled or refused call that it came from.
//!
//! SDKs mark a throttled call `error` and `throttle` without `fault`, and some a refused one `error` alone, so that the
//! walk from fault to fault ends in the caller, with the callee's message in its hands.

use model::Trace;
use model::segment::Exception;
use model::trace::{Span, SpanIndex, SpanKind};

use super::exceptions::{Exceptions, is_call, is_same, owned};

/// A message that is shorter may stand in another by chance.
const LEAST_MESSAGE: usize = 8;

/// The way from a failure down into the refused call that caused it, without the failure; empty where there is none.
pub(super) fn below(trace: &Trace<'_>, exceptions: &Exceptions<'_>, failure: SpanIndex) -> Vec<SpanIndex> {
    let mut path = Vec::new();
    let mut at = failure;
    // Callers never go round in a circle (`AS-1`), so each step leads further down.
    while let Some(call) = refused_call(trace, exceptions, at) {
        path.push(call);
        match trace.spans[call].callees.first() {
            Some(&callee) => {
                path.push(callee);
                at = callee;
            }
            None => break,
        }
    }
    path
}

/// Where nothing failed but the client was told to come again later: the way into the call that was throttled, if that
/// leads to somebody who sends nothing. A service that limits its own callers did nothing wrong.
pub(super) fn of_root(trace: &Trace<'_>, exceptions: &Exceptions<'_>) -> Option<Vec<SpanIndex>> {
    let root = trace.root().filter(|&root| trace.spans[root].entity.flags.throttle)?;
    let path = below(trace, exceptions, root);
    let ends_outside = path.last().is_some_and(|&last| trace.spans[last].kind == SpanKind::Inferred);
    ends_outside.then_some(path)
}

/// The call of the failure's segment that its exception refers to, or says the same as; else the throttled one that
/// ended last before it, if its callee was not called with success after that.
fn refused_call(trace: &Trace<'_>, exceptions: &Exceptions<'_>, failure: SpanIndex) -> Option<SpanIndex> {
    let failed = &trace.spans[failure];
    if is_call(failed) || failed.kind == SpanKind::Inferred {
        return None;
    }
    let calls: Vec<SpanIndex> = calls_of(trace, failure).collect();
    let refused = calls.iter().copied().filter(|&call| is_refused(&trace.spans[call]));
    let latest_first = |call: &SpanIndex| (trace.spans[*call].entity.end, trace.spans[*call].entity.id);
    let referred = exceptions.referred(failure).map(|(owner, _)| owner);
    let is_told =
        |&call: &SpanIndex| referred == Some(call) || tells_of(owned(failed), owned(&trace.spans[call]));
    if let Some(call) = refused.clone().filter(is_told).max_by_key(latest_first) {
        return Some(call);
    }
    let last = refused.filter(|&call| trace.spans[call].entity.flags.throttle).max_by_key(latest_first)?;
    let went_on = calls.iter().any(|&call| {
        let (later, throttled) = (&trace.spans[call], &trace.spans[last]);
        !later.entity.flags.any()
            && later.entity.start >= throttled.entity.start
            && later.callees.iter().any(|&callee| is_callee_of(trace, throttled, callee))
    });
    (!went_on).then_some(last)
}

/// The finished calls of the failure's segment that were over when it failed.
fn calls_of<'t>(trace: &'t Trace<'_>, failure: SpanIndex) -> impl Iterator<Item = SpanIndex> + 't {
    let failed = &trace.spans[failure];
    let mut ahead = vec![failed.segment];
    std::iter::from_fn(move || {
        let span = ahead.pop()?;
        ahead.extend(&trace.spans[span].children);
        Some(span)
    })
    .filter(move |&call| {
        let span = &trace.spans[call];
        is_call(span) && span.entity.end.is_some_and(|end| failed.entity.end.is_none_or(|last| end <= last))
    })
}

fn is_refused(call: &Span<'_>) -> bool {
    let flags = call.entity.flags;
    !flags.fault && (flags.throttle || flags.error)
}

/// Whether one of the caller's exceptions is one of the call's, or tells its message.
fn tells_of(callers: &[Exception], calls: &[Exception]) -> bool {
    calls.iter().any(|call| callers.iter().any(|caller| is_same(caller, call) || is_quoted(caller, call)))
}

fn is_quoted(caller: &Exception, call: &Exception) -> bool {
    let quotes = |text: &Option<String>| {
        let text = text.as_deref().filter(|text| text.chars().count() >= LEAST_MESSAGE);
        text.is_some_and(|text| caller.message.as_deref().is_some_and(|message| message.contains(text)))
    };
    quotes(&call.message) || quotes(&call.name)
}

fn is_callee_of(trace: &Trace<'_>, call: &Span<'_>, other: SpanIndex) -> bool {
    call.callees.iter().any(|&callee| trace.spans[callee].node == trace.spans[other].node)
}
