//! What is promised of services, and what is left of what may fail.

use serde::Serialize;
use ts_rs::TS;

/// `GET /api/objectives`, and the answer to what changes them.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct ObjectiveList {
    pub objectives: Vec<ObjectiveEntry>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct ObjectiveEntry {
    /// Of the composite alarm that tells when failures burn fast.
    pub name: String,
    pub service: String,
    #[serde(rename = "type")]
    pub node_type: Option<String>,
    /// The operation that clients ask of it, where the objective is of that alone.
    pub entry: Option<String>,
    /// Of requests, that are to go well.
    pub percent: f64,
    /// Of the last 30 days, as far as they are kept.
    pub requests: f64,
    pub failing: f64,
    /// The part of what may fail that is left; below zero where more failed.
    pub left: f64,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
    /// Epoch milliseconds.
    pub since: f64,
}
