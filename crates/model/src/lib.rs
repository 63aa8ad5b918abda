//! The words of tracing that every other crate shares: ids, time, segments, traces, digests, graphs.
//!
//! Nothing here knows JSON, HTTP, SQL or a store, and this crate imports none of ours. The types are
//! plain data; a field that is free to read has no getter.

pub mod clock;
#[cfg(feature = "documents")]
pub mod coarse;
#[cfg(feature = "documents")]
pub mod digest;
pub mod error;
#[cfg(feature = "documents")]
pub mod group;
pub mod id;
#[cfg(feature = "documents")]
pub mod link;
#[cfg(feature = "documents")]
pub mod minute;
#[cfg(feature = "documents")]
pub mod node;
pub mod percent;
#[cfg(feature = "documents")]
pub mod property;
pub mod rule;
#[cfg(feature = "documents")]
pub mod segment;
#[cfg(feature = "documents")]
pub mod sketch;
pub mod template;
pub mod time;
#[cfg(feature = "documents")]
pub mod trace;
pub mod wildcard;

pub use clock::{Clock, ManualClock, SystemClock};
#[cfg(feature = "documents")]
pub use coarse::Coarse;
#[cfg(feature = "documents")]
pub use digest::TraceDigest;
pub use id::{EntityId, TraceId};
#[cfg(feature = "documents")]
pub use node::{NodeKey, NodeKind};
#[cfg(feature = "documents")]
pub use segment::{Entity, Place, SegmentDocument, StoredDocument};
#[cfg(feature = "documents")]
pub use sketch::Sketch;
pub use time::{Micros, Minute, TimeRange, Timestamp};
#[cfg(feature = "documents")]
pub use trace::Trace;
