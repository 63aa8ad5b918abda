//! Which rule a request falls under.

use std::collections::BTreeMap;

use crate::rule::SamplingRule;
use crate::wildcard;

/// What is known of a request when it is decided on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request<'a> {
    pub service_name: Option<&'a str>,
    /// The segment's `origin`.
    pub service_type: Option<&'a str>,
    pub host: Option<&'a str>,
    pub http_method: Option<&'a str>,
    /// Without the query.
    pub url_path: Option<&'a str>,
    /// The ARN of the resource that runs the service.
    pub resource_arn: Option<&'a str>,
    pub attributes: Option<&'a BTreeMap<String, String>>,
}

/// A condition of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition<'r> {
    ServiceName,
    ServiceType,
    Host,
    HttpMethod,
    UrlPath,
    ResourceArn,
    /// On the attribute of this name.
    Attribute(&'r str),
}

/// Whether every condition of the rule holds. As in X-Ray's SDKs a property that is not known matches
/// anything; but a rule that asks for attributes or a resource means only requests known to have them.
pub fn matches(rule: &SamplingRule, request: &Request<'_>) -> bool {
    mismatch(rule, request).is_none()
}

/// The first condition of the rule that does not hold.
pub fn mismatch<'r>(rule: &'r SamplingRule, request: &Request<'_>) -> Option<Condition<'r>> {
    let conditions = [
        (Condition::ServiceName, &rule.service_name, request.service_name),
        (Condition::ServiceType, &rule.service_type, request.service_type),
        (Condition::Host, &rule.host, request.host),
        (Condition::HttpMethod, &rule.http_method, request.http_method),
        (Condition::UrlPath, &rule.url_path, request.url_path),
    ];
    for (condition, pattern, value) in conditions {
        if !matches_if_known(pattern, value) {
            return Some(condition);
        }
    }
    let is_its_resource = |arn| wildcard::matches(&rule.resource_arn, arn);
    if rule.resource_arn != "*" && !request.resource_arn.is_some_and(is_its_resource) {
        return Some(Condition::ResourceArn);
    }
    let mut attributes = rule.attributes.iter();
    let missed = attributes.find(|(key, pattern)| {
        let value = request.attributes.and_then(|attributes| attributes.get(*key));
        !value.is_some_and(|value| wildcard::matches(pattern, value))
    });
    missed.map(|(key, _)| Condition::Attribute(key))
}

/// Whether every request that matches `other` also matches `rule`, so that `other` is never reached if it is
/// asked later. It may say no where the answer is yes, for patterns such as `*?` and `?*`, and never the other way.
pub fn covers(rule: &SamplingRule, other: &SamplingRule) -> bool {
    let patterns = [
        (&rule.service_name, &other.service_name),
        (&rule.service_type, &other.service_type),
        (&rule.host, &other.host),
        (&rule.http_method, &other.http_method),
        (&rule.url_path, &other.url_path),
        (&rule.resource_arn, &other.resource_arn),
    ];
    patterns.into_iter().all(|(pattern, narrower)| wildcard::covers(pattern, narrower))
        && rule.attributes.iter().all(|(key, pattern)| {
            other.attributes.get(key).is_some_and(|narrower| wildcard::covers(pattern, narrower))
        })
}

pub(crate) fn matches_if_known(pattern: &str, value: Option<&str>) -> bool {
    value.is_none_or(|value| wildcard::matches(pattern, value))
}

/// Puts rules into the order in which they are asked.
pub fn sort(rules: &mut [SamplingRule]) {
    rules.sort_by(SamplingRule::order);
}

/// The first rule that matches. `rules` are [sorted](sort).
pub fn first_match<'r>(rules: &'r [SamplingRule], request: &Request<'_>) -> Option<&'r SamplingRule> {
    debug_assert!(rules.is_sorted_by(|one, other| one.order(other).is_le()), "rules are sorted");
    rules.iter().find(|rule| matches(rule, request))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(change: impl FnOnce(&mut SamplingRule)) -> SamplingRule {
        let mut rule = SamplingRule::default_rule("us-east-1", "123456789012");
        rule.priority = 100;
        change(&mut rule);
        rule
    }

    const REQUEST: Request<'_> = Request {
        service_name: Some("shop"),
        service_type: Some("AWS::EC2::Instance"),
        host: Some("api.example.com"),
        http_method: Some("GET"),
        url_path: Some("/cart/7"),
        resource_arn: None,
        attributes: None,
    };

    #[track_caller]
    fn check(request: &Request<'_>, expected: bool, change: impl FnOnce(&mut SamplingRule)) {
        assert_eq!(matches(&rule(change), request), expected);
    }

    #[test]
    fn every_condition_must_hold() {
        check(&REQUEST, true, |_| {});
        check(&REQUEST, true, |rule| {
            rule.service_name = "SHOP".into();
            rule.service_type = "AWS::EC2::*".into();
            rule.host = "*.example.com".into();
            rule.http_method = "get".into();
            rule.url_path = "/cart/?".into();
        });
        check(&REQUEST, false, |rule| rule.service_name = "shop2".into());
        check(&REQUEST, false, |rule| rule.service_type = "AWS::ECS::*".into());
        check(&REQUEST, false, |rule| rule.host = "example.com".into());
        check(&REQUEST, false, |rule| rule.http_method = "POST".into());
        check(&REQUEST, false, |rule| rule.url_path = "/cart".into());
    }

    #[test]
    fn what_is_not_known_matches_except_resource_and_attributes() {
        let nothing = Request::default();
        check(&nothing, true, |rule| rule.url_path = "/only/this".into());
        check(&nothing, false, |rule| rule.resource_arn = "arn:*".into());
        let ask = |rule: &mut SamplingRule| {
            rule.attributes.insert("tenant".into(), "a*".into());
        };
        check(&nothing, false, ask);
        let tenant = |tenant: &str| BTreeMap::from([("tenant".to_owned(), tenant.to_owned())]);
        check(&Request { attributes: Some(&tenant("acme")), ..nothing }, true, ask);
        check(&Request { attributes: Some(&tenant("umbrella")), ..nothing }, false, ask);
        let known = Request { resource_arn: Some("arn:aws:x"), ..nothing };
        check(&known, true, |rule| rule.resource_arn = "arn:*".into());
    }

    #[test]
    fn the_first_condition_that_fails_is_named() {
        let rule = rule(|rule| {
            rule.host = "elsewhere".into();
            rule.url_path = "/other".into();
        });
        assert_eq!(mismatch(&rule, &REQUEST), Some(Condition::Host));
        let asking = self::rule(|rule| {
            rule.attributes.insert("tenant".into(), "a*".into());
        });
        assert_eq!(mismatch(&asking, &REQUEST), Some(Condition::Attribute("tenant")));
    }

    #[test]
    fn a_wider_rule_covers_a_narrower_one() {
        let check = |wide: fn(&mut SamplingRule), narrow: fn(&mut SamplingRule), expected: bool| {
            assert_eq!(covers(&rule(wide), &rule(narrow)), expected);
        };
        check(|_| {}, |rule| rule.host = "api.*".into(), true);
        check(|rule| rule.host = "api.*".into(), |_| {}, false);
        check(|rule| rule.url_path = "/c*".into(), |rule| rule.url_path = "/cart/?".into(), true);
        check(|rule| rule.http_method = "GET".into(), |rule| rule.http_method = "get".into(), true);
        let ask = |rule: &mut SamplingRule| {
            rule.attributes.insert("tenant".into(), "acme".into());
        };
        check(|_| {}, ask, true);
        check(ask, |_| {}, false);
        check(|rule| rule.resource_arn = "arn:aws:*".into(), |_| {}, false);
    }

    #[test]
    fn the_first_by_priority_and_then_by_name_counts() {
        let named = |name: &str, priority| {
            rule(|rule| {
                rule.name = name.into();
                rule.priority = priority;
            })
        };
        let mut rules = [
            SamplingRule::default_rule("us-east-1", "123456789012"),
            named("b", 7),
            named("a", 7),
            named("z", 1),
            named("B", 7),
        ];
        rules[3].host = "elsewhere".into();
        sort(&mut rules);
        let names: Vec<_> = rules.iter().map(|rule| rule.name.as_str()).collect();
        assert_eq!(names, ["z", "B", "a", "b", "Default"]);
        assert_eq!(first_match(&rules, &REQUEST).unwrap().name, "B");
        assert!(first_match(&rules[..1], &REQUEST).is_none());
    }
}
