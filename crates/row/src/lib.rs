//! The rows in which any engine keeps documents, digests and rollups.
//!
//! - [`columns`] names the columns of the three logical tables.
//! - [`StoredBytes`] is a document on its way into rows and out of them: bytes, not decoded.
//! - [`entity`] makes the rows of a document, one an entity. [`cut`] takes out of its text what their columns hold, and
//!   leaves a template; [`template`] makes the text again. Whoever writes makes each document again from its columns and
//!   keeps it whole where it does not come out as it was received.
//! - [`codec`] has the bytes in which digests and rollups are kept.
//!
//! An engine says how a column looks on its disk, and nothing here knows of any. One that adds up rollups by itself
//! keeps them as columns, for which [`model::minute::Stats`] is all public sums, and has no need of the column
//! `stats`: those bytes are for engines that read whole rows. `docs/format` describes both.

pub mod codec;
pub mod columns;
pub mod cut;
pub mod entity;
mod stored;
pub mod template;

pub use stored::StoredBytes;
