//! URLs as they came.

/// The URL, and whether a query was cut off.
pub fn without_query(url: &str) -> (&str, bool) {
    match url.split_once('?') {
        Some((base, _)) => (base, true),
        None => (url, false),
    }
}
