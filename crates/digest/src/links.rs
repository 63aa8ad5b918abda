//! Links of a round: those that its traces received, and those that waited for its traces. They are matched in the share of
//! the sender alone, with documents that the round's commit covers, so a commit that is made again comes out the same.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use model::TraceId;
use model::link::{AwaitedLink, LinkId};
use model::minute::MinuteRow;
use store::{Share, TailCursor, TraceStore};

use crate::awaited::{self, Awaited};
use crate::patient::PatientStore;
use crate::touched::{Outcome, Touched};
use crate::worker::Stopped;

/// The links of one share.
pub(crate) struct Links {
    share: Share,
    awaited: Awaited,
    /// Put here by other shares, which do not know whether the sender was digested before.
    untried: Vec<Arc<AwaitedLink>>,
    /// How often other shares had put links here when that was looked at last.
    foreign: u64,
}

/// What a round's links do.
#[derive(Debug, Default)]
pub(crate) struct Linked {
    pub(crate) rows: Vec<MinuteRow>,
    pub(crate) awaited: Vec<Arc<AwaitedLink>>,
    pub(crate) answered: Vec<LinkId>,
}

impl Links {
    pub(crate) fn new(share: Share) -> Self {
        Self { share, awaited: Awaited::default(), untried: Vec::new(), foreign: 0 }
    }

    /// Takes in what waits in the store, when the share is opened.
    pub(crate) async fn open(
        &mut self,
        store: &dyn TraceStore,
        patient: &mut PatientStore,
    ) -> Result<(), Stopped> {
        // Asked first, so that what comes between is looked at again.
        self.foreign = store.changes().borrow().foreign_links;
        let waiting = patient.awaited(self.share).await?;
        let (own, others): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|waiting| waiting.id.share == self.share.0);
        // There are no more than fit, since each commit says which wait no longer.
        own.into_iter().for_each(|waiting| drop(self.awaited.put(waiting)));
        self.untried = others;
        Ok(())
    }

    /// Takes in what other shares have put here since.
    async fn look(&mut self, store: &dyn TraceStore, patient: &mut PatientStore) -> Result<(), Stopped> {
        let foreign = store.changes().borrow().foreign_links;
        if foreign != self.foreign {
            self.foreign = foreign;
            let mut waiting = patient.awaited(self.share).await?;
            waiting.retain(|waiting| !self.awaited.has(waiting.link.from.0, waiting.id));
            self.untried = waiting;
        }
        Ok(())
    }

    /// What the links of a round do. `again` has those that a commit answered which was begun and not finished: no other
    /// that waits in the store is tried then.
    pub(crate) async fn of_round(
        &mut self,
        store: &dyn TraceStore,
        patient: &mut PatientStore,
        touched: &[Touched],
        through: &TailCursor,
        again: Option<&[LinkId]>,
    ) -> Result<Linked, Stopped> {
        let mut linked = Linked::default();
        // Whether the store has it already decides what has to be told.
        let mut waiting: Vec<(Arc<AwaitedLink>, bool)> = Vec::new();
        self.look(store, patient).await?;
        waiting.extend(self.untried.drain(..).map(|waiting| (waiting, true)));
        let mut number = 0;
        for one in touched {
            waiting.extend(self.awaited.take(one.id).into_iter().map(|waiting| (waiting, true)));
            let Outcome::Revised(revision) = &one.outcome else { continue };
            for link in &revision.links {
                let id = LinkId { share: self.share.0, read: through.documents(), number };
                number += 1;
                let groups = revision.digest.groups.clone();
                let new = Arc::new(AwaitedLink { id, link: link.clone(), groups });
                match store.share_of(link.from.0) == self.share {
                    true => waiting.push((new, false)),
                    false => linked.awaited.push(new),
                }
            }
        }
        if let Some(answered) = again {
            let answered: HashSet<LinkId> = answered.iter().copied().collect();
            let (tried, left): (Vec<_>, Vec<_>) = waiting
                .into_iter()
                .partition(|(waiting, is_kept)| !is_kept || answered.contains(&waiting.id));
            waiting = tried;
            self.untried = left.into_iter().map(|(waiting, _)| waiting).collect();
        }
        self.answer(patient, waiting, through, &mut linked).await?;
        Ok(linked)
    }

    /// Adds the rows of links whose sender is among what was read; the others wait.
    async fn answer(
        &mut self,
        patient: &mut PatientStore,
        waiting: Vec<(Arc<AwaitedLink>, bool)>,
        through: &TailCursor,
        linked: &mut Linked,
    ) -> Result<(), Stopped> {
        let mut by_sender: BTreeMap<TraceId, Vec<(Arc<AwaitedLink>, bool)>> = BTreeMap::new();
        for one in waiting {
            by_sender.entry(one.0.link.from.0).or_default().push(one);
        }
        let senders: Vec<TraceId> = by_sender.keys().copied().collect();
        let read = patient.documents_of(&senders).await?;
        for ((id, links), documents) in by_sender.into_iter().zip(read) {
            let mut documents = documents.unwrap_or_default();
            documents.retain(|document| through.covers(document.place));
            let sending = (!documents.is_empty()).then(|| query::assemble(id, &documents));
            for (one, is_kept) in links {
                match sending.as_ref().and_then(|trace| query::link::sender(trace, one.link.from.1)) {
                    Some(sender) => {
                        linked.rows.extend(awaited::rows(&one, &sender));
                        linked.answered.extend(is_kept.then_some(one.id));
                    }
                    None => {
                        linked.awaited.extend((!is_kept).then(|| Arc::clone(&one)));
                        let given_up = self.awaited.put(one);
                        linked.answered.extend(given_up.iter().map(|waiting| waiting.id));
                    }
                }
            }
        }
        Ok(())
    }
}
