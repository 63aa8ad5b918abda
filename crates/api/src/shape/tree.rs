//! The call trees of many traces as one, and where their clients' time went.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Counts, NodeRole};

/// `POST /api/tree`: the tree of one set of traces, or of two side by side.
#[derive(Debug, Clone, Deserialize, TS)]
#[ts(export, optional_fields)]
pub(crate) struct TreeQuestion {
    pub from: f64,
    pub to: f64,
    /// Filter expressions.
    #[serde(default)]
    pub a: String,
    pub b: Option<String>,
    /// B is every trace of the group that is not in A.
    pub rest: Option<bool>,
    pub group: Option<String>,
    /// How many milliseconds the answer may take.
    pub within: Option<f64>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct MergedTree {
    pub a: TreeSet,
    pub b: Option<TreeSet>,
    /// Callers before what they call, and of what one calls that with most time first.
    pub nodes: Vec<TreeNode>,
    /// Places of the tree that are not among these, since fewest traces pass them.
    #[ts(type = "number")]
    pub hidden: u64,
    /// Requests that no place of the tree counts.
    #[ts(type = "number")]
    pub left_out: u64,
    /// Traces that an earlier version digested, which are in no place.
    #[ts(type = "number")]
    pub untold: u64,
    #[ts(type = "number")]
    pub scanned: u64,
    /// Whether the whole range was looked at.
    pub complete: bool,
    /// Where it is not complete: traces that began before this were left out.
    pub reached: Option<f64>,
}

#[derive(Debug, Serialize, TS)]
#[ts(export)]
pub(crate) struct TreeSet {
    /// As the server understood it.
    pub filter: String,
    #[ts(type = "number")]
    pub traces: u64,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct TreeNode {
    /// The place in the list of what calls it.
    pub parent: Option<u32>,
    pub node_id: String,
    pub name: String,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub role: NodeRole,
    pub operation: Option<String>,
    /// Selects the traces that touch the node.
    pub filter: String,
    pub a: TreeSums,
    pub b: Option<TreeSums>,
    /// Where there are two sets: how likely chance alone makes them differ as much somewhere in the tree.
    pub by_chance: Option<ByChance>,
    /// The newest trace that failed here, and the newest of all.
    pub failing: Option<String>,
    pub example: String,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct TreeSums {
    /// Those that pass it, and those of them in which it failed.
    #[ts(type = "number")]
    pub traces: u64,
    #[ts(type = "number")]
    pub failed_traces: u64,
    /// Requests.
    #[serde(flatten)]
    pub counts: Counts,
    /// Of those that failed, the ones below which nothing did.
    #[ts(type = "number")]
    pub arose: u64,
    /// All response times together, and the part of them in which it waited for nobody.
    pub total: f64,
    pub own: f64,
}

/// Each from 0 to 1; `null` where too few traces are there to say.
#[derive(Debug, Serialize, TS)]
#[ts(export, optional_fields = nullable)]
pub(crate) struct ByChance {
    /// Requests of a trace.
    pub requests: Option<f64>,
    /// Traces that failed there, of those that pass.
    pub failed: Option<f64>,
    /// Own time of a trace that passes.
    pub own: Option<f64>,
}

/// `POST /api/critical-path`.
#[derive(Debug, Clone, Deserialize, TS)]
#[ts(export, optional_fields)]
pub(crate) struct PathQuestion {
    pub from: f64,
    pub to: f64,
    #[serde(default)]
    pub filter: String,
    pub group: Option<String>,
    pub faster: Option<FasterCall>,
    /// How many milliseconds the answer may take.
    pub within: Option<f64>,
}

/// What if each call of a node, or those that one other makes, took less time.
#[derive(Debug, Clone, Deserialize, TS)]
#[ts(export, optional_fields)]
pub(crate) struct FasterCall {
    /// Ids of nodes.
    pub caller: Option<String>,
    pub node: String,
    /// In milliseconds.
    pub by: f64,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct CriticalPaths {
    /// As the server understood it.
    pub filter: String,
    /// Those with an answer.
    #[ts(type = "number")]
    pub traces: u64,
    /// What clients asked for, that with most traces first.
    pub entries: Vec<PathEntry>,
    /// The one through which most of the usual requests' time passes first.
    pub edges: Vec<PathEdge>,
    /// Entries and edges that are not among these.
    #[ts(type = "number")]
    pub entries_left_out: u64,
    #[ts(type = "number")]
    pub edges_left_out: u64,
    /// Traces that are in no edge: an earlier version digested them, or there are too many edges.
    #[ts(type = "number")]
    pub untold: u64,
    #[ts(type = "number")]
    pub left_out: u64,
    #[ts(type = "number")]
    pub scanned: u64,
    /// Whether the whole range was looked at.
    pub complete: bool,
    /// Where it is not complete: traces that began before this were left out.
    pub reached: Option<f64>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct PathEntry {
    /// Absent for all entries together that are beyond the bound.
    pub node_id: Option<String>,
    pub name: Option<String>,
    pub operation: Option<String>,
    #[ts(type = "number")]
    pub traces: u64,
    /// In milliseconds.
    pub p50: f64,
    pub p99: f64,
    /// If what was asked about were faster.
    pub would_p50: Option<f64>,
    pub would_p99: Option<f64>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct PathEdge {
    /// As on the map.
    pub id: String,
    pub source: String,
    pub source_name: String,
    pub target: String,
    pub target_name: String,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub role: NodeRole,
    /// Of requests about the median of their entry, and of the slowest hundredth.
    pub p50: PathShare,
    pub p99: PathShare,
}

/// Shares of clients' time, 0 to 1.
#[derive(Debug, Clone, Copy, Serialize, TS)]
#[ts(export)]
pub(crate) struct PathShare {
    /// In calls of this edge and in all that they waited for.
    pub through: f64,
    /// At work in what was called, waiting for nobody. With `way`, all edges together are 1.
    pub work: f64,
    /// On the way there and back.
    pub way: f64,
}
