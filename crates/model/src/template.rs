//! URLs without what makes each of them unique: `/orders/4711` is `/orders/{id}`.
//!
//! What looks like an id is one, whatever its neighbours are: that is known of one URL at a time, when a trace is digested.
//! Words stay, since `/products/lamp` cannot be told from `/products/search` by itself. Of many at a time it can be, and then
//! [`Folds`] tell values of high cardinality from words. Where neither tells what it is, people write [`rule`]s.

pub mod rule;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

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

/// So many different last parts below one path are values, whatever their number of requests.
const MANY: usize = 200;
/// So many are, where at least this share of the requests has another one than those before.
const SEVERAL: usize = 50;
const SEVERAL_SHARE: f64 = 0.05;

/// Stands where an id was.
pub const ID: &str = "{id}";
/// Stands for the parts beyond those that are told apart.
const DEEPER: &str = "…";

/// `POST /orders/{id}`: the method and the path's template.
pub fn operation(method: Option<&str>, url: &str) -> String {
    with_method(method, path(url))
}

/// An operation from its parts.
fn with_method(method: Option<&str>, path: String) -> String {
    match method {
        Some(method) => format!("{} {path}", cut(method, 20)),
        None => path,
    }
}

/// What stands between host and query.
fn path_of(url: &str) -> &str {
    let base = url.split(['?', '#']).next().unwrap_or(url);
    match base.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |slash| &rest[slash..]),
        None => base,
    }
}

/// The path of a URL with every part that looks like an id replaced by [`ID`].
pub fn path(url: &str) -> String {
    let mut parts: Vec<&str> = path_of(url).split('/').take(MAX_PARTS + 1).map(part).collect();
    if parts.len() > MAX_PARTS {
        parts[MAX_PARTS] = DEEPER;
    }
    parts.join("/")
}

fn part(part: &str) -> &str {
    if is_id(part) { ID } else { cut(part, MAX_PART) }
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

fn cut(text: &str, characters: usize) -> &str {
    text.char_indices().nth(characters).map_or(text, |(end, _)| &text[..end])
}

/// Paths whose last parts are values, as many templates show that were seen together.
#[derive(Debug, Default)]
pub struct Folds(HashSet<String>);

impl Folds {
    /// Of different templates, each with how often it was asked for.
    pub fn of<'a>(templates: impl IntoIterator<Item = (&'a str, u64)>) -> Self {
        let mut parents: HashMap<&str, (usize, u64)> = HashMap::new();
        for (template, count) in templates {
            if let Some(parent) = parent(template) {
                let (different, all) = parents.entry(parent).or_default();
                (*different, *all) = (*different + 1, *all + count);
            }
        }
        let has_values = |&(_, (different, all)): &(&str, (usize, u64))| {
            different >= MANY || different >= SEVERAL && different as f64 >= all as f64 * SEVERAL_SHARE
        };
        Self(parents.into_iter().filter(has_values).map(|(parent, _)| parent.to_owned()).collect())
    }

    /// The template without a value at its end.
    pub fn apply<'t>(&self, template: &'t str) -> Cow<'t, str> {
        match parent(template).filter(|parent| self.0.contains(*parent)) {
            Some(parent) => Cow::Owned(format!("{parent}/{ID}")),
            None => Cow::Borrowed(template),
        }
    }
}

/// What every URL of a template has in common, in order: what stands between the parts that differ. The last one ends each
/// of them, whatever query follows, and is empty where a part that differs does. In a rule any name stands in braces, a `*`
/// for the rest, and what is not plain ASCII may be written otherwise in a URL.
pub fn literals(path: &str, is_by_rule: bool) -> Vec<&str> {
    let mut literals = Vec::new();
    let (mut from, mut at) = (0, 0);
    for part in path.split('/') {
        let differs = match is_by_rule {
            true => part.starts_with('{') || part == rule::REST || part.contains('%') || !part.is_ascii(),
            false => part == ID || part == DEEPER,
        };
        if differs {
            literals.push(&path[from..at]);
            from = at + part.len();
        }
        at += part.len() + 1;
    }
    literals.push(&path[from..]);
    literals
}

/// The template with a value in place of its last part, where it is long enough to have one.
pub fn without_last(template: &str) -> Option<String> {
    parent(template).map(|parent| format!("{parent}/{ID}"))
}

/// What the last part stands below; nothing at the top, where an API has its words.
fn parent(template: &str) -> Option<&str> {
    let (parent, last) = template.rsplit_once('/')?;
    let is_top = !parent.contains('/');
    (!is_top && !last.is_empty()).then_some(parent)
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

    #[test]
    fn what_the_urls_of_a_template_have_in_common_is_what_does_not_differ() {
        let check = |path: &str, is_by_rule, expected: &[&str]| {
            assert_eq!(literals(path, is_by_rule), expected, "{path}");
        };
        check("/cart", false, &["/cart"]);
        check("/cart/{id}", false, &["/cart/", ""]);
        check("/cart/{id}/items/…", false, &["/cart/", "/items/", ""]);
        check("/cart/{item}/*", false, &["/cart/{item}/*"]);
        check("/cart/{item}/*", true, &["/cart/", "/", ""]);
        check("/a/caf%C3%A9/b/é/c", false, &["/a/caf%C3%A9/b/é/c"]);
        check("/a/caf%C3%A9/b/é/c", true, &["/a/", "/b/", "/c"]);
    }

    fn folded(names: &[String], count: u64) -> Vec<String> {
        let folds = Folds::of(names.iter().map(|name| (name.as_str(), count)));
        let mut folded: Vec<String> = names.iter().map(|name| folds.apply(name).into_owned()).collect();
        folded.sort();
        folded.dedup();
        folded
    }

    #[test]
    fn many_words_below_one_path_are_values() {
        let products =
            |count: usize| (0..count).map(|one| format!("GET /products/p{one}")).collect::<Vec<_>>();
        assert_eq!(folded(&products(49), 1).len(), 49);
        assert_eq!(folded(&products(50), 20), ["GET /products/{id}"]);
        // Each asked for again and again: operations.
        assert_eq!(folded(&products(50), 21).len(), 50);
        assert_eq!(folded(&products(200), 1_000), ["GET /products/{id}"]);
        let words: Vec<String> = (0..300).map(|one| format!("GET /word{one}")).collect();
        assert_eq!(folded(&words, 1).len(), 300, "at the top they stay");
        let mut both = products(60);
        both.extend(["GET /products/p1/price", "POST /products/p1", "GET /cart/lamp"].map(str::to_owned));
        assert_eq!(
            folded(&both, 1),
            ["GET /cart/lamp", "GET /products/p1/price", "GET /products/{id}", "POST /products/p1"]
        );
    }

    proptest! {
        #[test]
        fn a_template_is_its_own_template(url in "(http://[a-z]{1,3})?(/[a-z0-9@-]{0,12}){0,5}") {
            let once = path(&url);
            prop_assert_eq!(path(&once), once);
        }
    }
}
