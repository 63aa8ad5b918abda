//! The background thread: it writes what has ended and sends it, and frees the records.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::cell::lock;
use crate::emit::Emit;
use crate::recorder::Core;
use crate::send::Sender;
use crate::spare::Spare;

/// How often it says that documents are lost.
const TELL_EVERY: Duration = Duration::from_secs(60);

pub(crate) fn run(core: &Arc<Core>, emitter: &dyn Emit) {
    let mut sender = Sender::default();
    let mut batches = Vec::new();
    let mut used = Vec::new();
    let mut losses = Losses::default();
    let next = || Instant::now() + TELL_EVERY;
    while core.queue.take(&mut batches, next()).is_some() {
        for batch in batches.drain(..) {
            let facts = Arc::clone(&lock(&core.facts));
            // An emitter, or a logger whose disk is full, may panic. That must not be the end of all recording.
            let sent = panic::catch_unwind(AssertUnwindSafe(|| {
                sender.send(&batch, &facts, emitter, &core.counters);
            }));
            if sent.is_err() {
                core.counters.failed.one();
                sender = Sender::default();
            }
            used.extend(Spare::of(batch.records));
        }
        core.spares.give_back(&mut used);
        let _a_logger_that_panics = panic::catch_unwind(AssertUnwindSafe(|| losses.tell(core)));
    }
}

/// What was lost when it was told last.
#[derive(Debug, Default)]
struct Losses {
    told: Option<(u64, Instant)>,
}

impl Losses {
    /// Once a minute at most, and only where there is something new.
    fn tell(&mut self, core: &Core) {
        let dropped = core.stats().dropped;
        let lost = dropped.queue_full + dropped.refused + dropped.failed;
        let (known, is_due) = match self.told {
            Some((known, at)) => (known, at.elapsed() >= TELL_EVERY),
            None => (0, true),
        };
        if lost > known && is_due {
            self.told = Some((lost, Instant::now()));
            log::warn!(target: "fluoro_sdk", "lost: {} refused (does the daemon listen?), {} could not be sent, {} for a full queue",
                dropped.refused, dropped.failed, dropped.queue_full);
        }
    }
}
