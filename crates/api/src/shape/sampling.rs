//! Sampling rules with what they did lately, and which of them a request falls under.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// `GET /api/sampling`: the rules in the order in which they are asked.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct SamplingRules {
    pub rules: Vec<RuleEntry>,
    /// X-Ray's limit, without the Default rule.
    #[ts(type = "number")]
    pub limit: usize,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct RuleEntry {
    pub arn: String,
    pub rule: RuleFields,
    pub is_default: bool,
    /// Absent on a Default rule that nobody touched.
    pub modified: Option<f64>,
    pub tags: BTreeMap<String, String>,
    /// The rule that is asked before and takes every request that this one would.
    pub shadowed_by: Option<String>,
    /// What SDKs reported in each window of ten seconds of the last five minutes, ascending; empty when none ever did.
    pub trend: Vec<SamplingWindow>,
}

/// What one sets up; patterns are X-Ray's wildcards.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct RuleFields {
    pub name: String,
    pub priority: u32,
    pub reservoir_size: u32,
    /// 0 to 1.
    pub fixed_rate: f64,
    pub service_name: String,
    pub service_type: String,
    pub host: String,
    pub http_method: String,
    pub url_path: String,
    pub resource_arn: String,
    pub attributes: BTreeMap<String, String>,
    pub boost: Option<RuleBoost>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct RuleBoost {
    pub max_rate: f64,
    pub cooldown_minutes: u32,
}

#[derive(Debug, Clone, Copy, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct SamplingWindow {
    pub at: f64,
    #[ts(type = "number")]
    pub requests: u64,
    #[ts(type = "number")]
    pub sampled: u64,
    #[ts(type = "number")]
    pub borrowed: u64,
}

/// `POST /api/sampling/try`: a request that one imagines, and a rule that is not saved yet. An empty field is one that
/// the SDK does not know.
#[derive(Debug, Clone, Default, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(export, optional_fields = nullable)]
pub(crate) struct SamplingTry {
    pub service_name: String,
    pub service_type: String,
    pub host: String,
    pub http_method: String,
    pub url_path: String,
    pub resource_arn: String,
    pub attributes: BTreeMap<String, String>,
    /// Takes the place of the rule of its name, or joins the others.
    pub draft: Option<RuleFields>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct SamplingVerdict {
    /// The rules that were asked, up to the one that matched.
    pub asked: Vec<AskedRule>,
    /// The one that matched; absent only where the Default rule was narrowed by a draft.
    pub rule: Option<RuleFields>,
    /// Requests a second that SDKs reported of that rule in the last minute; absent when none did.
    pub requests_a_second: Option<f64>,
    /// Whatever takes the draft's requests before it.
    pub draft_shadowed_by: Option<String>,
    /// Rules that the draft takes every request from.
    pub draft_shadows: Vec<String>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct AskedRule {
    pub name: String,
    pub priority: u32,
    /// What did not fit; absent on the rule that matched.
    pub failed: Option<FailedCondition>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct FailedCondition {
    /// X-Ray's word, such as `URLPath`, or the key of an attribute.
    pub condition: String,
    pub pattern: String,
    /// Absent where the request has none.
    pub value: Option<String>,
}
