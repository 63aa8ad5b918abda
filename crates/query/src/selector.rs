//! Entity selectors: `service(...)` or `edge(..., ...)`, without a block.

use std::str::FromStr;

use crate::filter::FilterError;

/// Selects nodes or edges of the rollups.
#[derive(Debug, Clone, PartialEq)]
pub enum Selector {
    Service(NodeSelector),
    Edge(NodeSelector, NodeSelector),
}

/// Every given field must be equal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeSelector {
    pub name: Option<String>,
    pub kind: Option<String>,
    pub account: Option<String>,
}

impl FromStr for Selector {
    type Err = FilterError;

    fn from_str(_text: &str) -> Result<Self, FilterError> {
        todo!()
    }
}
