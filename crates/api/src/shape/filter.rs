//! What is said of a filter expression.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// `POST /api/filter/parse` with `{"expression": "..."}`.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct FilterParse {
    pub canonical: Option<String>,
    /// Absent on an error, and for an expression without conditions.
    pub tree: Option<FilterTree>,
    pub error: Option<FilterProblem>,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub(crate) struct FilterProblem {
    #[ts(type = "number")]
    pub line: usize,
    #[ts(type = "number")]
    pub position: usize,
    pub message: String,
}

/// `of` has the members of `and` and `or` and the operand of `not`; a condition has none.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct FilterTree {
    pub op: FilterOp,
    /// The canonical text of this part by itself.
    pub text: String,
    pub of: Vec<FilterTree>,
    pub condition: Option<FilterCondition>,
}

#[derive(Debug, Clone, Copy, Serialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub(crate) enum FilterOp {
    And,
    Or,
    Not,
    Condition,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export, optional_fields = nullable)]
pub(crate) struct FilterCondition {
    pub kind: FilterConditionKind,
    /// A keyword such as `http.url`, or the key of an annotation.
    pub name: String,
    /// Absent where it is enough that there is a value.
    pub comparator: Option<String>,
    pub value: Option<FilterValue>,
    /// The selector of a `service`, or the two of an `edge`.
    pub nodes: Vec<FilterNode>,
    /// What stands in braces.
    pub block: Option<Box<FilterTree>>,
}

#[derive(Debug, Clone, Copy, Serialize, TS)]
#[serde(rename_all = "lowercase")]
#[ts(export)]
pub(crate) enum FilterConditionKind {
    Flag,
    Number,
    Text,
    Annotation,
    Service,
    Edge,
    Group,
    RootCause,
    Template,
}

#[derive(Debug, Clone, Serialize, TS)]
#[serde(untagged)]
#[ts(export)]
pub(crate) enum FilterValue {
    Text(String),
    Number(f64),
    Boolean(bool),
}

#[derive(Debug, Clone, Serialize, TS)]
#[ts(export, optional_fields = nullable)]
pub(crate) struct FilterNode {
    pub name: Option<String>,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub account: Option<String>,
}

/// `POST /api/filter/complete`: what could follow after this text, from the grammar and from traces of the range.
#[derive(Debug, Deserialize, TS)]
#[ts(export)]
pub(crate) struct CompleteQuestion {
    /// The text up to the cursor.
    pub before: String,
    pub from: f64,
    pub to: f64,
}

/// Most useful first.
#[derive(Debug, Serialize, TS)]
#[ts(export)]
pub(crate) struct Completions {
    pub completions: Vec<Completion>,
}

#[derive(Debug, Serialize, TS)]
#[ts(export)]
pub(crate) struct Completion {
    pub text: String,
    /// How many UTF-16 units before the cursor it takes the place of.
    #[ts(type = "number")]
    pub replaces: usize,
}
