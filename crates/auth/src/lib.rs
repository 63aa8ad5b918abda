//! Who asks, and whether they may: access keys in a file, AWS signatures (SigV4), policies in IAM's language.
//!
//! [`Keys`] is what a server holds. A request with an AWS signature passes in two steps, since the signature
//! covers the body and a stranger's body is not worth reading: [`Keys::claim`] looks at the head alone, and
//! [`Claimed::verify`] at the body. What comes out is a [`Key`], whose [`Policy`] says what it may do. People
//! show a [token](Keys::by_token) once and then a [session](Keys::session).
//!
//! It knows no HTTP beyond heads of requests, no status codes, and none of the operations' meaning.

pub mod key;
pub mod policy;
pub mod seal;
pub mod sigv4;

mod hex;

pub use key::file::{KeptKeys, KeyFile, KeyFileError, KeyPlace};
pub use key::session::LIFETIME as SESSION_LIFETIME;
pub use key::{Claimed, Key, Keys, Kind, NewKey, Secret};
pub use policy::{Decision, Policy, PolicyError};
pub use seal::Seal;
pub use sigv4::{Head, Refusal};
