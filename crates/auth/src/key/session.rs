//! Sessions of the console: `<key id>.<expiry>.<signature>`.
//!
//! Nothing is kept of them, so any process with the same seal key takes them and a restart ends none. In turn a
//! single session cannot be ended before its time by the server, only all of a key, by revoking it.

use model::{Micros, Timestamp};
use ring::hmac;

use super::seal::SealKey;
use crate::hex;

/// How long a session is good: a working day.
pub const LIFETIME: Micros = Micros::from_secs(12 * 3600);

pub(super) fn make(seal: &SealKey, id: &str, now: Timestamp) -> String {
    let claim = format!("{id}.{}", now.plus(LIFETIME).floor_seconds());
    let signature = hmac::sign(&seal.sessions, claim.as_bytes());
    format!("{claim}.{}", hex::encode(signature.as_ref()))
}

/// The id of the key whose session it is, if it is one and still good.
pub(super) fn open<'a>(seal: &SealKey, session: &'a str, now: Timestamp) -> Option<&'a str> {
    let (claim, signature) = session.rsplit_once('.')?;
    hmac::verify(&seal.sessions, claim.as_bytes(), &hex::decode(signature)?).ok()?;
    let (id, expiry) = claim.rsplit_once('.')?;
    let expiry: i64 = expiry.parse().ok()?;
    (now.floor_seconds() < expiry).then_some(id)
}
