//! What is kept goes on to other backends too, as the agent sends on what it takes.
//!
//! A document is handed over once it is durable here. It waits in memory, or in the spool, so a backend that is away holds up
//! nobody; what a crash finds in memory is kept here and missing there.

use std::sync::Arc;
use std::time::Duration;

use daemon::agent::StartError;
use daemon::config::Config;
use daemon::counters::Counters;
use daemon::relay::Relay;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntCounterVec, IntGaugeVec, Opts};
use tracing::debug;

use crate::stop::{Deadline, StopError};

/// For uploads while the server stops. What it does not suffice for goes to the spool.
const GRACE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Copies(Arc<Relay>);

impl Copies {
    pub(crate) async fn start(config: &Config) -> Result<Self, StartError> {
        let relay = Relay::start(config, &|name| std::env::var(name).ok(), GRACE).await?;
        let counts = Counts::new(Arc::clone(relay.counters()));
        // Of several servers in one process, as tests have them, the first is counted.
        if let Err(error) = prometheus::register(Box::new(counts)) {
            debug!(%error, "copies are not counted");
        }
        Ok(Self(Arc::new(relay)))
    }

    /// What ingest gives the documents to.
    pub(crate) fn taker(&self) -> ingest::Copies {
        let relay = Arc::clone(&self.0);
        Arc::new(move |documents| documents.iter().for_each(|document| relay.push(document)))
    }

    /// Sends what is left, or puts it into the spool. Ingest must have ended.
    pub(crate) async fn stop(self, deadline: Deadline) -> Result<(), StopError> {
        deadline.within("copies to be sent", self.0.stop()).await
    }
}

/// What became of the copies, for `/metrics`.
struct Counts {
    counters: Arc<Counters>,
    documents: IntCounterVec,
    failures: IntCounterVec,
    waiting: IntGaugeVec,
}

impl Counts {
    fn new(counters: Arc<Counters>) -> Self {
        const WELL_FORMED: &str = "names and labels are well-formed";
        let counter = |name, help, label| {
            IntCounterVec::new(Opts::new(name, help), &["upstream", "endpoint", label]).expect(WELL_FORMED)
        };
        Self {
            counters,
            documents: counter(
                "fluoro_copied_documents_total",
                "Documents by what became of their copies at each of the Endpoints.",
                "outcome",
            ),
            failures: counter(
                "fluoro_copy_errors_total",
                "Failed attempts to send a batch of copies, by reason.",
                "reason",
            ),
            waiting: IntGaugeVec::new(
                Opts::new(
                    "fluoro_copies_waiting",
                    "Copies that are not yet accepted: documents and bytes in memory, bytes of the spool.",
                ),
                &["upstream", "endpoint", "what"],
            )
            .expect(WELL_FORMED),
        }
    }
}

impl Collector for Counts {
    fn desc(&self) -> Vec<&Desc> {
        [self.documents.desc(), self.failures.desc(), self.waiting.desc()].concat()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        for (index, upstream) in self.counters.upstreams.iter().enumerate() {
            // Two may have one address.
            let index = index.to_string();
            let labels = |last| [index.as_str(), upstream.endpoint.as_str(), last];
            for (outcome, count) in upstream.outcomes() {
                let counter = self.documents.with_label_values(&labels(outcome));
                counter.inc_by(count.get().saturating_sub(counter.get()));
            }
            for (reason, count) in upstream.failures() {
                let counter = self.failures.with_label_values(&labels(reason));
                counter.inc_by(count.get().saturating_sub(counter.get()));
            }
            let waiting = [
                ("documents", &upstream.waiting_documents),
                ("bytes", &upstream.waiting_bytes),
                ("spool_bytes", &upstream.spool_bytes),
            ];
            for (what, count) in waiting {
                self.waiting.with_label_values(&labels(what)).set(count.get() as i64);
            }
        }
        [self.documents.collect(), self.failures.collect(), self.waiting.collect()].concat()
    }
}
