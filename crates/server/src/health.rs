//! `fluoro health`: asks the server that runs with these settings whether it lives, for images without a shell.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use door::tls::AnyCertificate;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use crate::address::reachable;
use crate::config::Config;

/// For the connection, and for each piece of the answer.
const LIMIT: Duration = Duration::from_secs(2);
/// The head of the answer is all that counts.
const MAX_ANSWER_BYTES: u64 = 4_096;
const REQUEST: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

#[derive(Debug, thiserror::Error)]
pub enum HealthError {
    #[error("cannot ask {address}")]
    Unreachable { address: SocketAddr, source: io::Error },
    #[error("not healthy: {0}")]
    Answer(String),
    #[error("cannot use TLS")]
    Tls(#[from] rustls::Error),
}

/// Comes back without an error where the server answers that it lives.
pub fn check(config: &Config) -> Result<(), HealthError> {
    let address = reachable(config.bind);
    let unreachable = |source| HealthError::Unreachable { address, source };
    let stream = TcpStream::connect_timeout(&address, LIMIT).map_err(unreachable)?;
    stream.set_read_timeout(Some(LIMIT)).map_err(unreachable)?;
    let answer = match config.tls {
        None => ask(stream),
        Some(_) => ask(StreamOwned::new(connection(address)?, stream)),
    };
    let answer = answer.map_err(unreachable)?;
    match answer.lines().next() {
        Some(status) if status.starts_with("HTTP/1.1 200") => Ok(()),
        status => Err(HealthError::Answer(status.unwrap_or("an empty answer").to_owned())),
    }
}

fn ask(mut stream: impl Read + Write) -> io::Result<String> {
    stream.write_all(REQUEST)?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER_BYTES).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn connection(address: SocketAddr) -> Result<ClientConnection, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth();
    ClientConnection::new(Arc::new(config), ServerName::from(address.ip()))
}
