//! Where the daemon is: `AWS_XRAY_DAEMON_ADDRESS` in each of its forms.

use std::fmt;

/// Names stay names, so that a daemon that moves is found again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DaemonAddress {
    pub(crate) udp: HostPort,
    pub(crate) tcp: HostPort,
}

/// A host, by name or address, and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostPort {
    /// An IPv6 address without its brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Default for DaemonAddress {
    fn default() -> Self {
        let standard = HostPort { host: "127.0.0.1".to_owned(), port: 2000 };
        Self { udp: standard.clone(), tcp: standard }
    }
}

impl DaemonAddress {
    /// `host:port`, or `tcp:host:port udp:host:port` in either order. The error says what is wrong.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let fault = || format!("{text:?} is not host:port, nor tcp:host:port udp:host:port");
        match (words.next(), words.next(), words.next()) {
            (Some(both), None, None) => {
                let both = HostPort::parse(both).ok_or_else(fault)?;
                Ok(Self { udp: both.clone(), tcp: both })
            }
            (Some(one), Some(other), None) => {
                let with = |protocol| [one, other].into_iter().find_map(|word| word.strip_prefix(protocol));
                let door = |protocol| with(protocol).and_then(HostPort::parse).ok_or_else(fault);
                Ok(Self { udp: door("udp:")?, tcp: door("tcp:")? })
            }
            _ => Err(fault()),
        }
    }
}

impl HostPort {
    fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        // More than one colon without brackets cannot be told apart.
        let host = bare.or_else(|| (!host.contains([':', '[', ']'])).then_some(host))?;
        let port = port.parse().ok().filter(|&port| port != 0)?;
        (!host.is_empty()).then(|| Self { host: host.to_owned(), port })
    }

    pub(crate) fn as_pair(&self) -> (&str, u16) {
        (&self.host, self.port)
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_read() {
        let check = |text: &str, udp: &str, tcp: &str| {
            let address = DaemonAddress::parse(text).unwrap();
            assert_eq!((address.udp.to_string().as_str(), address.tcp.to_string().as_str()), (udp, tcp));
        };
        check("127.0.0.1:3000", "127.0.0.1:3000", "127.0.0.1:3000");
        check("xray.internal:2000", "xray.internal:2000", "xray.internal:2000");
        check("tcp:a:1 udp:b:2", "b:2", "a:1");
        check(" udp:b:2  tcp:a:1 ", "b:2", "a:1");
        check("[::1]:2000", "[::1]:2000", "[::1]:2000");
        for bad in [
            "",
            "host",
            "host:",
            "host:x",
            ":1",
            "h:0",
            "h:70000",
            "::1:2000",
            "tcp:a:1",
            "udp:a:1 udp:b:2",
            "a:1 b:2 c:3",
        ] {
            assert!(DaemonAddress::parse(bad).is_err(), "{bad}");
        }
    }
}
