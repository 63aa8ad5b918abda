//! The map as a tree: from those whom clients call to those whom they call.

use std::collections::{HashMap, HashSet};

use crate::shape::{Edge, Graph, Node, Stats};

/// Deeper than people follow. A map of circles alone could go on for ever otherwise.
const MAX_DEPTH: usize = 32;
/// Rows of a tree.
const MAX_ROWS: usize = 2_000;

#[derive(Debug)]
pub(super) struct Branch<'a> {
    pub(super) depth: usize,
    pub(super) node: &'a Node,
    /// Of the calls to it from above; of a root, its own.
    pub(super) stats: &'a Stats,
    /// It stands with what it calls further up.
    pub(super) is_again: bool,
}

/// Roots are those that a client calls, else those that nobody calls, else the first of each circle. What is called most
/// stands first. What several call stands with its own calls where it is met first, and as a leaf elsewhere.
pub(super) fn branches(graph: &Graph) -> Vec<Branch<'_>> {
    let nodes: HashMap<&str, &Node> = graph.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let mut calls: HashMap<&str, Vec<&Edge>> = HashMap::new();
    for edge in graph.edges.iter().filter(|edge| !edge.is_link) {
        calls.entry(&edge.source).or_default().push(edge);
    }
    for edges in calls.values_mut() {
        edges.sort_by_key(|edge| (-edge.stats.total, edge.target.as_str()));
    }
    let mut walk = Walk { nodes: &nodes, calls: &calls, met: HashSet::new(), rows: Vec::new() };
    let clients = graph.nodes.iter().filter(|node| node.role == "client");
    for edge in clients.filter_map(|client| calls.get(client.id.as_str())).flatten() {
        walk.root(&edge.target);
    }
    let called: HashSet<&str> = graph.edges.iter().map(|edge| edge.target.as_str()).collect();
    let services = || graph.nodes.iter().filter(|node| node.role != "client");
    for node in services().filter(|node| !called.contains(node.id.as_str())) {
        walk.root(&node.id);
    }
    services().for_each(|node| walk.root(&node.id));
    walk.rows
}

struct Walk<'a, 'b> {
    nodes: &'b HashMap<&'a str, &'a Node>,
    calls: &'b HashMap<&'a str, Vec<&'a Edge>>,
    met: HashSet<&'a str>,
    rows: Vec<Branch<'a>>,
}

impl<'a> Walk<'a, '_> {
    /// Unless it stands somewhere already.
    fn root(&mut self, id: &str) {
        if let Some(node) = self.nodes.get(id).copied().filter(|node| !self.met.contains(node.id.as_str())) {
            self.enter(node, &node.stats, 0);
        }
    }

    fn enter(&mut self, node: &'a Node, stats: &'a Stats, depth: usize) {
        if self.rows.len() >= MAX_ROWS {
            return;
        }
        let is_again = !self.met.insert(&node.id);
        self.rows.push(Branch { depth, node, stats, is_again });
        if is_again || depth == MAX_DEPTH {
            return;
        }
        for edge in self.calls.get(node.id.as_str()).into_iter().flatten() {
            if let Some(target) = self.nodes.get(edge.target.as_str()) {
                self.enter(target, &edge.stats, depth + 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(roles: &[(&str, &str)], edges: &[(&str, &str, i64)]) -> String {
        let node = |(id, role): &(&str, &str)| Node {
            id: (*id).to_owned(),
            name: (*id).to_owned(),
            role: (*role).to_owned(),
            stats: Stats::default(),
        };
        let edge = |(source, target, total): &(&str, &str, i64)| Edge {
            source: (*source).to_owned(),
            target: (*target).to_owned(),
            is_link: false,
            stats: Stats { total: *total, ..Stats::default() },
        };
        let graph =
            Graph { nodes: roles.iter().map(node).collect(), edges: edges.iter().map(edge).collect() };
        let line = |branch: &Branch<'_>| {
            format!(
                "{}{}{}",
                "-".repeat(branch.depth),
                branch.node.name,
                if branch.is_again { "*" } else { "" }
            )
        };
        branches(&graph).iter().map(line).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn calls_hang_below_their_callers_the_busiest_first() {
        let roles =
            [("client", "client"), ("web", "service"), ("a", "service"), ("b", "service"), ("db", "remote")];
        let edges = [("client", "web", 9), ("web", "a", 3), ("web", "b", 6), ("a", "db", 3), ("b", "db", 6)];
        assert_eq!(drawn(&roles, &edges), "web -b --db -a --db*");
    }

    #[test]
    fn a_circle_ends_and_nobody_is_left_out() {
        let roles = [("a", "service"), ("b", "service"), ("job", "service")];
        let edges = [("a", "b", 1), ("b", "a", 1), ("b", "gone", 1)];
        assert_eq!(drawn(&roles, &edges), "job a -b --a*");
    }
}
