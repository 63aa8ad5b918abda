//! The UDP door: datagrams of the X-Ray daemon protocol, straight from SDKs.
//!
//! It never waits for anything but the socket; what the pipeline cannot take is dropped there and counted.
//! It has a thread of its own: whatever else keeps the runtime busy, such as a large query, the kernel's
//! buffer holds only a fraction of a second of a heavy load.

mod kernel;

use std::io;
use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use ingest::Ingest;
use ingest::refusals::{Door, Refusal, excerpt};
use model::Clock;
use tokio::net::UdpSocket;
use tokio::runtime;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};
use wire::frame::{self, FrameError};

/// The largest payload of a UDP datagram over IPv4 is 65,507 bytes; over IPv6, 65,527.
const MAX_DATAGRAM_BYTES: usize = 65_536;
/// Datagrams taken before other tasks have their turn.
const DRAIN: usize = 128;
/// Datagrams still taken after the shutdown began: what a full receive buffer of small ones holds.
const LAST_DRAIN: usize = 20_000;

/// Starts to receive. What is given back tells when the door is closed, after a shutdown.
pub(crate) fn start(
    socket: std::net::UdpSocket,
    ingest: Ingest,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
) -> io::Result<oneshot::Receiver<()>> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let socket = {
        let _runtime = runtime.enter();
        UdpSocket::from_std(socket)?
    };
    let receiver = Receiver { socket, ingest, clock };
    let (closed, is_closed) = oneshot::channel();
    thread::Builder::new().name("udp".to_owned()).spawn(move || {
        runtime.block_on(receiver.run(shutdown));
        // Nobody waits where the server was dropped rather than stopped.
        let _ = closed.send(());
    })?;
    Ok(is_closed)
}

struct Receiver {
    socket: UdpSocket,
    ingest: Ingest,
    clock: Arc<dyn Clock>,
}

impl Receiver {
    /// Receives until shutdown, and then what the kernel has already taken.
    async fn run(self, shutdown: CancellationToken) {
        let mut buffer = vec![0; MAX_DATAGRAM_BYTES];
        let mut drops = kernel::Drops::of(&self.socket);
        let mut tick = tokio::time::interval(kernel::INTERVAL);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                ready = self.socket.readable() => match ready {
                    Ok(()) => { self.drain(&mut buffer, DRAIN); }
                    // The socket itself is in trouble; there is nothing to do but to go on.
                    Err(error) => warn!(%error, "cannot wait for datagrams"),
                },
                _ = tick.tick() => drops.count(),
            }
            tokio::task::yield_now().await;
        }
        let late = self.drain(&mut buffer, LAST_DRAIN);
        drops.count();
        debug!(late, "UDP door is closed");
    }

    /// Takes what is there, at most `limit` datagrams, and says how many it took.
    fn drain(&self, buffer: &mut [u8], limit: usize) -> usize {
        for taken in 0..limit {
            match self.socket.try_recv(buffer) {
                Ok(length) => self.take(&buffer[..length]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return taken,
                // Such as an ICMP answer to something that nobody here sent.
                Err(error) => debug!(%error, "cannot receive a datagram"),
            }
        }
        limit
    }

    fn take(&self, datagram: &[u8]) {
        let document = match frame::split(datagram) {
            Ok(document) => document,
            // The AWS daemon neither logs nor counts it; health checks of load balancers send such.
            Err(FrameError::Empty) => return,
            Err(error) => return self.refuse(datagram, frame_reason(error), error.to_string()),
        };
        // A copy of its own: a slice of a larger buffer would keep all of that in memory.
        match wire::decode(Bytes::copy_from_slice(document)) {
            Ok(document) => self.ingest.offer(Door::Udp, document),
            Err(reject) => self.refuse(document, &reject.code.to_string(), reject.detail),
        }
    }

    fn refuse(&self, input: &[u8], reason: &str, detail: String) {
        debug!(reason, detail, "refused a datagram");
        self.ingest.refusals().record(Refusal {
            at: self.clock.now(),
            door: Door::Udp,
            reason: reason.to_owned(),
            detail,
            excerpt: excerpt(input),
        });
    }
}

fn frame_reason(error: FrameError) -> &'static str {
    match error {
        FrameError::Empty => "Empty",
        FrameError::MissingHeader => "MissingHeader",
        FrameError::MissingDocument => "MissingDocument",
        FrameError::InvalidHeader => "InvalidHeader",
    }
}
