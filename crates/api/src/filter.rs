//! Filter expressions as both APIs take them: parsed, with the groups that they name put in place.

use model::group;
use query::Filter;
use query::filter::{FilterError, GroupError};

/// Why a text is no filter here.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum BadFilter {
    #[error(transparent)]
    Syntax(#[from] FilterError),
    #[error(transparent)]
    Group(#[from] GroupError),
}

/// Groups other than the default one cannot be made yet, so their names are not known.
pub(crate) fn parse(text: &str) -> Result<Filter, BadFilter> {
    let filter: Filter = text.parse()?;
    let known = |name: &str| (name == group::DEFAULT).then(Filter::default);
    Ok(filter.with_groups(|reference| known(reference.group_name()))?)
}
