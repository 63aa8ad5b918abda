//! Traces by their start and their response time.

use serde::Serialize;
use ts_rs::TS;

#[derive(Debug, Serialize, TS)]
#[ts(export)]
pub(crate) struct Heatmap {
    /// Where the first column begins, and how wide each is. All begin at whole steps.
    pub start: f64,
    pub step: f64,
    pub columns: u32,
    /// Response times between which the rows lie, ascending: one more than there are rows. Round, so that a filter can say
    /// them.
    pub edges: Vec<f64>,
    /// Only those with a trace.
    pub cells: Vec<HeatCell>,
}

#[derive(Debug, Serialize, TS)]
#[ts(export)]
pub(crate) struct HeatCell {
    pub column: u32,
    pub row: u32,
    pub count: u32,
    /// How many of them were faults, errors or throttled.
    pub bad: u32,
}
