//! What sampling clients reported lately, of all rules. It is gone after a restart.

use ::sampling::targets::Summary;
use ::sampling::{Allocator, Anomalies, Counts, SamplingRule, Target};
use model::Timestamp;
use parking_lot::Mutex;

use crate::metrics::UNTRACKED_REPORTS;

#[derive(Debug, Default)]
pub(crate) struct Sampling {
    /// Locked for one report at a time, which is short.
    clients: Mutex<Allocator>,
}

impl Sampling {
    /// Takes what a client counted, and says how much it may sample.
    pub(crate) fn report(&self, rule: &SamplingRule, client: &str, counts: Counts, now: Timestamp) -> Target {
        let mut clients = self.clients.lock();
        let untracked = clients.untracked_reports();
        let target = clients.report(rule, client, counts, now);
        UNTRACKED_REPORTS.inc_by(clients.untracked_reports() - untracked);
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
        self.clients.lock().report_anomalies(rule, service, counts, now);
    }

    /// Of the last whole window of ten seconds.
    pub(crate) fn summaries(&self, now: Timestamp) -> Vec<Summary> {
        self.clients.lock().summaries(now)
    }

    /// What was reported of a rule in each window of the last five minutes.
    pub(crate) fn trend(&self, rule_name: &str, now: Timestamp) -> Vec<(Timestamp, Counts)> {
        self.clients.lock().trend(rule_name, now)
    }

    /// Lets go of what clients reported on a rule that is gone.
    pub(crate) fn forget(&self, rule_name: &str) {
        self.clients.lock().retain(|name| name != rule_name);
    }
}
