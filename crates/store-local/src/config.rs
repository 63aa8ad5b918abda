//! What a local store can be told, and the sizes it uses when it is told nothing.

use std::path::PathBuf;
use std::time::Duration;

const MIB: u64 = 1024 * 1024;

/// Where to keep everything, and how much of it in memory.
#[derive(Debug, Clone)]
pub struct Config {
    /// Made if it is not there. One process at a time.
    pub dir: PathBuf,
    /// A log file is finished when it has grown to this. Smaller files are deleted sooner, larger ones cost
    /// fewer directory writes.
    pub segment_bytes: u64,
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
}

impl Config {
    /// The defaults. One flush is 60,000 to 100,000 typical documents.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            segment_bytes: 64 * MIB,
            flush_bytes: 64 * MIB,
            flush_age: Duration::from_secs(15 * 60),
            flush_min_bytes: MIB,
            max_unflushed_bytes: 160 * MIB,
        }
    }
}
