//! What this process knows of the store without asking: its own writing at once, and what others do as of the last beat.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use model::Timestamp;
use parking_lot::Mutex;
use store::{Lease, Pulse, Share, StoreStatus, TailCursor};
use tokio::sync::watch;

use crate::register::{Look, Progress, Written};

#[derive(Debug)]
pub(crate) struct View {
    state: Mutex<State>,
    pub(crate) leases: watch::Sender<Vec<Lease>>,
    changes: watch::Sender<Pulse>,
}

#[derive(Debug)]
struct State {
    own: u32,
    lanes: BTreeMap<u32, LaneView>,
    shares: Vec<Progress>,
    dropped: (u64, u64),
    /// Digests that were written before this process began.
    digests_before: u64,
    looked: Instant,
    /// What other processes acknowledged is told by them so much later.
    others_late: Duration,
}

#[derive(Debug, Default)]
struct LaneView {
    documents: u64,
    stamp: i64,
    last: Option<Vec<u64>>,
}

impl View {
    pub(crate) fn new(own: u32, written: &Written, look: &Look) -> Self {
        let mut state = State {
            own,
            lanes: BTreeMap::new(),
            shares: vec![Progress::default(); look.shares.len()],
            dropped: look.dropped,
            digests_before: look.shares.iter().map(|share| share.progress.digests).sum(),
            looked: Instant::now(),
            others_late: Duration::ZERO,
        };
        let mine = LaneView { documents: written.last.iter().sum(), stamp: written.stamp, last: None };
        state.lanes.insert(own, mine);
        state.take_in(look);
        let pulse = state.pulse();
        Self {
            state: Mutex::new(state),
            leases: watch::Sender::default(),
            changes: watch::Sender::new(pulse),
        }
    }

    /// What a beat found. `renewal` is how often others tell what they have written.
    pub(crate) fn looked(&self, began: Instant, look: &Look, renewal: Duration) {
        let mut state = self.state.lock();
        state.take_in(look);
        state.looked = began;
        let others = look.lanes.iter().any(|lane| lane.is_alive && lane.number != state.own);
        state.others_late = if others { renewal } else { Duration::ZERO };
        let pulse = state.pulse();
        self.changes.send_if_modified(|known| {
            let is_new = pulse.through > known.through || pulse.foreign_links > known.foreign_links;
            if is_new {
                *known = pulse;
            }
            is_new
        });
    }

    /// This process has written so many more.
    pub(crate) fn appended(&self, documents: u64, stamp: i64) {
        let mut state = self.state.lock();
        let own = state.own;
        let lane = state.lanes.entry(own).or_default();
        lane.documents += documents;
        lane.stamp = lane.stamp.max(stamp);
    }

    /// This process has committed, and so the share stands.
    pub(crate) fn committed(&self, share: Share, progress: Progress) {
        let mut state = self.state.lock();
        let Some(known) = state.shares.get_mut(usize::from(share.0)) else { return };
        known.raise(progress);
        let pulse = state.pulse();
        self.changes.send_replace(pulse);
    }

    pub(crate) fn own(&self) -> (u64, i64) {
        let state = self.state.lock();
        state.lanes.get(&state.own).map_or((0, i64::MIN), |lane| (lane.documents, lane.stamp))
    }

    pub(crate) fn changes(&self) -> watch::Receiver<Pulse> {
        self.changes.subscribe()
    }

    pub(crate) fn status(&self) -> StoreStatus {
        let state = self.state.lock();
        let digested = state.shares.iter().map(|share| share.read).sum();
        let received = state.lanes.values().map(|lane| lane.documents).sum::<u64>().max(digested);
        let (dropped_documents, dropped_traces) = state.dropped;
        let newest = state.lanes.values().filter(|lane| lane.documents > 0).map(|lane| lane.stamp).max();
        StoreStatus {
            documents: received.saturating_sub(dropped_documents),
            traces: state.shares.iter().map(|share| share.traces).sum::<u64>().saturating_sub(dropped_traces),
            newest: received,
            digested,
            newest_received: newest.map(Timestamp),
            damaged: Vec::new(),
            age: state.looked.elapsed() + state.others_late,
        }
    }

    /// Whether no other process has been heard of lately.
    pub(crate) fn is_alone(&self) -> bool {
        self.state.lock().others_late.is_zero()
    }

    /// The lanes that may have more than a cursor covers.
    pub(crate) fn lanes_beyond(&self, share: Share, cursor: &TailCursor) -> Vec<u32> {
        let state = self.state.lock();
        let is_read = |lane: u32, view: &LaneView| {
            let last = view.last.as_ref().and_then(|last| last.get(usize::from(share.0)));
            last.is_some_and(|last| cursor.of_lane(lane).0 >= *last)
        };
        let lanes = state.lanes.iter().filter(|(lane, view)| !is_read(**lane, view));
        lanes.map(|(lane, _)| *lane).collect()
    }
}

impl State {
    fn take_in(&mut self, look: &Look) {
        self.dropped = look.dropped;
        for row in look.lanes.iter().filter(|row| row.number != self.own) {
            let lane = self.lanes.entry(row.number).or_default();
            lane.documents = lane.documents.max(row.documents);
            lane.stamp = row.stamp;
            lane.last.clone_from(&row.last);
        }
        for (known, row) in self.shares.iter_mut().zip(&look.shares) {
            known.raise(row.progress);
        }
    }

    fn pulse(&self) -> Pulse {
        let newest = self.shares.iter().max_by_key(|share| share.committed_at).copied().unwrap_or_default();
        let sum = |of: fn(&Progress) -> u64| self.shares.iter().map(of).sum::<u64>();
        Pulse {
            through: sum(|share| share.read),
            committed_at: newest.committed_at,
            digests: sum(|share| share.digests).saturating_sub(self.digests_before),
            foreign_links: sum(|share| share.foreign_links),
            lag_micros: newest.lag_micros,
        }
    }
}

impl Progress {
    /// A look may be older than what is known.
    fn raise(&mut self, seen: Self) {
        if seen.read > self.read {
            (self.committed_at, self.lag_micros) = (seen.committed_at, seen.lag_micros);
        }
        self.read = self.read.max(seen.read);
        self.traces = self.traces.max(seen.traces);
        self.digests = self.digests.max(seen.digests);
        self.foreign_links = self.foreign_links.max(seen.foreign_links);
    }
}
