//! The binary itself: what it prints, how it ends, and what is left after it was killed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod auth;
mod capsule;
mod child;
#[cfg(feature = "cluster")]
mod cluster;
mod copies;
mod demo;
mod health;
mod kill;
mod look;
#[cfg(feature = "cluster")]
mod mirror;
#[cfg(feature = "cluster")]
#[path = "../../../store-clickhouse/tests/servers/proxy.rs"]
mod proxy;
#[cfg(feature = "cluster")]
mod replicas;
mod start;
mod stop;
mod store;
mod tls;
