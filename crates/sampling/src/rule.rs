//! A rule of central sampling, with the fields of X-Ray's `SamplingRule`.
//! <https://docs.aws.amazon.com/xray/latest/api/API_SamplingRule.html>

use std::cmp::Ordering;
use std::collections::BTreeMap;

use model::Timestamp;

/// The name of the rule that matches whatever no other does.
pub const DEFAULT_RULE_NAME: &str = "Default";
/// What X-Ray shows for the Default rule; rules that users make end at 9999.
pub const DEFAULT_RULE_PRIORITY: u32 = 10_000;
/// The only version there is.
pub const RULE_VERSION: u32 = 1;

/// Which requests it is about, and how many of them are recorded. All matchers are [wildcards](crate::wildcard).
#[derive(Debug, Clone, PartialEq)]
pub struct SamplingRule {
    pub name: String,
    pub arn: String,
    /// The ARN of the resource that runs the service. X-Ray's SDKs skip rules where this is not `*`.
    pub resource_arn: String,
    /// The lowest number is asked first.
    pub priority: u32,
    /// The share of requests recorded once the reservoir is used up, 0 to 1.
    pub fixed_rate: f64,
    /// Requests a second that are recorded in any case, over all clients together.
    pub reservoir_size: u32,
    /// On the segment's name.
    pub service_name: String,
    /// On the segment's `origin`.
    pub service_type: String,
    pub host: String,
    pub http_method: String,
    pub url_path: String,
    pub version: u32,
    /// What the request must say beyond that. X-Ray's SDKs skip rules that ask for any.
    pub attributes: BTreeMap<String, String>,
    pub boost: Option<SamplingRateBoost>,
}

/// How far the rate may rise for a while when requests go wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SamplingRateBoost {
    pub max_rate: f64,
    pub cooldown_minutes: u32,
}

/// A rule and when it was made and changed; both are the epoch for a Default rule that nobody touched.
#[derive(Debug, Clone, PartialEq)]
pub struct SamplingRuleRecord {
    pub rule: SamplingRule,
    pub created: Timestamp,
    pub modified: Timestamp,
}

impl SamplingRule {
    /// What X-Ray has where nobody has set up anything: one request a second and five per cent of the rest.
    pub fn default_rule(region: &str, account_id: &str) -> Self {
        let any = || "*".to_owned();
        Self {
            name: DEFAULT_RULE_NAME.to_owned(),
            arn: rule_arn(region, account_id, DEFAULT_RULE_NAME),
            resource_arn: any(),
            priority: DEFAULT_RULE_PRIORITY,
            fixed_rate: 0.05,
            reservoir_size: 1,
            service_name: any(),
            service_type: any(),
            host: any(),
            http_method: any(),
            url_path: any(),
            version: RULE_VERSION,
            attributes: BTreeMap::new(),
            boost: None,
        }
    }

    pub fn is_default(&self) -> bool {
        self.name == DEFAULT_RULE_NAME
    }

    /// The order in which rules are asked: by priority, then by name, byte by byte.
    pub fn order(&self, other: &Self) -> Ordering {
        (self.priority, &self.name).cmp(&(other.priority, &other.name))
    }
}

/// The ARN of the rule of that name.
pub fn rule_arn(region: &str, account_id: &str, name: &str) -> String {
    format!("arn:aws:xray:{region}:{account_id}:sampling-rule/{name}")
}
