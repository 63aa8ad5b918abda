//! A range of addresses in CIDR notation, or a single address.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize, Serializer};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    address: IpAddr,
    /// Leading bits that count.
    prefix: u8,
}

impl Network {
    /// An IPv4 address that came in through an IPv6 socket is that IPv4 address.
    pub(super) fn contains(self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differ = own.to_bits() ^ other.to_bits();
                self.prefix == 0 || differ >> (32 - self.prefix) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differ = own.to_bits() ^ other.to_bits();
                self.prefix == 0 || differ >> (128 - self.prefix) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no address or range such as 10.0.0.0/8");
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix: u8 = match prefix {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok().filter(|prefix| *prefix <= bits).ok_or_else(wrong)?
            }
            Some(_) => return Err(wrong()),
            None => bits,
        };
        match address {
            // Whoever comes is known by the IPv4 address, so the range must be one of IPv4 as well.
            IpAddr::V6(mapped) if mapped.to_ipv4_mapped().is_some() => match prefix.checked_sub(96) {
                Some(prefix) => Ok(Self { address: address.to_canonical(), prefix }),
                None => Err(format!(
                    "`{text}` is a range of IPv4 addresses and more; write the IPv4 range, such as 10.0.0.0/8"
                )),
            },
            _ => Ok(Self { address, prefix }),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
