//! Verification of AWS Signature Version 4, in the `Authorization` header and in presigned URLs.
//!
//! The rules are those of [Signature Version 4 for API requests][rules] for every service but S3: the path is
//! normalised and encoded once more than it was sent, and the body is always part of what is signed. Checked
//! against the vectors that AWS publishes (`tests/data`).
//!
//! A signature proves who made the request and that nothing in it was changed that the signature covers. It does not
//! prove that the request is new: within the five minutes of its date it can be sent again, as with AWS.
//!
//! [rules]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

mod canonical;
mod claim;
mod date;

#[cfg(test)]
mod tests;

use http::HeaderMap;

pub use claim::Claim;

/// The parts of a request's head that a signature can cover, as they were sent.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    pub method: &'a str,
    pub path: &'a str,
    /// What follows the question mark; empty without one.
    pub query: &'a str,
    pub headers: &'a HeaderMap,
}

/// Why credentials do not count. The texts are AWS's, since people search the web for them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There are none.
    #[error("Missing Authentication Token")]
    Missing,
    /// They are not whole; the text says what is missing.
    #[error("{0}")]
    Incomplete(String),
    /// Nobody has this access key here.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// The date is too far from ours, either way, or a presigned URL has had its time.
    #[error("{0}")]
    Untimely(String),
    /// The key was good for a while, which is over.
    #[error("{0}")]
    Expired(String),
    /// It is whole, and wrong: another service, another body, another secret.
    #[error("{0}")]
    Wrong(String),
}

impl Refusal {
    /// The signature is not the one that the secret gives.
    pub(crate) fn mismatch() -> Self {
        Self::Wrong(
            "The request signature we calculated does not match the signature you provided. Check your AWS \
             Secret Access Key and signing method. Consult the service documentation for details."
                .to_owned(),
        )
    }
}
