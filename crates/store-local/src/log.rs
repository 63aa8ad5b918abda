//! The write-ahead log: what was received and what was committed, in one order, durable before it is shown.
//!
//! `docs/format/log.md` describes the bytes.

pub(crate) mod file;
pub(crate) mod frame;
pub(crate) mod writer;
