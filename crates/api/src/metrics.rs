//! What the API counts.

use std::sync::LazyLock;

use door::cut::Cut;
use prometheus::{
    HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, register_histogram_vec,
    register_int_counter, register_int_counter_vec, register_int_gauge, register_int_gauge_vec,
};
use tracing::debug;

pub(crate) const NEVER_TWICE: &str = "the name is registered here alone and its labels are well-formed";

/// `operation` is one of X-Ray's names, the pattern of a path of ours, `page` or `unknown`.
pub(crate) static REQUESTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    register_int_counter_vec!(
        "fluoro_http_requests_total",
        "HTTP requests answered, by operation and class of status.",
        &["operation", "status"]
    )
    .expect(NEVER_TWICE)
});

pub(crate) static SECONDS: LazyLock<HistogramVec> = LazyLock::new(|| {
    let buckets = vec![0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
    register_histogram_vec!(
        "fluoro_http_request_duration_seconds",
        "From the head of a request to the head of its answer.",
        &["operation"],
        buckets
    )
    .expect(NEVER_TWICE)
});

pub(crate) static LIVE_STREAMS: LazyLock<IntGauge> = LazyLock::new(|| {
    register_int_gauge!("fluoro_http_live_streams", "Consoles that follow the live stream.")
        .expect(NEVER_TWICE)
});

/// Reports of sampling clients beyond the most that one rule keeps, or keeps of one peer; they get no quota.
pub(crate) static UNTRACKED_REPORTS: LazyLock<IntCounter> = LazyLock::new(|| {
    register_int_counter!(
        "fluoro_sampling_untracked_reports_total",
        "Reports that got no quota, since their rule has too many clients, or too many new ones of their peer."
    )
    .expect(NEVER_TWICE)
});

/// Groups whose filter cannot be evaluated, so they take no traces.
pub(crate) static EXCLUDED_GROUPS: LazyLock<IntGauge> = LazyLock::new(|| {
    register_int_gauge!("fluoro_groups_excluded", "Groups that take no traces, since their filter is broken.")
        .expect(NEVER_TWICE)
});

/// `reason` is what was wrong with the credentials, or `denied` by the key's policy.
pub(crate) static UNAUTHORIZED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    register_int_counter_vec!(
        "fluoro_http_unauthorized_total",
        "Requests refused because of who sent them, by reason.",
        &["reason"]
    )
    .expect(NEVER_TWICE)
});

/// What daemons say of themselves in PutTelemetryRecords. `event` is one of X-Ray's counters in snake case.
pub(crate) static DAEMON_EVENTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    register_int_counter_vec!(
        "fluoro_daemon_reported_total",
        "Segments and connection errors that daemons reported of themselves.",
        &["event"]
    )
    .expect(NEVER_TWICE)
});

/// What the doors ended or refused to stay within their bounds.
static CUTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let cuts = register_int_counter_vec!(
        "fluoro_http_cut_total",
        "Requests, answers and connections that were cut to stay within the limits of the doors, by reason.",
        &["reason"]
    )
    .expect(NEVER_TWICE);
    // So that each is there, with zero, from the start.
    for reason in Cut::ALL {
        cuts.with_label_values(&[reason.reason()]);
    }
    cuts
});

/// Counts what a door cut, and logs it.
pub fn cut(reason: Cut) {
    debug!(reason = reason.reason(), "cut something at a door");
    CUTS.with_label_values(&[reason.reason()]).inc();
}

/// `reason`: `too_many_refusals` of a peer in a second, or `not_written`.
pub(crate) static AUDIT_LOST: LazyLock<IntCounterVec> = LazyLock::new(|| {
    register_int_counter_vec!(
        "fluoro_audit_lost_total",
        "Lines that are missing from the audit log, by reason.",
        &["reason"]
    )
    .expect(NEVER_TWICE)
});

/// What all bodies, and all answers, hold now.
pub(crate) static HELD: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    register_int_gauge_vec!(
        "fluoro_http_held_bytes",
        "Bytes of requests' bodies, and of answers that are not sent yet, in memory.",
        &["what"]
    )
    .expect(NEVER_TWICE)
});
