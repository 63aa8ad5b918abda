//! The nodes of a service graph: who they are and how they came to be.

use serde::{Deserialize, Serialize};

/// The `Type` of the node that stands for the callers of a root segment.
pub const CLIENT: &str = "client";
/// The `Type` of a node inferred from a call outside AWS.
pub const REMOTE: &str = "remote";
/// The `Type` of the node inferred from a call outside AWS that says what it asked a database.
pub const DATABASE: &str = "Database::SQL";
/// The name under which the nodes of a minute are summed that came after too many others. X-Ray allows no brackets in the
/// name of a segment, so no sender has it by chance.
pub const OTHER_NAMES: &str = "(other names)";

/// What makes a node one and the same: its name, its type and its account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeKey {
    pub name: String,
    /// X-Ray's `Type`: the segment's `origin`, `client`, `remote`, or the type of an AWS resource.
    pub kind: Option<String>,
    pub account: Option<String>,
}

/// How a node is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeKind {
    /// It sent segments of its own.
    Service,
    /// Inferred from calls of an AWS SDK.
    Aws,
    /// Inferred from other calls.
    Remote,
    /// It stands for whoever called a root segment.
    Client,
}

impl NodeKey {
    /// The client node in front of a root segment has the root's name.
    pub fn client(root_name: &str) -> Self {
        Self { name: root_name.to_owned(), kind: Some(CLIENT.to_owned()), account: None }
    }
}

impl NodeKind {
    /// X-Ray's `State`.
    pub fn state(self) -> &'static str {
        match self {
            Self::Service => "active",
            Self::Remote => "passive",
            Self::Aws | Self::Client => "unknown",
        }
    }

    pub fn is_inferred(self) -> bool {
        matches!(self, Self::Aws | Self::Remote)
    }
}
