//! PutTelemetryRecords: what daemons say of themselves; it is counted for `/metrics` and the settings page.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::input::{Input, Members, Read};
use crate::app::Shared;
use crate::error::XRayError;
use crate::metrics::DAEMON_EVENTS;

/// Daemons send ten at a time.
const MAX_RECORDS: usize = 1_000;
/// X-Ray's counter, and the metric's label.
const SEGMENT_COUNTERS: [(&str, &str); 4] = [
    ("SegmentsReceivedCount", "segments_received"),
    ("SegmentsSentCount", "segments_sent"),
    ("SegmentsSpilloverCount", "segments_spillover"),
    ("SegmentsRejectedCount", "segments_rejected"),
];
const CONNECTION_ERRORS: [(&str, &str); 6] = [
    ("TimeoutCount", "connection_timeout"),
    ("ConnectionRefusedCount", "connection_refused"),
    ("HTTPCode4XXCount", "http_4xx"),
    ("HTTPCode5XXCount", "http_5xx"),
    ("UnknownHostCount", "unknown_host"),
    ("OtherCount", "connection_other"),
];

#[derive(Debug)]
pub(crate) struct Telemetry {
    /// What the agent calls itself.
    name: String,
    /// Over all records of the request, by the metric's label.
    sums: Vec<(&'static str, u64)>,
}

impl Read for Telemetry {
    fn read(members: &mut Members<'_>) -> Result<Self, XRayError> {
        let instance = members.short_text("EC2InstanceId", 0, 20)?;
        let host = members.short_text("Hostname", 0, 255)?;
        let resource = members.short_text("ResourceARN", 0, 500)?;
        let given = [host, instance, resource].into_iter().flatten();
        let name = given.filter(|name| !name.is_empty()).collect::<Vec<_>>().join(", ");
        let mut sums = Vec::new();
        let records = members.required_objects("TelemetryRecords", MAX_RECORDS, |record| {
            record.required_instant("Timestamp")?;
            for (name, label) in SEGMENT_COUNTERS {
                sums.push((label, record.count(name)?));
            }
            record.nested("BackendConnectionErrors", |errors| {
                for (name, label) in CONNECTION_ERRORS {
                    sums.push((label, errors.count(name)?));
                }
                Ok(())
            })
        })?;
        if records.is_empty() && members.is_valid() {
            return Err(XRayError::invalid("Telemetry records can not be empty"));
        }
        Ok(Self { name, sums })
    }
}

pub(crate) async fn put_telemetry_records(
    State(app): State<Shared>,
    Input(Telemetry { name, sums }): Input<Telemetry>,
) -> Json<Value> {
    app.deps.agents.heard(&name, app.deps.clock.now());
    app.daemons.heard(name, &sums, app.deps.clock.now());
    for (label, count) in sums {
        DAEMON_EVENTS.with_label_values(&[label]).inc_by(count);
    }
    Json(json!({}))
}
