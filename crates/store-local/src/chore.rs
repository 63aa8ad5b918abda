//! Work that nobody asked for and nobody waits for, told to whoever wants to know of it.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A piece of such work that is done, or has failed.
#[derive(Debug, Clone)]
pub struct Chore {
    /// `flush`: a buffer was written as parts. `merge`: parts were written as one.
    pub name: &'static str,
    pub took: Duration,
    pub outcome: Result<Done, String>,
}

/// What came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// That were written, or read.
    pub parts: u64,
    pub rows: u64,
    pub bytes: u64,
    /// The most that it had in memory, as counted: what was read, and what was not yet in a file.
    pub held_bytes: u64,
}

/// Who is told of each chore, on the thread that did it: it must not wait.
#[derive(Clone)]
pub struct Listener(Arc<dyn Fn(&Chore) + Send + Sync>);

impl Listener {
    pub fn new(tell: impl Fn(&Chore) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").finish_non_exhaustive()
    }
}

/// Tells of a chore that began then.
pub(crate) fn tell<E: fmt::Display>(
    listener: Option<&Listener>,
    name: &'static str,
    began: Instant,
    outcome: &Result<Done, E>,
) {
    if let Some(Listener(tell)) = listener {
        let outcome = outcome.as_ref().copied().map_err(ToString::to_string);
        tell(&Chore { name, took: began.elapsed(), outcome });
    }
}
