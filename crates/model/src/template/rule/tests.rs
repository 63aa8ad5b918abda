//! What rules take, in which order, and what cannot be a rule.

use super::*;

fn rules(paths: &[&str]) -> UrlRules {
    let rule = |path: &&str| UrlRule { service: "*".to_owned(), path: (*path).to_owned() };
    UrlRules::read(paths.iter().map(rule).collect()).unwrap()
}

/// Which of the paths takes the URL.
#[track_caller]
fn check(paths: &[&str], url: &str, expected: Option<&str>) {
    let rules = rules(paths);
    let found = rules.place("shop", url).map(|place| rules.as_slice()[place].path.as_str());
    assert_eq!(found, expected, "{url}");
}

#[test]
fn a_name_is_one_part_and_a_star_the_rest() {
    let items = ["/orders/{order}/items/*"];
    check(&items, "http://shop.example:8080/orders/7/items/red", Some(items[0]));
    check(&items, "/orders/seven/items/red/large", Some(items[0]));
    check(&items, "/orders/7/items", None);
    check(&items, "/orders/7/8/items/red", None);
    check(&items, "/orders/7/prices/red", None);
    check(&["/orders/{order}"], "/orders/7/items", None);
    check(&["/orders/{order}"], "/orders", None);
    check(&["/*"], "/a/b", Some("/*"));
    check(&["/*"], "/", None);
}

#[test]
fn the_first_rule_that_takes_a_url_decides() {
    let paths = ["/v2/users/2024", "/v2/users/{year}", "/v2/*"];
    check(&paths, "/v2/users/2024", Some(paths[0]));
    check(&paths, "/v2/users/2025", Some(paths[1]));
    check(&paths, "/v2/orders", Some(paths[2]));
    check(&paths, "/v1/orders", None);
    check(&[], "/v1/orders", None);
}

#[test]
fn a_slash_at_the_end_and_what_is_no_path_make_no_difference() {
    let cart = ["/cart/{item}"];
    check(&cart, "/cart/lamp/", Some(cart[0]));
    check(&cart, "https://h/cart/lamp/?x=/a/b#c", Some(cart[0]));
    check(&cart, "/cart/lamp?x=1", Some(cart[0]));
    check(&cart, "/cart/#lamp", None);
    check(&["/cart/*"], "/cart/", None);
    check(&["/"], "http://h", Some("/"));
    check(&["/"], "http://h/", Some("/"));
    check(&["/"], "http://h/a", None);
    // No path at all.
    check(&["/", "/*"], "", None);
    check(&["/", "/*"], "*", None);
    check(&["/", "/*"], "h:443", None);
}

#[test]
fn an_empty_part_is_a_part_that_no_name_stands_for() {
    check(&["/a/{b}/c"], "/a//c", None);
    check(&["/a/{b}"], "/a//", None);
    check(&["/a//c"], "/a//c", Some("/a//c"));
    check(&["/a/c"], "/a//c", None);
    check(&["/a/*"], "/a//c", Some("/a/*"));
}

#[test]
fn percent_encoding_makes_no_difference() {
    check(&["/café/{id}"], "/caf%C3%A9/7", Some("/café/{id}"));
    check(&["/caf%c3%a9"], "/café", Some("/caf%c3%a9"));
    check(&["/a%2Ab"], "/a*b", Some("/a%2Ab"));
    check(&["/%7Bx%7D"], "/{x}", Some("/%7Bx%7D"));
    check(&["/a/b"], "/a%2Fb", None);
    check(&["/100%"], "/100%", Some("/100%"));
    check(&["/100%2"], "/100%2", Some("/100%2"));
    check(&["/orders"], "/Orders", None);
}

#[test]
fn the_service_is_a_wildcard() {
    let rule = UrlRule { service: "Shop-*".to_owned(), path: "/{a}".to_owned() };
    let rules = UrlRules::read(vec![rule]).unwrap();
    assert_eq!(rules.operation("shop-eu", Some("GET"), "/1").as_deref(), Some("GET /{a}"));
    assert_eq!(rules.operation("shop-eu", None, "/1").as_deref(), Some("/{a}"));
    assert_eq!(rules.operation("shop", Some("GET"), "/1"), None);
    assert_eq!((rules.has_path("/{a}"), rules.has_path("/a")), (true, false));
}

#[track_caller]
fn refused(service: &str, path: &str, expected: &str) {
    let good = UrlRule { service: "*".to_owned(), path: "/a".to_owned() };
    let bad = UrlRule { service: service.to_owned(), path: path.to_owned() };
    let error = UrlRules::read(vec![good, bad]).unwrap_err().to_string();
    assert!(error.starts_with(&format!("rule 2, {expected}")), "{error}");
}

#[test]
fn what_cannot_be_a_rule_is_named_with_its_place() {
    refused("", "/a", "service: name a service");
    refused("a\n", "/a", "service: it has a control character");
    refused(&"é".repeat(257), "/a", "service: it is longer");
    refused("*", &format!("/{}", "é".repeat(256)), "path: it is longer");
    refused("*", "", "path, character 1: a path begins with a slash");
    refused("*", "a/b", "path, character 1: a path begins with a slash");
    refused("*", "/é/a/", "path, character 5: leave out the slash at the end");
    refused("*", "/é/a?b", "path, character 5: a path has no query");
    refused("*", "/a#b", "path, character 3: a path has no query");
    refused("*", "/a/*/b", "path, character 4: a * stands alone");
    refused("*", "/a/b*", "path, character 5: a * stands alone");
    refused("*", "/a/user-{id}", "path, character 9: a name in braces is a whole part");
    refused("*", "/a/b}", "path, character 5: a name in braces is a whole part");
    refused("*", "/a/{}", "path, character 4: a name in braces has letters");
    refused("*", "/a/{b c}", "path, character 4: a name in braces has letters");
    refused("*", "/a/{{b}}", "path, character 4: a name in braces has letters");
    refused("*", "/a/{", "path, character 4: a name in braces is a whole part");
}

#[test]
fn as_many_rules_of_such_a_length_are_taken_and_no_more() {
    let longest = format!("/{}", "é".repeat(255));
    let rule = UrlRule { service: "é".repeat(256), path: longest };
    assert!(UrlRules::read(vec![rule.clone(); MAX_RULES]).is_ok());
    assert_eq!(
        UrlRules::read(vec![rule; MAX_RULES + 1]).unwrap_err(),
        RuleError::TooMany { most: MAX_RULES }
    );
}
