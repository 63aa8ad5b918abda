//! What an address means to others: whether they can reach it, and how one reaches it from here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// An address at which a socket that listens on `local` can be reached from this machine.
pub fn reachable(local: SocketAddr) -> SocketAddr {
    let ip = match local.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, local.port())
}

/// Whether other machines can reach a socket that listens on `local`.
pub fn is_exposed(local: SocketAddr) -> bool {
    // A loopback address of IPv4 can also be written as one of IPv6.
    !local.ip().to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_not_exposed() {
        let check =
            |address: &str, expected| assert_eq!(is_exposed(address.parse().unwrap()), expected, "{address}");
        check("127.0.0.1:2000", false);
        check("127.0.0.53:2000", false);
        check("[::1]:2000", false);
        check("[::ffff:127.0.0.1]:2000", false);
        check("0.0.0.0:2000", true);
        check("[::]:2000", true);
    }

    #[test]
    fn a_server_that_listens_everywhere_is_reached_on_loopback() {
        let check = |local: &str, expected: &str| {
            assert_eq!(reachable(local.parse().unwrap()).to_string(), expected);
        };
        check("0.0.0.0:2000", "127.0.0.1:2000");
        check("[::]:2000", "[::1]:2000");
        check("127.0.0.2:2000", "127.0.0.2:2000");
    }
}
