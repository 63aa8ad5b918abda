//! What the disk has left, and what is kept of it for hard times.
//!
//! When the disk is full nothing more is taken. What was taken must still be digested and written as parts, since
//! only that frees its log; for this there is a file of nothing that is given up.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{FallocateFlags, statvfs};

use crate::file;

/// How many bytes this user can still write where a path lies.
pub(crate) fn free_bytes(path: &Path) -> io::Result<u64> {
    let found = statvfs(path)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// The file that is given up when the disk is full, and whether it is.
#[derive(Debug, Default)]
pub(crate) struct Reserve {
    is_full: AtomicBool,
}

impl Reserve {
    pub(crate) fn is_full(&self) -> bool {
        self.is_full.load(Ordering::Acquire)
    }

    /// Gives the reserve up. Says whether that is news.
    pub(crate) fn give_up(&self, path: &Path) -> bool {
        let is_news = !self.is_full.swap(true, Ordering::AcqRel);
        if is_news {
            tracing::error!("the disk is full: nothing more is taken until it is not");
        }
        // It may never have been there.
        if let Err(error) = file::remove(path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "the reserved space could not be given up");
        }
        is_news
    }

    /// Reserves so many bytes where they are not, if as much again stays free.
    pub(crate) fn take(&self, path: &Path, bytes: u64) {
        let is_there = file::length(path).is_ok_and(|found| found >= bytes);
        match if is_there { Ok(()) } else { reserve(path, bytes) } {
            Ok(()) => {
                if self.is_full.swap(false, Ordering::AcqRel) {
                    tracing::info!("the disk has room again");
                }
            }
            Err(error) if file::is_full(&error) => {
                self.give_up(path);
            }
            // Without a reserve things are as they are.
            Err(error) => tracing::debug!(%error, "no space could be reserved"),
        }
    }
}

fn reserve(path: &Path, bytes: u64) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    if free_bytes(folder)? < bytes.saturating_mul(2) {
        return Err(io::ErrorKind::StorageFull.into());
    }
    let mut created = file::create(path)?;
    if rustix::fs::fallocate(&created, FallocateFlags::empty(), 0, bytes).is_ok() {
        return Ok(());
    }
    // A file system that cannot reserve takes zeros.
    let zeros = vec![0; 64 * 1024];
    for _ in 0..bytes.div_ceil(zeros.len() as u64) {
        file::write_all(&mut created, path, &zeros)?;
    }
    file::sync_all(&created, path)
}
