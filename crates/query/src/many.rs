//! What many traces have in common, what sets them apart, and the search that finds them.

pub mod bins;
pub mod breakdown;
mod calls;
pub mod compare;
pub mod exception;
pub mod facet;
pub mod flow;
pub(crate) mod keys;
pub mod measure;
pub mod replay;
pub mod search;
pub mod tree;
mod url;
pub mod version;
pub mod work;
