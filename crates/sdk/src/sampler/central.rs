//! Rules of X-Ray's API, and how many each may take of what all processes share.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, RwLock};

use sampling::{SamplingRule, matching};
use serde_json::Value;

use crate::cell::lock;
use crate::clock;
use crate::id;
use crate::sampler::local::{Local, Reservoir};
use crate::sampler::{Decision, Sampler, SamplingRequest};

/// Rules that could not be fetched again for so long do not count any more.
const RULES_LAST_SECONDS: i64 = 3_600;
/// How often a rule is reported, where its target does not say.
const DEFAULT_INTERVAL_SECONDS: i64 = 10;

/// What the poller and the requests share.
#[derive(Debug)]
pub(crate) struct Central {
    rules: RwLock<Arc<Vec<Arc<Rule>>>>,
    fetched_at: AtomicI64,
    /// Until there are rules, and once they are too old.
    fallback: Local,
}

/// A rule, what it was asked, and its target.
#[derive(Debug)]
pub(crate) struct Rule {
    rule: SamplingRule,
    name: Arc<str>,
    requests: AtomicU32,
    sampled: AtomicU32,
    borrowed: AtomicU32,
    taken: Reservoir,
    lent: Reservoir,
    target: Mutex<Target>,
}

/// What the API allows a rule.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Target {
    rate: f64,
    /// How many a second, and until when.
    quota: Option<(u32, i64)>,
    boost: Option<(f64, i64)>,
    interval: i64,
    reported_at: i64,
}

impl Rule {
    fn new(rule: SamplingRule) -> Self {
        let target = Target {
            rate: rule.fixed_rate,
            quota: None,
            boost: None,
            interval: DEFAULT_INTERVAL_SECONDS,
            reported_at: 0,
        };
        Self {
            name: rule.name.as_str().into(),
            rule,
            requests: AtomicU32::new(0),
            sampled: AtomicU32::new(0),
            borrowed: AtomicU32::new(0),
            taken: Reservoir::default(),
            lent: Reservoir::default(),
            target: Mutex::new(target),
        }
    }

    fn decide(&self, second: i64, dice: impl FnOnce() -> f64) -> bool {
        self.requests.fetch_add(1, Relaxed);
        let target = *lock(&self.target);
        match target.quota.filter(|(_, until)| *until >= second) {
            Some((quota, _)) => {
                if self.taken.take(quota, second) {
                    self.sampled.fetch_add(1, Relaxed);
                    return true;
                }
            }
            None => {
                // Nothing was allotted: one a second is borrowed, which counts by itself.
                if self.rule.reservoir_size > 0 && self.lent.take(1, second) {
                    self.borrowed.fetch_add(1, Relaxed);
                    return true;
                }
            }
        }
        let boost = target.boost.filter(|(_, until)| second < *until).map(|(rate, _)| rate);
        let is_sampled = dice() < boost.unwrap_or(target.rate);
        self.sampled.fetch_add(u32::from(is_sampled), Relaxed);
        is_sampled
    }
}

impl Central {
    pub(crate) fn new(fallback: Local) -> Self {
        Self { rules: RwLock::default(), fetched_at: AtomicI64::new(i64::MIN / 2), fallback }
    }

    fn rules(&self) -> Arc<Vec<Arc<Rule>>> {
        Arc::clone(&self.rules.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    fn decide_at(
        &self,
        request: &SamplingRequest<'_>,
        second: i64,
        dice: impl FnOnce() -> f64,
    ) -> Option<Decision> {
        if second.saturating_sub(self.fetched_at.load(Relaxed)) > RULES_LAST_SECONDS {
            return None;
        }
        let (rules, request) = (self.rules(), request.for_rules());
        let rule = rules.iter().find(|rule| matching::matches(&rule.rule, &request))?;
        let sampled = rule.decide(second, dice);
        Some(Decision { sampled, rule: Some(Arc::clone(&rule.name)) })
    }

    /// Puts fetched rules in the place of those that were. Of a name that stays, what it counted and its target stay.
    pub(crate) fn set_rules(&self, mut fetched: Vec<SamplingRule>, second: i64) {
        matching::sort(&mut fetched);
        let before = self.rules();
        let rules =
            fetched.into_iter().map(|rule| match before.iter().find(|known| known.rule.name == rule.name) {
                Some(known) if known.rule == rule => Arc::clone(known),
                known => {
                    let renewed = Rule::new(rule);
                    if let Some(known) = known {
                        renewed.take_over(known);
                    }
                    Arc::new(renewed)
                }
            });
        let rules = Arc::new(rules.collect());
        *self.rules.write().unwrap_or_else(std::sync::PoisonError::into_inner) = rules;
        self.fetched_at.store(second, Relaxed);
    }

    /// The statistics that are due, and their counters, which are given back if they do not arrive.
    pub(crate) fn due(&self, second: i64) -> Vec<(Arc<Rule>, Counts)> {
        let rules = self.rules();
        let due = rules.iter().filter_map(|rule| {
            let mut target = lock(&rule.target);
            if rule.requests.load(Relaxed) == 0 || second - target.reported_at < target.interval {
                return None;
            }
            target.reported_at = second;
            let take = |counter: &AtomicU32| counter.swap(0, Relaxed);
            let counts = Counts {
                requests: take(&rule.requests),
                sampled: take(&rule.sampled),
                borrowed: take(&rule.borrowed),
            };
            Some((Arc::clone(rule), counts))
        });
        due.collect()
    }

    /// Sets the targets of an answer to `GetSamplingTargets`.
    pub(crate) fn set_targets(&self, targets: &[Value]) {
        let rules = self.rules();
        for target in targets {
            let name = target["RuleName"].as_str().unwrap_or_default();
            if let Some(rule) = rules.iter().find(|rule| rule.rule.name == name) {
                rule.set_target(target);
            }
        }
    }
}

/// What a rule counted since it was last reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    requests: u32,
    sampled: u32,
    borrowed: u32,
}

impl Rule {
    fn take_over(&self, known: &Self) {
        let counts = [
            (&self.requests, &known.requests),
            (&self.sampled, &known.sampled),
            (&self.borrowed, &known.borrowed),
        ];
        for (own, other) in counts {
            own.store(other.swap(0, Relaxed), Relaxed);
        }
        *lock(&self.target) = Target { rate: self.rule.fixed_rate, ..*lock(&known.target) };
    }

    /// The call did not arrive: what was counted is reported the next time.
    pub(crate) fn give_back(&self, counts: Counts) {
        self.requests.fetch_add(counts.requests, Relaxed);
        self.sampled.fetch_add(counts.sampled, Relaxed);
        self.borrowed.fetch_add(counts.borrowed, Relaxed);
    }

    pub(crate) fn statistics(&self, counts: Counts, client: &str, second: i64) -> Value {
        serde_json::json!({
            "RuleName": self.rule.name, "ClientID": client, "Timestamp": second,
            "RequestCount": counts.requests, "SampledCount": counts.sampled, "BorrowCount": counts.borrowed,
        })
    }

    fn set_target(&self, target: &Value) {
        let mut own = lock(&self.target);
        if let Some(rate) = target["FixedRate"].as_f64().filter(|rate| (0.0..=1.0).contains(rate)) {
            own.rate = rate;
        }
        // Without a quota the one before stays until its time is over.
        let quota = target["ReservoirQuota"].as_u64().and_then(|quota| u32::try_from(quota).ok());
        if let (Some(quota), Some(until)) = (quota, seconds(&target["ReservoirQuotaTTL"])) {
            own.quota = Some((quota, until));
        }
        if let Some(interval) = target["Interval"].as_i64().filter(|interval| (1..=3_600).contains(interval))
        {
            own.interval = interval;
        }
        let boost = &target["SamplingBoost"];
        let rate = boost["BoostRate"].as_f64().filter(|rate| (0.0..=1.0).contains(rate));
        own.boost = rate.zip(seconds(&boost["BoostRateTTL"]));
    }
}

impl Sampler for Central {
    fn decide(&self, request: &SamplingRequest<'_>) -> Decision {
        let decided = self.decide_at(request, clock::seconds_now(), id::dice);
        decided.unwrap_or_else(|| self.fallback.decide(request))
    }
}

/// Epoch seconds, which the API has as numbers.
pub(crate) fn seconds(value: &Value) -> Option<i64> {
    value.as_f64().filter(|seconds| seconds.is_finite()).map(|seconds| seconds as i64)
}

/// A rule as the API has it; `None` if it is of another version, for a resource, or asks for attributes: then it is not
/// meant for this request.
pub(crate) fn read_rule(record: &Value) -> Option<SamplingRule> {
    let rule = &record["SamplingRule"];
    let text = |key: &str| rule[key].as_str().map(str::to_owned);
    let rate = rule["FixedRate"].as_f64().filter(|rate| (0.0..=1.0).contains(rate))?;
    let has_attributes = rule["Attributes"].as_object().is_some_and(|attributes| !attributes.is_empty());
    if rule["Version"].as_u64() != Some(1) || text("ResourceARN")? != "*" || has_attributes {
        return None;
    }
    Some(SamplingRule {
        name: text("RuleName")?,
        priority: u32::try_from(rule["Priority"].as_u64()?).ok()?,
        fixed_rate: rate,
        reservoir_size: u32::try_from(rule["ReservoirSize"].as_u64()?).ok()?,
        service_name: text("ServiceName")?,
        service_type: text("ServiceType")?,
        host: text("Host")?,
        http_method: text("HTTPMethod")?,
        url_path: text("URLPath")?,
        ..SamplingRule::default_rule("", "")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(name: &str, priority: u32, path: &str, rate: f64, reservoir: u32) -> Value {
        json!({"SamplingRule": {"RuleName": name, "Priority": priority, "URLPath": path, "FixedRate": rate,
            "ReservoirSize": reservoir, "ServiceName": "*", "ServiceType": "*", "Host": "*", "HTTPMethod": "*",
            "ResourceARN": "*", "Version": 1}})
    }

    fn central(records: &[Value]) -> Central {
        let central = Central::new(Local::new(sampling::RuleFile::default()));
        central.set_rules(records.iter().filter_map(read_rule).collect(), 0);
        central
    }

    fn ask(central: &Central, path: &str, second: i64, dice: f64) -> Option<(bool, String)> {
        let request = SamplingRequest { path: Some(path), ..SamplingRequest::default() };
        let decision = central.decide_at(&request, second, || dice)?;
        Some((decision.sampled, decision.rule.unwrap().to_string()))
    }

    fn counts(central: &Central, second: i64) -> Vec<(String, u32, u32, u32)> {
        let due = central.due(second).into_iter();
        due.map(|(rule, counts)| (rule.name.to_string(), counts.requests, counts.sampled, counts.borrowed))
            .collect()
    }

    #[test]
    fn one_a_second_is_borrowed_until_a_quota_comes_and_the_rate_decides_on_the_rest() {
        let central = central(&[record("Default", 10_000, "*", 0.5, 1), record("a", 1, "/a", 0.0, 3)]);
        assert_eq!(ask(&central, "/a", 1, 0.0), Some((true, "a".into())));
        assert_eq!(ask(&central, "/a", 1, 0.0), Some((false, "a".into())), "a rate of 0");
        assert_eq!(ask(&central, "/b", 1, 0.9), Some((true, "Default".into())));
        assert_eq!(ask(&central, "/b", 1, 0.4), Some((true, "Default".into())));
        assert_eq!(counts(&central, 10), [("a".into(), 2, 0, 1), ("Default".into(), 2, 1, 1)]);
        central.set_targets(&[json!({"RuleName": "a", "FixedRate": 0.0, "ReservoirQuota": 2, "ReservoirQuotaTTL": 100.0, "Interval": 20})]);
        let taken = [11, 11, 11, 12].map(|second| ask(&central, "/a", second, 0.0).unwrap().0);
        assert_eq!(taken, [true, true, false, true]);
        assert_eq!(counts(&central, 20), [], "its interval is 20 seconds");
        assert_eq!(counts(&central, 30), [("a".into(), 4, 3, 0)]);
        assert!(ask(&central, "/a", 101, 0.0).unwrap().0, "the quota is over: borrowed");
        assert!(!ask(&central, "/a", 101, 0.0).unwrap().0);
    }

    #[test]
    fn zero_rate_zero_reservoir_samples_nothing() {
        let central = central(&[record("none", 1, "/healthcheck", 0.0, 0)]);
        assert!((0..100).all(|second| !ask(&central, "/healthcheck", second, 0.0).unwrap().0));
        assert_eq!(ask(&central, "/other", 0, 0.0), None, "the rules of the fallback decide");
    }

    #[test]
    fn what_a_rule_counted_outlives_a_refresh_and_a_call_that_fails() {
        let central = central(&[record("a", 1, "*", 0.0, 1)]);
        ask(&central, "/", 1, 0.0);
        central.set_rules(vec![read_rule(&record("a", 2, "*", 0.0, 1)).unwrap()], 5);
        let due = central.due(10);
        due[0].0.give_back(due[0].1);
        ask(&central, "/", 11, 0.0);
        assert_eq!(counts(&central, 20), [("a".into(), 2, 0, 2)]);
        assert_eq!(ask(&central, "/", 5 + RULES_LAST_SECONDS + 1, 0.0), None, "the rules are too old");
    }

    #[test]
    fn rules_that_are_not_meant_are_left_out_and_a_boost_replaces_the_rate() {
        let change = |key: &str, value: Value| {
            let mut record = record("a", 1, "*", 0.5, 0);
            record["SamplingRule"][key] = value;
            read_rule(&record)
        };
        for (key, value) in [
            ("Version", json!(2)),
            ("ResourceARN", json!("arn:x")),
            ("Attributes", json!({"a": "b"})),
            ("FixedRate", json!(1.5)),
            ("ReservoirSize", json!(-1)),
            ("Priority", json!("1")),
        ] {
            assert!(change(key, value).is_none(), "{key}");
        }
        let central = central(&[record("a", 1, "*", 0.1, 0)]);
        central.set_targets(&[json!({"RuleName": "a", "FixedRate": 0.1, "SamplingBoost": {"BoostRate": 0.8, "BoostRateTTL": 10}}), json!({"RuleName": "gone"}), json!(7)]);
        assert!(ask(&central, "/", 9, 0.5).unwrap().0);
        assert!(!ask(&central, "/", 10, 0.5).unwrap().0);
    }
}
