//! X-Ray's JSON and headers, to and from the model. Nothing else says what X-Ray's documents mean.
//!
//! Decoding never panics and never fails as a whole: a batch gives the good documents and the rejects.

#[cfg(feature = "documents")]
pub mod document;
#[cfg(feature = "documents")]
pub mod frame;
pub mod header;
#[cfg(feature = "documents")]
mod json;
pub mod limits;
pub mod member;
#[cfg(feature = "documents")]
pub mod otel;
pub mod quote;
#[cfg(feature = "documents")]
mod receive;
#[cfg(feature = "documents")]
pub mod reject;
#[cfg(feature = "documents")]
pub mod render;

#[cfg(feature = "documents")]
pub use document::{decode, decode_batch};
pub use header::TraceHeader;
#[cfg(feature = "documents")]
pub use json::readable;
#[cfg(feature = "documents")]
pub use receive::{Received, receive};
#[cfg(feature = "documents")]
pub use reject::{Reject, RejectCode, RejectSubject};
