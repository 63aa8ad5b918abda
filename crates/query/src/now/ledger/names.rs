//! One name for one thing: whose fault a trace is, and which service answers under the name of a host. Every page asks here.

use std::collections::HashSet;

use model::minute::{EdgeKind, MinuteRow, Subject};
use model::node::REMOTE;
use model::property::Property;
use model::{NodeKey, NodeKind, Timestamp, TraceDigest};

use super::Ledger;
use super::failure::failing_operation;
use crate::now::failing::dead_hosts;
use crate::now::name::{Id, Table};

/// What people call the nodes of traces, at one moment.
#[derive(Debug)]
pub struct Names<'l> {
    ledger: &'l Ledger,
    dead: HashSet<Id>,
}

impl Ledger {
    pub fn names(&self, now: Timestamp) -> Names<'_> {
        Names { ledger: self, dead: dead_hosts(self, now) }
    }

    /// Learns from calls of earlier hours that were answered, one time each: who fails since before the ledger began has a
    /// name as well.
    pub fn learn_names<'a>(&mut self, rows: impl IntoIterator<Item = &'a MinuteRow>) {
        for row in rows {
            let Subject::Edge { target, kind: EdgeKind::Call, .. } = &row.key.subject else { continue };
            for (alias, _) in row.stats.aliases.iter().filter(|&(_, &count)| count > 0) {
                let service = self.nodes.id(target);
                self.hosts.answered(&alias.name, None, service);
            }
        }
    }

    /// One that has counted nothing and calls everything what this one does.
    pub fn empty_with_names(&self) -> Self {
        let mut nodes = Table::default();
        let hosts = self.hosts.renumbered(|id| Some(nodes.id(self.nodes.get(id)?)));
        Self { nodes, hosts, ..Self::default() }
    }
}

impl<'l> Names<'l> {
    /// The service that answers at other times, of a node that is known from calls alone: the only one that answers under
    /// this name, since nobody says what is asked of it.
    pub fn service_of(&self, node: &NodeKey) -> Option<&'l NodeKey> {
        if node.kind.as_deref() != Some(REMOTE) {
            return None;
        }
        self.ledger.nodes.get(self.ledger.hosts.service(node, None)?)
    }

    /// What people call a value that is or holds the name of a host, where it has a service.
    pub fn label(&self, property: &Property, value: &str) -> Option<String> {
        match property {
            Property::Service => self.of_host(value).map(|service| format!("{service} ({value})")),
            // Services on the way, and after the last one what it raised; as `Value` prints it.
            Property::Cause(_) => {
                let named = |step: &str| {
                    let (host, raised) = step.split_at(step.find(": ").unwrap_or(step.len()));
                    format!("{}{raised}", self.of_host(host).unwrap_or(host))
                };
                let steps: Vec<String> = value.split(" → ").map(named).collect();
                Some(steps.join(" → ")).filter(|label| label != value)
            }
            _ => None,
        }
    }

    fn of_host<'a>(&self, host: &str) -> Option<&'a str>
    where
        'l: 'a,
    {
        let host = NodeKey { name: host.to_owned(), kind: Some(REMOTE.to_owned()), account: None };
        Some(self.service_of(&host)?.name.as_str()).filter(|name| *name != host.name)
    }

    /// Whose fault it is that the trace failed: behind a balancer, the service that answers what was asked there.
    pub fn culprit<'a>(&self, digest: &'a TraceDigest) -> Option<&'a NodeKey>
    where
        'l: 'a,
    {
        let origin = digest.origin.as_ref()?;
        let service = || {
            let host = self.ledger.nodes.find(&origin.node);
            let is_dead = host.is_some_and(|host| self.dead.contains(&host));
            if origin.node_kind != NodeKind::Remote || is_dead {
                return None;
            }
            let operation = failing_operation(digest, origin);
            let operation = operation.and_then(|place| digest.operations.get(place as usize));
            let service = self.ledger.hosts.service(&origin.node, operation.map(String::as_str))?;
            self.ledger.nodes.get(service)
        };
        Some(service().unwrap_or(&origin.node))
    }
}
