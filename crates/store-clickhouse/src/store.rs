//! The store as its callers see it.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use model::link::AwaitedLink;
use model::minute::MinuteRow;
use model::{StoredDocument, Timestamp, TraceDigest, TraceId};
use parking_lot::Mutex;
use store::{
    Beginning, Capabilities, Commit, Digested, Holdings, Lease, MinuteQuery, NewDocument, Offline, Pulse,
    Retention, Search, SearchPage, Share, Span, StoreError, StoreStatus, Tail, TailCursor, TraceStore,
};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{info, warn};

use crate::beat::Beat;
use crate::binary::Input;
use crate::client::ClickHouse;
use crate::commit::{Committing, Step};
use crate::config::Config;
use crate::documents::{self, COLUMNS, Encoder, STAMP};
use crate::failure::Failure;
use crate::hub::Hub;
use crate::register::{Founded, Lane, Register, Taken, Written};
use crate::rounds::Rounds;
use crate::upkeep::Upkeep;
use crate::view::View;
use crate::writer::{Queue, Writer};
use crate::{holdings, minutes, schema, search};

/// Traces of which documents are read in one question.
const READ_TOGETHER: usize = 256;
/// For what was accepted to be kept when the store is closed; the process is killed soon after.
const CLOSING: Duration = Duration::from_secs(3);

/// A store in ClickHouse and PostgreSQL. Other processes may have it open too.
pub struct ClickHouseStore {
    server: ClickHouse,
    register: Arc<Register>,
    founded: Founded,
    lane: Lane,
    view: Arc<View>,
    hub: Arc<Hub>,
    queue: Arc<Queue>,
    is_lost: Arc<AtomicBool>,
    is_closed: AtomicBool,
    breaks_after: Mutex<Option<Step>>,
    tasks: Mutex<Option<Tasks>>,
    retention: Option<Duration>,
    place: String,
}

struct Tasks {
    writer: JoinHandle<Written>,
    hub: JoinHandle<()>,
    beat: JoinHandle<()>,
    upkeep: Option<JoinHandle<()>>,
    rounds: Option<JoinHandle<()>>,
}

impl Tasks {
    /// Ends those that have nothing to bring to an end.
    fn abort(&self) {
        self.hub.abort();
        self.beat.abort();
        self.upkeep.iter().chain(&self.rounds).for_each(JoinHandle::abort);
    }
}

impl ClickHouseStore {
    pub const CAPABILITIES: Capabilities = Capabilities {
        is_durable: true,
        is_shared: true,
        encrypts: false,
        retention: Retention::ByDay,
        offline: Offline { check: false, export: false, import: false },
    };

    /// Opens the store, makes what is missing of it, and takes the shares that nobody has.
    ///
    /// `Unusable`, with what to do about it, where a server does not answer, is too old, lets this user not do what is needed, or
    /// has tables that are not this store's.
    pub async fn open(config: Config, now: Timestamp) -> Result<Self, StoreError> {
        let failed = |failure: Failure| failure.of_any("open the store");
        let register = Register::new(&config.register, config.lease)
            .map_err(|error| StoreError::failed("read the URL of PostgreSQL", error))?;
        let server = ClickHouse::new(&config)
            .map_err(|error| StoreError::failed("make a client for ClickHouse", error))?;
        let founded = register.found(config.shares).await?;
        schema::prepare(&server, &founded.name, now).await?;
        let (lane, written) =
            match register.take_lane(founded.shares, config.digests).await.map_err(failed)? {
                Taken::Known(lane, written) => (lane, written),
                Taken::Unknown(lane) => (lane, look_up(&server, lane, founded.shares).await.map_err(failed)?),
            };
        server.prefer(lane.number).await;
        let look = register.look().await.map_err(failed)?;
        let register = Arc::new(register);
        let view = Arc::new(View::new(lane.number, &written, &look));
        let hub = Arc::new(Hub::new(server.clone(), Arc::clone(&view), config.pace));
        let queue = Arc::<Queue>::default();
        let is_lost = Arc::<AtomicBool>::default();
        let mut beat = Beat {
            register: Arc::clone(&register),
            server: server.clone(),
            view: Arc::clone(&view),
            lane,
            lease: config.lease,
            digests: config.digests,
            is_lost: Arc::clone(&is_lost),
            leaving: BTreeSet::new(),
        };
        beat.once(true).await.map_err(failed)?;
        let writer = Writer {
            server: server.clone(),
            queue: Arc::clone(&queue),
            view: Arc::clone(&view),
            hub: Arc::clone(&hub),
            lane,
            written,
            encoder: Encoder::default(),
            name: founded.name.clone(),
            pace: config.pace,
            patience: config.patience,
        };
        let upkeep = config.retention.map(|retention| {
            let (server, register) = (server.clone(), Arc::clone(&register));
            tokio::spawn(Upkeep { server, register, leases: view.leases.subscribe(), retention }.run())
        });
        let rounds = server.cluster.is_some().then(|| {
            let (server, name) = (server.clone(), founded.name.clone());
            tokio::spawn(Rounds { server, name }.run())
        });
        let tasks = Tasks {
            upkeep,
            rounds,
            writer: tokio::spawn(writer.run()),
            hub: tokio::spawn(Arc::clone(&hub).run()),
            beat: tokio::spawn(beat.run()),
        };
        info!(
            place = config.place(),
            shares = founded.shares,
            lane = lane.number,
            "opened the store in ClickHouse"
        );
        Ok(Self {
            server,
            register,
            founded,
            lane,
            view,
            hub,
            queue,
            is_lost,
            is_closed: AtomicBool::new(false),
            breaks_after: Mutex::default(),
            tasks: Mutex::new(Some(tasks)),
            retention: config.retention,
            place: config.place(),
        })
    }

    /// Commits end after this step, as if the process had been killed there: for tests.
    pub fn break_commits(&self, after: Option<Step>) {
        *self.breaks_after.lock() = after;
    }

    /// Waits until nothing that was handed over is on its way to ClickHouse: after an append that failed it may be, and may be
    /// kept in the end.
    pub async fn settled(&self) {
        self.queue.settled().await;
    }

    /// Tells this store from every other.
    pub fn name(&self) -> &str {
        &self.founded.name
    }

    fn check_open(&self) -> Result<(), StoreError> {
        match self.is_closed.load(Ordering::Acquire) {
            true => Err(StoreError::Closed),
            false => Ok(()),
        }
    }
}

/// Spreads traces evenly, however their ids are made.
pub(crate) fn share_of(id: TraceId, shares: u16) -> Share {
    Share((crc32fast::hash(&id.0) % u32::from(shares.max(1))) as u16)
}

/// What a lane has whose process died.
async fn look_up(server: &ClickHouse, lane: Lane, shares: u16) -> Result<Written, Failure> {
    let sql = format!(
        "SELECT share, max(seq), max({STAMP}) FROM documents WHERE lane = {} GROUP BY share FORMAT RowBinary",
        lane.number
    );
    let answer = server.ask(sql).await?;
    let mut written = Written { last: vec![0; shares.into()], stamp: i64::MIN };
    let rows = Input::new(&answer)
        .rows(|input| Ok((u16::from_le_bytes(input.array()?), input.u64()?, input.i64()?)))?;
    for (share, last, stamp) in rows {
        if let Some(of_share) = written.last.get_mut(usize::from(share)) {
            *of_share = last;
        }
        written.stamp = written.stamp.max(stamp);
    }
    Ok(written)
}

#[async_trait]
impl TraceStore for ClickHouseStore {
    async fn append(&self, documents: Vec<NewDocument>) -> Result<(), StoreError> {
        self.check_open()?;
        if self.is_lost.load(Ordering::Acquire) {
            return Err(StoreError::Unusable {
                detail: "another process writes where this one did".to_owned(),
                remedy: "start this one anew".to_owned(),
            });
        }
        if documents.is_empty() {
            return Ok(());
        }
        self.queue.append(documents).await
    }

    async fn documents_of(&self, ids: &[TraceId]) -> Result<Vec<Vec<Arc<StoredDocument>>>, StoreError> {
        self.check_open()?;
        let failed = |failure: Failure| failure.of_query("read traces from ClickHouse");
        let mut by_id: HashMap<TraceId, Vec<Arc<StoredDocument>>> = HashMap::new();
        let asked: Vec<TraceId> = ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        for ids in asked.chunks(READ_TOGETHER) {
            let sql = format!(
                "SELECT {COLUMNS} FROM documents WHERE {} ORDER BY share, trace_id, {STAMP}, lane, seq, entity FORMAT RowBinary",
                search::of_traces(self.founded.shares, ids)
            );
            let answer = self.server.ask(sql).await.map_err(failed)?;
            for kept in documents::read(&answer).map_err(|malformed| failed(malformed.into()))? {
                by_id.entry(kept.trace_id).or_default().extend(kept.document);
            }
        }
        Ok(ids.iter().map(|id| by_id.get(id).cloned().unwrap_or_default()).collect())
    }

    async fn beginning(&self, id: TraceId, span: Span) -> Result<Beginning, StoreError> {
        self.check_open()?;
        let read = documents::beginning(&self.server, self.founded.shares, id, span).await;
        read.map_err(|failure| failure.of_query("read a trace from ClickHouse"))
    }

    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        self.check_open()?;
        let committing = Committing {
            server: &self.server,
            register: &self.register,
            lane: self.lane,
            name: &self.founded.name,
            shares: self.founded.shares,
            breaks_after: *self.breaks_after.lock(),
        };
        if let Some(progress) = committing.commit(&commit).await? {
            self.view.committed(commit.lease.share, progress);
        }
        Ok(())
    }

    async fn digests(&self, ids: &[TraceId]) -> Result<Vec<Arc<TraceDigest>>, StoreError> {
        self.check_open()?;
        let mut by_id: HashMap<TraceId, Arc<TraceDigest>> = HashMap::new();
        for ids in ids.chunks(READ_TOGETHER) {
            let found = search::newest(&self.server, self.founded.shares, ids).await;
            let found = found.map_err(|failure| failure.of_query("read digests from ClickHouse"))?;
            by_id.extend(found.into_iter().map(|digest| (digest.id, digest)));
        }
        Ok(ids.iter().filter_map(|id| by_id.get(id).cloned()).collect())
    }

    async fn search(&self, search: &Search) -> Result<SearchPage, StoreError> {
        self.check_open()?;
        search::page(&self.server, self.founded.shares, search).await
    }

    async fn minutes(&self, query: &MinuteQuery) -> Result<Vec<MinuteRow>, StoreError> {
        self.check_open()?;
        let failed = |failure: Failure| failure.of_query("read minutes from ClickHouse");
        let answer = self.server.ask(minutes::question(query, true)).await.map_err(failed)?;
        minutes::read(&answer, query, None).map_err(|malformed| failed(malformed.into()))
    }

    async fn totals(&self, query: &MinuteQuery) -> Result<Vec<MinuteRow>, StoreError> {
        self.check_open()?;
        let failed = |failure: Failure| failure.of_query("read minutes from ClickHouse");
        let answer = self.server.ask(minutes::question(query, false)).await.map_err(failed)?;
        let minute = query.range.start.minute();
        minutes::read(&answer, query, Some(minute)).map_err(|malformed| failed(malformed.into()))
    }

    fn shares(&self) -> watch::Receiver<Vec<Lease>> {
        self.view.leases.subscribe()
    }

    fn share_of(&self, id: TraceId) -> Share {
        share_of(id, self.founded.shares)
    }

    fn tail(&self, share: Share, after: &TailCursor) -> Box<dyn Tail> {
        Box::new(self.hub.tail(share, after))
    }

    async fn digested(&self, share: Share) -> Result<Digested, StoreError> {
        self.check_open()?;
        self.register
            .digested(share)
            .await
            .map_err(|failure| failure.of_any("ask PostgreSQL what is digested"))
    }

    async fn awaited(&self, share: Share) -> Result<Vec<Arc<AwaitedLink>>, StoreError> {
        self.check_open()?;
        self.register
            .awaited(share)
            .await
            .map_err(|failure| failure.of_any("ask PostgreSQL which links wait"))
    }

    async fn digested_elsewhere(
        &self,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<(TraceId, u32)>, StoreError> {
        self.check_open()?;
        let held: Vec<Share> = self.view.leases.borrow().iter().map(|lease| lease.share).collect();
        let others: Vec<Share> =
            (0..self.founded.shares).map(Share).filter(|share| !held.contains(share)).collect();
        let found = search::revised(&self.server, &others, since, limit).await;
        found.map_err(|failure| failure.of_query("ask ClickHouse what others digest"))
    }

    fn changes(&self) -> watch::Receiver<Pulse> {
        self.view.changes()
    }

    fn status(&self) -> StoreStatus {
        self.view.status()
    }

    async fn holdings(&self) -> Result<Holdings, StoreError> {
        self.check_open()?;
        holdings::holdings(&self.server, self.founded.shares, self.retention).await
    }

    fn capabilities(&self) -> Capabilities {
        Self::CAPABILITIES
    }

    /// Lets go of its shares and of its lane; other processes take them over.
    async fn close(&self) -> Result<(), StoreError> {
        if self.is_closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        self.queue.close();
        let Some(mut tasks) = self.tasks.lock().take() else { return Ok(()) };
        let Tasks { writer, .. } = &mut tasks;
        let written = tokio::time::timeout(CLOSING, writer).await.ok().and_then(Result::ok);
        if written.is_none() {
            warn!("ClickHouse has not taken everything; what it has of this process is found out later");
        }
        self.hub.close();
        tasks.abort();
        self.view.leases.send_replace(Vec::new());
        let left = self.register.leave(self.lane, written.as_ref()).await;
        left.map_err(|failure| failure.of_any("tell PostgreSQL that this process ends"))
    }
}

impl fmt::Debug for ClickHouseStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClickHouseStore").field("place", &self.place).finish_non_exhaustive()
    }
}

impl Drop for ClickHouseStore {
    /// Without a close it is as if the process had been killed: nothing that was acknowledged is lost, and others take over when its lease
    /// has run out.
    fn drop(&mut self) {
        if let Some(tasks) = self.tasks.lock().take() {
            tasks.writer.abort();
            tasks.abort();
        }
    }
}

/// Removes the database from ClickHouse, with everything in it.
#[cfg(feature = "cluster")]
pub async fn remove(config: &Config) -> Result<(), StoreError> {
    let server =
        ClickHouse::new(config).map_err(|error| StoreError::failed("make a client for ClickHouse", error))?;
    for node in server.nodes() {
        let dropped = node.order(format!("DROP DATABASE IF EXISTS `{}` SYNC", config.database)).await;
        dropped.map_err(|failure| failure.of_any("drop the database"))?;
    }
    Ok(())
}
