//! The agent against a backend that speaks real HTTP, in this process and as the binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod backend;
mod door;
mod otlp;
mod otlp_grpc_out;
mod otlp_out;
mod process;
mod proxy;
mod running;
mod upload;
