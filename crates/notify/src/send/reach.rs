//! From a name to a connection: resolved once, every address looked at, and connected to what was looked at.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpStream;

use super::{CONNECT_LIMIT, SendError, Sender};

/// Who knows the addresses of names.
#[derive(Debug, Clone)]
pub enum Names {
    /// The system.
    System,
    /// A table, for tests.
    Table(Arc<HashMap<String, Vec<IpAddr>>>),
}

impl Names {
    async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, SendError> {
        let found = match self {
            Self::Table(table) => {
                let known = table.get(host).cloned().unwrap_or_default();
                Ok(known.into_iter().map(|address| SocketAddr::new(address, port)).collect())
            }
            Self::System => {
                tokio::net::lookup_host((host, port)).await.map(|addresses| addresses.take(16).collect())
            }
        };
        let found: Vec<SocketAddr> =
            found.map_err(|source| SendError::Resolve { host: host.to_owned(), source })?;
        if found.is_empty() {
            let source = std::io::Error::new(std::io::ErrorKind::NotFound, "it has no address");
            return Err(SendError::Resolve { host: host.to_owned(), source });
        }
        Ok(found)
    }
}

impl Sender {
    /// The addresses of a host, all of which may be called. One that may not makes the name suspect as a whole.
    pub(super) async fn checked(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, SendError> {
        let addresses = self.names.addresses(host, port).await?;
        for address in &addresses {
            if let Some(why) = self.policy.refusal(address.ip()) {
                let (host, address) = (host.to_owned(), address.ip().to_string());
                return Err(SendError::Blocked { host, address, why });
            }
        }
        Ok(addresses)
    }

    /// A connection to the first address that takes one.
    pub(super) async fn connect(&self, host: &str, port: u16) -> Result<(TcpStream, IpAddr), SendError> {
        let mut last = format!("{host}:{port} does not answer");
        for address in self.checked(host, port).await? {
            match tokio::time::timeout(CONNECT_LIMIT, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok((stream, address.ip())),
                Ok(Err(error)) => last = format!("connect to {address}: {error}"),
                Err(_) => {
                    last = format!("connect to {address}: no answer within {} s", CONNECT_LIMIT.as_secs())
                }
            }
        }
        Err(SendError::Unreached(last))
    }
}
