//! The store as a worker calls it: until it works, or there is no sense in it any more.

use std::sync::Arc;
use std::time::Duration;

use model::link::AwaitedLink;
use model::minute::MinuteRow;
use model::{Minute, StoredDocument, TimeRange, TraceDigest, TraceId};
use store::{Commit, Digested, MinuteQuery, Share, StoreError, Subjects, Tail, TraceStore};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::metrics;
use crate::worker::Stopped;

/// Traces read back in one call, so that the memory of one answer is bounded.
const READ_TOGETHER: usize = 256;
const FIRST_RETRY: Duration = Duration::from_millis(10);
const LONGEST_RETRY: Duration = Duration::from_secs(1);

pub(crate) struct PatientStore {
    store: Arc<dyn TraceStore>,
    shutdown: CancellationToken,
    /// Whether the last call failed; a change is logged, not each failure.
    is_failing: bool,
}

impl PatientStore {
    pub(crate) fn new(store: Arc<dyn TraceStore>, shutdown: CancellationToken) -> Self {
        Self { store, shutdown, is_failing: false }
    }

    pub(crate) async fn digested(&mut self, share: Share) -> Result<Digested, Stopped> {
        let store = Arc::clone(&self.store);
        self.call("ask what is digested", || store.digested(share)).await
    }

    pub(crate) async fn awaited(&mut self, share: Share) -> Result<Vec<Arc<AwaitedLink>>, Stopped> {
        let store = Arc::clone(&self.store);
        self.call("ask which links wait", || store.awaited(share)).await
    }

    /// The next documents of the tail, at least one.
    pub(crate) async fn next(&mut self, tail: &mut dyn Tail) -> Result<Vec<Arc<StoredDocument>>, Stopped> {
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
                    self.works();
                    return Ok(documents);
                }
                Err(error) => self.failed("follow the tail", &error, &mut pause).await?,
            }
        }
    }

    pub(crate) async fn digests(&mut self, ids: &[TraceId]) -> Result<Vec<Arc<TraceDigest>>, Stopped> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let store = Arc::clone(&self.store);
        self.call("read digests", || store.digests(ids)).await
    }

    /// All rows of a minute; `None` where they are damaged or too many, so that the names in them are not known.
    pub(crate) async fn minute(
        &mut self,
        minute: Minute,
        group: &str,
    ) -> Result<Option<Vec<MinuteRow>>, Stopped> {
        let store = Arc::clone(&self.store);
        let range = TimeRange::new(minute.start(), minute.end());
        let query = MinuteQuery { range, group: group.to_owned(), subjects: Subjects::All };
        let read = || async {
            match store.minutes(&query).await {
                Err(StoreError::Damaged { .. } | StoreError::Exceeded { .. }) => Ok(None),
                rows => rows.map(Some),
            }
        };
        self.call("read the names of a minute", read).await
    }

    /// All documents of each trace; `None` for those of which they are damaged.
    pub(crate) async fn documents_of(
        &mut self,
        ids: &[TraceId],
    ) -> Result<Vec<Option<Vec<Arc<StoredDocument>>>>, Stopped> {
        let store = Arc::clone(&self.store);
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(READ_TOGETHER) {
            let read = || async {
                match store.documents_of(ids).await {
                    Err(StoreError::Damaged { .. }) => Ok(None),
                    read => read.map(Some),
                }
            };
            match self.call("read traces", read).await? {
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
                    Err(error @ StoreError::Damaged { .. }) => {
                        error!(trace = %id, %error, "the documents of a trace cannot be read; nothing that needs them is brought up to date");
                        Ok(None)
                    }
                    read => read.map(Some),
                }
            };
            found.push(self.call("read a trace", read).await?);
        }
        Ok(())
    }

    pub(crate) async fn commit(&mut self, commit: Commit) -> Result<(), Stopped> {
        let store = Arc::clone(&self.store);
        self.call("commit", || store.commit(commit.clone())).await?;
        metrics::COMMITS.inc();
        Ok(())
    }

    /// Calls until it works. What fails is said once, and tried again after pauses that grow.
    async fn call<T, F: Future<Output = Result<T, StoreError>>>(
        &mut self,
        action: &'static str,
        call: impl Fn() -> F,
    ) -> Result<T, Stopped> {
        let mut pause = FIRST_RETRY;
        loop {
            match call().await {
                Ok(done) => {
                    self.works();
                    return Ok(done);
                }
                Err(error) => self.failed(action, &error, &mut pause).await?,
            }
        }
    }

    fn works(&mut self) {
        if self.is_failing {
            info!("store works again");
            self.is_failing = false;
        }
    }

    /// Says so once, and waits before the next attempt; stops when that would be in vain.
    async fn failed(
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
        if !self.is_failing {
            let source = std::error::Error::source(error).map(ToString::to_string);
            error!(action, %error, source, "store failed; new data is not shown until it works");
            self.is_failing = true;
        }
        let waited = tokio::time::sleep(*pause);
        *pause = (*pause * 2).min(LONGEST_RETRY);
        tokio::select! {
            () = waited => Ok(()),
            () = self.shutdown.cancelled() => Err(Stopped::Told),
        }
    }
}
