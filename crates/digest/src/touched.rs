//! The traces of one round: which documents each got, and what became of it.

use std::sync::Arc;

use model::minute::MinuteRow;
use model::{Place, StoredDocument, TraceDigest, TraceId};
use query::rollup::Sums;
use tracing::error;

use crate::metrics;
use crate::open::OpenTrace;
use crate::reduce::{self, Revision, Ways};

/// One trace of a round. It goes through the reduction by value, since that happens on another thread.
pub(crate) struct Touched {
    pub(crate) id: TraceId,
    pub(crate) trace: OpenTrace,
    /// Documents of this round.
    pub(crate) new: Vec<Arc<StoredDocument>>,
    pub(crate) outcome: Outcome,
}

/// What became of a trace in a round.
pub(crate) enum Outcome {
    /// Nothing new was taken, or its reduction panicked.
    Unchanged,
    /// Its earlier documents cannot be read; the digest stays as it is.
    Unreadable,
    Revised(Revision),
}

impl Outcome {
    fn take_revision(&mut self) -> Option<Revision> {
        match std::mem::replace(self, Self::Unchanged) {
            Self::Revised(revision) => Some(revision),
            other => {
                *self = other;
                None
            }
        }
    }
}

/// Digests, and what each of them replaces.
pub(crate) type Results = (Vec<Arc<TraceDigest>>, Vec<Option<Arc<TraceDigest>>>);

/// Takes the new documents into each trace and makes its next revision. Gives the difference that all of them make, too.
pub(crate) fn reduce_all(mut touched: Vec<Touched>, ways: &Ways) -> (Vec<Touched>, Vec<MinuteRow>) {
    let mut sums = Sums::default();
    for one in &mut touched {
        let mut new: Vec<Place> = Vec::with_capacity(one.new.len());
        for document in one.new.drain(..) {
            let place = document.place;
            if one.trace.push(document) {
                new.push(place);
            } else {
                metrics::BEYOND_CAP.inc();
            }
        }
        if matches!(one.outcome, Outcome::Unreadable) {
            metrics::SKIPPED.inc();
            continue;
        }
        if new.is_empty() {
            continue;
        }
        new.sort_unstable();
        match reduce::revise(one.id, &one.trace.documents, &new, one.trace.digest.as_deref(), ways) {
            Ok(revision) => {
                sums.replace(one.trace.digest.as_deref(), &revision.digest);
                one.outcome = Outcome::Revised(revision);
            }
            Err(panic) => {
                metrics::SKIPPED.inc();
                error!(trace = %one.id, panic, "left a trace's digest as it was: reducing it panicked");
            }
        }
    }
    (touched, sums.into_rows())
}

/// The digests that the round writes, and for each the one that it replaces; the traces remember it as what the store holds.
pub(crate) fn results_of(touched: &mut [Touched]) -> Results {
    let mut digests = Vec::with_capacity(touched.len());
    let mut replaced = Vec::with_capacity(touched.len());
    for one in touched {
        let Some(revision) = one.outcome.take_revision() else { continue };
        replaced.push(one.trace.digest.replace(Arc::clone(&revision.digest)));
        digests.push(revision.digest);
    }
    (digests, replaced)
}
