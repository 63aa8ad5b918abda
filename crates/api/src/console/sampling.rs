//! `GET /api/sampling` and `POST /api/sampling/try`: the rules with what they did lately, and what they would do. The
//! code that answers is the one that decides; changes are made by X-Ray's operations.

use ::sampling::matching::{self, Condition};
use ::sampling::rule::SamplingRateBoost;
use ::sampling::{Counts, Request, SamplingRule};
use axum::Json;
use axum::extract::State;
use model::Timestamp;
use settings::MAX_RULES;

use crate::app::Shared;
use crate::params::JsonBody;
use crate::shape::stats::millis_at;
use crate::shape::{
    AskedRule, FailedCondition, RuleBoost, RuleEntry, RuleFields, SamplingRules, SamplingTry,
    SamplingVerdict, SamplingWindow,
};

/// Windows of ten seconds over which "now" is taken.
const RECENT_WINDOWS: usize = 6;
const WINDOW_SECONDS: f64 = 10.0;

pub(crate) async fn rules(State(app): State<Shared>) -> Json<SamplingRules> {
    let state = app.deps.settings.snapshot();
    let now = app.deps.clock.now();
    let mut records: Vec<_> = state.rules.values().collect();
    records.sort_by(|one, other| one.rule.order(&other.rule));
    let rules: Vec<SamplingRule> = records.iter().map(|record| record.rule.clone()).collect();
    let names = rules.iter().map(|rule| rule.name.clone()).collect();
    let mut trends = app.sampling.trends(names, now).await;
    let entries = records.iter().enumerate().map(|(place, record)| RuleEntry {
        arn: record.rule.arn.clone(),
        rule: fields(&record.rule),
        is_default: record.rule.is_default(),
        modified: (record.modified > Timestamp(0)).then(|| millis_at(record.modified)),
        tags: state.tags.get(&record.rule.arn).cloned().unwrap_or_default(),
        shadowed_by: shadow(&rules, place).map(|rule| rule.name.clone()),
        trend: trends.remove(&record.rule.name).unwrap_or_default().into_iter().map(window).collect(),
    });
    Json(SamplingRules { rules: entries.collect(), limit: MAX_RULES })
}

/// The first rule before this one that takes all its requests.
fn shadow(rules: &[SamplingRule], place: usize) -> Option<&SamplingRule> {
    rules[..place].iter().find(|rule| matching::covers(rule, &rules[place]))
}

/// The names of the rules after this one from which it takes all requests. Of the Default rule that is as it should be.
fn shadows(rules: &[SamplingRule], place: usize) -> Vec<String> {
    let later = rules[place + 1..].iter().filter(|rule| !rule.is_default());
    later.filter(|rule| matching::covers(&rules[place], rule)).map(|rule| rule.name.clone()).collect()
}

pub(crate) async fn decide(
    State(app): State<Shared>,
    JsonBody(asked): JsonBody<SamplingTry>,
) -> Json<SamplingVerdict> {
    let state = app.deps.settings.snapshot();
    let mut rules: Vec<SamplingRule> = state.rules.values().map(|record| record.rule.clone()).collect();
    let draft = asked.draft.clone().map(rule);
    if let Some(draft) = &draft {
        rules.retain(|rule| rule.name != draft.name);
        rules.push(draft.clone());
    }
    matching::sort(&mut rules);
    let now = app.deps.clock.now();
    let place = draft.and_then(|draft| rules.iter().position(|rule| *rule == draft));
    let matched = matching::first_match(&rules, &request(&asked));
    let trend = match matched {
        Some(rule) => app.sampling.trends(vec![rule.name.clone()], now).await.remove(&rule.name),
        None => None,
    };
    Json(SamplingVerdict {
        asked: ask(&rules, &asked),
        requests_a_second: trend.and_then(|trend| recent_rate(&trend)),
        rule: matched.map(fields),
        draft_shadowed_by: place.and_then(|place| shadow(&rules, place)).map(|rule| rule.name.clone()),
        draft_shadows: place.map(|place| shadows(&rules, place)).unwrap_or_default(),
    })
}

/// Each rule up to the one that matches, with what did not fit.
fn ask(rules: &[SamplingRule], asked: &SamplingTry) -> Vec<AskedRule> {
    let mut list = Vec::new();
    for rule in rules {
        let failed = matching::mismatch(rule, &request(asked));
        let is_match = failed.is_none();
        let failed = failed.map(|condition| failure(rule, &condition, asked));
        list.push(AskedRule { name: rule.name.clone(), priority: rule.priority, failed });
        if is_match {
            break;
        }
    }
    list
}

fn failure(rule: &SamplingRule, condition: &Condition<'_>, asked: &SamplingTry) -> FailedCondition {
    let (word, pattern, value) = match condition {
        Condition::ServiceName => ("ServiceName", &rule.service_name, known(&asked.service_name)),
        Condition::ServiceType => ("ServiceType", &rule.service_type, known(&asked.service_type)),
        Condition::Host => ("Host", &rule.host, known(&asked.host)),
        Condition::HttpMethod => ("HTTPMethod", &rule.http_method, known(&asked.http_method)),
        Condition::UrlPath => ("URLPath", &rule.url_path, known(&asked.url_path)),
        Condition::ResourceArn => ("ResourceARN", &rule.resource_arn, known(&asked.resource_arn)),
        Condition::Attribute(key) => {
            let pattern = rule.attributes.get(*key).expect("the condition is one of the rule's");
            (*key, pattern, asked.attributes.get(*key).map(String::as_str))
        }
    };
    FailedCondition { condition: word.to_owned(), pattern: pattern.clone(), value: value.map(str::to_owned) }
}

fn request(asked: &SamplingTry) -> Request<'_> {
    Request {
        service_name: known(&asked.service_name),
        service_type: known(&asked.service_type),
        host: known(&asked.host),
        http_method: known(&asked.http_method),
        url_path: known(&asked.url_path),
        resource_arn: known(&asked.resource_arn),
        attributes: Some(&asked.attributes),
    }
}

fn known(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// Requests a second in the last minute; none when nobody reported.
fn recent_rate(trend: &[(Timestamp, Counts)]) -> Option<f64> {
    let recent = &trend[trend.len().saturating_sub(RECENT_WINDOWS)..];
    let requests: u64 = recent.iter().map(|(_, counts)| counts.requests).sum();
    (requests > 0).then(|| requests as f64 / (recent.len() as f64 * WINDOW_SECONDS))
}

fn window((at, counts): (Timestamp, Counts)) -> SamplingWindow {
    SamplingWindow {
        at: millis_at(at),
        requests: counts.requests,
        sampled: counts.sampled,
        borrowed: counts.borrowed,
    }
}

fn fields(rule: &SamplingRule) -> RuleFields {
    let rule = rule.clone();
    RuleFields {
        name: rule.name,
        priority: rule.priority,
        reservoir_size: rule.reservoir_size,
        fixed_rate: rule.fixed_rate,
        service_name: rule.service_name,
        service_type: rule.service_type,
        host: rule.host,
        http_method: rule.http_method,
        url_path: rule.url_path,
        resource_arn: rule.resource_arn,
        attributes: rule.attributes,
        boost: rule
            .boost
            .map(|SamplingRateBoost { max_rate, cooldown_minutes }| RuleBoost { max_rate, cooldown_minutes }),
    }
}

/// A rule that nobody saved; its bounds are checked when somebody does.
fn rule(fields: RuleFields) -> SamplingRule {
    SamplingRule {
        name: fields.name,
        priority: fields.priority,
        reservoir_size: fields.reservoir_size,
        fixed_rate: fields.fixed_rate,
        service_name: fields.service_name,
        service_type: fields.service_type,
        host: fields.host,
        http_method: fields.http_method,
        url_path: fields.url_path,
        resource_arn: fields.resource_arn,
        attributes: fields.attributes,
        boost: fields
            .boost
            .map(|RuleBoost { max_rate, cooldown_minutes }| SamplingRateBoost { max_rate, cooldown_minutes }),
        ..SamplingRule::default_rule("", "")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn now_is_the_last_minute() {
        let window = |requests| (Timestamp(0), Counts { requests, ..Counts::default() });
        assert_eq!(recent_rate(&[]), None);
        assert_eq!(
            recent_rate(&[window(9_000), window(0), window(0), window(0), window(0), window(0), window(0)]),
            None
        );
        assert_eq!(
            recent_rate(&[window(0), window(600), window(600), window(0), window(0), window(0)]),
            Some(20.0)
        );
    }

    #[test]
    fn a_rule_comes_back_as_it_was() {
        let mut original = SamplingRule::default_rule("", "");
        original.attributes = BTreeMap::from([("tenant".to_owned(), "a*".to_owned())]);
        original.boost = Some(SamplingRateBoost { max_rate: 0.5, cooldown_minutes: 3 });
        assert_eq!(rule(fields(&original)), original);
    }
}
