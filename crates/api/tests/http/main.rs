//! The whole router, asked over HTTP, over a memory store with the real pipeline behind it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod assets;
mod auth;
mod aws_inputs;
mod aws_model;
mod compare;
mod console;
mod console_setup;
mod filter;
mod graph;
mod groups;
mod guard;
mod links;
mod management;
mod routes;
mod rules;
mod sampling;
mod segments;
mod settings;
mod summaries;
mod support;
mod trace_list;
