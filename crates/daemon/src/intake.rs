//! The doors for documents, and the one batch that all of them fill.
//!
//! The UDP door has a thread of its own, so that nothing that uploads do can hold it up: the kernel's buffer
//! is small and what it drops is lost. A document goes straight into the open batch, under a lock that is
//! never held across anything that waits.

use std::io;
use std::net::UdpSocket;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use door::udp::{self, Receive};
use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::net::UnixListener;
use tokio::sync::{Semaphore, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};
use wire::frame::{self, FrameError};

use crate::backlog::Backlog;
use crate::batch::{self, Batch, OpenBatch, Text};
use crate::counters::{Counter, Counters};
use crate::log::Sparse;

/// How often the open batch is looked at; a document waits at most this much longer than `MAX_AGE`.
const LOOK: std::time::Duration = std::time::Duration::from_millis(100);
/// Of a document by the Unix socket, which no datagram bounds.
const MAX_LINE_BYTES: usize = 1 << 20;
/// Each holds a line while it is read.
const MAX_UNIX_CONNECTIONS: usize = 16;
/// Of a refused datagram, in the log.
const EXCERPT_BYTES: usize = 200;

/// Where documents become batches, and batches go to every upstream.
#[derive(Debug)]
pub(crate) struct Intake {
    open: Mutex<OpenBatch>,
    backlogs: Vec<Arc<Backlog>>,
    counters: Arc<Counters>,
}

impl Intake {
    pub(crate) fn new(backlogs: Vec<Arc<Backlog>>, counters: Arc<Counters>) -> Self {
        Self { open: Mutex::new(OpenBatch::new()), backlogs, counters }
    }

    pub(crate) fn push(&self, document: &[u8]) {
        let (text, batch) = self.open.lock().push(document, Instant::now());
        if text == Text::Repaired {
            self.counters.repaired.add(1);
        }
        self.hand_over(batch);
    }

    /// Whether every upstream has most of its memory in use, so that what comes now would push out what waits.
    pub(crate) fn is_filling(&self) -> bool {
        self.backlogs.iter().all(|backlog| backlog.is_filling())
    }

    /// Closes the open batch now.
    pub(crate) fn flush(&self) {
        let batch = self.open.lock().close();
        self.hand_over(batch);
    }

    /// Closes the open batch whenever it is old enough.
    pub(crate) async fn flush_in_time(&self, shutdown: CancellationToken) {
        let mut tick = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = shutdown.cancelled() => return,
            }
            let batch = self.open.lock().close_if_old(Instant::now());
            self.hand_over(batch);
        }
    }

    fn hand_over(&self, batch: Option<Batch>) {
        let Some(batch) = batch else { return };
        for backlog in &self.backlogs {
            backlog.push(batch.clone());
        }
    }
}

/// What datagrams mean.
struct Datagrams {
    intake: Arc<Intake>,
    /// Gone when the door is, for whatever reason.
    _alive: Arc<()>,
    rejects: Sparse,
    drops: Sparse,
}

impl Receive for Datagrams {
    fn datagram(&mut self, datagram: &[u8]) {
        let counters = &self.intake.counters;
        let (counter, words): (&Counter, _) = match frame::split(datagram) {
            Ok(document) => {
                counters.received.add(1);
                return self.intake.push(document);
            }
            // The AWS daemon neither logs nor counts it; health checks of load balancers send such.
            Err(FrameError::Empty) => return,
            Err(FrameError::MissingHeader) => (&counters.missing_header, "Missing header"),
            Err(FrameError::MissingDocument) => (&counters.missing_document, "Missing header or segment"),
            Err(FrameError::InvalidHeader) => (&counters.invalid_header, "Invalid header"),
        };
        counters.received.add(1);
        counter.add(1);
        if self.rejects.lets_through(Instant::now()) {
            let line = datagram.split(|byte| *byte == b'\n').next().unwrap_or_default();
            let excerpt = String::from_utf8_lossy(&line[..line.len().min(EXCERPT_BYTES)]);
            warn!("{words}: {excerpt}");
        }
    }

    fn dropped(&mut self, datagrams: u64) {
        self.intake.counters.kernel_dropped.add(datagrams as usize);
        if self.drops.lets_through(Instant::now()) {
            warn!(
                "Kernel dropped {datagrams} datagrams: its receive buffer was full; raise net.core.rmem_max"
            );
        }
    }
}

/// Opens the UDP door, which drops `alive` at its end. What is given back tells when it is closed, after the
/// shutdown.
pub(crate) fn receive_udp(
    socket: UdpSocket,
    intake: Arc<Intake>,
    alive: Arc<()>,
    shutdown: CancellationToken,
) -> io::Result<oneshot::Receiver<()>> {
    let datagrams = Datagrams { intake, _alive: alive, rejects: Sparse::new(), drops: Sparse::new() };
    udp::start(socket, datagrams, shutdown)
}

/// Takes over the path of a socket, which an earlier process may have left.
pub(crate) fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    match std::fs::symlink_metadata(path) {
        Ok(metadata) if std::os::unix::fs::FileTypeExt::is_socket(&metadata.file_type()) => {
            std::fs::remove_file(path)?;
        }
        _ => {}
    }
    UnixListener::bind(path)
}

/// Takes documents, each on a line of its own, with no header. Lines have no bound but 1 MiB, so this is for
/// what no datagram can hold; and a sender waits here instead of losing.
pub(crate) async fn receive_unix(listener: UnixListener, intake: Arc<Intake>, shutdown: CancellationToken) {
    let permits = Arc::new(Semaphore::new(MAX_UNIX_CONNECTIONS));
    loop {
        let accepted = tokio::select! {
            accepted = async {
                let permit = Arc::clone(&permits).acquire_owned().await;
                (permit, listener.accept().await)
            } => accepted,
            () = shutdown.cancelled() => return,
        };
        match accepted {
            (permit, Ok((stream, _))) => {
                let (intake, shutdown) = (Arc::clone(&intake), shutdown.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        () = read_lines(stream, &intake) => {}
                        () = shutdown.cancelled() => {}
                    }
                    drop(permit);
                });
            }
            (_, Err(error)) => {
                warn!(%error, "cannot accept a connection by the Unix socket");
                tokio::time::sleep(LOOK).await;
            }
        }
    }
}

async fn read_lines(stream: impl AsyncRead + Unpin, intake: &Intake) {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        // One byte more than the bound tells a line that fills it from one that exceeds it.
        let read = (&mut reader).take(MAX_LINE_BYTES as u64 + 1).read_until(b'\n', &mut line).await;
        match read {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => return debug!(%error, "a connection by the Unix socket ended early"),
        }
        let document = line.trim_ascii();
        if document.is_empty() {
            continue;
        }
        intake.counters.received.add(1);
        if document.len() > MAX_LINE_BYTES {
            intake.counters.too_long.add(1);
            // Where the next document begins cannot be known without reading all of this one.
            return warn!("Closed a connection by the Unix socket: a document has more than 1 MiB");
        }
        intake.push(document);
        line.shrink_to(batch::MAX_DOCUMENTS * 1_024);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::UpstreamCounters;

    fn intake() -> (Arc<Intake>, Arc<Backlog>) {
        let backlog = Arc::new(Backlog::new(8 << 20, Arc::new(UpstreamCounters::default())));
        let counters = Arc::new(Counters::new([]));
        (Arc::new(Intake::new(vec![Arc::clone(&backlog)], counters)), backlog)
    }

    fn documents(intake: &Intake, backlog: &Arc<Backlog>) -> Vec<String> {
        intake.flush();
        std::iter::from_fn(|| backlog.take()).flat_map(|held| held.batch().documents()).collect()
    }

    #[test]
    fn datagrams_are_counted_by_what_they_are() {
        let (intake, backlog) = intake();
        let mut datagrams = Datagrams {
            intake: Arc::clone(&intake),
            _alive: Arc::new(()),
            rejects: Sparse::new(),
            drops: Sparse::new(),
        };
        for datagram in [
            &b"{\"format\":\"json\",\"version\":1}\n{\"id\":\"a\"}"[..],
            b"{\"format\":\"json\",\"version\":1}\n\xff",
            b"",
            b"{\"format\":\"json\",\"version\":1}",
            b"{\"format\":\"json\",\"version\":1}\n",
            b"nonsense\n{}",
        ] {
            datagrams.datagram(datagram);
        }
        datagrams.dropped(7);
        let counters = &intake.counters;
        let counts = [
            &counters.received,
            &counters.missing_header,
            &counters.missing_document,
            &counters.invalid_header,
            &counters.repaired,
            &counters.kernel_dropped,
        ];
        assert_eq!(counts.map(Counter::get), [5, 1, 1, 1, 1, 7]);
        assert_eq!(documents(&intake, &backlog), ["{\"id\":\"a\"}", "\u{fffd}"]);
    }

    #[tokio::test]
    async fn lines_are_documents_up_to_their_bound() {
        let (intake, backlog) = intake();
        let large = format!("{{\"x\":\"{}\"}}", "y".repeat(200_000));
        let text = format!("{{\"a\":1}}\r\n\n{large}\n{{\"last\":1}}");
        read_lines(text.as_bytes(), &intake).await;
        assert_eq!(documents(&intake, &backlog), ["{\"a\":1}", large.as_str(), "{\"last\":1}"]);
        let endless = vec![b'x'; MAX_LINE_BYTES + 10];
        read_lines(&endless[..], &intake).await;
        assert_eq!(intake.counters.too_long.get(), 1);
        assert!(documents(&intake, &backlog).is_empty());
    }
}
