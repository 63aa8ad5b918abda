//! X-Ray's API and the console's own, over HTTP. The only place that knows HTTP and status codes.
//!
//! [`router`] serves both on one port: X-Ray's 38 operations are POSTs to paths with a capital letter,
//! CloudWatch's are told apart by what `POST /` carries (`front`), the console's routes lie under `/api/`, and every other GET is for the web application. Each is a row of
//! `router/table.rs`; `route` says how to add one.
//!
//! A request passes, from the outside in: a request id, metrics and security headers (`request`), the bound on what answers
//! hold (`answer`), a guard against other sites' pages (`guard`), a time limit, the question who asks (`auth`), and then its handler, which reads the
//! body through `body` and nothing else.
//!
//! From the ground up: `shape` (the console's JSON), `error`, `app` (what is held between requests), `route`, then the handlers
//! (`xray`, `front` with `cloudwatch`, `console`, `auth`, `health`, `exposition`), and `router` above all. Nothing imports what stands above it.

mod answer;
mod app;
mod assets;
mod audit;
mod auth;
mod body;
mod cloudwatch;
mod console;
mod error;
mod exposition;
mod filter;
mod front;
mod groups;
mod guard;
mod health;
mod measure;
mod metrics;
mod otlp;
mod pace;
mod params;
mod request;
mod route;
mod router;
mod shape;
mod sns;
mod turn;
mod xray;

pub use crate::otlp::OtlpOnly;
pub use app::access::{Auth, Peer};
pub use app::origin::Origin;
pub use app::{Deps, Listeners};
pub use audit::{Audit, line_of_command};
pub use door::limits::Limits;
pub use groups::Groups;
pub use metrics::cut;
pub use route::{Need, Route};
pub use router::router;
pub use router::table::{actions, routes};
