//! What the agent tells about itself: a record a minute to each upstream, and a line a minute to the log.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde::Serialize;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::counters::Counters;
use crate::upstream::Upstream;

pub(crate) const INTERVAL: Duration = Duration::from_secs(60);
/// Records kept while they cannot be sent, and sent in one request (docs/aws-daemon.md A6).
const MAX_RECORDS: usize = 30;
const MAX_IN_REQUEST: usize = 10;
/// X-Ray's bounds of the fields.
const MAX_INSTANCE_CHARS: usize = 20;
const MAX_HOST_CHARS: usize = 255;
const MAX_ARN_CHARS: usize = 500;

/// Who sends the records; what is not known is an empty string.
#[derive(Debug, Clone, Default)]
pub(crate) struct Host {
    pub(crate) instance: String,
    pub(crate) name: String,
    pub(crate) resource_arn: String,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Record {
    timestamp: f64,
    segments_received_count: u64,
    segments_sent_count: u64,
    segments_spillover_count: u64,
    segments_rejected_count: u64,
    backend_connection_errors: ConnectionErrors,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ConnectionErrors {
    timeout_count: u64,
    connection_refused_count: u64,
    #[serde(rename = "HTTPCode4XXCount")]
    status_4xx: u64,
    #[serde(rename = "HTTPCode5XXCount")]
    status_5xx: u64,
    unknown_host_count: u64,
    other_count: u64,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "TelemetryRecords")]
    records: Vec<&'a Record>,
    #[serde(rename = "EC2InstanceId")]
    instance: &'a str,
    #[serde(rename = "Hostname")]
    host: &'a str,
    #[serde(rename = "ResourceARN")]
    resource_arn: &'a str,
}

/// The counts of one upstream's records at one time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Snapshot {
    received: u64,
    sent: u64,
    spilled: u64,
    rejected: u64,
    errors: [u64; 6],
}

pub(crate) struct Reporter {
    pub(crate) counters: Arc<Counters>,
    pub(crate) upstream: Arc<Upstream>,
    pub(crate) host: watch::Receiver<Host>,
    /// The upstream's place among the counters.
    pub(crate) index: usize,
}

impl Reporter {
    /// Sends a record every minute from the first document on, and a last one at the shutdown.
    pub(crate) async fn run(self, shutdown: CancellationToken) {
        let mut last = Snapshot::default();
        let mut records = VecDeque::new();
        loop {
            let is_last = tokio::select! {
                () = tokio::time::sleep(INTERVAL) => false,
                () = shutdown.cancelled() => true,
            };
            let now = self.snapshot();
            // As the AWS daemon: nothing before the first datagram, and then for ever.
            if now.received > 0 {
                records.push_back(now.since(&last).record(SystemTime::now()));
                records.drain(..records.len().saturating_sub(MAX_RECORDS));
                last = now;
                self.send(&mut records).await;
            }
            if is_last {
                return;
            }
        }
    }

    /// Sends what it can; the rest stays for the next time.
    async fn send(&self, records: &mut VecDeque<Record>) {
        while !records.is_empty() {
            let count = records.len().min(MAX_IN_REQUEST);
            let body = body(&self.host.borrow(), records.iter().take(count));
            if let Err(failure) = self.upstream.post("/TelemetryRecords", body).await {
                return debug!(?failure, "telemetry records wait for the next minute");
            }
            records.drain(..count);
        }
    }

    fn snapshot(&self) -> Snapshot {
        let counters = &self.counters;
        let upstream = &counters.upstreams[self.index];
        let errors = &upstream.errors;
        let kernel = counters.kernel_dropped.get();
        Snapshot {
            // What the kernel dropped was sent to us, and lost for want of room: received, and spilled.
            received: counters.received.get() + kernel,
            sent: upstream.sent.get(),
            spilled: upstream.spilled.get() + upstream.abandoned.get() + kernel,
            rejected: counters.rejected() + upstream.unprocessed.get() + upstream.refused.get(),
            errors: [
                &errors.timeout,
                &errors.refused,
                &errors.status_4xx,
                &errors.status_5xx,
                &errors.unknown_host,
                &errors.other,
            ]
            .map(crate::counters::Counter::get),
        }
    }
}

impl Snapshot {
    fn since(&self, earlier: &Self) -> Self {
        let mut errors = self.errors;
        for (count, before) in errors.iter_mut().zip(earlier.errors) {
            *count -= before;
        }
        Self {
            received: self.received - earlier.received,
            sent: self.sent - earlier.sent,
            spilled: self.spilled - earlier.spilled,
            rejected: self.rejected - earlier.rejected,
            errors,
        }
    }

    fn record(&self, now: SystemTime) -> Record {
        let [
            timeout_count,
            connection_refused_count,
            status_4xx,
            status_5xx,
            unknown_host_count,
            other_count,
        ] = self.errors;
        let milliseconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        Record {
            timestamp: milliseconds as f64 / 1_000.0,
            segments_received_count: self.received,
            segments_sent_count: self.sent,
            segments_spillover_count: self.spilled,
            segments_rejected_count: self.rejected,
            backend_connection_errors: ConnectionErrors {
                timeout_count,
                connection_refused_count,
                status_4xx,
                status_5xx,
                unknown_host_count,
                other_count,
            },
        }
    }
}

fn body<'a>(host: &Host, records: impl Iterator<Item = &'a Record>) -> Bytes {
    let cut = |text: &str, chars: usize| text.chars().take(chars).collect::<String>();
    let (instance, name) = (cut(&host.instance, MAX_INSTANCE_CHARS), cut(&host.name, MAX_HOST_CHARS));
    let resource_arn = cut(&host.resource_arn, MAX_ARN_CHARS);
    let body =
        Body { records: records.collect(), instance: &instance, host: &name, resource_arn: &resource_arn };
    serde_json::to_vec(&body).expect("numbers and strings become JSON").into()
}

/// Writes a line a minute while anything happens, with every document accounted for.
pub(crate) async fn log_each_minute(counters: Arc<Counters>, shutdown: CancellationToken) {
    let mut last = Totals::default();
    loop {
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = shutdown.cancelled() => return last.tell(&counters),
        }
        last.tell(&counters);
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Totals {
    received: u64,
    kernel: u64,
    rejected: u64,
    sent: u64,
    lost: u64,
    waiting: u64,
}

impl Totals {
    fn of(counters: &Counters) -> Self {
        let sum = |count: fn(&crate::counters::UpstreamCounters) -> u64| {
            counters.upstreams.iter().map(|upstream| count(upstream)).sum()
        };
        Self {
            received: counters.received.get(),
            kernel: counters.kernel_dropped.get(),
            rejected: counters.rejected(),
            sent: sum(|upstream| upstream.sent.get()),
            lost: sum(|upstream| {
                [
                    &upstream.unprocessed,
                    &upstream.refused,
                    &upstream.undecodable,
                    &upstream.spilled,
                    &upstream.abandoned,
                ]
                .into_iter()
                .map(crate::counters::Counter::get)
                .sum()
            }),
            waiting: sum(|upstream| upstream.waiting_documents.get()),
        }
    }

    fn tell(&mut self, counters: &Counters) {
        let now = Self::of(counters);
        if now == *self {
            return;
        }
        let line = format!(
            "In total {} segments received, {} dropped by the kernel, {} rejected, {} sent, {} not taken or dropped, {} waiting",
            now.received, now.kernel, now.rejected, now.sent, now.lost, now.waiting
        );
        let is_worse = now.kernel > self.kernel || now.rejected > self.rejected || now.lost > self.lost;
        *self = now;
        if is_worse { warn!("{line}") } else { info!("{line}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_the_fields_of_the_api() {
        let snapshot = Snapshot { received: 5, sent: 2, spilled: 1, rejected: 1, errors: [1, 2, 3, 4, 5, 6] };
        let record = snapshot.since(&Snapshot { received: 1, ..Snapshot::default() });
        let record = record.record(UNIX_EPOCH + Duration::from_micros(1_500_400));
        let host = Host { instance: "i".repeat(30), ..Host::default() };
        let body: serde_json::Value = serde_json::from_slice(&body(&host, [&record].into_iter())).unwrap();
        let expected = serde_json::json!({
            "TelemetryRecords": [{
                "Timestamp": 1.5,
                "SegmentsReceivedCount": 4,
                "SegmentsSentCount": 2,
                "SegmentsSpilloverCount": 1,
                "SegmentsRejectedCount": 1,
                "BackendConnectionErrors": {
                    "TimeoutCount": 1, "ConnectionRefusedCount": 2, "HTTPCode4XXCount": 3,
                    "HTTPCode5XXCount": 4, "UnknownHostCount": 5, "OtherCount": 6,
                },
            }],
            "EC2InstanceId": "i".repeat(20), "Hostname": "", "ResourceARN": "",
        });
        assert_eq!(body, expected);
    }
}
