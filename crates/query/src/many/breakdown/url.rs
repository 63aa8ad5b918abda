//! URLs without what makes each of them unique, and filters that select them again.

use std::collections::BTreeSet;

use model::TraceDigest;

use crate::filter::Quoted;

/// URLs named in one filter at most; a slice of more has no filter.
const MAX_URLS: usize = 8;
/// A part of a path that has so many characters, only hexadecimal digits, and a decimal one among them.
const MIN_HEX: usize = 8;

/// The URLs of one slice as they came, without their queries.
#[derive(Debug, Default)]
pub(crate) struct UrlSlice {
    method: Option<String>,
    /// At most one more than [`MAX_URLS`].
    urls: BTreeSet<String>,
    has_query: bool,
}

/// The method and the normalised path of the trace's entry request.
pub(crate) fn entry(digest: &TraceDigest) -> Option<String> {
    let http = &digest.root.as_ref()?.http;
    let path = normalised_path(http.url.as_ref()?);
    Some(match &http.method {
        Some(method) => format!("{method} {path}"),
        None => path,
    })
}

impl UrlSlice {
    pub(crate) fn add(&mut self, digest: &TraceDigest) {
        let Some(http) = digest.root.as_ref().map(|root| &root.http) else {
            return;
        };
        let Some(url) = &http.url else {
            return;
        };
        self.method.clone_from(&http.method);
        let (base, has_query) = without_query(url);
        self.has_query |= has_query;
        if self.urls.len() <= MAX_URLS && !self.urls.contains(base) {
            self.urls.insert(base.to_owned());
        }
    }

    /// Selects these URLs, with any query where one of them had one; `None` where they are too many.
    pub(crate) fn filter(&self) -> Option<String> {
        if self.urls.len() > MAX_URLS {
            return None;
        }
        let mut tests = Vec::new();
        for url in &self.urls {
            tests.push(format!("http.url = {}", Quoted(url)));
            if self.has_query {
                tests.push(format!("http.url BEGINSWITH {}", Quoted(&format!("{url}?"))));
            }
        }
        let method = match &self.method {
            Some(method) => format!("http.method = {}", Quoted(method)),
            None => "!http.method".to_owned(),
        };
        match tests.as_slice() {
            [] => None,
            [test] => Some(format!("{method} AND {test}")),
            _ => Some(format!("{method} AND ({})", tests.join(" OR "))),
        }
    }
}

fn without_query(url: &str) -> (&str, bool) {
    match url.split_once('?') {
        Some((base, _)) => (base, true),
        None => (url, false),
    }
}

/// The path of a URL, with every part that looks like an id replaced by `*`.
fn normalised_path(url: &str) -> String {
    let (base, _) = without_query(url);
    let path = match base.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |slash| &rest[slash..]),
        None => base,
    };
    let parts: Vec<&str> = path.split('/').map(|part| if is_id(part) { "*" } else { part }).collect();
    parts.join("/")
}

/// A number, a UUID, or a longer hexadecimal number.
fn is_id(part: &str) -> bool {
    let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let digits: Vec<&str> = part.split('-').collect();
    let is_hex = digits.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let is_uuid = is_hex && digits.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]);
    let is_long_hex = is_hex && digits.len() == 1 && part.len() >= MIN_HEX;
    is_number || is_uuid || (is_long_hex && part.bytes().any(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, expected: &str) {
        assert_eq!(normalised_path(url), expected, "{url}");
    }

    #[test]
    fn scheme_host_and_query_are_left_out() {
        check("http://shop.example:8080/checkout?session=1", "/checkout");
        check("https://shop.example", "/");
        check("/checkout", "/checkout");
        check("", "");
        check("http://é/ü", "/ü");
    }

    #[test]
    fn ids_in_the_path_become_stars() {
        check("http://h/orders/4711/items/0", "/orders/*/items/*");
        check("http://h/u/0e8400b4-e29b-41d4-a716-446655440000/", "/u/*/");
        check("http://h/blob/5759e988bd862e3f", "/blob/*");
        check("http://h/v2/deadbeef/face", "/v2/deadbeef/face");
    }
}
