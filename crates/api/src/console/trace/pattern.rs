//! Shapes of calls in words, with the numbers that show them.

use model::trace::SpanIndex;
use model::{Micros, Trace};
use query::pattern::{Kind, Pattern};

use crate::shape;

/// Spans named as evidence; the console finds the others beside them.
const MAX_EVIDENCE: usize = 50;
const MAX_WAITS: usize = 5;

pub(super) fn patterns(trace: &Trace<'_>) -> Vec<shape::Pattern> {
    query::pattern::patterns(trace).iter().map(|pattern| shape(trace, pattern)).collect()
}

fn shape(trace: &Trace<'_>, pattern: &Pattern) -> shape::Pattern {
    let id = |span: SpanIndex| trace.spans[span].entity.id.to_string();
    let (kind, sentence) = words(trace, pattern);
    shape::Pattern {
        kind,
        sentence,
        parent: id(pattern.parent),
        evidence: pattern.evidence.iter().take(MAX_EVIDENCE).map(|&span| id(span)).collect(),
        count: pattern.evidence.len(),
    }
}

fn words(trace: &Trace<'_>, pattern: &Pattern) -> (shape::PatternKind, String) {
    let name = |span: SpanIndex| trace.spans[span].entity.name.as_str();
    let parent = name(pattern.parent);
    let count = pattern.evidence.len();
    let first = pattern.evidence.first().copied().unwrap_or(pattern.parent);
    match &pattern.kind {
        Kind::RetryStorm { failed, waits } => {
            let shown: Vec<String> = waits.iter().take(MAX_WAITS).map(|&wait| length(wait)).collect();
            let more = if waits.len() > MAX_WAITS { ", …" } else { "" };
            let ended = if *failed == count { "none succeeded" } else { "the last succeeded" };
            let sentence = format!(
                "Retry storm: {parent} called {} {count} times, {ended}; it waited {}{more} between.",
                called(trace, first),
                shown.join(", "),
            );
            (shape::PatternKind::RetryStorm, sentence)
        }
        Kind::NPlusOne { total } => {
            let sentence = format!(
                "N+1: {parent} called {} {count} times, one after another, for {} in all; one call for all could do.",
                called(trace, first),
                length(*total),
            );
            (shape::PatternKind::NPlusOne, sentence)
        }
        Kind::SerialFanOut { total, longest } => {
            let sentence = format!(
                "Serial fan-out: {parent} made {count} different calls one after another for {}; side by side they \
                 would take {}, if none needs another's answer.",
                length(*total),
                length(*longest),
            );
            (shape::PatternKind::SerialFanOut, sentence)
        }
        Kind::TimeoutInversion { over } => {
            let waited = trace.spans[pattern.parent].entity.length().unwrap_or_default();
            let caller = name(trace.spans[pattern.parent].segment);
            let sentence = format!(
                "Timeout inversion: {caller} gave up on {} after {}, which worked on for another {}.",
                name(first),
                length(waited),
                length(*over),
            );
            (shape::PatternKind::TimeoutInversion, sentence)
        }
    }
}

/// What was called, and how.
fn called(trace: &Trace<'_>, span: SpanIndex) -> String {
    let entity = &trace.spans[span].entity;
    match entity.aws.as_ref().and_then(|aws| aws.operation.as_deref()) {
        Some(operation) => format!("{} {operation}", entity.name),
        None => entity.name.clone(),
    }
}

/// `231 ms`, `1.83 s`.
fn length(length: Micros) -> String {
    match length.0 {
        micros @ 0..1_000 => format!("{micros} µs"),
        micros @ 1_000..10_000 => format!("{:.1} ms", micros as f64 / 1_000.0),
        micros @ 10_000..1_000_000 => format!("{} ms", (micros + 500) / 1_000),
        micros => format!("{:.2} s", micros as f64 / 1_000_000.0),
    }
}
