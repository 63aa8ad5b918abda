//! The JSON of the console's API, a file a page. The TypeScript types of the web application are generated from here
//! (`cargo test -p fluoro-api shapes`), so this is the contract between the two.
//!
//! Instants are epoch milliseconds, lengths are milliseconds, both with a fraction. Every string that
//! came with a segment is an attacker's; the console shows it as text.

mod alarm;
mod compare;
mod doctor;
mod facet;
mod filter;
mod firing;
mod graph;
mod group;
mod heatmap;
mod history;
mod insight;
mod key;
mod log_link;
mod node;
mod notifier;
mod now;
mod objective;
mod sampling;
mod service;
mod session;
pub(crate) mod stats;
mod status;
mod trace;
mod traces;
mod tree;
mod url_template;
mod view;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub(crate) use alarm::*;
pub(crate) use compare::*;
pub(crate) use doctor::*;
pub(crate) use facet::*;
pub(crate) use filter::*;
pub(crate) use firing::*;
pub(crate) use graph::*;
pub(crate) use group::*;
pub(crate) use heatmap::*;
pub(crate) use history::*;
pub(crate) use insight::*;
pub(crate) use key::*;
pub(crate) use log_link::*;
pub(crate) use node::*;
pub(crate) use notifier::*;
pub(crate) use now::*;
pub(crate) use objective::*;
pub(crate) use sampling::*;
pub(crate) use service::*;
pub(crate) use session::*;
pub(crate) use status::*;
pub(crate) use trace::*;
pub(crate) use traces::*;
pub(crate) use tree::*;
pub(crate) use url_template::*;
pub(crate) use view::*;

/// `from` and `to` of every endpoint with a range: epoch milliseconds, half-open.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct RangeParams {
    pub from: f64,
    pub to: f64,
}

/// RFC 9457, `application/problem+json`; every error of `/api/`.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct Problem {
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
