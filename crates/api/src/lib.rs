//! X-Ray's API and the console's own, over HTTP. The only place that knows HTTP and status codes.
//!
//! [`router`] serves both on one port: X-Ray's 38 operations are POSTs to paths with a capital letter,
//! the console's endpoints lie under `/api/`, and every other GET is for the web application.

mod app;
pub mod console;

pub use app::{Deps, Identity, router};
