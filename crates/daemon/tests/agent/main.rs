//! The agent against a backend that speaks real HTTP, in this process and as the binary.

mod backend;
mod door;
mod process;
mod proxy;
mod running;
mod upload;
