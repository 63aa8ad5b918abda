//! Nodes that are far slower than they used to be, found in the minutes of a range.
//!
//! What is usual is the 99th percentile of the node's early minutes. A minute is slow when many of its requests
//! take more than twice that, which hardly any request of a usual minute does. A node is slow when its newest minutes
//! are; one that waits for a slow node is not named itself, but as affected.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use model::minute::{EdgeKind, MinuteRow, Stats, Subject};
use model::{Micros, Minute, NodeKey, Sketch, Timestamp};

/// Share of the minutes with data that tell what is usual; the earliest ones.
const USUAL_SHARE: f64 = 0.5;
/// Fewer requests tell nothing of a 99th percentile.
const LEAST_USUAL: i64 = 50;
/// Above this many times the usual 99th percentile a request is slow.
const SLOW_FACTOR: u64 = 2;
/// A few milliseconds more are no problem, whatever the ratio.
const LEAST_SLOWER: Micros = Micros::from_millis(20);
/// In a slow minute at least this share of the requests are slow, and at least so many.
const SLOW_SHARE: f64 = 0.05;
const LEAST_SLOW: i64 = 3;
/// So many minutes at the end may be quiet or incomplete: the newest has only begun, and few requests come at night.
const QUIET_MINUTES: i64 = 2;

#[derive(Debug, Clone, PartialEq)]
pub struct Slowdown {
    pub node: NodeKey,
    /// The first slow minute since which all were, but for single ones.
    pub since: Timestamp,
    /// The end of the last slow minute.
    pub until: Timestamp,
    pub usual_p99: Micros,
    /// Since it began.
    pub p99: Micros,
    /// Requests since it began that took more than twice the usual; then all.
    pub slow: i64,
    pub total: i64,
    /// Nodes that are slow since they wait for this one.
    pub affected: Vec<NodeKey>,
}

/// Slow nodes at the end of the rows, by slow requests, descending.
pub fn slowdowns(rows: &[MinuteRow]) -> Vec<Slowdown> {
    let mut nodes: BTreeMap<&NodeKey, BTreeMap<Minute, Stats>> = BTreeMap::new();
    for row in rows {
        if let Subject::Node(key) = &row.key.subject {
            nodes.entry(key).or_default().entry(row.key.minute).or_default().merge(&row.stats);
        }
    }
    let Some(newest) = nodes.values().filter_map(|minutes| minutes.keys().next_back()).max().copied() else {
        return Vec::new();
    };
    let slow: Vec<Slowdown> =
        nodes.iter().filter_map(|(key, minutes)| slowdown((*key).clone(), minutes, newest)).collect();
    let mut slow = without_victims(&slow, rows);
    slow.sort_by(|a, b| Reverse(a.slow).cmp(&Reverse(b.slow)).then_with(|| a.node.cmp(&b.node)));
    slow
}

fn slowdown(node: NodeKey, minutes: &BTreeMap<Minute, Stats>, newest: Minute) -> Option<Slowdown> {
    let timed: Vec<(Minute, &Sketch)> = minutes
        .iter()
        .map(|(minute, stats)| (*minute, &stats.response_times))
        .filter(|(_, times)| times.count() > 0)
        .collect();
    let (early, late) = timed.split_at((timed.len() as f64 * USUAL_SHARE) as usize);
    let usual = sum(early);
    if usual.count() < LEAST_USUAL {
        return None;
    }
    let usual_p99 = usual.quantile(0.99)?;
    let slow_above = Micros((usual_p99.0 * SLOW_FACTOR).max(usual_p99.0 + LEAST_SLOWER.0));
    let is_slow = |times: &Sketch| {
        let slow = count_above(times, slow_above);
        slow >= LEAST_SLOW && slow as f64 >= times.count() as f64 * SLOW_SHARE
    };
    let last = late.iter().rposition(|(_, times)| is_slow(times))?;
    if newest.0 - late[last].0.0 > QUIET_MINUTES {
        return None;
    }
    let mut first = last;
    while let Some(earlier) = late[..first].iter().rposition(|(_, times)| is_slow(times)) {
        if first - earlier > 2 {
            break;
        }
        first = earlier;
    }
    let since = sum(&late[first..]);
    Some(Slowdown {
        node,
        since: late[first].0.start(),
        until: late[last].0.end(),
        usual_p99,
        p99: since.quantile(0.99)?,
        slow: count_above(&since, slow_above),
        total: since.count(),
        affected: Vec::new(),
    })
}

fn sum(minutes: &[(Minute, &Sketch)]) -> Sketch {
    let mut sum = Sketch::default();
    for (_, times) in minutes {
        sum.merge(times);
    }
    sum
}

fn count_above(times: &Sketch, limit: Micros) -> i64 {
    times.buckets().filter(|(value, _)| *value > limit).map(|(_, count)| count).sum()
}

/// Takes those away that call a slow node, and tells the deepest one of them.
fn without_victims(slow: &[Slowdown], rows: &[MinuteRow]) -> Vec<Slowdown> {
    let index: BTreeMap<&NodeKey, usize> = slow.iter().map(|one| &one.node).zip(0..).collect();
    let mut callees: Vec<Vec<usize>> = vec![Vec::new(); slow.len()];
    for row in rows {
        let Subject::Edge { source, target, kind: EdgeKind::Call } = &row.key.subject else { continue };
        if let (Some(&source), Some(&target)) = (index.get(source), index.get(target))
            && source != target
            && !callees[source].contains(&target)
        {
            callees[source].push(target);
        }
    }
    let origins: Vec<usize> = (0..slow.len()).filter(|&one| callees[one].is_empty()).collect();
    // Nodes that only call each other in a circle name no origin; all of them are told.
    let origins = if origins.is_empty() { (0..slow.len()).collect() } else { origins };
    let waits_for = |from: usize, origin: usize| {
        let mut ahead = vec![from];
        let mut reached = vec![false; slow.len()];
        while let Some(at) = ahead.pop() {
            if at == origin {
                return true;
            }
            if !std::mem::replace(&mut reached[at], true) {
                ahead.extend(&callees[at]);
            }
        }
        false
    };
    let affected = |origin: usize| {
        let others = (0..slow.len()).filter(|one| !origins.contains(one) && waits_for(*one, origin));
        others.map(|one| slow[one].node.clone()).collect()
    };
    origins.iter().map(|&origin| Slowdown { affected: affected(origin), ..slow[origin].clone() }).collect()
}
