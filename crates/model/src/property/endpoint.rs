//! URLs without what makes each of them unique.

use crate::digest::TraceDigest;

/// A part of a path that has so many characters, only hexadecimal digits, and a decimal one among them.
const MIN_HEX: usize = 8;

/// The method and the normalised path of the trace's entry request.
pub(super) fn endpoint(digest: &TraceDigest) -> Option<String> {
    let http = &digest.root.as_ref()?.http;
    let path = normalised_path(http.url.as_ref()?);
    Some(match &http.method {
        Some(method) => format!("{method} {path}"),
        None => path,
    })
}

/// The URL, and whether a query was cut off.
pub fn without_query(url: &str) -> (&str, bool) {
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
