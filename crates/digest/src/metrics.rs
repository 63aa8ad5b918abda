//! Counters of the digest worker.
