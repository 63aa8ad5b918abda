//! X-Ray's JSON and headers, to and from the model. Nothing else says what X-Ray's documents mean.
//!
//! Decoding never panics and never fails as a whole: a batch gives the good documents and the rejects.

pub mod document;
pub mod frame;
pub mod header;
mod json;
pub mod limits;
pub mod member;
pub mod otel;
pub mod quote;
pub mod reject;
pub mod render;

pub use document::{decode, decode_batch};
pub use header::TraceHeader;
pub use reject::{Reject, RejectCode, RejectSubject};
