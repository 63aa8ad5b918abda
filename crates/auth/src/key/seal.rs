//! The seal key: encrypts the secrets of access keys, and signs sessions.
//!
//! It lies in a file of its own, so that the file of keys, which people copy, back up and put under version
//! control, is useless without it. Who reads both has the secrets; see `docs/security.md`.

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

use super::file::KeyFileError;

pub(crate) const SEAL_BYTES: usize = 32;

#[derive(Clone)]
pub(crate) struct SealKey {
    cipher: LessSafeKey,
    pub(super) sessions: hmac::Key,
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(..)")
    }
}

impl SealKey {
    pub(crate) fn new(bytes: &[u8; SEAL_BYTES]) -> Self {
        let unbound = UnboundKey::new(&AES_256_GCM, bytes).expect("AES-256 takes a key of 32 bytes");
        // A key for each purpose, so that no answer of one helps with the other.
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, bytes), b"fluoro console sessions 1");
        Self {
            cipher: LessSafeKey::new(unbound),
            sessions: hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()),
        }
    }

    /// Nonce, ciphertext and tag. `id` is bound to it: sealed secrets cannot be exchanged between keys.
    pub(crate) fn seal(&self, id: &str, secret: &str) -> Result<Vec<u8>, KeyFileError> {
        let mut nonce = [0; NONCE_LEN];
        fill(&mut nonce)?;
        let mut sealed = secret.as_bytes().to_vec();
        let tag = self
            .cipher
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(id.as_bytes()),
                &mut sealed,
            )
            .map_err(|_| KeyFileError::Random)?;
        Ok([&nonce[..], &sealed, tag.as_ref()].concat())
    }

    /// None if it was sealed by another key or for another id, or is damaged.
    pub(crate) fn open(&self, id: &str, sealed: &[u8]) -> Option<String> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut rest = rest.to_vec();
        let opened = self
            .cipher
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(id.as_bytes()), &mut rest)
            .ok()?;
        String::from_utf8(opened.to_vec()).ok()
    }
}

pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), KeyFileError> {
    SystemRandom::new().fill(bytes).map_err(|_| KeyFileError::Random)
}
