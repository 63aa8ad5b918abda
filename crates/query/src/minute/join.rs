//! Rollups in which a host that does not answer stands under the name of the service that answers there at other times.
//!
//! A caller that reaches `SpringBoot2` by the host `springboot2.default` gives its edge that name as an alias, since the
//! callee's segment says what it calls itself. While the callee is down no segment says so, and all that is known is an
//! inferred node named by the host. People know one service, so both are told as one wherever people look; X-Ray's own
//! answers keep them apart, as X-Ray does. Which service that is, the ledger knows ([`crate::now::Names`]).

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use model::NodeKey;
use model::minute::{MinuteRow, Stats, Subject};

#[derive(Debug, Clone, Default)]
pub struct Joined {
    pub rows: Vec<MinuteRow>,
    /// By service: the hosts that were joined to it, and what their callers saw of them.
    pub unreached: BTreeMap<NodeKey, Vec<Unreached>>,
}

/// Calls to a host that reached no segment.
#[derive(Debug, Clone, PartialEq)]
pub struct Unreached {
    pub host: NodeKey,
    pub stats: Stats,
}

/// Tells all rows by the names of services. Rows that become those of one subject are not added up here.
pub fn join<'n>(rows: Vec<MinuteRow>, service_of: impl Fn(&NodeKey) -> Option<&'n NodeKey>) -> Joined {
    let mut joined = Joined { rows, unreached: BTreeMap::new() };
    for row in &mut joined.rows {
        match &mut row.key.subject {
            Subject::Node(node) => {
                let Some(service) = service_of(node) else { continue };
                let host = std::mem::replace(node, service.clone());
                note(joined.unreached.entry(service.clone()).or_default(), host, &row.stats);
            }
            Subject::Edge { source, target, .. } => {
                for end in [source, target] {
                    if let Some(service) = service_of(end) {
                        *end = service.clone();
                    }
                }
            }
        }
    }
    joined
}

fn note(hosts: &mut Vec<Unreached>, host: NodeKey, stats: &Stats) {
    match hosts.iter_mut().find(|known| known.host == host) {
        Some(known) => known.stats.merge(stats),
        None => hosts.push(Unreached { host, stats: stats.clone() }),
    }
}
