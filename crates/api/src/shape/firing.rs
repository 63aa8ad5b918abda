//! What goes on now and was told.

use serde::Serialize;
use ts_rs::TS;

/// `GET /api/firing`.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct FiringList {
    pub firing: Vec<Firing>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct Firing {
    /// The same from the beginning to the end.
    pub key: String,
    pub kind: FiringKind,
    pub title: String,
    pub summary: String,
    /// Epoch milliseconds.
    pub since: f64,
    /// A path of the console.
    pub page: String,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub(crate) enum FiringKind {
    Insight,
    Alarm,
    /// Something is wrong with Fluoro itself.
    Fluoro,
}
