//! What policies of people say, what is refused, and which statement wins.

use super::*;

const HOME: &str = "10.1.2.3";

fn policy(statements: &str) -> Policy {
    let text = format!(r#"{{ "Version": "2012-10-17", "Statement": {statements} }}"#);
    text.parse().unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn check(policy: &Policy, action: &str, source: &str, expected: Decision) {
    assert_eq!(policy.decide(action, source.parse().unwrap()), expected, "{action} from {source}");
}

/// The policy of the story, as it is attached to the role of a cluster's nodes.
#[test]
fn the_nodes_policy_lets_a_daemon_send_and_nothing_else() {
    let nodes: Policy = r#"{
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": [
                    "xray:PutTraceSegments",
                    "xray:PutTelemetryRecords"
                ],
                "Resource": [
                    "*"
                ]
            }
        ]
    }"#
    .parse()
    .unwrap();
    check(&nodes, "xray:PutTraceSegments", HOME, Decision::Allowed);
    check(&nodes, "xray:PutTelemetryRecords", HOME, Decision::Allowed);
    check(&nodes, "xray:GetSamplingRules", HOME, Decision::NotAllowed);
    check(&nodes, "xray:GetTraceSummaries", HOME, Decision::NotAllowed);
    check(&nodes, "fluoro:ReadConsole", HOME, Decision::NotAllowed);
}

#[test]
fn wildcards_match_as_in_iam() {
    let check = |pattern: &str, action, expected| {
        assert_eq!(Pattern::from(pattern).matches(action), expected, "{pattern} {action}");
    };
    check("*", "xray:GetGroups", true);
    check("xray:*", "xray:GetGroups", true);
    check("XRAY:getgroups", "xray:GetGroups", true);
    check("xray:Get*s", "xray:GetGroups", true);
    check("xray:Get*s", "xray:GetGroup", false);
    check("xray:*Get*s", "xray:BatchGetTraces", true);
    check("xray:GetGroup?", "xray:GetGroups", true);
    check("xray:GetGroup?", "xray:GetGroup", false);
    check("xray:GetGroup", "xray:GetGroups", false);
    check("xray:GetGroups", "xray:GetGroup", false);
    check("xray:GetGroup*", "xray:GetGroup", true);
    check("", "xray:GetGroup", false);
    check("sqs:*", "xray:GetGroup", false);
}

#[test]
fn a_denial_beats_every_permission_wherever_it_stands() {
    let allow = r#"{ "Effect": "Allow", "Action": "*", "Resource": "*" }"#;
    let deny = r#"{ "Effect": "Deny", "Action": "xray:Delete*", "Resource": "*" }"#;
    for statements in [format!("[{allow}, {deny}]"), format!("[{deny}, {allow}]")] {
        let policy = policy(&statements);
        check(&policy, "xray:DeleteGroup", HOME, Decision::Denied);
        check(&policy, "xray:CreateGroup", HOME, Decision::Allowed);
    }
}

#[test]
fn not_action_is_everything_else() {
    let policy = policy(r#"{ "Effect": "Allow", "NotAction": ["xray:Put*", "fluoro:*"], "Resource": "*" }"#);
    check(&policy, "xray:GetGroups", HOME, Decision::Allowed);
    check(&policy, "xray:PutTraceSegments", HOME, Decision::NotAllowed);
    check(&policy, "fluoro:ReadConsole", HOME, Decision::NotAllowed);
}

#[test]
fn conditions_on_the_source_all_must_hold() {
    let policy = policy(
        r#"{
            "Effect": "Allow", "Action": "xray:PutTraceSegments", "Resource": "*",
            "Condition": {
                "IpAddress": { "aws:SourceIp": ["10.0.0.0/8", "2001:db8::/32", "192.0.2.7"] },
                "NotIpAddress": { "aws:SourceIp": "10.9.0.0/16" }
            }
        }"#,
    );
    let check = |source, allowed| {
        let expected = if allowed { Decision::Allowed } else { Decision::NotAllowed };
        check(&policy, "xray:PutTraceSegments", source, expected);
    };
    for inside in ["10.0.0.0", "10.255.255.255", "192.0.2.7", "2001:db8:ffff::1", "::ffff:10.1.1.1"] {
        check(inside, true);
    }
    for outside in ["11.0.0.0", "10.9.1.1", "192.0.2.8", "2001:db9::1", "127.0.0.1", "::1"] {
        check(outside, false);
    }
}

#[test]
fn a_denial_with_a_condition_holds_only_where_the_condition_does() {
    let policy = policy(
        r#"[
            { "Effect": "Allow", "Action": "xray:*", "Resource": "*" },
            { "Effect": "Deny", "Action": "*", "Resource": "*",
              "Condition": { "NotIpAddress": { "aws:SourceIp": "10.0.0.0/8" } } }
        ]"#,
    );
    check(&policy, "xray:GetGroups", HOME, Decision::Allowed);
    check(&policy, "xray:GetGroups", "192.0.2.1", Decision::Denied);
}

#[test]
fn the_networks_of_a_condition_may_be_everything() {
    for (network, source) in [("0.0.0.0/0", "203.0.113.9"), ("::/0", "2001:db8::1")] {
        assert!(network.parse::<Network>().unwrap().contains(source.parse().unwrap()));
    }
}

#[test]
fn what_is_not_understood_is_refused_by_name() {
    let check = |statement: &str, expected: &str| {
        let text = format!(r#"{{ "Version": "2012-10-17", "Statement": [{statement}] }}"#);
        let error = text.parse::<Policy>().expect_err(statement).to_string();
        assert!(error.contains(expected), "{error}");
    };
    let allow = |rest: &str| format!(r#"{{ "Effect": "Allow", "Action": "xray:*", "Resource": "*"{rest} }}"#);
    let condition = |condition: &str| allow(&format!(r#", "Condition": {condition}"#));
    check(&allow(r#", "Principal": "*""#), "unknown field `Principal`");
    check(&allow(r#", "NotResource": "*""#), "unknown field `NotResource`");
    check(&allow(r#", "Effect": "Deny""#), "duplicate field `Effect`");
    check(&allow(r#", "NotAction": "xray:Get*""#), "statement 1 must have either `Action` or `NotAction`");
    check(r#"{ "Effect": "Allow", "Resource": "*" }"#, "statement 1 must have either");
    check(r#"{ "Effect": "Allow", "Action": [], "Resource": "*" }"#, "a list must not be empty");
    check(r#"{ "Effect": "Allow", "Action": "xray:*" }"#, "missing field `Resource`");
    check(r#"{ "Effect": "allow", "Action": "xray:*", "Resource": "*" }"#, "unknown variant `allow`");
    let group = r#"{ "Effect": "Deny", "Action": "xray:*", "Resource": "arn:aws:xray:*:*:group/a/*" }"#;
    check(group, "unknown variant `arn:aws:xray:*:*:group/a/*`, expected `*`");
    check(&condition(r#"{ "StringEquals": { "aws:RequestTag/a": "b" } }"#), "unknown field `StringEquals`");
    check(
        &condition(r#"{ "IpAddress": { "aws:VpcSourceIp": "10.0.0.0/8" } }"#),
        "unknown field `aws:VpcSourceIp`",
    );
    check(&condition("{}"), "the condition of statement 1 is empty");
    for network in ["10.0.0.0/33", "10.0.0", "10.0.0.0/+8", "10.0.0.0/", "::/129", "internal"] {
        check(
            &condition(&format!(r#"{{ "IpAddress": {{ "aws:SourceIp": "{network}" }} }}"#)),
            "no address or range",
        );
    }
    let old = r#"{ "Version": "2020-01-01", "Statement": [] }"#.parse::<Policy>().unwrap_err().to_string();
    assert!(old.contains("unknown variant `2020-01-01`"), "{old}");
    assert_eq!(" ".repeat(MAX_BYTES + 1).parse::<Policy>(), Err(PolicyError::TooLarge));
}

#[test]
fn a_policy_is_written_so_that_it_reads_the_same() {
    for policy in [
        Policy::daemon(),
        Policy::read_only(),
        Policy::full(),
        policy(
            r#"{ "Sid": "a", "Effect": "Deny", "NotAction": "xray:Get*", "Resource": ["*"],
                 "Condition": { "IpAddress": { "aws:sourceIp": ["10.0.0.0/8", "::1"] } } }"#,
        ),
    ] {
        let text = serde_json::to_string(&policy).unwrap();
        assert_eq!(text.parse(), Ok(policy), "{text}");
    }
}

#[test]
fn the_presets_allow_what_their_names_say() {
    let decide = |policy: &Policy, action| policy.decide(action, HOME.parse().unwrap()) == Decision::Allowed;
    let check = |action, expected: [bool; 3]| {
        let presets = [Policy::daemon(), Policy::read_only(), Policy::full()];
        assert_eq!(presets.map(|preset| decide(&preset, action)), expected, "{action}");
    };
    check("xray:PutTraceSegments", [true, false, true]);
    check("xray:GetSamplingTargets", [true, true, true]);
    check("xray:BatchGetTraces", [false, true, true]);
    check("xray:UpdateGroup", [false, false, true]);
    check("fluoro:ReadConsole", [false, true, true]);
    check("fluoro:WriteConsole", [false, false, true]);
    check("fluoro:GetMetrics", [false, true, true]);
    check("cloudwatch:DescribeAlarms", [false, true, true]);
    check("cloudwatch:PutMetricAlarm", [false, false, true]);
}

#[test]
fn a_denial_that_could_never_apply_is_refused() {
    let actions = ["xray:GetSamplingRules", "xray:PutTraceSegments"].map(str::to_owned);
    let check = |statement: &str| {
        let text = format!(
            r#"{{"Statement": [{{"Effect": "Allow", "Action": "none:*", "Resource": "*"}}, {statement}]}}"#
        );
        let policy: Policy = text.parse().unwrap();
        policy.check_denials(&actions).map_err(|error| error.to_string())
    };
    let deny = |what: &str| check(&format!(r#"{{"Effect": "Deny", {what}, "Resource": "*"}}"#));
    assert_eq!(deny(r#""Action": ["xray:Get*", "xray:puttracesegments"]"#), Ok(()));
    assert_eq!(deny(r#""NotAction": "xray:Get*""#), Ok(()));
    assert_eq!(
        deny(r#""Action": ["xray:Get*", "xray:GetSamplingRule"]"#).unwrap_err(),
        "statement 2 denies xray:GetSamplingRule, which is no action here, so that it would deny nothing; did you mean xray:GetSamplingRules?"
    );
    assert!(deny(r#""NotAction": "*""#).unwrap_err().contains("all but everything"));
}

#[test]
fn a_range_of_mapped_addresses_is_one_of_ipv4() {
    let denies = |range: &str| -> Result<bool, String> {
        let text = format!(
            r#"{{"Statement": [{{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {{"IpAddress": {{"aws:SourceIp": "{range}"}}}}}}]}}"#
        );
        let policy: Policy = text.parse().map_err(|error: PolicyError| error.to_string())?;
        Ok(policy.decide("xray:GetGroups", "127.0.0.1".parse().unwrap()) == Decision::Denied)
    };
    assert_eq!(denies("::ffff:127.0.0.0/104"), Ok(true));
    assert_eq!(denies("::ffff:127.0.0.1"), Ok(true));
    assert_eq!(denies("::ffff:10.0.0.0/104"), Ok(false));
    assert!(denies("::ffff:0.0.0.0/90").unwrap_err().contains("write the IPv4 range"));
}
