//! Fluoro in a terminal: what is broken, one trace, searches, and a live view, for whoever is at a shell and not in a
//! browser.
//!
//! All of it asks a running server by the console's API, as the console itself does, and adds no judgement of its own: what
//! `fluoro issues` says is what the first screen says. Each command is a module with a struct of its flags and a `run`.
//! Text of traces is a stranger's: whatever is printed goes through `text`, which lets no control character pass.

pub mod capsule;
pub mod command;
pub mod compare;
pub mod time;

mod connection;
mod doctor;
mod issues;
mod search;
mod shape;
mod tail;
mod text;
mod top;
mod trace;

pub use command::{Command, Surroundings, run};
pub use text::plain;
