//! What sampling clients reported lately, of all rules. It is gone after a restart.

use std::collections::HashMap;
use std::net::IpAddr;

use ::sampling::targets::{MAX_CLIENTS_PER_RULE, QUOTA_LIFETIME, Summary};
use ::sampling::{Allocator, Anomalies, Counts, SamplingRule, Target};
use model::Timestamp;
use parking_lot::Mutex;

use crate::metrics::UNTRACKED_REPORTS;
use crate::pace::Pace;

/// New clients of a rule that a peer may have within the time for which a quota lasts: an agent speaks for all processes of its
/// node. On this machine there may be as many as a rule has.
const NEW_OF_PEER: u32 = 1_000;

#[derive(Debug, Default)]
pub(crate) struct Sampling {
    /// Locked for one report at a time, which is short.
    clients: Mutex<Clients>,
}

#[derive(Debug, Default)]
struct Clients {
    allocator: Allocator,
    /// Those that came lately, by rule.
    new: HashMap<String, Pace>,
}

impl Sampling {
    /// Takes what a client counted, and says how much it may sample.
    pub(crate) fn report(
        &self,
        rule: &SamplingRule,
        client: &str,
        from: IpAddr,
        counts: Counts,
        now: Timestamp,
    ) -> Target {
        let mut clients = self.clients.lock();
        let Clients { allocator, new } = &mut *clients;
        let untracked = allocator.untracked_reports();
        let is_kept = allocator.knows(&rule.name, client, now)
            || from.is_loopback()
            || new.entry(rule.name.clone()).or_insert_with(new_clients).allows(from, now);
        let target = match is_kept {
            true => allocator.report(rule, client, counts, now),
            false => allocator.report_untracked(rule, counts, now),
        };
        UNTRACKED_REPORTS.inc_by(allocator.untracked_reports() - untracked);
        target
    }

    /// Takes what a service counted of requests that went wrong.
    pub(crate) fn report_anomalies(
        &self,
        rule: &SamplingRule,
        service: &str,
        counts: Anomalies,
        now: Timestamp,
    ) {
        self.clients.lock().allocator.report_anomalies(rule, service, counts, now);
    }

    /// Of the last whole window of ten seconds.
    pub(crate) fn summaries(&self, now: Timestamp) -> Vec<Summary> {
        self.clients.lock().allocator.summaries(now)
    }

    /// What was reported of a rule in each window of the last five minutes.
    pub(crate) fn trend(&self, rule_name: &str, now: Timestamp) -> Vec<(Timestamp, Counts)> {
        self.clients.lock().allocator.trend(rule_name, now)
    }

    /// Lets go of what clients reported on a rule that is gone.
    pub(crate) fn forget(&self, rule_name: &str) {
        let mut clients = self.clients.lock();
        clients.allocator.retain(|name| name != rule_name);
        clients.new.remove(rule_name);
    }
}

fn new_clients() -> Pace {
    Pace::new(QUOTA_LIFETIME, NEW_OF_PEER, MAX_CLIENTS_PER_RULE as u32)
}
