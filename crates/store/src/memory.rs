//! A store that keeps everything in memory: the oracle for the others, and enough for unit tests.
