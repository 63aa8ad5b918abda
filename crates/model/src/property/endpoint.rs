//! What clients ask for.

use crate::digest::TraceDigest;
use crate::template;

/// The method of the trace's entry request, and its path as a template.
pub(super) fn endpoint(digest: &TraceDigest) -> Option<String> {
    let http = &digest.root.as_ref()?.http;
    Some(template::operation(http.method.as_deref(), http.url.as_ref()?))
}

/// The URL, and whether a query was cut off.
pub fn without_query(url: &str) -> (&str, bool) {
    match url.split_once('?') {
        Some((base, _)) => (base, true),
        None => (url, false),
    }
}
