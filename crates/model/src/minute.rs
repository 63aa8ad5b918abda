//! Rollups: what traces added to one node or edge of one group in one minute of receipt.
//!
//! A row is a sum, so rows of the same key add up in any order, and a late segment is written as the
//! difference that it makes. `presence` counts contributions: a row whose presence came back to zero is
//! as if it had never been.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::node::{NodeKey, NodeKind};
use crate::segment::Outcome;
use crate::sketch::Sketch;
use crate::time::{Micros, Minute, Timestamp};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MinuteKey {
    pub minute: Minute,
    /// The name of a group; [`crate::group::DEFAULT`] takes every trace.
    pub group: String,
    pub subject: Subject,
}

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Subject {
    Node(NodeKey),
    Edge { source: NodeKey, target: NodeKey, kind: EdgeKind },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EdgeKind {
    /// A request that waits for its answer, counted from the caller's side.
    Call,
    /// A link between traces; only the age of received events is known.
    Link,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MinuteRow {
    pub key: MinuteKey,
    pub stats: Stats,
}

/// Sums over requests.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stats {
    pub counts: Counts,
    /// The sum of all response times, in microseconds.
    pub response_time_total: i64,
    pub response_times: Sketch,
    /// Nodes only: the envelope of a segment and its attached subsegments.
    pub durations: Sketch,
    /// How many contributions there are, those without a finished request included.
    pub presence: i64,
    /// Nodes only: how often the node was the root of a trace.
    pub roots: i64,
    /// Nodes only: how the node was known, with how often.
    #[serde(with = "pairs")]
    pub kinds: BTreeMap<NodeKind, i64>,
    /// Edges only: the other names by which the caller called the target, each with how often.
    #[serde(with = "pairs")]
    pub aliases: BTreeMap<Alias, i64>,
    /// The earliest and latest start of a contributing trace. These only widen; a difference cannot narrow them.
    pub first_start: Option<Timestamp>,
    pub last_start: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    pub ok: i64,
    pub error: i64,
    pub throttle: i64,
    pub fault: i64,
}

/// A name under which a caller knows a callee that calls itself something else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Alias {
    pub name: String,
    pub kind: Option<String>,
}

impl Counts {
    pub fn total(self) -> i64 {
        self.ok + self.error + self.throttle + self.fault
    }

    pub fn add(&mut self, outcome: Outcome, by: i64) {
        match outcome {
            Outcome::Ok => self.ok += by,
            Outcome::Error => self.error += by,
            Outcome::Throttle => self.throttle += by,
            Outcome::Fault => self.fault += by,
        }
    }

    pub fn merge(&mut self, other: Self) {
        self.combine(other, 1);
    }

    fn combine(&mut self, other: Self, sign: i64) {
        self.ok += sign * other.ok;
        self.error += sign * other.error;
        self.throttle += sign * other.throttle;
        self.fault += sign * other.fault;
    }
}

impl Stats {
    /// Counts one finished request.
    pub fn record(&mut self, outcome: Outcome, response_time: Micros) {
        self.record_by(outcome, response_time, 1);
    }

    /// Counts a finished request so many times; -1 takes one back.
    pub fn record_by(&mut self, outcome: Outcome, response_time: Micros, by: i64) {
        let total = i64::try_from(response_time.0).unwrap_or(i64::MAX).saturating_mul(by);
        self.counts.add(outcome, by);
        self.response_time_total = self.response_time_total.saturating_add(total);
        self.response_times.insert_by(response_time, by);
    }

    pub fn merge(&mut self, other: &Self) {
        self.combine(other, 1);
        self.response_times.merge(&other.response_times);
        self.durations.merge(&other.durations);
    }

    pub fn subtract(&mut self, other: &Self) {
        self.combine(other, -1);
        self.response_times.subtract(&other.response_times);
        self.durations.subtract(&other.durations);
    }

    /// Whether adding this changes nothing.
    pub fn is_nothing(&self) -> bool {
        self.presence == 0
            && self.counts == Counts::default()
            && self.response_time_total == 0
            && self.roots == 0
            && self.response_times.is_empty()
            && self.durations.is_empty()
            && self.kinds.is_empty()
            && self.aliases.is_empty()
    }

    fn combine(&mut self, other: &Self, sign: i64) {
        self.counts.combine(other.counts, sign);
        self.response_time_total =
            self.response_time_total.saturating_add(sign.saturating_mul(other.response_time_total));
        self.presence += sign * other.presence;
        self.roots += sign * other.roots;
        combine_counts(&mut self.kinds, &other.kinds, sign);
        combine_counts(&mut self.aliases, &other.aliases, sign);
        self.first_start = [self.first_start, other.first_start].into_iter().flatten().min();
        self.last_start = self.last_start.max(other.last_start);
    }
}

fn combine_counts<K: Ord + Clone>(into: &mut BTreeMap<K, i64>, from: &BTreeMap<K, i64>, sign: i64) {
    for (key, count) in from {
        let held = into.entry(key.clone()).or_default();
        *held += sign * count;
        if *held == 0 {
            into.remove(key);
        }
    }
}

/// A map as a list of pairs, since the keys of a JSON object can only be strings.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<K, S>(map: &BTreeMap<K, i64>, serializer: S) -> Result<S::Ok, S::Error>
    where
        K: Serialize,
        S: Serializer,
    {
        serializer.collect_seq(map)
    }

    pub(super) fn deserialize<'de, K, D>(deserializer: D) -> Result<BTreeMap<K, i64>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        D: Deserializer<'de>,
    {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contribution_that_is_withdrawn_leaves_nothing() {
        let mut one = Stats { presence: 1, ..Stats::default() };
        one.record(Outcome::Fault, Micros(800_000));
        one.kinds.insert(NodeKind::Remote, 1);
        let mut sum = one.clone();
        sum.subtract(&one);
        assert!(sum.is_nothing());
    }
}
