//! Where the failure of a trace began: the one node to name, so that its victims are not named with it.
//!
//! X-Ray has no such thing. Its root causes end where an SDK recorded an exception, which is often a
//! victim; this goes on to the deepest node that failed, whether it could say why or not. Where that one failed since
//! a call of its was throttled or refused, it goes on into the call ([`super::refusal`]), and past everybody who
//! only waited ([`super::waiting`]).

use model::Trace;
use model::digest::{ExceptionDigest, FaultOrigin};
use model::segment::Exception;
use model::trace::SpanIndex;

use super::bounds;
use super::exceptions::{Exceptions, is_same, owned};
use super::region::Regions;
use super::tree::Tree;
use super::{refusal, waiting};

/// `regions` are those of faults. Below a failing root if there is one, else wherever a fault is, since a
/// failure that somebody caught began somewhere too.
pub(super) fn origin(
    trace: &Trace<'_>,
    tree: &Tree,
    regions: &Regions<'_>,
    exceptions: &Exceptions<'_>,
) -> Option<FaultOrigin> {
    let tops = regions.tops();
    if tops.is_empty() {
        let path = refusal::of_root(trace, exceptions)?;
        return Some(told(trace, exceptions, &path));
    }
    // The first root, else the first with anything to say, else the first.
    let top = tops.iter().copied().min_by_key(|&top| {
        let is_root = trace.spans[top].is_root();
        (!is_root, !is_root && regions.best(top).is_none())
    })?;
    let mut path = past_bystanders(trace, regions, tree, deepest_failure(regions, tree, top), &tops);
    path.extend(refusal::below(trace, exceptions, *path.last()?));
    Some(told(trace, exceptions, &path))
}

/// What there is to say of the failure at the end of a path.
fn told(trace: &Trace<'_>, exceptions: &Exceptions<'_>, path: &[SpanIndex]) -> FaultOrigin {
    let deepest = path.last().copied().unwrap_or_default();
    let (node, node_kind) = waiting::node_at_fault(trace, deepest);
    let told = path.iter().rev().find_map(|&span| told_by(trace, exceptions, span));
    let (entity, exception) = match told {
        Some((span, exception)) => (span, Some(exception)),
        // An inferred segment has nothing to open; the call has.
        None => (trace.spans[deepest].caller.unwrap_or(deepest), None),
    };
    FaultOrigin {
        node,
        node_kind,
        witness: trace.spans[entity].node.clone(),
        entity: trace.spans[entity].entity.id,
        exception,
        at: trace.spans[deepest].entity.start,
    }
}

/// Always to the failed child that the cause refers to, else to the earliest, those first that have anything to say.
fn deepest_failure(regions: &Regions<'_>, tree: &Tree, top: SpanIndex) -> Vec<SpanIndex> {
    let mut path = vec![top];
    let mut at = top;
    loop {
        let owner = regions.reference(at);
        let leads_to_owner = |child| owner.is_some_and(|owner| owner == child || tree.is_below(owner, child));
        let Some(next) = regions.failed_below(at).min_by_key(|&child| {
            (!leads_to_owner(child), regions.best(child).is_none(), regions.order(child))
        }) else {
            return path;
        };
        path.push(next);
        at = next;
    }
}

/// Further down, where what failed below threw the very exception that arrived above. A span between the two may
/// show nothing of it: the Java SDK's interceptor for Spring beans passes exceptions on without a flag.
fn past_bystanders(
    trace: &Trace<'_>,
    regions: &Regions<'_>,
    tree: &Tree,
    mut path: Vec<SpanIndex>,
    tops: &[SpanIndex],
) -> Vec<SpanIndex> {
    for &top in tops {
        let Some(&deepest) = path.last() else { break };
        if !tree.is_below(top, deepest) {
            continue;
        }
        let further = deepest_failure(regions, tree, top);
        let arrived = owned(&trace.spans[deepest]);
        let referred = regions.reference(deepest);
        let is_thrown_by = |&span: &SpanIndex| {
            let mut thrown = owned(&trace.spans[span]).iter();
            referred == Some(span)
                || thrown.any(|exception| arrived.iter().any(|other| is_same(exception, other)))
        };
        if further.iter().any(is_thrown_by) {
            path.extend(further);
        }
    }
    path
}

/// The exception that the span owns or refers to, with its owner: of a chain of exceptions that were raised
/// from each other, the one that began it.
fn told_by(
    trace: &Trace<'_>,
    exceptions: &Exceptions<'_>,
    span: SpanIndex,
) -> Option<(SpanIndex, ExceptionDigest)> {
    let own = owned(&trace.spans[span]).first().map(|first| (span, first));
    let (owner, outermost) = own.or_else(|| exceptions.referred(span))?;
    let innermost = innermost(owned(&trace.spans[owner]), outermost);
    Some((owner, bounds::exception(innermost)))
}

fn innermost<'e>(chain: &'e [Exception], outermost: &'e Exception) -> &'e Exception {
    let mut at = outermost;
    // As many steps as there are exceptions, in case they go round in a circle.
    for _ in 0..chain.len() {
        let raised_from =
            at.cause.and_then(|cause| chain.iter().find(|exception| exception.id == Some(cause)));
        match raised_from {
            Some(exception) => at = exception,
            None => break,
        }
    }
    at
}
