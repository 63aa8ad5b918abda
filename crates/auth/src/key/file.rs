//! The file of keys and, beside it, the file of the key that seals its secrets; or the same texts elsewhere.
//!
//! ```text
//! keys.json       { "version": 1, "keys": [{ "id", "name", "created_at", "expires_at", "policy", "sealed_secret" | "token_sha256" }] }
//! keys.json.seal  64 hexadecimal digits
//! keys.json.used  { "<id>": "<when it was last used, to the minute>" }
//! ```
//! All are written for their owner alone, and refused when others can read them. A change is written aside
//! and renamed, under a lock on the seal file, so that neither a reader nor another writer sees half of one.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use model::Timestamp;
use serde::{Deserialize, Serialize};

use super::seal::{self, SEAL_BYTES, SealKey};
use super::{Key, Kind, NewKey, Proof, Secret, hash, random_hex};
use crate::hex;
use crate::policy::Policy;

const VERSION: u32 = 1;
/// Some thousand keys with policies of their own.
const MAX_FILE_BYTES: u64 = 8 << 20;
/// So that an access key's id is told from AWS's own.
const ID_PREFIX: &str = "FLUO";
const TOKEN_PREFIX: &str = "fluoro_";
/// Each is two digits.
const ID_BYTES: usize = 8;
const SECRET_BYTES: usize = 32;
/// As for users of IAM.
const MAX_NAME_LENGTH: usize = 64;

#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("cannot {what} {path}")]
    Io { what: &'static str, path: String, source: io::Error },
    #[error("{path} can be read by others; make it its owner's alone: chmod 600 {path}")]
    Exposed { path: String },
    #[error("{path} is no file of keys: {detail}")]
    Malformed { path: String, detail: String },
    #[error("a name is 1 to {MAX_NAME_LENGTH} letters, digits or any of +=,.@_-")]
    BadName,
    #[error("a key cannot expire before it is made")]
    Past,
    #[error("there is no key {0}")]
    NoSuchKey(String),
    #[error("the system gives no random numbers")]
    Random,
    /// Where keys are kept does not answer; trying again may help.
    #[error("the keys cannot be read or changed now: {0}")]
    Away(String),
}

/// Where keys are kept.
#[derive(Debug, Clone)]
pub struct KeyFile(Place);

#[derive(Debug, Clone)]
enum Place {
    Files(Files),
    Elsewhere(Arc<dyn KeyPlace>),
}

#[derive(Debug, Clone)]
struct Files {
    keys: PathBuf,
    seal: PathBuf,
    used: PathBuf,
}

/// A place for keys other than files, such as a database that several servers have.
pub trait KeyPlace: fmt::Debug + Send + Sync {
    /// Another one when keys were made or revoked. It is known without waiting.
    fn revision(&self) -> i64;

    fn read(&self) -> Result<KeptKeys, KeyFileError>;

    /// Puts what `change` makes of what is kept into the place of the document, while nobody else changes it.
    fn change(
        &self,
        change: &mut dyn FnMut(&KeptKeys) -> Result<String, KeyFileError>,
    ) -> Result<(), KeyFileError>;

    /// The same for when keys were used, which is no new revision.
    fn keep_uses(&self, merge: &mut dyn FnMut(&KeptKeys) -> String) -> Result<(), KeyFileError>;
}

/// The texts that the files have.
#[derive(Clone, Default)]
pub struct KeptKeys {
    /// None where no key was ever made.
    pub document: Option<String>,
    pub seal: String,
    pub used: Option<String>,
}

impl fmt::Debug for KeptKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeptKeys(..)")
    }
}

/// What tells one content of the files from another without reading them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fingerprint {
    files: [Option<(SystemTime, u64, u64)>; 2],
    revision: Option<i64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    keys: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    name: String,
    created_at: jiff::Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<jiff::Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed_secret: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token_sha256: Option<String>,
    policy: Policy,
}

impl KeyFile {
    pub fn new(path: PathBuf) -> Self {
        let beside = |end: &str| {
            let mut name = path.clone().into_os_string();
            name.push(end);
            PathBuf::from(name)
        };
        Self(Place::Files(Files { seal: beside(".seal"), used: beside(".used"), keys: path }))
    }

    pub fn elsewhere(place: Arc<dyn KeyPlace>) -> Self {
        Self(Place::Elsewhere(place))
    }

    /// All keys, in the order of their making; none without a file.
    pub fn list(&self) -> Result<Vec<Key>, KeyFileError> {
        let mut keys = self.read()?.map(|(_, keys)| keys).unwrap_or_default();
        let uses = self.uses();
        for key in &mut keys {
            key.used_at = uses.get(&key.id).copied();
        }
        Ok(keys)
    }

    /// When keys were used; a file that cannot be read tells of none, since nothing depends on it.
    pub(super) fn uses(&self) -> BTreeMap<String, Timestamp> {
        let text = match &self.0 {
            Place::Files(files) => {
                File::open(&files.used).ok().and_then(|file| read_private(&file, &files.used).ok())
            }
            Place::Elsewhere(place) => place.read().ok().and_then(|kept| kept.used),
        };
        text.map(|text| read_uses(&text)).unwrap_or_default()
    }

    /// Where several servers keep them, the latest of all counts.
    pub(super) fn keep_uses(&self, uses: &BTreeMap<String, Timestamp>) -> Result<(), KeyFileError> {
        match &self.0 {
            Place::Files(files) => write_private(&files.used, &as_instants(uses)),
            Place::Elsewhere(place) => place.keep_uses(&mut |kept| {
                let mut merged = kept.used.as_deref().map(read_uses).unwrap_or_default();
                for (id, at) in uses {
                    let last = merged.entry(id.clone()).or_insert(*at);
                    *last = (*last).max(*at);
                }
                let is_there =
                    |id: &String| kept.document.as_ref().is_some_and(|document| document.contains(id));
                merged.retain(|id, _| is_there(id));
                serde_json::to_string(&as_instants(&merged)).unwrap_or_default()
            }),
        }
    }

    /// Makes a key and keeps it. What it gives is the only copy of a token, and the only open one of a secret.
    pub fn create(
        &self,
        kind: Kind,
        name: &str,
        policy: Policy,
        now: Timestamp,
    ) -> Result<NewKey, KeyFileError> {
        self.create_until(kind, name, policy, now, None)
    }

    /// The same for a key that is good for a while.
    pub fn create_until(
        &self,
        kind: Kind,
        name: &str,
        policy: Policy,
        now: Timestamp,
        expires_at: Option<Timestamp>,
    ) -> Result<NewKey, KeyFileError> {
        if expires_at.is_some_and(|expires_at| expires_at <= now) {
            return Err(KeyFileError::Past);
        }
        let allowed = |character: char| character.is_ascii_alphanumeric() || "+=,.@_-".contains(character);
        if name.is_empty() || name.len() > MAX_NAME_LENGTH || !name.chars().all(allowed) {
            return Err(KeyFileError::BadName);
        }
        let id = format!("{ID_PREFIX}{}", random_hex(ID_BYTES)?.to_uppercase());
        let mut secret = random_hex(SECRET_BYTES)?;
        let second = |at: Timestamp| jiff::Timestamp::from_second(at.floor_seconds()).unwrap_or_default();
        let mut entry = Entry {
            id: id.clone(),
            name: name.to_owned(),
            created_at: second(now),
            expires_at: expires_at.map(second),
            sealed_secret: None,
            token_sha256: None,
            policy,
        };
        if kind == Kind::ConsoleToken {
            secret.insert_str(0, TOKEN_PREFIX);
            entry.token_sha256 = Some(hex::encode(&hash(&secret)));
        }
        let key = self.change(|document, seal| {
            if kind == Kind::AccessKey {
                entry.sealed_secret = Some(hex::encode(&seal.seal(&id, &secret)?));
            }
            let key = self.key(seal, &entry)?;
            document.keys.push(entry);
            Ok(key)
        })?;
        Ok(NewKey { key, secret: Secret(secret) })
    }

    /// Takes a key out, and gives what it was.
    pub fn revoke(&self, id: &str) -> Result<Key, KeyFileError> {
        let no_such_key = || KeyFileError::NoSuchKey(id.to_owned());
        if let Place::Files(files) = &self.0
            && !files.keys.exists()
        {
            return Err(no_such_key());
        }
        self.change(|document, seal| {
            let at = document.keys.iter().position(|entry| entry.id == id).ok_or_else(no_such_key)?;
            let entry = document.keys.remove(at);
            self.key(seal, &entry)
        })
    }

    /// Makes a change while nobody else makes one; the document is empty where there is none.
    fn change<T>(
        &self,
        change: impl FnOnce(&mut Document, &SealKey) -> Result<T, KeyFileError>,
    ) -> Result<T, KeyFileError> {
        let empty = || Document { version: VERSION, keys: Vec::new() };
        match &self.0 {
            Place::Files(files) => {
                let lock = self.lock(files)?;
                let mut document = self.document(files)?.unwrap_or_else(empty);
                let result = change(&mut document, &self.seal_key(files, &lock)?)?;
                write_private(&files.keys, &document)?;
                Ok(result)
            }
            Place::Elsewhere(place) => {
                let (mut change, mut result) = (Some(change), None);
                place.change(&mut |kept| {
                    let Some(change) = change.take() else { return Err(KeyFileError::Random) };
                    let document = kept.document.as_deref().map(|text| self.parse(text)).transpose()?;
                    let mut document = document.unwrap_or_else(empty);
                    result = Some(change(&mut document, &self.seal_of(&kept.seal)?)?);
                    serde_json::to_string_pretty(&document).map_err(|error| self.malformed(error.to_string()))
                })?;
                result.ok_or_else(|| KeyFileError::Away("nothing was changed".to_owned()))
            }
        }
    }

    /// None without a file.
    pub(super) fn read(&self) -> Result<Option<(SealKey, Vec<Key>)>, KeyFileError> {
        let (document, seal) = match &self.0 {
            Place::Files(files) => {
                let Some(document) = self.document(files)? else { return Ok(None) };
                let file = File::open(&files.seal).map_err(|source| io_error("open", &files.seal, source))?;
                (document, self.seal_key(files, &file)?)
            }
            Place::Elsewhere(place) => {
                let KeptKeys { document: Some(text), seal, .. } = place.read()? else { return Ok(None) };
                (self.parse(&text)?, self.seal_of(&seal)?)
            }
        };
        let keys: Result<Vec<Key>, KeyFileError> =
            document.keys.iter().map(|entry| self.key(&seal, entry)).collect();
        Ok(Some((seal, keys?)))
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        let files = match &self.0 {
            Place::Files(files) => files,
            Place::Elsewhere(place) => {
                return Fingerprint { revision: Some(place.revision()), ..Fingerprint::default() };
            }
        };
        let files = [&files.keys, &files.seal].map(|path| {
            let metadata = fs::metadata(path).ok()?;
            // A rename changes the inode even where two writes fall into one tick of the clock.
            #[cfg(unix)]
            let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
            #[cfg(not(unix))]
            let inode = 0;
            Some((metadata.modified().ok()?, metadata.len(), inode))
        });
        Fingerprint { files, revision: None }
    }

    fn document(&self, files: &Files) -> Result<Option<Document>, KeyFileError> {
        let file = match File::open(&files.keys) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(|source| io_error("open", &files.keys, source))?,
        };
        self.parse(&read_private(&file, &files.keys)?).map(Some)
    }

    fn parse(&self, text: &str) -> Result<Document, KeyFileError> {
        let document: Document =
            serde_json::from_str(text).map_err(|error| self.malformed(error.to_string()))?;
        if document.version != VERSION {
            return Err(self.malformed(format!("its version is {}, not {VERSION}", document.version)));
        }
        Ok(document)
    }

    fn key(&self, seal: &SealKey, entry: &Entry) -> Result<Key, KeyFileError> {
        let Entry { id, name, created_at, expires_at, sealed_secret, token_sha256, policy } = entry;
        let proof = match (sealed_secret, token_sha256) {
            (Some(sealed), None) => {
                let opened = hex::decode(sealed).and_then(|sealed| seal.open(id, &sealed));
                let reason = || format!("the secret of {id} does not open with {}", self.seal_name());
                Proof::Secret(Secret(opened.ok_or_else(|| self.malformed(reason()))?))
            }
            (None, Some(hash)) => {
                let hash = hex::decode(hash).and_then(|hash| <[u8; 32]>::try_from(hash).ok());
                let reason = || format!("the token hash of {id} is not 64 digits");
                Proof::TokenHash(hash.ok_or_else(|| self.malformed(reason()))?)
            }
            _ => {
                return Err(
                    self.malformed(format!("{id} must have either a sealed secret or a token's hash"))
                );
            }
        };
        let created_at = Timestamp(created_at.as_microsecond());
        let expires_at = expires_at.map(|at| Timestamp(at.as_microsecond()));
        let (id, name, policy) = (id.clone(), name.clone(), policy.clone());
        Ok(Key { id, name, created_at, expires_at, used_at: None, policy, proof })
    }

    /// Locks out other writers until the file is dropped; makes the seal key where there is none.
    fn lock(&self, files: &Files) -> Result<File, KeyFileError> {
        let failed = |source| io_error("lock", &files.seal, source);
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        owner_only(&mut options);
        let mut file = options.open(&files.seal).map_err(failed)?;
        file.lock().map_err(failed)?;
        if file.metadata().map_err(failed)?.len() == 0 {
            if files.keys.exists() {
                // A new seal key could open none of the secrets.
                return Err(self.malformed(format!("its seal {} is missing", files.seal.display())));
            }
            let mut bytes = [0; SEAL_BYTES];
            seal::fill(&mut bytes)?;
            file.write_all(format!("{}\n", hex::encode(&bytes)).as_bytes()).map_err(failed)?;
            file.sync_all().map_err(failed)?;
        }
        Ok(file)
    }

    fn seal_key(&self, files: &Files, mut file: &File) -> Result<SealKey, KeyFileError> {
        io::Seek::rewind(&mut file).map_err(|source| io_error("read", &files.seal, source))?;
        self.seal_of(&read_private(file, &files.seal)?)
    }

    fn seal_of(&self, digits: &str) -> Result<SealKey, KeyFileError> {
        let bytes = hex::decode(digits.trim()).and_then(|bytes| <[u8; SEAL_BYTES]>::try_from(bytes).ok());
        let path = self.seal_name();
        let detail = format!("it must be {} hexadecimal digits", 2 * SEAL_BYTES);
        bytes.map(|bytes| SealKey::new(&bytes)).ok_or(KeyFileError::Malformed { path, detail })
    }

    fn seal_name(&self) -> String {
        match &self.0 {
            Place::Files(files) => files.seal.display().to_string(),
            Place::Elsewhere(_) => "the seal in PostgreSQL".to_owned(),
        }
    }

    fn malformed(&self, detail: String) -> KeyFileError {
        let path = match &self.0 {
            Place::Files(files) => files.keys.display().to_string(),
            Place::Elsewhere(_) => "what PostgreSQL has of keys".to_owned(),
        };
        KeyFileError::Malformed { path, detail }
    }
}

fn read_uses(text: &str) -> BTreeMap<String, Timestamp> {
    let uses: BTreeMap<String, jiff::Timestamp> = serde_json::from_str(text).unwrap_or_default();
    uses.into_iter().map(|(id, at)| (id, Timestamp(at.as_microsecond()))).collect()
}

fn as_instants(uses: &BTreeMap<String, Timestamp>) -> BTreeMap<&String, jiff::Timestamp> {
    let instant = |at: &Timestamp| jiff::Timestamp::from_second(at.floor_seconds()).unwrap_or_default();
    uses.iter().map(|(id, at)| (id, instant(at))).collect()
}

/// Replaces a file by one that its owner alone can read.
fn write_private(path: &Path, content: &impl Serialize) -> Result<(), KeyFileError> {
    let mut aside = path.to_owned().into_os_string();
    aside.push(".new");
    let aside = PathBuf::from(aside);
    let failed = |source| io_error("write", &aside, source);
    let mut text = serde_json::to_vec_pretty(content).map_err(|error| failed(error.into()))?;
    text.push(b'\n');
    // Left by a writer that was killed; its permissions may be anybody's.
    match fs::remove_file(&aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    owner_only(&mut options);
    let mut file = options.open(&aside).map_err(failed)?;
    file.write_all(&text).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&aside, path).map_err(|source| io_error("replace", path, source))
}

pub(crate) fn owner_only(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

/// The text of a file that nobody else may read.
pub(crate) fn read_private(file: &File, path: &Path) -> Result<String, KeyFileError> {
    let failed = |source| io_error("read", path, source);
    let metadata = file.metadata().map_err(failed)?;
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::mode(&metadata) & 0o077 != 0 {
        return Err(KeyFileError::Exposed { path: path.display().to_string() });
    }
    if metadata.len() > MAX_FILE_BYTES {
        let detail = format!("it has more than {MAX_FILE_BYTES} bytes");
        return Err(KeyFileError::Malformed { path: path.display().to_string(), detail });
    }
    let mut text = String::new();
    file.take(MAX_FILE_BYTES).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

pub(crate) fn io_error(what: &'static str, path: &Path, source: io::Error) -> KeyFileError {
    KeyFileError::Io { what, path: path.display().to_string(), source }
}
