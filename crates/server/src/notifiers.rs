//! Whom to tell: the notifiers of the file, what may be called, and the worker that delivers.

use std::path::Path;
use std::sync::Arc;

use notify::address::Policy;
use notify::send::Names;
use notify::{FileError, Notifiers, Notify, Sender};

use crate::config::Config;
use crate::ground::Ground;

#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    #[error("cannot read the notifiers in {path}")]
    Read { path: String, source: std::io::Error },
    #[error("{path} is no file of notifiers: {detail}")]
    Malformed { path: String, detail: String },
    #[error("TLS for notifiers cannot be set up")]
    Tls(#[from] rustls::Error),
}

/// `http` is the address that the console listens on; `is_loopback` whether anybody else can reach it.
pub(crate) fn open(
    config: &Config,
    ground: &Ground,
    http: &str,
    is_loopback: bool,
) -> Result<Notify, NotifyError> {
    let fixed = config.notify.file.as_deref().map(read).transpose()?.unwrap_or_default();
    let policy = Policy {
        loopback: is_loopback,
        allow: config.notify.allow.clone(),
        deny: config.notify.deny.clone(),
    };
    let sender = Sender::new(policy, Names::System)?;
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let console = config.notify.public_url.clone().unwrap_or_else(|| format!("{scheme}://{http}"));
    let notifiers = Notifiers::new(ground.settings.clone(), fixed);
    Ok(Notify::new(&notify::Config { console }, notifiers, sender, Arc::clone(&ground.clock)))
}

fn read(path: &Path) -> Result<Vec<notify::Notifier>, NotifyError> {
    let shown = path.display().to_string();
    let text =
        std::fs::read_to_string(path).map_err(|source| NotifyError::Read { path: shown.clone(), source })?;
    let malformed = |detail: String| NotifyError::Malformed { path: shown.clone(), detail };
    // Its message would show the lines around a mistake, in which secrets may be.
    let document =
        serde_saphyr::from_str(&text).map_err(|error| malformed(error.without_snippet().to_string()))?;
    notify::of_file(document).map_err(|FileError(detail)| malformed(detail))
}
