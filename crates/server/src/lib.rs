//! The `fluoro` binary as a library: settings, doors, the parts' start and stop, the demo and the other commands.
//!
//! Only `main` reads flags and environment, but for keys that a file of endpoints names by their variables (`copies`), and only it exits; files are read
//! where a setting names them.

pub mod cli;
pub mod config;
pub mod log;
pub mod output;
pub mod signal;

pub mod access;
pub mod address;
pub mod announce;
mod audit;
mod copies;
pub mod doors;
pub mod ground;
mod http;
mod listen;
mod memory;
mod mirror;
mod notifiers;
pub mod pipeline;
mod reload;
mod self_trace;
pub mod server;
mod still;
pub mod stop;
pub mod tls;
mod udp;

pub mod capsule_command;
pub mod demo;
pub mod health;
pub mod keys;
pub mod open_command;
pub mod settings_command;
pub mod store_command;

pub use config::Config;
pub use server::Server;
