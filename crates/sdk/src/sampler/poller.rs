//! The thread that asks the daemon for rules and targets, where sampling is central.

use std::io;
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::time::Duration;

use sampling::SamplingRule;
use serde_json::{Value, json};

use crate::address::HostPort;
use crate::ask::{Ask, ask};
use crate::cell::lock;
use crate::clock;
use crate::id;
use crate::sampler::central::{Central, read_rule, seconds};

const RULES_EVERY_SECONDS: f64 = 300.0;
const TARGETS_EVERY: Duration = Duration::from_secs(10);
/// After a failure, doubling up to the usual pace.
const RETRY_SECONDS: f64 = 10.0;
const TIMEOUT: Duration = Duration::from_secs(2);
/// As many as the API takes at once.
const MAX_STATISTICS: usize = 25;
/// A server that always has one more page is not followed for ever.
const MAX_PAGES: usize = 20;

/// Ends the thread when it is dropped.
#[derive(Debug)]
pub(crate) struct Poller(Arc<Stop>);

#[derive(Debug, Default)]
struct Stop {
    is_over: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    /// Waits; `true` if it is over.
    fn wait(&self, length: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(lock(&self.is_over), length, |is_over| !*is_over);
        waited.is_ok_and(|(is_over, _)| *is_over)
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        *lock(&self.0.is_over) = true;
        self.0.changed.notify_all();
    }
}

impl Poller {
    pub(crate) fn start(central: &Arc<Central>, daemon: HostPort) -> io::Result<Self> {
        let stop = Arc::new(Stop::default());
        let (of_thread, central) = (Arc::clone(&stop), Arc::downgrade(central));
        let client: String = (0..2).map(|_| id::entity_id().to_string()).collect::<String>()[..24].to_owned();
        let run = move || {
            Polling { central, daemon, client, rules_at: 0, failures: 0, next_rules: 0.0 }.run(&of_thread)
        };
        std::thread::Builder::new().name("fluoro-sdk-rules".to_owned()).spawn(run)?;
        Ok(Self(stop))
    }
}

#[derive(Debug)]
struct Polling {
    central: Weak<Central>,
    daemon: HostPort,
    /// 24 hexadecimal digits.
    client: String,
    /// When rules were fetched last.
    rules_at: i64,
    failures: i32,
    /// In seconds from now.
    next_rules: f64,
}

impl Polling {
    fn run(mut self, stop: &Stop) {
        loop {
            let Some(central) = self.central.upgrade() else { return };
            if self.next_rules <= 0.0 {
                self.fetch_rules(&central);
            } else {
                self.report(&central);
            }
            drop(central);
            let jitter = Duration::from_secs_f64(id::dice() / 10.0);
            let wait = (TARGETS_EVERY + jitter).min(Duration::from_secs_f64(self.next_rules.max(0.0)));
            if stop.wait(wait) {
                return;
            }
            self.next_rules -= wait.as_secs_f64();
        }
    }

    fn post(&self, path: &str, body: &Value) -> io::Result<Value> {
        let body = body.to_string();
        let request = Ask {
            method: "POST",
            path,
            headers: &[("Content-Type", "application/json")],
            body: body.as_bytes(),
            connect: TIMEOUT,
            read: TIMEOUT,
        };
        let answer = ask(&self.daemon, request)?;
        if answer.status != 200 {
            return Err(io::Error::other(format!("{path} was answered with {}", answer.status)));
        }
        serde_json::from_slice(&answer.body).map_err(io::Error::other)
    }

    fn fetch_rules(&mut self, central: &Central) {
        match self.rules() {
            Ok(rules) => {
                self.rules_at = clock::seconds_now();
                central.set_rules(rules, self.rules_at);
                self.failures = 0;
                self.next_rules = RULES_EVERY_SECONDS + 5.0 * id::dice();
            }
            Err(error) => {
                log::debug!(target: "fluoro_sdk", "cannot fetch sampling rules from {}: {error}", self.daemon);
                self.next_rules =
                    (RETRY_SECONDS * 2_f64.powi(self.failures.min(10))).min(RULES_EVERY_SECONDS);
                self.failures += 1;
            }
        }
    }

    fn rules(&self) -> io::Result<Vec<SamplingRule>> {
        let mut rules = Vec::new();
        let mut request = json!({});
        for _ in 0..MAX_PAGES {
            let answer = self.post("/GetSamplingRules", &request)?;
            let records = answer["SamplingRuleRecords"]
                .as_array()
                .ok_or_else(|| io::Error::other("no rules in the answer"))?;
            rules.extend(records.iter().filter_map(read_rule));
            match answer["NextToken"].as_str() {
                Some(token) if !token.is_empty() => request = json!({"NextToken": token}),
                _ => break,
            }
        }
        Ok(rules)
    }

    fn report(&mut self, central: &Central) {
        let now = clock::seconds_now();
        let due = central.due(now);
        for some in due.chunks(MAX_STATISTICS) {
            let statistics: Vec<_> =
                some.iter().map(|(rule, counts)| rule.statistics(*counts, &self.client, now)).collect();
            match self.post("/SamplingTargets", &json!({"SamplingStatisticsDocuments": statistics})) {
                Ok(answer) => {
                    central
                        .set_targets(answer["SamplingTargetDocuments"].as_array().map_or(&[], Vec::as_slice));
                    let is_newer = seconds(&answer["LastRuleModification"])
                        .is_some_and(|changed| changed > self.rules_at);
                    let unprocessed =
                        answer["UnprocessedStatistics"].as_array().map_or(&[][..], Vec::as_slice);
                    let is_unknown = unprocessed
                        .iter()
                        .any(|one| one["ErrorCode"].as_str().is_some_and(|code| code.starts_with('4')));
                    if is_newer || is_unknown {
                        self.next_rules = 0.0;
                    }
                }
                Err(error) => {
                    log::debug!(target: "fluoro_sdk", "cannot report sampling statistics to {}: {error}", self.daemon);
                    some.iter().for_each(|(rule, counts)| rule.give_back(*counts));
                }
            }
        }
        if self.next_rules <= 0.0 {
            self.fetch_rules(central);
        }
    }
}
