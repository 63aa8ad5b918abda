//! Keys: who holds one, what proves it, what it may do; and the set of them that a server heeds.

pub mod file;
pub(crate) mod seal;
pub mod session;
mod uses;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use model::Timestamp;
use parking_lot::{Mutex, RwLock};
use ring::digest;

use crate::hex;
use crate::policy::Policy;
use crate::sigv4::{Claim, Head, Refusal};
use file::{Fingerprint, KeyFile, KeyFileError};
use seal::SealKey;
use uses::Uses;

/// The services that signatures are scoped to: X-Ray, and those that share `POST /` with each other, CloudWatch and SNS. What a
/// request asks for is part of its signature, so that one for another of these opens nothing that its sender did not ask for.
const SERVICES: [&str; 3] = ["xray", "monitoring", "sns"];

/// A key as a server knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Of an access key, what clients call the access key id.
    pub id: String,
    /// Of whom or what it is the key; several keys may have one name, so that one can replace another.
    pub name: String,
    pub created_at: Timestamp,
    /// From then on it opens nothing; none where it is good until it is revoked.
    pub expires_at: Option<Timestamp>,
    /// To the minute, where a list was asked for.
    pub used_at: Option<Timestamp>,
    pub policy: Policy,
    proof: Proof,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Proof {
    /// A signature shows that the client has the secret, and only who has it too can check that.
    Secret(Secret),
    /// A token is shown itself, so its hash is enough.
    TokenHash([u8; 32]),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Signs requests.
    AccessKey,
    /// Signs a person in to the console, or a program that can send no more than a header.
    ConsoleToken,
}

/// A text that is not to be shown: its `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself, to be shown once to who asked for a new key.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// What is shown once when a key is made.
#[derive(Debug, Clone)]
pub struct NewKey {
    pub key: Key,
    /// The secret access key, or the token.
    pub secret: Secret,
}

impl Key {
    pub fn kind(&self) -> Kind {
        match self.proof {
            Proof::Secret(_) => Kind::AccessKey,
            Proof::TokenHash(_) => Kind::ConsoleToken,
        }
    }

    fn check_expiry(&self, now: Timestamp) -> Result<(), Refusal> {
        match self.expires_at {
            Some(expires_at) if expires_at <= now => {
                let at = jiff::Timestamp::from_second(expires_at.floor_seconds()).unwrap_or_default();
                let Self { id, name, .. } = self;
                Err(Refusal::Expired(format!("The key {id} of {name} expired at {at}; ask for a new one.")))
            }
            _ => Ok(()),
        }
    }
}

/// The keys of a file, kept current by [`Keys::reload`]. A clone is the same set.
#[derive(Debug, Clone)]
pub struct Keys(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    file: KeyFile,
    set: RwLock<Arc<KeySet>>,
    uses: Mutex<Uses>,
}

#[derive(Debug, Default)]
struct KeySet {
    access_keys: HashMap<String, Arc<Key>>,
    tokens_by_hash: HashMap<[u8; 32], Arc<Key>>,
    /// None while there is no file of keys, and so nobody who could sign in.
    seal: Option<SealKey>,
    fingerprint: Fingerprint,
}

/// A head that names a key of ours and is timely; its signature waits for the body.
#[derive(Debug)]
pub struct Claimed {
    claim: Claim,
    key: Arc<Key>,
}

impl Keys {
    /// Reads the file. That there is none is no error: there are no keys yet.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, KeyFileError> {
        Self::of(KeyFile::new(path.into()))
    }

    /// The same wherever they are kept.
    pub fn of(file: KeyFile) -> Result<Self, KeyFileError> {
        let set = KeySet::read(&file)?;
        let uses = Mutex::new(Uses::new(file.uses()));
        Ok(Self(Arc::new(Inner { file, set: RwLock::new(Arc::new(set)), uses })))
    }

    /// Reads the file again if it has changed, and says whether it had. After an error the keys are those of before.
    pub fn reload(&self) -> Result<bool, KeyFileError> {
        if self.0.file.fingerprint() == self.set().fingerprint {
            return Ok(false);
        }
        let set = KeySet::read(&self.0.file)?;
        *self.0.set.write() = Arc::new(set);
        Ok(true)
    }

    /// How many there are, of both kinds.
    pub fn count(&self) -> usize {
        let set = self.set();
        set.access_keys.len() + set.tokens_by_hash.len()
    }

    /// All of them as the file has them now, in the order of their making.
    pub fn list(&self) -> Result<Vec<Key>, KeyFileError> {
        let mut keys = self.0.file.list()?;
        let uses = self.0.uses.lock();
        for key in &mut keys {
            key.used_at = uses.of(&key.id);
        }
        Ok(keys)
    }

    /// Notes that somebody came with the key.
    pub fn used(&self, key: &Key, now: Timestamp) {
        self.0.uses.lock().note(&key.id, now);
    }

    /// Writes when keys were used, where that is new, and not more often than once a minute.
    pub fn keep_uses(&self, now: Timestamp) -> Result<(), KeyFileError> {
        let set = self.set();
        let is_known = |id: &str| {
            set.access_keys.contains_key(id) || set.tokens_by_hash.values().any(|key| key.id == id)
        };
        let Some(uses) = self.0.uses.lock().due(now, is_known) else { return Ok(()) };
        self.0.file.keep_uses(&uses)
    }

    /// Makes a key that counts at once.
    pub fn create(
        &self,
        kind: Kind,
        name: &str,
        policy: Policy,
        now: Timestamp,
        expires_at: Option<Timestamp>,
    ) -> Result<NewKey, KeyFileError> {
        let made = self.0.file.create_until(kind, name, policy, now, expires_at)?;
        self.reload()?;
        Ok(made)
    }

    /// Takes a key out, which no longer opens anything from then on.
    pub fn revoke(&self, id: &str) -> Result<Key, KeyFileError> {
        let key = self.0.file.revoke(id)?;
        self.reload()?;
        Ok(key)
    }

    /// The first step of a signature's check: whether the head is whole, timely, and of a key of ours.
    pub fn claim(&self, head: &Head<'_>, now: Timestamp) -> Result<Claimed, Refusal> {
        let claim = Claim::of(head, &SERVICES)?;
        let set = self.set();
        let key = set.access_keys.get(&claim.access_key_id).filter(|_| !claim.has_session_token);
        let key = Arc::clone(key.ok_or(Refusal::UnknownKey)?);
        claim.check_time(now)?;
        key.check_expiry(now)?;
        Ok(Claimed { claim, key })
    }

    /// The key that a token is. Tokens are long and random, so their hash need not be slow.
    pub fn by_token(&self, token: &str, now: Timestamp) -> Result<Arc<Key>, Refusal> {
        let key = self.set().tokens_by_hash.get(&hash(token)).map(Arc::clone).ok_or(Refusal::UnknownKey)?;
        key.check_expiry(now)?;
        Ok(key)
    }

    /// A text that stands for a signed-in token until it expires, or its key is revoked.
    pub fn session(&self, key: &Key, now: Timestamp) -> Option<String> {
        self.set().seal.as_ref().map(|seal| session::make(seal, &key.id, now))
    }

    /// The key whose session this is.
    pub fn by_session(&self, session: &str, now: Timestamp) -> Result<Arc<Key>, Refusal> {
        let set = self.set();
        let id = set.seal.as_ref().and_then(|seal| session::open(seal, session, now));
        let holder = id.and_then(|id| set.tokens_by_hash.values().find(|key| key.id == id));
        let key = Arc::clone(holder.ok_or(Refusal::Missing)?);
        key.check_expiry(now)?;
        Ok(key)
    }

    fn set(&self) -> Arc<KeySet> {
        Arc::clone(&self.0.set.read())
    }
}

impl KeySet {
    fn read(file: &KeyFile) -> Result<Self, KeyFileError> {
        // Taken first: a change while reading shows as one at the next look.
        let fingerprint = file.fingerprint();
        let Some((seal, keys)) = file.read()? else { return Ok(Self { fingerprint, ..Self::default() }) };
        let mut set = Self { seal: Some(seal), fingerprint, ..Self::default() };
        for key in keys {
            let key = Arc::new(key);
            match &key.proof {
                Proof::Secret(_) => set.access_keys.insert(key.id.clone(), key),
                Proof::TokenHash(hash) => set.tokens_by_hash.insert(*hash, key),
            };
        }
        Ok(set)
    }
}

impl Claimed {
    /// Whether the head says what the body is, so that the signature can be checked before the body is read.
    pub fn states_body(&self, head: &Head<'_>) -> bool {
        self.claim.stated_payload(head.headers).is_some()
    }

    /// Whether the key's secret signed this head, for a body that is what the head says.
    pub fn verify_head(&self, head: &Head<'_>) -> Result<(), Refusal> {
        let Proof::Secret(secret) = &self.key.proof else { return Err(Refusal::UnknownKey) };
        self.claim.verify_head(head, secret.reveal())
    }

    /// The second step: whether the key's secret signed this head with this body.
    pub fn verify(&self, head: &Head<'_>, body: &[u8]) -> Result<Arc<Key>, Refusal> {
        let Proof::Secret(secret) = &self.key.proof else { return Err(Refusal::UnknownKey) };
        self.claim.verify(head, body, secret.reveal())?;
        Ok(Arc::clone(&self.key))
    }
}

fn hash(token: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    hash
}

/// Digits of `bytes` random bytes.
fn random_hex(bytes: usize) -> Result<String, KeyFileError> {
    let mut random = vec![0; bytes];
    seal::fill(&mut random)?;
    Ok(hex::encode(&random))
}
