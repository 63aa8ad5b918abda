//! What a digest adds to the minutes, and the difference that a revision makes.
//!
//! A request counts in the minute of receipt that decided it, in a group at the earliest in the minute in
//! which the trace joined the group (docs/xray.md 4.7). Since a difference is always taken between two whole
//! contributions, the sum of all differences is the newest contribution (`RU-1`).

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use model::digest::{EdgeDigest, Request};
use model::minute::{MinuteKey, MinuteRow, Stats, Subject};
use model::{Minute, NodeKind, TraceDigest, group};

/// Everything that this digest adds, one row per key.
pub fn contribution(digest: &TraceDigest) -> Vec<MinuteRow> {
    let mut rows = default_rows(digest);
    for (group, joined) in &digest.groups {
        add_group(digest, group, *joined, &mut rows);
    }
    into_rows(rows)
}

/// What must be added to the minutes when `new` takes the place of `old`, so that no request is ever
/// counted twice. Rows that change nothing are left out, also where the trace turned out to start earlier:
/// that would write every row of a trace again for a graph's start time, which is in whole seconds.
pub fn difference(old: Option<&TraceDigest>, new: &TraceDigest) -> Vec<MinuteRow> {
    let mut rows: Rows = contribution(new).into_iter().map(|row| (row.key, row.stats)).collect();
    for row in old.map(contribution).unwrap_or_default() {
        rows.entry(row.key).or_default().subtract(&row.stats);
    }
    rows.retain(|_, stats| !stats.is_nothing());
    into_rows(rows)
}

/// What the digest adds to the default group alone.
pub(crate) fn default_contribution(digest: &TraceDigest) -> Vec<MinuteRow> {
    into_rows(default_rows(digest))
}

type Rows = BTreeMap<MinuteKey, Stats>;

fn into_rows(rows: Rows) -> Vec<MinuteRow> {
    rows.into_iter().map(|(key, stats)| MinuteRow { key, stats }).collect()
}

fn default_rows(digest: &TraceDigest) -> Rows {
    let mut rows = Rows::new();
    add_group(digest, group::DEFAULT, Minute(i64::MIN), &mut rows);
    rows
}

fn add_group(digest: &TraceDigest, group: &str, joined: Minute, rows: &mut Rows) {
    for node in &digest.nodes {
        let subject = Subject::Node(node.key.clone());
        for request in &node.requests {
            let stats = rows.entry(key(group, joined, request, &subject)).or_default();
            touch_node(stats, digest, node.kind);
            record(stats, request);
        }
    }
    for edge in &digest.edges {
        let [source, target] = [edge.source, edge.target].map(|node| &digest.nodes[node as usize]);
        let subject =
            Subject::Edge { source: source.key.clone(), target: target.key.clone(), kind: edge.kind };
        let mut aliased: BTreeSet<Minute> = BTreeSet::new();
        for request in &edge.requests {
            let key = key(group, joined, request, &subject);
            let is_first_of_minute = aliased.insert(key.minute);
            let stats = rows.entry(key).or_default();
            touch(stats, digest);
            record(stats, request);
            if is_first_of_minute {
                stats.aliases.extend(edge.aliases.iter().map(|alias| (alias.clone(), 1)));
            }
        }
        if source.kind == NodeKind::Client {
            add_client(digest, (group, joined), edge, rows);
        }
    }
}

/// A client has no requests of its own, and is there because somebody came over its edge; where that edge
/// leads is a root.
fn add_client(digest: &TraceDigest, (group, joined): (&str, Minute), edge: &EdgeDigest, rows: &mut Rows) {
    let [client, root] =
        [edge.source, edge.target].map(|node| Subject::Node(digest.nodes[node as usize].key.clone()));
    for request in &edge.requests {
        touch_node(rows.entry(key(group, joined, request, &client)).or_default(), digest, NodeKind::Client);
        rows.entry(key(group, joined, request, &root)).or_default().roots += 1;
    }
}

fn key(group: &str, joined: Minute, request: &Request, subject: &Subject) -> MinuteKey {
    MinuteKey { minute: request.minute.max(joined), group: group.to_owned(), subject: subject.clone() }
}

fn touch_node(stats: &mut Stats, digest: &TraceDigest, kind: NodeKind) {
    touch(stats, digest);
    *stats.kinds.entry(kind).or_default() += 1;
}

fn touch(stats: &mut Stats, digest: &TraceDigest) {
    stats.presence += 1;
    stats.first_start = Some(stats.first_start.map_or(digest.start, |start| start.min(digest.start)));
    stats.last_start = stats.last_start.max(Some(digest.start));
}

fn record(stats: &mut Stats, request: &Request) {
    if let Some(response_time) = request.response_time {
        stats.record(request.flags.outcome(), response_time);
        if let Some(duration) = request.duration {
            stats.durations.insert(duration);
        }
    }
}
