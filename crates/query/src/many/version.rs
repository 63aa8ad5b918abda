//! Which versions of a service appeared while others were already at work: what a deployment looks like in traces.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use model::{Micros, Minute, NodeKey, Timestamp, TraceDigest};

/// Versions told apart. A service that puts the time into its version has no more of them.
const MAX_VERSIONS: usize = 1_000;
/// How many requests of a new version would have been expected among those before it, had it been there all the
/// time. Five: that none of them was seen is then chance less than once in a hundred (e⁻⁵).
const EXPECTED: f64 = 5.0;

/// A version that was first seen when the node had worked without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introduced {
    pub node: NodeKey,
    pub version: String,
    pub at: Timestamp,
    /// Requests of it since.
    pub requests: u64,
}

/// A version that is older than this when something begins did not bring it.
const CHANGE_BEFORE: Micros = Micros::from_secs(15 * 60);

/// The newest version that was first seen shortly before `since`, of the first of these nodes that has one: those nearest to
/// the origin come first.
pub fn began_with<'a>(
    nodes: impl IntoIterator<Item = &'a NodeKey>,
    since: Timestamp,
    introduced: &[Introduced],
) -> Option<Introduced> {
    let earliest = since.minus(CHANGE_BEFORE);
    let change_of = |node: &NodeKey| {
        let of_node = introduced.iter().filter(|one| one.node == *node);
        of_node.filter(|one| one.at >= earliest && one.at <= since).max_by_key(|one| one.at)
    };
    nodes.into_iter().find_map(change_of).cloned()
}

/// A version is new for so long, where the node answered so many traces without it.
const NEW_FOR: Micros = Micros::from_secs(3 * 60);
const WITHOUT: u64 = 50;

/// Versions in the making, for traces that come one by one in any order.
#[derive(Debug, Default)]
pub struct Versions {
    nodes: HashMap<NodeKey, BTreeMap<String, Seen>>,
    known: usize,
}

#[derive(Debug)]
struct Seen {
    first: Timestamp,
    /// Traces that start in each minute.
    minutes: BTreeMap<Minute, u64>,
}

impl Versions {
    pub fn add(&mut self, digest: &TraceDigest) {
        for (node, version) in &digest.versions {
            let Some(node) = digest.nodes.get(*node as usize) else { continue };
            let is_known =
                self.nodes.get(&node.key).is_some_and(|versions| versions.contains_key(version.as_str()));
            if !is_known {
                if self.known >= MAX_VERSIONS {
                    continue;
                }
                self.known += 1;
            }
            let versions = self.nodes.entry(node.key.clone()).or_default();
            let seen = versions
                .entry(version.clone())
                .or_insert_with(|| Seen { first: digest.start, minutes: BTreeMap::new() });
            seen.first = seen.first.min(digest.start);
            *seen.minutes.entry(digest.start.minute()).or_default() += 1;
        }
    }

    /// Whether the version was first seen minutes before, by a node that had done enough work without it.
    pub fn is_new(&self, node: &NodeKey, version: &str, at: Timestamp) -> bool {
        let Some(versions) = self.nodes.get(node) else { return false };
        let Some(seen) = versions.get(version) else { return false };
        let others = versions.iter().filter(|(other, _)| *other != version);
        let before: u64 = others.flat_map(|(_, seen)| seen.minutes.values()).sum();
        at <= seen.first.plus(NEW_FOR) && before >= WITHOUT
    }

    /// Lets go of counts from before. A version stays known, and so does when it was first seen.
    pub fn forget_before(&mut self, minute: Minute) {
        for seen in self.nodes.values_mut().flat_map(BTreeMap::values_mut) {
            seen.minutes = seen.minutes.split_off(&minute);
        }
    }

    /// By time, ascending.
    pub fn introduced(&self) -> Vec<Introduced> {
        let mut introduced: Vec<Introduced> =
            self.nodes.iter().flat_map(|(node, versions)| introduced_of(node, versions)).collect();
        introduced.sort_by(|a, b| {
            a.at.cmp(&b.at).then_with(|| a.node.cmp(&b.node)).then_with(|| a.version.cmp(&b.version))
        });
        introduced
    }
}

fn introduced_of<'a>(
    node: &'a NodeKey,
    versions: &'a BTreeMap<String, Seen>,
) -> impl Iterator<Item = Introduced> + 'a {
    versions.iter().filter_map(move |(version, seen)| {
        let minute = seen.first.minute();
        let requests: u64 = seen.minutes.values().sum();
        let count = |pick: &dyn Fn(Minute) -> bool| -> u64 {
            let all = versions.values().flat_map(|seen| &seen.minutes);
            all.filter(|(at, _)| pick(**at)).map(|(_, count)| count).sum()
        };
        let (before, since) = (count(&|at| at < minute), count(&|at| at >= minute));
        let expected = before as f64 * requests as f64 / since.max(1) as f64;
        (expected >= EXPECTED).then(|| Introduced {
            node: node.clone(),
            version: version.clone(),
            at: seen.first,
            requests,
        })
    })
}
