//! The one task that owns the open traces: read, reduce, commit, tell.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::link::LinkId;
use model::minute::MinuteRow;
use model::{Clock, StoredDocument, TraceDigest, TraceId};
use parking_lot::Mutex;
use query::now::Ledger;
use store::{Commit, Lease, Tail, TailCursor, TraceStore};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::crew::Crew;
use crate::links::{Linked, Links};
use crate::names::{Flood, Names};
use crate::open::OpenTraces;
use crate::patient::PatientStore;
use crate::reduce::{self, Ways};
use crate::touched::{Outcome, Touched, reduce_all, results_of};
use crate::{Config, metrics};

/// Documents of one commit, their entities, which may each make a node and an edge, and their bytes; more wait for the
/// next. One document may be larger than all of it, and is a round of its own.
const ROUND_DOCUMENTS: usize = 4_096;
const ROUND_ENTITIES: usize = 16_384;
const ROUND_BYTES: usize = 8 << 20;
/// The documents of a trace come one after the other, and each round reduces it anew. So while more come in, a round takes a
/// fifth of the time between its beginning and that of the next, or half of it where that would be longer than a person
/// notices; what comes after a pause is shown at once.
const UNNOTICED: Duration = Duration::from_millis(50);
const LONGEST_SPACING: Duration = Duration::from_millis(200);
/// Traces that wait in the ledger while nobody reads it.
const UNSETTLED: usize = 256;

/// Of one share, while the lease is held.
pub(crate) struct Worker {
    store: Arc<dyn TraceStore>,
    patient: PatientStore,
    clock: Arc<dyn Clock>,
    lease: Lease,
    /// Those of the process, among which the room for open traces is divided.
    leases: watch::Receiver<Vec<Lease>>,
    shutdown: CancellationToken,
    config: Config,
    /// What the last commit had read.
    through: TailCursor,
    /// Documents that were given and are for later rounds.
    ahead: Vec<Arc<StoredDocument>>,
    open: OpenTraces,
    /// Open traces as counted in the metric.
    counted: i64,
    links: Links,
    ledger: Arc<Mutex<Ledger>>,
    names: Names,
    flood: Arc<Mutex<Flood>>,
}

/// Why a worker ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// It was told to.
    Told,
    /// Another process has the share.
    Fenced,
    /// The store is closed, or the runtime is going down: no worker of this process goes on.
    Closed,
}

impl Worker {
    pub(crate) fn new(
        crew: &Crew,
        lease: Lease,
        leases: watch::Receiver<Vec<Lease>>,
        shutdown: CancellationToken,
    ) -> Self {
        let config = crew.config.clone();
        Self {
            store: Arc::clone(&crew.store),
            patient: PatientStore::new(Arc::clone(&crew.store), shutdown.clone()),
            clock: Arc::clone(&crew.clock),
            lease,
            leases,
            shutdown,
            through: TailCursor::default(),
            ahead: Vec::new(),
            open: OpenTraces::new(config.open_traces, config.open_bytes),
            counted: 0,
            config,
            links: Links::new(lease.share),
            ledger: Arc::clone(&crew.ledger),
            names: Names::default(),
            flood: Arc::clone(&crew.flood),
        }
    }

    /// Runs until it is told to stop or may not go on. A round that has begun is finished, unless the store does not let
    /// it.
    pub(crate) async fn run(mut self) -> Stopped {
        match self.follow().await {
            Ok(never) => match never {},
            Err(stopped) => stopped,
        }
    }

    async fn follow(&mut self) -> Result<Infallible, Stopped> {
        let (store, share) = (Arc::clone(&self.store), self.lease.share);
        let digested = self.patient.digested(share).await?;
        self.through = digested.through;
        self.links.open(&*store, &mut self.patient).await?;
        let mut tail = store.tail(share, &self.through);
        if let Some(begun) = digested.unfinished {
            let documents = self.read_again(tail.as_mut(), &begun.through).await?;
            self.round(documents, Some(&begun.answered)).await?;
        }
        let mut not_before = Instant::now();
        loop {
            let documents = self.read(tail.as_mut(), not_before).await?;
            let started = Instant::now();
            self.round(documents, None).await?;
            not_before = started + spacing(started.elapsed());
        }
    }

    /// The documents of a commit that was begun and not finished, and none beyond.
    async fn read_again(
        &mut self,
        tail: &mut dyn Tail,
        begun: &TailCursor,
    ) -> Result<Vec<Arc<StoredDocument>>, Stopped> {
        let (mut reached, mut documents) = (self.through.clone(), Vec::new());
        let mut ahead = Vec::new();
        while !reached.contains(begun) {
            for document in self.patient.next(tail).await? {
                if begun.covers(document.place) {
                    reached.advance(document.place);
                    documents.push(document);
                } else {
                    ahead.push(document);
                }
            }
        }
        self.ahead = ahead;
        Ok(documents)
    }

    /// Waits for documents, and then for more until the next round may begin.
    async fn read(
        &mut self,
        tail: &mut dyn Tail,
        not_before: Instant,
    ) -> Result<Vec<Arc<StoredDocument>>, Stopped> {
        let mut documents = match self.ahead.is_empty() {
            true => self.patient.next(tail).await?,
            false => std::mem::take(&mut self.ahead),
        };
        let deadline = not_before.into();
        while round_of(&documents) == documents.len()
            && documents.len() < ROUND_DOCUMENTS
            && !self.shutdown.is_cancelled()
        {
            // Polled once even when the deadline has passed, so what is there is always taken. Dropping
            // `next` loses nothing, and an error comes again.
            match tokio::time::timeout_at(deadline, tail.next()).await {
                Ok(Ok(more)) => documents.extend(more),
                Ok(Err(_)) | Err(_) => break,
            }
        }
        let mut rest = documents.split_off(round_of(&documents));
        rest.append(&mut self.ahead);
        self.ahead = rest;
        metrics::DOCUMENTS.inc_by(documents.len() as u64);
        Ok(documents)
    }

    /// `answered` are the links of a commit that is made again.
    async fn round(
        &mut self,
        documents: Vec<Arc<StoredDocument>>,
        answered: Option<&[LinkId]>,
    ) -> Result<(), Stopped> {
        let Some(oldest) = documents.iter().map(|document| document.received).min() else { return Ok(()) };
        let mut through = self.through.clone();
        documents.iter().for_each(|document| through.advance(document.place));
        let mut touched = self.gather(documents).await?;
        let started = Instant::now();
        // Reducing takes as long as the traces are large; the async workers must stay free for the doors.
        let now = Ways { groups: (self.config.groups)(), url_rules: (self.config.url_rules)() };
        let mut minutes;
        (touched, minutes) = match tokio::task::spawn_blocking(move || reduce_all(touched, &now)).await {
            Ok(reduced) => reduced,
            // Panics are caught inside, so the runtime is going down; nothing of this round is committed.
            Err(_) => return Err(Stopped::Closed),
        };
        metrics::REDUCE_SECONDS.observe(started.elapsed().as_secs_f64());
        let linked =
            self.links.of_round(&*self.store, &mut self.patient, &touched, &through, answered).await?;
        let Linked { rows, awaited, answered } = linked;
        let (digests, replaced) = results_of(&mut touched);
        if !rows.is_empty() {
            minutes.extend(rows);
            minutes = reduce::merge(minutes);
        }
        let minutes = self.bound(minutes).await?;
        let (lease, revisions) = (self.lease, digests.len() as u64);
        // Before the store tells of the commit, since whoever hears of it reads both.
        self.enter(&replaced, &digests);
        let at = self.clock.now();
        let to = through.clone();
        let commit = Commit { lease, through: to, digests, minutes, awaited, answered, at, oldest };
        self.patient.commit(commit).await?;
        self.through = through;
        let held = self.leases.borrow().len().max(1);
        self.open.set_limits(self.config.open_traces / held, self.config.open_bytes / held);
        for one in touched {
            if !matches!(one.outcome, Outcome::Unreadable) {
                self.open.put(one.id, one.trace);
            }
        }
        self.count_open(self.open.len() as i64);
        metrics::REVISIONS.inc_by(revisions);
        metrics::LAG_SECONDS.observe(oldest.until(self.clock.now()).as_seconds());
        Ok(())
    }

    /// Sums what is beyond the names that a minute counts by themselves.
    async fn bound(&mut self, rows: Vec<MinuteRow>) -> Result<Vec<MinuteRow>, Stopped> {
        for (minute, group) in self.names.unknown(&rows) {
            match self.patient.minute(minute, &group).await? {
                Some(held) => self.names.learn((minute, group), &held),
                None => self.names.close((minute, group)),
            }
        }
        let bounded = self.names.bound(rows);
        if self.names.flood.words().is_some() {
            self.flood.lock().clone_from(&self.names.flood);
        }
        Ok(bounded)
    }

    /// Lets the ledger know what took whose place.
    fn enter(&self, replaced: &[Option<Arc<TraceDigest>>], digests: &[Arc<TraceDigest>]) {
        let mut ledger = self.ledger.lock();
        for (old, new) in replaced.iter().zip(digests) {
            ledger.replace(old.as_ref(), new);
        }
        // Whoever reads it settles it; where nobody does, it must not grow.
        if ledger.pending() > UNSETTLED {
            ledger.settle(self.clock.now());
        }
    }

    fn count_open(&mut self, now: i64) {
        metrics::OPEN_TRACES.add(now - self.counted);
        self.counted = now;
    }

    /// The touched traces with everything received of them before this round.
    async fn gather(&mut self, documents: Vec<Arc<StoredDocument>>) -> Result<Vec<Touched>, Stopped> {
        let mut by_trace: HashMap<TraceId, usize> = HashMap::new();
        let mut touched: Vec<Touched> = Vec::new();
        let mut missing = Vec::new();
        for document in documents {
            let id = document.document.trace_id;
            debug_assert_eq!(self.store.share_of(id), self.lease.share, "DG-2");
            let index = *by_trace.entry(id).or_insert_with(|| {
                let held = self.open.take(id);
                if held.is_none() {
                    missing.push(id);
                }
                touched.push(Touched {
                    id,
                    trace: held.unwrap_or_default(),
                    new: Vec::new(),
                    outcome: Outcome::Unchanged,
                });
                touched.len() - 1
            });
            touched[index].new.push(document);
        }
        // A trace without a digest has no documents before this round: each commit leaves one.
        let digests = self.patient.digests(&missing).await?;
        let ids: Vec<TraceId> = digests.iter().map(|digest| digest.id).collect();
        let read = self.patient.documents_of(&ids).await?;
        for (digest, documents) in digests.into_iter().zip(read) {
            let one = &mut touched[by_trace[&digest.id]];
            let Some(earlier) = documents else {
                one.outcome = Outcome::Unreadable;
                continue;
            };
            // Of a trace whose digest was lost, what came before is counted already.
            let is_earlier = |document: &Arc<StoredDocument>| {
                self.through.covers(document.place) && document.received >= digest.first_received
            };
            for document in earlier.into_iter().filter(is_earlier) {
                if !one.trace.push(document) {
                    break;
                }
            }
            one.trace.digest = Some(digest);
        }
        Ok(touched)
    }
}

/// How long after the beginning of a round that took so long the next one may begin.
fn spacing(took: Duration) -> Duration {
    (5 * took).min(UNNOTICED).max((2 * took).min(LONGEST_SPACING))
}

/// How many of the documents make a round.
fn round_of(documents: &[Arc<StoredDocument>]) -> usize {
    let (mut entities, mut bytes) = (0, 0);
    let fits = |document: &&Arc<StoredDocument>| {
        entities += document.document.entity.count();
        bytes += document.document.raw.len();
        entities <= ROUND_ENTITIES && bytes <= ROUND_BYTES
    };
    documents.iter().take(ROUND_DOCUMENTS).take_while(fits).count().max(documents.len().min(1))
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.count_open(0);
    }
}
