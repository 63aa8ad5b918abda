//! Sampling rules: made, changed and deleted by X-Ray's conditions.
//! <https://docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html>

use std::collections::BTreeMap;

use model::Timestamp;
use sampling::rule::{DEFAULT_RULE_NAME, SamplingRateBoost, rule_arn};
use sampling::{SamplingRule, SamplingRuleRecord};

use crate::account::Named;
use crate::error::SettingsError;
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use crate::tag::{self, Tags};

/// X-Ray's limit for an account and region; the default rule does not count.
pub const MAX_RULES: usize = 25;

/// What to change; what is `None` stays, except the boost.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RuleUpdate {
    pub resource_arn: Option<String>,
    pub priority: Option<u32>,
    pub fixed_rate: Option<f64>,
    pub reservoir_size: Option<u32>,
    pub service_name: Option<String>,
    pub service_type: Option<String>,
    pub host: Option<String>,
    pub http_method: Option<String>,
    pub url_path: Option<String>,
    pub attributes: Option<BTreeMap<String, String>>,
    /// `None` removes it, as X-Ray does.
    pub boost: Option<SamplingRateBoost>,
}

impl Settings {
    /// Makes a rule. Its ARN is set here; bounds of its fields are the caller's to check.
    pub fn create_rule(
        &self,
        mut rule: SamplingRule,
        tags: Tags,
        now: Timestamp,
    ) -> Result<SamplingRuleRecord, SettingsError> {
        if rule.name != DEFAULT_RULE_NAME && rule.name.eq_ignore_ascii_case(DEFAULT_RULE_NAME) {
            let text = format!("{} is not allowed: {DEFAULT_RULE_NAME} is reserved, in any case", rule.name);
            return Err(SettingsError::refused(text));
        }
        let account = self.account();
        rule.arn = rule_arn(&account.region, &account.id, &rule.name);
        self.change(|snapshot| {
            if snapshot.rules.contains_key(&rule.name) {
                return Err(SettingsError::refused("Sampling rule already exists"));
            }
            if snapshot.rules.len() > MAX_RULES {
                let text = format!("There are {MAX_RULES} sampling rules already, which is the limit");
                return Err(SettingsError::TooManyRules(text));
            }
            tag::set(snapshot, &rule.arn, tags)?;
            let now = whole_seconds(now);
            let record = SamplingRuleRecord { rule, created: now, modified: now };
            snapshot.rules.insert(record.rule.name.clone(), record.clone());
            snapshot.rules_modified = now;
            Ok(record)
        })
    }

    pub fn update_rule(
        &self,
        named: &Named,
        update: RuleUpdate,
        now: Timestamp,
    ) -> Result<SamplingRuleRecord, SettingsError> {
        let name = self.account().rule_name(named)?;
        self.change(|snapshot| {
            let now = whole_seconds(now);
            let record = snapshot.rules.get_mut(&name).ok_or_else(unknown)?;
            let updated = update.apply(record.rule.clone());
            if updated.is_default() && !differs_in_size_alone(&record.rule, &updated) {
                return Err(SettingsError::refused(
                    "Only the reservoir size and fixed rate of the default sampling rule can be modified",
                ));
            }
            record.rule = updated;
            record.modified = now;
            snapshot.rules_modified = now;
            Ok(record.clone())
        })
    }

    /// Deletes a rule and its tags.
    pub fn delete_rule(&self, named: &Named, now: Timestamp) -> Result<SamplingRuleRecord, SettingsError> {
        let name = self.account().rule_name(named)?;
        if name == DEFAULT_RULE_NAME {
            return Err(SettingsError::refused("The default sampling rule cannot be deleted"));
        }
        self.change(|snapshot: &mut Snapshot| {
            let record = snapshot.rules.remove(&name).ok_or_else(unknown)?;
            snapshot.tags.remove(&record.rule.arn);
            snapshot.rules_modified = whole_seconds(now);
            Ok(record)
        })
    }
}

impl RuleUpdate {
    fn apply(self, rule: SamplingRule) -> SamplingRule {
        SamplingRule {
            name: rule.name,
            arn: rule.arn,
            resource_arn: self.resource_arn.unwrap_or(rule.resource_arn),
            priority: self.priority.unwrap_or(rule.priority),
            fixed_rate: self.fixed_rate.unwrap_or(rule.fixed_rate),
            reservoir_size: self.reservoir_size.unwrap_or(rule.reservoir_size),
            service_name: self.service_name.unwrap_or(rule.service_name),
            service_type: self.service_type.unwrap_or(rule.service_type),
            host: self.host.unwrap_or(rule.host),
            http_method: self.http_method.unwrap_or(rule.http_method),
            url_path: self.url_path.unwrap_or(rule.url_path),
            version: rule.version,
            attributes: self.attributes.unwrap_or(rule.attributes),
            boost: self.boost,
        }
    }
}

fn differs_in_size_alone(old: &SamplingRule, new: &SamplingRule) -> bool {
    let resized =
        SamplingRule { fixed_rate: new.fixed_rate, reservoir_size: new.reservoir_size, ..old.clone() };
    resized == *new
}

fn unknown() -> SettingsError {
    SettingsError::refused("Sampling rule does not exist")
}

/// X-Ray shows the times of rules in whole seconds.
pub(crate) fn whole_seconds(instant: Timestamp) -> Timestamp {
    Timestamp(instant.floor_seconds().saturating_mul(1_000_000))
}
