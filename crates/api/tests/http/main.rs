//! The whole router, asked over HTTP, over a memory store with the real pipeline behind it.

mod assets;
mod console;
mod graph;
mod guard;
mod sampling;
mod segments;
mod settings;
mod summaries;
mod support;
mod traces;
