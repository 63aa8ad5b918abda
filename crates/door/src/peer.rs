//! Who counts as one peer where shares and connections are counted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address under which somebody is counted: of IPv6 the network of 64 bits, since whoever has one address of it has
/// all; and this machine under one, whichever of its loopback addresses it takes.
pub fn of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        address if address.is_loopback() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_can_take_another_address_at_will_is_one_peer() {
        let check = |address: &str, expected: &str| {
            assert_eq!(of(address.parse().unwrap()).to_string(), expected, "{address}");
        };
        check("192.0.2.7", "192.0.2.7");
        check("::ffff:192.0.2.7", "192.0.2.7");
        check("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::");
        check("127.8.0.9", "127.0.0.1");
        check("::1", "127.0.0.1");
    }
}
