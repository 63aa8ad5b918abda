//! How the parts ask for variables of the environment, so that tests can have their own.

/// Reads a variable of the environment; only `main` passes the real one.
pub type Environment<'a> = &'a (dyn Fn(&str) -> Option<String> + Send + Sync);
