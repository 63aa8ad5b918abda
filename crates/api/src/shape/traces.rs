//! The list of traces, and the groups that narrow it.

use serde::Serialize;
use ts_rs::TS;

use super::{Counts, Heatmap};

/// `GET /api/traces?from&to[&filter][&group][&by][&sort][&scan][&annotations][&limit][&cursor]`. `by` is `url` (the
/// default), `status`, `annotation.<key>` or another field of `FieldDifference`. `sort` is `start`, `responsetime`,
/// `duration`, `status` or `segments`, with a minus for the largest first (`-start` is the default); but for that default the
/// first 1,000 of the order can be had. `scan` is how many traces to look at. A bad filter is a 400 `Problem`.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct TraceList {
    pub traces: Vec<TraceRow>,
    /// Over all matching traces that were looked at, not only those of this page.
    pub slices: Vec<Slice>,
    /// Of the same traces.
    pub heatmap: Heatmap,
    #[ts(type = "number")]
    pub matched: u64,
    #[ts(type = "number")]
    pub scanned: u64,
    /// Whether the whole range was looked at.
    pub complete: bool,
    /// Where it is not complete: nothing that began before this was looked at.
    pub reached: Option<f64>,
    /// Where some of them have more annotations than are indexed, which the filter asks for: how many might match.
    #[ts(type = "number", optional = nullable)]
    pub undecided: Option<u64>,
    /// Where nothing matches: the conditions of the filter, each with how many traces match all others.
    pub without: Vec<TermCount>,
    /// Give it back as `cursor` for the next page of traces.
    pub cursor: Option<String>,
    /// The filter as the server understood it.
    pub filter: String,
    /// When the newest trace of all was received, for "your newest trace is 3 h old".
    pub newest_received: Option<f64>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct TraceRow {
    pub id: String,
    pub start: f64,
    /// Whole trace.
    pub duration: Option<f64>,
    /// Root segment.
    pub response_time: Option<f64>,
    pub entry_point: Option<String>,
    pub method: Option<String>,
    pub url: Option<String>,
    #[ts(type = "number", optional = nullable)]
    pub status: Option<i64>,
    pub client_ip: Option<String>,
    pub outcome: Outcome,
    pub is_partial: bool,
    pub users: Vec<String>,
    /// The origin of the failure, such as `ledger-db` with `ConditionalCheckFailedException`.
    pub origin: Option<String>,
    pub exception: Option<String>,
    pub services: Vec<String>,
    pub segments: u32,
    pub annotations: u32,
    /// Values of the annotations that were asked for, in that order.
    pub columns: Vec<Option<String>>,
}

#[derive(Debug, Serialize, TS)]
#[ts(export)]
pub(crate) struct TermCount {
    pub term: String,
    /// The filter without it.
    pub rest: String,
    #[ts(type = "number")]
    pub matched: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub(crate) enum Outcome {
    Ok,
    Error,
    Throttle,
    Fault,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct Slice {
    /// `null` for traces without the property.
    pub value: Option<String>,
    /// What people call it, where that is something else: a host has the name of its service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Selects the slice; absent where the language cannot say it.
    pub filter: Option<String>,
    #[ts(type = "number")]
    pub count: i64,
    /// 0 to 1.
    pub share: f64,
    #[serde(flatten)]
    pub counts: Counts,
    pub average: Option<f64>,
    pub p99: Option<f64>,
}
