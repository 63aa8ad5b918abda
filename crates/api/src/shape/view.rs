//! Views that people saved.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// `GET /api/views`: a page with what was chosen on it, by name.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct View {
    pub name: String,
    /// `/traces`, `/analytics` or `/exceptions`.
    pub page: String,
    /// What follows the `?` of its address.
    pub query: String,
    pub saved: f64,
}

/// `POST /api/views`
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export)]
pub(crate) struct NewView {
    pub name: String,
    pub page: String,
    pub query: String,
    /// Whether it may take the place of one of the name.
    #[serde(default)]
    pub replaces: bool,
}
