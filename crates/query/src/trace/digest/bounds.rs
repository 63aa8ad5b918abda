//! How much of a trace its digest keeps at most, so that the worst trace makes some megabytes and a
//! usual one some kilobytes.
//!
//! X-Ray itself refuses traces above 500 KB, which is fewer than 2,000 entities; a trace that is cut here
//! is far beyond what X-Ray would have shown at all. Totals that are one number (entities, segments,
//! times) are never cut.

use std::borrow::Cow;

use model::digest::ExceptionDigest;
use model::segment::{AnnotationValue, Exception, Http};

use crate::trace::assemble;

/// Distinct nodes. The node of the root and its client are always among them.
pub(super) const NODES: usize = 500;
/// Distinct pairs of nodes.
pub(super) const EDGES: usize = 1_000;
/// Requests to all nodes together, and as many over all edges together.
pub(super) const REQUESTS: usize = 4_000;
/// Exceptions of one request, or of one entity of a root cause.
pub(super) const EXCEPTIONS: usize = 4;
/// Exceptions of one root cause, the deepest first.
pub(super) const EXCEPTIONS_OF_CAUSE: usize = 16;
/// Requests to nodes (and as many over edges) that keep their exceptions; the rest keep only their flags.
pub(super) const REQUESTS_WITH_EXCEPTIONS: usize = 100;
/// Other names of one edge, and of all edges together.
pub(super) const ALIASES_OF_EDGE: usize = 4;
pub(super) const ALIASES: usize = 200;
/// Distinct users, ARNs, instances, zones, versions: each list.
pub(super) const VALUES: usize = 50;
/// Annotations, each counted once for a node that has it. X-Ray indexes 50.
pub(super) const ANNOTATIONS: usize = 10_000;
/// Bytes of all their keys and values.
pub(super) const ANNOTATION_BYTES: usize = 1 << 20;
/// Bytes of an annotation's key that are indexed, as X-Ray's schema has it.
pub(super) const ANNOTATION_KEY: usize = 500;
/// Distinct operations; requests with further ones have none.
pub(super) const OPERATIONS: usize = 200;
/// Root causes of one kind.
pub(super) const CAUSES: usize = 8;
/// Entities of one root cause; a longer path loses its middle.
pub(super) const PATH: usize = 32;
/// Characters of names, messages, users and the like. X-Ray's own limit is 250 (docs/xray.md 1.1); an ARN may be
/// longer. The trace has all of it.
const TEXT: usize = 500;
/// Characters of an annotation's value, as X-Ray's schema has it.
const VALUE: usize = 1_000;
/// Characters of a URL or a user agent, which people search by.
const URL: usize = 2_048;

pub(super) fn exception(exception: &Exception) -> ExceptionDigest {
    ExceptionDigest {
        name: exception.name.as_deref().map(text),
        message: exception.message.as_deref().map(text),
    }
}

/// As much of an annotation's value as is indexed, and whether that is all.
pub(super) fn annotation_value(value: &AnnotationValue) -> (Cow<'_, AnnotationValue>, bool) {
    match value {
        AnnotationValue::String(text) if text.len() > VALUE => {
            let kept = assemble::cut(text, VALUE);
            (Cow::Owned(AnnotationValue::String(kept.to_owned())), kept.len() == text.len())
        }
        whole => (Cow::Borrowed(whole), true),
    }
}

pub(super) fn http(http: &Http) -> Http {
    Http {
        method: http.method.as_deref().map(text),
        url: http.url.as_deref().map(|url| cut(url, URL)),
        user_agent: http.user_agent.as_deref().map(|agent| cut(agent, URL)),
        client_ip: http.client_ip.as_deref().map(text),
        status: http.status,
    }
}

pub(super) fn text(text: &str) -> String {
    cut(text, TEXT)
}

fn cut(text: &str, characters: usize) -> String {
    assemble::cut(text, characters).to_owned()
}
