//! The agent that takes segment documents from the SDKs on its machine and sends them on: a drop-in for the
//! AWS X-Ray daemon.
//!
//! ```text
//! UDP, Unix socket ─► batch ─► backlog (bounded, one for each upstream) ─► upload ─► Fluoro, X-Ray
//!                                    └─► spool, on disk                     ▲
//! TCP ─► proxy (sampling rules and targets, allow-list) ──── signed ────────┘
//! ```
//! The door `udp` and the verifier in `tls` are the server's as well, so they stand without the feature `upstream`,
//! behind which everything else lies. Nothing here knows the store, and nothing looks into a document but to
//! name the trace of one that was refused.

pub mod tls;
pub mod udp;

#[cfg(feature = "upstream")]
pub mod agent;
#[cfg(feature = "upstream")]
mod backlog;
#[cfg(feature = "upstream")]
mod batch;
#[cfg(feature = "upstream")]
mod client;
#[cfg(feature = "upstream")]
pub mod config;
#[cfg(feature = "upstream")]
pub mod counters;
#[cfg(feature = "upstream")]
mod document;
#[cfg(feature = "upstream")]
mod endpoint;
#[cfg(feature = "upstream")]
pub mod flags;
#[cfg(feature = "upstream")]
mod identity;
#[cfg(feature = "upstream")]
mod intake;
#[cfg(feature = "upstream")]
pub mod log;
#[cfg(feature = "upstream")]
mod memory;
#[cfg(feature = "upstream")]
mod pace;
#[cfg(feature = "upstream")]
mod proxy;
#[cfg(feature = "upstream")]
mod sign;
#[cfg(feature = "upstream")]
mod spool;
#[cfg(feature = "upstream")]
mod telemetry;
#[cfg(feature = "upstream")]
mod upload;
#[cfg(feature = "upstream")]
mod upstream;

/// What `-v` prints and the user agent carries.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
