//! What a trace lacks, in sentences that name who told of it.

use model::Trace;
use model::trace::{Span, SpanKind};

use crate::shape::Missing;

/// Sentences of one kind; more of them say nothing new.
const MAX_SENTENCES: usize = 5;

pub(super) fn missing(trace: &Trace<'_>) -> Vec<Missing> {
    let mut missing = Vec::new();
    let about_all = |sentence: String| Missing { sentence, span: None };
    if trace.root().is_none() {
        missing.push(about_all("The segment that the trace began with has not arrived.".to_owned()));
    }
    match trace.orphans {
        0 => {}
        1 => missing
            .push(about_all("A subsegment is not shown, since what holds it has not arrived.".to_owned())),
        many => missing.push(about_all(format!(
            "{many} subsegments are not shown, since what holds them has not arrived."
        ))),
    }
    let mut tell = |test: &dyn Fn(&Span<'_>) -> bool, sentence: &dyn Fn(&Span<'_>) -> String| {
        let spans = trace.spans.iter().filter(|span| test(span));
        let (first, rest) = (spans.clone().take(MAX_SENTENCES), spans.skip(MAX_SENTENCES).count());
        missing.extend(
            first.map(|span| Missing { sentence: sentence(span), span: Some(span.entity.id.to_string()) }),
        );
        if rest > 0 {
            missing.push(about_all(format!("The same is true of {rest} more.")));
        }
    };
    tell(&|span| span.is_segment() && span.entity.end.is_none(), &|span| {
        format!("`{}` said that it began, and has not said that it ended.", span.entity.name)
    });
    let lost_caller = |span: &Span<'_>| {
        span.kind == SpanKind::Segment && span.entity.parent_id.is_some() && span.caller.is_none()
    };
    tell(&lost_caller, &|span| {
        let caller = span.entity.parent_id.map(|id| id.to_string()).unwrap_or_default();
        format!("`{}` was called by span {caller}, which has not arrived.", span.entity.name)
    });
    let silent = |span: &Span<'_>| {
        let mut callees = span.callees.iter();
        span.entity.traced && !callees.any(|&callee| trace.spans[callee].kind == SpanKind::Segment)
    };
    tell(&silent, &|span| {
        let caller = &trace.spans[span.segment].entity.name;
        format!("`{}` was called by `{caller}` with traced=true, but sent no segment.", span.entity.name)
    });
    missing
}
