//! A whole Fluoro on port 0, with a directory of its own, for tests that come in through the doors.
//!
//! ```no_run
//! # async fn example() {
//! let sandbox = testkit::Sandbox::start().await;
//! sandbox.send(&testkit::segment("shop", &testkit::trace_id(1), 1)).await;
//! sandbox.kept(1).await;
//! let graph = sandbox.service_graph().await;
//! # }
//! ```
//! A failure panics with what was expected; this crate is for tests alone.

mod answer;
mod client;
mod document;
mod sandbox;

pub use answer::Answer;
pub use document::{in_progress, segment, trace_id};
pub use sandbox::Sandbox;
