//! How a server marks requests that hold copies of what it keeps itself.
//!
//! Whoever takes such a request hands nothing of it on, so that two servers that send each other copies do not do so for ever.

/// The name of the header; its value does not matter.
pub const HEADER: &str = "fluoro-copied";
