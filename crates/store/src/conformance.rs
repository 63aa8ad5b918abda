//! The battery that every backend passes.
