//! Why settings cannot be opened or changed, in X-Ray's words where they are known.

use std::borrow::Cow;
use std::error::Error;

/// Why a change was not made. Nothing of it was written.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// It does not make sense as it is.
    #[error("{0}")]
    Refused(Cow<'static, str>),
    /// There are as many sampling rules as there may be.
    #[error("{0}")]
    TooManyRules(String),
    #[error("Resource {resource} not found")]
    NotFound { resource: String },
    #[error("Too many tags: a resource has {limit} at most")]
    TooManyTags { resource: String, limit: usize },
    #[error("{0}")]
    MalformedPolicy(String),
    /// The policy would keep its author from changing it.
    #[error("{0}")]
    PolicyLocksOut(&'static str),
    /// Another revision than the one that the caller knows is in force.
    #[error("{0}")]
    Revision(String),
    #[error("Resource policy is larger than {limit} bytes")]
    PolicyTooLarge { limit: usize },
    #[error("There are {limit} resource policies already, which is the limit")]
    TooManyPolicies { limit: usize },
    #[error("There are {limit} already, which is the limit")]
    TooManyAlarms { limit: usize },
    /// The key that seals secrets cannot be read or made.
    #[error("seal a secret")]
    Seal(#[from] auth::KeyFileError),
    #[error("write settings.db")]
    Database(#[source] Box<dyn Error + Send + Sync>),
}

impl SettingsError {
    pub(crate) fn refused(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused(message.into())
    }
}

impl From<rusqlite::Error> for SettingsError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(Box::new(error))
    }
}

/// Why the settings cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{file} was written by a newer version of Fluoro (schema {found}, this one knows {known})")]
    Newer { file: &'static str, found: i64, known: i64 },
    #[error("settings.db holds {what} that cannot be read; move the file away to start with none")]
    Damaged { what: &'static str },
    #[error("settings.db cannot be opened; if it is damaged, move it away to start with none")]
    Database(#[source] Box<dyn Error + Send + Sync>),
    #[error(
        "alerts.db cannot be opened; if it is damaged, move it away to start with no states and no history"
    )]
    Alerts(#[source] Box<dyn Error + Send + Sync>),
}

impl OpenError {
    pub(crate) fn alerts(error: rusqlite::Error) -> Self {
        Self::Alerts(Box::new(error))
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(Box::new(error))
    }
}

/// `alerts.db` could not be read or written. Nothing of the change was written.
#[derive(Debug, thiserror::Error)]
#[error("read or write alerts.db")]
pub struct AlertsError(#[source] Box<dyn Error + Send + Sync>);

impl From<rusqlite::Error> for AlertsError {
    fn from(error: rusqlite::Error) -> Self {
        Self(Box::new(error))
    }
}
