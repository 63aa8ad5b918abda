//! The seal of secrets that lie elsewhere: one random key in a file of its own, as the file of keys has one.

use std::fs::{File, OpenOptions};
use std::io::{Seek, Write};
use std::path::Path;

use ring::hmac;

use crate::hex;
use crate::key::file::{KeyFileError, io_error, owner_only, read_private};
use crate::key::seal::{SEAL_BYTES, SealKey, fill};

/// Opens what it sealed, and nothing else.
#[derive(Debug, Clone)]
pub struct Seal {
    key: SealKey,
    tags: hmac::Key,
}

impl Seal {
    /// Reads the key of 64 hexadecimal digits, or makes one where there is no file. Who else may read the file is refused.
    pub fn of_file(path: &Path) -> Result<Self, KeyFileError> {
        let failed = |source| io_error("open", path, source);
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        owner_only(&mut options);
        let mut file = options.open(path).map_err(failed)?;
        // Two processes that start at a time must come to one key.
        file.lock().map_err(failed)?;
        if file.metadata().map_err(failed)?.len() == 0 {
            let mut bytes = [0; SEAL_BYTES];
            fill(&mut bytes)?;
            file.write_all(format!("{}\n", hex::encode(&bytes)).as_bytes()).map_err(failed)?;
            file.sync_all().map_err(failed)?;
            sync_directory(path)?;
        }
        file.rewind().map_err(failed)?;
        let text = read_private(&file, path)?;
        let detail = format!("it must be {} hexadecimal digits", 2 * SEAL_BYTES);
        let malformed = KeyFileError::Malformed { path: path.display().to_string(), detail };
        Self::of_digits(&text).ok_or(malformed)
    }

    /// That of a key which is kept elsewhere, as 64 hexadecimal digits. None where it is something else.
    pub fn of_digits(digits: &str) -> Option<Self> {
        let bytes = hex::decode(digits.trim()).and_then(|bytes| <[u8; SEAL_BYTES]>::try_from(bytes).ok());
        bytes.map(|bytes| Self::new(&bytes))
    }

    /// A new key as digits.
    pub fn random_digits() -> Result<String, KeyFileError> {
        let mut bytes = [0; SEAL_BYTES];
        fill(&mut bytes)?;
        Ok(hex::encode(&bytes))
    }

    /// One that is gone with the process.
    pub fn random() -> Result<Self, KeyFileError> {
        let mut bytes = [0; SEAL_BYTES];
        fill(&mut bytes)?;
        Ok(Self::new(&bytes))
    }

    fn new(bytes: &[u8; SEAL_BYTES]) -> Self {
        // A key for each purpose, so that no answer of one helps with the other.
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, bytes), b"fluoro tags 1");
        Self { key: SealKey::new(bytes), tags: hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()) }
    }

    /// In hexadecimal digits, each time others. `place` is bound to it, so that what is sealed cannot be put elsewhere.
    pub fn seal(&self, place: &str, secret: &str) -> Result<String, KeyFileError> {
        Ok(hex::encode(&self.key.seal(place, secret)?))
    }

    /// None if it was sealed with another key or for another place, or is damaged.
    pub fn open(&self, place: &str, sealed: &str) -> Option<String> {
        self.key.open(place, &hex::decode(sealed)?)
    }

    /// What only the owner of the seal can say of a text: 64 hexadecimal digits, always the same.
    pub fn tag(&self, text: &str) -> String {
        hex::encode(hmac::sign(&self.tags, text.as_bytes()).as_ref())
    }
}

/// So that a new file is still there after a crash: what it sealed could never be opened without it.
fn sync_directory(path: &Path) -> Result<(), KeyFileError> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    let synced = File::open(directory).and_then(|directory| directory.sync_all());
    synced.map_err(|source| io_error("sync", directory, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_in_its_place_with_its_key_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("settings.db.seal");
        let sealed = Seal::of_file(&path).unwrap().seal("notifier/chat/url", "https://secret").unwrap();
        let again = Seal::of_file(&path).unwrap();
        assert_eq!(again.open("notifier/chat/url", &sealed).as_deref(), Some("https://secret"));
        assert_eq!(again.open("notifier/other/url", &sealed), None);
        assert_eq!(Seal::random().unwrap().open("notifier/chat/url", &sealed), None);
        assert_eq!(again.open("notifier/chat/url", "zz"), None);
        assert_eq!(again.tag("a"), Seal::of_file(&path).unwrap().tag("a"));
        assert_ne!(again.tag("a"), again.tag("b"));
    }

    #[cfg(unix)]
    #[test]
    fn a_seal_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("seal");
        Seal::of_file(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Seal::of_file(&path), Err(KeyFileError::Exposed { .. })));
    }
}
