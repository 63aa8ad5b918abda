//! Everything that turns stored facts into answers: assembly, digest, rollups, graph, series, filters.
//!
//! No HTTP, no SQL, no clock, no JSON of anybody's API. Pure but for `search`, which asks a store page by page.

pub mod assemble;
pub mod bins;
pub mod breakdown;
pub mod compare;
pub mod critical_path;
pub mod digest;
pub mod filter;
pub mod forecast;
pub mod graph;
pub mod group;
pub mod issue;
pub mod link;
pub mod pattern;
pub mod replay;
pub mod rollup;
pub mod search;
pub mod selector;
pub mod series;
pub mod slowdown;
pub mod version;

#[cfg(test)]
mod testing;

pub use assemble::assemble;
pub use critical_path::critical_path;
pub use digest::digest;
pub use filter::Filter;
pub use group::Groups;
