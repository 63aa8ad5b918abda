//! The JSON of the console's API, a file a page. The TypeScript types of the web application are generated from here
//! (`cargo test -p fluoro-api shapes`), so this is the contract between the two.
//!
//! Instants are epoch milliseconds, lengths are milliseconds, both with a fraction. Every string that
//! came with a segment is an attacker's; the console shows it as text.

mod compare;
mod doctor;
mod filter;
mod graph;
mod group;
mod heatmap;
mod history;
mod key;
mod node;
mod now;
mod sampling;
mod session;
mod status;
mod trace;
mod traces;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use compare::*;
pub use doctor::*;
pub use filter::*;
pub use graph::*;
pub use group::*;
pub use heatmap::*;
pub use history::*;
pub use key::*;
pub use node::*;
pub use now::*;
pub use sampling::*;
pub use session::*;
pub use status::*;
pub use trace::*;
pub use traces::*;

/// `from` and `to` of every endpoint with a range: epoch milliseconds, half-open.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct RangeParams {
    pub from: f64,
    pub to: f64,
}

/// RFC 9457, `application/problem+json`; every error of `/api/`.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub struct Problem {
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    pub detail: String,
    /// Also in the header `x-amzn-RequestId` and in the server's log.
    pub request_id: String,
    /// On a bad filter expression.
    pub filter: Option<FilterProblem>,
}
