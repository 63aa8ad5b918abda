//! `--store-mirror`: all that the embedded store has is kept in ClickHouse as well, so that a service can move there while it runs.
//!
//! ```text
//! append ─► embedded store ─► traces that were touched ─┐
//!           what it has from before, by its searches ───┴─► compare with ClickHouse ─► append what it lacks
//! ```
//! MR-1: one task sends, and sends only what it has just seen to be missing, after all that it sent before is settled. So whatever
//! was cut off, a document is never sent twice, and nothing has to be remembered but how far back to look.
//!
//! Senders never wait for the mirror, and are not told when it is away. Nobody here digests what is there: that is for the processes
//! that run on it.

mod copy;
mod file;
mod metrics;
mod noting;
mod waiting;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use model::error::chain;
use model::{Clock, Micros, TimeRange, Timestamp, TraceId};
use store::search::Predicate;
use store::{Axis, Search, StoreError, TraceStore};
use store_clickhouse::ClickHouseStore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use self::copy::{CopyError, copy};
use self::file::Mark;
pub(crate) use self::noting::Noting;
pub(crate) use self::waiting::Waiting;

/// So that traces that come together are compared together.
const GATHERS: Duration = Duration::from_millis(100);
/// After something failed.
const PAUSE: Duration = Duration::from_secs(1);
/// How often it is kept how far the mirror is.
const KEEPS: Duration = Duration::from_secs(5);
/// An insert that a killed process had on its way is done by then, or never: ClickHouse gives each ten seconds.
const SETTLES: Duration = Duration::from_secs(15);
/// Traces that are compared at once.
const TOGETHER: usize = 1_024;
/// Received within so much, what is there from before is looked through at once.
const SLICE: Micros = Micros::from_secs(60 * 60);
/// For what came last, when the server ends.
const ENDS: Duration = Duration::from_millis(1_500);

/// The task that follows.
#[derive(Debug)]
pub(crate) struct Mirror {
    task: JoinHandle<()>,
    stop: CancellationToken,
}

/// What it works with.
pub(crate) struct Deps {
    pub(crate) config: store_clickhouse::Config,
    /// Of the embedded store, for the file that says how far the mirror is.
    pub(crate) directory: PathBuf,
    pub(crate) source: Arc<dyn TraceStore>,
    pub(crate) waiting: Arc<Waiting>,
    pub(crate) clock: Arc<dyn Clock>,
}

struct Follower {
    deps: Deps,
    stop: CancellationToken,
    is_failing: bool,
}

/// Why it does not go on for now.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Copy(#[from] CopyError),
    #[error("read the embedded store")]
    Source(#[from] StoreError),
    #[error("keep how far the mirror is")]
    File(#[from] std::io::Error),
}

impl Mirror {
    pub(crate) fn start(deps: Deps) -> Self {
        let stop = CancellationToken::new();
        let mut follower = Follower { deps, stop: stop.clone(), is_failing: false };
        let task = tokio::spawn(async move { follower.run().await });
        Self { task, stop }
    }

    /// Sends what came last, if it takes no longer than a moment; the rest goes on at the next start.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        let _ = self.task.await;
    }
}

impl Follower {
    async fn run(&mut self) {
        let Some(mirror) = self.open().await else { return };
        let mut mark = self.mark(&mirror);
        let place = self.deps.config.place();
        if !mark.is_settled && !self.pause(SETTLES).await {
            return;
        }
        mark.is_settled = false;
        self.deps.waiting.begin(mark.through, self.deps.clock.now(), self.deps.source.status().newest);
        info!(place, "traces are kept in the mirror as well");
        let mut kept = tokio::time::Instant::now() - KEEPS;
        let stop = self.stop.clone();
        while !stop.is_cancelled() {
            let followed = tokio::select! {
                followed = self.follow(&mirror, &mut mark, &mut kept) => followed,
                () = stop.cancelled() => break,
            };
            match followed {
                Ok(()) => self.well(),
                Err(failure) => {
                    self.failed(&failure);
                    self.deps.waiting.put_back();
                    // What was refused may be kept in the end, and must be seen then.
                    tokio::select! {
                        () = mirror.settled() => {}
                        () = stop.cancelled() => break,
                    }
                    self.pause(PAUSE).await;
                }
            }
        }
        let ended = tokio::time::timeout(ENDS, async {
            mirror.settled().await;
            self.deps.waiting.put_back();
            self.touched(&mirror).await?;
            mark.through = self.deps.waiting.mark(self.deps.clock.now());
            mark.is_settled = true;
            Ok::<(), Failure>(mark.write(&self.deps.directory)?)
        });
        if !matches!(ended.await, Ok(Ok(()))) {
            warn!(place, "the mirror has not everything yet; it goes on at the next start");
        }
        // Its lane is found out later where this takes too long.
        let _ = tokio::time::timeout(ENDS, mirror.close()).await;
    }

    /// ClickHouse may be away when the server starts, which is no reason not to start. `None` when it is to end.
    async fn open(&mut self) -> Option<ClickHouseStore> {
        let place = self.deps.config.place();
        loop {
            let opening = ClickHouseStore::open(self.deps.config.clone(), self.deps.clock.now());
            let opened = tokio::select! {
                opened = opening => opened,
                () = self.stop.cancelled() => return None,
            };
            match opened {
                Ok(mirror) => return Some(mirror),
                Err(error) if !self.is_failing => {
                    warn!(place, error = chain(&error), "the mirror cannot be used; it is tried again");
                    self.is_failing = true;
                }
                Err(_) => {}
            }
            self.deps.waiting.away(true);
            metrics::AWAY.set(1);
            if !self.pause(PAUSE).await {
                return None;
            }
        }
    }

    /// From where on it may lack something. All of it, where it is another one or empty.
    fn mark(&self, mirror: &ClickHouseStore) -> Mark {
        let known = Mark::read(&self.deps.directory).filter(|mark| mark.store == mirror.name());
        match known {
            Some(mark) if mirror.status().documents > 0 => mark,
            Some(mark) => Mark { through: Timestamp::MIN, ..mark },
            None => Mark { store: mirror.name().to_owned(), through: Timestamp::MIN, is_settled: true },
        }
    }

    /// What came lately, and then a slice of what was there before, if it is not done.
    async fn follow(
        &mut self,
        mirror: &ClickHouseStore,
        mark: &mut Mark,
        kept: &mut tokio::time::Instant,
    ) -> Result<(), Failure> {
        self.touched(mirror).await?;
        let is_whole = !self.slice(mirror).await?;
        self.tell();
        if kept.elapsed() >= KEEPS {
            mark.through = self.deps.waiting.mark(self.deps.clock.now());
            mark.write(&self.deps.directory)?;
            *kept = tokio::time::Instant::now();
        }
        if is_whole {
            tokio::select! {
                () = self.deps.waiting.came() => tokio::time::sleep(GATHERS).await,
                () = tokio::time::sleep(KEEPS) => {}
            }
        }
        Ok(())
    }

    /// All traces of which something came lately.
    async fn touched(&self, mirror: &ClickHouseStore) -> Result<(), Failure> {
        let waiting = &self.deps.waiting;
        loop {
            let ids = waiting.take(TOGETHER);
            if ids.is_empty() {
                return Ok(());
            }
            self.send(mirror, &ids).await?;
            waiting.taken_is_there();
        }
    }

    /// A slice of what is to be looked through. False where nothing is.
    async fn slice(&self, mirror: &ClickHouseStore) -> Result<bool, Failure> {
        let Deps { source, waiting, .. } = &self.deps;
        let Some(pass) = waiting.pass() else { return Ok(false) };
        let oldest = source.holdings().await?.oldest_received.unwrap_or(pass.until);
        let end = pass.from.max(oldest).plus(SLICE).min(pass.until);
        // Searches find what is digested.
        if end == pass.until && source.status().digested < pass.newest {
            let _ = tokio::time::timeout(GATHERS, source.changes().changed()).await;
            return Ok(true);
        }
        let mut search = Search {
            range: TimeRange::new(pass.from, end),
            axis: Axis::Received,
            predicate: Predicate::Any,
            after: None,
            limit: TOGETHER,
        };
        loop {
            let page = source.search(&search).await?;
            let ids: Vec<TraceId> = page.digests.iter().map(|digest| digest.id).collect();
            self.send(mirror, &ids).await?;
            self.tell();
            if page.next.is_none() {
                break;
            }
            search.after = page.next;
            // What comes meanwhile does not wait for what is old.
            self.touched(mirror).await?;
        }
        waiting.passed(end);
        Ok(true)
    }

    async fn send(&self, mirror: &ClickHouseStore, ids: &[TraceId]) -> Result<(), Failure> {
        let copied = copy(&*self.deps.source, mirror, ids).await?;
        metrics::SENT.inc_by(copied.sent);
        metrics::DAMAGED.inc_by(copied.damaged);
        Ok(())
    }

    fn tell(&self) {
        metrics::BEHIND.set(self.deps.waiting.behind_seconds(self.deps.clock.now()));
    }

    fn well(&mut self) {
        if self.is_failing {
            info!(place = self.deps.config.place(), "the mirror takes traces again");
        }
        self.is_failing = false;
        self.deps.waiting.away(false);
        metrics::AWAY.set(0);
    }

    fn failed(&mut self, failure: &Failure) {
        metrics::FAILURES.inc();
        metrics::AWAY.set(1);
        self.deps.waiting.away(true);
        if !self.is_failing {
            let place = self.deps.config.place();
            warn!(
                place,
                error = chain(failure),
                "the mirror does not take traces; it gets them when it does"
            );
        }
        self.is_failing = true;
        self.tell();
    }

    /// False where it is to end.
    async fn pause(&self, length: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(length) => true,
            () = self.stop.cancelled() => false,
        }
    }
}

/// Where it is kept how far the mirror is.
fn file_of(directory: &Path) -> PathBuf {
    directory.join("mirror.json")
}
