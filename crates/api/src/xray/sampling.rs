//! Sampling: the rules that SDKs poll and the targets that they report to. The Default rule, for now.

use axum::Json;
use axum::extract::State;
use model::Timestamp;
use serde_json::{Value, json};

use super::input::{Input, Members, Read};
use crate::app::Shared;
use crate::error::XRayError;

/// X-Ray's bound on the statistics of one request.
const MAX_STATISTICS: usize = 25;

/// What the API keeps of the clients that report.
#[derive(Debug)]
pub(crate) struct Sampling;

impl Sampling {
    pub(crate) fn new() -> Self {
        Self
    }
}

#[derive(Debug)]
pub(crate) struct Page;

impl Read for Page {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        members.text("NextToken")?;
        Ok(Self)
    }
}

pub(crate) async fn get_sampling_rules(State(app): State<Shared>, _: Input<Page>) -> Json<Value> {
    let identity = &app.deps.identity;
    let arn = format!("arn:aws:xray:{}:{}:sampling-rule/Default", identity.region, identity.account_id);
    Json(json!({ "SamplingRuleRecords": [{
        "SamplingRule": {
            "RuleName": "Default", "RuleARN": arn, "ResourceARN": "*", "Priority": 10000, "FixedRate": 0.05,
            "ReservoirSize": 1, "ServiceName": "*", "ServiceType": "*", "Host": "*", "HTTPMethod": "*",
            "URLPath": "*", "Version": 1, "Attributes": {}, "SamplingRateBoost": null,
        },
        "CreatedAt": 0.0, "ModifiedAt": 0.0,
    }], "NextToken": null }))
}

#[derive(Debug)]
pub(crate) struct Report {
    rule: String,
    client: String,
    at: Timestamp,
}

#[derive(Debug)]
pub(crate) struct GetSamplingTargets {
    reports: Vec<Report>,
}

impl Read for GetSamplingTargets {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        let reports =
            members.required_objects("SamplingStatisticsDocuments", MAX_STATISTICS, |document| {
                Ok(Report {
                    rule: document.required_text("RuleName", 1, 32)?,
                    client: document.required_text("ClientID", 24, 24)?,
                    at: document.required_instant("Timestamp")?,
                })
            })?;
        Ok(Self { reports })
    }
}

pub(crate) async fn get_sampling_targets(
    State(_app): State<Shared>,
    Input(input): Input<GetSamplingTargets>,
) -> Json<Value> {
    let _ = (&input.reports).into_iter().map(|report| (&report.client, report.at));
    let targets: Vec<Value> = input
        .reports
        .iter()
        .map(|report| json!({ "RuleName": report.rule, "FixedRate": 0.05, "Interval": 10 }))
        .collect();
    Json(json!({ "SamplingTargetDocuments": targets, "LastRuleModification": 0.0,
        "UnprocessedStatistics": [], "UnprocessedBoostStatistics": [] }))
}

pub(crate) async fn get_sampling_statistic_summaries(State(_): State<Shared>, _: Input<Page>) -> Json<Value> {
    Json(json!({ "SamplingStatisticSummaries": [], "NextToken": null }))
}
