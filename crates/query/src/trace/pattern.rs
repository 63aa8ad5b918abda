//! Shapes in a single trace that people have names for: each a cause of slowness or of load that hides in plain sight.
//!
//! A shape is reported only where the times show it. Spans of different services are compared with a
//! tolerance, since their clocks differ.

mod repeat;
#[cfg(test)]
mod tests;

use model::segment::Outcome;
use model::trace::{Span, SpanIndex, SpanKind};
use model::{Micros, Timestamp, Trace};

use super::digest::exceptions::is_call;
use super::digest::tree::below;

/// Of one trace; more of them would be read by nobody.
const MAX_PATTERNS: usize = 20;
/// Callees of a serial fan-out; two calls in a row are the rule and not a shape.
const LEAST_FAN_OUT: usize = 3;
/// Share of the parent's time that calls in a row must take to be worth a line.
const WORTH: f64 = 0.5;
/// Clocks of hosts differ; a callee that ends this much after its caller did so by the clock alone.
const TOLERANCE: Micros = Micros::from_millis(10);

#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    pub kind: Kind,
    /// Below which span.
    pub parent: SpanIndex,
    /// What shows it, in order of start.
    pub evidence: Vec<SpanIndex>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// The same call again and again after it failed; `waits` are the pauses between.
    RetryStorm { failed: usize, waits: Vec<Micros> },
    /// The same query one after another, where one for all would do.
    NPlusOne { total: Micros },
    /// Calls of different things one after another: side by side they would take `longest`.
    SerialFanOut { total: Micros, longest: Micros },
    /// The caller gave up while the callee worked on for `over`.
    TimeoutInversion { over: Micros },
}

/// The costliest first.
pub fn patterns(trace: &Trace<'_>) -> Vec<Pattern> {
    let mut found = Vec::new();
    for parent in 0..trace.spans.len() {
        let calls = calls_below(trace, parent);
        let repeats = repeat::find(trace, parent, &calls);
        let in_repeat = |call: &SpanIndex| repeats.iter().any(|pattern| pattern.evidence.contains(call));
        if calls.len() <= MAX_FAN_OUT && !calls.iter().any(in_repeat) {
            found.extend(serial_fan_out(trace, parent, &calls));
        }
        found.extend(repeats);
        found.extend(timeout_inversion(trace, parent));
    }
    found.sort_by_key(|pattern| (std::cmp::Reverse(pattern.cost(trace)), pattern.parent));
    found.truncate(MAX_PATTERNS);
    found
}

/// Above this many calls it is a loop and no plan.
const MAX_FAN_OUT: usize = 50;

impl Pattern {
    fn cost(&self, trace: &Trace<'_>) -> Micros {
        match &self.kind {
            Kind::RetryStorm { waits, .. } => {
                let waited: u64 = waits.iter().map(|wait| wait.0).sum();
                Micros(waited + total(trace, &self.evidence).0)
            }
            Kind::NPlusOne { total } => *total,
            Kind::SerialFanOut { total, longest } => Micros(total.0 - longest.0),
            Kind::TimeoutInversion { over } => *over,
        }
    }
}

/// Finished calls that a span holds, by start.
fn calls_below(trace: &Trace<'_>, parent: SpanIndex) -> Vec<SpanIndex> {
    let is_query = |span: &Span<'_>| !span.is_segment() && span.entity.sql.is_some();
    let calls = trace.spans[parent].children.iter().copied().filter(|&child| {
        let span = &trace.spans[child];
        (is_call(span) || is_query(span)) && span.entity.is_complete()
    });
    calls.collect()
}

fn start(trace: &Trace<'_>, span: SpanIndex) -> Timestamp {
    trace.spans[span].entity.start
}

fn end(trace: &Trace<'_>, span: SpanIndex) -> Timestamp {
    trace.spans[span].entity.end.unwrap_or(start(trace, span))
}

fn total(trace: &Trace<'_>, spans: &[SpanIndex]) -> Micros {
    let lengths = spans.iter().filter_map(|&span| trace.spans[span].entity.length());
    Micros(lengths.map(|length| length.0).sum())
}

/// Whether each begins when the one before has ended.
fn in_a_row(trace: &Trace<'_>, spans: &[SpanIndex]) -> bool {
    spans.windows(2).all(|pair| end(trace, pair[0]) <= start(trace, pair[1]))
}

fn failed(trace: &Trace<'_>, span: SpanIndex) -> bool {
    trace.spans[span].entity.flags.outcome() != Outcome::Ok
}

fn serial_fan_out(trace: &Trace<'_>, parent: SpanIndex, calls: &[SpanIndex]) -> Option<Pattern> {
    let whole = trace.spans[parent].entity.length()?;
    let mut names: Vec<&str> = calls.iter().map(|&call| trace.spans[call].entity.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let sum = total(trace, calls);
    let is_worth_it = sum.0 as f64 >= WORTH * whole.0 as f64;
    if names.len() < LEAST_FAN_OUT || names.len() != calls.len() || !is_worth_it || !in_a_row(trace, calls) {
        return None;
    }
    let longest = calls.iter().filter_map(|&call| trace.spans[call].entity.length()).max()?;
    Some(Pattern { kind: Kind::SerialFanOut { total: sum, longest }, parent, evidence: calls.to_vec() })
}

fn timeout_inversion(trace: &Trace<'_>, caller: SpanIndex) -> Option<Pattern> {
    let call = &trace.spans[caller];
    if !is_call(call) || !failed(trace, caller) {
        return None;
    }
    let given_up = call.entity.end?;
    let callee = below(trace, caller).find(|&callee| {
        let callee = &trace.spans[callee];
        let began = callee.entity.start;
        callee.kind == SpanKind::Segment
            && began >= call.entity.start.minus(TOLERANCE)
            && began < given_up
            && callee.entity.end.is_some_and(|end| end > given_up.plus(TOLERANCE))
    })?;
    let over = given_up.until(end(trace, callee));
    Some(Pattern { kind: Kind::TimeoutInversion { over }, parent: caller, evidence: vec![callee] })
}
