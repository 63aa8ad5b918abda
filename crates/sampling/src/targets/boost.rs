//! Sampling boost: a rule's rate is raised for a while when requests go wrong and too few of them are sampled.
//! <https://docs.aws.amazon.com/xray/latest/devguide/xray-adaptive-sampling.html>
//!
//! X-Ray does not publish its algorithm. This one aims at [`WANTED_A_SECOND`] sampled anomalies:
//!
//! - Services report every ten seconds how many requests, anomalies and sampled anomalies they saw. A trace that
//!   passes several services is reported by each, so the service that saw the most speaks for the rule.
//! - A boost begins when the last whole window had fewer sampled anomalies than wanted, and fewer than anomalies.
//!   Its rate is what is wanted, divided by the anomalies: each is sampled with just that probability. It is never below the
//!   rule's fixed rate, since clients use it instead of that one, and never above `MaxRate`.
//! - It lasts while anomalies are reported, for [`LONGEST`] at most. Each target lets it live for [`LIFETIME`].
//! - The next one may begin when the rule's cooldown has passed since this one began.

use std::collections::BTreeMap;

use model::{Micros, Timestamp};

use crate::rule::SamplingRule;

/// Anomalies to be sampled, over all clients together. ADOT's cap on anomalies that it exports without a boost is the same.
const WANTED_A_SECOND: f64 = 1.0;
/// How long a boost lasts at most; X-Ray's is about a minute.
pub(crate) const LONGEST: Micros = Micros::from_secs(60);
/// How long a client may use a rate that it was told: two reports, as X-Ray has it.
pub(crate) const LIFETIME: Micros = Micros::from_secs(20);
/// What services count between two reports.
const WINDOW_SECONDS: i64 = 10;
/// Services of one rule that are told apart; more are counted as one.
const MAX_SERVICES: usize = 1_000;

/// What one service counted of a rule since its last report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Anomalies {
    pub anomalies: u64,
    pub sampled: u64,
}

/// The rate to use for now instead of the fixed one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoostTarget {
    pub rate: f64,
    pub ttl: Timestamp,
}

/// Of one rule.
#[derive(Debug, Default)]
pub(super) struct Boost {
    pub(super) window: i64,
    pub(super) current: BTreeMap<String, Anomalies>,
    pub(super) before: BTreeMap<String, Anomalies>,
    /// When the newest boost began, and whether it goes on.
    pub(super) began: Option<Timestamp>,
    pub(super) is_on: bool,
}

impl Boost {
    pub(super) fn add(&mut self, service: &str, counts: Anomalies, now: Timestamp) {
        self.turn(now);
        let is_full = self.current.len() >= MAX_SERVICES && !self.current.contains_key(service);
        let service = if is_full { "" } else { service };
        let sum = self.current.entry(service.to_owned()).or_default();
        sum.anomalies = sum.anomalies.saturating_add(counts.anomalies);
        // Some clients report more sampled anomalies than anomalies.
        sum.sampled = sum.sampled.saturating_add(counts.sampled.min(counts.anomalies));
    }

    /// What a client that reports on the rule is told.
    pub(super) fn target(&mut self, rule: &SamplingRule, now: Timestamp) -> Option<BoostTarget> {
        let allowed = rule.boost?;
        self.turn(now);
        let worst = self.before.values().max_by_key(|counts| counts.anomalies).copied().unwrap_or_default();
        let wanted = WANTED_A_SECOND * WINDOW_SECONDS as f64;
        // Also with a `MaxRate` below the fixed rate, which X-Ray accepts.
        let rate = (wanted / worst.anomalies as f64).min(allowed.max_rate);
        let helps = worst.anomalies > 0 && rate > rule.fixed_rate;
        match self.began {
            Some(began) if self.is_on && began.until(now) < LONGEST => self.is_on = helps,
            began => {
                let cooldown = Micros::from_secs(u64::from(allowed.cooldown_minutes) * 60);
                let is_cool = began.is_none_or(|began| began.until(now) >= cooldown.max(LONGEST));
                let is_missed = worst.sampled < worst.anomalies && (worst.sampled as f64) < wanted;
                self.is_on = helps && is_missed && is_cool;
                self.began = if self.is_on { Some(now) } else { began };
            }
        }
        let end = self.began.filter(|_| self.is_on)?.plus(LONGEST);
        Some(BoostTarget { rate, ttl: now.plus(LIFETIME).min(end) })
    }

    /// Closes the window when its time has passed.
    fn turn(&mut self, now: Timestamp) {
        let window = now.floor_seconds().div_euclid(WINDOW_SECONDS);
        if window > self.window {
            let closed = std::mem::take(&mut self.current);
            self.before = if window == self.window + 1 { closed } else { BTreeMap::new() };
            self.window = window;
        }
    }
}

#[cfg(test)]
mod tests;
