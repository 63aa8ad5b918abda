//! When a boost begins, how high it is, and when it ends.

use super::*;
use crate::rule::SamplingRateBoost;
use crate::{Allocator, Counts};

const START: u64 = 1_000_000;

fn at(seconds: u64) -> Timestamp {
    Timestamp(0).plus(Micros::from_secs(START + seconds))
}

fn rule(fixed_rate: f64, max_rate: f64, cooldown_minutes: u32) -> SamplingRule {
    let boost = Some(SamplingRateBoost { max_rate, cooldown_minutes });
    SamplingRule { fixed_rate, boost, ..SamplingRule::default_rule("us-east-1", "123456789012") }
}

/// One service that reports every ten seconds; what its root was told each time, from second 10 on.
fn rates(rule: &SamplingRule, anomalies: &[u64], share_sampled: f64) -> Vec<Option<f64>> {
    let mut boost = Boost::default();
    let mut rates = Vec::new();
    for (step, &anomalies) in anomalies.iter().enumerate() {
        let now = at(10 * step as u64);
        let sampled = (anomalies as f64 * share_sampled) as u64;
        boost.add("web", Anomalies { anomalies, sampled }, now);
        rates.push(boost.target(rule, now.plus(Micros::from_secs(10))).map(|target| target.rate));
    }
    rates
}

#[test]
fn the_rate_follows_the_anomalies_between_the_fixed_rate_and_the_most() {
    let check = |anomalies: u64, expected: Option<f64>| {
        assert_eq!(rates(&rule(0.05, 0.5, 10), &[anomalies], 0.0), [expected], "{anomalies}");
    };
    check(0, None);
    check(1, Some(0.5));
    check(20, Some(0.5));
    check(40, Some(0.25));
    check(100, Some(0.1));
    check(200, None);
    check(u64::MAX, None);
}

#[test]
fn there_is_no_boost_where_it_would_not_help() {
    assert_eq!(rates(&rule(0.05, 0.5, 10), &[40, 40], 0.25), [None, None], "enough are sampled");
    assert_eq!(rates(&rule(0.05, 0.5, 10), &[5, 5], 1.0), [None, None], "all are sampled");
    assert_eq!(rates(&rule(0.05, 0.01, 10), &[40], 0.0), [None], "the most is below the fixed rate");
    let without = SamplingRule { boost: None, ..rule(0.05, 0.5, 10) };
    assert_eq!(rates(&without, &[40], 0.0), [None]);
}

#[test]
fn a_boost_lasts_a_minute_and_comes_back_after_its_cooldown() {
    let found = rates(&rule(0.05, 0.5, 3), &[40; 30], 0.0);
    let boosted: Vec<usize> = (0..30).filter(|step| found[*step].is_some()).collect();
    let minutes = |from: usize| from..from + 6;
    assert_eq!(boosted, minutes(0).chain(minutes(18)).collect::<Vec<_>>());
}

#[test]
fn a_boost_ends_with_the_anomalies() {
    let some = Some(0.25);
    assert_eq!(rates(&rule(0.05, 0.5, 10), &[40, 40, 0, 40], 0.0), [some, some, None, None]);
}

#[test]
fn a_target_outlives_two_reports_and_never_the_boost() {
    let mut boost = Boost::default();
    let rule = rule(0.05, 0.5, 10);
    let mut lifetimes = Vec::new();
    for step in 0..8 {
        boost.add("web", Anomalies { anomalies: 40, sampled: 0 }, at(10 * step));
        let now = at(10 * step + 10);
        lifetimes.push(boost.target(&rule, now).map(|target| now.until(target.ttl).as_seconds()));
    }
    let some = |seconds: f64| Some(seconds);
    assert_eq!(lifetimes[..5], [20.0; 5].map(some));
    assert_eq!(lifetimes[5..], [some(10.0), None, None]);
}

#[test]
fn a_trace_that_many_services_report_counts_once() {
    let mut boost = Boost::default();
    for service in 0..MAX_SERVICES + 10 {
        boost.add(&format!("service-{service}"), Anomalies { anomalies: 40, sampled: 90 }, at(0));
        boost.add(&format!("service-{service}"), Anomalies { anomalies: 0, sampled: 90 }, at(1));
    }
    assert_eq!(boost.current.len(), MAX_SERVICES + 1);
    let worst = boost.current.values().map(|counts| counts.anomalies).max();
    assert_eq!(worst, Some(400), "those beyond the limit are counted as one");
}

/// Requests of which some fail, against a server that answers reports every ten seconds.
#[test]
fn an_outage_is_seen_at_the_wanted_rate() {
    let rule = rule(0.001, 1.0, 10);
    let mut allocator = Allocator::default();
    let mut dice: u64 = 7;
    let mut rate = rule.fixed_rate;
    let mut until = at(0);
    let (mut sampled_by_window, mut anomalies, mut sampled) = (Vec::new(), 0, 0);
    for second in 1..=70 {
        let now = at(second);
        // A hundred failures a second, each sampled by the root's rate.
        for _ in 0..100 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let throw = (dice >> 11) as f64 / (1_u64 << 53) as f64;
            anomalies += 1;
            sampled += u64::from(throw < if now < until { rate } else { rule.fixed_rate });
        }
        if second % 10 == 5 {
            allocator.report_anomalies(&rule, "web", Anomalies { anomalies, sampled }, now);
            let target = allocator.report(&rule, "0355060767e9138c92448f2a", Counts::default(), now);
            if let Some(boost) = target.boost {
                assert!(boost.rate >= target.fixed_rate);
                (rate, until) = (boost.rate, boost.ttl);
            }
            sampled_by_window.push(sampled);
            (anomalies, sampled) = (0, 0);
        }
    }
    assert!(sampled_by_window[0] <= 3, "{sampled_by_window:?}");
    let boosted: u64 = sampled_by_window[2..7].iter().sum();
    assert!((30..=75).contains(&boosted), "about fifty in as many seconds: {sampled_by_window:?}");
}
