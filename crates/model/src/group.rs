//! Groups: saved filter expressions, each with a graph and statistics of its own.

use serde::{Deserialize, Serialize};

/// The group that every trace belongs to. It has no filter expression and cannot be deleted.
pub const DEFAULT: &str = "Default";

/// A group as a user defined it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// At most 32 of `[A-Za-z0-9-]`.
    pub name: String,
    /// `None` on the default group alone.
    pub filter_expression: Option<String>,
    pub insights_enabled: bool,
    pub notifications_enabled: bool,
}

impl Group {
    pub fn default_group() -> Self {
        Self {
            name: DEFAULT.to_owned(),
            filter_expression: None,
            insights_enabled: true,
            notifications_enabled: false,
        }
    }
}

/// How rollups and digests name a group: its name and an id of its own, so that a group that is deleted and made
/// again starts with nothing. The default group, which has no id, is called [`DEFAULT`] there too.
pub fn key(name: &str, unique_id: &str) -> String {
    format!("{name}/{unique_id}")
}

/// The name in a key.
pub fn name_of(key: &str) -> &str {
    key.split_once('/').map_or(key, |(name, _)| name)
}
