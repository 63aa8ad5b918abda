//! Two sets of traces side by side.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Counts, MeasureDifference, Times};

/// `POST /api/compare`. Without `b`, B is every trace of the group that is not in A.
#[derive(Debug, Clone, Deserialize, TS)]
#[ts(export, optional_fields)]
pub(crate) struct CompareQuestion {
    pub from: f64,
    pub to: f64,
    /// Filter expressions.
    #[serde(default)]
    pub a: String,
    pub b: Option<String>,
    pub group: Option<String>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct Compare {
    pub a: CompareSet,
    pub b: CompareSet,
    #[ts(type = "number")]
    pub scanned: u64,
    /// Whether the whole range was looked at.
    pub complete: bool,
    /// Where it is not complete: traces that began before this were left out.
    pub reached: Option<f64>,
    /// Without gaps from the shortest response time to the longest.
    pub times: Vec<TimeBin>,
    /// The width of one point of the series.
    pub step: f64,
    pub series: Vec<CompareSeriesPoint>,
    /// What differs most first.
    pub fields: Vec<FieldDifference>,
    /// There were more annotation keys or versioned services than are told apart.
    pub fields_left_out: bool,
    /// Annotations that are numbers: what parts the sets most first, and what chance alone could part last.
    pub measures: Vec<MeasureDifference>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct CompareSet {
    /// As the server understood it. Of a B that was not given it is the opposite of A.
    pub filter: String,
    #[ts(type = "number")]
    pub traces: u64,
    #[serde(flatten)]
    pub counts: Counts,
    #[serde(flatten)]
    pub times: Times,
}

/// Traces with a response time of at least `from` and less than `to`, in milliseconds. The edges are round, so that a
/// filter can say them.
#[derive(Debug, Serialize, TS)]
#[ts(export)]
pub(crate) struct TimeBin {
    pub from: f64,
    pub to: f64,
    #[ts(type = "number")]
    pub a: u64,
    #[ts(type = "number")]
    pub b: u64,
}

/// Traces that began at `at` or within a step after it.
#[derive(Debug, Serialize, TS)]
#[ts(export)]
pub(crate) struct CompareSeriesPoint {
    pub at: f64,
    #[ts(type = "number")]
    pub a: u64,
    #[ts(type = "number")]
    pub b: u64,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct FieldDifference {
    /// `url`, `status`, `annotation.<key>`, `version.<service>` and the like.
    pub field: String,
    pub kind: FieldKind,
    /// The largest difference of the shares of one value, 0 to 1.
    pub delta: f64,
    /// Those with the largest difference first.
    pub values: Vec<ValueShare>,
    /// How many values are not among these, and their traces.
    #[ts(type = "number")]
    pub others: u64,
    #[ts(type = "number")]
    pub other_a: u64,
    #[ts(type = "number")]
    pub other_b: u64,
    /// Different values; a lower bound where not all were kept.
    #[ts(type = "number")]
    pub distinct: u64,
    pub is_cut: bool,
}

/// `context` may explain the difference, `failure` is what has to be explained, and of an `id` nearly every trace has a
/// value of its own.
#[derive(Debug, Clone, Copy, Serialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub(crate) enum FieldKind {
    Context,
    Failure,
    Id,
}

#[derive(Debug, Serialize, TS)]
#[ts(export, optional_fields = nullable)]
pub(crate) struct ValueShare {
    /// `null` for traces that have no such property.
    pub value: Option<String>,
    /// What people call it, where that is something else: a host has the name of its service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Selects it; absent where the language cannot say it.
    pub filter: Option<String>,
    /// Traces of each set.
    #[ts(type = "number")]
    pub a: u64,
    #[ts(type = "number")]
    pub b: u64,
}
