//! The file of the audit log: its owner's alone, and bounded, since strangers cause lines in it.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

/// At this size a file makes room for a new one.
const FILE_BYTES: u64 = 16 << 20;
/// How many are kept beside the newest, as `.1` to `.4`.
const KEPT: u32 = 4;

#[derive(Debug)]
pub(crate) struct AuditFile {
    path: PathBuf,
    file: File,
    bytes: u64,
    limit: u64,
}

impl AuditFile {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Self::with_limit(path, FILE_BYTES)
    }

    /// For a command beside the server, which alone makes room for a new file.
    pub(crate) fn of_command(path: &Path) -> io::Result<Self> {
        Self::with_limit(path, u64::MAX)
    }

    fn with_limit(path: &Path, limit: u64) -> io::Result<Self> {
        let file = open(path)?;
        let bytes = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, bytes, limit })
    }

    fn turn(&mut self) -> io::Result<()> {
        for number in (1..=KEPT).rev() {
            let from = if number == 1 { self.path.clone() } else { self.numbered(number - 1) };
            match fs::rename(from, self.numbered(number)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.file = open(&self.path)?;
        self.bytes = 0;
        Ok(())
    }

    fn numbered(&self, number: u32) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        name.into()
    }
}

/// For appending. A link in its place is not followed, for it could lead anywhere.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW.bits().cast_signed();
    let file = OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
    }
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

impl Write for AuditFile {
    /// Takes a whole line.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.bytes > 0 && self.bytes + line.len() as u64 > self.limit {
            self.turn()?;
        }
        self.file.write_all(line)?;
        self.bytes += line.len() as u64;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_its_owners_alone_and_bounded() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit.log");
        fs::write(&path, "before\n").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let mut file = AuditFile::with_limit(&path, 20).unwrap();
        for number in 10..40 {
            file.write_all(format!("line {number}\n").as_bytes()).unwrap();
        }
        let text = |name: &str| fs::read_to_string(directory.path().join(name)).unwrap();
        assert_eq!(text("audit.log"), "line 39\n");
        assert_eq!(text("audit.log.1"), "line 37\nline 38\n");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 5);
        for entry in fs::read_dir(directory.path()).unwrap() {
            assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_link_is_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let [path, target] = ["audit.log", "target"].map(|name| directory.path().join(name));
        fs::write(&target, "").unwrap();
        std::os::unix::fs::symlink(&target, &path).unwrap();
        assert!(AuditFile::open(&path).is_err());
    }
}
