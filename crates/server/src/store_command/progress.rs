//! How far a long command is, on standard error and only where a person looks at it.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub(super) struct Progress {
    what: &'static str,
    is_shown: bool,
    told: Instant,
    count: u64,
}

impl Progress {
    pub(super) fn new(what: &'static str) -> Self {
        Self { what, is_shown: io::stderr().is_terminal(), told: Instant::now(), count: 0 }
    }

    pub(super) fn add(&mut self, count: u64) {
        self.count += count;
        if self.is_shown && self.told.elapsed() >= INTERVAL {
            self.told = Instant::now();
            // Nobody may be there to read it, which is no reason to end.
            let _ = write!(io::stderr(), "\r{} {}", self.count, self.what);
        }
    }

    /// The last word, also where nobody looks.
    pub(super) fn end(self, text: &str) {
        let begin = if self.is_shown { "\r" } else { "" };
        let _ = writeln!(io::stderr(), "{begin}{text}");
    }
}
