//! Rules for URLs: as what those of a service are shown.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// `GET /api/url-templates`: the rules in the order in which they are asked.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct UrlTemplates {
    pub rules: Vec<UrlTemplateRule>,
    /// How often they were replaced.
    #[ts(type = "number")]
    pub revision: u64,
    #[ts(type = "number")]
    pub limit: usize,
}

#[derive(Debug, Clone, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export)]
pub(crate) struct UrlTemplateRule {
    /// `*` stands for any characters, `?` for one.
    pub service: String,
    /// Such as `/orders/{order}/items/*`.
    pub path: String,
}

/// `PUT /api/url-templates`: what is there from now on.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub(crate) struct UrlTemplatesChange {
    pub rules: Vec<UrlTemplateRule>,
    /// Of the rules that the change was made to; 409 where others are there now. Without it they are replaced whatever they are.
    #[ts(type = "number", optional = nullable)]
    pub revision: Option<u64>,
}

/// `POST /api/url-templates/try`: a URL that one imagines, and rules that are not saved yet.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(export, optional_fields = nullable)]
pub(crate) struct UrlTemplateTry {
    pub service: String,
    pub url: String,
    /// Those that are there, if it is absent.
    pub rules: Option<Vec<UrlTemplateRule>>,
}

#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct UrlTemplateVerdict {
    /// The place of the rule that takes it, from 0.
    #[ts(type = "number", optional = nullable)]
    pub rule: Option<usize>,
    pub template: String,
    /// What it is without rules.
    pub by_looks: String,
}
