//! Which addresses may be called. Whoever sets up a notifier makes the server call an address, so the server looks first.
//!
//! Link-local addresses are never called: the metadata of clouds lies there, credentials included. The machine itself may
//! be called where the server listens to the machine alone, since then nobody else sets up notifiers. Private networks
//! may be called: one's own Alertmanager lives there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// What may be called beyond the rules above, and what may not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// Whether the machine itself may be called.
    pub loopback: bool,
    /// Beats `deny` and the rule about the machine itself, but not what is never called.
    pub allow: Vec<IpNet>,
    pub deny: Vec<IpNet>,
}

/// The metadata service of AWS in IPv6, which is no link-local address.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

impl Policy {
    /// Why an address must not be called; nothing where it may.
    pub fn refusal(&self, address: IpAddr) -> Option<&'static str> {
        let address = plain(address);
        if is_never_called(address) {
            return Some(
                "is link-local, unspecified, multicast or a cloud's metadata, which is never called",
            );
        }
        let is_in = |nets: &[IpNet]| nets.iter().any(|net| net.contains(&address));
        if is_in(&self.allow) {
            return None;
        }
        if is_in(&self.deny) {
            return Some("is denied by --notify-deny");
        }
        if address.is_loopback() && !self.loopback {
            return Some("is this machine itself; allow it with --notify-allow");
        }
        None
    }
}

/// The address that is meant where one of IPv4 is written in IPv6: mapped, compatible, by NAT64 or 6to4.
fn plain(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let [a, b, c, d, e, f, high, low] = v6.segments();
    let from = |high: u16, low: u16| {
        let [one, two] = high.to_be_bytes();
        let [three, four] = low.to_be_bytes();
        IpAddr::V4(Ipv4Addr::new(one, two, three, four))
    };
    match [a, b, c, d, e, f] {
        [0, 0, 0, 0, 0, 0xffff] | [0x64, 0xff9b, 0, 0, 0, 0] => from(high, low),
        [0, 0, 0, 0, 0, 0] if high != 0 => from(high, low),
        [0x64, 0xff9b, 1, ..] => from(high, low),
        [0x2002, ..] => from(b, c),
        _ => address,
    }
}

fn is_never_called(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            v4.is_link_local()
                || v4.is_multicast()
                || v4.is_broadcast()
                || v4.octets()[0] == 0
                // The metadata services of Alibaba Cloud and Oracle's older one.
                || v4 == Ipv4Addr::new(100, 100, 100, 200)
                || v4 == Ipv4Addr::new(192, 0, 0, 192)
        }
        IpAddr::V6(v6) => {
            v6.is_unspecified()
                || v6.is_multicast()
                || (v6.segments()[0] & 0xffc0) == 0xfe80
                || v6 == METADATA_V6
        }
    }
}

/// Whether it lies in a network of one's own, so that what it answers is nobody else's business.
pub fn is_private(address: IpAddr) -> bool {
    match plain(address) {
        IpAddr::V4(v4) => {
            v4.is_private() || v4.is_loopback() || (v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64)
        }
        IpAddr::V6(v6) => v6.is_loopback() || (v6.segments()[0] & 0xfe00) == 0xfc00,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(policy: &Policy, address: &str, may: bool) {
        let refusal = policy.refusal(address.parse().unwrap());
        assert_eq!(refusal.is_none(), may, "{address}: {refusal:?}");
    }

    #[test]
    fn metadata_and_its_disguises_are_never_called() {
        let everything = ["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()];
        let policy = Policy { loopback: true, allow: everything.to_vec(), deny: Vec::new() };
        for address in [
            "169.254.169.254",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "255.255.255.255",
            "100.100.100.200",
            "fe80::1",
            "febf::1",
            "fd00:ec2::254",
            "::",
            "ff02::1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a9fe:a9fe",
            "::169.254.169.254",
            "2002:a9fe:a9fe::1",
        ] {
            check(&policy, address, false);
        }
        for address in ["8.8.8.8", "10.0.0.1", "127.0.0.1", "::1", "::ffff:8.8.8.8", "2600::1", "fd00::1"] {
            check(&policy, address, true);
        }
    }

    #[test]
    fn the_machine_itself_is_called_where_that_is_allowed() {
        let closed = Policy::default();
        for address in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"] {
            check(&closed, address, false);
            check(&Policy { loopback: true, ..Policy::default() }, address, true);
        }
        let one = Policy { allow: vec!["127.0.0.1/32".parse().unwrap()], ..Policy::default() };
        check(&one, "127.0.0.1", true);
        check(&one, "127.0.0.2", false);
    }

    #[test]
    fn what_is_denied_is_not_called_unless_it_is_allowed() {
        let policy = Policy {
            deny: vec!["10.0.0.0/8".parse().unwrap()],
            allow: vec!["10.1.0.0/16".parse().unwrap()],
            loopback: false,
        };
        check(&policy, "10.2.0.1", false);
        check(&policy, "::ffff:10.2.0.1", false);
        check(&policy, "10.1.0.1", true);
        check(&policy, "192.168.0.1", true);
    }
}
