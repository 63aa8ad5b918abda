//! Sampling targets: SDKs report what they counted and learn how much they may sample.

use ::sampling::{Anomalies, BoostTarget, Counts, Target};
use axum::Json;
use axum::extract::State;
use axum::http::Extensions;
use model::{Micros, Timestamp};
use serde::Serialize;

use super::input::{AnyPage, Input, Members, Read};
use super::time::Seconds;
use crate::app::{Shared, access, sampling as reported};
use crate::error::XRayError;

/// X-Ray takes 25. OpenTelemetry's samplers send all their rules in one request, which is one more where there are as many rules
/// as X-Ray allows, and others send more.
const MAX_STATISTICS: usize = 250;

/// What one client counted for one rule since its last report.
#[derive(Debug)]
struct Report {
    rule: String,
    client: String,
    counts: Counts,
}

/// What one service counted of requests that went wrong.
#[derive(Debug)]
struct AnomalyReport {
    rule: String,
    service: String,
    counts: Anomalies,
}

#[derive(Debug)]
pub(crate) struct GetSamplingTargets {
    reports: Vec<Report>,
    anomalies: Vec<AnomalyReport>,
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
                        // AWS's distribution for Python writes the shorter name.
                        sampled: document.count("SampledCount")?.max(document.count("SampleCount")?),
                        borrowed: document.count("BorrowCount")?,
                    },
                })
            })?;
        let anomalies = members.objects("SamplingBoostStatisticsDocuments", MAX_STATISTICS, |document| {
            document.required_instant("Timestamp")?;
            document.count("TotalCount")?;
            Ok(AnomalyReport {
                rule: document.required_text("RuleName", 1, 32)?,
                service: document.required_text("ServiceName", 0, 64)?,
                counts: Anomalies {
                    anomalies: document.count("AnomalyCount")?,
                    sampled: document.count("SampledAnomalyCount")?,
                },
            })
        })?;
        Ok(Self { reports, anomalies: anomalies.unwrap_or_default() })
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
    sampling_boost: Option<BoostShape>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct BoostShape {
    boost_rate: f64,
    #[serde(rename = "BoostRateTTL")]
    boost_rate_ttl: Seconds,
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
    extensions: Extensions,
    Input(input): Input<GetSamplingTargets>,
) -> Json<TargetsOutput> {
    let from = access::peer(&extensions);
    let state = app.deps.settings.snapshot();
    let now = app.deps.clock.now();
    let (mut reports, mut anomalies) = (Vec::new(), Vec::new());
    let mut unprocessed = Vec::new();
    let mut unprocessed_boosts = Vec::new();
    for AnomalyReport { rule, service, counts } in input.anomalies {
        match state.rules.get(&rule) {
            Some(record) => {
                let rule = record.rule.clone();
                anomalies.push(reported::AnomalyReport { rule, service, counts });
            }
            None => unprocessed_boosts.push(Unprocessed::unknown_rule(rule)),
        }
    }
    for Report { rule, client, counts } in input.reports {
        match state.rules.get(&rule) {
            Some(record) => reports.push(reported::Report { rule: record.rule.clone(), client, counts }),
            None => unprocessed.push(Unprocessed::unknown_rule(rule)),
        }
    }
    let names: Vec<String> = reports.iter().map(|report| report.rule.name.clone()).collect();
    let targets = app.sampling.report(from, reports, anomalies, now).await;
    let targets = names.into_iter().zip(targets).map(|(rule, target)| target_shape(rule, target));
    Json(TargetsOutput {
        sampling_target_documents: targets.collect(),
        last_rule_modification: Seconds::at(modification(state.rules_modified)),
        unprocessed_statistics: unprocessed,
        unprocessed_boost_statistics: unprocessed_boosts,
    })
}

/// Clients fetch the rules again if this is later than when they last did, which they know to the second. So it is
/// the end of the second in which a rule was changed: who fetched the rules early in that second must do so again.
fn modification(rules_modified: Timestamp) -> Timestamp {
    match rules_modified {
        Timestamp(0) => rules_modified,
        changed => changed.plus(Micros::from_secs(1)),
    }
}

fn target_shape(rule_name: String, target: Target) -> TargetShape {
    TargetShape {
        rule_name,
        fixed_rate: target.fixed_rate,
        reservoir_quota: target.quota,
        reservoir_quota_ttl: target.quota_ttl.map(Seconds::whole),
        interval: target.interval,
        sampling_boost: target.boost.map(|BoostTarget { rate, ttl }| BoostShape {
            boost_rate: rate,
            boost_rate_ttl: Seconds::whole(ttl),
        }),
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
    let rules = app.deps.settings.snapshot().rules.keys().cloned().collect();
    let summaries = app.sampling.summaries(rules, app.deps.clock.now()).await;
    let shapes = summaries.into_iter().map(|summary| SummaryShape {
        rule_name: summary.rule_name,
        timestamp: Seconds::at(summary.window_start),
        request_count: summary.counts.requests,
        borrow_count: summary.counts.borrowed,
        sampled_count: summary.counts.sampled,
    });
    Json(SummariesOutput { sampling_statistic_summaries: shapes.collect(), next_token: None })
}
