//! What digests add to their minutes, and what minutes add up to: graph, series, forecast, slowdowns.

pub mod forecast;
pub mod graph;
pub mod rollup;
pub mod series;
pub mod slowdown;
