//! An incident in one file: what a server knows of a window of time, so that another copy of the binary shows it again.
//!
//! ```text
//! zstd ( head line, then lines of documents, digests, rollups, settings, alerts; end line )
//! ```
//! [`Writer`] makes the file, [`read`] takes it apart, [`Redaction`] says what never gets into it. The lines are described in
//! `docs/format/capsule.md`.
//!
//! A file is a stranger's: [`read`] bounds what it holds before it is held, and says in which line something is wrong. It
//! writes nothing anywhere.

mod head;
mod line;
mod plausible;
mod read;
mod redact;
mod write;

#[cfg(test)]
mod tests;

pub use head::{Head, Issue, VERSION};
pub use read::{Content, LIMITS, Limits, ReadError, Received, read};
pub use redact::{BadName, Redaction};
pub use write::Writer;
