//! The course of one node's failures by minutes, and whether they are more than usual.

use std::collections::VecDeque;

use model::Minute;

use super::usual::{Apart, BIN_MINUTES, Bin, KEPT, Usual};
use crate::now::chance::{at_least, evidence};

/// Minutes that an excess is looked for in, each with the chance that is too small to be chance: they are asked every minute of
/// every node, so ten years of a node are five million questions.
const WINDOWS: [(usize, f64); 3] = [(1, 1e-9), (3, 1e-7), (10, 1e-7)];
const LEAST_FAILING: u64 = 8;
/// Of the newest minutes, so many have to pass.
const OF_MINUTES: usize = 3;
const PASSING: usize = 2;
/// One is enough where so many fail, and so large a share.
const HARD_FAILING: u64 = 20;
const HARD_SHARE: f64 = 0.3;
/// The onset is sought in so many minutes.
const LOOKED_BACK: usize = 30;
/// It is over after so many minutes in which nothing passes.
const QUIET_MINUTES: u32 = 10;
const GOES_ON_MINUTES: u32 = 3;
/// Nothing has failed for so long: there is nothing to ask.
const SILENT_MINUTES: usize = 10;

/// Something fails more than it does of a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Excess {
    pub since: Minute,
    pub usual: Usual,
    /// In the window that told it.
    pub failing: u64,
    pub requests: u64,
    pub minutes: usize,
}

/// Of one node.
#[derive(Debug, Clone, Default)]
pub struct Course {
    bins: VecDeque<Bin>,
    /// Requests and failures of the newest minutes, the newest last.
    minutes: VecDeque<(u64, u64)>,
    newest: Option<Minute>,
    usual: Option<Usual>,
    usual_at: i64,
    passed: VecDeque<bool>,
    quiet: u32,
    excess: Option<Excess>,
}

impl Course {
    /// From bins that were kept, which come in order.
    pub(super) fn restore(&mut self, bin: Bin) {
        self.add(bin);
    }

    pub(super) fn bin(&self, at: i64) -> Option<Bin> {
        self.bins.iter().rev().find(|bin| bin.at == at).copied()
    }

    /// Whether a day went by without a request.
    pub(super) fn is_forgotten(&self, now: Minute) -> bool {
        self.bins.back().is_none_or(|bin| bin.at < bin_of(now) - KEPT)
    }

    /// The excess that goes on. It is over when ten minutes have been as usual, and goes on while the newest of them are not.
    pub fn excess(&self) -> Option<Excess> {
        self.excess.filter(|_| self.quiet < GOES_ON_MINUTES)
    }

    /// What is usual of it, if it was asked for.
    pub fn usual(&self) -> Option<Usual> {
        self.usual
    }

    /// The next minute. `apart` are the bins of what was known to be wrong with it.
    pub fn step(&mut self, minute: Minute, requests: u64, failing: u64, apart: &[Apart]) {
        let failing = failing.min(requests);
        let missed = self.newest.map_or(0, |newest| minute.0.saturating_sub(newest.0 + 1));
        // Minutes in which nobody was there say nothing, and are no time in which it went well.
        for _ in 0..missed.clamp(0, LOOKED_BACK as i64) {
            self.push((0, 0));
            self.passed.clear();
            self.quiet += 1;
        }
        self.newest = Some(minute);
        self.push((requests, failing));
        self.add(Bin { at: bin_of(minute), requests, failing });
        let is_silent = self.minutes.iter().rev().take(SILENT_MINUTES).all(|&(_, failing)| failing == 0);
        if self.excess.is_none() && is_silent {
            self.passed.clear();
            return;
        }
        // What is usual stays what it was while something is wrong.
        if self.excess.is_none() && (self.usual_at != bin_of(minute) || self.usual.is_none()) {
            self.usual = Usual::without(self.bins.make_contiguous(), bin_of(minute), apart);
            self.usual_at = bin_of(minute);
        }
        let Some(usual) = self.usual else { return };
        let found = WINDOWS.iter().find_map(|&(minutes, chance)| self.passes(usual, minutes, chance));
        self.passed.push_back(found.is_some());
        while self.passed.len() > OF_MINUTES {
            self.passed.pop_front();
        }
        self.decide(minute, usual, found);
    }

    fn decide(&mut self, minute: Minute, usual: Usual, found: Option<(u64, u64, usize)>) {
        self.quiet = if found.is_some() { 0 } else { self.quiet + 1 };
        let Some((failing, requests, minutes)) = found else {
            if self.quiet >= QUIET_MINUTES {
                self.excess = None;
            }
            return;
        };
        let is_hard = self.minutes.back().is_some_and(|&(requests, failing)| {
            failing >= HARD_FAILING && failing as f64 >= HARD_SHARE * requests as f64
        });
        let passing = self.passed.iter().filter(|passed| **passed).count();
        if self.excess.is_some() || passing < PASSING && !is_hard {
            return;
        }
        let since = Minute(minute.0 - self.onset(usual.expected) as i64);
        self.excess = Some(Excess { since, usual, failing, requests, minutes });
    }

    /// Whether so many of the newest minutes have more failures than chance explains. A longer window is asked without its worst
    /// minute: one noisy minute is no excess.
    fn passes(&self, usual: Usual, minutes: usize, chance: f64) -> Option<(u64, u64, usize)> {
        let window: Vec<(u64, u64)> = self.minutes.iter().rev().take(minutes).copied().collect();
        let worst =
            (minutes > 1).then(|| window.iter().copied().max_by_key(|&(_, failing)| failing)).flatten();
        let (worst_requests, worst_failing) = worst.unwrap_or_default();
        let requests = window.iter().map(|(requests, _)| requests).sum::<u64>() - worst_requests;
        let failing = window.iter().map(|(_, failing)| failing).sum::<u64>() - worst_failing;
        let is_much = failing >= LEAST_FAILING && failing as f64 >= usual.least_excess() * requests as f64;
        (is_much && at_least(failing, requests, usual.highest) <= chance)
            .then_some((failing, requests, minutes))
    }

    /// How many minutes ago it began: where that explains best what failed and what did not.
    fn onset(&self, expected: f64) -> usize {
        let (mut requests, mut failing, mut best) = (0, 0, (0, f64::MIN));
        for (back, &(more, failed)) in self.minutes.iter().rev().enumerate() {
            (requests, failing) = (requests + more, failing + failed);
            let told = evidence(failing, requests, expected);
            if told > best.1 {
                best = (back, told);
            }
        }
        best.0
    }

    fn push(&mut self, counts: (u64, u64)) {
        self.minutes.push_back(counts);
        while self.minutes.len() > LOOKED_BACK {
            self.minutes.pop_front();
        }
    }

    fn add(&mut self, bin: Bin) {
        match self.bins.back_mut().filter(|last| last.at == bin.at) {
            Some(last) => {
                last.requests += bin.requests;
                last.failing += bin.failing;
            }
            None if bin.requests > 0 => self.bins.push_back(bin),
            None => {}
        }
        while self.bins.front().is_some_and(|first| first.at < bin.at - KEPT) {
            self.bins.pop_front();
        }
    }
}

pub(super) fn bin_of(minute: Minute) -> i64 {
    minute.0.div_euclid(BIN_MINUTES)
}
