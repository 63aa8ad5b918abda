//! The group of X-Ray whose traces begin with one operation of a service: rollups count nodes in groups, and no operations.

use model::template;
use settings::{InsightsUpdate, Named, Tags};

use crate::app::App;
use crate::error::Problem;

/// Begins the name of every such group, so that one that somebody else made is never taken for it.
const PREFIX: &str = "objective-";
/// The longest name that X-Ray takes.
const MAX_NAME: usize = 32;

/// Makes the group where there is none yet, and says whether it did.
pub(super) async fn make_group(app: &App, service: &str, entry: &str) -> Result<bool, Problem> {
    let name = group(service, entry);
    if app.deps.settings.snapshot().groups.contains_key(&name) {
        return Ok(false);
    }
    let is_by_rule = |path: &str| app.deps.settings.snapshot().url_rules.rules.has_path(path);
    let filter = filter(service, entry, is_by_rule)
        .ok_or_else(|| Problem::bad_request("entry must be a method and a path, such as GET /cart"))?;
    let settings = app.deps.settings.clone();
    let make = move || settings.create_group(&name, filter, InsightsUpdate::default(), Tags::new());
    tokio::task::spawn_blocking(make).await??;
    Ok(true)
}

pub(super) async fn forget_group(app: &App, name: &str) -> Result<(), Problem> {
    if !name.starts_with(PREFIX) || !app.deps.settings.snapshot().groups.contains_key(name) {
        return Ok(());
    }
    let named = Named::Name(name.to_owned());
    let settings = app.deps.settings.clone();
    tokio::task::spawn_blocking(move || settings.delete_group(&named)).await??;
    Ok(())
}

/// The name of the group: readable, and another for each entry.
pub(super) fn group(service: &str, entry: &str) -> String {
    let bytes = service.bytes().chain([0]).chain(entry.bytes());
    // FNV-1a: the same for ever.
    let hash = bytes.fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let hash = format!("-{hash:08x}");
    let mut words = String::new();
    for letter in entry.chars().map(|letter| letter.to_ascii_lowercase()) {
        if letter.is_ascii_alphanumeric() {
            words.push(letter);
        } else if !words.is_empty() && !words.ends_with('-') {
            words.push('-');
        }
    }
    words.truncate(MAX_NAME - PREFIX.len() - hash.len());
    format!("{PREFIX}{}{hash}", words.trim_end_matches('-'))
}

/// Traces that begin with the operation, as near as X-Ray's language comes to it: whatever may stand for an id may stand for more.
fn filter(service: &str, entry: &str, is_by_rule: impl Fn(&str) -> bool) -> Option<String> {
    let (method, path) = entry.split_once(' ')?;
    let is_by_rule = is_by_rule(path);
    let mut parts = template::literals(path, is_by_rule);
    let last = parts.pop()?;
    let quoted = |text: &str| query::filter::Quoted(text).to_string();
    let mut tests =
        vec![format!("service({})", quoted(service)), format!("http.method = {}", quoted(method))];
    let parts = parts.into_iter().filter(|part| *part != "/" && !part.is_empty());
    tests.extend(parts.map(|part| format!("http.url CONTAINS {}", quoted(part))));
    if !last.is_empty() {
        let ends = |last: &str| {
            let with_query = quoted(&format!("{last}?"));
            format!("http.url ENDSWITH {} OR http.url CONTAINS {with_query}", quoted(last))
        };
        // A rule takes URLs with a slash at their end, too.
        let with_slash =
            if is_by_rule { format!(" OR {}", ends(&format!("{last}/"))) } else { String::new() };
        tests.push(format!("({}{with_slash})", ends(last)));
    }
    path.starts_with('/').then(|| tests.join(" AND "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_a_filter_that_can_be_read_again() {
        let check = |entry: &str, expected: Option<&str>| {
            let found = filter("a \"shop\"", entry, |path| path.ends_with("}/lines") || path.ends_with('*'));
            let whole =
                expected.map(|rest| format!(r#"service("a \"shop\"") AND http.method = "GET"{rest}"#));
            assert_eq!(found, whole, "{entry}");
            found.iter().for_each(|text| drop(text.parse::<query::Filter>().unwrap()));
        };
        check("GET /cart", Some(r#" AND (http.url ENDSWITH "/cart" OR http.url CONTAINS "/cart?")"#));
        check("GET /cart/{id}", Some(r#" AND http.url CONTAINS "/cart/""#));
        let both = r#" AND http.url CONTAINS "/cart/" AND (http.url ENDSWITH "/items" OR http.url CONTAINS "/items?")"#;
        check("GET /cart/{id}/items", Some(both));
        let either = r#" AND http.url CONTAINS "/cart/" AND (http.url ENDSWITH "/lines" OR http.url CONTAINS "/lines?" OR http.url ENDSWITH "/lines/" OR http.url CONTAINS "/lines/?")"#;
        check("GET /cart/{cart}/lines", Some(either));
        check("GET /cart/{cart}/caf%C3%A9/*", Some(r#" AND http.url CONTAINS "/cart/""#));
        check("GET cart", None);
        check("cart", None);
    }

    #[test]
    fn names_are_ones_that_a_group_can_have_and_differ() {
        let one = group("shop", "GET /api/cart/{id}/items/of/a/long/path");
        assert!(one.starts_with("objective-get-api-car") && one.len() <= MAX_NAME, "{one}");
        assert_ne!(one, group("other", "GET /api/cart/{id}/items/of/a/long/path"));
        assert!(group("shop", "…").bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'-'));
    }
}
