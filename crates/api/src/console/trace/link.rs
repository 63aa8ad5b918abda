//! The traces that a trace is linked with: those that produced what it handled, and those that it set off.

use std::sync::Arc;

use model::{StoredDocument, Trace};
use serde_json::Value;

use crate::shape::{LinkedTrace, TraceLinks};

/// X-Ray allows 100 links in a trace (docs/xray.md 1.11).
const MAX_LINKS: usize = 100;

/// Each linked trace once. A link says what came before, as a consumer's of its producer does, unless one of
/// its attributes calls the other trace a child.
pub(super) fn links(trace: &Trace<'_>, documents: &[Arc<StoredDocument>]) -> TraceLinks {
    let mut links = TraceLinks { previous: Vec::new(), next: Vec::new() };
    for span in trace.spans.iter().filter(|span| !span.entity.links.is_empty()) {
        let document = wire::render::entity(trace, documents, span.entity.id).unwrap_or_default();
        for link in &span.entity.links {
            let id = link.trace_id.to_string();
            let sent = document["links"].as_array().into_iter().flatten();
            let is_child = sent.filter(|sent| sent["trace_id"] == id.as_str()).any(leads_to_child);
            let list = if is_child { &mut links.next } else { &mut links.previous };
            let is_new = link.trace_id != trace.id && !list.iter().any(|known| known.id == id);
            if is_new && list.len() < MAX_LINKS {
                list.push(LinkedTrace { id, span: span.entity.id.to_string() });
            }
        }
    }
    links
}

fn leads_to_child(link: &Value) -> bool {
    let mut attributes = link["attributes"].as_object().into_iter().flatten();
    attributes.any(|(key, value)| key.ends_with("reference_type") && value == "child")
}
