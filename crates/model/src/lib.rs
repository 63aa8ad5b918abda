//! The words of tracing that every other crate shares: ids, time, segments, traces, digests, graphs.
//!
//! Nothing here knows JSON, HTTP, SQL or a store, and this crate imports none of ours. The types are
//! plain data; a field that is free to read has no getter.

pub mod clock;
pub mod coarse;
pub mod digest;
pub mod error;
pub mod group;
pub mod id;
pub mod minute;
pub mod node;
pub mod property;
pub mod segment;
pub mod sketch;
pub mod time;
pub mod trace;

pub use clock::{Clock, ManualClock, SystemClock};
pub use coarse::Coarse;
pub use digest::TraceDigest;
pub use id::{EntityId, TraceId};
pub use node::{NodeKey, NodeKind};
pub use segment::{Entity, Place, SegmentDocument, StoredDocument};
pub use sketch::Sketch;
pub use time::{Micros, Minute, TimeRange, Timestamp};
pub use trace::Trace;
