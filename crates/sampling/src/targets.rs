//! The server's side of central sampling: how much of a rule's reservoir each client may use.
//!
//! X-Ray does not publish its algorithm. This one shares a reservoir out by how many requests each client has
//! been seeing. Two things must hold at any time, whatever clients report:
//!
//! - `ST-1`: the quotas of the clients heard of lately never add up to more than the reservoir. A client
//!   learns of a new quota only when it reports, so what others still hold is not given away. (A reservoir
//!   that is made smaller is overrun until those who hold too much have reported.)
//! - `ST-2`: when every client has reported twice and their shares of the requests stay as they are, the
//!   quotas add up to the reservoir exactly.

mod boost;
mod kept;
#[cfg(test)]
mod simulation;
mod statistics;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use model::{Micros, Timestamp};

use self::boost::Boost;
pub use self::boost::{Anomalies, BoostTarget};
use self::statistics::Statistics;
pub use self::statistics::{Counts, Summary};
use crate::rule::SamplingRule;

/// How often clients report; what they are told to keep to.
pub const REPORT_INTERVAL_SECONDS: u32 = 10;

/// A client that was silent for so long leaves its quota to the others. It is only silent if it saw no
/// request, so it did not use the quota either. When it wakes up it may, until its next report.
const SILENCE: Micros = Micros::from_secs(3 * REPORT_INTERVAL_SECONDS as u64);

/// How long a client may go on with its quota if it hears nothing more; what X-Ray's guide says. Long enough to
/// outlast a restart of the server, which matters because ADOT's clients never borrow once a quota has run out.
/// Node's SDK takes the seconds for milliseconds and so never uses a quota at all.
pub const QUOTA_LIFETIME: Micros = Micros::from_secs(300);

/// How often a rule's clients are looked through for those whose quota has run out.
const SWEEP_INTERVAL: Micros = Micros::from_secs(REPORT_INTERVAL_SECONDS as u64);

/// Clients beyond that get the fixed rate and no quota, and are counted. Each is one process.
pub const MAX_CLIENTS_PER_RULE: usize = 10_000;

/// The weight of the newest report against all before, so that a burst does not turn the shares over.
const SMOOTHING: f64 = 0.5;

/// Keeps who reports and what was handed out. It has one owner, who puts a lock around it where it is shared: a
/// report takes time in proportion to the clients of its rule.
#[derive(Debug, Default)]
pub struct Allocator {
    rules: BTreeMap<String, RuleState>,
    untracked: u64,
}

/// What a client is told about a rule. What is `None` stays as it was at the client.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    pub fixed_rate: f64,
    /// Requests a second from the reservoir.
    pub quota: Option<u32>,
    pub quota_ttl: Option<Timestamp>,
    /// Seconds to the next report.
    pub interval: Option<u32>,
    pub boost: Option<BoostTarget>,
}

#[derive(Debug, Default)]
struct RuleState {
    clients: BTreeMap<String, Client>,
    statistics: Statistics,
    boost: Boost,
    swept: Timestamp,
}

#[derive(Debug)]
struct Client {
    last_report: Timestamp,
    /// Smoothed requests a second.
    load: f64,
    /// What it was told last.
    quota: u32,
}

impl Allocator {
    /// Takes a client's report on a rule and answers it.
    ///
    /// The first report of a client is answered without a quota, as X-Ray does: the client goes on borrowing
    /// one request a second, and its load is known when the next one comes. `client` is an id of bounded
    /// length; the caller has checked it.
    pub fn report(&mut self, rule: &SamplingRule, client: &str, counts: Counts, now: Timestamp) -> Target {
        let state = self.rules.entry(rule.name.clone()).or_default();
        let without_quota = state.add(rule, counts, now);
        state.sweep(now);
        let is_full = state.clients.len() >= MAX_CLIENTS_PER_RULE;
        match state.clients.get_mut(client) {
            Some(known) if !known.is_forgotten(now) => known.take_report(counts.requests, now),
            None if is_full => {
                self.untracked += 1;
                return without_quota;
            }
            Some(_) | None => {
                state.clients.insert(client.to_owned(), Client::new(counts.requests, now));
                return without_quota;
            }
        }
        let quota = state.hand_out(client, rule.reservoir_size, now);
        Target {
            fixed_rate: rule.fixed_rate,
            quota: Some(quota),
            quota_ttl: Some(now.plus(QUOTA_LIFETIME)),
            interval: Some(REPORT_INTERVAL_SECONDS),
            ..without_quota
        }
    }

    /// Whether the client has reported on the rule, so lately that its quota has not run out.
    pub fn knows(&self, rule_name: &str, client: &str, now: Timestamp) -> bool {
        let client = self.rules.get(rule_name).and_then(|state| state.clients.get(client));
        client.is_some_and(|client| !client.is_forgotten(now))
    }

    /// Takes the report of a client that is not to be kept: its requests count, and it gets no quota.
    pub fn report_untracked(&mut self, rule: &SamplingRule, counts: Counts, now: Timestamp) -> Target {
        self.untracked += 1;
        self.rules.entry(rule.name.clone()).or_default().add(rule, counts, now)
    }

    /// Takes what a service counted of requests that went wrong under a rule. `service` is of bounded length.
    pub fn report_anomalies(
        &mut self,
        rule: &SamplingRule,
        service: &str,
        counts: Anomalies,
        now: Timestamp,
    ) {
        self.rules.entry(rule.name.clone()).or_default().boost.add(service, counts, now);
    }

    /// What was reported in the last whole window of ten seconds, by rule name; nothing for a rule of which
    /// nobody reported then.
    pub fn summaries(&self, now: Timestamp) -> Vec<Summary> {
        let summaries = self.rules.iter().filter_map(|(name, state)| state.statistics.summary(name, now));
        summaries.collect()
    }

    /// What was reported of a rule in each whole window of the last five minutes, ascending; nothing for a rule of
    /// which nobody ever reported.
    pub fn trend(&self, rule_name: &str, now: Timestamp) -> Vec<(Timestamp, Counts)> {
        self.rules.get(rule_name).map(|state| state.statistics.trend(now)).unwrap_or_default()
    }

    /// All that is known of a rule, as text: for another allocator to go on with.
    pub fn keep(&self, rule_name: &str) -> Option<String> {
        self.rules.get(rule_name).map(kept::write)
    }

    /// Goes on with what another allocator has [kept](Self::keep) of a rule, in the place of what is known here. False where that
    /// is not understood, and the rule begins anew.
    pub fn resume(&mut self, rule_name: &str, text: &str) -> bool {
        let read = kept::read(text);
        let is_understood = read.is_some();
        self.rules.insert(rule_name.to_owned(), read.unwrap_or_default());
        is_understood
    }

    /// Forgets the rules that are gone.
    pub fn retain(&mut self, mut is_there: impl FnMut(&str) -> bool) {
        self.rules.retain(|name, _| is_there(name));
    }

    /// How many reports came from clients beyond [`MAX_CLIENTS_PER_RULE`], or that were not to be kept.
    pub fn untracked_reports(&self) -> u64 {
        self.untracked
    }
}

impl RuleState {
    /// What a client is told that gets no quota.
    fn add(&mut self, rule: &SamplingRule, counts: Counts, now: Timestamp) -> Target {
        self.statistics.add(counts, now);
        let boost = self.boost.target(rule, now);
        Target { fixed_rate: rule.fixed_rate, quota: None, quota_ttl: None, interval: None, boost }
    }

    /// Lets go of clients whose quota has run out.
    fn sweep(&mut self, now: Timestamp) {
        if self.swept.until(now) >= SWEEP_INTERVAL {
            self.clients.retain(|_, client| !client.is_forgotten(now));
            self.swept = now;
        }
    }

    /// Gives the client its share of the reservoir, or what the others have left of it. The client has just
    /// reported, so it counts among those heard of.
    ///
    /// The shares are whole numbers that add up to the reservoir: each client gets the floor of its part, and
    /// what is left over goes to the largest remainders, by id where they are equal.
    fn hand_out(&mut self, id: &str, reservoir: u32, now: Timestamp) -> u32 {
        let Some(own_load) = self.clients.get(id).map(|client| client.load) else { return 0 };
        let active = || self.clients.iter().filter(|(_, client)| client.last_report.until(now) <= SILENCE);
        let mut total_load = 0.0;
        let mut count = 0_u32;
        let mut held_by_others = 0;
        for (other, client) in active() {
            total_load += client.load;
            count += 1;
            held_by_others += if other == id { 0 } else { u64::from(client.quota) };
        }
        // The floor and the remainder, in whole millionths: loads that are the same but for rounding must
        // not take turns in being the larger one.
        let part_of = |load: f64| {
            let part = if total_load > 0.0 { load / total_load } else { 1.0 / f64::from(count) };
            let millionths = (part * f64::from(reservoir) * 1e6).round() as u64;
            (millionths / 1_000_000, millionths % 1_000_000)
        };
        let (own_floor, own_remainder) = part_of(own_load);
        let mut floors = 0;
        let mut larger_remainders = 0_u64;
        for (other, client) in active() {
            let (floor, remainder) = part_of(client.load);
            floors += floor;
            let is_before = remainder > own_remainder || (remainder == own_remainder && other.as_str() < id);
            larger_remainders += u64::from(is_before);
        }
        let left_over = u64::from(reservoir).saturating_sub(floors);
        let share = own_floor + u64::from(larger_remainders < left_over);
        let free = u64::from(reservoir).saturating_sub(held_by_others);
        let quota = u32::try_from(share.min(free)).expect("no more is free than the reservoir holds");
        if let Some(client) = self.clients.get_mut(id) {
            client.quota = quota;
        }
        quota
    }
}

impl Client {
    fn new(requests: u64, now: Timestamp) -> Self {
        let load = requests as f64 / f64::from(REPORT_INTERVAL_SECONDS);
        Self { last_report: now, load, quota: 0 }
    }

    /// Its quota has run out, so if it comes again it comes as a new one.
    fn is_forgotten(&self, now: Timestamp) -> bool {
        self.last_report.until(now) > QUOTA_LIFETIME
    }

    fn take_report(&mut self, requests: u64, now: Timestamp) {
        // Two reports in one second are as good as one.
        let seconds = self.last_report.until(now).as_seconds().max(1.0);
        self.load += SMOOTHING * (requests as f64 / seconds - self.load);
        self.last_report = now;
    }
}
