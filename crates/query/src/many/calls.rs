//! The calls of one trace by the time of its root, as its digest tells them.
//!
//! A digest rounds down: when a call began to a 256th of its caller's time, and how long was waited for it to an eighth.
//! So what came one after the other may seem to overlap by as little, and is put one after the other again. No call ends
//! later than it did, and shares that are made of this are right to about half a percent of a caller's time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use model::TraceDigest;
use model::digest::{Request, Waited};

/// No place.
const NONE: u32 = u32::MAX;

/// The calls of the trace that is looked at. It is kept from trace to trace, so that its memory is.
#[derive(Debug, Default)]
pub(super) struct Calls {
    pub(super) all: Vec<Timed>,
    seen: Vec<u32>,
    ends: BinaryHeap<Reverse<(u64, u64)>>,
}

/// All times are microseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timed {
    pub(super) node: u32,
    /// Which of the node's requests.
    pub(super) request: u32,
    pub(super) caller: Option<u32>,
    /// After its caller began.
    pub(super) begin: u64,
    /// How long its caller waited at most; `None` where that is not known, and nobody waited.
    pub(super) length: Option<u64>,
    /// Of it, what passed before the request began to be served, and after it was.
    pub(super) way: u64,
    /// By its own account.
    pub(super) served: Option<u64>,
    first: u32,
    next: u32,
}

impl Timed {
    pub(super) fn end(&self) -> Option<u64> {
        self.length.map(|length| self.begin.saturating_add(length))
    }

    pub(super) fn request<'d>(&self, digest: &'d TraceDigest) -> &'d Request {
        &digest.nodes[self.node as usize].requests[self.request as usize]
    }
}

impl Calls {
    /// Takes another trace. None is there where its digest has none.
    pub(super) fn read(&mut self, digest: &TraceDigest) {
        self.all.clear();
        self.seen.clear();
        self.seen.resize(digest.nodes.len(), 0);
        for call in &digest.calls {
            let request = self.seen[call.node as usize];
            self.seen[call.node as usize] += 1;
            let served = digest.nodes[call.node as usize].requests[request as usize].response_time;
            let served = served.map(|time| time.0);
            let (length, way) = match call.waited {
                Waited::AsServed => (served, 0),
                Waited::Longer(way) => {
                    (served.map(|served| served.saturating_add(way.least().0)), way.least().0)
                }
                Waited::Only(time) => (Some(served.unwrap_or(u64::MAX).min(time.least().0)), 0),
            };
            let whole = call.caller.and_then(|caller| self.all[caller as usize].served).unwrap_or(0);
            let begin = (u128::from(call.begin) * u128::from(whole) / 256) as u64;
            let (node, caller) = (call.node, call.caller);
            self.all.push(Timed {
                node,
                request,
                caller,
                begin,
                length,
                way,
                served,
                first: NONE,
                next: NONE,
            });
        }
        // From the last on, so that each is put before its next.
        for place in (0..self.all.len()).rev() {
            if let Some(caller) = self.all[place].caller {
                self.all[place].next = self.all[caller as usize].first;
                self.all[caller as usize].first = place as u32;
            }
        }
        for place in 0..self.all.len() {
            self.put_in_order(place);
        }
    }

    /// What a call called, by its beginning.
    pub(super) fn below(&self, place: usize) -> impl Iterator<Item = usize> + '_ {
        let mut next = self.all[place].first;
        std::iter::from_fn(move || {
            let place = (next != NONE).then_some(next as usize)?;
            next = self.all[place].next;
            Some(place)
        })
    }

    /// Takes away what rounding made overlap.
    fn put_in_order(&mut self, caller: usize) {
        let slack = self.all[caller].served.unwrap_or(0) / 256 + 1;
        let mut ended = 0;
        self.ends.clear();
        let mut next = self.all[caller].first;
        while next != NONE {
            let mut call = self.all[next as usize];
            while let Some(&Reverse((end, _))) = self.ends.peek()
                && end <= call.begin.saturating_add(slack)
            {
                ended = ended.max(end);
                self.ends.pop();
            }
            call.begin = call.begin.max(ended);
            if let Some(end) = call.end() {
                self.ends.push(Reverse((end, 0)));
            }
            self.all[next as usize] = call;
            next = call.next;
        }
    }

    /// How long each request would have been served, if each call had been shorter as `faster` tells of it. What a request
    /// began when something had ended it begins as long after that; what it did not wait for makes no difference.
    pub(super) fn replay(&mut self, faster: impl Fn(&Timed) -> u64, into: &mut Vec<Option<u64>>) {
        into.clear();
        into.resize(self.all.len(), None);
        // Those that were called stand behind their callers.
        for place in (0..self.all.len()).rev() {
            let Some(served) = self.all[place].served else { continue };
            let slack = served / 256 + 1;
            // Of what has ended: the latest end, as it was and as it would be.
            let (mut ended, mut would_end) = (0, 0);
            self.ends.clear();
            let mut next = self.all[place].first;
            while next != NONE {
                let (at, call) = (next as usize, self.all[next as usize]);
                next = call.next;
                let Some(end) = call.end() else { continue };
                while let Some(&Reverse((end, would))) = self.ends.peek()
                    && end <= call.begin
                {
                    (ended, would_end) = (ended.max(end), would_end.max(would));
                    self.ends.pop();
                }
                let begin = would_end + (call.begin - ended);
                let length = self.would_take(at, into, &faster);
                if end <= served.saturating_add(slack) {
                    self.ends.push(Reverse((end, begin.saturating_add(length))));
                }
            }
            for Reverse((end, would)) in self.ends.drain() {
                (ended, would_end) = (ended.max(end), would_end.max(would));
            }
            // Rounding may leave the last call a little longer than its caller.
            into[place] = Some((would_end + served.saturating_sub(ended)).min(served));
        }
    }

    fn would_take(&self, place: usize, replayed: &[Option<u64>], faster: impl Fn(&Timed) -> u64) -> u64 {
        let call = &self.all[place];
        let length = call.length.unwrap_or(0);
        let would = match (call.served, replayed[place]) {
            (Some(served), Some(would)) if length > served => would.saturating_add(length - served),
            (_, Some(would)) => would.min(length),
            _ => length,
        };
        would.saturating_sub(faster(call))
    }
}

#[cfg(test)]
mod tests;
