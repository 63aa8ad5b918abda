//! A way through a trace from above to below, and the root cause that it tells.

use model::Trace;
use model::digest::{RootCause, RootCauseEntity, RootCauseService};
use model::trace::{SpanIndex, SpanKind};

use super::bounds;
use super::tree::above;

/// The spans from `top` down to `bottom`, which stands below it, without `top`.
pub(super) fn way_down(trace: &Trace<'_>, top: SpanIndex, bottom: SpanIndex) -> Vec<SpanIndex> {
    let mut way = Vec::new();
    let mut at = Some(bottom);
    while let Some(span) = at.filter(|&span| span != top) {
        way.push(span);
        at = above(trace, span);
    }
    way.reverse();
    way
}

/// Groups a path by segment, as X-Ray writes root causes: services from the root to the cause, and in
/// each the entities from its segment downwards. `describe` fills in what the kind of cause has to say.
pub(super) fn root_cause(
    trace: &Trace<'_>,
    mut path: Vec<SpanIndex>,
    client_impacting: bool,
    describe: impl Fn(SpanIndex, RootCauseEntity) -> RootCauseEntity,
) -> RootCause {
    if path.len() > bounds::PATH {
        let half = bounds::PATH / 2;
        path.drain(half..path.len() - half);
    }
    let mut services: Vec<RootCauseService> = Vec::new();
    let mut segment = None;
    for index in path {
        let span = &trace.spans[index];
        let entity = RootCauseEntity {
            name: bounds::text(&span.entity.name),
            remote: super::exceptions::is_call(span),
            coverage: None,
            exceptions: Vec::new(),
        };
        if segment != Some(span.segment) {
            segment = Some(span.segment);
            services.push(RootCauseService {
                key: span.node.clone(),
                inferred: span.kind == SpanKind::Inferred,
                entities: Vec::new(),
            });
        }
        if let Some(service) = services.last_mut() {
            service.entities.push(describe(index, entity));
        }
    }
    let mut left = bounds::EXCEPTIONS_OF_CAUSE;
    for entity in services.iter_mut().flat_map(|service| &mut service.entities).rev() {
        entity.exceptions.truncate(left);
        left -= entity.exceptions.len();
    }
    RootCause { services, client_impacting }
}
