//! Issues: failing traces grouped by where their failure began, so that the origin is named once and
//! its victims are not named as culprits.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use model::digest::{ExceptionDigest, FaultOrigin};
use model::minute::EdgeKind;
use model::{NodeKey, NodeKind, Timestamp, TraceDigest, TraceId};

use super::version::{Introduced, Versions, began_with};
use crate::trace::template;

/// One origin with one exception.
#[derive(Debug, Clone, PartialEq)]
pub struct Issue {
    pub node: NodeKey,
    pub node_kind: NodeKind,
    /// Who recorded the exception.
    pub witness: NodeKey,
    /// The message is that of the newest trace.
    pub exception: Option<ExceptionDigest>,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    /// Failing traces of this issue; all traces of the range are in [`Issues::total`].
    pub failing: u64,
    pub users: u64,
    /// Method and path of the most frequent entry request.
    pub entry: Option<String>,
    /// The nodes between the client and the origin, most affected first; the origin is not among them.
    pub affected: Vec<NodeKey>,
    /// The newest failing trace.
    pub example: TraceId,
    /// The version of the origin, of who saw it fail, or of a node that fails because of it, that was first seen
    /// shortly before.
    pub began_with: Option<Introduced>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Issues {
    /// By failing traces, descending.
    pub issues: Vec<Issue>,
    pub total: u64,
}

/// Issues told apart while traces come by. A service that puts an id into the name of each exception has no
/// more of them; its further ones count in the total alone.
const MAX_ISSUES: usize = 1_000;

/// Groups by origin and exception name. A message names ports, ids and hosts, so it does not group.
pub fn issues<'a>(digests: impl IntoIterator<Item = &'a TraceDigest>) -> Issues {
    let mut tally = Tally::default();
    for digest in digests {
        tally.add(digest);
    }
    tally.finish()
}

/// Issues in the making, for traces that come one by one and are not kept.
#[derive(Debug, Default)]
pub struct Tally {
    total: u64,
    groups: HashMap<(NodeKey, Option<String>), Group>,
    versions: Versions,
}

impl Tally {
    pub fn add(&mut self, digest: &TraceDigest) {
        self.total += 1;
        self.versions.add(digest);
        let Some(origin) = &digest.origin else { return };
        let exception = origin.exception.as_ref().and_then(|exception| exception.name.clone());
        let key = (origin.node.clone(), exception);
        if self.groups.len() >= MAX_ISSUES && !self.groups.contains_key(&key) {
            return;
        }
        self.groups.entry(key).or_insert_with(|| Group::new(origin, digest)).add(origin, digest);
    }

    pub fn finish(self) -> Issues {
        let introduced = if self.groups.is_empty() { Vec::new() } else { self.versions.introduced() };
        let mut issues: Vec<Issue> = self.groups.into_values().map(Group::into_issue).collect();
        for issue in &mut issues {
            let nodes = [&issue.node, &issue.witness].into_iter().chain(&issue.affected);
            issue.began_with = began_with(nodes, issue.first_seen, &introduced);
        }
        issues.sort_by(|a, b| {
            let order =
                |issue: &Issue| (Reverse(issue.failing), Reverse(issue.last_seen), Reverse(issue.example));
            order(a).cmp(&order(b)).then_with(|| a.node.cmp(&b.node))
        });
        Issues { issues, total: self.total }
    }
}

#[derive(Debug)]
struct Group {
    newest: (FaultOrigin, TraceId),
    first_seen: Timestamp,
    failing: u64,
    users: BTreeSet<String>,
    entries: BTreeMap<String, u64>,
    affected: BTreeMap<NodeKey, u64>,
}

impl Group {
    fn new(origin: &FaultOrigin, digest: &TraceDigest) -> Self {
        Self {
            newest: (origin.clone(), digest.id),
            first_seen: origin.at,
            failing: 0,
            users: BTreeSet::new(),
            entries: BTreeMap::new(),
            affected: BTreeMap::new(),
        }
    }

    fn add(&mut self, origin: &FaultOrigin, digest: &TraceDigest) {
        self.failing += 1;
        self.first_seen = self.first_seen.min(origin.at);
        if (origin.at, digest.id) > (self.newest.0.at, self.newest.1) {
            self.newest = (origin.clone(), digest.id);
        }
        self.users.extend(digest.users.iter().cloned());
        if let Some(entry) = entry(digest) {
            *self.entries.entry(entry).or_default() += 1;
        }
        for node in victims(digest, &origin.node) {
            match self.affected.get_mut(node) {
                Some(count) => *count += 1,
                None => drop(self.affected.insert(node.clone(), 1)),
            }
        }
    }

    fn into_issue(self) -> Issue {
        let (origin, example) = self.newest;
        let mut affected: Vec<(NodeKey, u64)> = self.affected.into_iter().collect();
        affected.sort_by_key(|&(_, count)| Reverse(count));
        // The last of equals is the first by name when they are looked through backwards.
        let entry = self.entries.into_iter().rev().max_by_key(|&(_, count)| count);
        Issue {
            last_seen: origin.at,
            node: origin.node,
            node_kind: origin.node_kind,
            witness: origin.witness,
            exception: origin.exception,
            first_seen: self.first_seen,
            failing: self.failing,
            users: self.users.len() as u64,
            entry: entry.map(|(entry, _)| entry),
            affected: affected.into_iter().map(|(node, _)| node).collect(),
            example,
            began_with: None,
        }
    }
}

/// The nodes with faults from which calls lead to the origin.
fn victims<'a>(digest: &'a TraceDigest, origin: &NodeKey) -> Vec<&'a NodeKey> {
    let mut callers: HashMap<u32, Vec<u32>> = HashMap::new();
    for edge in digest.edges.iter().filter(|edge| edge.kind == EdgeKind::Call) {
        callers.entry(edge.target).or_default().push(edge.source);
    }
    let mut reached = vec![false; digest.nodes.len()];
    let mut ahead: Vec<u32> =
        (0..).zip(&digest.nodes).filter(|(_, node)| node.key == *origin).map(|(index, _)| index).collect();
    let mut victims = Vec::new();
    while let Some(index) = ahead.pop() {
        if std::mem::replace(&mut reached[index as usize], true) {
            continue;
        }
        let node = &digest.nodes[index as usize];
        if node.key != *origin && node.requests.iter().any(|request| request.flags.fault) {
            victims.push(&node.key);
        }
        ahead.extend(callers.get(&index).into_iter().flatten());
    }
    victims
}

/// The nodes between the client and the origin that failed because of it or made a call that did, by their places among
/// the digest's nodes.
pub(crate) fn affected(digest: &TraceDigest, origin: &NodeKey) -> Vec<u32> {
    let victims = victims(digest, origin);
    let caught = |edge: &&model::digest::EdgeDigest| {
        edge.kind == EdgeKind::Call && edge.requests.iter().any(|request| request.flags.any())
    };
    let callers: BTreeSet<u32> = digest.edges.iter().filter(caught).map(|edge| edge.source).collect();
    let is_affected = |&(place, node): &(u32, &model::digest::NodeDigest)| {
        node.key != *origin
            && node.kind != NodeKind::Client
            && (callers.contains(&place) || victims.contains(&&node.key))
    };
    (0..).zip(&digest.nodes).filter(is_affected).map(|(place, _)| place).collect()
}

/// Method and path of the root's request without ids.
pub(crate) fn entry_template(digest: &TraceDigest) -> Option<String> {
    let http = &digest.root.as_ref()?.http;
    Some(template::operation(http.method.as_deref(), http.url.as_deref()?))
}

/// `POST /checkout`: method and path of the root's request, without scheme, host and query.
fn entry(digest: &TraceDigest) -> Option<String> {
    let http = &digest.root.as_ref()?.http;
    let url = http.url.as_deref()?;
    let url = url.split(['?', '#']).next().unwrap_or(url);
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |slash| &rest[slash..]),
        None => url,
    };
    Some(match &http.method {
        Some(method) => format!("{method} {path}"),
        None => path.to_owned(),
    })
}
