//! X-Ray's API and the console's own, over HTTP. The only place that knows HTTP and status codes.
//!
//! [`router`] serves both on one port: X-Ray's 38 operations are POSTs to paths with a capital letter,
//! the console's routes lie under `/api/`, and every other GET is for the web application. `route` says how to add one.
//!
//! A request passes, from the outside in: a request id, metrics and security headers (`request`), a guard
//! against other sites' pages (`guard`), a time limit, the question who asks (`auth`), and then its handler, which reads the
//! body through `body` and nothing else.

mod app;
mod assets;
mod auth;
mod body;
pub mod console;
mod error;
mod filter;
mod guard;
mod health;
mod metrics;
mod request;
mod route;
mod xray;

pub use app::{Deps, groups, router};
pub use auth::{Auth, Peer};
pub use route::table::routes;
pub use route::{Need, Route};
