//! A UDP door: a socket with a large receive buffer, the loop that empties it, and what the kernel dropped.
//!
//! The agent and the server receive by the same code; what a datagram means to them, they say as [`Receive`].
//! It has a thread of its own: whatever else keeps the runtime busy, such as packing or a large query, the
//! kernel's buffer holds only a fraction of a second of a heavy load.

mod kernel;

use std::io;
use std::net::{SocketAddr, UdpSocket as StdUdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::UdpSocket;
use tokio::runtime;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

/// A burst of a thousand datagrams is lost to three fifths at Linux' default of 208 KiB, and not at all at
/// this size (measured with documents of 1.1 KB on loopback).
const RECEIVE_BUFFER_BYTES: usize = 8 << 20;
/// From here on bursts are held, and so is what comes during a pause.
const LARGE_BUFFER_BYTES: usize = RECEIVE_BUFFER_BYTES / 4;
/// The largest payload of a UDP datagram over IPv4 is 65,507 bytes; over IPv6, 65,527.
const MAX_DATAGRAM_BYTES: usize = 65_536;
/// Datagrams taken before anything else is looked at.
const DRAIN: usize = 128;
/// While datagrams come closer together than this, the door waits so long for more: to be woken for each costs more
/// than to take it. As fast as a process can send, 1,000 of 2 KB come meanwhile, a quarter of the buffer that is asked
/// for; after a burst there is no pause.
const PAUSE: Duration = Duration::from_millis(2);
/// Datagrams still taken after the shutdown began: what a full receive buffer of small ones holds.
const LAST_DRAIN: usize = 20_000;

/// What becomes of what comes in. Neither method may wait for anything.
pub trait Receive {
    /// Takes one datagram, which may be empty, and any bytes.
    fn datagram(&mut self, datagram: &[u8]);
    /// Hears that the kernel dropped so many more datagrams, since the receive buffer was full.
    fn dropped(&mut self, datagrams: u64);
}

/// Binds a socket and asks for a large buffer: beyond `net.core.rmem_max` where that is permitted
/// (CAP_NET_ADMIN), else up to it.
pub fn bind(address: SocketAddr) -> io::Result<StdUdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    grow_receive_buffer(&socket);
    socket.bind(&address.into())?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn grow_receive_buffer(socket: &Socket) {
    #[cfg(target_os = "linux")]
    let forced =
        rustix::net::sockopt::set_socket_recv_buffer_size_force(socket, RECEIVE_BUFFER_BYTES).is_ok();
    #[cfg(not(target_os = "linux"))]
    let forced = false;
    if !forced && let Err(error) = socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES) {
        debug!(%error, "left the UDP receive buffer at its default");
    }
    let granted = granted_bytes(socket);
    if granted < LARGE_BUFFER_BYTES {
        warn!(
            granted,
            wanted = RECEIVE_BUFFER_BYTES,
            "got a small UDP receive buffer; bursts may lose datagrams, raise net.core.rmem_max"
        );
    } else {
        debug!(bytes = granted, "got a UDP receive buffer");
    }
}

/// Linux doubles what it is asked for, to have room for its own bookkeeping, and gives the doubled number.
fn granted_bytes(socket: &Socket) -> usize {
    socket.recv_buffer_size().unwrap_or(0) / if cfg!(target_os = "linux") { 2 } else { 1 }
}

/// Starts to receive. What is given back tells when the door is closed: after the shutdown, with all that the
/// kernel held taken.
pub fn start(
    socket: StdUdpSocket,
    receive: impl Receive + Send + 'static,
    shutdown: CancellationToken,
) -> io::Result<oneshot::Receiver<()>> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let socket = {
        let _runtime = runtime.enter();
        UdpSocket::from_std(socket)?
    };
    let (closed, is_closed) = oneshot::channel();
    thread::Builder::new().name("udp".to_owned()).spawn(move || {
        runtime.block_on(run(socket, shutdown, receive));
        // Nobody waits where its owner was dropped rather than stopped.
        let _ = closed.send(());
    })?;
    Ok(is_closed)
}

async fn run(socket: UdpSocket, shutdown: CancellationToken, mut receive: impl Receive) {
    let mut buffer = vec![0; MAX_DATAGRAM_BYTES];
    let mut drops = kernel::Drops::of(&socket);
    let mut tick = tokio::time::interval(kernel::INTERVAL);
    let may_pause = granted_bytes(&SockRef::from(&socket)) >= LARGE_BUFFER_BYTES;
    let mut emptied = Instant::now();
    let mut is_burst = false;
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            ready = socket.readable() => match ready {
                Ok(()) => {
                    let is_dense = emptied.elapsed() < PAUSE;
                    let taken = drain(|buffer| socket.try_recv(buffer), &mut buffer, DRAIN, &mut receive);
                    if taken < DRAIN {
                        if is_dense && !is_burst && may_pause {
                            // Nothing else runs on this thread, and nothing is as cheap.
                            thread::sleep(PAUSE);
                        }
                        emptied = Instant::now();
                    }
                    is_burst = taken == DRAIN;
                }
                // The socket itself is in trouble; there is nothing to do but to go on.
                Err(error) => warn!(%error, "cannot wait for datagrams"),
            },
            _ = tick.tick() => tell(&mut drops, &mut receive),
        }
    }
    tell(&mut drops, &mut receive);
    // The runtime may not have heard of the newest datagrams yet, so the kernel itself is asked.
    match socket.into_std() {
        Ok(socket) => {
            let late = drain(|buffer| socket.recv(buffer), &mut buffer, LAST_DRAIN, &mut receive);
            debug!(late, "UDP door is closed");
        }
        Err(error) => warn!(%error, "cannot take the last datagrams"),
    }
}

/// Takes what is there, at most `limit` datagrams, and says how many it took.
fn drain(
    take: impl Fn(&mut [u8]) -> io::Result<usize>,
    buffer: &mut [u8],
    limit: usize,
    receive: &mut impl Receive,
) -> usize {
    for taken in 0..limit {
        match take(buffer) {
            Ok(length) => receive.datagram(&buffer[..length]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return taken,
            // Such as an ICMP answer to something that nobody here sent.
            Err(error) => debug!(%error, "cannot receive a datagram"),
        }
    }
    limit
}

fn tell(drops: &mut kernel::Drops, receive: &mut impl Receive) {
    let new = drops.since_last();
    if new > 0 {
        receive.dropped(new);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    struct Channel(mpsc::Sender<Vec<u8>>);

    impl Receive for Channel {
        fn datagram(&mut self, datagram: &[u8]) {
            self.0.send(datagram.to_vec()).unwrap();
        }

        fn dropped(&mut self, _: u64) {}
    }

    #[tokio::test]
    async fn what_the_kernel_holds_at_the_end_is_still_taken() {
        let socket = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        for number in 0..20_u8 {
            sender.send_to(&[number; 100], socket.local_addr().unwrap()).await.unwrap();
        }
        let (sent, received) = mpsc::channel();
        let shutdown = CancellationToken::new();
        shutdown.cancel();
        start(socket, Channel(sent), shutdown).unwrap().await.unwrap();
        let numbers: Vec<u8> = received.iter().map(|datagram| datagram[0]).collect();
        assert_eq!(numbers, (0..20).collect::<Vec<u8>>());
    }
}
