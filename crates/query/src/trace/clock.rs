//! The times of a trace by one clock, that of its root: each segment is by the clock of its host, and these differ.
//!
//! What a clock says is believed as long as it is possible. A segment that begins before the call that it serves, or was
//! received before it ended, has another clock than its caller; it is moved into the middle of its call, and with it all
//! that it holds and calls. What begins after its call is not moved: messages are handled later.

#[cfg(test)]
mod tests;

use model::trace::{SpanIndex, SpanKind};
use model::{Timestamp, Trace};

use super::digest::tree::below;

/// Some SDKs round to a millisecond.
const TOLERANCE: i64 = 1_000;
/// One rounds the start of a segment down to the second.
const ROUNDED: i64 = 1_000_000;

/// Of each span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Times {
    /// The microseconds by which its clock is behind.
    shifts: Vec<i64>,
}

impl Times {
    pub fn as_sent(trace: &Trace<'_>) -> Self {
        Self { shifts: vec![0; trace.spans.len()] }
    }

    pub fn corrected(trace: &Trace<'_>) -> Self {
        let mut times = Self::as_sent(trace);
        let tops = trace.segments.iter().copied().filter(|&segment| trace.spans[segment].caller.is_none());
        let mut ahead: Vec<SpanIndex> = tops.collect();
        // Ends because callers never go round in a circle (`AS-1`).
        while let Some(at) = ahead.pop() {
            let span = &trace.spans[at];
            times.shifts[at] = match (span.holder, span.caller) {
                (Some(holder), _) => times.shifts[holder],
                (None, Some(caller)) => shift(trace, caller, at, times.shifts[caller]),
                (None, None) => 0,
            };
            ahead.extend(below(trace, at));
        }
        times
    }

    /// The microseconds by which the span's clock is behind that of the root; negative where it is ahead.
    pub fn behind(&self, span: SpanIndex) -> i64 {
        self.shifts[span]
    }

    pub fn start(&self, trace: &Trace<'_>, span: SpanIndex) -> Timestamp {
        moved(trace.spans[span].entity.start, self.shifts[span])
    }

    /// `None` while it is in progress.
    pub fn end(&self, trace: &Trace<'_>, span: SpanIndex) -> Option<Timestamp> {
        Some(moved(trace.spans[span].entity.end?, self.shifts[span]))
    }
}

fn moved(at: Timestamp, by: i64) -> Timestamp {
    Timestamp(at.0.saturating_add(by))
}

/// Of a segment that serves a call, where that of the caller is known.
fn shift(trace: &Trace<'_>, caller: SpanIndex, callee: SpanIndex, of_caller: i64) -> i64 {
    if trace.spans[callee].kind == SpanKind::Inferred {
        return of_caller;
    }
    // Of two hosts the second may well have the right clock, if the first has not.
    let possible =
        [of_caller, 0].into_iter().find(|&shift| is_possible(trace, caller, callee, of_caller, shift));
    possible.unwrap_or_else(|| {
        let (call, served) = (&trace.spans[caller].entity, &trace.spans[callee].entity);
        let slack = match (call.length(), served.length()) {
            (Some(call), Some(served)) => call.0.saturating_sub(served.0) / 2,
            _ => 0,
        };
        let began = moved(call.start, of_caller.saturating_add_unsigned(slack));
        began.0.saturating_sub(served.start.0)
    })
}

fn is_possible(trace: &Trace<'_>, caller: SpanIndex, callee: SpanIndex, of_caller: i64, shift: i64) -> bool {
    let (call, served) = (&trace.spans[caller], &trace.spans[callee]);
    let called = moved(call.entity.start, of_caller).0;
    let early = called.saturating_sub(moved(served.entity.start, shift).0);
    let outlasts = served.entity.length() > call.entity.length();
    let is_rounded =
        early < ROUNDED && outlasts && served.entity.end.is_none_or(|end| moved(end, shift).0 > called);
    let begins_with_call = early <= TOLERANCE || is_rounded;
    // The receiver's clock is a third one, so it only tells where the caller's agrees with it.
    let is_received_early = |span: SpanIndex, shift: i64| {
        let span = &trace.spans[span];
        span.entity.end.is_some_and(|end| moved(end, shift).0 > span.received.0.saturating_add(TOLERANCE))
    };
    let ends_before_receipt =
        !is_received_early(callee, shift) || is_received_early(trace.spans[caller].segment, of_caller);
    begins_with_call && ends_before_receipt
}
