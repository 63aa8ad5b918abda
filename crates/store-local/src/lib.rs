//! The embedded store: a write-ahead log, a buffer in memory, and immutable Parquet parts.
//!
//! ```text
//! append, commit ──► log (one thread, fsync) ──► buffer ──► parts (one thread)
//!                                                  │           │
//!                              queries ◄───────────┴───────────┘
//! ```
//!
//! A document is durable in the log before anybody sees it. The buffer shows it at once. When the buffer is
//! full it is sealed, written as parts and then forgotten together with its log files, but never before the
//! digest worker has read it. A directory is opened by replaying the log that is not in parts.
//!
//! A thread of low priority keeps the parts few and the disk free: it merges neighbouring parts, and drops
//! those that are older than wanted.
//!
//! Invariants, cited where they are kept:
//! - `LS-1` The order in the log, of sequences and in the buffer is one order.
//! - `LS-2` What the manifest names is complete and durable; replacing the manifest is the flush.
//! - `LS-3` A log file is deleted only when the manifest covers it and every document in it is digested,
//!   durably.
//! - `LS-4` Of the rows of a trace in several parts only that of the newest part counts. So only neighbours are
//!   merged, a row is left out only if a newer one is in the merged part or a newer part, and parts are dropped
//!   from the oldest on.
//! - `LS-5` A damaged file costs what is in it and nothing else; it is moved aside and named, never deleted.
//! - `LS-6` A part that no longer counts is deleted when the last query that reads it has ended.
//! - `LS-7` Once a part of `minutes` was dropped, no row of its minutes or earlier ones counts, whichever part it is
//!   in: a late document writes the difference that it makes to old minutes, and alone that would be wrong.
//! - `LS-8` A digest is not dropped while a document of its trace is kept.
//! - `LS-9` All links that wait for their sender can be read from the log alone: where a buffer is sealed they are written
//!   again at the beginning of the next file, since those before go with the buffer.
//!
//! Nothing outside of this crate knows Arrow or Parquet.

mod buffer;
mod catalog;
pub mod chore;
pub mod config;
mod core;
mod directory;
mod disk;
mod exchange;
mod file;
mod flush;
mod holdings;
mod kept;
mod keys;
mod limits;
mod log;
mod manifest;
pub mod offline;
mod part;
mod replay;
mod retention;
mod search;
mod signal;
mod store;
mod tail;
mod upkeep;

pub use chore::Chore;
pub use config::{Config, Fewest, Limits, Merging, Retention};
pub use keys::Seals;
pub use store::LocalStore;
