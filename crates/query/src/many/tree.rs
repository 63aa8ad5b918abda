//! The call trees of many traces as one: where errors and where time arise, of one set of traces or of two side by side.
//!
//! Requests are one where they, and all above them, are of the same node and operation. What is counted is the sum of what
//! single traces have (`MT-1`). A trace is the unit of whatever is said to differ by more than chance, since requests of
//! one trace are not independent. Memory is bounded by the number of places in the tree, of which the newest traces make
//! the first; requests that have none are counted together.

mod chance;

use ahash::AHashMap as HashMap;
use model::minute::Counts;
use model::segment::Outcome;
use model::{Coarse, Micros, NodeKey, NodeKind, TraceDigest, TraceId};

use super::calls::Calls;
use super::compare::{Pair, Sides};
use super::keys::{Keys, Shown};
use chance::{Sample, of_means, of_shares};

/// Places told apart, and the operations of all nodes.
const MAX_PLACES: usize = 20_000;
const MAX_OPERATIONS: usize = 20_000;

/// A tree in the making, for traces that come one by one, newest first.
#[derive(Debug, Default)]
pub struct Merging {
    keys: Keys,
    operations: HashMap<String, u32>,
    names: Vec<String>,
    places: HashMap<(u32, u32, u32), u32>,
    all: Vec<Place>,
    traces: Pair,
    /// Traces whose digests do not tell how their requests hang together.
    untold: u64,
    left_out: u64,
    calls: Calls,
    scratch: Scratch,
}

/// Of the trace that is looked at.
#[derive(Debug, Default)]
struct Scratch {
    /// Where each call belongs.
    places: Vec<Option<u32>>,
    /// Whether something failed that it called.
    failed_below: Vec<bool>,
    /// What the trace brings to each place.
    of_trace: Vec<(u32, OfTrace)>,
}

#[derive(Debug, Default, Clone, Copy)]
struct OfTrace {
    requests: u64,
    failed: u64,
    own: u64,
}

#[derive(Debug)]
struct Place {
    above: Option<u32>,
    key: u32,
    operation: u32,
    a: Sums,
    b: Sums,
    /// The newest trace that failed here, and the newest of all.
    failing: Option<TraceId>,
    example: TraceId,
    /// Where the trace that is looked at has it in the scratch, and which trace that was.
    seen: (u64, u32),
}

/// What one set has at a place.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sums {
    /// Those that pass it, and those of them in which it failed.
    pub traces: u64,
    pub failed_traces: u64,
    /// Finished requests.
    pub counts: Counts,
    /// Of those that failed, the ones below which nothing did: here it arose.
    pub arose: u64,
    /// All response times together, and the part of them in which the node waited for nobody. What side by side has passed
    /// counts for each.
    pub total: Micros,
    pub own: Micros,
    requests: Sample,
    own_times: Sample,
}

/// A tree, callers before what they call, and of what one calls that with most time first.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    pub traces: Pair,
    pub nodes: Vec<TreeNode>,
    pub untold: u64,
    /// Requests for which there was no place.
    pub left_out: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct TreeNode {
    /// The place in the tree of what calls it.
    pub above: Option<usize>,
    pub key: NodeKey,
    pub kind: NodeKind,
    pub operation: Option<String>,
    pub a: Sums,
    pub b: Sums,
    pub failing: Option<TraceId>,
    pub example: TraceId,
    /// How likely chance alone makes the sets differ as much; `None` where too few traces are there to say.
    pub by_chance: ByChance,
}

/// The probabilities are those of the whole tree: that of one place, times all that are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ByChance {
    /// Requests of a trace.
    pub requests: Option<f64>,
    /// Traces that failed there, of those that pass.
    pub failed: Option<f64>,
    /// Own time of a trace that passes.
    pub own: Option<f64>,
}

impl Merging {
    pub fn add(&mut self, digest: &TraceDigest, sides: Sides, shown: &Shown<'_>) {
        if !(sides.a || sides.b) {
            return;
        }
        self.traces.add(sides);
        self.untold += u64::from(digest.calls.is_empty() && digest.segments > 0);
        self.calls.read(digest);
        self.find_places(digest, shown);
        self.find_failed(digest);
        let number = self.traces.a + self.traces.b;
        self.scratch.of_trace.clear();
        for (at, call) in self.calls.all.iter().enumerate() {
            let request = call.request(digest);
            let Some(time) = request.response_time else { continue };
            let Some(place) = self.scratch.places[at] else {
                self.left_out += 1;
                continue;
            };
            let kept = &mut self.all[place as usize];
            let outcome = request.flags.outcome();
            let failed = outcome != Outcome::Ok;
            let of_node = digest.nodes[call.node as usize].kind;
            // Of what sends no segments nobody knows what it waits for.
            let whole = of_node.is_inferred().then_some(time);
            let own = request.own.map(Coarse::micros).or(whole).unwrap_or_default().min(time);
            let arose = failed && !self.scratch.failed_below[at];
            for (is_in, sums) in [(sides.a, &mut kept.a), (sides.b, &mut kept.b)] {
                if is_in {
                    sums.counts.add(outcome, 1);
                    sums.arose += u64::from(arose);
                    sums.total.0 = sums.total.0.saturating_add(time.0);
                    sums.own.0 = sums.own.0.saturating_add(own.0);
                }
            }
            if failed && kept.failing.is_none() {
                kept.failing = Some(digest.id);
            }
            if kept.seen.0 != number {
                kept.seen = (number, self.scratch.of_trace.len() as u32);
                self.scratch.of_trace.push((place, OfTrace::default()));
            }
            let of_trace = &mut self.scratch.of_trace[kept.seen.1 as usize].1;
            of_trace.requests += 1;
            of_trace.failed += u64::from(failed);
            of_trace.own += own.0;
        }
        for (place, of_trace) in &self.scratch.of_trace {
            let kept = &mut self.all[*place as usize];
            for (is_in, sums) in [(sides.a, &mut kept.a), (sides.b, &mut kept.b)] {
                if is_in {
                    sums.traces += 1;
                    sums.failed_traces += u64::from(of_trace.failed > 0);
                    sums.requests.add(of_trace.requests as f64);
                    sums.own_times.add(of_trace.own as f64);
                }
            }
        }
    }

    fn find_places(&mut self, digest: &TraceDigest, shown: &Shown<'_>) {
        self.scratch.places.clear();
        for at in 0..self.calls.all.len() {
            let call = self.calls.all[at];
            let above = match call.caller {
                None => Some(NOTHING),
                Some(caller) => self.scratch.places[caller as usize],
            };
            let place = above.and_then(|above| self.place(digest, above, &call, shown));
            self.scratch.places.push(place);
        }
    }

    fn place(
        &mut self,
        digest: &TraceDigest,
        above: u32,
        call: &super::calls::Timed,
        shown: &Shown<'_>,
    ) -> Option<u32> {
        let node = &digest.nodes[call.node as usize];
        let key = self.keys.place(&node.key, node.kind, shown)?;
        let name = call.request(digest).operation.and_then(|place| digest.operations.get(place as usize));
        let operation = self.operation(name.map(String::as_str));
        if let Some(&place) = self.places.get(&(above, key, operation)) {
            return Some(place);
        }
        if self.all.len() >= MAX_PLACES {
            return None;
        }
        let place = self.all.len() as u32;
        self.places.insert((above, key, operation), place);
        self.all.push(Place {
            above: (above != NOTHING).then_some(above),
            key,
            operation,
            a: Sums::default(),
            b: Sums::default(),
            failing: None,
            example: digest.id,
            seen: (0, 0),
        });
        Some(place)
    }

    /// Those beyond the bound are as none.
    fn operation(&mut self, name: Option<&str>) -> u32 {
        let Some(name) = name else { return NOTHING };
        if let Some(&place) = self.operations.get(name) {
            return place;
        }
        if self.names.len() >= MAX_OPERATIONS {
            return NOTHING;
        }
        let place = self.names.len() as u32;
        self.names.push(name.to_owned());
        self.operations.insert(name.to_owned(), place);
        place
    }

    fn find_failed(&mut self, digest: &TraceDigest) {
        let failed_below = &mut self.scratch.failed_below;
        failed_below.clear();
        failed_below.resize(self.calls.all.len(), false);
        for call in &self.calls.all {
            if let Some(caller) = call.caller
                && call.request(digest).flags.outcome() != Outcome::Ok
            {
                failed_below[caller as usize] = true;
            }
        }
    }

    pub fn finish(self) -> Merged {
        let mut below: Vec<Vec<u32>> = vec![Vec::new(); self.all.len() + 1];
        for (place, kept) in self.all.iter().enumerate() {
            below[kept.above.map_or(0, |above| above as usize + 1)].push(place as u32);
        }
        let weight = |place: u32| {
            let Place { a, b, .. } = &self.all[place as usize];
            (a.total.0.saturating_add(b.total.0), a.traces + b.traces)
        };
        for places in &mut below {
            places.sort_by_key(|&place| (weight(place), std::cmp::Reverse(place)));
        }
        let mut ahead: Vec<(u32, Option<usize>)> = below[0].iter().map(|&place| (place, None)).collect();
        let mut nodes = Vec::with_capacity(self.all.len());
        let comparisons = 3.0 * self.all.len() as f64;
        while let Some((place, above)) = ahead.pop() {
            let at = nodes.len();
            ahead.extend(below[place as usize + 1].iter().map(|&called| (called, Some(at))));
            let kept = &self.all[place as usize];
            let (key, kind) = self.keys.get(kept.key).clone();
            let operation = self.names.get(kept.operation as usize).cloned();
            nodes.push(TreeNode {
                above,
                key,
                kind,
                operation,
                a: kept.a,
                b: kept.b,
                failing: kept.failing,
                example: kept.example,
                by_chance: by_chance(self.traces, &kept.a, &kept.b).times(comparisons),
            });
        }
        Merged { traces: self.traces, nodes, untold: self.untold, left_out: self.left_out }
    }
}

/// No place, no operation.
const NOTHING: u32 = u32::MAX;

fn by_chance(traces: Pair, a: &Sums, b: &Sums) -> ByChance {
    ByChance {
        requests: of_means(a.requests.of(traces.a), b.requests.of(traces.b)),
        failed: of_shares((a.failed_traces, a.traces), (b.failed_traces, b.traces)),
        own: of_means(a.own_times.of(a.traces), b.own_times.of(b.traces)),
    }
}

impl ByChance {
    fn times(self, comparisons: f64) -> Self {
        let all = |one: Option<f64>| one.map(|one| (one * comparisons).min(1.0));
        Self { requests: all(self.requests), failed: all(self.failed), own: all(self.own) }
    }
}

#[cfg(test)]
mod tests;
