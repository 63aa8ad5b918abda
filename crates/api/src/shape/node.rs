//! The panel of one node.

use serde::Serialize;
use ts_rs::TS;

use super::{Node, SeriesPoint, Stats, TraceRow};

/// `GET /api/node?from&to&name&type[&account][&group]`: the panel of one node.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct NodeDetail {
    pub node: Node,
    /// Response times, ascending.
    pub histogram: Vec<HistogramBin>,
    pub series: Vec<SeriesPoint>,
    /// Edges into and out of it, with the node at the other end.
    pub callers: Vec<Neighbour>,
    pub callees: Vec<Neighbour>,
    /// Exceptions of the node's failing requests, most frequent first.
    pub exceptions: Vec<ExceptionGroup>,
    /// A filter expression for its traces.
    pub filter: String,
    /// The node by each of its names, for conditions on its own requests: `<selector> { fault }`.
    pub selectors: Vec<String>,
    /// The newest traces that touched it.
    pub traces: Vec<TraceRow>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct HistogramBin {
    /// Milliseconds.
    pub value: f64,
    #[ts(type = "number")]
    pub count: i64,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct Neighbour {
    pub id: String,
    pub name: String,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub aliases: Vec<String>,
    pub stats: Stats,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct ExceptionGroup {
    pub name: Option<String>,
    pub message: Option<String>,
    #[ts(type = "number")]
    pub count: u64,
    pub first_seen: f64,
    pub last_seen: f64,
    pub example: String,
}
