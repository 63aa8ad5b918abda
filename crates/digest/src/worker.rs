//! The one task that owns the open traces: read, reduce, commit, tell.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::minute::MinuteRow;
use model::{Clock, StoredDocument, TraceDigest, TraceId};
use parking_lot::Mutex;
use query::now::Ledger;
use store::{Commit, Lease, StoreError, Tail, TailCursor, TraceStore};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::awaited::{Awaited, Waiting};
use crate::crew::Crew;
use crate::open::OpenTraces;
use crate::touched::{Outcome, Touched, reduce_all, results_of};
use crate::{Config, metrics};

/// Documents of one commit; more wait for the next.
const ROUND_DOCUMENTS: usize = 4_096;
/// After a round that took long, the next waits as long for more documents, so that a large trace is not
/// reduced again for each of its documents; but never so long that a person would notice.
const LONGEST_LINGER: Duration = Duration::from_millis(100);
/// Traces read back in one call, so that the memory of one answer is bounded.
const READ_TOGETHER: usize = 256;
/// Below this a round is cheap, and what comes next is shown at once.
const CHEAP_ROUND: Duration = Duration::from_millis(2);
/// Traces that wait in the ledger while nobody reads it.
const UNSETTLED: usize = 256;
const FIRST_RETRY: Duration = Duration::from_millis(10);
const LONGEST_RETRY: Duration = Duration::from_secs(1);

/// Of one share, while the lease is held.
pub(crate) struct Worker {
    store: Arc<dyn TraceStore>,
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
    awaited: Arc<Mutex<Awaited>>,
    ledger: Arc<Mutex<Ledger>>,
    /// Whether the last call of the store failed; a change is logged, not each failure.
    is_store_failing: bool,
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
            clock: Arc::clone(&crew.clock),
            lease,
            leases,
            shutdown,
            through: TailCursor::default(),
            ahead: Vec::new(),
            open: OpenTraces::new(config.open_traces, config.open_bytes),
            counted: 0,
            config,
            awaited: Arc::clone(&crew.awaited),
            ledger: Arc::clone(&crew.ledger),
            is_store_failing: false,
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
        let digested = self.patiently("ask what is digested", || store.digested(share)).await?;
        self.through = digested.through;
        let mut tail = store.tail(share, &self.through);
        if let Some(begun) = digested.unfinished {
            let documents = self.read_again(tail.as_mut(), &begun).await?;
            self.round(documents).await?;
        }
        let mut linger = Duration::ZERO;
        loop {
            let documents = self.read(tail.as_mut(), linger).await?;
            let started = Instant::now();
            self.round(documents).await?;
            let took = started.elapsed();
            linger = if took < CHEAP_ROUND { Duration::ZERO } else { took.min(LONGEST_LINGER) };
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
            for document in self.next(tail).await? {
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

    /// Waits for documents, and then a little for more where the last round was dear.
    async fn read(
        &mut self,
        tail: &mut dyn Tail,
        linger: Duration,
    ) -> Result<Vec<Arc<StoredDocument>>, Stopped> {
        let mut documents = self.next(tail).await?;
        let deadline = tokio::time::Instant::now() + linger;
        while documents.len() < ROUND_DOCUMENTS && !self.shutdown.is_cancelled() {
            // Polled once even when the deadline has passed, so what is there is always taken. Dropping
            // `next` loses nothing, and an error comes again.
            match tokio::time::timeout_at(deadline, tail.next()).await {
                Ok(Ok(more)) => documents.extend(more),
                Ok(Err(_)) | Err(_) => break,
            }
        }
        metrics::DOCUMENTS.inc_by(documents.len() as u64);
        Ok(documents)
    }

    async fn next(&mut self, tail: &mut dyn Tail) -> Result<Vec<Arc<StoredDocument>>, Stopped> {
        if !self.ahead.is_empty() {
            return Ok(std::mem::take(&mut self.ahead));
        }
        let mut pause = FIRST_RETRY;
        loop {
            let result = tokio::select! {
                biased;
                () = self.shutdown.cancelled() => return Err(Stopped::Told),
                result = tail.next() => result,
            };
            match result {
                Ok(documents) if documents.is_empty() => {}
                Ok(documents) => {
                    self.store_works();
                    return Ok(documents);
                }
                Err(error) => self.store_failed("follow the tail", &error, &mut pause).await?,
            }
        }
    }

    async fn round(&mut self, documents: Vec<Arc<StoredDocument>>) -> Result<(), Stopped> {
        let Some(oldest) = documents.iter().map(|document| document.received).min() else { return Ok(()) };
        let mut through = self.through.clone();
        documents.iter().for_each(|document| through.advance(document.place));
        let mut touched = self.gather(documents).await?;
        let started = Instant::now();
        // Reducing takes as long as the traces are large; the async workers must stay free for the doors.
        let groups = (self.config.groups)();
        touched = match tokio::task::spawn_blocking(move || reduce_all(touched, &groups)).await {
            Ok(reduced) => reduced,
            // Panics are caught inside, so the runtime is going down; nothing of this round is committed.
            Err(_) => return Err(Stopped::Closed),
        };
        metrics::REDUCE_SECONDS.observe(started.elapsed().as_secs_f64());
        let links = self.link_rows(&touched).await?;
        let (digests, minutes, replaced) = results_of(&mut touched, links);
        let (lease, revisions) = (self.lease, digests.len() as u64);
        // Before the store tells of the commit, since whoever hears of it reads both.
        self.enter(&replaced, &digests);
        let at = self.clock.now();
        self.commit(Commit { lease, through: through.clone(), digests, minutes, at, oldest }).await?;
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
        let digests = self.digests(&missing).await?;
        let ids: Vec<TraceId> = digests.iter().map(|digest| digest.id).collect();
        let read = self.documents_of(&ids).await?;
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

    /// What the round's links add to the minutes. Links whose senders have not arrived wait for them; links that
    /// waited for a trace of this round are tried again.
    async fn link_rows(&mut self, touched: &[Touched]) -> Result<Vec<MinuteRow>, Stopped> {
        let mut waiting: Vec<Waiting> = Vec::new();
        for one in touched {
            waiting.extend(self.awaited.lock().take(one.id));
            let Outcome::Revised(revision) = &one.outcome else { continue };
            let links = revision.links.iter().cloned();
            waiting.extend(links.map(|link| Waiting { link, groups: revision.digest.groups.clone() }));
        }
        let mut rows = Vec::new();
        let mut by_sender: BTreeMap<TraceId, Vec<Waiting>> = BTreeMap::new();
        for one in waiting {
            by_sender.entry(one.link.from.0).or_default().push(one);
        }
        let senders: Vec<TraceId> = by_sender.keys().copied().collect();
        let read = self.documents_of(&senders).await?;
        for ((id, links), documents) in by_sender.into_iter().zip(read) {
            let documents = documents.unwrap_or_default();
            let sending = (!documents.is_empty()).then(|| query::assemble(id, &documents));
            for one in links {
                match sending.as_ref().and_then(|trace| query::link::sender(trace, one.link.from.1)) {
                    Some(sender) => rows.extend(one.rows(&sender)),
                    None => self.awaited.lock().put(one),
                }
            }
        }
        Ok(rows)
    }

    async fn digests(&mut self, ids: &[TraceId]) -> Result<Vec<Arc<TraceDigest>>, Stopped> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let store = Arc::clone(&self.store);
        self.patiently("read digests", || store.digests(ids)).await
    }

    /// All documents of each trace; `None` for those of which they are damaged.
    async fn documents_of(
        &mut self,
        ids: &[TraceId],
    ) -> Result<Vec<Option<Vec<Arc<StoredDocument>>>>, Stopped> {
        let store = Arc::clone(&self.store);
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(READ_TOGETHER) {
            let read = || async {
                match store.documents_of(ids).await {
                    Err(StoreError::Corrupt { .. }) => Ok(None),
                    read => read.map(Some),
                }
            };
            match self.patiently("read traces", read).await? {
                Some(read) => found.extend(read.into_iter().map(Some)),
                None => self.one_by_one(ids, &mut found).await?,
            }
        }
        Ok(found)
    }

    /// Reads what can be read of traces of which some are damaged.
    async fn one_by_one(
        &mut self,
        ids: &[TraceId],
        found: &mut Vec<Option<Vec<Arc<StoredDocument>>>>,
    ) -> Result<(), Stopped> {
        let store = Arc::clone(&self.store);
        for &id in ids {
            let read = || async {
                match store.documents(id).await {
                    Err(error @ StoreError::Corrupt { .. }) => {
                        error!(trace = %id, %error, "the documents of a trace cannot be read; nothing that needs them is brought up to date");
                        Ok(None)
                    }
                    read => read.map(Some),
                }
            };
            found.push(self.patiently("read a trace", read).await?);
        }
        Ok(())
    }

    async fn commit(&mut self, commit: Commit) -> Result<(), Stopped> {
        let store = Arc::clone(&self.store);
        self.patiently("commit", || store.commit(commit.clone())).await?;
        metrics::COMMITS.inc();
        Ok(())
    }

    /// Calls the store until it works. What fails is said once, and tried again after pauses that grow.
    async fn patiently<T, F: Future<Output = Result<T, StoreError>>>(
        &mut self,
        action: &'static str,
        call: impl Fn() -> F,
    ) -> Result<T, Stopped> {
        let mut pause = FIRST_RETRY;
        loop {
            match call().await {
                Ok(done) => {
                    self.store_works();
                    return Ok(done);
                }
                Err(error) => self.store_failed(action, &error, &mut pause).await?,
            }
        }
    }

    fn store_works(&mut self) {
        if self.is_store_failing {
            info!("store works again");
            self.is_store_failing = false;
        }
    }

    /// Says so once, and waits before the next attempt; stops when that would be in vain.
    async fn store_failed(
        &mut self,
        action: &'static str,
        error: &StoreError,
        pause: &mut Duration,
    ) -> Result<(), Stopped> {
        match error {
            StoreError::Closed => return Err(Stopped::Closed),
            StoreError::Fenced => return Err(Stopped::Fenced),
            _ => {}
        }
        metrics::STORE_ERRORS.inc();
        if !self.is_store_failing {
            let source = std::error::Error::source(error).map(ToString::to_string);
            error!(action, %error, source, "store failed; new data is not shown until it works");
            self.is_store_failing = true;
        }
        let waited = tokio::time::sleep(*pause);
        *pause = (*pause * 2).min(LONGEST_RETRY);
        tokio::select! {
            () = waited => Ok(()),
            () = self.shutdown.cancelled() => Err(Stopped::Told),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.count_open(0);
    }
}
