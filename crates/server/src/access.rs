//! What stands between the network and the API: keys and a certificate, each if the settings ask for it.

use std::sync::Arc;

use api::Auth;
use auth::{KeyFile, KeyFileError, KeyPlace, Keys};
use door::tls::TlsError;
use model::{Clock, SystemClock};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::config::Config;
use crate::reload;
use crate::tls::Certificate;

pub(crate) struct Access {
    keys: Option<Keys>,
    certificate: Option<Certificate>,
}

#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    #[error("cannot use the keys")]
    Keys(#[from] KeyFileError),
    #[error("cannot offer TLS")]
    Tls(#[from] TlsError),
}

impl Access {
    /// Keys lie in the file that is named, or `shared` where none is.
    pub(crate) fn open(config: &Config, shared: Option<Arc<dyn KeyPlace>>) -> Result<Self, AccessError> {
        let certificate = config.tls.as_ref().map(Certificate::load).transpose()?;
        let file =
            config.keys_file.as_ref().map(|path| (KeyFile::new(path.clone()), path.display().to_string()));
        let file = file.or_else(|| Some((KeyFile::elsewhere(shared?), "PostgreSQL".to_owned())));
        let (keys, place) = match file.filter(|_| config.auth) {
            Some((file, place)) => (Some(Keys::of(file)?), place),
            None => (None, String::new()),
        };
        if let Some(keys) = &keys
            && keys.count() == 0
        {
            warn!(place, "there are no keys yet, so nobody gets in; make some with `fluoro keys create`");
        }
        Ok(Self { keys, certificate })
    }

    pub(crate) fn auth(&self, account_id: &str) -> Option<Auth> {
        let is_tls = self.certificate.is_some();
        self.keys.clone().map(|keys| Auth { keys, account_id: account_id.to_owned(), is_tls })
    }

    pub(crate) fn tls(&self) -> Option<Certificate> {
        self.certificate.clone()
    }

    /// Heeds changes of the files until shutdown.
    pub(crate) fn follow_files(&self, shutdown: &CancellationToken) -> Vec<JoinHandle<()>> {
        let mut tasks = Vec::new();
        if let Some(keys) = self.keys.clone() {
            let heed = move || {
                let heed = || {
                    let changed = keys.reload()?;
                    keys.keep_uses(SystemClock.now())?;
                    Ok(changed)
                };
                match heed() {
                    // They stay what they are, and that PostgreSQL is away is told elsewhere.
                    Err(KeyFileError::Away(_)) => Ok(false),
                    heeded => heeded,
                }
            };
            tasks.push(tokio::spawn(reload::follow("keys", heed, shutdown.clone())));
        }
        if let Some(certificate) = self.certificate.clone() {
            let reload = move || certificate.reload();
            tasks.push(tokio::spawn(reload::follow("certificate", reload, shutdown.clone())));
        }
        tasks
    }
}
