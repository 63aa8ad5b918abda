//! Filter expressions as both APIs take them: parsed, with the groups that they name put in place.

use query::filter::{FilterError, GroupError};
use query::{Filter, Groups};

use crate::shape::FilterProblem;

/// Why a text is no filter here.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum BadFilter {
    #[error(transparent)]
    Syntax(#[from] FilterError),
    #[error(transparent)]
    Group(#[from] GroupError),
}

pub(crate) fn parse(text: &str, groups: &Groups) -> Result<Filter, BadFilter> {
    let filter: Filter = text.parse()?;
    Ok(groups.expand(filter)?)
}

impl From<&BadFilter> for FilterProblem {
    fn from(error: &BadFilter) -> Self {
        match error {
            BadFilter::Syntax(FilterError { line, position, message }) => {
                Self { line: *line, position: *position, message: message.clone() }
            }
            BadFilter::Group(error) => Self { line: 1, position: 0, message: error.to_string() },
        }
    }
}
