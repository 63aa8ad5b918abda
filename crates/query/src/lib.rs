//! Everything that turns stored facts into answers, on four floors: one trace, its minutes, many traces, and the
//! language that chooses among them.
//!
//! No HTTP, no SQL, no clock, no JSON of anybody's API. All of it is pure but [`search`], which is async and drives a
//! store page by page. The floors are for those who work here; callers name what stands on them.

pub mod filter;
pub mod insight;
mod many;
mod minute;
pub mod now;
mod trace;

#[cfg(test)]
mod testing;

pub use filter::{Filter, Groups, selector};
pub use many::keys::Shown;
pub use many::{
    bins, breakdown, compare, exception, facet, flow, measure, replay, search, tree, version, work,
};
pub use minute::{forecast, graph, join, rollup, series};
pub use trace::{assemble, clock, critical_path, digest, link, pattern};
