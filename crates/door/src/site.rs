//! Which requests come from a page of another site, by what browsers say of themselves.
//!
//! SDKs, the AWS CLI and other programs send no `Origin`. A page of another site that has this machine's address under a name
//! of its own (DNS rebinding) sends that name as the host; so where nobody has to sign in, only names count that a stranger
//! cannot have in the public DNS.

use std::net::IpAddr;

use http::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use http::uri::{self, Uri};

/// Ends of names that nobody can register, and that of AWS's own, which programs are told to send.
const PRIVATE_ENDS: [&str; 7] =
    [".localhost", ".local", ".internal", ".svc", ".cluster.local", ".home.arpa", ".amazonaws.com"];

/// The host that a request names, with its port.
pub fn host<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    text(headers, &HOST).or_else(|| uri.authority().map(uri::Authority::as_str))
}

pub fn origin(headers: &HeaderMap) -> Option<&str> {
    text(headers, &ORIGIN)
}

/// Whether the request was sent by a page of another site than the host that it names.
pub fn is_foreign(headers: &HeaderMap, uri: &Uri) -> bool {
    let Some(origin) = origin(headers) else { return false };
    let own = origin.split_once("://").map(|(_, authority)| authority);
    own.is_none() || own != host(headers, uri)
}

/// Passes what programs send; no page has anything to ask of an agent. `is_local`: it listens on this machine alone, where
/// every name that somebody could have pointed at it is suspect.
pub fn of_program(headers: &HeaderMap, uri: &Uri, is_local: bool) -> Result<(), &'static str> {
    if headers.contains_key(ORIGIN) {
        return Err("the agent answers programs and not pages of a browser");
    }
    if is_local && host(headers, uri).is_some_and(|host| !is_private(host, &[])) {
        return Err("the agent listens on loopback and answers to localhost or an IP address only");
    }
    Ok(())
}

/// Whether no stranger can have pointed this name at us: a name without a dot, an IP address, a name of a private network,
/// or one of `ours`.
pub fn is_private(host: &str, ours: &[String]) -> bool {
    let Ok(authority) = host.parse::<uri::Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    let name = name.to_ascii_lowercase();
    !name.contains('.')
        || name.parse::<IpAddr>().is_ok()
        || PRIVATE_ENDS.iter().any(|end| name.ends_with(end))
        || ours.iter().any(|own| own.eq_ignore_ascii_case(&name))
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_stranger_can_have_are_not_private() {
        for host in [
            "localhost:2000",
            "LOCALHOST",
            "fluoro.localhost",
            "127.0.0.1:2000",
            "[::1]:2000",
            "10.0.0.7",
            "fluoro:2000",
            "fluoro.monitoring.svc:2000",
            "fluoro.monitoring.svc.cluster.local",
            "xray.eu-west-1.amazonaws.com",
            "host.docker.internal:2000",
            "traces.corp.example",
        ] {
            assert!(is_private(host, &["Traces.corp.example".to_owned()]), "{host}");
        }
        for host in [
            "evil.example:2000",
            "evil.example.",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "amazonaws.com.evil.example",
            "svc.evil.example",
            "a b",
            "",
        ] {
            assert!(!is_private(host, &[]), "{host}");
        }
    }

    #[test]
    fn no_page_passes_an_agent() {
        let check = |headers: &[(&str, &str)], is_local| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.insert(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
            }
            of_program(&map, &Uri::from_static("/TraceSegments"), is_local).is_ok()
        };
        assert!(check(&[("host", "127.0.0.1:2000")], true));
        assert!(check(&[("host", "xray.us-east-1.amazonaws.com")], true));
        assert!(check(&[], true));
        assert!(check(&[("host", "agent.example")], false));
        assert!(!check(&[("host", "evil.example")], true));
        for origin in ["https://evil.example", "null", "http://127.0.0.1:2000"] {
            assert!(!check(&[("host", "127.0.0.1:2000"), ("origin", origin)], true), "{origin}");
            assert!(!check(&[("host", "agent:2000"), ("origin", origin)], false), "{origin}");
        }
    }
}
