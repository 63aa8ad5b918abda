//! Targets: shares, windows and boosts, by simulated clients.

use std::collections::HashMap;

use model::{Clock, ManualClock};
use proptest::prelude::*;

use super::*;

fn rule(reservoir_size: u32) -> SamplingRule {
    SamplingRule { reservoir_size, ..SamplingRule::default_rule("us-east-1", "123456789012") }
}

fn requests(requests: u64) -> Counts {
    Counts { requests, ..Counts::default() }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp(0).plus(Micros::from_secs(seconds))
}

/// Clients as they see their quotas, beside the allocator that hands them out.
struct Fleet {
    /// One a process. They keep what they know for each other where there are several.
    allocators: Vec<Allocator>,
    kept: Option<String>,
    reports: usize,
    clock: ManualClock,
    rule: SamplingRule,
    /// When each reported last, and the quota it holds.
    clients: HashMap<usize, (Timestamp, u32)>,
}

impl Fleet {
    fn new(reservoir: u32) -> Self {
        let clock = ManualClock::new(at(1_000_000));
        Self::of(1, clock, reservoir)
    }

    fn of(processes: usize, clock: ManualClock, reservoir: u32) -> Self {
        let allocators = (0..processes).map(|_| Allocator::default()).collect();
        let clients = HashMap::new();
        Self { allocators, kept: None, reports: 0, clock, rule: rule(reservoir), clients }
    }

    fn report(&mut self, client: usize, count: u64) -> Target {
        let now = self.clock.now();
        // A client comes to any of them.
        self.reports += 1;
        let turn = self.reports * 7 % self.allocators.len();
        let allocator = &mut self.allocators[turn];
        if let Some(kept) = &self.kept {
            assert!(allocator.resume(&self.rule.name, kept));
        }
        let target = allocator.report(&self.rule, &format!("{client:024}"), requests(count), now);
        if self.allocators.len() > 1 {
            self.kept = self.allocators[turn].keep(&self.rule.name);
        }
        let (last_report, quota) = self.clients.entry(client).or_insert((now, 0));
        // What is not told stays as it was, until it runs out.
        let runs_out = last_report.plus(QUOTA_LIFETIME);
        *quota = target.quota.unwrap_or(if runs_out < now { 0 } else { *quota });
        *last_report = now;
        target
    }

    /// What the clients heard of lately may take in one second, all together.
    fn live(&self) -> u64 {
        let now = self.clock.now();
        let live = self.clients.values().filter(|(last_report, _)| last_report.until(now) <= SILENCE);
        live.map(|(_, quota)| u64::from(*quota)).sum()
    }

    fn round(&mut self, loads: &[u64]) {
        for (client, &load) in loads.iter().enumerate() {
            self.report(client, load);
            assert!(self.live() <= u64::from(self.rule.reservoir_size), "ST-1");
        }
        self.clock.advance(Micros::from_secs(10));
    }
}

#[test]
fn the_first_report_gets_no_quota_and_the_second_does() {
    let mut fleet = Fleet::new(7);
    let first = fleet.report(1, 5);
    assert_eq!(first, Target { fixed_rate: 0.05, quota: None, quota_ttl: None, interval: None, boost: None });
    fleet.clock.advance(Micros::from_secs(10));
    let ttl = fleet.clock.now().plus(QUOTA_LIFETIME);
    let second = fleet.report(1, 5);
    assert_eq!(
        second,
        Target { fixed_rate: 0.05, quota: Some(7), quota_ttl: Some(ttl), interval: Some(10), boost: None }
    );
}

#[test]
fn an_empty_reservoir_gives_quotas_of_zero() {
    let mut fleet = Fleet::new(0);
    fleet.report(1, 5);
    assert_eq!(fleet.report(1, 5).quota, Some(0));
}

#[test]
fn quotas_follow_the_load_and_add_up() {
    let check = |reservoir, loads: &[u64], expected: &[u32]| {
        let mut fleet = Fleet::new(reservoir);
        fleet.round(loads);
        assert_eq!(fleet.live(), 0);
        fleet.round(loads);
        let quotas: Vec<_> = (0..loads.len()).map(|client| fleet.clients[&client].1).collect();
        assert_eq!(quotas, expected);
    };
    check(10, &[100, 100], &[5, 5]);
    check(10, &[300, 100], &[8, 2]);
    check(10, &[100, 100, 100], &[4, 3, 3]);
    check(2, &[10, 10, 10], &[1, 1, 0]);
    check(1, &[1, 1_000_000], &[0, 1]);
    check(5, &[0, 0], &[3, 2]);
    check(5, &[0, 7], &[0, 5]);
}

#[test]
fn the_whole_reservoir_is_in_use_once_all_have_reported_twice() {
    for (clients, reservoir) in [(1, 50), (7, 50), (100, 50), (999, 1_000), (30, u32::MAX)] {
        let loads: Vec<u64> = (0..clients).map(|client| 1 + client * client % 97).collect();
        let mut fleet = Fleet::new(reservoir);
        fleet.round(&loads);
        fleet.round(&loads);
        assert_eq!(fleet.live(), u64::from(reservoir), "ST-2 of {clients} clients");
    }
}

#[test]
fn load_that_moves_takes_its_quota_along() {
    let mut fleet = Fleet::new(100);
    fleet.round(&[100, 0]);
    fleet.round(&[100, 0]);
    assert_eq!(fleet.clients[&0].1, 100);
    for _ in 0..20 {
        fleet.round(&[0, 100]);
    }
    assert_eq!((fleet.clients[&0].1, fleet.clients[&1].1), (0, 100));
}

#[test]
fn a_newcomer_gets_its_share_only_when_others_have_given_it_up() {
    let mut fleet = Fleet::new(10);
    fleet.round(&[100]);
    fleet.round(&[100]);
    fleet.report(1, 100);
    assert_eq!(fleet.report(1, 100).quota, Some(0), "the first still holds all ten");
    fleet.clock.advance(Micros::from_secs(10));
    fleet.round(&[100, 1_000]);
    assert!(fleet.clients[&0].1 < 10 && fleet.clients[&1].1 > 0);
    assert_eq!(fleet.live(), 10);
}

#[test]
fn a_silent_client_leaves_its_quota_to_the_others_and_gets_one_at_once_when_it_wakes() {
    let mut fleet = Fleet::new(10);
    fleet.round(&[100, 100]);
    fleet.round(&[100, 100]);
    for _ in 0..4 {
        fleet.round(&[100]);
    }
    assert_eq!(fleet.clients[&0].1, 10);
    fleet.report(0, 100);
    assert!(fleet.report(1, 100).quota.is_some(), "its old quota must not outlive this");
    fleet.clock.advance(QUOTA_LIFETIME);
    fleet.clock.advance(Micros(1));
    assert_eq!(fleet.report(1, 100).quota, None, "forgotten, so it is new");
}

#[test]
fn a_smaller_reservoir_is_never_overrun_by_what_is_handed_out_from_then_on() {
    let mut fleet = Fleet::new(100);
    fleet.round(&[100, 100]);
    fleet.round(&[100, 100]);
    fleet.rule.reservoir_size = 10;
    fleet.report(0, 100);
    assert_eq!(fleet.clients[&0].1, 0, "the other still holds fifty");
    fleet.report(1, 100);
    fleet.report(0, 100);
    assert_eq!(fleet.live(), 10);
}

#[test]
fn clients_beyond_the_limit_get_no_quota_and_are_counted() {
    let mut allocator = Allocator::default();
    let rule = rule(5);
    for client in 0..=MAX_CLIENTS_PER_RULE {
        let state = allocator.rules.entry(rule.name.clone()).or_default();
        if client < MAX_CLIENTS_PER_RULE {
            state.clients.insert(format!("{client:024}"), Client::new(1, at(0)));
        }
    }
    for _ in 0..2 {
        assert_eq!(allocator.report(&rule, "one too many", requests(1), at(1)).quota, None);
    }
    assert_eq!(allocator.untracked_reports(), 2);
    assert!(allocator.report(&rule, &format!("{:024}", 3), requests(1), at(1)).quota.is_some());
}

#[test]
fn rules_share_nothing() {
    let mut allocator = Allocator::default();
    let (one, mut other) = (rule(5), rule(9));
    other.name = "other".to_owned();
    for now in [at(0), at(10)] {
        allocator.report(&one, "client", requests(1), now);
        allocator.report(&other, "client", requests(1), now);
    }
    assert_eq!(allocator.report(&one, "client", requests(1), at(20)).quota, Some(5));
    assert_eq!(allocator.report(&other, "client", requests(1), at(20)).quota, Some(9));
    allocator.retain(|name| name == "other");
    assert_eq!(allocator.report(&one, "client", requests(1), at(30)).quota, None);
    assert_eq!(allocator.report(&other, "client", requests(1), at(30)).quota, Some(9));
}

#[test]
fn summaries_cover_the_last_closed_window() {
    let mut allocator = Allocator::default();
    let rule = rule(5);
    let counts = |requests| Counts { requests, sampled: 2, borrowed: 1 };
    let check = |allocator: &Allocator, seconds, expected: Option<(u64, u64)>| {
        let summaries = allocator.summaries(at(seconds));
        let found: Vec<_> = summaries.iter().map(|it| (it.window_start, it.counts.requests)).collect();
        let expected: Vec<_> = expected.into_iter().map(|(start, requests)| (at(start), requests)).collect();
        assert_eq!(found, expected, "at {seconds}");
    };
    allocator.report(&rule, "a", counts(3), at(100));
    allocator.report(&rule, "b", counts(4), at(109));
    check(&allocator, 109, None);
    check(&allocator, 110, Some((100, 7)));
    check(&allocator, 119, Some((100, 7)));
    allocator.report(&rule, "a", counts(u64::MAX), at(112));
    allocator.report(&rule, "a", counts(5), at(113));
    check(&allocator, 119, Some((100, 7)));
    check(&allocator, 120, Some((110, u64::MAX)));
    check(&allocator, 130, None);
    assert_eq!(allocator.summaries(at(120))[0].rule_name, "Default");
    assert_eq!(allocator.summaries(at(110))[0].counts.sampled, 4);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn quotas_never_add_up_to_more_than_the_reservoir(
        reservoir in 0..60_u32,
        steps in proptest::collection::vec((0..12_usize, 0..2_000_u64, 0..9_000_u64), 1..200),
    ) {
        let mut fleet = Fleet::new(reservoir);
        for (client, load, millis) in steps {
            // A client that held its tongue may wake up with a quota that was given away meanwhile, until
            // it hears of a new one: what it holds counts from its report on.
            fleet.clock.advance(Micros::from_millis(millis));
            fleet.report(client, load);
            prop_assert!(fleet.live() <= u64::from(reservoir), "ST-1");
        }
        let loads: Vec<u64> = (0..12).map(|client| client * 10).collect();
        for _ in 0..60 {
            fleet.round(&loads);
        }
        prop_assert_eq!(fleet.live(), u64::from(reservoir), "ST-2");
    }
}

#[test]
fn several_processes_hand_out_one_reservoir() {
    let mut one = Fleet::new(10);
    let mut three = Fleet::of(3, ManualClock::new(at(1_000_000)), 10);
    let loads = [40, 30, 20, 10, 0, 7];
    for round in 0..6 {
        one.round(&loads);
        three.round(&loads);
        if round >= 2 {
            assert_eq!(three.live(), 10, "ST-2");
        }
    }
    let quotas = |fleet: &Fleet| (0..loads.len()).map(|client| fleet.clients[&client].1).collect::<Vec<_>>();
    assert_eq!(quotas(&three), quotas(&one), "it makes no difference how many processes there are");
}

#[test]
fn what_is_kept_of_a_rule_comes_back_whole() {
    let mut rule = rule(7);
    rule.boost = Some(crate::rule::SamplingRateBoost { max_rate: 0.5, cooldown_minutes: 10 });
    let mut one = Allocator::default();
    for second in 0..40 {
        let counts = Counts { requests: second * 3, sampled: second, borrowed: 1 };
        one.report(&rule, &format!("client {}", second % 5), counts, at(second));
        one.report_anomalies(&rule, "pay \"ments\"", Anomalies { anomalies: second, sampled: 1 }, at(second));
    }
    let kept = one.keep(&rule.name).unwrap();
    let mut other = Allocator::default();
    assert!(other.resume(&rule.name, &kept));
    assert_eq!(other.keep(&rule.name).unwrap(), kept);
    assert_eq!(other.trend(&rule.name, at(60)), one.trend(&rule.name, at(60)));
    let report = |allocator: &mut Allocator| allocator.report(&rule, "client 1", requests(9), at(41));
    assert_eq!(report(&mut other), report(&mut one));
    for odd in ["", "{}", "[]", &kept.replace("clients", "c"), &kept.replace("[7,", "[\"x\",")] {
        assert!(odd == kept || !other.resume(&rule.name, odd), "{odd}");
    }
    assert_eq!(other.trend(&rule.name, at(60)).iter().map(|(_, counts)| counts.requests).sum::<u64>(), 0);
}
