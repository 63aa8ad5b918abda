//! What is told of one trace: its tree from its documents, its digest, its slowest path, its patterns, its links.

pub mod assemble;
pub mod clock;
pub mod critical_path;
pub mod digest;
pub mod link;
pub mod pattern;

pub use assemble::assemble;
pub use critical_path::critical_path;
pub use digest::digest;
