//! What is broken now, as every page says it.

use serde::Serialize;
use ts_rs::TS;

use super::{NodeRole, VersionMark};

/// `GET /api/now?from&to[&group]`: what the rail draws, in its order. What goes on comes first, the heaviest on top; then
/// what was over by `to`, the newest first.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct Now {
    pub from: f64,
    pub to: f64,
    /// The server's time.
    pub now: f64,
    /// The moment of which it speaks: now, or `to` where that is earlier.
    pub at: f64,
    pub entries: Vec<NowEntry>,
    /// What fails as it usually does.
    pub background: NowBackground,
    /// Nodes whose clocks are off.
    pub clocks: Vec<NowClock>,
    /// Clients' requests of the last minute.
    #[ts(type = "number")]
    pub requests: u64,
}

/// One origin of failures, one slow node, or one that is silent.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct NowEntry {
    /// Stable while it lasts: made from what, the node and when it began.
    pub id: String,
    /// The name of the node at fault.
    pub node: String,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub node_id: String,
    pub role: NodeRole,
    /// The host under which it was called, where that is another name.
    pub host: Option<String>,
    /// Who saw it fail, where that is somebody else.
    pub witness: Option<String>,
    pub what: NowWhat,
    pub weight: NowWeight,
    pub since: f64,
    /// `null` while it goes on.
    pub until: Option<f64>,
    /// Requests since then that went wrong. Of a slow node, of those looked at, the ones slower than nearly all usually
    /// are; of a silent one, those that are missing.
    #[ts(type = "number")]
    pub failing: u64,
    /// Requests since then that reached the node, failing ones included.
    #[ts(type = "number")]
    pub requests: u64,
    /// Failing requests whose clients saw it.
    #[ts(type = "number")]
    pub clients: u64,
    /// All requests of clients since then.
    #[ts(type = "number")]
    pub all_requests: u64,
    #[ts(type = "number")]
    pub users: u64,
    /// The most frequent one.
    pub exception: Option<NowException>,
    /// With the others, most frequent first.
    pub exceptions: Vec<NowException>,
    /// The entry request that is hit most, without ids; of a slow node, what was asked of it.
    pub operation: Option<String>,
    /// Node ids of those that fail or wait because of it, most affected first.
    pub affected: Vec<String>,
    /// Their names, in the same order.
    pub affected_names: Vec<String>,
    /// The id of a trace that shows it.
    pub example: Option<String>,
    pub episode: NowEpisode,
    pub slow: Option<NowSlow>,
    /// The version that appeared shortly before it began.
    pub began_with: Option<VersionMark>,
    pub sentence: String,
    /// Selects the traces.
    pub filter: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub(crate) enum NowWhat {
    Failing,
    Slow,
    Silent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub(crate) enum NowWeight {
    /// Much of what clients ask goes wrong.
    Outage,
    /// More than usual goes wrong.
    Degraded,
    /// A few failures, which may be chance.
    Noise,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct NowException {
    pub name: Option<String>,
    /// Of the newest.
    pub message: Option<String>,
    #[ts(type = "number")]
    pub count: u64,
}

/// One of several times that the same went wrong.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct NowEpisode {
    /// The how-manieth of the range.
    #[ts(type = "number")]
    pub number: usize,
    /// All of the range, this one included, oldest first.
    pub all: Vec<NowSpan>,
    /// Failing requests from `since` to its end in equal steps, oldest first.
    #[ts(type = "Array<number>")]
    pub sparks: Vec<u64>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct NowSpan {
    pub since: f64,
    pub until: Option<f64>,
    #[ts(type = "number")]
    pub failing: u64,
}

/// Where the time is lost, milliseconds.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct NowSlow {
    /// The ends of the way, where that is slow and not the node itself.
    pub way_from: Option<String>,
    pub way_to: Option<String>,
    pub usual_p50: f64,
    pub p50: f64,
    pub usual_p90: f64,
    pub p90: f64,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct NowBackground {
    /// Names of the nodes.
    pub nodes: Vec<String>,
    /// Failing requests of the last minute.
    #[ts(type = "number")]
    pub failing: u64,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct NowClock {
    pub node: String,
    pub node_id: String,
    /// Milliseconds; negative where the clock is ahead.
    #[ts(type = "number")]
    pub behind: i64,
}
