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

/// Whether every condition of the rule holds. As in X-Ray's SDKs a property that is not known matches
/// anything; but a rule that asks for attributes or a resource means only requests known to have them.
pub fn matches(rule: &SamplingRule, request: &Request<'_>) -> bool {
    let conditions = [
        (&rule.service_name, request.service_name),
        (&rule.service_type, request.service_type),
        (&rule.host, request.host),
        (&rule.http_method, request.http_method),
        (&rule.url_path, request.url_path),
    ];
    conditions.into_iter().all(|(pattern, value)| matches_if_known(pattern, value))
        && (rule.resource_arn == "*"
            || request.resource_arn.is_some_and(|arn| wildcard::matches(&rule.resource_arn, arn)))
        && rule.attributes.iter().all(|(key, pattern)| {
            let value = request.attributes.and_then(|attributes| attributes.get(key));
            value.is_some_and(|value| wildcard::matches(pattern, value))
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
