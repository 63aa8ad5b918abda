//! What the disk has left.

use std::io;
use std::path::Path;

use rustix::fs::statvfs;

/// How many bytes this user can still write where a path lies.
pub(crate) fn free_bytes(path: &Path) -> io::Result<u64> {
    let found = statvfs(path)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}
