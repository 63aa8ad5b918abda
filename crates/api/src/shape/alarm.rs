//! Alarms, how they stand, and when they would have fired.

use serde::Serialize;
use serde_json::Value;
use ts_rs::TS;

/// `GET /api/alarms`: by name.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct AlarmList {
    pub alarms: Vec<AlarmEntry>,
    #[ts(type = "number")]
    pub limit: usize,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct AlarmEntry {
    pub name: String,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
    /// `MetricAlarm` or `CompositeAlarm`.
    pub kind: String,
    pub reason: String,
    /// Epoch milliseconds.
    pub since: f64,
    /// What it watches, for people.
    pub watches: String,
    /// A mute rule keeps its actions back now; of several the one that ends last.
    pub muted: Option<AlarmMute>,
    pub acknowledged: Option<AlarmAcknowledgement>,
    /// As DescribeAlarms tells it; what PutMetricAlarm or PutCompositeAlarm takes is in it.
    #[ts(type = "Record<string, unknown>")]
    pub definition: Value,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct AlarmMute {
    /// The name of the rule.
    pub rule: String,
    /// When this window of it ends.
    pub until: f64,
}

/// `GET /api/mutes`: the rules that keep the actions of alarms back, by name.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct MuteList {
    pub mutes: Vec<MuteEntry>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct MuteEntry {
    pub name: String,
    pub description: Option<String>,
    pub alarms: Vec<String>,
    /// `cron(…)` or `at(…)`, the length in ISO 8601, and the zone where it is not UTC.
    pub expression: String,
    pub duration: String,
    pub timezone: Option<String>,
    /// `SCHEDULED`, `ACTIVE` or `EXPIRED`.
    pub status: String,
    /// When the window ends that is open now.
    pub until: Option<f64>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct AlarmAcknowledgement {
    pub by: String,
    pub note: String,
    pub at: f64,
}

/// `POST /api/alarms/dry-run`.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct AlarmDryRun {
    /// How often it would have fired.
    #[ts(type = "number")]
    pub alarms: usize,
    /// Periods in the states OK, ALARM and INSUFFICIENT_DATA.
    #[ts(type = "[number, number, number]")]
    pub periods: [usize; 3],
    pub period_seconds: u32,
    pub transitions: Vec<AlarmTransition>,
    pub points: Vec<AlarmPoint>,
    /// What to know before it is saved: that it flaps, never fires, or matches nothing.
    pub flags: Vec<String>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct AlarmTransition {
    pub at: f64,
    pub from: String,
    pub to: String,
    pub reason: String,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct AlarmPoint {
    pub at: f64,
    /// Absent where nothing is known of the period.
    pub value: Option<f64>,
}
