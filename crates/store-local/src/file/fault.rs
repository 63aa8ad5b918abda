//! Faults that tests plan for the files of a directory.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use super::Call;
use super::power::Disk;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The disk is full after half of a write.
    Full,
    /// Nothing is written.
    Broken,
    /// Half of a write is written.
    Short,
    /// A read fails, and no change does.
    Unreadable,
}

/// Of the calls that a fault can hit below a directory, counted from 0, those in `fails` fail.
#[derive(Debug)]
struct Plan {
    root: PathBuf,
    calls: u64,
    fails: Range<u64>,
    fault: Fault,
    disk: Disk,
}

/// Tests run side by side, each in a directory of its own, and what they test has threads of its own.
static PLANS: Mutex<Vec<Plan>> = Mutex::new(Vec::new());

/// Ends with the value.
#[derive(Debug)]
pub(crate) struct Planned(PathBuf);

pub(crate) fn plan(root: &Path, fails: Range<u64>, fault: Fault) -> Planned {
    let disk = Disk::new(root);
    PLANS.lock().push(Plan { root: root.to_owned(), calls: 0, fails, fault, disk });
    Planned(root.to_owned())
}

impl Planned {
    /// Whether a call has failed.
    pub(crate) fn has_fired(&self) -> bool {
        self.with(|plan| plan.calls > plan.fails.start)
    }

    /// Writes what is left if the power goes now into another directory.
    pub(crate) fn lose_power(&self, names_are_kept: bool, into: &Path) {
        self.with(|plan| plan.disk.write(names_are_kept, into));
    }

    /// Other calls fail from now on, counted anew.
    pub(crate) fn fail(&self, fails: Range<u64>, fault: Fault) {
        self.with(|plan| (plan.calls, plan.fails, plan.fault) = (0, fails, fault));
    }

    fn with<T>(&self, act: impl FnOnce(&mut Plan) -> T) -> T {
        let mut plans = PLANS.lock();
        act(plans.iter_mut().find(|plan| plan.root == self.0).expect("it is there as long as this"))
    }
}

impl Drop for Planned {
    fn drop(&mut self) {
        PLANS.lock().retain(|plan| plan.root != self.0);
    }
}

/// What is tested loses power in thought only, and does it often.
pub(super) const SYNCS: bool = false;

pub(super) fn before(call: Call<'_>) -> io::Result<()> {
    match next(call.path(), matches!(call, Call::Read(_))) {
        Some(fault) => Err(fault.error()),
        None => Ok(()),
    }
}

pub(super) fn before_write(path: &Path, length: usize) -> Option<(usize, io::Error)> {
    let fault = next(path, false)?;
    let written = if fault == Fault::Broken { 0 } else { length / 2 };
    Some((written, fault.error()))
}

pub(super) fn after(call: Call<'_>) {
    if !matches!(call, Call::Read(_))
        && let Some(plan) = PLANS.lock().iter_mut().find(|plan| call.path().starts_with(&plan.root))
    {
        plan.disk.see(call);
    }
}

fn next(path: &Path, is_read: bool) -> Option<Fault> {
    let mut plans = PLANS.lock();
    let plan = plans.iter_mut().find(|plan| path.starts_with(&plan.root))?;
    if (plan.fault == Fault::Unreadable) != is_read {
        return None;
    }
    let call = plan.calls;
    plan.calls += 1;
    plan.fails.contains(&call).then_some(plan.fault)
}

impl Call<'_> {
    fn path(&self) -> &Path {
        match self {
            Self::Read(path)
            | Self::Create(path)
            | Self::CreateDirectory(path)
            | Self::SetLength(path)
            | Self::Rename { to: path, .. }
            | Self::Remove(path)
            | Self::Sync(path)
            | Self::SyncDirectory(path) => path,
        }
    }
}

impl Fault {
    fn error(self) -> io::Error {
        match self {
            Self::Full => io::ErrorKind::StorageFull.into(),
            Self::Broken | Self::Short | Self::Unreadable => io::Error::other("planned by the test"),
        }
    }
}
