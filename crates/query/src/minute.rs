//! What digests add to their minutes, and what minutes add up to: graph, series, forecast, and one name for one service.

pub mod forecast;
pub mod graph;
pub mod join;
pub mod rollup;
pub mod series;
