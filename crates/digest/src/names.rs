//! Which names of a minute are counted by themselves: those that came first. All others are summed under one name.
//!
//! A service that names itself anew with each request would otherwise make a row of every request, and take memory and the
//! map from everybody. What a subject adds to a minute always goes to the same row, whenever it comes: what is counted by
//! itself stays so, and a minute that has a row of other names takes no further ones, restarts included, since the rows of
//! the store say both.

mod flood;

use std::collections::hash_map::RandomState;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, Hash};

use model::minute::{MinuteKey, MinuteRow, Subject};
use model::node::OTHER_NAMES;
use model::{Micros, Minute, NodeKey};

pub use self::flood::Flood;
use crate::{metrics, reduce};

/// Nodes, edges, and other names of edges that a group and minute counts by themselves.
const NODES: usize = 2_000;
const EDGES: usize = 10_000;
const ALIASES: usize = 10_000;
/// Nodes that a group counts by themselves over a while: a long window must not find as many as it has minutes times
/// [`NODES`]. Names that were there before a flood are among them, so the flood takes nobody's place.
const NODES_OF_A_WHILE: usize = 4_000;
const WHILE: Micros = Micros::from_secs(3 * 60 * 60);
/// Types of other names that have a row each; senders choose types as well.
const KINDS: usize = 16;
/// Names that are remembered, over all minutes and groups; eight bytes each, and as much again for the table.
const REMEMBERED: usize = 400_000;

/// A minute of a group.
pub(crate) type Cell = (Minute, String);

#[derive(Debug, Default)]
pub(crate) struct Names {
    cells: HashMap<Cell, Admitted>,
    /// As they were learned.
    order: VecDeque<Cell>,
    recent: HashMap<String, Recent>,
    hasher: RandomState,
    pub(crate) flood: Flood,
}

/// What a cell counts by itself, as hashes.
#[derive(Debug, Default)]
struct Admitted {
    nodes: HashSet<u64>,
    edges: HashSet<u64>,
    aliases: HashSet<u64>,
    /// Types that have a row of other names.
    kinds: BTreeSet<Option<String>>,
    has_other_nodes: bool,
    has_other_edges: bool,
}

/// The nodes of a group in the newest while and the one before it.
#[derive(Debug, Default)]
struct Recent {
    began: Minute,
    nodes: HashSet<u64>,
    before: HashSet<u64>,
}

impl Names {
    /// The cells of these rows of which nothing is known.
    pub(crate) fn unknown(&self, rows: &[MinuteRow]) -> BTreeSet<Cell> {
        let cells = rows.iter().map(|row| (row.key.minute, row.key.group.clone()));
        cells.filter(|cell| !self.cells.contains_key(cell)).collect()
    }

    /// Takes up a cell as the store holds it.
    pub(crate) fn learn(&mut self, cell: Cell, rows: &[MinuteRow]) {
        let mut admitted = Admitted::default();
        for row in rows {
            match &row.key.subject {
                Subject::Node(node) => admitted.learn_node(node, &self.hasher),
                Subject::Edge { source, target, .. } => {
                    admitted.learn_node(source, &self.hasher);
                    admitted.learn_node(target, &self.hasher);
                    admitted.has_other_edges |= is_other(source) && is_other(target);
                    admitted.edges.insert(self.hasher.hash_one(&row.key.subject));
                    let aliases = row.stats.aliases.keys().map(|alias| (&row.key.subject, alias));
                    admitted.aliases.extend(aliases.map(|alias| self.hasher.hash_one(alias)));
                }
            }
        }
        self.order.push_back(cell.clone());
        self.cells.insert(cell, admitted);
        self.forget();
    }

    /// Takes up a cell of which the store cannot tell what it counts by itself: nothing more is.
    pub(crate) fn close(&mut self, cell: Cell) {
        let closed = Admitted { has_other_nodes: true, has_other_edges: true, ..Admitted::default() };
        self.order.push_back(cell.clone());
        self.cells.insert(cell, closed);
        self.forget();
    }

    /// The rows with what is beyond the bounds summed under other names. Every cell must have been learned; the rows must be
    /// in the order of their keys.
    pub(crate) fn bound(&mut self, rows: Vec<MinuteRow>) -> Vec<MinuteRow> {
        let mut moved = false;
        let mut bounded = Vec::with_capacity(rows.len());
        for mut row in rows {
            let subject = self.subject(&row.key);
            if subject != row.key.subject {
                moved = true;
                metrics::OTHER_NAMES.inc();
                self.flood.note(&row.key);
                row.key.subject = subject;
                row.stats.aliases.clear();
            } else if !row.stats.aliases.is_empty() {
                self.bound_aliases(&mut row);
            }
            bounded.push(row);
        }
        if moved { reduce::merge(bounded) } else { bounded }
    }

    /// As what a subject is counted.
    fn subject(&mut self, key: &MinuteKey) -> Subject {
        let cell = (key.minute, key.group.clone());
        let recent = self.recent.entry(key.group.clone()).or_default();
        recent.turn(key.minute);
        // A cell that was forgotten between being learned and now counts as new; there are far fewer in a round.
        let admitted = self.cells.entry(cell).or_default();
        match &key.subject {
            Subject::Node(node) => Subject::Node(admitted.node(node, recent, &self.hasher)),
            Subject::Edge { source, target, kind } => {
                let source = admitted.node(source, recent, &self.hasher);
                let target = admitted.node(target, recent, &self.hasher);
                let edge = Subject::Edge { source, target, kind: *kind };
                admitted.edge(edge, &self.hasher)
            }
        }
    }

    fn bound_aliases(&mut self, row: &mut MinuteRow) {
        let admitted = self.cells.entry((row.key.minute, row.key.group.clone())).or_default();
        let (hasher, subject) = (&self.hasher, &row.key.subject);
        row.stats.aliases.retain(|alias, _| admit(&mut admitted.aliases, ALIASES, hasher, &(subject, alias)));
    }

    /// The oldest cells go first; should one be asked for again, the store knows it.
    fn forget(&mut self) {
        let size = |admitted: &Admitted| admitted.nodes.len() + admitted.edges.len() + admitted.aliases.len();
        let mut total: usize = self.cells.values().map(size).sum();
        while total > REMEMBERED && self.order.len() > 1 {
            let Some(oldest) = self.order.pop_front() else { break };
            total -= self.cells.remove(&oldest).as_ref().map_or(0, size);
        }
        // Cells of next to nothing as well.
        while self.order.len() > REMEMBERED / 100 {
            let Some(oldest) = self.order.pop_front() else { break };
            self.cells.remove(&oldest);
        }
    }
}

impl Admitted {
    fn learn_node(&mut self, node: &NodeKey, hasher: &RandomState) {
        if is_other(node) {
            self.has_other_nodes = true;
            self.kinds.insert(node.kind.clone());
        } else {
            self.nodes.insert(hasher.hash_one(node));
        }
    }

    fn node(&mut self, node: &NodeKey, recent: &mut Recent, hasher: &RandomState) -> NodeKey {
        let hash = hasher.hash_one(node);
        if self.nodes.contains(&hash) {
            return node.clone();
        }
        if !self.has_other_nodes && self.nodes.len() < NODES && recent.admits(hash) {
            self.nodes.insert(hash);
            return node.clone();
        }
        self.has_other_nodes = true;
        NodeKey { name: OTHER_NAMES.to_owned(), kind: self.kind(node.kind.as_ref()), account: None }
    }

    fn kind(&mut self, kind: Option<&String>) -> Option<String> {
        let kind = kind.cloned();
        if !self.kinds.contains(&kind) && self.kinds.len() >= KINDS {
            return None;
        }
        self.kinds.insert(kind.clone());
        kind
    }

    fn edge(&mut self, edge: Subject, hasher: &RandomState) -> Subject {
        let room = if self.has_other_edges { 0 } else { EDGES };
        if admit(&mut self.edges, room, hasher, &edge) {
            return edge;
        }
        let Subject::Edge { kind, .. } = edge else { return edge };
        self.has_other_edges = true;
        let other = || NodeKey { name: OTHER_NAMES.to_owned(), kind: None, account: None };
        Subject::Edge { source: other(), target: other(), kind }
    }
}

impl Recent {
    /// Begins the next while where the minute lies in it.
    fn turn(&mut self, minute: Minute) {
        let length = (WHILE.0 / Micros::from_secs(60).0) as i64;
        if minute.0.saturating_sub(self.began.0) >= length {
            self.began = minute;
            self.before = std::mem::take(&mut self.nodes);
        }
    }

    fn admits(&mut self, node: u64) -> bool {
        if self.nodes.contains(&node) {
            return true;
        }
        // Who was there before comes in again whatever else is new.
        if self.nodes.len() >= NODES_OF_A_WHILE && !self.before.contains(&node) {
            return false;
        }
        self.nodes.insert(node);
        true
    }
}

/// Whether it is among those that are counted by themselves, or may come among them.
fn admit(among: &mut HashSet<u64>, room: usize, hasher: &RandomState, one: &impl Hash) -> bool {
    let hash = hasher.hash_one(one);
    among.contains(&hash) || (among.len() < room && among.insert(hash))
}

fn is_other(node: &NodeKey) -> bool {
    node.name == OTHER_NAMES
}

#[cfg(test)]
mod tests;
