//! A range as a row of short frames, each with what nodes and edges did in it, so that the spread of a failure can
//! be watched. Rollups have whole minutes, and a failure spreads within seconds; so frames are made from digests.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use model::digest::Request;
use model::minute::{Counts, EdgeKind};
use model::{Micros, NodeKey, TimeRange, Timestamp, TraceDigest};

/// What was counted for one node or edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    pub counts: Counts,
    pub response_time_total: u64,
}

impl Tally {
    pub fn merge(&mut self, other: &Self) {
        self.counts.merge(other.counts);
        self.response_time_total += other.response_time_total;
    }
}

pub type EdgeKey = (NodeKey, NodeKey, EdgeKind);

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Frame {
    pub nodes: BTreeMap<NodeKey, Tally>,
    pub edges: BTreeMap<EdgeKey, Tally>,
}

/// Frames in the making, for traces that come one by one in any order.
#[derive(Debug)]
pub struct Replay {
    pub start: Timestamp,
    /// Of one frame.
    pub step: Micros,
    pub frames: Vec<Frame>,
}

impl Replay {
    pub fn new(range: TimeRange, frames: usize) -> Self {
        let frames = frames.max(1);
        let step = Micros((range.length().0 / frames as u64).max(1));
        Self { start: range.start, step, frames: vec![Frame::default(); frames] }
    }

    /// A trace counts in the frame in which it started; one that started outside counts nowhere.
    pub fn add(&mut self, digest: &TraceDigest) {
        if digest.start < self.start {
            return;
        }
        let index = self.start.until(digest.start).0 / self.step.0;
        let Some(frame) = usize::try_from(index).ok().and_then(|index| self.frames.get_mut(index)) else {
            return;
        };
        for node in digest.nodes.iter().filter(|node| !node.requests.is_empty()) {
            frame.nodes.entry(node.key.clone()).or_default().add(&node.requests);
        }
        for edge in &digest.edges {
            let key = |index: u32| digest.nodes[index as usize].key.clone();
            let key = (key(edge.source), key(edge.target), edge.kind);
            frame.edges.entry(key).or_default().add(&edge.requests);
        }
    }
}

impl Tally {
    fn add(&mut self, requests: &[Request]) {
        for request in requests {
            let Some(time) = request.response_time else { continue };
            self.counts.add(request.flags.outcome(), 1);
            self.response_time_total = self.response_time_total.saturating_add(time.0);
        }
    }
}
