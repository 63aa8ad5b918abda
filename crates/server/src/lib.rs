//! The `fluoro` binary as a library: settings, doors, the parts' start and stop, and the demo.
//!
//! Only here are files and environment read, and only `main` exits.

pub mod cli;
pub mod config;
pub mod demo;
mod http;
mod listen;
pub mod log;
pub mod running;
pub mod signal;
mod udp;

pub use config::Config;
pub use running::Server;
