//! The agent that takes segment documents from the SDKs on its machine and sends them on: a drop-in for the
//! AWS X-Ray daemon.
//!
//! ```text
//! UDP, Unix socket ─► batch ─► backlog (bounded, one for each upstream) ─► upload ─► Fluoro, X-Ray, backends of OTLP
//!                                    └─► spool, on disk                     ▲
//! TCP ─► proxy (sampling rules and targets, allow-list) ──── signed ────────┘
//! ```
//! Nothing here knows the store. Nothing looks into a document but to name the trace of one that was refused, and to say for an
//! upstream of OTLP what its spans are.

pub mod agent;
mod backlog;
mod batch;
mod client;
pub mod config;
pub mod counters;
mod document;
mod endpoint;
pub mod environment;
pub mod flags;
mod identity;
mod intake;
pub mod log;
mod memory;
pub(crate) mod otlp;
mod pace;
mod packing;
mod proxy;
pub mod relay;
mod sign;
mod spool;
mod telemetry;
mod translate;
mod upload;
mod upstream;

/// What `-v` prints and the user agent carries.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
