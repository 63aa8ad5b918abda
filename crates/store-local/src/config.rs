//! What a local store can be told, and the sizes it uses when it is told nothing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use model::{Clock, SystemClock};

use crate::chore::Listener;
use crate::keys::Seals;
pub use crate::limits::Limits;

const MIB: u64 = 1024 * 1024;

/// Where to keep everything, and how much of it in memory.
#[derive(Debug, Clone)]
pub struct Config {
    /// Made if it is not there. One process at a time.
    pub dir: PathBuf,
    /// A log file is finished when it has grown to this. Smaller files are deleted sooner, larger ones cost
    /// fewer directory writes.
    pub log_file_bytes: u64,
    /// The buffer is written as parts when it holds this much; about twice of it is in memory at times.
    /// Smaller buffers make more and smaller parts.
    pub flush_bytes: u64,
    /// A buffer that is older than this is written although it is not full, so that other tools find recent
    /// data in the parts and memory is given back...
    pub flush_age: Duration,
    /// ...if it holds at least this much, since very small parts make searches slow. A close writes a buffer
    /// of this size too.
    pub flush_min_bytes: u64,
    /// With more than this outside of parts, appends are refused as busy. It is reached when the digest
    /// worker or the disk is too slow, and is memory.
    pub max_unflushed_bytes: u64,
    /// How long an append waits before it is refused so.
    pub room_patience: Duration,
    /// So much of the disk is kept free for writing what was taken when there is no other room left.
    pub reserve_bytes: u64,
    /// How parts become fewer.
    pub merging: Merging,
    /// When data goes away; never, when nothing is said.
    pub retention: Retention,
    /// What one query may cost.
    pub limits: Limits,
    /// What is written is encrypted with the first of these; without any it is not.
    pub keys: Option<Arc<Seals>>,
    /// Tells how old data is.
    pub clock: Arc<dyn Clock>,
    /// Is told of each flush and each merge.
    pub chores: Option<Listener>,
}

/// Neighbouring parts are merged, so that queries look into few files.
#[derive(Debug, Clone, Copy)]
pub struct Merging {
    /// At least so many parts become one.
    pub parts: Fewest,
    /// A merged part is no larger than this...
    pub bytes: u64,
    /// ...has no more rows...
    pub rows: u64,
    /// ...is made of parts of which no more than about this is in memory while they are read...
    pub reading_bytes: u64,
    /// ...and no longer time of receipt, since retention drops whole parts.
    pub span: Duration,
}

/// How many parts a table has before some become one. Fewer make queries a little faster and write everything more often: of
/// 32 flushes each byte is written two or three times more with four, and once more with eight.
#[derive(Debug, Clone, Copy)]
pub struct Fewest {
    /// Asked for by trace alone, of which each part knows in memory whether it may have it.
    pub spans: usize,
    /// Of digests and minutes, of which searches and graphs read every part of their time.
    pub others: usize,
}

impl Fewest {
    pub fn of_all(parts: usize) -> Self {
        Self { spans: parts, others: parts }
    }
}

/// What is dropped, always the oldest and always whole parts, by time of receipt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// Kept for so long.
    pub age: Option<Duration>,
    /// Traces with an error, a throttle or a fault are kept for so long, which is longer. The rollups are not.
    pub faults: Option<Duration>,
    /// The store takes no more than this share of the space that is there for it: its own and what is free.
    pub disk_percent: Option<u8>,
}

impl Config {
    /// The defaults. One flush is 20,000 to 40,000 typical documents.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            log_file_bytes: 64 * MIB,
            flush_bytes: 24 * MIB,
            flush_age: Duration::from_secs(15 * 60),
            flush_min_bytes: MIB,
            max_unflushed_bytes: 64 * MIB,
            room_patience: Duration::from_secs(3),
            reserve_bytes: 32 * MIB,
            merging: Merging {
                parts: Fewest { spans: 8, others: 4 },
                bytes: 256 * MIB,
                rows: 5_000_000,
                reading_bytes: 64 * MIB,
                span: Duration::from_secs(24 * 60 * 60),
            },
            retention: Retention::default(),
            limits: Limits {
                time: Duration::from_secs(30),
                bytes: 256 * MIB,
                at_once: std::thread::available_parallelism().map_or(2, usize::from),
            },
            keys: None,
            clock: Arc::new(SystemClock),
            chores: None,
        }
    }
}
