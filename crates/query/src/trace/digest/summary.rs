//! What a trace summary lists: users, resources, versions, and whether anything is missing.

use model::Trace;
use model::trace::{Span, SpanKind};

use super::bounds;
use super::exceptions::is_call;
use super::touched::Touched;

/// Something is open or missing: a segment in progress, the root, the callee of a traced call, a caller, or
/// the parent of a subsegment (docs/xray.md 6.2).
pub(super) fn is_partial(trace: &Trace<'_>) -> bool {
    trace.orphans > 0
        || trace.root().is_none()
        || trace.spans.iter().any(|span| match span.kind {
            SpanKind::Segment => {
                !span.entity.is_complete() || span.entity.parent_id.is_some() && span.caller.is_none()
            }
            SpanKind::Subsegment => awaits_callee(trace, span),
            SpanKind::Inferred => false,
        })
}

/// The callee was to send a segment and has not. A call that failed without any response reached nobody,
/// so nothing is missing there.
fn awaits_callee(trace: &Trace<'_>, span: &Span<'_>) -> bool {
    let has_response = span.entity.http.as_ref().is_some_and(|http| http.status.is_some());
    let is_answered = span.callees.iter().any(|&callee| trace.spans[callee].kind == SpanKind::Segment);
    is_call(span) && span.entity.traced && !is_answered && (has_response || !span.entity.flags.fault)
}

pub(super) fn users(trace: &Trace<'_>) -> Vec<String> {
    distinct(trace, |span| span.entity.user.as_deref())
}

pub(super) fn resource_arns(trace: &Trace<'_>) -> Vec<String> {
    distinct(trace, |span| span.entity.resource_arn.as_deref())
}

pub(super) fn instance_ids(trace: &Trace<'_>) -> Vec<String> {
    distinct(trace, |span| span.entity.aws.as_ref()?.instance_id.as_deref())
}

pub(super) fn availability_zones(trace: &Trace<'_>) -> Vec<String> {
    distinct(trace, |span| span.entity.aws.as_ref()?.availability_zone.as_deref())
}

pub(super) fn versions(trace: &Trace<'_>, touched: &Touched<'_>) -> Vec<(u32, String)> {
    let mut kept = Vec::new();
    for &segment in &trace.segments {
        let span = &trace.spans[segment];
        let Some(version) = span.entity.service_version.as_deref() else { continue };
        let Some(node) = touched.index_of(&span.node) else { continue };
        let entry = (node, bounds::text(version));
        if kept.len() < bounds::VALUES && !kept.contains(&entry) {
            kept.push(entry);
        }
    }
    kept
}

/// The distinct values of real segments, in order of start.
fn distinct<'t>(trace: &'t Trace<'_>, value: impl Fn(&'t Span<'_>) -> Option<&'t str>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    let segments = trace.segments.iter().map(|&segment| &trace.spans[segment]);
    for value in segments.filter(|span| span.kind == SpanKind::Segment).filter_map(value) {
        let value = bounds::text(value);
        if kept.len() < bounds::VALUES && !kept.contains(&value) {
            kept.push(value);
        }
    }
    kept
}
