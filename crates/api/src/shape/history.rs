//! The time strip below the map, what is compared with it, and the replay.

use serde::Serialize;
use ts_rs::TS;

use super::SeriesPoint;

/// `GET /api/history?from&to[&buckets][&group]`: a longer time than the map shows, for comparison with it.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct History {
    pub from: f64,
    pub to: f64,
    /// Length of one bucket, whole minutes.
    pub step: f64,
    /// Client requests of each bucket that has any, ascending.
    pub points: Vec<SeriesPoint>,
    /// Versions that were first seen in this time while others were at work, ascending.
    pub versions: Vec<VersionMark>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct VersionMark {
    pub node_id: String,
    pub name: String,
    pub version: String,
    /// When it was first seen.
    pub at: f64,
    /// Requests of it since.
    #[ts(type = "number")]
    pub requests: u64,
}

/// `GET /api/replay?from&to[&frames][&group]`: what nodes and edges did in each frame of the range.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct Replay {
    pub from: f64,
    /// Length of one frame.
    pub step: f64,
    /// Ids, which the frames refer to by index.
    pub nodes: Vec<String>,
    pub edges: Vec<String>,
    pub frames: Vec<ReplayFrame>,
    /// Whether all traces of the range are in it.
    pub complete: bool,
}

/// Only what had requests.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct ReplayFrame {
    pub nodes: Vec<ReplayCount>,
    pub edges: Vec<ReplayCount>,
}

/// An array, since there are many.
#[derive(Debug, Serialize, TS)]
#[ts(
    export,
    type = "[index: number, ok: number, error: number, throttle: number, fault: number, average: number]"
)]
pub(crate) struct ReplayCount(pub usize, pub i64, pub i64, pub i64, pub i64, pub f64);
