//! The store as its callers see it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use model::link::AwaitedLink;
use model::minute::{MinuteKey, MinuteRow, Stats};
use model::{StoredDocument, TraceDigest, TraceId};
use row::StoredBytes;
use row::codec;
use store::{
    Beginning, Capabilities, Commit, Digested, First, Holdings, Lease, MinuteQuery, NewDocument, Offline,
    Pulse, Retention, Search, SearchPage, Share, Span, StoreError, StoreStatus, Tail, TailCursor, TraceStore,
};
use tokio::sync::watch;

use crate::config::Config;
use crate::core::state::State;
use crate::core::{Core, LANE};
use crate::flush::Flusher;
use crate::limits::Budget;
use crate::log::frame;
use crate::log::writer::LogWriter;
use crate::part::minutes::Sums;
use crate::tail::LocalTail;
use crate::upkeep::{self, Upkeep};
use crate::{holdings, replay, search};

/// A store in a directory of this machine.
pub struct LocalStore {
    core: Arc<Core>,
    writer: Arc<LogWriter>,
    flusher: Flusher,
    upkeep: Upkeep,
    changes: watch::Sender<Pulse>,
}

impl LocalStore {
    /// What can be done with any directory.
    pub const CAPABILITIES: Capabilities = Capabilities {
        is_durable: true,
        is_shared: false,
        encrypts: true,
        retention: Retention::ByAge,
        offline: Offline { check: true, export: true, import: true },
    };

    /// Opens the directory, or makes it, and replays the log that is not in parts. It blocks meanwhile.
    ///
    /// `Unusable`, with what to do about it, when another process has the directory, when it cannot be
    /// written, or when a newer version wrote it. Damaged files are no error: they are set aside and named in
    /// the status.
    pub fn open(config: Config) -> Result<Self, StoreError> {
        let replayed = replay::open(config)?;
        let core = Arc::new(replayed.core);
        core.reserve.take(&core.directory.reserve(), core.config.reserve_bytes);
        let writer = Arc::new(LogWriter::start(Arc::clone(&core), replayed.next_log_file)?);
        let flusher = Flusher::start(Arc::clone(&core), Arc::clone(&writer))?;
        let upkeep = Upkeep::start(Arc::clone(&core))?;
        let through = core.look(State::digested).0;
        let (changes, _) = watch::channel(Pulse { through, ..Pulse::default() });
        Ok(Self { core, writer, flusher, upkeep, changes })
    }

    /// Answers when it is the query's turn, within its limits. Where the caller goes away, it ends.
    async fn query<T: Send + 'static>(
        &self,
        answer: impl FnOnce(&Core, &Budget) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let core = Arc::clone(&self.core);
        let (budget, _interest) = Budget::new(core.config.limits);
        let turn = Arc::clone(&core.queries).acquire_owned();
        let turn = tokio::time::timeout_at(budget.until().into(), turn).await;
        let Ok(Ok(turn)) = turn else { return Err(StoreError::Busy { reason: "queries" }) };
        blocking(move || {
            let _turn = turn;
            answer(&core, &budget)
        })
        .await
    }

    /// Drops and merges at once what would be dropped and merged in time.
    pub async fn tidy(&self) -> Result<(), StoreError> {
        self.core.check_open()?;
        let core = Arc::clone(&self.core);
        blocking(move || upkeep::finish(&core)).await
    }
}

#[async_trait]
impl TraceStore for LocalStore {
    async fn append(&self, documents: Vec<NewDocument>) -> Result<(), StoreError> {
        self.core.check_open()?;
        if documents.is_empty() {
            return Ok(());
        }
        self.core.wait_for_room().await?;
        if let Some(bytes) =
            documents.iter().map(|new| new.document.raw.len()).find(|&len| len > MAX_RAW_BYTES)
        {
            let detail = format!("{bytes} bytes, at most {MAX_RAW_BYTES}");
            let source = std::io::Error::new(std::io::ErrorKind::InvalidInput, detail);
            return Err(StoreError::failed("take a document of this size", source));
        }
        self.writer.append(documents).await
    }

    async fn documents_of(&self, ids: &[TraceId]) -> Result<Vec<Vec<Arc<StoredDocument>>>, StoreError> {
        self.core.check_open()?;
        let (core, ids) = (Arc::clone(&self.core), ids.to_vec());
        blocking(move || ids.into_iter().map(|id| documents(&core, id)).collect()).await
    }

    async fn beginning(&self, id: TraceId, span: Span) -> Result<Beginning, StoreError> {
        self.core.check_open()?;
        let core = Arc::clone(&self.core);
        blocking(move || beginning(&core, id, span)).await
    }

    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        self.core.check_open()?;
        if commit.lease != Lease::default() {
            return Err(StoreError::Fenced);
        }
        let began = Instant::now();
        let pulse = self.changes.borrow().after(&commit, commit.through.documents());
        let core = Arc::clone(&self.core);
        let prepare = move || {
            let Commit { digests, minutes, awaited, answered, .. } = &commit;
            let encoded = codec::encode_commit(digests, minutes, awaited, answered);
            core.prepare(commit, encoded)
        };
        let prepared = blocking(prepare).await?;
        self.writer.commit(prepared).await?;
        self.changes.send_replace(pulse.delayed(began.elapsed()));
        Ok(())
    }

    async fn digests(&self, ids: &[TraceId]) -> Result<Vec<Arc<TraceDigest>>, StoreError> {
        self.core.check_open()?;
        let (core, ids) = (Arc::clone(&self.core), ids.to_vec());
        blocking(move || search::digests(&core, &ids)).await
    }

    async fn search(&self, search: &Search) -> Result<SearchPage, StoreError> {
        self.core.check_open()?;
        let search = search.clone();
        self.query(move |core, budget| search::page(core, &search, budget)).await
    }

    async fn minutes(&self, query: &MinuteQuery) -> Result<Vec<MinuteRow>, StoreError> {
        self.core.check_open()?;
        let query = query.clone();
        self.query(move |core, budget| minutes(core, &query, budget)).await
    }

    async fn totals(&self, query: &MinuteQuery) -> Result<Vec<MinuteRow>, StoreError> {
        self.core.check_open()?;
        let query = query.clone();
        self.query(move |core, budget| totals(core, &query, budget)).await
    }

    fn tail(&self, _share: Share, after: &TailCursor) -> Box<dyn Tail> {
        Box::new(LocalTail { core: Arc::clone(&self.core), after: after.of_lane(LANE) })
    }

    async fn digested(&self, _share: Share) -> Result<Digested, StoreError> {
        self.core.check_open()?;
        let through = TailCursor::from(self.core.look(State::digested));
        Ok(Digested { through, unfinished: None })
    }

    async fn awaited(&self, _share: Share) -> Result<Vec<Arc<AwaitedLink>>, StoreError> {
        self.core.check_open()?;
        Ok(self.core.look(State::awaited))
    }

    fn changes(&self) -> watch::Receiver<Pulse> {
        self.changes.subscribe()
    }

    fn status(&self) -> StoreStatus {
        self.core.status()
    }

    async fn holdings(&self) -> Result<Holdings, StoreError> {
        Ok(holdings::holdings(&self.core))
    }

    fn capabilities(&self) -> Capabilities {
        Self::CAPABILITIES
    }

    async fn close(&self) -> Result<(), StoreError> {
        if !self.core.closing() {
            return Ok(());
        }
        if self.core.look(|state| state.active().bytes()) >= self.core.config.flush_min_bytes
            && let Err(error) = self.writer.seal().await
        {
            tracing::warn!(%error, "the buffer stays in the log");
        }
        let (core, writer, flusher, upkeep) =
            (Arc::clone(&self.core), Arc::clone(&self.writer), self.flusher.clone(), self.upkeep.clone());
        blocking(move || {
            upkeep.abandon();
            flusher.finish();
            writer.stop();
            core.ended();
            Ok(())
        })
        .await
    }
}

impl fmt::Debug for LocalStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not what is in it.
        f.debug_struct("LocalStore").field("dir", &self.core.config.dir).finish_non_exhaustive()
    }
}

impl Drop for LocalStore {
    /// Without a close nothing is lost either: all of it is in the log.
    fn drop(&mut self) {
        self.upkeep.abandon();
        self.flusher.abandon();
        self.writer.stop();
        self.core.ended();
    }
}

/// Larger documents are refused.
const MAX_RAW_BYTES: usize = frame::MAX_PAYLOAD_BYTES - frame::DOCUMENT_HEAD_BYTES;

/// Does what takes long or reads files where it holds up no other task.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        let detail = error.to_string();
        Err(StoreError::failed("finish a read", std::io::Error::other(detail)))
    })
}

fn documents(core: &Core, id: TraceId) -> Result<Vec<Arc<StoredDocument>>, StoreError> {
    let held = core.read(
        |state| state.buffers().flat_map(|buffer| buffer.of_trace(id)).cloned().collect::<Vec<_>>(),
        |buffered, catalog| {
            let mut held = catalog.documents(id)?;
            held.extend(buffered);
            Ok(held)
        },
    )?;
    Ok(held.iter().filter_map(StoredBytes::decode).collect())
}

fn beginning(core: &Core, id: TraceId, span: Span) -> Result<Beginning, StoreError> {
    let (held, left_out) = core.read(
        |state| state.buffers().flat_map(|buffer| buffer.of_trace(id)).cloned().collect::<Vec<_>>(),
        |buffered, catalog| {
            let mut first = First::new(span);
            let mut push = |held: StoredBytes| first.push(held.sequence.into(), held.raw.len(), held);
            catalog.each_document_of(id, &mut push)?;
            buffered.into_iter().for_each(push);
            Ok(first.finish())
        },
    )?;
    Ok(Beginning { documents: held.iter().filter_map(StoredBytes::decode).collect(), left_out })
}

fn minutes(core: &Core, query: &MinuteQuery, budget: &Budget) -> Result<Vec<MinuteRow>, StoreError> {
    let sums = core.read(
        |state| {
            let mut sums: BTreeMap<MinuteKey, Stats> = BTreeMap::new();
            for (key, stats) in state.minutes(query) {
                sums.entry(key.clone()).or_default().merge(stats);
            }
            sums
        },
        |mut sums, catalog| {
            sums.retain(|key, _| key.minute >= catalog.minutes_from);
            catalog.add_minutes(query, &mut sums, budget)?;
            Ok(sums)
        },
    )?;
    budget.verdict()?;
    let rows = sums.into_iter().filter(|(_, stats)| !stats.is_nothing());
    Ok(rows.map(|(key, stats)| MinuteRow { key, stats }).collect())
}

fn totals(core: &Core, query: &MinuteQuery, budget: &Budget) -> Result<Vec<MinuteRow>, StoreError> {
    let sums = core.read(
        |state| {
            let rows = state.minutes(query);
            rows.map(|(key, stats)| MinuteRow { key: key.clone(), stats: stats.clone() }).collect::<Vec<_>>()
        },
        |buffered, catalog| {
            let mut sums = Sums::default();
            let kept = buffered.into_iter().filter(|row| row.key.minute >= catalog.minutes_from);
            kept.for_each(|row| sums.add(row, budget));
            catalog.add_totals(query, &mut sums, budget)?;
            Ok(sums)
        },
    )?;
    budget.verdict()?;
    Ok(sums.into_rows(query))
}

impl State {
    /// The rows of a query that are in buffers.
    fn minutes<'a>(&'a self, query: &'a MinuteQuery) -> impl Iterator<Item = (&'a MinuteKey, &'a Stats)> {
        let rows = self.buffers().flat_map(|buffer| &buffer.minutes);
        rows.filter(|(key, _)| query.selects(key))
    }
}

#[cfg(test)]
mod tests;
