//! Faults that tests plan for the files of a directory.

use std::io;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The disk is full after half of a write.
    Full,
    /// Nothing is written.
    Broken,
    /// Half of a write is written.
    Short,
}

/// Of the calls that change something below a directory, counted from 0, those in `fails` fail.
#[derive(Debug)]
struct Plan {
    root: PathBuf,
    calls: u64,
    fails: std::ops::Range<u64>,
    fault: Fault,
}

/// Tests run side by side, each in a directory of its own, and what they test has threads of its own.
static PLANS: Mutex<Vec<Plan>> = Mutex::new(Vec::new());

/// Ends with the value. `calls` tells how many there were.
#[derive(Debug)]
pub(crate) struct Planned(PathBuf);

pub(crate) fn plan(root: &Path, fails: std::ops::Range<u64>, fault: Fault) -> Planned {
    PLANS.lock().push(Plan { root: root.to_owned(), calls: 0, fails, fault });
    Planned(root.to_owned())
}

impl Planned {
    pub(crate) fn calls(&self) -> u64 {
        PLANS.lock().iter().find(|plan| plan.root == self.0).map_or(0, |plan| plan.calls)
    }
}

impl Drop for Planned {
    fn drop(&mut self) {
        PLANS.lock().retain(|plan| plan.root != self.0);
    }
}

/// What is tested loses no power, and does it often.
pub(super) const SYNCS: bool = false;

pub(super) fn before(path: &Path) -> io::Result<()> {
    match next(path) {
        Some(fault) => Err(fault.error()),
        None => Ok(()),
    }
}

pub(super) fn before_write(path: &Path, length: usize) -> Option<(usize, io::Error)> {
    let fault = next(path)?;
    let written = if fault == Fault::Broken { 0 } else { length / 2 };
    Some((written, fault.error()))
}

fn next(path: &Path) -> Option<Fault> {
    let mut plans = PLANS.lock();
    let plan = plans.iter_mut().find(|plan| path.starts_with(&plan.root))?;
    let call = plan.calls;
    plan.calls += 1;
    plan.fails.contains(&call).then_some(plan.fault)
}

impl Fault {
    fn error(self) -> io::Error {
        match self {
            Self::Full => io::ErrorKind::StorageFull.into(),
            Self::Broken | Self::Short => io::Error::other("planned by the test"),
        }
    }
}
