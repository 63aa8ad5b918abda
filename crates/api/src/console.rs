//! The console's own API under `/api/`.

pub mod shape;
