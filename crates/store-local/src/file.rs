//! Every call of the system that changes a file goes through here, so that tests can make any of them fail.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

#[cfg(test)]
pub(crate) mod fault;

/// Says before a call what is to go wrong with it: how many bytes of a write are written, and the error.
#[cfg(not(test))]
mod fault {
    use std::io;
    use std::path::Path;

    pub(super) fn before(_: &Path) -> io::Result<()> {
        Ok(())
    }

    pub(super) const SYNCS: bool = true;

    pub(super) fn before_write(_: &Path, _: usize) -> Option<(usize, io::Error)> {
        None
    }
}

/// Empties it where it is there.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    fault::before(path)?;
    File::create(path)
}

/// Fails where it is there.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    fault::before(path)?;
    OpenOptions::new().create_new(true).write(true).open(path)
}

pub(crate) fn write_all(file: &mut File, path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some((written, error)) = fault::before_write(path, bytes.len()) {
        file.write_all(&bytes[..written])?;
        return Err(error);
    }
    file.write_all(bytes)
}

pub(crate) fn sync_all(file: &File, path: &Path) -> io::Result<()> {
    fault::before(path)?;
    if fault::SYNCS { file.sync_all() } else { Ok(()) }
}

pub(crate) fn sync_data(file: &File, path: &Path) -> io::Result<()> {
    fault::before(path)?;
    if fault::SYNCS { file.sync_data() } else { Ok(()) }
}

pub(crate) fn set_len(file: &File, path: &Path, length: u64) -> io::Result<()> {
    fault::before(path)?;
    file.set_len(length)
}

pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fault::before(to)?;
    fs::rename(from, to)
}

pub(crate) fn remove(path: &Path) -> io::Result<()> {
    fault::before(path)?;
    fs::remove_file(path)
}

/// Makes new, renamed and deleted names durable.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    fault::before(path)?;
    if fault::SYNCS { File::open(path)?.sync_all() } else { Ok(()) }
}

/// The disk or the quota is full, which passes.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
