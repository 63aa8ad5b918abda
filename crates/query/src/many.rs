//! What many traces have in common, what sets them apart, and the search that finds them.

pub mod bins;
pub mod breakdown;
pub mod compare;
pub mod exception;
pub mod replay;
pub mod search;
mod url;
pub mod version;
pub mod work;
