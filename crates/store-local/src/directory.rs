//! The data directory: its lock, its paths, and the ways in which files come and go in it.
//!
//! ```text
//! LOCK             held by the process that has the store open
//! manifest.json    which parts count, and where the log begins
//! manifest.copy    the same, in case that the first is damaged
//! log/N.log        what was received, see `docs/format/log.md`
//! parts/T-N.parquet    see `docs/format/parts.md`
//! RESERVE          nothing; given up when the disk is full
//! damaged/         files that could not be read, kept for people
//! ```

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use store::StoreError;

use crate::file;
use crate::kept::Kept;
use crate::keys::Seals;

/// Files that are being written have this ending until they are complete.
const UNFINISHED: &str = "new";
/// Decoded pieces of parts that stay in memory: those of a million spans and the questions about them take some ten MiB.
const KEPT_BYTES: usize = 24 << 20;

/// An existing directory that this process has for itself.
#[derive(Debug)]
pub(crate) struct Directory {
    root: PathBuf,
    /// What is written is encrypted with the first.
    keys: Option<Arc<Seals>>,
    /// What was read of its parts.
    kept: Arc<Kept>,
    /// Unlocked when the store is closed, and by the system when the process ends, however it ends.
    lock: Mutex<Option<File>>,
}

impl Directory {
    /// Makes the directory where it is missing, and locks it.
    pub(crate) fn open(root: &Path, keys: Option<Arc<Seals>>) -> Result<Self, StoreError> {
        if root.exists() && !root.is_dir() {
            return Err(unusable(
                format!("the data directory {} is not a directory", root.display()),
                "name a directory, or one that can be made",
            ));
        }
        file::create_directories(root).map_err(|error| not_writable(root, &error))?;
        let lock = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .open(root.join("LOCK"))
            .map_err(|error| not_writable(root, &error))?;
        lock_for_us(root, &lock)?;
        let kept = Arc::new(Kept::new(KEPT_BYTES));
        let directory = Self { root: root.to_owned(), keys, kept, lock: Mutex::new(Some(lock)) };
        for folder in [directory.log(), directory.parts(), directory.damaged()] {
            file::create_directories(&folder).map_err(|error| not_writable(&folder, &error))?;
        }
        Ok(directory)
    }

    /// An existing directory that is only read: it is locked together with other readers, or else, as the
    /// second value says, in use by a server.
    pub(crate) fn look(root: &Path, keys: Option<Arc<Seals>>) -> Result<(Self, bool), StoreError> {
        let no_store = || {
            unusable(
                format!("there is no store in {}", root.display()),
                "name the data directory of a server",
            )
        };
        if !root.join("log").is_dir() || !root.join("parts").is_dir() {
            return Err(no_store());
        }
        let lock = File::open(root.join("LOCK")).map_err(|_| no_store())?;
        let is_in_use = match lock.try_lock_shared() {
            Ok(()) => false,
            Err(TryLockError::WouldBlock) => true,
            Err(TryLockError::Error(source)) => {
                return Err(StoreError::failed(lock_action(root), source));
            }
        };
        let kept = Arc::new(Kept::new(KEPT_BYTES));
        Ok((Self { root: root.to_owned(), keys, kept, lock: Mutex::new(Some(lock)) }, is_in_use))
    }

    /// Lets another process have it.
    pub(crate) fn unlock(&self) {
        self.lock.lock().take();
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.root.join("log")
    }

    pub(crate) fn parts(&self) -> PathBuf {
        self.root.join("parts")
    }

    pub(crate) fn damaged(&self) -> PathBuf {
        self.root.join("damaged")
    }

    pub(crate) fn manifest(&self) -> PathBuf {
        self.root.join("manifest.json")
    }

    pub(crate) fn manifest_copy(&self) -> PathBuf {
        self.root.join("manifest.copy")
    }

    /// The file that is given up when the disk is full.
    pub(crate) fn reserve(&self) -> PathBuf {
        self.root.join("RESERVE")
    }

    pub(crate) fn log_file(&self, number: u64) -> PathBuf {
        self.log().join(log_file_name(number))
    }

    pub(crate) fn part(&self, file: &str) -> PartPath {
        PartPath { path: self.parts().join(file), keys: self.keys.clone(), kept: Arc::clone(&self.kept) }
    }

    pub(crate) fn keys(&self) -> Option<&Seals> {
        self.keys.as_deref()
    }

    /// The numbers of all log files, ascending.
    pub(crate) fn log_files(&self) -> io::Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for name in file::names(&self.log())? {
            numbers.extend(name.strip_suffix(".log").and_then(|number| number.parse::<u64>().ok()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The names of the files that were set aside, in order.
    pub(crate) fn set_aside_before(&self) -> io::Result<Vec<String>> {
        let mut found = file::names(&self.damaged())?;
        found.sort_unstable();
        Ok(found)
    }

    /// Moves a damaged file out of the way, without writing over one that is there.
    pub(crate) fn set_aside(&self, path: &Path) -> io::Result<()> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let free = (0..1_000)
            .map(|attempt| match attempt {
                0 => self.damaged().join(&name),
                _ => self.damaged().join(format!("{name}.{attempt}")),
            })
            .find(|target| !target.exists());
        let target = free.ok_or(io::ErrorKind::AlreadyExists)?;
        match file::rename(path, &target) {
            Ok(()) => file::sync_directory(&self.damaged()),
            // There is nothing to keep for anybody.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Deletes unfinished files and parts that do not count: both are left by a crash in the midst of a
    /// flush, and the log still has what is in them.
    pub(crate) fn sweep(&self, counts: impl Fn(&str) -> bool) -> io::Result<()> {
        for name in file::names(&self.parts())? {
            if !counts(&name) {
                tracing::info!(file = name, "deleting a part that was never finished");
                file::remove(&self.parts().join(&name))?;
            }
        }
        Ok(())
    }
}

/// Where a part is, and the keys that it is encrypted with.
#[derive(Debug)]
pub(crate) struct PartPath {
    path: PathBuf,
    pub(crate) keys: Option<Arc<Seals>>,
    /// Where what was read of it stays.
    pub(crate) kept: Arc<Kept>,
}

#[cfg(test)]
impl PartPath {
    /// Without keys.
    pub(crate) fn plain(path: PathBuf) -> Self {
        Self { path, keys: None, kept: Arc::new(Kept::new(KEPT_BYTES)) }
    }
}

impl Deref for PartPath {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.path
    }
}

impl AsRef<Path> for PartPath {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

pub(crate) fn log_file_name(number: u64) -> String {
    format!("{number:020}.log")
}

/// A file that is written aside, whole and durable, and then put in the place of another. After a crash there is the old or the new; the new for sure
/// only once the directory was synced.
#[derive(Debug)]
pub(crate) struct Replacement(Unfinished);

impl Replacement {
    pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<Self> {
        let mut file = Unfinished::create(path)?;
        file.write_all(content)?;
        file.sync()?;
        Ok(Self(file))
    }

    pub(crate) fn put(self) -> io::Result<()> {
        self.0.rename()
    }
}

/// A file on its way. It gets its name when it is complete, and goes away when it is not finished.
#[derive(Debug)]
pub(crate) struct Unfinished {
    /// `None` once it is finished.
    file: Option<File>,
    aside: PathBuf,
    path: PathBuf,
}

impl Unfinished {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let mut aside = path.as_os_str().to_owned();
        aside.push(".");
        aside.push(UNFINISHED);
        let aside = PathBuf::from(aside);
        let file = file::create(&aside)?;
        Ok(Self { file: Some(file), aside, path: path.to_owned() })
    }

    /// Makes its content durable and gives it its name, which is durable once the directory is.
    pub(crate) fn finish(self) -> io::Result<()> {
        self.sync()?;
        self.rename()
    }

    /// Makes what was written so far durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.as_ref().map_or(Ok(()), |file| file::sync_all(file, &self.aside))
    }

    fn rename(mut self) -> io::Result<()> {
        file::rename(&self.aside, &self.path)?;
        self.file = None;
        Ok(())
    }
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.file {
            Some(file) => {
                file::write_all(file, &self.aside, bytes)?;
                Ok(bytes.len())
            }
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.file.take().is_some()
            && let Err(error) = file::remove(&self.aside)
        {
            tracing::warn!(file = %self.aside.display(), %error, "an unfinished file stays");
        }
    }
}

fn lock_for_us(root: &Path, lock: &File) -> Result<(), StoreError> {
    match lock.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(unusable(
            format!("the data directory {} is in use by another process", root.display()),
            "stop that process, or choose another directory",
        )),
        Err(TryLockError::Error(error)) => Err(StoreError::failed(lock_action(root), error)),
    }
}

fn lock_action(root: &Path) -> String {
    format!("lock the data directory {}", root.display())
}

fn not_writable(path: &Path, error: &io::Error) -> StoreError {
    unusable(
        format!("the data directory {} cannot be written ({error})", path.display()),
        "give this user the right to write there, or choose another directory",
    )
}

pub(crate) fn unusable(detail: String, remedy: &str) -> StoreError {
    StoreError::Unusable { detail, remedy: remedy.to_owned() }
}
