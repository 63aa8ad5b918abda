//! Traces in ClickHouse, for when they are more than one machine should hold.
//!
//! ```text
//! append ─► writer ─► documents ─► hub ─► tails ─► digest workers ─► commit ─► minutes, traces
//!                │                                                     │
//!                └── lanes ──────────── PostgreSQL (register) ── shares, cursors, waiting links
//! ```
//! ClickHouse has the three tables; PostgreSQL says who writes (*lanes*), who follows which share (leases), how far, and which links
//! wait. Several processes may have the same store open.
//!
//! CH-1: within (lane, share) sequences are dense: 1, 2, 3 … A lane has one block of rows under way at a time, and repeats it
//! with the same bytes under the same name until it is known to be kept; the rows of a block are of one day, so ClickHouse
//! keeps all of them or none. So a reader that sees no gap has missed nothing, and
//! nothing is kept twice.
//!
//! CH-2: a commit is noted in PostgreSQL, then its minutes are added under its name, then its digests replace older ones, then the
//! cursor moves. Minutes come before digests, and what was noted is finished as it is; so whoever makes it again makes the
//! same.

mod beat;
mod binary;
mod client;
mod commit;
mod config;
mod digests;
mod documents;
mod failure;
mod holdings;
mod hub;
mod literal;
mod metrics;
mod minutes;
mod node;
mod pool;
mod predicate;
mod register;
mod rounds;
mod schema;
mod search;
mod store;
mod upkeep;
mod view;
mod writer;

pub use commit::Step;
pub use config::{Acks, Config, Mistake};
pub use store::ClickHouseStore;
#[cfg(feature = "cluster")]
pub use store::remove;
