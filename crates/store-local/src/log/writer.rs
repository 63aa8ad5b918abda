//! The one thread that writes the log: it gathers what waits, writes it at once, makes it durable, shows it,
//! and only then answers.
//!
//! Because one thread does all of it, the order in the log, the order of sequences and the order in which the
//! buffer sees things are the same (`LS-1`).

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use bytes::Bytes;
use model::segment::Sequence;
use model::{SegmentDocument, StoredDocument};
use parking_lot::{Condvar, Mutex};
use row::{StoredBytes, codec};
use store::{DISK_FULL, NewDocument, StoreError};
use tokio::sync::oneshot;

use super::file as log_file;
use super::frame;
use crate::buffer::PreparedCommit;
use crate::core::{Core, LANE};
use crate::file;
use crate::keys::Seals;

/// So much is gathered before it is written. Together with one document it bounds the memory of a write.
///
/// In a server `ingest` gathers first: it is the one that appends, a batch at a time, and waits for each answer. So there
/// is an append, a commit and a seal here at most, and this bounds what other callers of the store do all at once.
const GROUP_BYTES: usize = 8 * 1024 * 1024;

type Done = oneshot::Sender<Result<(), StoreError>>;

/// Hands requests to the thread.
#[derive(Debug)]
pub(crate) struct LogWriter {
    queue: Arc<Queue>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What waits for the thread. Its length is bounded by the callers, each of whom waits for an answer, and by
/// the store's bound on unflushed bytes.
#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    requests: VecDeque<Request>,
    is_stopped: bool,
}

#[derive(Debug)]
enum Request {
    Append {
        documents: Vec<NewDocument>,
        done: Done,
    },
    Commit {
        commit: PreparedCommit,
        done: Done,
    },
    /// Finish the buffer that is being filled, whatever its size.
    Seal {
        done: Done,
    },
    /// Make commits durable too.
    Sync {
        done: Done,
    },
}

impl LogWriter {
    /// Starts the thread with a new log file of this number.
    pub(crate) fn start(core: Arc<Core>, number: u64) -> Result<Self, StoreError> {
        let io = |source| StoreError::failed("begin a log file", source);
        let create = || log_file::create(&core.directory, number);
        let file = create()
            .or_else(|error| match file::is_full(&error) && core.filled() {
                true => create(),
                false => Err(error),
            })
            .map_err(io)?;
        let queue = Arc::new(Queue::default());
        let state = LogThread {
            next: core.newest().0 + 1,
            core,
            number,
            file: Some(file),
            length: log_file::HEADER_BYTES as u64,
            must_cut: false,
        };
        let for_thread = Arc::clone(&queue);
        let thread = std::thread::Builder::new()
            .name("fluoro-log".to_owned())
            .spawn(move || state.run(&for_thread))
            .map_err(|source| StoreError::failed("start the log's thread", source))?;
        Ok(Self { queue, thread: Mutex::new(Some(thread)) })
    }

    pub(crate) async fn append(&self, documents: Vec<NewDocument>) -> Result<(), StoreError> {
        self.ask(|done| Request::Append { documents, done }).await
    }

    pub(crate) async fn commit(&self, commit: PreparedCommit) -> Result<(), StoreError> {
        self.ask(|done| Request::Commit { commit, done }).await
    }

    pub(crate) async fn seal(&self) -> Result<(), StoreError> {
        self.ask(|done| Request::Seal { done }).await
    }

    /// For threads that may wait.
    pub(crate) fn seal_blocking(&self) -> Result<(), StoreError> {
        self.ask_blocking(|done| Request::Seal { done })
    }

    /// For threads that may wait: everything that was committed so far is durable afterwards.
    pub(crate) fn sync_blocking(&self) -> Result<(), StoreError> {
        self.ask_blocking(|done| Request::Sync { done })
    }

    /// Answers what waits, makes it durable and ends the thread. Later requests are refused.
    pub(crate) fn stop(&self) {
        self.queue.waiting.lock().is_stopped = true;
        self.queue.changed.notify_all();
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the log's thread died");
        }
    }

    async fn ask(&self, request: impl FnOnce(Done) -> Request) -> Result<(), StoreError> {
        let (done, answer) = oneshot::channel();
        self.queue.push(request(done))?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    fn ask_blocking(&self, request: impl FnOnce(Done) -> Request) -> Result<(), StoreError> {
        let (done, answer) = oneshot::channel();
        self.queue.push(request(done))?;
        answer.blocking_recv().unwrap_or(Err(StoreError::Closed))
    }
}

impl Queue {
    fn push(&self, request: Request) -> Result<(), StoreError> {
        let mut waiting = self.waiting.lock();
        if waiting.is_stopped {
            return Err(StoreError::Closed);
        }
        waiting.requests.push_back(request);
        drop(waiting);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for requests; `None` once it is stopped and empty.
    fn take(&self) -> Option<VecDeque<Request>> {
        let mut waiting = self.waiting.lock();
        while waiting.requests.is_empty() {
            if waiting.is_stopped {
                return None;
            }
            self.changed.wait(&mut waiting);
        }
        Some(std::mem::take(&mut waiting.requests))
    }
}

/// The thread's own state.
struct LogThread {
    core: Arc<Core>,
    /// The sequence of the next document. Never used twice, even where a write failed.
    next: u64,
    number: u64,
    /// `None` after a failure that left the file in doubt; the next write begins a new one.
    file: Option<File>,
    length: u64,
    /// The file may have more than this length, which must not come back at the next start, or commits that are not yet
    /// durable. Nothing is written until it is cut and synced: torn bytes before another file would be taken for damage.
    must_cut: bool,
}

/// What is written at once.
#[derive(Default)]
struct Group {
    pieces: Vec<Piece>,
    bytes: usize,
    answers: Vec<Done>,
    wants_sync: bool,
    seal: Option<Done>,
}

enum Piece {
    Documents(DocumentPiece),
    Commit {
        bytes: Vec<u8>,
        commit: PreparedCommit,
    },
    /// What is known already, written once more.
    Awaited(Vec<u8>),
}

#[derive(Default)]
struct DocumentPiece {
    bytes: Vec<u8>,
    /// Each with where its raw bytes stand in `bytes`.
    documents: Vec<(Sequence, NewDocument, std::ops::Range<usize>)>,
}

impl LogThread {
    fn run(mut self, queue: &Queue) {
        while let Some(mut requests) = queue.take() {
            while !requests.is_empty() {
                let group = self.gather(&mut requests);
                self.handle(group);
            }
        }
        if let Some(file) = &self.file
            && let Err(error) = file::sync_all(file, &self.core.directory.log_file(self.number))
        {
            tracing::error!(%error, "the log could not be made durable on close");
        }
    }

    fn gather(&mut self, requests: &mut VecDeque<Request>) -> Group {
        let mut group = Group::default();
        while group.bytes < GROUP_BYTES
            && let Some(request) = requests.pop_front()
        {
            match request {
                Request::Append { documents, done } => {
                    self.encode(&mut group, documents);
                    group.wants_sync = true;
                    group.answers.push(done);
                }
                Request::Commit { commit, done } => {
                    let mut bytes = Vec::with_capacity(commit.encoded.len() + 64);
                    frame::write_commit(&mut bytes, commit.commit.through.of_lane(LANE), &commit.encoded);
                    group.bytes += bytes.len();
                    group.pieces.push(Piece::Commit { bytes, commit });
                    group.answers.push(done);
                }
                Request::Seal { done } => {
                    group.seal = Some(done);
                    break;
                }
                Request::Sync { done } => {
                    group.wants_sync = true;
                    group.answers.push(done);
                }
            }
        }
        group
    }

    fn encode(&mut self, group: &mut Group, documents: Vec<NewDocument>) {
        if !matches!(group.pieces.last(), Some(Piece::Documents(_))) {
            group.pieces.push(Piece::Documents(DocumentPiece::default()));
        }
        let Some(Piece::Documents(piece)) = group.pieces.last_mut() else { return };
        let before = piece.bytes.len();
        // The buffer keeps these bytes, so they should not take more than they need.
        let frame_bytes = frame::HEADER_BYTES + frame::DOCUMENT_HEAD_BYTES;
        let needed = documents.iter().map(|new| frame_bytes + new.document.raw.len()).sum();
        piece.bytes.reserve(needed);
        for new in documents {
            let sequence = Sequence(self.next);
            self.next += 1;
            let document = &new.document;
            let raw = frame::write_document(
                &mut piece.bytes,
                sequence,
                document.trace_id,
                new.received,
                &document.raw,
            );
            piece.documents.push((sequence, new, raw));
        }
        group.bytes += piece.bytes.len() - before;
    }

    fn handle(&mut self, group: Group) {
        if let Err(error) = self.write(&group) {
            if file::is_full(&error) {
                self.core.filled();
            } else {
                tracing::error!(%error, "the log cannot be written");
            }
            for done in group.answers.into_iter().chain(group.seal) {
                // Whoever asked may have gone away.
                let _ = done.send(Err(refusal(&error)));
            }
            return;
        }
        for piece in group.pieces {
            match piece {
                Piece::Documents(piece) => self.show(piece),
                Piece::Commit { commit, .. } => self.core.committed(commit),
                Piece::Awaited(_) => {}
            }
        }
        for done in group.answers {
            let _ = done.send(Ok(()));
        }
        let rolled = self.roll(group.seal.is_some());
        if let Some(done) = group.seal {
            let _ = done.send(rolled.as_ref().copied().map_err(refusal));
        }
        if let Err(error) = rolled {
            // It is tried again after the next write; the old file grows on.
            if file::is_full(&error) {
                self.core.filled();
            }
            tracing::warn!(%error, "a new log file cannot be made");
        }
    }

    /// Writes everything or nothing.
    fn write(&mut self, group: &Group) -> io::Result<()> {
        if self.must_cut {
            log_file::cut(&self.core.directory.log_file(self.number), self.length)?;
            self.must_cut = false;
        }
        if self.file.is_none() {
            self.file = Some(log_file::create(&self.core.directory, self.number + 1)?);
            self.number += 1;
            self.length = log_file::HEADER_BYTES as u64;
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        let path = self.core.directory.log_file(self.number);
        let written = write_pieces(file, &path, group, self.core.directory.keys());
        if let Ok(bytes) = written {
            self.length += bytes;
            self.core.log_grew(bytes);
            return Ok(());
        }
        // What was written of the group must not come back at the next start.
        let length = self.length;
        let is_undone =
            file::set_len(file, &path, length).and_then(|()| file.seek(SeekFrom::Start(length))).is_ok();
        if !is_undone || !written.as_ref().is_err_and(file::is_full) {
            // The next file must not become durable before what stands in this one.
            self.must_cut = true;
            self.file = None;
        }
        written.map(|_| ())
    }

    fn show(&self, piece: DocumentPiece) {
        // The buffer keeps the bytes as they were written, without another copy.
        let mut bytes = piece.bytes;
        bytes.shrink_to_fit();
        let bytes = Bytes::from(bytes);
        let documents = piece.documents.into_iter().map(|(sequence, new, raw)| {
            let document = SegmentDocument { raw: bytes.slice(raw), ..new.document };
            let stored =
                Arc::new(StoredDocument { place: sequence.into(), received: new.received, document });
            (StoredBytes::of(sequence, &stored), stored)
        });
        self.core.shown(documents.collect());
    }

    /// Begins a new log file when this one is large or the buffer goes to parts.
    fn roll(&mut self, wants_seal: bool) -> io::Result<()> {
        let must_seal = self.core.has_content() && (wants_seal || self.core.is_full());
        if !must_seal && self.length < self.core.config.log_file_bytes {
            return Ok(());
        }
        self.begin_next()?;
        if must_seal {
            self.write_awaited()?;
            self.core.sealed(self.number - 1);
        }
        Ok(())
    }

    /// What waits stands at the beginning of the file that the log counts from once the buffer is in parts (`LS-9`), as a
    /// commit that does nothing else.
    fn write_awaited(&mut self) -> io::Result<()> {
        let (awaited, digested) = self.core.look(|state| (state.awaited(), state.digested()));
        if awaited.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::new();
        frame::write_commit(&mut bytes, digested, &codec::encode_commit(&[], &[], &awaited, &[]));
        self.write(&Group { pieces: vec![Piece::Awaited(bytes)], ..Group::default() })
    }

    fn begin_next(&mut self) -> io::Result<()> {
        if let Some(file) = &self.file {
            file::sync_all(file, &self.core.directory.log_file(self.number))?;
        }
        self.file = Some(log_file::create(&self.core.directory, self.number + 1)?);
        self.number += 1;
        self.length = log_file::HEADER_BYTES as u64;
        Ok(())
    }
}

/// Gives how many bytes were written.
fn write_pieces(file: &mut File, path: &Path, group: &Group, keys: Option<&Seals>) -> io::Result<u64> {
    let mut written = 0;
    for piece in &group.pieces {
        let bytes = match piece {
            Piece::Documents(piece) => &piece.bytes,
            Piece::Commit { bytes, .. } | Piece::Awaited(bytes) => bytes,
        };
        let sealed = keys.map(|keys| frame::seal_all(bytes, keys)).transpose()?;
        let bytes = sealed.as_ref().unwrap_or(bytes);
        file::write_all(file, path, bytes)?;
        written += bytes.len() as u64;
    }
    if group.wants_sync {
        file::sync_data(file, path)?;
    }
    Ok(written)
}

fn refusal(error: &io::Error) -> StoreError {
    if file::is_full(error) {
        return StoreError::Busy { reason: DISK_FULL };
    }
    // The error itself cannot be had twice, and several may wait for it.
    StoreError::failed("write the log", io::Error::new(error.kind(), error.to_string()))
}
