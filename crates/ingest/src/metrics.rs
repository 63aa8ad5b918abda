//! Counters of what came in, by door, and of what was refused, by reason.
