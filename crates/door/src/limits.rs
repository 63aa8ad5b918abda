//! How much the server's doors let anybody hold, and for how long: every number of it, with its unit.
//!
//! `docs/security.md` has them as a table, with what who exceeds them is told. A test makes them smaller.

use std::time::Duration;

use crate::budget::Sizes;
use crate::connections;
use crate::places::Room;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// What small bodies and answers are; a batch of an agent that has little to send, or a question, is below it.
const SMALL_BYTES: usize = 64 * KIB;
/// A peer may have thirty of these when it has used up the rest.
const PEER_ROOM_BYTES: usize = 2 * MIB;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub connections: connections::Limits,
    /// From a connection to the end of its first request's head, TLS' greetings included.
    pub first_head: Duration,
    /// The same from an answer to the next request. SDKs and browsers keep connections open.
    pub next_head: Duration,
    /// Bodies of requests while they are in memory.
    pub bodies: Sizes,
    /// Those of them whose signature cannot be checked before they are whole.
    pub unchecked: Sizes,
    pub pace: Pace,
    /// Answers, from when they are made until the kernel has them.
    pub answers: Sizes,
    /// How long an answer may stand still for its reader.
    pub unread: Duration,
    /// Consoles that follow live.
    pub streams: Room,
    /// How long one follows until it must ask again, and so show its key again.
    pub stream_life: Duration,
    /// Questions through many traces, with those that wait for one of the turns of all.
    pub questions: Room,
    /// How long a question waits for others of its peer.
    pub patience: Duration,
}

/// How fast a body must come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    pub grace: Duration,
    /// After the grace.
    pub bytes_per_second: u32,
}

impl Pace {
    /// How long a body has, of which so much is there.
    pub fn allows(&self, bytes: usize) -> Duration {
        self.grace + Duration::from_secs_f64(bytes as f64 / f64::from(self.bytes_per_second.max(1)))
    }
}

impl Limits {
    /// The same where a process may have so many files open: half of them are for connections.
    pub fn within_files(mut self, files: u64) -> Self {
        let half = usize::try_from(files / 2).unwrap_or(usize::MAX);
        self.connections.total = self.connections.total.min(half);
        self
    }

    /// What `fluoro serve` goes by. Bodies of a peer are more than the largest request, 64 MiB unpacked, takes with
    /// what it was packed in.
    pub const SERVER: Self = Self {
        connections: connections::Limits { total: 4_096, peer: 256, local: 2_048, probes: 16 },
        first_head: Duration::from_secs(10),
        next_head: Duration::from_secs(60),
        bodies: Sizes {
            total_bytes: 160 * MIB,
            peer_bytes: 80 * MIB,
            local_bytes: 128 * MIB,
            small_bytes: SMALL_BYTES,
            room_bytes: 8 * MIB,
            peer_room_bytes: PEER_ROOM_BYTES,
        },
        // The AWS daemon sends eight batches of 3.2 MB at a time, and signs them so that they must be read first.
        unchecked: Sizes {
            total_bytes: 64 * MIB,
            peer_bytes: 16 * MIB,
            local_bytes: 32 * MIB,
            small_bytes: SMALL_BYTES,
            room_bytes: 4 * MIB,
            peer_room_bytes: PEER_ROOM_BYTES,
        },
        pace: Pace { grace: Duration::from_secs(10), bytes_per_second: 100_000 },
        answers: Sizes {
            total_bytes: 192 * MIB,
            peer_bytes: 64 * MIB,
            local_bytes: 128 * MIB,
            small_bytes: SMALL_BYTES,
            room_bytes: 8 * MIB,
            peer_room_bytes: PEER_ROOM_BYTES,
        },
        unread: Duration::from_secs(30),
        streams: Room { total: 256, peer: 16, local: 128 },
        stream_life: Duration::from_secs(60 * 60),
        // Of turns there are four: one peer leaves one of them to the others.
        questions: Room { total: 4_096, peer: 3, local: 4 },
        // As long as the longest question takes.
        patience: Duration::from_secs(20),
    };
}
