//! The page of one service, and that of all exceptions.

use serde::Serialize;
use ts_rs::TS;

use super::{Counts, Stats};

/// `GET /api/service?from&to&name[&type][&account][&group]`: what a node did, the busiest operation first. Of a node that sends
/// no segments it is what its callers asked of it.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct ServiceWork {
    pub node_id: String,
    pub operations: Vec<OperationRow>,
    /// Operations beyond what is told apart, together.
    pub others: Option<OperationRow>,
    /// The one seen first comes first.
    pub versions: Vec<VersionRow>,
    /// A filter expression for the node's traces.
    pub filter: String,
    #[ts(type = "number")]
    pub scanned: u64,
    /// Whether the whole range was looked at.
    pub complete: bool,
    /// Where it is not complete: nothing that was received before this was looked at.
    pub reached: Option<f64>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct OperationRow {
    /// Method and path without ids, the operation of an AWS SDK; absent where requests tell none.
    pub operation: Option<String>,
    pub stats: Stats,
    /// Time in which the node waited for nobody.
    pub own_p50: Option<f64>,
    pub own_p99: Option<f64>,
    /// Ids of traces that show it: the slowest, and the newest that failed.
    pub slowest: Option<String>,
    pub failing: Option<String>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct VersionRow {
    pub version: String,
    pub first_seen: f64,
    pub last_seen: f64,
    pub counts: Counts,
    /// Selects its traces.
    pub filter: String,
}

/// `GET /api/exceptions?from&to[&group]`: what was raised anywhere, the most frequent first.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct ExceptionList {
    pub exceptions: Vec<RaisedException>,
    /// Exceptions that are of none of these.
    #[ts(type = "number")]
    pub left_out: u64,
    #[ts(type = "number")]
    pub scanned: u64,
    pub complete: bool,
    pub reached: Option<f64>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct RaisedException {
    pub node: String,
    pub node_id: String,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub account: Option<String>,
    pub name: Option<String>,
    /// Of the newest.
    pub message: Option<String>,
    #[ts(type = "number")]
    pub count: u64,
    pub first_seen: f64,
    pub last_seen: f64,
    /// The newest trace that has it.
    pub example: String,
    pub versions: Vec<VersionCount>,
    /// Selects the node's traces.
    pub filter: String,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct VersionCount {
    pub version: String,
    #[ts(type = "number")]
    pub count: u64,
}
