//! What can go wrong with a store, split by what the caller can do about it.

use std::error::Error;

/// Why a store is busy that has no room: unlike all other reasons it does not pass by itself.
pub const DISK_FULL: &str = "disk_full";

/// Split by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Try again later. The reason is one word of a few, also of metrics.
    #[error("the store is busy: {reason}")]
    Busy { reason: &'static str },
    /// A query asks for too much: less time or fewer traces, asked for more precisely, may do. Nothing else is harmed.
    #[error("the query needs more than {limit}")]
    Exceeded { limit: String },
    #[error("the store is closed")]
    Closed,
    /// Another process has the share now: what this one knows of it is worth nothing any more.
    #[error("another process has taken over the share of traces")]
    Fenced,
    /// Part of the data cannot be read; the rest can. `what` says which and how, in the engine's words.
    #[error("{what}")]
    Damaged { what: String },
    /// The store cannot be used as it is; `remedy` says what to do.
    #[error("{detail}; {remedy}")]
    Unusable { detail: String, remedy: String },
    /// The call failed for a reason that callers can do nothing about; the same call may succeed later.
    #[error("{action}")]
    Failed { action: String, source: Box<dyn Error + Send + Sync> },
}

impl StoreError {
    pub fn failed(action: impl Into<String>, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed { action: action.into(), source: source.into() }
    }
}
