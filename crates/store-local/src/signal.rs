//! Wakes a thread that waits for work, and ends it.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};

#[derive(Debug, Default)]
pub(crate) struct Signal {
    wanted: Mutex<Wanted>,
    changed: Condvar,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    #[default]
    Nothing,
    /// There may be something to do.
    Look,
    /// Do what can be done, then end.
    Finish,
    /// End.
    Abandon,
}

impl Signal {
    pub(crate) fn ring(&self) {
        let mut wanted = self.wanted.lock();
        if *wanted == Wanted::Nothing {
            *wanted = Wanted::Look;
            self.changed.notify_one();
        }
    }

    pub(crate) fn end(&self, how: Wanted) {
        *self.wanted.lock() = how;
        self.changed.notify_one();
    }

    /// Whether the thread is to end without doing more.
    pub(crate) fn is_abandoned(&self) -> bool {
        *self.wanted.lock() == Wanted::Abandon
    }

    /// Waits until it is rung, or for so long.
    pub(crate) fn wait(&self, at_most: Duration) -> Wanted {
        let mut wanted = self.wanted.lock();
        if *wanted == Wanted::Nothing {
            self.changed.wait_for(&mut wanted, at_most);
        }
        let found = *wanted;
        if found == Wanted::Look {
            *wanted = Wanted::Nothing;
        }
        found
    }
}
