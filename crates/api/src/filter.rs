//! Filter expressions as both APIs take them: parsed, with the groups that they name put in place.

use query::filter::{FilterError, GroupError};
use query::{Filter, Groups};

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
