//! The one thread of low priority that keeps the parts few and the disk free.
//!
//! It merges one run of neighbours after the other, and rests in between so that those who write and read come first.

pub(crate) mod choice;
pub(crate) mod merge;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use store::StoreError;

use crate::core::Core;
use crate::part::merge::MergeError;
use crate::retention;
use crate::signal::Wanted;

/// How often it looks for old parts. A flush wakes it too.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// A failure that lasts is met again only after so long.
const REST_AFTER_FAILURE: Duration = Duration::from_secs(60);
/// After each piece of work it rests for as long as the piece took, but no longer than this.
const LONGEST_REST: Duration = Duration::from_millis(100);
/// With more parts that wait to be merged it does not rest: then answers wait for their number. Some dozens are the rule.
const MANY_PARTS: usize = 150;
/// A part waits to be merged while it is smaller than one in so many of the largest that there may be.
const SMALL_SHARE: u64 = 8;
/// Below all who answer somebody, and a third of their weight: at a tenth, a flood made parts faster than they were merged.
const NICENESS: i32 = 5;

/// The thread's handle.
#[derive(Debug, Clone)]
pub(crate) struct Upkeep {
    core: Arc<Core>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Upkeep {
    pub(crate) fn start(core: Arc<Core>) -> Result<Self, StoreError> {
        let for_thread = Arc::clone(&core);
        let thread = std::thread::Builder::new()
            .name("fluoro-upkeep".to_owned())
            .spawn(move || run(&for_thread))
            .map_err(|source| StoreError::failed("start the upkeep", source))?;
        Ok(Self { core, thread: Arc::new(Mutex::new(Some(thread))) })
    }

    /// Ends soon. A merge that is going on is begun anew another time.
    pub(crate) fn abandon(&self) {
        self.core.upkeep.end(Wanted::Abandon);
        let Some(thread) = self.thread.lock().take() else { return };
        if thread.join().is_err() {
            tracing::error!("the upkeep died");
        }
    }
}

fn run(core: &Core) {
    // On Linux this is the priority of the calling thread.
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::debug!(%error, "the upkeep runs at the priority of all others");
    }
    let mut look_every = LOOK_EVERY;
    loop {
        if core.upkeep.wait(look_every) == Wanted::Abandon {
            return;
        }
        let mut worked = Instant::now();
        let mut pace = || {
            if core.upkeep.is_abandoned() {
                return Err(MergeError::Stopped);
            }
            if core.catalog().smaller_than(core.config.merging.bytes / SMALL_SHARE) < MANY_PARTS {
                std::thread::sleep(worked.elapsed().min(LONGEST_REST));
            }
            worked = Instant::now();
            Ok(())
        };
        look_every = match work(core, &mut pace) {
            Ok(()) => LOOK_EVERY,
            Err(MergeError::Stopped) => return,
            Err(error) => {
                handle(core, error);
                REST_AFTER_FAILURE
            }
        };
    }
}

/// Does at once all that there is to do.
pub(crate) fn finish(core: &Core) -> Result<(), StoreError> {
    let mut pace = || if core.upkeep.is_abandoned() { Err(MergeError::Stopped) } else { Ok(()) };
    loop {
        match work(core, &mut pace) {
            Ok(()) => return Ok(()),
            Err(MergeError::Stopped) => return Err(StoreError::Closed),
            Err(MergeError::Write(source)) => {
                return Err(StoreError::failed("merge parts", source));
            }
            // Each round has one damaged part less.
            Err(error @ MergeError::Part(crate::catalog::PartError::Damaged { .. })) => handle(core, error),
            Err(MergeError::Part(crate::catalog::PartError::Unreadable { file, source })) => {
                return Err(StoreError::failed(format!("read {file}"), source));
            }
        }
    }
}

fn work(core: &Core, pace: &mut dyn FnMut() -> Result<(), MergeError>) -> Result<(), MergeError> {
    let _turn = core.upkeep_turn.lock();
    retention::drop_old(core, pace)?;
    while merge::merge_one(core, pace)? {
        pace()?;
    }
    Ok(())
}

fn handle(core: &Core, error: MergeError) {
    match error {
        MergeError::Stopped => {}
        MergeError::Part(crate::catalog::PartError::Damaged { file, detail }) => {
            core.set_aside(&file, &detail);
        }
        MergeError::Part(crate::catalog::PartError::Unreadable { file, source }) => {
            tracing::warn!(file, error = %source, "a part could not be read, it is merged later");
        }
        MergeError::Write(error) => {
            tracing::warn!(%error, "parts could not be merged or dropped, it is tried again")
        }
    }
}
