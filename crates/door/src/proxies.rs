//! Where a request comes from that proxies have handed on, by what those of them say that are trusted.
//!
//! Each proxy writes at the end of `X-Forwarded-For`, or of `Forwarded`, who came to it. So the list is read from its end, and
//! only as far as whoever wrote is trusted: what stands before that, anybody could have sent.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::header::{FORWARDED, HeaderMap, HeaderName};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The addresses of proxies that are trusted; by default nobody's. A cheap clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies(Arc<[IpNet]>);

/// A trusted proxy hands on a header that it does not write, so that nobody knows which one is its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unclear;

impl Proxies {
    /// Refuses what would trust everybody, and what no address ever lies in.
    pub fn new(networks: Vec<IpNet>) -> Result<Self, String> {
        for network in &networks {
            if network.prefix_len() == 0 {
                return Err(format!(
                    "`{network}` is every address, so that anybody could say to be somebody else; name the networks that the proxies are in"
                ));
            }
            if matches!(network, IpNet::V6(network) if network.addr().to_ipv4_mapped().is_some()) {
                return Err(format!(
                    "`{network}` is written as IPv6, and who comes by IPv4 is known by that; write the IPv4 range, such as 10.0.0.0/8"
                ));
            }
        }
        Ok(Self(networks.into()))
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whose request it is that came over a connection of `peer`: the last address that is no trusted proxy's. Where a proxy does
    /// not tell, it is the proxy's.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Result<IpAddr, Unclear> {
        if !self.contains(peer) {
            return Ok(peer);
        }
        let [usual, standard] =
            [(X_FORWARDED_FOR, address as fn(&str) -> _), (FORWARDED, forwarded)].map(|(name, read)| {
                headers.contains_key(&name).then(|| self.last_stranger(peer, headers, &name, read))
            });
        match (usual, standard) {
            (Some(usual), Some(standard)) if usual != standard => Err(Unclear),
            (usual, standard) => Ok(usual.or(standard).unwrap_or(peer)),
        }
    }

    fn last_stranger(
        &self,
        peer: IpAddr,
        headers: &HeaderMap,
        name: &HeaderName,
        read: fn(&str) -> Option<IpAddr>,
    ) -> IpAddr {
        let mut nearest = peer;
        for line in headers.get_all(name).iter().rev() {
            // No address has a comma in it, so quotes need not be heeded, which a stranger may have left open.
            for hop in line.to_str().unwrap_or_default().rsplit(',') {
                let Some(address) = read(hop) else { return nearest };
                nearest = address;
                if !self.contains(address) {
                    return nearest;
                }
            }
        }
        nearest
    }
}

/// An address, which some proxies write with a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().or_else(|_| text.parse().map(|address: SocketAddr| address.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

/// The address of one element of `Forwarded`. <https://www.rfc-editor.org/rfc/rfc7239#section-4>
fn forwarded(element: &str) -> Option<IpAddr> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    address(value.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(networks: &[&str]) -> Proxies {
        Proxies::new(networks.iter().map(|network| network.parse().unwrap()).collect()).unwrap()
    }

    /// Headers as `name: value`, of a request by 10.0.0.1.
    fn check(headers: &[&str], expected: Result<&str, Unclear>) {
        let mut map = HeaderMap::new();
        for header in headers {
            let (name, value) = header.split_once(": ").unwrap();
            map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
        }
        let trusted = proxies(&["10.0.0.0/8", "2001:db8:1::/48"]);
        let client = trusted.client([10, 0, 0, 1].into(), &map);
        assert_eq!(client.map(|address| address.to_string()), expected.map(ToOwned::to_owned), "{headers:?}");
        let stranger = [192, 0, 2, 200].into();
        assert_eq!(trusted.client(stranger, &map), Ok(stranger), "it is not asked: {headers:?}");
        assert_eq!(Proxies::default().client([10, 0, 0, 1].into(), &map), Ok([10, 0, 0, 1].into()));
    }

    #[test]
    fn the_last_address_that_is_no_proxy_is_the_clients() {
        check(&[], Ok("10.0.0.1"));
        check(&["x-forwarded-for: 192.0.2.7"], Ok("192.0.2.7"));
        check(&["x-forwarded-for: 127.0.0.1, 198.51.100.1, 192.0.2.7"], Ok("192.0.2.7"));
        check(&["x-forwarded-for: 198.51.100.1, 192.0.2.7,10.9.9.9 , 10.0.0.2"], Ok("192.0.2.7"));
        check(&["x-forwarded-for: 198.51.100.1", "x-forwarded-for: 192.0.2.7"], Ok("192.0.2.7"));
        check(&["x-forwarded-for: 10.0.0.3, 10.0.0.2"], Ok("10.0.0.3"));
        check(&["x-forwarded-for: 192.0.2.7:4711"], Ok("192.0.2.7"));
        check(&["x-forwarded-for: 2001:db8:2::7"], Ok("2001:db8:2::7"));
        check(&["x-forwarded-for: [2001:db8:2::7]:4711, 2001:db8:1::2"], Ok("2001:db8:2::7"));
        check(&["x-forwarded-for: ::ffff:192.0.2.7"], Ok("192.0.2.7"));
    }

    #[test]
    fn where_a_proxy_does_not_tell_it_is_the_proxy_itself() {
        for told in ["unknown", "192.0.2.7, unknown", "", "192.0.2.7,", "192.0.2.7, 10.0.0.256"] {
            check(&[&format!("x-forwarded-for: {told}")], Ok("10.0.0.1"));
        }
        check(&["x-forwarded-for: 192.0.2.7, _hidden, 10.0.0.2"], Ok("10.0.0.2"));
    }

    #[test]
    fn the_standard_header_says_the_same() {
        check(&["forwarded: for=192.0.2.7"], Ok("192.0.2.7"));
        check(
            &["forwarded: for=198.51.100.1, proto=https;For=\"192.0.2.7:4711\";by=10.0.0.2"],
            Ok("192.0.2.7"),
        );
        check(&["forwarded: for=192.0.2.7, for=\"[2001:db8:1::9]:80\""], Ok("192.0.2.7"));
        check(&["forwarded: for=\"_gone, for=192.0.2.7"], Ok("192.0.2.7"));
        check(&["forwarded: proto=https"], Ok("10.0.0.1"));
        check(&["forwarded: for=192.0.2.7", "x-forwarded-for: 192.0.2.7"], Ok("192.0.2.7"));
        check(&["forwarded: for=198.51.100.1", "x-forwarded-for: 192.0.2.7"], Err(Unclear));
    }

    #[test]
    fn nobody_can_trust_everybody_by_mistake() {
        let refused = |network: &str| Proxies::new(vec![network.parse().unwrap()]).unwrap_err();
        assert!(refused("0.0.0.0/0").contains("every address"));
        assert!(refused("::/0").contains("every address"));
        assert!(refused("::ffff:10.0.0.0/104").contains("write the IPv4 range"));
        assert!(proxies(&["10.0.0.0/8"]).contains("::ffff:10.1.2.3".parse().unwrap()));
    }
}
