//! Who asks, as far as the server that lends the connections knows it, and what decides whether they may.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use auth::{Key, Keys};
use axum::http::Extensions;

/// What the server needs to ask who is there.
#[derive(Debug, Clone)]
pub struct Auth {
    pub keys: Keys,
    /// Twelve digits, for the ARNs of users.
    pub account_id: String,
    /// Whether browsers reach this server by TLS, and so must not show the cookie elsewhere.
    pub is_tls: bool,
}

/// The address that a request comes from; `server` puts it into every request. It is that of the connection, unless a proxy that is
/// trusted tells of another.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// Whose request it is, where the server asks: for handlers that learn only from the body what is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) key: Arc<Key>,
    pub(crate) peer: IpAddr,
}

/// Where a request comes from, for what is counted by peer; all of which nobody knows it are one.
pub(crate) fn peer(extensions: &Extensions) -> IpAddr {
    extensions.get::<Peer>().map_or(Ipv6Addr::UNSPECIFIED.into(), |Peer(peer)| *peer)
}
