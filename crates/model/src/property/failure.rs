//! How requests fail, and whose did.

use std::collections::BTreeSet;

use crate::digest::{Request, TraceDigest};
use crate::segment::Flags;

/// How a request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    Error,
    Throttle,
    Fault,
}

impl Failure {
    pub const ALL: [Self; 3] = [Self::Error, Self::Throttle, Self::Fault];

    /// The names of the nodes to which a request failed in this way, as the node or a caller saw it, and the aliases
    /// by which these callers call it.
    pub fn names(self, digest: &TraceDigest) -> BTreeSet<&str> {
        let has_failed = |requests: &[Request]| requests.iter().any(|request| self.is_in(request.flags));
        let mut names = BTreeSet::new();
        for node in digest.nodes.iter().filter(|node| has_failed(&node.requests)) {
            names.insert(node.key.name.as_str());
        }
        for edge in digest.edges.iter().filter(|edge| has_failed(&edge.requests)) {
            names.extend(digest.nodes.get(edge.target as usize).map(|node| node.key.name.as_str()));
            names.extend(edge.aliases.iter().map(|alias| alias.name.as_str()));
        }
        names
    }

    fn is_in(self, flags: Flags) -> bool {
        match self {
            Self::Error => flags.error,
            Self::Throttle => flags.throttle,
            Self::Fault => flags.fault,
        }
    }
}
