//! The one thread that writes sealed buffers as parts and lets go of the log behind them.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use store::StoreError;

use crate::buffer::Buffer;
use crate::chore::{self, Done};
use crate::core::Core;
use crate::directory::log_file_name;
use crate::file;
use crate::log::writer::LogWriter;
use crate::manifest::{PartEntry, SaveError, Table};
use crate::part::write::{Written, range};
use crate::part::{minutes, spans, traces};
use crate::signal::Wanted;

/// How often the thread looks whether the buffer is old, and how soon it tries again after a failure.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The thread's handle.
#[derive(Debug, Clone)]
pub(crate) struct Flusher {
    core: Arc<Core>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Flusher {
    pub(crate) fn start(core: Arc<Core>, writer: Arc<LogWriter>) -> Result<Self, StoreError> {
        let for_thread = Arc::clone(&core);
        let thread = std::thread::Builder::new()
            .name("fluoro-flush".to_owned())
            .spawn(move || run(&for_thread, &writer))
            .map_err(|source| StoreError::failed("start the flusher", source))?;
        Ok(Self { core, thread: Arc::new(Mutex::new(Some(thread))) })
    }

    /// Writes what is sealed and digested, and ends.
    pub(crate) fn finish(&self) {
        self.end(Wanted::Finish);
    }

    /// Ends soon. The log keeps what is not written.
    pub(crate) fn abandon(&self) {
        self.end(Wanted::Abandon);
    }

    fn end(&self, how: Wanted) {
        let Some(thread) = self.thread.lock().take() else { return };
        self.core.flush.end(how);
        if thread.join().is_err() {
            tracing::error!("the flusher died");
        }
    }
}

fn run(core: &Core, writer: &LogWriter) {
    loop {
        let wanted = core.flush.wait(LOOK_EVERY);
        if wanted == Wanted::Abandon {
            return;
        }
        if wanted != Wanted::Finish && core.is_old() {
            // A refusal is logged by the log's thread, and it is tried again.
            let _ = writer.seal_blocking();
        }
        while let Some(buffer) = core.next_flush() {
            let began = Instant::now();
            let flushed = flush(core, writer, &buffer);
            chore::tell(core.config.chores.as_ref(), "flush", began, &flushed);
            let Err(error) = flushed else { continue };
            tracing::error!(%error, "a buffer could not be written as parts, the log keeps it");
            // With the reserve it may be possible.
            if !file::is_full(&error) || !core.filled() {
                break;
            }
        }
        core.reserve.take(&core.directory.reserve(), core.config.reserve_bytes);
        if wanted == Wanted::Finish {
            return;
        }
    }
}

/// Writes one buffer as parts. Until the manifest is replaced, nothing has happened.
fn flush(core: &Core, writer: &LogWriter, buffer: &Arc<Buffer>) -> io::Result<Done> {
    let generation = core.take_number();
    let (entries, held_bytes) = write_parts(core, buffer, generation)?;
    let written = file::sync_directory(&core.directory.parts())
        // LS-3: the commits that cover the buffer's documents must be durable before its log goes.
        .and_then(|()| writer.sync_blocking().map_err(io::Error::other))
        .map_err(SaveError::Nothing)
        .and_then(|()| core.flushed(buffer, &entries));
    if let Err(SaveError::Nothing(_)) = written {
        discard(core, entries.iter());
    }
    let log_from = written?;
    drop_log(core, log_from, buffer.last_log_file);
    core.upkeep.ring();
    let done = Done {
        parts: entries.len() as u64,
        rows: entries.iter().map(|entry| entry.rows).sum(),
        bytes: entries.iter().map(|entry| entry.bytes).sum(),
        held_bytes,
    };
    tracing::info!(
        generation,
        documents = buffer.documents().len(),
        traces = buffer.digests.len(),
        bytes = done.bytes,
        held_bytes,
        "wrote a buffer as parts"
    );
    Ok(done)
}

/// Gives what was written, and the most that was in memory of a part beside the buffer.
fn write_parts(core: &Core, buffer: &Buffer, generation: u64) -> io::Result<(Vec<PartEntry>, u64)> {
    let mut entries = Vec::new();
    let written = add_parts(core, buffer, generation, &mut entries);
    if written.is_err() {
        discard(core, entries.iter());
    }
    written.map(|held_bytes| (entries, held_bytes))
}

/// Deletes parts that no manifest names. What fails is done at the next start.
pub(crate) fn discard<'a>(core: &Core, entries: impl Iterator<Item = &'a PartEntry>) {
    for entry in entries {
        if let Err(error) = file::remove(&core.directory.part(&entry.file)) {
            tracing::warn!(file = entry.file, %error, "a part that was given up stays");
        }
    }
}

fn add_parts(core: &Core, buffer: &Buffer, generation: u64, entries: &mut Vec<PartEntry>) -> io::Result<u64> {
    let mut held_bytes = 0;
    let name = |table: &str| format!("{table}-{generation:020}.parquet");
    if !buffer.documents().is_empty() {
        let file = name("spans");
        let written = spans::write(&core.directory.part(&file), buffer.documents())?;
        held_bytes = written.held_bytes.max(held_bytes);
        let documents = buffer.documents().iter();
        entries.push(PartEntry {
            trace_ids: range(documents.clone().map(|held| held.trace_id)),
            sequences: range(documents.clone().map(|held| held.sequence)),
            received: range(documents.map(|held| held.received)),
            documents: buffer.documents().len() as u64,
            ..entry(Table::Spans, file, generation, &written)
        });
    }
    if !buffer.digests.is_empty() {
        let file = name("traces");
        let (written, reading_bytes) =
            traces::write(&core.directory.part(&file), &buffer.digests, &buffer.replacing)?;
        held_bytes = written.held_bytes.max(held_bytes);
        let digests = buffer.digests.values();
        entries.push(PartEntry {
            trace_ids: range(digests.clone().map(|digest| digest.id)),
            start: range(digests.clone().map(|digest| digest.start)),
            received: range(digests.clone().map(|digest| digest.last_received)),
            end: range(digests.filter_map(|digest| digest.end)),
            replacing: buffer.replacing.len() as u64,
            reading_bytes: Some(reading_bytes),
            ..entry(Table::Traces, file, generation, &written)
        });
    }
    if !buffer.minutes.is_empty() {
        let file = name("minutes");
        let written = minutes::write(&core.directory.part(&file), &buffer.minutes)?;
        held_bytes = written.held_bytes.max(held_bytes);
        let minutes = range(buffer.minutes.keys().map(|key| key.minute));
        // A late document is counted in old minutes too, and they go with what was counted beside them.
        let received = minutes.map(|(first, last)| {
            let documents = range(buffer.documents().iter().map(|held| held.received));
            let (oldest, newest) = documents.unwrap_or((first.start(), last.end()));
            (oldest.min(last.start()), newest.max(last.end()))
        });
        entries.push(PartEntry { minutes, received, ..entry(Table::Minutes, file, generation, &written) });
    }
    Ok(held_bytes)
}

/// A part of which nothing is known but what was written.
pub(crate) fn entry(table: Table, file: String, generation: u64, written: &Written) -> PartEntry {
    PartEntry {
        table,
        file,
        generation,
        rows: written.rows,
        bytes: written.bytes,
        crc32: written.crc32,
        trace_ids: None,
        sequences: None,
        documents: 0,
        start: None,
        received: None,
        end: None,
        replacing: 0,
        reading_bytes: None,
        minutes: None,
        is_sieved: false,
        key: written.key.clone(),
    }
}

/// Deletes the log files that the manifest covers; damaged ones are moved aside (`LS-5`). What fails is done
/// at the next start.
fn drop_log(core: &Core, from: u64, through: u64) {
    let damaged = core.look(|state| state.damaged_log_files().clone());
    for number in from..=through {
        let path = core.directory.log_file(number);
        let Ok(length) = file::length(&path) else { continue };
        core.log_shrank(length);
        let dropped = match damaged.contains(&number) {
            true => core.directory.set_aside(&path),
            false => file::remove(&path),
        };
        if let Err(error) = dropped {
            tracing::warn!(file = log_file_name(number), %error, "an old log file stays");
        }
    }
}
