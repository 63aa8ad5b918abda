//! The times of one kind of work: the newest one by one, the older ones as what is usual.

mod usual;

use std::collections::VecDeque;

use model::digest::Request;
use model::minute::EdgeKind;
use model::{Coarse, NodeKey, NodeKind, Timestamp, TraceDigest, TraceId};

use super::bins::{KEPT_SECONDS, Second};
use super::name::Id;
use usual::Sum;
pub(super) use usual::{FAR, Limit, Usual};

/// The newest samples, which are looked at one by one.
const NEWEST: usize = 250;
const NEWEST_SECONDS: i64 = 120;
/// At most so many of each [`GATE`] are taken: a few a second tell as much as thousands.
const MOST_IN_GATE: u32 = 5;
const GATE: i64 = 2;
/// Older ones are kept by chunks of so many seconds.
const CHUNK: i64 = 60;
/// Room beyond what is held.
const SPARE: usize = 32;
/// Fewer tell nothing of what is usual.
pub(super) const LEAST_USUAL: u32 = 30;
/// Of so many samples a few more or fewer change little, and to add them up is dear: what they say stands for so long, but not
/// for all series until the same moment.
const OFTEN: u32 = 100;
const KNOWN_SECONDS: i64 = 30;
/// What is said of them has nothing of the newest seconds, in which something may have begun.
const SETTLED_SECONDS: i64 = 90;
/// Times that took much longer than what is usual; fewer than these in some seconds are no shift, whatever else is known.
pub(super) const LEAST_BEYOND: usize = 2;
/// At least so many times the usual median, and so much more in microseconds: nobody minds what is less.
pub(super) const TIMES_USUAL: f64 = 2.0;
pub(super) const LEAST_MORE: f64 = 6_000.0;

/// Whose time it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Subject<N> {
    /// A service's own.
    Own(N),
    /// From a caller to the segment that serves it, and back.
    Way(N, N),
    /// What a node that sends nothing took, as its caller saw it.
    Reply(N, N),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SeriesKey {
    pub(super) subject: Subject<Id>,
    pub(super) operation: Option<Id>,
}

/// One time of a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Timed<'d> {
    pub(super) subject: Subject<&'d NodeKey>,
    pub(super) operation: Option<&'d str>,
    pub(super) time: Coarse,
}

/// The milliseconds of receipt and, in the lowest byte, the time: there are many of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sample(i64);

#[derive(Debug, Default)]
pub(super) struct Series {
    /// When the newest sample was received, and the newest of those far beyond what is usual. They say of nearly all work that it
    /// need not be looked at, and stand here since looking at samples is a walk through all memory.
    newest_at: Second,
    beyond: [Second; LEAST_BEYOND],
    /// By time of receipt.
    pub(super) newest: VecDeque<Sample>,
    /// By chunk, and then by time.
    old: VecDeque<Old>,
    /// When the newest chunk begins.
    chunk: Second,
    gate: (i64, u32),
    /// What is usual, where much is known, and since when that stands.
    known: Option<(Second, Usual)>,
    /// A trace among the slowest of late.
    pub(super) example: Option<(Sample, TraceId)>,
}

/// How often something took so long in one chunk. There are a hundred thousands of them, so each is four bytes.
#[derive(Debug, Clone, Copy)]
struct Old {
    /// The number of the chunk, which begins anew after 256: no two that are held are so far apart.
    chunk: u8,
    time: Coarse,
    count: u16,
}

impl<N: Copy> Subject<N> {
    pub(super) fn callee(self) -> N {
        match self {
            Self::Own(node) | Self::Way(_, node) | Self::Reply(_, node) => node,
        }
    }

    pub(super) fn caller(self) -> Option<N> {
        match self {
            Self::Own(_) => None,
            Self::Way(caller, _) | Self::Reply(caller, _) => Some(caller),
        }
    }

    pub(super) fn by_id<M>(self, mut id: impl FnMut(N) -> M) -> Subject<M> {
        match self {
            Self::Own(node) => Subject::Own(id(node)),
            Self::Way(caller, callee) => Subject::Way(id(caller), id(callee)),
            Self::Reply(caller, callee) => Subject::Reply(id(caller), id(callee)),
        }
    }
}

impl Series {
    pub(super) fn add(&mut self, received: Timestamp, time: Coarse, trace: TraceId) {
        let gate = received.floor_seconds().div_euclid(GATE);
        if self.gate.0 != gate {
            self.gate = (gate, 0);
        }
        if self.gate.1 >= MOST_IN_GATE {
            return;
        }
        self.gate.1 += 1;
        let sample = Sample::new(received, time);
        let behind = self.newest.partition_point(|other| other.0 <= sample.0);
        self.newest.insert(behind, sample);
        self.newest_at = self.newest_at.max(sample.second());
        if micros(time) >= self.far() {
            self.went_beyond(sample.second());
        }
        let is_shown = self.example.is_some_and(|(held, _)| {
            time < held.time() && received.floor_seconds() - held.second() < EXAMPLE_SECONDS
        });
        if !is_shown {
            self.example = Some((sample, trace));
        }
        if self.newest.len() > NEWEST {
            self.shelve_oldest();
        }
    }

    /// Whether anything is left.
    pub(super) fn age(&mut self, now: Second) -> bool {
        while self.newest.front().is_some_and(|oldest| oldest.second() < now - NEWEST_SECONDS) {
            self.shelve_oldest();
        }
        self.forget_before(now - KEPT_SECONDS);
        if self.old.capacity() > self.old.len() + SPARE {
            self.old.shrink_to(self.old.len() + SPARE / 2);
        }
        !self.newest.is_empty() || !self.old.is_empty()
    }

    fn forget_before(&mut self, keep: Second) {
        let newest = number(self.chunk);
        let begin = |old: &Old| self.chunk - i64::from(newest.wrapping_sub(old.chunk)) * CHUNK;
        let gone = self.old.iter().take_while(|old| begin(old) < keep).count();
        self.old.drain(..gone);
    }

    fn shelve_oldest(&mut self) {
        let Some(oldest) = self.newest.pop_front() else { return };
        let at = oldest.second().div_euclid(CHUNK) * CHUNK;
        if self.chunk < at {
            // Numbers come again, and what has one of them must be gone by then.
            self.forget_before(at - KEPT_SECONDS);
            self.chunk = at;
        }
        let (chunk, time) = (number(self.chunk), oldest.time());
        let begin = self.old.len() - self.old.iter().rev().take_while(|old| old.chunk == chunk).count();
        let place = begin + self.old.range(begin..).take_while(|old| old.time < time).count();
        match self.old.get_mut(place) {
            Some(old) if old.time == time => old.count = old.count.saturating_add(1),
            _ => self.old.insert(place, Old { chunk, time, count: 1 }),
        }
    }

    /// Adds up what is usual, where there is much to add up and that was not done lately. `turn` differs between series.
    pub(super) fn learn(&mut self, now: Second, turn: i64) {
        if self.known.is_some_and(|(at, _)| now - at < KNOWN_SECONDS + turn % KNOWN_SECONDS) {
            return;
        }
        let settled = self.before(now - SETTLED_SECONDS);
        let held = self.old.iter().map(|old| u32::from(old.count)).sum::<u32>() + settled as u32;
        let usual = (held >= OFTEN).then(|| self.add_up(settled));
        // Slow minutes are left out, so there may be less than is held.
        self.known = usual.filter(|usual| usual.total >= OFTEN).map(|usual| (now, usual));
        self.beyond = Default::default();
        let far = self.far();
        for place in 0..self.newest.len() {
            if micros(self.newest[place].time()) >= far {
                self.went_beyond(self.newest[place].second());
            }
        }
    }

    fn went_beyond(&mut self, at: Second) {
        let [newest, second] = self.beyond;
        self.beyond = [newest.max(at), second.max(newest.min(at))];
    }

    /// No less than this is far beyond what is usual, as far as that is known.
    fn far(&self) -> f64 {
        self.known.map_or(LEAST_MORE, |(_, usual)| usual.far_beyond())
    }

    /// How many of the newest samples were received before the second.
    pub(super) fn before(&self, second: Second) -> usize {
        let bound = Sample::new(Timestamp(second.saturating_mul(1_000_000)), Coarse(0));
        self.newest.partition_point(|&sample| sample < bound)
    }

    /// Whether anything was received in this second or later.
    pub(super) fn is_since(&self, second: Second) -> bool {
        self.newest_at >= second
    }

    /// Whether enough since this second took so long that the rest is worth a look.
    pub(super) fn may_be_slow_since(&self, second: Second) -> bool {
        self.beyond[LEAST_BEYOND - 1] >= second
    }

    /// What was usual before the sample at `place` of the newest.
    pub(super) fn usual(&self, place: usize) -> Usual {
        self.known.map_or_else(|| self.add_up(place), |(_, usual)| usual)
    }

    fn add_up(&self, place: usize) -> Usual {
        let mut sum = Sum::default();
        let mut times: Vec<(Coarse, u16)> = Vec::new();
        let mut of = self.old.front().map(|old| old.chunk);
        for old in &self.old {
            if of != Some(old.chunk) {
                sum.add_unless_slower(&times);
                times.clear();
                of = Some(old.chunk);
            }
            times.push((old.time, old.count));
        }
        sum.add_unless_slower(&times);
        times.clear();
        times.extend(self.newest.iter().take(place).map(|one| (one.time(), 1)));
        times.sort_unstable();
        sum.add_unless_slower(&times);
        sum.usual()
    }
}

impl Sample {
    fn new(received: Timestamp, time: Coarse) -> Self {
        Self(received.0.div_euclid(1_000) << 8 | i64::from(time.0))
    }

    pub(super) fn time(self) -> Coarse {
        Coarse((self.0 & 0xff) as u8)
    }

    pub(super) fn received(self) -> Timestamp {
        Timestamp((self.0 >> 8).saturating_mul(1_000))
    }

    fn second(self) -> Second {
        self.received().floor_seconds()
    }

    /// When the work began that took so long.
    pub(super) fn began(self) -> Timestamp {
        self.received().minus(self.time().micros())
    }
}

/// An example is shown for so long, unless something slower comes.
const EXAMPLE_SECONDS: i64 = 20;

pub(super) fn micros(time: Coarse) -> f64 {
    time.micros().0 as f64
}

/// Of the chunk that begins there.
fn number(begin: Second) -> u8 {
    begin.div_euclid(CHUNK).rem_euclid(256) as u8
}

/// The quantile of some samples, which need not be in order.
pub(super) fn quantile(samples: &[Sample], share: f64) -> Coarse {
    let mut times: Vec<Coarse> = samples.iter().map(|sample| sample.time()).collect();
    times.sort_unstable();
    let rank = (times.len() as f64 * share).ceil().max(1.0) as usize;
    times.get(rank - 1).copied().unwrap_or(Coarse(0))
}

/// The times of a trace that are looked at.
pub(super) fn timed(digest: &TraceDigest) -> Vec<Timed<'_>> {
    let operation = |request: &Request| {
        request.operation.and_then(|place| digest.operations.get(place as usize)).map(String::as_str)
    };
    let mut all = Vec::new();
    for node in digest.nodes.iter().filter(|node| node.kind == NodeKind::Service) {
        for request in node.requests.iter().filter(|request| !request.flags.any()) {
            let subject = Subject::Own(&node.key);
            all.extend(request.own.map(|time| Timed { subject, operation: operation(request), time }));
        }
    }
    for edge in digest.edges.iter().filter(|edge| edge.kind == EdgeKind::Call) {
        let [source, target] = [edge.source, edge.target].map(|node| &digest.nodes[node as usize]);
        for request in edge.requests.iter().filter(|request| !request.flags.any()) {
            let (subject, time) = if target.kind.is_inferred() {
                (Subject::Reply(&source.key, &target.key), request.response_time.map(Coarse::of))
            } else {
                (Subject::Way(&source.key, &target.key), request.own)
            };
            all.extend(time.map(|time| Timed { subject, operation: operation(request), time }));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp(second * 1_000_000)
    }

    #[test]
    fn a_number_of_a_chunk_that_comes_again_is_another_chunk() {
        let mut series = Series::default();
        let id = TraceId([0; 16]);
        (0..10).for_each(|sample| series.add(at(sample * 5), Coarse(5), id));
        assert!(series.age(400));
        let usual = series.usual(0);
        assert_eq!((usual.total, usual.median()), (10, Coarse(5)));
        let later = 256 * CHUNK;
        (0..4).for_each(|sample| series.add(at(later + sample * 5), Coarse(90), id));
        assert!(series.age(later + 400));
        let usual = series.usual(0);
        assert_eq!((usual.total, usual.median()), (4, Coarse(90)));
        assert!(!series.age(later + 2 * KEPT_SECONDS), "all of it is too old");
    }

    #[test]
    fn each_chunk_is_held_against_those_before_it() {
        let mut series = Series::default();
        let id = TraceId([0; 16]);
        let minute = |series: &mut Series, number: i64, time: u8| {
            (0..20).for_each(|sample| series.add(at(number * CHUNK + sample * 3), Coarse(time), id));
        };
        (0..3).for_each(|number| minute(&mut series, number, 40));
        minute(&mut series, 3, 80);
        minute(&mut series, 4, 41);
        series.age(5 * CHUNK + NEWEST_SECONDS);
        let usual = series.usual(0);
        assert_eq!((usual.total, usual.limit().time), (80, Coarse(41)), "the slow minute is left out");
    }
}
