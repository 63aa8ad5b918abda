//! PostgreSQL as a URL names it: who waits how long for a connection, by TLS where the URL asks for it, and what to do when there is none.
//!
//! Nothing here knows what is asked of it.

mod certificate;
mod url;

use std::error::Error;
use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

pub use url::Mistake;

/// What connections that nobody uses are asked whether they live.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// Before what is said of a handshake that failed.
const TLS: &str = "TLS: ";

/// Where it is, and how it is reached.
#[derive(Clone)]
pub struct Server {
    config: Config,
    tls: MakeRustlsConnect,
}

impl Server {
    /// Of a URL as `libpq` takes it. Its certificate authorities are read now.
    pub fn parse(url: &str) -> Result<Self, Mistake> {
        let (config, security) = url::parse(url)?;
        Ok(Self { config, tls: MakeRustlsConnect::new(certificate::client(&security)?) })
    }

    /// `patience` is for a connection, and for what is sent to be acknowledged; `name` is what PostgreSQL calls it, where the URL has no other.
    #[must_use]
    pub fn with(mut self, patience: Duration, name: &str) -> Self {
        self.config.connect_timeout(patience);
        self.config.tcp_user_timeout(patience);
        self.config.keepalives_idle(KEEPALIVE);
        if self.config.get_application_name().is_none() {
            self.config.application_name(name);
        }
        self
    }

    /// What goes wrong with the connection later is told to whoever uses it.
    pub async fn connect(&self) -> Result<Client, tokio_postgres::Error> {
        let (client, connection) = self.config.connect(self.tls.clone()).await?;
        tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok(client)
    }
}

impl std::fmt::Debug for Server {
    /// Without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("hosts", &self.config.get_hosts()).finish_non_exhaustive()
    }
}

/// In the fewest words that say most: the innermost cause.
pub fn reason(error: &(dyn Error + 'static)) -> String {
    let (mut cause, mut is_tls) = (error, false);
    loop {
        // The crate has no other way to tell.
        is_tls |= cause.to_string().starts_with("error performing TLS handshake");
        match cause.source() {
            Some(inner) => cause = inner,
            None if is_tls => return format!("{TLS}{cause}"),
            None => return cause.to_string(),
        }
    }
}

/// What to do where it cannot be used, of what it answered or of the [`reason`] that it did not.
pub fn remedy(state: Option<&SqlState>, reason: &str) -> &'static str {
    match state {
        Some(state)
            if [SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION]
                .contains(state) =>
        {
            "give the right user and password in --settings, or make that user"
        }
        Some(state) if *state == SqlState::INVALID_CATALOG_NAME => {
            "make that database with `createdb`, or name another in --settings"
        }
        Some(state) if *state == SqlState::INSUFFICIENT_PRIVILEGE => {
            "let the user make tables there, such as by `createdb --owner USER DATABASE`"
        }
        Some(_) => "see what PostgreSQL says, and its log",
        None if reason.starts_with(TLS) => {
            "name in --settings by `sslrootcert=FILE` who signs its certificate, and the host as the certificate has it, or another `sslmode`"
        }
        None => "start PostgreSQL there, or name in --settings where it is",
    }
}
