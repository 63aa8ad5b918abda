//! All that happens to a store, each as one moment: before it nothing has happened, after it everybody sees it.
//!
//! Only here are manifest and state changed, and only here are both locked, the manifest first. What takes long (writing
//! parts, syncing, deleting) is done before and after by those who call these.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use model::StoredDocument;
use parking_lot::MutexGuard;
use row::StoredBytes;

use super::Core;
use super::state::{Openness, State};
use crate::buffer::{Buffer, PreparedCommit};
use crate::catalog::Catalog;
use crate::config::Config;
use crate::directory::{Directory, log_file_name};
use crate::exchange::Exchange;
use crate::manifest::{Manifest, PartEntry, SaveError, Table};
use crate::part::Part;

/// While a store is opened, by the one thread that knows it.
impl Core {
    /// The store as its manifest says. `damaged` are the files that were set aside earlier.
    pub(crate) fn named(
        directory: Directory,
        config: Config,
        manifest: Manifest,
        damaged: Vec<String>,
    ) -> Self {
        let catalog = Catalog::new(&directory, &manifest);
        let state = State::of(&manifest, catalog, damaged);
        Self::new(directory, config, manifest, state)
    }

    /// It is known which rows of parts no longer count.
    pub(crate) fn counted(&self, catalog: Catalog) {
        let manifest = self.manifest.lock();
        self.show(&manifest, |state| {
            state.set_traces(manifest.traces());
            catalog
        });
    }

    pub(crate) fn replayed_document(&self, held: StoredBytes) {
        let mut state = self.state.write();
        // A write that failed and could not be undone may have left a document that came again later.
        if held.sequence > state.newest() {
            state.add_document(held);
        }
    }

    pub(crate) fn replayed_commit(&self, prepared: PreparedCommit) {
        self.state.write().apply(prepared);
    }

    pub(crate) fn replayed(&self, damaged_log_files: HashSet<u64>) {
        let mut state = self.state.write();
        damaged_log_files.iter().copied().map(log_file_name).for_each(|file| state.add_damaged(file));
        state.end_replay(damaged_log_files);
    }

    /// Documents that are not digested were found in parts alone.
    pub(crate) fn recovered(&self, documents: Vec<StoredBytes>) {
        self.state.write().set_recovered(documents);
    }

    /// A damaged log file that is no longer needed was moved away (`LS-5`).
    pub(crate) fn log_set_aside(&self, number: u64) {
        self.state.write().add_damaged(log_file_name(number));
    }
}

impl Core {
    /// Documents are durable.
    pub(crate) fn shown(&self, documents: Vec<(StoredBytes, Arc<StoredDocument>)>) {
        {
            let mut state = self.state.write();
            for (held, document) in documents {
                state.add_document(held);
                state.add_recent(document);
            }
        }
        self.grown.notify_waiters();
    }

    /// A commit is in the log.
    pub(crate) fn committed(&self, prepared: PreparedCommit) {
        let can_flush = {
            let mut state = self.state.write();
            state.apply(prepared);
            state.has_sealed()
        };
        if can_flush {
            self.flush.ring();
        }
    }

    /// The buffer that was being filled is finished; `last_log_file` is the newest with something of it.
    pub(crate) fn sealed(&self, last_log_file: u64) {
        self.state.write().seal(last_log_file);
        self.flush.ring();
    }

    /// A buffer is in parts. Gives the first log file that the manifest did not cover before.
    pub(crate) fn flushed(&self, buffer: &Arc<Buffer>, entries: &[PartEntry]) -> Result<u64, SaveError> {
        let mut log_from = 0;
        self.replace(|next, state| {
            debug_assert!(state.is_digested(buffer), "LS-3: a buffer goes that is not digested");
            log_from = next.log_from;
            next.log_from = buffer.last_log_file + 1;
            next.digested = buffer.digested;
            next.documents += buffer.documents().len() as u64;
            if let Some(last) = buffer.documents().last() {
                next.newest = last.sequence;
                next.newest_received = Some(last.received);
            }
            next.parts.extend(entries.iter().cloned());
            next.replacing_nothing += i64::try_from(state.lost_beneath(buffer)).unwrap_or(i64::MAX);
            Some(|state: &mut State| {
                let part = |entry: &PartEntry| Part::new(entry.clone(), self.directory.part(&entry.file));
                let added = entries.iter().map(|entry| Arc::new(part(entry))).collect();
                state.drop_sealed(buffer);
                state.catalog().with(added, &buffer.replacing)
            })
        })?;
        self.eased.notify_waiters();
        Ok(log_from)
    }

    /// Parts are replaced by one, or by none. `false`, and nothing happens, when one of them turned out damaged meanwhile.
    pub(crate) fn exchanged(
        &self,
        exchange: &Exchange,
        into: Option<(&PartEntry, &Arc<Part>)>,
    ) -> Result<bool, SaveError> {
        self.replace(|next, state| {
            debug_assert!(are_neighbours(next, exchange), "LS-4: parts between others go");
            let lost = exchange.change(next, into.map(|(entry, _)| entry), state)?;
            let minutes_from = next.minutes_from;
            Some(move |state: &mut State| {
                state.lose(exchange.lost_documents, lost.traces, lost.in_buffers);
                let part = into.map(|(_, part)| Arc::clone(part));
                let mut catalog = state.catalog().exchanged(&exchange.from, part, &exchange.replacing);
                catalog.minutes_from = minutes_from;
                catalog
            })
        })
    }

    /// A damaged part goes out of use: it is named in the status and moved away (`LS-5`).
    ///
    /// The one moment that counts although the manifest could not be written: what is damaged cannot be read either way.
    pub(crate) fn set_aside(&self, file: &str, detail: &str) {
        let mut manifest = self.manifest.lock();
        if !manifest.parts.iter().any(|part| part.file == file) {
            // Another reader was quicker.
            return;
        }
        tracing::error!(file, detail, "a part is damaged and set aside, the rest goes on");
        // It is moved first: what no manifest names is deleted at the next start. One that cannot be moved stays named,
        // and that is tried again then.
        match self.directory.set_aside(&self.directory.part(file)) {
            Ok(()) => {
                manifest.parts.retain(|part| part.file != file);
                if let Err(error) = manifest.save(&self.directory).map_err(io::Error::from) {
                    tracing::warn!(file, %error, "the manifest still names a damaged part");
                }
            }
            Err(error) => tracing::error!(file, %error, "a damaged part could not be moved away"),
        }
        self.show(&manifest, |state| {
            state.add_damaged(file.to_owned());
            state.catalog().without(file)
        });
    }

    /// The reserve is given up, so that what was taken can be digested and written as parts; what comes is refused.
    /// Says whether that is news.
    pub(crate) fn filled(&self) -> bool {
        let is_news = self.reserve.give_up(&self.directory.reserve());
        self.state.write().seal_soon();
        // While it lasts the flusher looks by itself.
        if is_news {
            self.flush.ring();
        }
        is_news
    }

    /// Calls are refused from now on. Says whether they were not before.
    pub(crate) fn closing(&self) -> bool {
        let mut state = self.state.write();
        let was_open = state.openness() == Openness::Open;
        if was_open {
            state.set_openness(Openness::Closing);
        }
        drop(state);
        self.eased.notify_waiters();
        was_open
    }

    /// Nothing more will come: tails end, and another process may have the directory.
    pub(crate) fn ended(&self) {
        self.state.write().set_openness(Openness::Closed);
        self.grown.notify_waiters();
        self.directory.unlock();
    }

    pub(crate) fn log_grew(&self, bytes: u64) {
        self.log_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn log_shrank(&self, bytes: u64) {
        let shrink = |held: u64| Some(held.saturating_sub(bytes));
        // The closure always gives a value.
        let _ = self.log_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, shrink);
    }

    /// A number that no other part has.
    pub(crate) fn take_number(&self) -> u64 {
        self.manifest.lock().take_number()
    }

    /// Replaces the manifest, and then shows what it names (`LS-2`). `change` makes the next manifest of the one there is,
    /// and gives how the state changes with it; nothing happens where it gives nothing, and where saving fails.
    fn replace<S: FnOnce(&mut State) -> Catalog>(
        &self,
        change: impl FnOnce(&mut Manifest, &State) -> Option<S>,
    ) -> Result<bool, SaveError> {
        let mut manifest = self.manifest.lock();
        let mut next = manifest.clone();
        let changed = change(&mut next, &self.state.read());
        let Some(show) = changed else { return Ok(false) };
        debug_assert!(next.log_from >= manifest.log_from, "LS-3: the log is needed again");
        debug_assert!(next.minutes_from >= manifest.minutes_from, "LS-7: dropped minutes count again");
        debug_assert!(self.are_whole(&manifest, &next), "LS-2: a part is named that is not written");
        next.save(&self.directory)?;
        *manifest = next;
        self.show(&manifest, show);
        Ok(true)
    }

    /// Changes the state, under the lock of the manifest that names the parts of the new catalog.
    fn show(&self, _: &MutexGuard<'_, Manifest>, change: impl FnOnce(&mut State) -> Catalog) {
        let old = {
            let mut state = self.state.write();
            let catalog = change(&mut state);
            state.set_catalog(catalog)
        };
        // With the last reader the files go (`LS-6`); that is not for the time under the lock.
        drop(old);
    }

    /// Whether the parts that come to be named have the bytes that they should have.
    fn are_whole(&self, manifest: &Manifest, next: &Manifest) -> bool {
        let is_new = |part: &&PartEntry| !manifest.parts.iter().any(|known| known.file == part.file);
        next.parts.iter().filter(is_new).all(|part| {
            let metadata = std::fs::metadata(self.directory.part(&part.file));
            metadata.is_ok_and(|metadata| metadata.len() == part.bytes)
        })
    }
}

/// Whether no part of a table lies between those that go, and none before them where nothing comes in their place.
fn are_neighbours(manifest: &Manifest, exchange: &Exchange) -> bool {
    Table::ALL.iter().all(|&table| {
        let mut parts: Vec<&PartEntry> = manifest.parts.iter().filter(|part| part.table == table).collect();
        parts.sort_by_key(|part| part.generation);
        let goes = |part: &&PartEntry| exchange.from.iter().any(|gone| gone.entry.file == part.file);
        let Some(first) = parts.iter().position(goes) else { return true };
        let going = parts.iter().skip(first).take_while(|part| goes(part)).count();
        going == parts.iter().filter(|part| goes(part)).count() && (exchange.into.is_some() || first == 0)
    })
}
