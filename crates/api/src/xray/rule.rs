//! Sampling rules: made, changed, deleted, and listed for the SDKs that poll them.

use std::collections::BTreeMap;

use ::sampling::rule::{RULE_VERSION, SamplingRateBoost};
use ::sampling::{SamplingRule, SamplingRuleRecord};
use ::settings::{Named, RuleUpdate};
use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::input::{AnyPage, Input, Members, Read};
use super::tag::GivenTags;
use super::time::Seconds;
use crate::app::Shared;
use crate::error::XRayError;

const MAX_PRIORITY: u32 = 9_999;
/// The model's integers have 32 bits.
const MAX_INTEGER: u32 = i32::MAX as u32;
const MAX_ATTRIBUTES: usize = 5;
const MAX_ATTRIBUTE: usize = 32;

/// The longest texts that the model lets through.
const MAX_RESOURCE_ARN: usize = 500;
const MAX_SERVICE: usize = 64;
const MAX_HOST: usize = 64;
const MAX_METHOD: usize = 10;
const MAX_PATH: usize = 128;

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RulesOutput {
    sampling_rule_records: Vec<RecordShape>,
    next_token: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RuleOutput {
    sampling_rule_record: RecordShape,
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

/// By name, with the default rule last; clients sort by priority themselves.
pub(crate) async fn get_sampling_rules(State(app): State<Shared>, _: Input<AnyPage>) -> Json<RulesOutput> {
    let state = app.deps.settings.snapshot();
    Json(RulesOutput {
        sampling_rule_records: state.rules_in_order().map(record).collect(),
        next_token: None,
    })
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

/// A rule by name or ARN.
#[derive(Debug)]
struct RuleSelector {
    name: Option<String>,
    arn: Option<String>,
}

impl RuleSelector {
    fn named(self) -> Result<Named, XRayError> {
        match (self.name, self.arn) {
            (Some(_), Some(_)) => Err(XRayError::invalid(
                "Request cannot contain both sampling rule name and sampling rule ARN",
            )),
            (Some(name), None) => Ok(Named::Name(name)),
            (None, Some(arn)) => Ok(Named::Arn(arn)),
            (None, None) => {
                Err(XRayError::invalid("Request must contain either sampling rule name or sampling rule ARN"))
            }
        }
    }
}

impl Read for RuleSelector {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        Ok(Self { name: members.short_text("RuleName", 1, 32)?, arn: members.text("RuleARN")? })
    }
}

fn boost(members: &mut Members<'_>) -> Result<Option<SamplingRateBoost>, XRayError> {
    members.nested("SamplingRateBoost", |boost| {
        Ok(SamplingRateBoost {
            max_rate: boost.required_share("MaxRate")?,
            cooldown_minutes: boost.required_whole("CooldownWindowMinutes", 0, MAX_INTEGER)?,
        })
    })
}

/// X-Ray fails inside on a cooldown of nothing; here it is an error of the request.
fn check_boost(boost: Option<SamplingRateBoost>) -> Result<(), XRayError> {
    match boost {
        Some(SamplingRateBoost { cooldown_minutes: 0, .. }) => {
            Err(XRayError::invalid("CooldownWindowMinutes must be greater than 0"))
        }
        _ => Ok(()),
    }
}

#[derive(Debug)]
pub(crate) struct CreateSamplingRule {
    selector: RuleSelector,
    /// Without its name and ARN.
    rule: SamplingRule,
    tags: GivenTags,
}

impl Read for CreateSamplingRule {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        members.require("SamplingRule");
        let tags = GivenTags::read(members)?;
        let read = members.nested("SamplingRule", |rule| Ok((RuleSelector::read(rule)?, new_rule(rule)?)))?;
        let (selector, rule) = read.unwrap_or_else(|| {
            // The missing member is reported, so nobody sees this.
            (RuleSelector { name: None, arn: None }, SamplingRule::default_rule("", ""))
        });
        Ok(Self { selector, rule, tags })
    }
}

fn new_rule(members: &mut Members<'_>) -> Result<SamplingRule, XRayError> {
    Ok(SamplingRule {
        name: String::new(),
        arn: String::new(),
        resource_arn: members.required_text("ResourceARN", 0, MAX_RESOURCE_ARN)?,
        priority: members.required_whole("Priority", 1, MAX_PRIORITY)?,
        fixed_rate: members.required_share("FixedRate")?,
        reservoir_size: members.required_whole("ReservoirSize", 0, MAX_INTEGER)?,
        service_name: members.required_text("ServiceName", 0, MAX_SERVICE)?,
        service_type: members.required_text("ServiceType", 0, MAX_SERVICE)?,
        host: members.required_text("Host", 0, MAX_HOST)?,
        http_method: members.required_text("HTTPMethod", 0, MAX_METHOD)?,
        url_path: members.required_text("URLPath", 0, MAX_PATH)?,
        version: members.required_whole("Version", 1, MAX_INTEGER)?,
        attributes: members
            .short_texts_by_key("Attributes", MAX_ATTRIBUTES, MAX_ATTRIBUTE)?
            .unwrap_or_default(),
        boost: boost(members)?,
    })
}

pub(crate) async fn create_sampling_rule(
    State(app): State<Shared>,
    Input(input): Input<CreateSamplingRule>,
) -> Result<Json<RuleOutput>, XRayError> {
    let named = input.selector.named()?;
    let name = app.deps.settings.account().rule_name(&named)?;
    if input.rule.version != RULE_VERSION {
        return Err(XRayError::invalid("Sampling rule version must be 1"));
    }
    check_boost(input.rule.boost)?;
    let (rule, tags) = (SamplingRule { name, ..input.rule }, input.tags.by_key()?);
    let created = app.change(move |settings, now| settings.create_rule(rule, tags, now)).await?;
    Ok(Json(RuleOutput { sampling_rule_record: record(&created) }))
}

#[derive(Debug)]
pub(crate) struct UpdateSamplingRule {
    selector: RuleSelector,
    update: RuleUpdate,
    /// Numbers for which the model has no bounds.
    priority: Option<i64>,
    reservoir_size: Option<i64>,
}

impl Read for UpdateSamplingRule {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        members.require("SamplingRuleUpdate");
        let update = members.nested("SamplingRuleUpdate", |rule| {
            Ok(Self {
                selector: RuleSelector::read(rule)?,
                priority: rule.integer("Priority")?,
                reservoir_size: rule.integer("ReservoirSize")?,
                update: RuleUpdate {
                    resource_arn: rule.short_text("ResourceARN", 0, MAX_RESOURCE_ARN)?,
                    priority: None,
                    fixed_rate: rule.number("FixedRate")?,
                    reservoir_size: None,
                    service_name: rule.short_text("ServiceName", 0, MAX_SERVICE)?,
                    service_type: rule.short_text("ServiceType", 0, MAX_SERVICE)?,
                    host: rule.short_text("Host", 0, MAX_HOST)?,
                    http_method: rule.short_text("HTTPMethod", 0, MAX_METHOD)?,
                    url_path: rule.short_text("URLPath", 0, MAX_PATH)?,
                    attributes: rule.short_texts_by_key("Attributes", MAX_ATTRIBUTES, MAX_ATTRIBUTE)?,
                    boost: boost(rule)?,
                },
            })
        })?;
        let nothing = || Self {
            selector: RuleSelector { name: None, arn: None },
            update: RuleUpdate::default(),
            priority: None,
            reservoir_size: None,
        };
        Ok(update.unwrap_or_else(nothing))
    }
}

pub(crate) async fn update_sampling_rule(
    State(app): State<Shared>,
    Input(input): Input<UpdateSamplingRule>,
) -> Result<Json<RuleOutput>, XRayError> {
    let named = input.selector.named()?;
    check_boost(input.update.boost)?;
    let within = |name: &str, value: Option<i64>, min: u32, max: u32| match value {
        None => Ok(None),
        Some(value) => match u32::try_from(value).ok().filter(|value| (min..=max).contains(value)) {
            Some(value) => Ok(Some(value)),
            None => Err(XRayError::invalid(format!("{name} must be between {min} and {max}"))),
        },
    };
    if input.update.fixed_rate.is_some_and(|rate| !(0.0..=1.0).contains(&rate)) {
        return Err(XRayError::invalid("FixedRate must be between 0 and 1"));
    }
    let update = RuleUpdate {
        priority: within("Priority", input.priority, 1, MAX_PRIORITY)?,
        reservoir_size: within("ReservoirSize", input.reservoir_size, 0, MAX_INTEGER)?,
        ..input.update
    };
    let updated = app.change(move |settings, now| settings.update_rule(&named, update, now)).await?;
    Ok(Json(RuleOutput { sampling_rule_record: record(&updated) }))
}

#[derive(Debug)]
pub(crate) struct DeleteSamplingRule(RuleSelector);

impl Read for DeleteSamplingRule {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        // The model has no bounds here.
        Ok(Self(RuleSelector { name: members.text("RuleName")?, arn: members.text("RuleARN")? }))
    }
}

pub(crate) async fn delete_sampling_rule(
    State(app): State<Shared>,
    Input(DeleteSamplingRule(selector)): Input<DeleteSamplingRule>,
) -> Result<Json<RuleOutput>, XRayError> {
    let named = selector.named()?;
    let deleted = app.change(move |settings, now| settings.delete_rule(&named, now)).await?;
    app.sampling.forget(&deleted.rule.name).await;
    Ok(Json(RuleOutput { sampling_rule_record: record(&deleted) }))
}
