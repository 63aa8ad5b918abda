//! The critical path of one trace by its calls, as [`critical_path`](mod@crate::critical_path) goes over spans: backwards
//! from the end, over what ended last.

use super::Passed;
use crate::many::calls::Calls;

/// Kept from trace to trace, so that its memory is.
#[derive(Debug, Default)]
pub(super) struct Walk {
    ahead: Vec<Turn>,
    below: Vec<(u64, usize)>,
    of_edges: Vec<(Option<u32>, Passed)>,
    /// Edges that the walk is in, as often as it is.
    within: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
enum Turn {
    /// A call whose caller waited from here to there, by the time of the root.
    Enter {
        call: usize,
        began: u64,
        from: u64,
        to: u64,
    },
    Leave,
}

impl Walk {
    /// Goes over a trace whose first call is the root's, and is over. Of each call the edge is given that it is of.
    pub(super) fn through(&mut self, calls: &Calls, edges: &[Option<u32>]) {
        self.of_edges.clear();
        self.within.clear();
        let Some(whole) = calls.all.first().and_then(|root| root.served) else { return };
        self.ahead.clear();
        self.ahead.push(Turn::Enter { call: 0, began: 0, from: 0, to: whole });
        while let Some(turn) = self.ahead.pop() {
            match turn {
                Turn::Enter { call, began, from, to } => self.enter(calls, edges, (call, began), (from, to)),
                Turn::Leave => _ = self.within.pop(),
            }
        }
    }

    fn enter(
        &mut self,
        calls: &Calls,
        edges: &[Option<u32>],
        (call, began): (usize, u64),
        (from, to): (u64, u64),
    ) {
        let edge = edges[call];
        let place = edge.unwrap_or(u32::MAX);
        let through = if self.within.contains(&place) { 0 } else { to - from };
        self.within.push(place);
        self.ahead.push(Turn::Leave);
        // Half of the way is there, the other half back.
        let one = &calls.all[call];
        let served_from = began.saturating_add(one.way / 2);
        let served_to = served_from.saturating_add(one.served.unwrap_or(u64::MAX));
        let (low, high) =
            (from.max(served_from).min(to), to.min(served_to).max(from.max(served_from).min(to)));
        let way = (low - from) + (to - high);
        self.below.clear();
        for called in calls.below(call) {
            if let Some(end) = calls.all[called].end() {
                self.below.push((served_from.saturating_add(end).min(high), called));
            }
        }
        // Of those that end together the one that began first explains most.
        let begin_of = |called: usize| served_from.saturating_add(calls.all[called].begin);
        self.below.sort_unstable_by_key(|&(end, called)| (std::cmp::Reverse(end), begin_of(called), called));
        let (mut at, mut work) = (high, 0);
        for place in 0..self.below.len() {
            let (end, called) = self.below[place];
            let begin = begin_of(called).max(low);
            if end > at || begin >= end {
                continue;
            }
            work += at - end;
            self.ahead.push(Turn::Enter { call: called, began: begin_of(called), from: begin, to: end });
            at = begin;
        }
        work += at - low;
        self.pass(edge, Passed { through, work, way });
    }

    fn pass(&mut self, edge: Option<u32>, passed: Passed) {
        match self.of_edges.iter_mut().find(|(known, _)| *known == edge) {
            Some((_, sum)) => sum.add(passed),
            None => self.of_edges.push((edge, passed)),
        }
    }

    pub(super) fn passed(&self) -> impl Iterator<Item = (Option<u32>, Passed)> + '_ {
        self.of_edges.iter().copied()
    }
}
