//! The keys of encryption at rest, and the two ways in which they are used: for parts, as Parquet's own encryption,
//! and for single frames of the log.
//!
//! Each frame is sealed by AES-256-GCM with a key of its own, derived (HKDF-SHA-256) from a random salt that stands in
//! front of it, so that no nonce is ever used twice, however many frames there are.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use parquet::encryption::decrypt::{FileDecryptionProperties, KeyRetriever};
use parquet::encryption::encrypt::FileEncryptionProperties;
use parquet::errors::ParquetError;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hkdf};
use store::StoreError;

use crate::directory::unusable;

const KEY_BYTES: usize = 32;
const ID_BYTES: usize = 8;
const SALT_BYTES: usize = 16;
/// By how much a sealed payload is longer: the id of the key, the salt, the tag.
pub(crate) const SEAL_BYTES: usize = ID_BYTES + SALT_BYTES + 16;
const FRAME_KEY: &[u8] = b"fluoro frame of the log";

/// Which key it is, without telling anything of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyId([u8; ID_BYTES]);

struct Key {
    id: KeyId,
    secret: [u8; KEY_BYTES],
}

/// The keys of a file: what is written is encrypted with the first, and what was written with any of them is read.
pub struct Seals(Vec<Key>);

/// What is encrypted with a key that is not there.
#[derive(Debug, thiserror::Error)]
#[error("the key {0} was not given")]
pub(crate) struct MissingKey(String);

impl Seals {
    /// Reads a key file: a key a line, 64 hexadecimal digits; `#` begins a comment. `Unusable` where it cannot be.
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        let refuse =
            |what: &str, remedy: &str| unusable(format!("the key file {} {what}", path.display()), remedy);
        const MAKE: &str = "make one with `(umask 077; openssl rand -hex 32 > FILE)`";
        let text = std::fs::read_to_string(path)
            .map_err(|error| refuse(&format!("cannot be read ({error})"), MAKE))?;
        check_mode(path).map_err(|error| refuse(&error.to_string(), "run `chmod 600` on it"))?;
        let lines = text
            .lines()
            .enumerate()
            .map(|(place, line)| (place + 1, line.split('#').next().unwrap_or("").trim()));
        let mut keys = Vec::new();
        for (number, line) in lines.filter(|(_, line)| !line.is_empty()) {
            let secret = from_hex(line).ok_or_else(|| {
                refuse(&format!("has no key of 64 hexadecimal digits in line {number}"), MAKE)
            })?;
            keys.push(Key::new(secret));
        }
        match keys.is_empty() {
            true => Err(refuse("has no key", MAKE)),
            false => Ok(Self(keys)),
        }
    }

    /// Names the key that new data is encrypted with.
    pub fn id(&self) -> String {
        self.first().id.to_string()
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.0.iter().any(|key| key.id.to_string() == id)
    }

    fn first(&self) -> &Key {
        self.0.first().expect("there is at least one key")
    }

    fn get(&self, id: &[u8]) -> Option<&Key> {
        self.0.iter().find(|key| key.id.0 == id)
    }

    /// How a new part is encrypted: all of its columns and its footer.
    pub(crate) fn for_writing(&self) -> Result<Arc<FileEncryptionProperties>, ParquetError> {
        let key = self.first();
        FileEncryptionProperties::builder(key.secret.to_vec())
            .with_footer_key_metadata(key.id.0.to_vec())
            .build()
    }

    /// Appends a payload sealed to `out`. `head` is what stands in the open before it, and may not be changed either.
    pub(crate) fn seal(&self, head: &[u8], payload: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        let key = self.first();
        let mut salt = [0; SALT_BYTES];
        SystemRandom::new().fill(&mut salt).map_err(|_| io::Error::other("no random numbers"))?;
        out.extend_from_slice(&key.id.0);
        out.extend_from_slice(&salt);
        let begin = out.len();
        out.extend_from_slice(payload);
        let (once, nonce) = key.of_frame(&salt);
        let tag = once
            .seal_in_place_separate_tag(nonce, Aad::from(head), &mut out[begin..])
            .map_err(|_| io::Error::other("a frame could not be encrypted"))?;
        out.extend_from_slice(tag.as_ref());
        Ok(())
    }

    /// What [`seal`](Self::seal) was given; `None` where it is not what was sealed.
    pub(crate) fn open(&self, head: &[u8], sealed: &[u8]) -> Result<Option<Vec<u8>>, MissingKey> {
        let Some((id, rest)) = sealed.split_at_checked(ID_BYTES) else { return Ok(None) };
        let Some((salt, rest)) = rest.split_at_checked(SALT_BYTES) else { return Ok(None) };
        let Some(key) = self.get(id) else { return Err(missing(id)) };
        let (once, nonce) = key.of_frame(salt);
        let mut payload = rest.to_vec();
        let length = once.open_in_place(nonce, Aad::from(head), &mut payload).map(|open| open.len());
        Ok(length.ok().map(|length| {
            payload.truncate(length);
            payload
        }))
    }
}

/// What an error of reading the log means.
pub(crate) fn log_error(error: io::Error) -> StoreError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<MissingKey>()) {
        Some(MissingKey(id)) => need("the log", id),
        None => StoreError::failed("read the log", error),
    }
}

/// That of a sealed payload for which there is no key file at all.
pub(crate) fn missing(sealed: &[u8]) -> MissingKey {
    let mut id = [0; ID_BYTES];
    let there = sealed.len().min(ID_BYTES);
    id[..there].copy_from_slice(&sealed[..there]);
    MissingKey(KeyId(id).to_string())
}

/// Of bytes of which some are read at a time, so many are sealed together.
const BLOCK_BYTES: usize = 4_096;
const SEALED_BLOCK_BYTES: usize = BLOCK_BYTES + SEAL_BYTES;

impl Seals {
    /// Seals bytes block by block.
    pub(crate) fn seal_blocks(&self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 64 + SEAL_BYTES);
        for (number, block) in bytes.chunks(BLOCK_BYTES).enumerate() {
            self.seal(&(number as u64).to_le_bytes(), block, &mut out)?;
        }
        Ok(out)
    }

    /// Some bytes of those that were sealed block by block, `total` all together. `read` reads what was sealed.
    pub(crate) fn open_blocks(
        &self,
        place: u64,
        length: u64,
        total: u64,
        read: impl Fn(u64, u64) -> io::Result<Vec<u8>>,
    ) -> io::Result<Vec<u8>> {
        let [block, sealed_block, seal] =
            [BLOCK_BYTES, SEALED_BLOCK_BYTES, SEAL_BYTES].map(|size| size as u64);
        let mut out = Vec::new();
        if length == 0 {
            return Ok(out);
        }
        let first = place / block;
        for number in first..=(place + length - 1) / block {
            let inside = block.min(total - number * block);
            let sealed = read(number * sealed_block, inside + seal)?;
            let opened = self.open(&number.to_le_bytes(), &sealed).map_err(io::Error::other)?;
            // Its checksum was right when the part was first used.
            out.extend(opened.ok_or(io::ErrorKind::UnexpectedEof)?);
        }
        let skipped = usize::try_from(place - first * block).unwrap_or(usize::MAX);
        out.drain(..skipped);
        out.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        Ok(out)
    }
}

/// How parts are decrypted that are encrypted.
pub(crate) fn for_reading(keys: &Arc<Seals>) -> Result<Arc<FileDecryptionProperties>, ParquetError> {
    let retriever: Arc<dyn KeyRetriever> = Arc::<Seals>::clone(keys);
    FileDecryptionProperties::with_key_retriever(retriever).build()
}

/// Whether there is the key that something needs.
pub(crate) fn check(keys: Option<&Seals>, what: &str, needed: &str) -> Result<(), StoreError> {
    if keys.is_some_and(|keys| keys.has(needed)) {
        return Ok(());
    }
    Err(need(what, needed))
}

fn need(what: &str, key: &str) -> StoreError {
    unusable(
        format!("{what} is encrypted with the key {key}, which was not given"),
        "name a file that has this key by --encryption-key",
    )
}

impl KeyRetriever for Seals {
    fn retrieve_key(&self, id: &[u8]) -> Result<Vec<u8>, ParquetError> {
        let found = self.get(id).map(|key| key.secret.to_vec());
        found.ok_or_else(|| ParquetError::External(Box::new(missing(id))))
    }
}

impl Key {
    fn new(secret: [u8; KEY_BYTES]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"fluoro key id");
        context.update(&secret);
        let mut id = [0; ID_BYTES];
        id.copy_from_slice(&context.finish().as_ref()[..ID_BYTES]);
        Self { id: KeyId(id), secret }
    }

    /// The key of one frame, which is used once, so that its nonce need not differ.
    fn of_frame(&self, salt: &[u8]) -> (LessSafeKey, Nonce) {
        let derived = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(&self.secret);
        let info = [FRAME_KEY];
        let okm = derived.expand(&info, &AES_256_GCM).expect("a key is not too long to be derived");
        (LessSafeKey::new(UnboundKey::from(okm)), Nonce::assume_unique_for_key([0; NONCE_LEN]))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Seals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the keys themselves.
        f.debug_list().entries(self.0.iter().map(|key| key.id.to_string())).finish()
    }
}

fn from_hex(text: &str) -> Option<[u8; KEY_BYTES]> {
    let mut bytes = [0; KEY_BYTES];
    if text.len() != 2 * KEY_BYTES || !text.is_ascii() {
        return None;
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(bytes)
}

/// Others must not read it.
fn check_mode(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path)?.permissions().mode();
    match mode & 0o077 {
        0 => Ok(()),
        _ => Err(io::Error::other(format!("can be read by others (mode {:o})", mode & 0o777))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(secrets: &[u8]) -> Seals {
        Seals(secrets.iter().map(|&byte| Key::new([byte; KEY_BYTES])).collect())
    }

    #[test]
    fn what_was_sealed_is_opened_by_the_same_key_alone() {
        let mut sealed = Vec::new();
        keys(&[1]).seal(b"head", b"payload", &mut sealed).unwrap();
        assert_eq!(sealed.len(), b"payload".len() + SEAL_BYTES);
        assert!(!sealed.windows(7).any(|some| some == b"payload"));
        assert_eq!(keys(&[2, 1]).open(b"head", &sealed).unwrap().unwrap(), b"payload");
        assert!(keys(&[1]).open(b"other", &sealed).unwrap().is_none());
        assert!(keys(&[2]).open(b"head", &sealed).unwrap_err().to_string().contains(&keys(&[1]).id()));
        for place in ID_BYTES..sealed.len() {
            let mut harmed = sealed.clone();
            harmed[place] ^= 1;
            assert!(keys(&[1]).open(b"head", &harmed).unwrap().is_none(), "byte {place}");
        }
    }

    #[test]
    fn some_bytes_of_many_are_opened_alone() {
        let bytes: Vec<u8> = (0..10_000_u32).map(|number| number as u8).collect();
        let sealed = keys(&[1]).seal_blocks(&bytes).unwrap();
        let read = |place: u64, length: u64| Ok(sealed[place as usize..(place + length) as usize].to_vec());
        for (place, length) in [(0, 0), (0, 8), (4_090, 10), (0, 10_000), (8_192, 1_808), (9_999, 1)] {
            let opened = keys(&[1]).open_blocks(place, length, 10_000, read).unwrap();
            assert_eq!(opened, bytes[place as usize..(place + length) as usize], "{place} {length}");
        }
    }

    #[test]
    fn the_same_is_never_sealed_alike() {
        let [one, other] = [(); 2].map(|()| {
            let mut sealed = Vec::new();
            keys(&[1]).seal(b"", b"payload", &mut sealed).unwrap();
            sealed
        });
        assert_ne!(one, other);
    }

    #[test]
    fn no_key_is_ever_printed() {
        let keys = keys(&[0xab]);
        assert!(!format!("{keys:?}").contains("abab"));
    }
}
