//! One name for one service: calls to a host that does not answer belong to the service that answers under its
//! name at other times.
//!
//! A caller that reaches `SpringBoot2` by the host `springboot2.default` gives its edge that name as an alias, since the
//! callee's segment says what it calls itself. While the callee is down no segment says so, and all that is known is an
//! inferred node named by the host. People know one service, so both are told as one wherever people look; X-Ray's own
//! answers keep them apart, as X-Ray does.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use model::NodeKey;
use model::minute::{EdgeKind, MinuteRow, Stats, Subject};
use model::node::REMOTE;

/// Host names that are remembered; a caller that makes up a name for each call has no more of them.
const MAX_NAMES: usize = 20_000;

/// Which service answers under which host name.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Nothing for a name under which several services answer, such as that of a load balancer: it names none of them.
    services: HashMap<String, Option<NodeKey>>,
}

/// Rollups in which each host stands under the name of its service.
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

impl Names {
    /// Learns from edges that were answered. Names stay known when later rows no longer have them.
    pub fn learn<'a>(&mut self, rows: impl IntoIterator<Item = &'a MinuteRow>) {
        for row in rows {
            let Subject::Edge { target, kind: EdgeKind::Call, .. } = &row.key.subject else { continue };
            for (alias, _) in row.stats.aliases.iter().filter(|&(_, &count)| count > 0) {
                let is_full = self.services.len() >= MAX_NAMES;
                match self.services.get_mut(&alias.name) {
                    Some(known) if known.as_ref() == Some(target) => {}
                    Some(known) => *known = None,
                    None if is_full => {}
                    None => drop(self.services.insert(alias.name.clone(), Some(target.clone()))),
                }
            }
        }
    }

    /// The service behind a node that is only known from calls to it.
    pub fn service_of(&self, node: &NodeKey) -> Option<&NodeKey> {
        if node.kind.as_deref() != Some(REMOTE) {
            return None;
        }
        self.services.get(&node.name)?.as_ref()
    }

    /// Tells all rows by the names of services. Rows that become those of one subject are not added up here.
    pub fn join(&self, rows: Vec<MinuteRow>) -> Joined {
        let mut joined = Joined { rows, unreached: BTreeMap::new() };
        for row in &mut joined.rows {
            match &mut row.key.subject {
                Subject::Node(node) => {
                    let Some(service) = self.service_of(node) else { continue };
                    let host = std::mem::replace(node, service.clone());
                    note(joined.unreached.entry(service.clone()).or_default(), host, &row.stats);
                }
                Subject::Edge { source, target, .. } => {
                    for end in [source, target] {
                        if let Some(service) = self.service_of(end) {
                            *end = service.clone();
                        }
                    }
                }
            }
        }
        joined
    }
}

fn note(hosts: &mut Vec<Unreached>, host: NodeKey, stats: &Stats) {
    match hosts.iter_mut().find(|known| known.host == host) {
        Some(known) => known.stats.merge(stats),
        None => hosts.push(Unreached { host, stats: stats.clone() }),
    }
}
