//! URLs without what makes each of them unique: `/orders/4711` is `/orders/{id}`.
//!
//! Made when a trace is digested, so it knows one URL at a time: what looks like an id is one, whatever its neighbours
//! are. Words stay, since `/products/lamp` cannot be told from `/products/search` by itself.

/// A part of a path that has so many characters, only hexadecimal digits, and a decimal one among them.
const MIN_HEX: usize = 8;
/// So many decimal digits in a row make a part of a path an id; versions and years with a month are shorter.
const MIN_DIGITS: usize = 3;
/// Longer parts that mix letters and digits are tokens.
const MIN_TOKEN: usize = 20;
/// Parts of a path that are kept; what lies deeper is cut.
const MAX_PARTS: usize = 12;
/// Characters of one part.
const MAX_PART: usize = 80;

/// Stands where an id was.
pub const ID: &str = "{id}";

/// `POST /orders/{id}`: the method and the path's template.
pub fn operation(method: Option<&str>, url: &str) -> String {
    let path = path(url);
    match method {
        Some(method) => format!("{} {path}", super::assemble::cut(method, 20)),
        None => path,
    }
}

/// The path of a URL with every part that looks like an id replaced by [`ID`].
pub fn path(url: &str) -> String {
    let base = url.split(['?', '#']).next().unwrap_or(url);
    let path = match base.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |slash| &rest[slash..]),
        None => base,
    };
    let mut parts: Vec<&str> = path.split('/').take(MAX_PARTS + 1).map(part).collect();
    if parts.len() > MAX_PARTS {
        parts[MAX_PARTS] = "…";
    }
    parts.join("/")
}

fn part(part: &str) -> &str {
    if is_id(part) { ID } else { super::assemble::cut(part, MAX_PART) }
}

/// A number, a UUID, a longer hexadecimal number, a name with a number of three digits behind it, a long token, an
/// address of mail.
fn is_id(part: &str) -> bool {
    let bytes = part.as_bytes();
    let is_number = !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit);
    if is_number {
        return true;
    }
    let has_digit = bytes.iter().any(u8::is_ascii_digit);
    if !has_digit {
        return part.contains('@');
    }
    let is_hex = bytes.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-');
    let is_long_hex = is_hex && bytes.len() >= MIN_HEX;
    let digits = bytes.split(|byte| !byte.is_ascii_digit()).map(<[u8]>::len).max().unwrap_or(0);
    is_long_hex || digits >= MIN_DIGITS || bytes.len() >= MIN_TOKEN || part.contains('@')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(url: &str, expected: &str) {
        assert_eq!(path(url), expected, "{url}");
    }

    #[test]
    fn scheme_host_and_query_are_left_out() {
        check("http://shop.example:8080/checkout?session=1", "/checkout");
        check("https://shop.example", "/");
        check("/checkout#4711", "/checkout");
        check("", "");
        check("http://é/ü", "/ü");
    }

    #[test]
    fn what_looks_like_an_id_becomes_one_word() {
        check("http://h/orders/4711/items/0", "/orders/{id}/items/{id}");
        check("http://h/u/0e8400b4-e29b-41d4-a716-446655440000/", "/u/{id}/");
        check("http://h/blob/5759e988bd862e3f", "/blob/{id}");
        check("http://h/account/user-1018", "/account/{id}");
        check("http://h/mail/ann@example.com", "/mail/{id}");
        check("http://h/t/eyJhbGciOiJIUzI1NiJ9x", "/t/{id}");
        check("http://h/day/2026-11-28", "/day/{id}");
    }

    #[test]
    fn words_and_versions_stay() {
        check("http://h/v2/products/lamp", "/v2/products/lamp");
        check("http://h/v2/deadbeef/face", "/v2/deadbeef/face");
        check("http://h/api/ec2/a1b2c3d", "/api/ec2/a1b2c3d");
        check("http://h/user-12", "/user-12");
        check("http://h/a-long-name-without-any-number", "/a-long-name-without-any-number");
    }

    #[test]
    fn a_path_is_bounded() {
        assert_eq!(path(&"/a".repeat(12)), format!("{}/…", "/a".repeat(11)));
        assert_eq!(path(&"/a".repeat(11)), "/a".repeat(11));
        assert_eq!(path(&format!("/{}", "x".repeat(81))), format!("/{}", "x".repeat(80)));
    }

    #[test]
    fn the_method_stands_before_it() {
        assert_eq!(operation(Some("GET"), "http://h/a/1"), "GET /a/{id}");
        assert_eq!(operation(None, "http://h/a"), "/a");
    }

    proptest! {
        #[test]
        fn a_template_is_its_own_template(url in "(http://[a-z]{1,3})?(/[a-z0-9@-]{0,12}){0,5}") {
            let once = path(&url);
            prop_assert_eq!(path(&once), once);
        }
    }
}
