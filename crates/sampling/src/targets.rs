//! The server's side of central sampling: how much of a rule's reservoir each client may use.
//!
//! X-Ray does not publish its algorithm. This one shares a reservoir out by how many requests each client has
//! been seeing. Two things must hold at any time, whatever clients report:
//!
//! - `ST-1`: the quotas of the clients heard of lately never add up to more than the reservoir. A client
//!   learns of a new quota only when it reports, so what others still hold is not given away.
//! - `ST-2`: when every client has reported twice and their shares of the requests stay as they are, the
//!   quotas add up to the reservoir exactly.

mod statistics;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use model::{Micros, Timestamp};

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
}

#[derive(Debug, Default)]
struct RuleState {
    clients: BTreeMap<String, Client>,
    statistics: Statistics,
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
        let without_quota =
            Target { fixed_rate: rule.fixed_rate, quota: None, quota_ttl: None, interval: None };
        if !self.rules.contains_key(&rule.name) {
            self.rules.insert(rule.name.clone(), RuleState::default());
        }
        let Some(state) = self.rules.get_mut(&rule.name) else { return without_quota };
        state.statistics.add(counts, now);
        state.clients.retain(|_, client| client.last_report.until(now) <= QUOTA_LIFETIME);
        if let Some(known) = state.clients.get_mut(client) {
            known.take_report(counts.requests, now);
        } else if state.clients.len() < MAX_CLIENTS_PER_RULE {
            state.clients.insert(client.to_owned(), Client::new(counts.requests, now));
            return without_quota;
        } else {
            self.untracked += 1;
            return without_quota;
        }
        let quota = state.hand_out(client, rule.reservoir_size, now);
        Target {
            fixed_rate: rule.fixed_rate,
            quota: Some(quota),
            quota_ttl: Some(now.plus(QUOTA_LIFETIME)),
            interval: Some(REPORT_INTERVAL_SECONDS),
        }
    }

    /// What was reported in the last whole window of ten seconds, by rule name; nothing for a rule of which
    /// nobody reported then.
    pub fn summaries(&self, now: Timestamp) -> Vec<Summary> {
        let summaries = self.rules.iter().filter_map(|(name, state)| state.statistics.summary(name, now));
        summaries.collect()
    }

    /// Forgets the rules that are gone.
    pub fn retain(&mut self, mut is_there: impl FnMut(&str) -> bool) {
        self.rules.retain(|name, _| is_there(name));
    }

    /// How many reports came from clients beyond [`MAX_CLIENTS_PER_RULE`].
    pub fn untracked_reports(&self) -> u64 {
        self.untracked
    }
}

impl RuleState {
    /// Gives the client its share of the reservoir, or what the others have left of it.
    fn hand_out(&mut self, id: &str, reservoir: u32, now: Timestamp) -> u32 {
        let active = || self.clients.iter().filter(|(_, client)| client.last_report.until(now) <= SILENCE);
        let held: u64 =
            active().filter(|(other, _)| *other != id).map(|(_, client)| u64::from(client.quota)).sum();
        let free = u64::from(reservoir).saturating_sub(held);
        let share = share_of(id, reservoir, active().map(|(other, client)| (other.as_str(), client.load)));
        let quota = u32::try_from(share.min(free)).unwrap_or(reservoir);
        debug_assert!(held + u64::from(quota) <= u64::from(reservoir) || quota == 0, "ST-1");
        if let Some(client) = self.clients.get_mut(id) {
            client.quota = quota;
        }
        quota
    }
}

/// The share of one client when `reservoir` is split by load into whole numbers that add up to it: each gets
/// the floor, and what is left goes to the largest remainders.
fn share_of<'c>(id: &str, reservoir: u32, clients: impl Iterator<Item = (&'c str, f64)> + Clone) -> u64 {
    let total: f64 = clients.clone().map(|(_, load)| load).sum();
    let count = clients.clone().count().max(1);
    let exact = |load: f64| {
        let part = if total > 0.0 { load / total } else { 1.0 / count as f64 };
        part * f64::from(reservoir)
    };
    let Some((_, own_load)) = clients.clone().find(|(other, _)| *other == id) else { return 0 };
    let own = exact(own_load);
    let floors: u64 = clients.clone().map(|(_, load)| exact(load) as u64).sum();
    let left = u64::from(reservoir).saturating_sub(floors);
    let is_before = |(other, load): &(&str, f64)| {
        let remainder = exact(*load).fract();
        remainder > own.fract() || (remainder == own.fract() && *other < id)
    };
    let rank = clients.filter(is_before).count() as u64;
    own as u64 + u64::from(rank < left)
}

impl Client {
    fn new(requests: u64, now: Timestamp) -> Self {
        let load = requests as f64 / f64::from(REPORT_INTERVAL_SECONDS);
        Self { last_report: now, load, quota: 0 }
    }

    fn take_report(&mut self, requests: u64, now: Timestamp) {
        // Two reports in one second are as good as one.
        let seconds = self.last_report.until(now).as_seconds().max(1.0);
        self.load += SMOOTHING * (requests as f64 / seconds - self.load);
        self.last_report = now;
    }
}
