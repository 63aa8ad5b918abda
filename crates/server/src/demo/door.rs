//! The UDP socket towards the server, and the documents that wait for their moment.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::Context;
use tokio::net::UdpSocket;
use tokio::time::Instant;

/// Documents of requests that still go on. Some forty belong to one report; beyond this many, further
/// ones are sent at once.
const MAX_WAITING: usize = 4096;

#[derive(Debug)]
pub(super) struct Door {
    socket: UdpSocket,
    waiting: BinaryHeap<Reverse<Waiting>>,
    pub(super) sent: u64,
    pub(super) sent_bytes: u64,
    /// Datagrams that the system refused; mostly because nobody listens.
    pub(super) refused: u64,
    /// Keeps datagrams of the same moment in order.
    sequence: u64,
}

/// Ordered by its first two members; the sequence is unique.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    due: Instant,
    sequence: u64,
    datagram: Vec<u8>,
}

impl Door {
    pub(super) async fn open(endpoint: &str) -> anyhow::Result<Door> {
        let target = tokio::net::lookup_host(endpoint)
            .await
            .with_context(|| format!("look up the endpoint {endpoint}"))?
            .next()
            .with_context(|| format!("the endpoint {endpoint} has no address"))?;
        let any: SocketAddr = match target {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(any).await.context("open a UDP socket")?;
        // A connected socket hears of it when nobody listens.
        socket.connect(target).await.with_context(|| format!("connect to {target}"))?;
        Ok(Door { socket, waiting: BinaryHeap::new(), sent: 0, sent_bytes: 0, refused: 0, sequence: 0 })
    }

    pub(super) async fn send(&mut self, datagram: &[u8]) {
        match self.socket.send(datagram).await {
            Ok(bytes) => {
                self.sent += 1;
                self.sent_bytes += bytes as u64;
            }
            // Like every SDK: a document that cannot be sent is lost, and the application goes on.
            Err(_) => self.refused += 1,
        }
    }

    pub(super) async fn send_at(&mut self, due: Instant, datagram: Vec<u8>) {
        if self.waiting.len() >= MAX_WAITING || due <= Instant::now() {
            return self.send(&datagram).await;
        }
        self.sequence += 1;
        self.waiting.push(Reverse(Waiting { due, sequence: self.sequence, datagram }));
    }

    /// When the next waiting datagram is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.waiting.peek().map(|Reverse(waiting)| waiting.due)
    }

    pub(super) async fn send_due(&mut self) {
        while self.next_due().is_some_and(|due| due <= Instant::now()) {
            let Some(Reverse(waiting)) = self.waiting.pop() else { return };
            self.send(&waiting.datagram).await;
        }
    }
}
