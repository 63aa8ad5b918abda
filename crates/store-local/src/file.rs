//! Every call of the system that reads or changes a file goes through here, so that tests can make any of them fail.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use parquet::file::reader::{ChunkReader, Length};

#[cfg(test)]
pub(crate) mod fault;
#[cfg(test)]
pub(crate) mod power;

/// Lets everything happen as it does.
#[cfg(not(test))]
mod fault {
    use std::io;
    use std::path::Path;

    use super::Call;

    pub(super) fn before(_: Call<'_>) -> io::Result<()> {
        Ok(())
    }

    /// How many bytes of a write are written before it fails, and the error.
    pub(super) fn before_write(_: &Path, _: usize) -> Option<(usize, io::Error)> {
        None
    }

    pub(super) fn after(_: Call<'_>) {}

    pub(super) const SYNCS: bool = true;
}

/// What is about to happen, or has happened. All but writes, of which a part can happen.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(test), expect(dead_code, reason = "only tests look into it"))]
pub(crate) enum Call<'a> {
    Read(&'a Path),
    Create(&'a Path),
    CreateDirectory(&'a Path),
    SetLength(&'a Path),
    Rename { from: &'a Path, to: &'a Path },
    Remove(&'a Path),
    Sync(&'a Path),
    SyncDirectory(&'a Path),
}

fn run<T>(call: Call<'_>, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    fault::before(call)?;
    let done = work()?;
    fault::after(call);
    Ok(done)
}

/// Empties it where it is there.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    run(Call::Create(path), || File::create(path))
}

/// Fails where it is there.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    run(Call::Create(path), || OpenOptions::new().create_new(true).write(true).open(path))
}

/// Makes a directory and those above it, where they are missing; they are there for good.
pub(crate) fn create_directories(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let above = path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    create_directories(above)?;
    run(Call::CreateDirectory(path), || fs::create_dir(path))?;
    sync_directory(above)
}

pub(crate) fn write_all(file: &mut File, path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some((written, error)) = fault::before_write(path, bytes.len()) {
        file.write_all(&bytes[..written])?;
        return Err(error);
    }
    file.write_all(bytes)
}

pub(crate) fn sync_all(file: &File, path: &Path) -> io::Result<()> {
    run(Call::Sync(path), || if fault::SYNCS { file.sync_all() } else { Ok(()) })
}

pub(crate) fn sync_data(file: &File, path: &Path) -> io::Result<()> {
    run(Call::Sync(path), || if fault::SYNCS { file.sync_data() } else { Ok(()) })
}

pub(crate) fn set_len(file: &File, path: &Path, length: u64) -> io::Result<()> {
    run(Call::SetLength(path), || file.set_len(length))
}

pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    run(Call::Rename { from, to }, || fs::rename(from, to))
}

pub(crate) fn remove(path: &Path) -> io::Result<()> {
    run(Call::Remove(path), || fs::remove_file(path))
}

/// Makes new, renamed and deleted names durable.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    run(Call::SyncDirectory(path), || if fault::SYNCS { File::open(path)?.sync_all() } else { Ok(()) })
}

/// All of a file.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    run(Call::Read(path), || fs::read(path))
}

/// How long a file is.
pub(crate) fn length(path: &Path) -> io::Result<u64> {
    run(Call::Read(path), || Ok(fs::metadata(path)?.len()))
}

/// The names in a directory.
pub(crate) fn names(folder: &Path) -> io::Result<Vec<String>> {
    run(Call::Read(folder), || {
        let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
        fs::read_dir(folder)?.map(name).collect()
    })
}

/// The disk or the quota is full, which passes.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// A file that is read here and there.
#[derive(Debug)]
pub(crate) struct Reading {
    file: File,
    path: PathBuf,
}

impl Reading {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = run(Call::Read(path), || File::open(path))?;
        Ok(Self { file, path: path.to_owned() })
    }

    pub(crate) fn read_exact_at(&self, bytes: &mut [u8], place: u64) -> io::Result<()> {
        run(Call::Read(&self.path), || self.file.read_exact_at(bytes, place))
    }
}

impl Read for Reading {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        run(Call::Read(&self.path), || self.file.read(bytes))
    }
}

impl Length for Reading {
    fn len(&self) -> u64 {
        self.file.len()
    }
}

impl ChunkReader for Reading {
    type T = BufReader<File>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        fault::before(Call::Read(&self.path))?;
        self.file.get_read(start)
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        fault::before(Call::Read(&self.path))?;
        self.file.get_bytes(start, length)
    }
}
