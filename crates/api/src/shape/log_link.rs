//! Links to log lines: the rules, and what they make for a span.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// `GET /api/log-links`: the rules in the order in which their links are shown.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct LogLinkRules {
    pub rules: Vec<LogLinkRule>,
    /// Those of the server's file of settings, which come first and are not changed here.
    pub fixed: Vec<LogLinkRule>,
    /// How often they were replaced.
    #[ts(type = "number")]
    pub revision: u64,
    #[ts(type = "number")]
    pub limit: usize,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export)]
pub(crate) struct LogLinkRule {
    /// `*` stands for any characters, `?` for one.
    pub service: String,
    pub title: String,
    /// With placeholders, such as `https://logs.example/?q={trace_id}`.
    pub url: String,
}

/// `PUT /api/log-links`: what is there from now on.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub(crate) struct LogLinksChange {
    pub rules: Vec<LogLinkRule>,
    /// Of the rules that the change was made to; 409 where others are there now. Without it they are replaced whatever they are.
    #[ts(type = "number", optional = nullable)]
    pub revision: Option<u64>,
}

/// Where log lines of a span are.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct LogLink {
    pub title: String,
    /// By `http` or `https`.
    pub url: String,
}
