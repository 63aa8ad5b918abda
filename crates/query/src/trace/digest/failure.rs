//! Why a trace failed: the root causes of its faults or of its errors (docs/xray.md 6.3).

use model::Trace;
use model::digest::{RootCause, RootCauseEntity};

use super::bounds;
use super::exceptions::Exceptions;
use super::path::root_cause;
use super::region::{Evidence, Regions};

/// At most one path for each region, those of failing roots first, then by start. What a reference passes
/// over, inferred callees that failed too, is told separately and has not reached the client.
pub(super) fn causes(
    trace: &Trace<'_>,
    regions: &Regions<'_>,
    exceptions: &Exceptions<'_>,
) -> Vec<RootCause> {
    let describe = |span, entity| RootCauseEntity { exceptions: exceptions.of_span(span), ..entity };
    let mut causes = Vec::new();
    for top in regions.tops() {
        let Some(best) = regions.best(top) else { continue };
        causes.push(root_cause(trace, regions.follow(top, best), trace.spans[top].is_root(), describe));
        if best == Evidence::Reference {
            let passed_over = regions.inferred(top).into_iter().take(bounds::CAUSES);
            causes.extend(passed_over.map(|span| root_cause(trace, vec![span], false, describe)));
        }
        if causes.len() >= bounds::CAUSES {
            break;
        }
    }
    causes.truncate(bounds::CAUSES);
    causes
}
