//! Sampling: the rules that SDKs poll and the targets that they report to. The Default rule alone, for now.

use std::collections::BTreeMap;

use ::sampling::{Allocator, Counts, SamplingRule, SamplingRuleRecord, Target};
use axum::Json;
use axum::extract::State;
use model::Timestamp;
use parking_lot::Mutex;
use serde::Serialize;

use super::input::{Input, Members, Read};
use super::time::Seconds;
use crate::app::{Identity, Shared};
use crate::error::XRayError;

/// X-Ray's bound on the statistics of one request.
const MAX_STATISTICS: usize = 25;

/// What the API keeps of the rules and of the clients that report on them.
#[derive(Debug)]
pub(crate) struct Sampling {
    default_rule: SamplingRuleRecord,
    /// Locked for one report at a time, which is short.
    clients: Mutex<Allocator>,
}

impl Sampling {
    pub(crate) fn new(identity: &Identity) -> Self {
        let default_rule = SamplingRuleRecord {
            rule: SamplingRule::default_rule(&identity.region, &identity.account_id),
            created: Timestamp(0),
            modified: Timestamp(0),
        };
        Self { default_rule, clients: Mutex::new(Allocator::default()) }
    }

    fn rule(&self, name: &str) -> Option<&SamplingRule> {
        Some(&self.default_rule.rule).filter(|rule| rule.name == name)
    }
}

/// A page of a list; the service gives everything on the first and ignores the token.
#[derive(Debug)]
pub(crate) struct AnyPage;

impl Read for AnyPage {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        members.text("NextToken")?;
        Ok(Self)
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RulesOutput {
    sampling_rule_records: Vec<RecordShape>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct RecordShape {
    sampling_rule: RuleShape,
    created_at: Seconds,
    modified_at: Seconds,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct RuleShape {
    rule_name: String,
    #[serde(rename = "RuleARN")]
    rule_arn: String,
    #[serde(rename = "ResourceARN")]
    resource_arn: String,
    priority: u32,
    fixed_rate: f64,
    reservoir_size: u32,
    service_name: String,
    service_type: String,
    host: String,
    #[serde(rename = "HTTPMethod")]
    http_method: String,
    #[serde(rename = "URLPath")]
    url_path: String,
    version: u32,
    attributes: BTreeMap<String, String>,
    sampling_rate_boost: Option<BoostShape>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct BoostShape {
    max_rate: f64,
    cooldown_window_minutes: u32,
}

/// By name, with the Default rule last; clients sort by priority themselves.
pub(crate) async fn get_sampling_rules(State(app): State<Shared>, _: Input<AnyPage>) -> Json<RulesOutput> {
    Json(RulesOutput { sampling_rule_records: vec![record(&app.sampling.default_rule)], next_token: None })
}

fn record(record: &SamplingRuleRecord) -> RecordShape {
    let rule = record.rule.clone();
    RecordShape {
        sampling_rule: RuleShape {
            rule_name: rule.name,
            rule_arn: rule.arn,
            resource_arn: rule.resource_arn,
            priority: rule.priority,
            fixed_rate: rule.fixed_rate,
            reservoir_size: rule.reservoir_size,
            service_name: rule.service_name,
            service_type: rule.service_type,
            host: rule.host,
            http_method: rule.http_method,
            url_path: rule.url_path,
            version: rule.version,
            attributes: rule.attributes,
            sampling_rate_boost: rule.boost.map(|boost| BoostShape {
                max_rate: boost.max_rate,
                cooldown_window_minutes: boost.cooldown_minutes,
            }),
        },
        created_at: Seconds::at(record.created),
        modified_at: Seconds::at(record.modified),
    }
}

/// What one client counted for one rule since its last report.
#[derive(Debug)]
struct Report {
    rule: String,
    client: String,
    counts: Counts,
}

#[derive(Debug)]
pub(crate) struct GetSamplingTargets {
    reports: Vec<Report>,
    /// The rules named in boost statistics, which are checked and not used: no rule has a boost yet.
    boosted: Vec<String>,
}

impl Read for GetSamplingTargets {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        let reports =
            members.required_objects("SamplingStatisticsDocuments", MAX_STATISTICS, |document| {
                document.required_instant("Timestamp")?;
                Ok(Report {
                    rule: document.required_text("RuleName", 1, 32)?,
                    client: document.required_text("ClientID", 24, 24)?,
                    counts: Counts {
                        requests: document.count("RequestCount")?,
                        sampled: document.count("SampledCount")?,
                        borrowed: document.count("BorrowCount")?,
                    },
                })
            })?;
        let boosted = members.objects("SamplingBoostStatisticsDocuments", MAX_STATISTICS, |document| {
            document.required_instant("Timestamp")?;
            document.required_text("ServiceName", 0, 64)?;
            for name in ["AnomalyCount", "TotalCount", "SampledAnomalyCount"] {
                document.count(name)?;
            }
            document.required_text("RuleName", 1, 32)
        })?;
        Ok(Self { reports, boosted: boosted.unwrap_or_default() })
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TargetsOutput {
    sampling_target_documents: Vec<TargetShape>,
    last_rule_modification: Seconds,
    unprocessed_statistics: Vec<Unprocessed>,
    unprocessed_boost_statistics: Vec<Unprocessed>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct TargetShape {
    rule_name: String,
    fixed_rate: f64,
    reservoir_quota: Option<u32>,
    #[serde(rename = "ReservoirQuotaTTL")]
    reservoir_quota_ttl: Option<Seconds>,
    interval: Option<u32>,
    sampling_boost: Option<()>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Unprocessed {
    rule_name: String,
    error_code: &'static str,
    message: &'static str,
}

impl Unprocessed {
    /// A code that begins with 4 makes Go's SDK fetch the rules again.
    fn unknown_rule(rule_name: String) -> Self {
        Self { rule_name, error_code: "400", message: "Unknown rule" }
    }
}

pub(crate) async fn get_sampling_targets(
    State(app): State<Shared>,
    Input(input): Input<GetSamplingTargets>,
) -> Json<TargetsOutput> {
    let sampling = &app.sampling;
    let now = app.deps.clock.now();
    let mut targets = Vec::new();
    let mut unprocessed = Vec::new();
    for report in input.reports {
        match sampling.rule(&report.rule) {
            Some(rule) => {
                let target = sampling.clients.lock().report(rule, &report.client, report.counts, now);
                targets.push(target_shape(report.rule, target));
            }
            None => unprocessed.push(Unprocessed::unknown_rule(report.rule)),
        }
    }
    let unknown = input.boosted.into_iter().filter(|name| sampling.rule(name).is_none());
    Json(TargetsOutput {
        sampling_target_documents: targets,
        last_rule_modification: Seconds::at(sampling.default_rule.modified),
        unprocessed_statistics: unprocessed,
        unprocessed_boost_statistics: unknown.map(Unprocessed::unknown_rule).collect(),
    })
}

fn target_shape(rule_name: String, target: Target) -> TargetShape {
    TargetShape {
        rule_name,
        fixed_rate: target.fixed_rate,
        reservoir_quota: target.quota,
        reservoir_quota_ttl: target.quota_ttl.map(Seconds::whole),
        interval: target.interval,
        sampling_boost: None,
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SummariesOutput {
    sampling_statistic_summaries: Vec<SummaryShape>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct SummaryShape {
    rule_name: String,
    timestamp: Seconds,
    request_count: u64,
    borrow_count: u64,
    sampled_count: u64,
}

/// Of the last whole window of ten seconds.
pub(crate) async fn get_sampling_statistic_summaries(
    State(app): State<Shared>,
    _: Input<AnyPage>,
) -> Json<SummariesOutput> {
    let summaries = app.sampling.clients.lock().summaries(app.deps.clock.now());
    let shapes = summaries.into_iter().map(|summary| SummaryShape {
        rule_name: summary.rule_name,
        timestamp: Seconds::at(summary.window_start),
        request_count: summary.counts.requests,
        borrow_count: summary.counts.borrowed,
        sampled_count: summary.counts.sampled,
    });
    Json(SummariesOutput { sampling_statistic_summaries: shapes.collect(), next_token: None })
}
