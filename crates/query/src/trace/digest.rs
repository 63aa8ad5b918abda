//! The one reduction of a trace to what is known without its documents.
//!
//! Rules: docs/xray.md 5.2 to 5.5 (nodes, edges, times), 6.2 (summary) and 6.3 (root causes); `origin` is ours.
//! One trace must not make a digest of many megabytes, so everything in it is bounded by `bounds`. What
//! is cut is cut from the digest alone, and rollups are made from the digest, so they stay consistent.

mod annotations;
mod bounds;
mod calls;
pub(crate) mod exceptions;
mod failure;
mod origin;
mod path;
mod refusal;
mod region;
mod slowness;
mod summary;
#[cfg(test)]
mod tests;
mod touched;
pub(crate) mod tree;
mod waiting;
mod work;

use model::digest::RootDigest;
use model::template::rule::UrlRules;
use model::trace::SpanKind;
use model::{Trace, TraceDigest};

use exceptions::Exceptions;
use region::Regions;
use touched::Touched;
use tree::Tree;

/// Reduces a trace. Pure: the same documents and rules give the same digest. Groups are left empty.
pub fn digest(trace: &Trace<'_>, rules: &UrlRules) -> TraceDigest {
    let tree = Tree::of(trace);
    let exceptions = Exceptions::of(trace);
    let faults = Regions::of(trace, &tree, &exceptions, |flags| flags.fault);
    let errors = Regions::of(trace, &tree, &exceptions, |flags| flags.error);
    let mut touched = Touched::by(trace, &exceptions, rules);
    let real = || trace.spans.iter().filter(|span| span.kind != SpanKind::Inferred);
    let annotated = annotations::annotations(trace, &touched);
    TraceDigest {
        id: trace.id,
        revision: u32::try_from(trace.documents).unwrap_or(u32::MAX),
        through: trace.last_sequence,
        first_received: trace.first_received,
        last_received: trace.last_received,
        start: real().map(|span| span.entity.start).min().unwrap_or(trace.first_received),
        end: real().filter_map(|span| span.entity.end).max(),
        root: root(trace, &mut touched),
        has_throttle: trace.segments.iter().any(|&segment| trace.spans[segment].entity.flags.throttle),
        is_partial: summary::is_partial(trace),
        segments: u32::try_from(trace.segments.len()).unwrap_or(u32::MAX),
        spans: u32::try_from(trace.spans.len()).unwrap_or(u32::MAX),
        annotations: annotated.annotations,
        annotation_sets: annotated.sets,
        annotations_cut: annotated.is_cut,
        users: summary::users(trace),
        resource_arns: summary::resource_arns(trace),
        instance_ids: summary::instance_ids(trace),
        availability_zones: summary::availability_zones(trace),
        versions: summary::versions(trace, &touched),
        fault_causes: failure::causes(trace, &faults, &exceptions),
        error_causes: failure::causes(trace, &errors, &exceptions),
        response_time_causes: slowness::cause(trace).into_iter().collect(),
        origin: origin::origin(trace, &tree, &faults, &exceptions),
        groups: Vec::new(),
        nodes: touched.nodes,
        edges: touched.edges,
        operations: touched.operations.names,
        ruled: touched.operations.ruled,
        calls: touched.calls,
    }
}

fn root(trace: &Trace<'_>, touched: &mut Touched<'_>) -> Option<RootDigest> {
    let root = &trace.spans[trace.root()?];
    Some(RootDigest {
        id: root.entity.id,
        node: touched.index_of(&root.node)?,
        start: root.entity.start,
        response_time: root.entity.length(),
        flags: root.entity.flags,
        http: root.entity.http.as_deref().map(bounds::http).unwrap_or_default(),
        endpoint: touched.operations.ruled(root, &root.node.name),
    })
}
