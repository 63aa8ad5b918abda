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
//! A failure panics with what was expected, and so does a warning or an error in the log that the test did not
//! [expect](Sandbox::expect_in_log). This crate is for tests alone.

mod answer;
mod client;
mod document;
mod quiet;
mod sandbox;

pub use answer::Answer;
pub use document::{in_progress, segment, trace_id};
pub use quiet::Quiet;
pub use sandbox::Sandbox;
pub use server::config::Limits;
