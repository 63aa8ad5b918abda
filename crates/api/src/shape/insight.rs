//! What went wrong from when to when, as it is kept.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{NodeRole, NowException};

/// `GET /api/insights?from&to[&group][&state]`: those that went on at some time of the range, the active ones first, then
/// the newest.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct Insights {
    /// The server's time.
    pub now: f64,
    pub insights: Vec<InsightEntry>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct InsightEntry {
    pub id: String,
    pub group: String,
    pub category: InsightCategory,
    pub severity: InsightSeverity,
    pub is_active: bool,
    /// The name of the node where it began.
    pub node: String,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub node_id: String,
    pub role: NodeRole,
    pub since: f64,
    pub until: Option<f64>,
    pub summary: String,
    /// Requests that reached the root, and those of them that failed or were slow.
    pub origin: InsightImpact,
    /// Requests of clients, and those of them that failed.
    pub clients: InsightImpact,
    #[ts(type = "number")]
    pub users: u64,
    pub exception: Option<NowException>,
    pub operation: Option<String>,
    pub version: Option<InsightVersion>,
    /// The id of a trace that shows it.
    pub example: Option<String>,
    /// The root first, then others that began with it and those that suffer.
    pub nodes: Vec<InsightNode>,
    /// How often it came back after it was closed.
    pub reopened: u32,
    pub note: Option<InsightNote>,
}

/// `GET /api/insights/{id}`: one of them with its steps, and the nearest earlier one with the same root and exception.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct InsightDetail {
    pub now: f64,
    pub insight: InsightEntry,
    /// Ascending.
    pub events: Vec<InsightEvent>,
    /// The same as last time: what it was, and what was noted then.
    pub earlier: Option<InsightEntry>,
}

#[derive(Debug, Clone, Copy, Serialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub(crate) enum InsightCategory {
    Fault,
    Latency,
    Traffic,
}

#[derive(Debug, Clone, Copy, Serialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub(crate) enum InsightSeverity {
    Outage,
    Degraded,
}

#[derive(Debug, Clone, Copy, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct InsightImpact {
    #[ts(type = "number")]
    pub failing: u64,
    #[ts(type = "number")]
    pub total: u64,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct InsightVersion {
    pub node: String,
    pub version: String,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct InsightNode {
    pub node_id: String,
    pub name: String,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct InsightEvent {
    pub at: f64,
    /// `opened`, `root-changed`, `node-joined`, `impact-grew`, `closed`, `reopened` or `became-usual`.
    pub kind: String,
    pub summary: String,
    pub origin: InsightImpact,
    pub clients: InsightImpact,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct InsightNote {
    pub by: String,
    pub at: f64,
    pub text: String,
    pub is_acknowledged: bool,
}

/// `POST /api/insights/{id}/note`: what somebody writes down. An empty text that acknowledges nothing takes the note away.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub(crate) struct InsightNoteRequest {
    pub text: String,
    pub is_acknowledged: bool,
    /// Where nobody signs in; else it is the name of the key.
    pub by: Option<String>,
}
