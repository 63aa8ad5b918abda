//! Shares of a memory store: their documents by lane, who holds them, and how far commits have come.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::link::{AwaitedLink, LinkId};
use model::segment::Sequence;
use model::{Place, StoredDocument, Timestamp, TraceId};
use tokio::sync::watch;

use crate::{Begun, Digested, Lease, Share, StoreError, TailCursor};

/// How far a commit comes that is broken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is known which documents it is about.
    Noted,
    Minutes,
    SomeDigests,
    /// Everything but the cursor.
    Digests,
    /// Everything, but the answer is lost.
    Cursor,
}

#[derive(Debug)]
pub(super) struct Shares {
    all: Vec<OneShare>,
    processes: BTreeMap<u32, watch::Sender<Vec<Lease>>>,
    next_process: u32,
    pub(super) breaks_after: Option<Step>,
}

#[derive(Debug, Default)]
pub(super) struct OneShare {
    /// The document of sequence `n` stands at `n - 1`.
    lanes: BTreeMap<u32, Vec<Arc<StoredDocument>>>,
    owner: Option<u32>,
    epoch: u64,
    pub(super) digested: Digested,
    /// What waits for traces of this share.
    pub(super) awaited: BTreeMap<LinkId, Arc<AwaitedLink>>,
    /// The minutes of the unfinished commit are in.
    has_minutes: bool,
    /// Whoever made the last commit does not know that it was finished.
    is_unanswered: bool,
}

impl OneShare {
    pub(super) fn after<'a>(
        &'a self,
        after: &'a TailCursor,
    ) -> impl Iterator<Item = &'a Arc<StoredDocument>> {
        self.lanes.iter().flat_map(|(lane, documents)| {
            let from = usize::try_from(after.of_lane(*lane).0).unwrap_or(usize::MAX);
            documents.get(from..).unwrap_or_default()
        })
    }
}

impl Shares {
    pub(super) fn new(shares: u16) -> Self {
        let all = (0..shares.max(1)).map(|_| OneShare::default()).collect();
        Self { all, processes: BTreeMap::new(), next_process: 0, breaks_after: None }
    }

    pub(super) fn of(&self, id: TraceId) -> Share {
        // Ids are random but for their first bytes. The sum spreads also those that tests count up.
        let sum = id.0.iter().fold(0_usize, |sum, byte| sum.wrapping_mul(31) ^ usize::from(*byte));
        Share((sum % self.all.len()) as u16)
    }

    pub(super) fn get(&self, share: Share) -> Option<&OneShare> {
        self.all.get(usize::from(share.0))
    }

    /// About how many documents all commits have read.
    pub(super) fn digested(&self) -> u64 {
        self.all.iter().map(|one| one.digested.through.documents()).sum()
    }

    /// The place of the next document of a process.
    pub(super) fn place(&mut self, process: u32, id: TraceId, received: Timestamp) -> Place {
        let share = usize::from(self.of(id).0);
        let lane = self.all[share].lanes.entry(process).or_default();
        let last = lane.last().map_or(i64::MIN, |last| last.place.stamp);
        let sequence = Sequence(lane.len() as u64 + 1);
        Place { stamp: received.0.max(last), lane: process, sequence }
    }

    pub(super) fn keep(&mut self, id: TraceId, stored: Arc<StoredDocument>) {
        let share = usize::from(self.of(id).0);
        self.all[share].lanes.entry(stored.place.lane).or_default().push(stored);
    }

    pub(super) fn join(&mut self) -> (u32, watch::Receiver<Vec<Lease>>) {
        let process = self.next_process;
        self.next_process += 1;
        let (sender, leases) = watch::channel(Vec::new());
        self.processes.insert(process, sender);
        self.spread();
        (process, leases)
    }

    pub(super) fn leave(&mut self, process: u32) {
        // With its sender gone it hears of no change any more.
        self.processes.remove(&process);
        for one in self.all.iter_mut().filter(|one| one.owner == Some(process)) {
            (one.owner, one.epoch) = (None, one.epoch + 1);
        }
        self.spread();
    }

    /// Gives each process its part of the shares.
    fn spread(&mut self) {
        let processes: Vec<u32> = self.processes.keys().copied().collect();
        for (number, one) in self.all.iter_mut().enumerate() {
            let owner = processes.get(number % processes.len().max(1)).copied();
            if one.owner != owner {
                one.epoch += u64::from(one.owner.is_some());
                one.owner = owner;
            }
        }
        for (process, leases) in &self.processes {
            let held = self.all.iter().zip(0..).filter(|(one, _)| one.owner == Some(*process));
            let held = held.map(|(one, share)| Lease { share: Share(share), epoch: one.epoch }).collect();
            leases.send_if_modified(|leases| {
                *leases != held && {
                    *leases = held;
                    true
                }
            });
        }
    }

    /// Notes which documents the next commit is about. False if it is finished already.
    pub(super) fn begin(
        &mut self,
        process: u32,
        lease: Lease,
        through: &TailCursor,
        answered: &[LinkId],
    ) -> Result<bool, StoreError> {
        let Some(one) = self.all.get_mut(usize::from(lease.share.0)) else { return Err(StoreError::Fenced) };
        if one.owner != Some(process) || one.epoch != lease.epoch {
            return Err(StoreError::Fenced);
        }
        match &one.digested.unfinished {
            Some(begun) if begun.through != *through => {
                let detail = "another commit was begun and must be finished first".to_owned();
                let source = std::io::Error::other(detail);
                Err(StoreError::failed("commit", source))
            }
            Some(_) => Ok(true),
            None if one.is_unanswered && one.digested.through == *through => Ok(false),
            None => {
                one.is_unanswered = false;
                let (through, answered) = (through.clone(), answered.to_vec());
                one.digested.unfinished = Some(Begun { through, answered });
                one.has_minutes = false;
                Ok(true)
            }
        }
    }

    /// Whether the minutes of the commit are still to be added; they are from now on.
    pub(super) fn adds_minutes(&mut self, share: Share) -> bool {
        let one = &mut self.all[usize::from(share.0)];
        !std::mem::replace(&mut one.has_minutes, true)
    }

    /// The cursor moves, and with it what waits. Says how many links wait in other shares from now on.
    pub(super) fn finish(
        &mut self,
        share: Share,
        through: TailCursor,
        awaited: Vec<Arc<AwaitedLink>>,
    ) -> u64 {
        let mut foreign = 0;
        for waiting in awaited {
            let of_sender = self.of(waiting.link.from.0);
            foreign += u64::from(of_sender != share);
            self.all[usize::from(of_sender.0)].awaited.insert(waiting.id, waiting);
        }
        let one = &mut self.all[usize::from(share.0)];
        let begun = std::mem::replace(&mut one.digested, Digested { through, unfinished: None });
        for id in begun.unfinished.into_iter().flat_map(|begun| begun.answered) {
            one.awaited.remove(&id);
        }
        one.is_unanswered = true;
        foreign
    }

    pub(super) fn answered(&mut self, share: Share) {
        self.all[usize::from(share.0)].is_unanswered = false;
    }

    /// An error where commits are to be broken off after this step.
    pub(super) fn check(&self, step: Step) -> Result<(), StoreError> {
        match self.breaks_after {
            Some(broken) if broken == step => Err(StoreError::Closed),
            _ => Ok(()),
        }
    }
}
