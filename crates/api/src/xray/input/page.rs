//! `NextToken`, as the operations take it: an empty one is none.

use super::Members;
use crate::error::XRayError;

impl Members<'_> {
    /// The token of an operation that has pages.
    pub(crate) fn next_token(&self) -> Result<Option<String>, XRayError> {
        Ok(self.text("NextToken")?.filter(|token| !token.is_empty()))
    }
}

/// For operations that answer on one page: whoever has a token has it from somewhere else, and would be given the same
/// page for ever.
pub(crate) fn refuse_token(token: Option<&str>) -> Result<(), XRayError> {
    match token {
        Some(_) => Err(XRayError::invalid("NextToken is currently not supported")),
        None => Ok(()),
    }
}
