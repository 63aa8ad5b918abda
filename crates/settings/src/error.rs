//! Why settings cannot be opened or changed, in X-Ray's words where they are known.

use std::borrow::Cow;
use std::error::Error;

use crate::sql::SqlError;

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
    /// The PostgreSQL that has the settings does not answer. Reading goes on, and trying again may help.
    #[error(
        "settings cannot be changed now, for PostgreSQL does not answer ({why}); try again in some seconds"
    )]
    Away { why: String },
    #[error("write the settings")]
    Database(#[source] Box<dyn Error + Send + Sync>),
}

/// Refuses a change of what is of another revision than the caller saw.
pub(crate) fn check_revision(what: &str, known: u64, given: Option<u64>) -> Result<(), SettingsError> {
    match given.filter(|&given| given != known) {
        Some(given) => {
            let text = format!("the {what} are of revision {known} now, and not {given}: read them again");
            Err(SettingsError::Revision(text))
        }
        None => Ok(()),
    }
}

impl SettingsError {
    pub(crate) fn refused(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused(message.into())
    }
}

impl From<SqlError> for SettingsError {
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::Away(why) => Self::Away { why },
            SqlError::Unknown => {
                let why = "it is not known whether the change was made, so look first";
                Self::Away { why: why.to_owned() }
            }
            other => Self::Database(Box::new(other)),
        }
    }
}

impl From<OpenError> for SettingsError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Away { why } => Self::Away { why },
            other => Self::Database(Box::new(other)),
        }
    }
}

/// Why the settings cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{file} was written by a newer version of Fluoro (schema {found}, this one knows {known})")]
    Newer { file: &'static str, found: i64, known: i64 },
    #[error(
        "the settings hold {what} that cannot be read; move settings.db away to start with none, or restore PostgreSQL"
    )]
    Damaged { what: &'static str },
    #[error("{file} cannot be opened; if it is damaged, move it away to start with none")]
    File { file: &'static str, source: Box<dyn Error + Send + Sync> },
    /// It is as it says, and the remedy stands behind it.
    #[error("cannot use PostgreSQL: {detail}; {remedy}")]
    Shared { detail: String, remedy: String },
    #[error("PostgreSQL does not answer: {why}")]
    Away { why: String },
    #[error("read the settings")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

impl OpenError {
    pub(crate) fn of_file(file: &'static str, error: impl Error + Send + Sync + 'static) -> Self {
        Self::File { file, source: Box::new(error) }
    }
}

impl From<SqlError> for OpenError {
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::Away(why) => Self::Away { why },
            other => Self::Failed(Box::new(other)),
        }
    }
}

/// What was noticed could not be read or written. Nothing of the change was written, unless it is said.
#[derive(Debug, thiserror::Error)]
pub enum AlertsError {
    /// The PostgreSQL that has it does not answer. Trying again may help.
    #[error("PostgreSQL does not answer ({0}); try again in some seconds")]
    Away(String),
    /// Another process watches by now.
    #[error("another process is on duty")]
    OffDuty,
    #[error("read or write what was noticed")]
    Database(#[source] Box<dyn Error + Send + Sync>),
}

impl AlertsError {
    /// Whoever keeps what was noticed says so itself when it does not answer, and when it does again.
    pub fn passes(&self) -> bool {
        !matches!(self, Self::Database(_))
    }
}

impl From<SqlError> for AlertsError {
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::Away(why) => Self::Away(why),
            SqlError::Unknown => Self::Away("it is not known whether the change was made".to_owned()),
            other => Self::Database(Box::new(other)),
        }
    }
}
