//! What sampling clients reported lately, of all rules. It is gone after a restart, unless other processes hand out the same
//! reservoirs: then all of it is kept for each other, and reports that come at a time are taken together.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use ::sampling::targets::{MAX_CLIENTS_PER_RULE, QUOTA_LIFETIME, Summary};
use ::sampling::{Allocator, Anomalies, Counts, SamplingRule, Target};
use model::Timestamp;
use parking_lot::Mutex;
use settings::Reservoirs;
use tokio::sync::{mpsc, oneshot};
use tracing::warn;

use crate::metrics::UNTRACKED_REPORTS;
use crate::pace::Pace;

/// New clients of a rule that a peer may have within the time for which a quota lasts: an agent speaks for all processes of its
/// node. On this machine there may be as many as a rule has.
const NEW_OF_PEER: u32 = 1_000;

/// Requests that wait for other processes' turn; more get no quotas.
const MAX_WAITING: usize = 1_000;
/// Of those, how many are taken together.
const TOGETHER: usize = 200;

#[derive(Debug)]
pub(crate) struct Sampling {
    own: Arc<Own>,
    shared: Option<mpsc::Sender<Job>>,
    reservoirs: Option<Arc<Reservoirs>>,
}

/// What this process knows.
#[derive(Debug, Default)]
struct Own {
    /// Locked for one request at a time, which is short.
    clients: Mutex<Clients>,
}

#[derive(Debug, Default)]
struct Clients {
    allocator: Allocator,
    /// Those that came lately, by rule.
    new: HashMap<String, Pace>,
}

/// What a client counted under a rule.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    pub(crate) rule: SamplingRule,
    pub(crate) client: String,
    pub(crate) counts: Counts,
}

/// What a service counted of requests that went wrong under a rule.
#[derive(Debug, Clone)]
pub(crate) struct AnomalyReport {
    pub(crate) rule: SamplingRule,
    pub(crate) service: String,
    pub(crate) counts: Anomalies,
}

/// A request of a client, or a look at rules.
#[derive(Debug)]
struct Job {
    from: IpAddr,
    reports: Vec<Report>,
    anomalies: Vec<AnomalyReport>,
    looks_at: Vec<String>,
    now: Timestamp,
    answer: oneshot::Sender<Vec<Target>>,
}

impl Sampling {
    /// `reservoirs` are those of several processes; then it must be within a runtime.
    pub(crate) fn new(reservoirs: Option<Arc<Reservoirs>>) -> Self {
        let own = Arc::<Own>::default();
        let shared = reservoirs.as_ref().map(|reservoirs| {
            let (sender, jobs) = mpsc::channel(MAX_WAITING);
            tokio::spawn(work(Arc::clone(&own), Arc::clone(reservoirs), jobs));
            sender
        });
        Self { own, shared, reservoirs }
    }

    /// Takes what a client counted, and says how much it may sample under each rule.
    pub(crate) async fn report(
        &self,
        from: IpAddr,
        reports: Vec<Report>,
        anomalies: Vec<AnomalyReport>,
        now: Timestamp,
    ) -> Vec<Target> {
        let Some(shared) = &self.shared else { return self.own.take(from, &reports, &anomalies, now) };
        let without: Vec<Target> = reports.iter().map(|report| without_quota(&report.rule)).collect();
        let (answer, answered) = oneshot::channel();
        let job = Job { from, reports, anomalies, looks_at: Vec::new(), now, answer };
        // What clients have been told stays good for minutes.
        match shared.try_send(job) {
            Ok(()) => answered.await.unwrap_or(without),
            Err(_) => without,
        }
    }

    /// Hears what other processes were told of rules.
    async fn look(&self, rules: Vec<String>, now: Timestamp) {
        let Some(shared) = &self.shared else { return };
        let (answer, answered) = oneshot::channel();
        let from = IpAddr::from([127, 0, 0, 1]);
        let job = Job { from, reports: Vec::new(), anomalies: Vec::new(), looks_at: rules, now, answer };
        if shared.try_send(job).is_ok() {
            // Without an answer it is as it was last known.
            let _ = answered.await;
        }
    }

    /// Of the last whole window of ten seconds.
    pub(crate) async fn summaries(&self, rules: Vec<String>, now: Timestamp) -> Vec<Summary> {
        self.look(rules, now).await;
        self.own.clients.lock().allocator.summaries(now)
    }

    /// What was reported of a rule in each window of the last five minutes.
    pub(crate) async fn trends(
        &self,
        rules: Vec<String>,
        now: Timestamp,
    ) -> HashMap<String, Vec<(Timestamp, Counts)>> {
        self.look(rules.clone(), now).await;
        let clients = self.own.clients.lock();
        let trend = |rule: String| {
            let trend = clients.allocator.trend(&rule, now);
            (rule, trend)
        };
        rules.into_iter().map(trend).collect()
    }

    /// Lets go of what clients reported on a rule that is gone.
    pub(crate) async fn forget(&self, rule_name: &str) {
        self.own.forget(rule_name);
        let Some(reservoirs) = self.reservoirs.clone() else { return };
        let name = rule_name.to_owned();
        // A rule that is made again begins with what is left, which runs out.
        drop(tokio::task::spawn_blocking(move || reservoirs.forget(&name)).await);
    }
}

/// What a client is told while nothing can be handed out.
fn without_quota(rule: &SamplingRule) -> Target {
    Target { fixed_rate: rule.fixed_rate, quota: None, quota_ttl: None, interval: None, boost: None }
}

/// Hands out together with other processes, for as long as anybody asks.
async fn work(own: Arc<Own>, reservoirs: Arc<Reservoirs>, mut jobs: mpsc::Receiver<Job>) {
    while let Some(first) = jobs.recv().await {
        let mut together = vec![first];
        while together.len() < TOGETHER
            && let Ok(next) = jobs.try_recv()
        {
            together.push(next);
        }
        let (own, reservoirs) = (Arc::clone(&own), Arc::clone(&reservoirs));
        // Who waits gets no quota where it panics.
        let done = tokio::task::spawn_blocking(move || own.take_shared(&reservoirs, together)).await;
        if let Err(error) = done {
            warn!(%error, "handing out reservoirs was cut off");
        }
    }
}

impl Own {
    fn take_shared(&self, reservoirs: &Reservoirs, jobs: Vec<Job>) {
        let mut rules = BTreeSet::new();
        for job in &jobs {
            rules.extend(job.reports.iter().map(|report| report.rule.name.clone()));
            rules.extend(job.anomalies.iter().map(|report| report.rule.name.clone()));
            rules.extend(job.looks_at.iter().cloned());
        }
        let targets = reservoirs.change(&rules, |fresh| {
            self.hear(fresh);
            let take = |job: &Job| self.take(job.from, &job.reports, &job.anomalies, job.now);
            let targets: Vec<Vec<Target>> = jobs.iter().map(take).collect();
            (targets, self.keep(&jobs))
        });
        // That PostgreSQL is away is told elsewhere.
        match targets {
            Ok(targets) => {
                for (job, targets) in jobs.into_iter().zip(targets) {
                    // A client that went away asks again.
                    let _ = job.answer.send(targets);
                }
            }
            Err(error) if !error.passes() => {
                warn!(
                    error = model::error::chain(&error),
                    "reservoirs cannot be shared; clients get no quotas"
                );
            }
            Err(_) => {}
        }
    }

    /// Goes on with what other processes have handed out.
    fn hear(&self, fresh: Vec<(String, Option<String>)>) {
        let mut clients = self.clients.lock();
        for (rule, text) in fresh {
            match text {
                Some(text) => drop(clients.allocator.resume(&rule, &text)),
                None => clients.allocator.retain(|name| name != rule),
            }
        }
    }

    /// What changed, for the others.
    fn keep(&self, jobs: &[Job]) -> Vec<(String, String)> {
        let reported = jobs.iter().flat_map(|job| job.reports.iter().map(|report| &report.rule.name));
        let failed = jobs.iter().flat_map(|job| job.anomalies.iter().map(|report| &report.rule.name));
        let changed: BTreeSet<&String> = reported.chain(failed).collect();
        let clients = self.clients.lock();
        let keep = |rule: &String| Some((rule.clone(), clients.allocator.keep(rule)?));
        changed.into_iter().filter_map(keep).collect()
    }

    fn take(
        &self,
        from: IpAddr,
        reports: &[Report],
        anomalies: &[AnomalyReport],
        now: Timestamp,
    ) -> Vec<Target> {
        // First, so that the targets below know of them.
        for AnomalyReport { rule, service, counts } in anomalies {
            self.clients.lock().allocator.report_anomalies(rule, service, *counts, now);
        }
        reports
            .iter()
            .map(|report| self.report(&report.rule, &report.client, from, report.counts, now))
            .collect()
    }

    fn report(
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

    fn forget(&self, rule_name: &str) {
        let mut clients = self.clients.lock();
        clients.allocator.retain(|name| name != rule_name);
        clients.new.remove(rule_name);
    }
}

fn new_clients() -> Pace {
    Pace::new(QUOTA_LIFETIME, NEW_OF_PEER, MAX_CLIENTS_PER_RULE as u32)
}
