//! Filter expressions: parsed once, evaluated exactly on digests, lowered to a predicate for stores.

use std::fmt;
use std::str::FromStr;

use model::TraceDigest;
use store::Predicate;

/// A parsed filter expression. `Display` gives its canonical text; the empty text matches every trace.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {}

/// Where and why a text is no filter expression. `Display` is X-Ray's wording:
/// `Error Location: line 1, position 39 : Invalid input symbol: '{'`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Error Location: line {line}, position {position} : {message}")]
pub struct FilterError {
    /// From 1.
    pub line: usize,
    /// In characters, from 0.
    pub position: usize,
    pub message: String,
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(_text: &str) -> Result<Self, FilterError> {
        todo!()
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}

impl Filter {
    /// Whether the trace matches: the one meaning of the language.
    pub fn matches(&self, _digest: &TraceDigest) -> bool {
        todo!()
    }

    /// What a store can test: it holds wherever `matches` holds, and maybe elsewhere.
    pub fn predicate(&self) -> Predicate {
        todo!()
    }
}
