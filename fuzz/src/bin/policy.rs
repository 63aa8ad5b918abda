//! A policy: what is read is written and read the same, decides the same, and nothing overrules a denial.
#![no_main]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use auth::{Decision, Policy};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

const ACTIONS: [&str; 5] =
    ["xray:PutTraceSegments", "XRAY:getservicegraph", "cloudwatch:PutMetricAlarm", "fluoro:ManageKeys", "*"];
const SOURCES: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::LOCALHOST),
    IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
];

fuzz_target!(|text: &str| {
    let Ok(policy) = text.parse::<Policy>() else { return };
    let written = serde_json::to_string(&policy).expect("a policy is JSON");
    let Ok(again) = written.parse::<Policy>() else {
        // What is written says more than what was read, and there is a limit to a policy's size.
        assert!(written.len() > text.len(), "{written}");
        return;
    };
    assert_eq!(again, policy, "{written}");
    let _ = policy.check_denials(&ACTIONS.map(str::to_owned));
    let denying = with_a_denial(&written);
    for action in ACTIONS {
        for source in SOURCES {
            assert_eq!(again.decide(action, source), policy.decide(action, source), "{written}");
            assert_eq!(denying.decide(action, source), Decision::Denied, "{written}");
        }
    }
});

/// The same, and a statement that denies everything.
fn with_a_denial(policy: &str) -> Policy {
    let mut policy: Value = serde_json::from_str(policy).expect("a policy is JSON");
    let statements = match policy["Statement"].take() {
        Value::Array(statements) => statements,
        one => vec![one],
    };
    let denial = json!({ "Effect": "Deny", "Action": "*", "Resource": "*" });
    policy["Statement"] = statements.into_iter().chain([denial]).collect();
    serde_json::from_value(policy).expect("a statement more is a policy still")
}
