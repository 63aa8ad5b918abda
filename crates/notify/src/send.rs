//! The gate to the outside: one message, one try, and what came of it.

mod http;
mod mail;
mod reach;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ::http::Uri;
use rustls::ClientConfig;

use crate::address::Policy;
use crate::payload::HttpMessage;

pub use reach::Names;

const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// Of a whole try.
const LIMIT: Duration = Duration::from_secs(10);
/// Of an answer's body that is read at all.
const MAX_ANSWER_BYTES: usize = 4 * 1024;
/// Of it that is shown and kept.
const SHOWN: usize = 200;

/// Sends, and knows which addresses it may call. A cheap clone.
#[derive(Clone)]
pub struct Sender {
    policy: Arc<Policy>,
    names: Names,
    tls: Arc<ClientConfig>,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub fate: Fate,
    /// Of HTTP and SMTP alike; none where nobody answered.
    pub status: Option<u16>,
    /// The beginning of what the other side said, or why it was not reached.
    pub text: String,
    pub took: Duration,
    /// The other side is in a network of one's own.
    pub is_private: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Delivered,
    /// To say it again would bring the same answer.
    Refused,
    /// It may go better later; not before so long, if the other side said so.
    Failed {
        retry_after: Option<Duration>,
    },
}

/// Why nobody answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    #[error("{0}")]
    Wrong(String),
    #[error("{host} is not called: {address} {why}")]
    Blocked { host: String, address: String, why: &'static str },
    #[error("{host} cannot be resolved")]
    Resolve {
        host: String,
        #[source]
        source: std::io::Error,
    },
    #[error("{0}")]
    Unreached(String),
    #[error("no answer within {} s", LIMIT.as_secs())]
    TooSlow,
}

impl SendError {
    fn fate(&self) -> Fate {
        match self {
            Self::Wrong(_) | Self::Blocked { .. } => Fate::Refused,
            Self::Resolve { .. } | Self::Unreached(_) | Self::TooSlow => Fate::Failed { retry_after: None },
        }
    }
}

impl Sender {
    pub fn new(policy: Policy, names: Names) -> Result<Self, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = rustls::RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { policy: Arc::new(policy), names, tls: Arc::new(tls) })
    }

    /// One POST. Redirects are not followed: where they lead, nobody checked.
    pub async fn post(&self, message: &HttpMessage) -> Answer {
        let started = tokio::time::Instant::now();
        let sent = tokio::time::timeout(LIMIT, self.exchange(message)).await;
        let answer = sent.unwrap_or(Err(SendError::TooSlow));
        let took = started.elapsed();
        answer.map_or_else(|error| unreached(&error, took), |answer| Answer { took, ..answer })
    }
}

fn unreached(error: &SendError, took: Duration) -> Answer {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    Answer { fate: error.fate(), status: None, text: shown(text.as_bytes()), took, is_private: false }
}

/// What can be shown of an answer.
fn shown(bytes: &[u8]) -> String {
    crate::text::line(&String::from_utf8_lossy(bytes), SHOWN)
}

/// Host and port of a URL that was checked.
fn place(uri: &Uri) -> Result<(&str, u16), SendError> {
    let host = uri.host().ok_or_else(|| SendError::Wrong("url: it names no host".to_owned()))?;
    let standard = if uri.scheme_str() == Some("https") { 443 } else { 80 };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Ok((host, uri.port_u16().unwrap_or(standard)))
}
