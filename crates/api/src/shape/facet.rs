//! What a set of traces can be narrowed by, and how it falls apart by one property over time.

use serde::Serialize;
use ts_rs::TS;

use super::Counts;

/// `GET /api/facets`.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct Facets {
    #[ts(type = "number")]
    pub traces: u64,
    #[serde(flatten)]
    pub counts: Counts,
    pub facets: Vec<Facet>,
    /// There were more annotation keys or versioned services than are told apart.
    pub fields_left_out: bool,
    /// Annotations that are numbers.
    pub measures: Vec<MeasureRange>,
    #[ts(type = "number")]
    pub scanned: u64,
    /// Whether the whole range was looked at.
    pub complete: bool,
    /// Where it is not complete: nothing that began before this was looked at.
    pub reached: Option<f64>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct Facet {
    /// `url`, `status`, `annotation.<key>`, `version.<service>` and the like.
    pub field: String,
    /// Nearly every trace has a value of its own.
    pub is_id: bool,
    /// The most frequent first; without the value where traces lack the property, which comes last.
    pub values: Vec<FacetValue>,
    /// Different values; a lower bound where not all were kept.
    #[ts(type = "number")]
    pub distinct: u64,
    pub is_cut: bool,
}

#[derive(Debug, Serialize, TS)]
#[ts(export, optional_fields = nullable)]
pub(crate) struct FacetValue {
    pub value: Option<String>,
    /// What people call it, where that is something else: a host has the name of its service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Selects it; absent where the language cannot say it.
    pub filter: Option<String>,
    #[ts(type = "number")]
    pub count: u64,
}

/// How an annotation that is a number lies in one set.
#[derive(Debug, Serialize, TS)]
#[ts(export, optional_fields = nullable)]
pub(crate) struct MeasureRange {
    pub key: String,
    #[ts(type = "number")]
    pub values: u64,
    pub least: Option<f64>,
    pub most: Option<f64>,
    pub average: Option<f64>,
    /// Right to a tenth.
    pub median: Option<f64>,
}

/// An annotation that is a number, in two sets.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct MeasureDifference {
    pub key: String,
    pub a: MeasureRange,
    pub b: MeasureRange,
    /// The largest difference of the shares of values below some number, 0 to 1.
    pub delta: f64,
    /// Two samples of one distribution would differ as much.
    pub is_chance: bool,
    pub split: Option<MeasureSplit>,
}

/// Where the sets part: so many values of each are from there on.
#[derive(Debug, Serialize, TS)]
#[ts(export)]
pub(crate) struct MeasureSplit {
    pub from: f64,
    pub filter: String,
    #[ts(type = "number")]
    pub a: u64,
    #[ts(type = "number")]
    pub b: u64,
}

/// `GET /api/breakdown`.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct BreakdownOverTime {
    /// Where the first column begins, and how wide each is.
    pub start: f64,
    pub step: f64,
    pub columns: usize,
    /// The most frequent first.
    pub slices: Vec<SliceOverTime>,
    /// Values that are not among these, and their traces.
    pub others: usize,
    #[ts(type = "number")]
    pub other_traces: i64,
    #[ts(type = "number")]
    pub scanned: u64,
    pub complete: bool,
    pub reached: Option<f64>,
}

#[derive(Debug, Serialize, TS)]
#[ts(export, optional_fields = nullable)]
pub(crate) struct SliceOverTime {
    /// `null` for traces without the property.
    pub value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    pub filter: Option<String>,
    #[serde(flatten)]
    pub counts: Counts,
    pub p50: Option<f64>,
    pub p95: Option<f64>,
    /// Only columns with a trace, ascending.
    pub points: Vec<SliceMoment>,
}

#[derive(Debug, Serialize, TS)]
#[ts(export, optional_fields = nullable)]
pub(crate) struct SliceMoment {
    pub column: usize,
    #[serde(flatten)]
    pub counts: Counts,
    pub p50: Option<f64>,
    pub p95: Option<f64>,
}
