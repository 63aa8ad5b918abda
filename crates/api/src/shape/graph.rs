//! The service map.

use serde::Serialize;
use ts_rs::TS;

/// `GET /api/graph?from&to[&group]`: the map and the strip below it, of one moment.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct Graph {
    pub from: f64,
    pub to: f64,
    /// The server's time.
    pub now: f64,
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
    /// Client requests in each minute of the range that has any, ascending.
    pub series: Vec<SeriesPoint>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct Node {
    /// Stable between answers: made from name, type and account.
    pub id: String,
    pub name: String,
    /// X-Ray's `Type`, such as `AWS::EC2::Instance`, `remote` or `client`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub account: Option<String>,
    pub role: NodeRole,
    pub is_root: bool,
    pub stats: Stats,
    /// Calls that did not reach it, by the host under which it was called. They count in `stats`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<Unreached>>")]
    pub unreached: Vec<Unreached>,
    /// The milliseconds by which its clock is behind now; negative where it is ahead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(type = "number", optional = nullable)]
    pub behind: Option<i64>,
    /// When it was last seen.
    pub last_seen: f64,
}

/// Calls to a host that no segment answered.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct Unreached {
    pub host: String,
    /// Of the node that stands for the host alone, as X-Ray's API has it.
    pub node_id: String,
    #[ts(type = "number")]
    pub calls: i64,
    #[ts(type = "number")]
    pub faults: i64,
}

/// How the node is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub(crate) enum NodeRole {
    /// It sent segments of its own.
    Service,
    /// Inferred from calls of an AWS SDK.
    Aws,
    /// Inferred from other calls.
    Remote,
    /// Whoever calls a root; it has no statistics.
    Client,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct Edge {
    pub id: String,
    /// Node ids.
    pub source: String,
    pub target: String,
    /// Drawn dashed: a link between traces, not a call.
    pub is_link: bool,
    /// The other names by which the caller called the target.
    pub aliases: Vec<String>,
    /// As the caller saw it.
    pub stats: Stats,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct Stats {
    #[serde(flatten)]
    pub counts: Counts,
    #[ts(type = "number")]
    pub total: i64,
    #[serde(flatten)]
    pub times: Times,
}

/// Requests, or traces, by how they ended; members of whatever has them.
#[derive(Debug, Clone, Copy, Default, Serialize, TS)]
#[ts(export)]
pub(crate) struct Counts {
    #[ts(type = "number")]
    pub ok: i64,
    #[ts(type = "number")]
    pub error: i64,
    #[ts(type = "number")]
    pub throttle: i64,
    #[ts(type = "number")]
    pub fault: i64,
}

/// Response times, in milliseconds; members of whatever has them.
#[derive(Debug, Serialize, TS)]
#[ts(export, optional_fields = nullable)]
pub(crate) struct Times {
    pub average: Option<f64>,
    pub p50: Option<f64>,
    pub p90: Option<f64>,
    pub p99: Option<f64>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct SeriesPoint {
    /// The start of the minute.
    pub at: f64,
    #[serde(flatten)]
    pub counts: Counts,
}
