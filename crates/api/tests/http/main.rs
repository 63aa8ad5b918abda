//! The whole router, asked over HTTP, over a memory store with the real pipeline behind it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod alarms;
mod assets;
mod audit;
mod auth;
mod aws_inputs;
mod aws_model;
mod capsule;
mod cloudwatch;
mod compare;
mod console;
mod console_setup;
mod facets;
mod field;
mod filter;
mod front;
mod graph;
mod groups;
mod guard;
mod insights;
mod large_trace;
mod links;
mod log_links;
mod management;
mod notifier;
mod peers;
mod routes;
mod rules;
mod sampling;
mod segments;
mod service;
mod settings;
mod summaries;
mod support;
mod trace;
mod trace_list;
mod traces;
mod tree;
mod url_templates;
