//! What is said of a filter expression.

use serde::Serialize;
use ts_rs::TS;

/// `POST /api/filter/parse` with `{"expression": "..."}`.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub struct FilterParse {
    pub canonical: Option<String>,
    pub error: Option<FilterProblem>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct FilterProblem {
    #[ts(type = "number")]
    pub line: usize,
    #[ts(type = "number")]
    pub position: usize,
    pub message: String,
}
