//! What happened to every document, and to every upload: the one place that adds up.
//!
//! received = rejected + dropped + what each upstream sent, was refused, gave up or still holds.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counts of the whole agent.
#[derive(Debug)]
pub struct Counters {
    /// Datagrams and lines that were not empty.
    pub received: Counter,
    /// Datagrams that the kernel dropped, since its buffer was full. They are not among the received.
    pub kernel_dropped: Counter,
    pub missing_header: Counter,
    pub missing_document: Counter,
    pub invalid_header: Counter,
    /// Lines of the Unix socket beyond its bound.
    pub too_long: Counter,
    /// Not UTF-8, and sent with the bad places marked.
    pub repaired: Counter,
    /// Requests of OTLP that were taken, refused as they are, and told to come back.
    pub otlp_taken: Counter,
    pub otlp_refused: Counter,
    pub otlp_busy: Counter,
    /// Spans that were refused in requests that were taken.
    pub otlp_spans_refused: Counter,
    pub proxied: Counter,
    pub proxy_refused: Counter,
    pub proxy_failed: Counter,
    pub upstreams: Vec<Arc<UpstreamCounters>>,
}

/// Counts of documents and requests to one upstream.
#[derive(Debug, Default)]
pub struct UpstreamCounters {
    pub endpoint: String,
    /// Documents that it accepted.
    pub sent: Counter,
    /// Documents that it named as unprocessed.
    pub unprocessed: Counter,
    /// Documents dropped since the backlog was full, or the spool.
    pub spilled: Counter,
    /// Documents that it would not take, in whatever batch they came.
    pub refused: Counter,
    /// Documents that were still unsent when the time to stop was over.
    pub abandoned: Counter,
    /// Documents that are no spans, and so were not sent to an upstream of OTLP.
    pub undecodable: Counter,
    pub in_progress: Counter,
    pub unsampled: Counter,
    pub metrics: Counter,
    /// Documents written to the spool.
    pub spooled: Counter,
    pub batches: Counter,
    /// Spans in the batches that an upstream of OTLP accepted, and those of them that it refused.
    pub spans: Counter,
    pub spans_refused: Counter,
    pub throttled: Counter,
    pub errors: Errors,
    /// Documents and bytes that wait or are under way.
    pub waiting_documents: Counter,
    pub waiting_bytes: Counter,
    pub spool_bytes: Counter,
}

impl UpstreamCounters {
    /// Documents by what became of them.
    pub fn outcomes(&self) -> [(&'static str, &Counter); 10] {
        [
            ("sent", &self.sent),
            ("unprocessed", &self.unprocessed),
            ("spilled", &self.spilled),
            ("refused", &self.refused),
            ("abandoned", &self.abandoned),
            ("undecodable", &self.undecodable),
            ("in_progress", &self.in_progress),
            ("unsampled", &self.unsampled),
            ("metrics", &self.metrics),
            ("spooled", &self.spooled),
        ]
    }

    /// Failed attempts to send a batch, by reason.
    pub fn failures(&self) -> [(&'static str, &Counter); 7] {
        [
            ("throttled", &self.throttled),
            ("status_4xx", &self.errors.status_4xx),
            ("status_5xx", &self.errors.status_5xx),
            ("refused", &self.errors.refused),
            ("timeout", &self.errors.timeout),
            ("unknown_host", &self.errors.unknown_host),
            ("other", &self.errors.other),
        ]
    }
}

/// Failed attempts, as telemetry records tell them apart.
#[derive(Debug, Default)]
pub struct Errors {
    pub status_4xx: Counter,
    pub status_5xx: Counter,
    pub refused: Counter,
    pub timeout: Counter,
    pub unknown_host: Counter,
    pub other: Counter,
}

#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: usize) {
        self.0.fetch_add(count as u64, Relaxed);
    }

    pub(crate) fn set(&self, value: usize) {
        self.0.store(value as u64, Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

impl Counters {
    pub(crate) fn new(endpoints: impl IntoIterator<Item = String>) -> Self {
        let upstream = |endpoint| Arc::new(UpstreamCounters { endpoint, ..UpstreamCounters::default() });
        Self {
            received: Counter::default(),
            kernel_dropped: Counter::default(),
            otlp_taken: Counter::default(),
            otlp_refused: Counter::default(),
            otlp_busy: Counter::default(),
            otlp_spans_refused: Counter::default(),
            missing_header: Counter::default(),
            missing_document: Counter::default(),
            invalid_header: Counter::default(),
            too_long: Counter::default(),
            repaired: Counter::default(),
            proxied: Counter::default(),
            proxy_refused: Counter::default(),
            proxy_failed: Counter::default(),
            upstreams: endpoints.into_iter().map(upstream).collect(),
        }
    }

    pub(crate) fn rejected(&self) -> u64 {
        let reasons = [&self.missing_header, &self.missing_document, &self.invalid_header, &self.too_long];
        reasons.into_iter().map(Counter::get).sum()
    }

    /// The Prometheus text format, version 0.0.4.
    pub(crate) fn to_prometheus(&self) -> String {
        let mut page = Page::default();
        page.family(
            "received_documents_total",
            "counter",
            "Documents that came in by UDP, Unix socket or OTLP.",
        );
        page.sample("", &self.received);
        page.family(
            "kernel_dropped_datagrams_total",
            "counter",
            "Datagrams dropped for want of receive buffer.",
        );
        page.sample("", &self.kernel_dropped);
        page.family("rejected_documents_total", "counter", "Input that is no document, by reason.");
        page.sample("{reason=\"missing_header\"}", &self.missing_header);
        page.sample("{reason=\"missing_document\"}", &self.missing_document);
        page.sample("{reason=\"invalid_header\"}", &self.invalid_header);
        page.sample("{reason=\"too_long\"}", &self.too_long);
        page.family("repaired_documents_total", "counter", "Documents that were not UTF-8, and were sent.");
        page.sample("", &self.repaired);
        page.family("otlp_requests_total", "counter", "Requests of OTLP, by outcome.");
        page.sample("{outcome=\"taken\"}", &self.otlp_taken);
        page.sample("{outcome=\"refused\"}", &self.otlp_refused);
        page.sample("{outcome=\"busy\"}", &self.otlp_busy);
        page.family("otlp_refused_spans_total", "counter", "Spans refused in requests that were taken.");
        page.sample("", &self.otlp_spans_refused);
        page.family("proxied_requests_total", "counter", "Requests to the proxy, by outcome.");
        page.sample("{outcome=\"forwarded\"}", &self.proxied);
        page.sample("{outcome=\"refused\"}", &self.proxy_refused);
        page.sample("{outcome=\"failed\"}", &self.proxy_failed);
        self.upstreams_to(&mut page);
        page.0
    }

    fn upstreams_to(&self, page: &mut Page) {
        page.family(
            "upstream_documents_total",
            "counter",
            "Documents by what became of them at each upstream.",
        );
        self.each(page, "outcome", |upstream| upstream.outcomes().to_vec());
        page.family("upstream_batches_total", "counter", "Batches that an upstream accepted.");
        self.each(page, "", |upstream| vec![("", &upstream.batches)]);
        page.family("upstream_spans_total", "counter", "Spans sent to an upstream of OTLP, by outcome.");
        self.each(page, "outcome", |upstream| {
            vec![("sent", &upstream.spans), ("refused", &upstream.spans_refused)]
        });
        page.family("upstream_errors_total", "counter", "Failed attempts to send a batch, by reason.");
        self.each(page, "reason", |upstream| upstream.failures().to_vec());
        page.family("upstream_waiting_documents", "gauge", "Documents in memory that are not yet accepted.");
        self.each(page, "", |upstream| vec![("", &upstream.waiting_documents)]);
        page.family("upstream_waiting_bytes", "gauge", "Bytes of the documents in memory.");
        self.each(page, "", |upstream| vec![("", &upstream.waiting_bytes)]);
        page.family("upstream_spool_bytes", "gauge", "Bytes of the spool on disk.");
        self.each(page, "", |upstream| vec![("", &upstream.spool_bytes)]);
    }

    fn each(&self, page: &mut Page, label: &str, counters: Pick) {
        for (index, upstream) in self.upstreams.iter().enumerate() {
            // Two upstreams may have one address, so the position is part of the name.
            let endpoint = format!("upstream=\"{index}\",endpoint=\"{}\"", upstream.endpoint);
            for (value, counter) in counters(upstream) {
                let labels = match label {
                    "" => format!("{{{endpoint}}}"),
                    label => format!("{{{endpoint},{label}=\"{value}\"}}"),
                };
                page.sample(&labels, counter);
            }
        }
    }
}

/// Counters of an upstream's, each with the value of the label that tells it from the others.
type Pick = fn(&UpstreamCounters) -> Vec<(&'static str, &Counter)>;

#[derive(Default)]
struct Page(String, &'static str);

impl Page {
    fn family(&mut self, name: &'static str, kind: &str, help: &str) {
        let _ = write!(self.0, "# HELP fluoro_agent_{name} {help}\n# TYPE fluoro_agent_{name} {kind}\n");
        self.1 = name;
    }

    fn sample(&mut self, labels: &str, counter: &Counter) {
        let _ = writeln!(self.0, "fluoro_agent_{}{labels} {}", self.1, counter.get());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_each_count_once() {
        let counters = Counters::new(["http://a".to_owned(), "http://b".to_owned()]);
        counters.received.add(3);
        counters.upstreams[1].sent.add(2);
        let page = counters.to_prometheus();
        assert!(page.contains("\nfluoro_agent_received_documents_total 3\n"), "{page}");
        let sent =
            "fluoro_agent_upstream_documents_total{upstream=\"1\",endpoint=\"http://b\",outcome=\"sent\"} 2";
        assert!(page.contains(sent), "{page}");
        let mut names: Vec<&str> = page
            .lines()
            .filter_map(|line| Some(line.rsplit_once(' ')?.0))
            .filter(|line| !line.starts_with('#'))
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
