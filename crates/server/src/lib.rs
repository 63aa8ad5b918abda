//! The `fluoro` binary as a library: settings, doors, the parts' start and stop, and the demo.
//!
//! Only here are files and environment read, and only `main` exits.

mod access;
pub mod cli;
pub mod config;
pub mod demo;
pub mod health;
mod http;
pub mod keys;
mod listen;
pub mod log;
mod memory;
mod reload;
pub mod running;
pub mod signal;
pub mod store_command;
pub mod tls;
mod udp;

pub use config::Config;
pub use running::Server;
