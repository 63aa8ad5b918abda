//! Keeps pages of other sites from using a browser to reach this server.
//!
//! SDKs, the AWS CLI and other programs are never affected: they send no `Origin`, and do not ask `/api/`.
//!
//! - A request with an `Origin` that is not this server's own is refused unless it only reads: no other site's page
//!   may plant traces. (Reading is kept from it by the browser, since no CORS header is ever sent.)
//! - While the server listens on loopback alone, the console's API answers only to names of the machine
//!   itself: `localhost` and IP addresses. A name that an attacker points at 127.0.0.1 (DNS rebinding) does not
//!   pass. A server bound elsewhere is reached under names that it cannot know, and takes any.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{Request, State};
use axum::http::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use axum::http::{Method, uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::Shared;
use crate::error::Problem;

pub(crate) async fn refuse_other_sites(State(app): State<Shared>, request: Request, next: Next) -> Response {
    match verdict(&request, &app.deps.listeners.http) {
        Ok(()) => next.run(request).await,
        Err(detail) => Problem::forbidden(detail).into_response(),
    }
}

fn verdict(request: &Request, listener: &str) -> Result<(), &'static str> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let headers = request.headers();
    let host = text(headers, &HOST).or_else(|| request.uri().authority().map(uri::Authority::as_str));
    let origin = text(headers, &ORIGIN);
    if let Some(origin) = origin.filter(|_| !reads) {
        let own = origin.split_once("://").map(|(_, authority)| authority);
        if own.is_none() || own != host {
            return Err("the page that sent this request belongs to another site");
        }
    }
    let from_a_browser = origin.is_some() || request.uri().path().starts_with("/api/");
    if from_a_browser && is_loopback(listener) && host.is_some_and(|host| !names_this_machine(host)) {
        return Err("this server listens on loopback and answers to localhost or an IP address only");
    }
    Ok(())
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn is_loopback(listener: &str) -> bool {
    listener.parse::<SocketAddr>().is_ok_and(|address| address.ip().is_loopback())
}

fn names_this_machine(host: &str) -> bool {
    let Ok(authority) = host.parse::<uri::Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || name.to_ascii_lowercase().ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn check(method: &str, path: &str, headers: &[(&str, &str)], listener: &str) -> bool {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        verdict(&request.body(Body::empty()).unwrap(), listener).is_ok()
    }

    const LOCAL: &str = "127.0.0.1:2000";

    #[test]
    fn programs_pass_whatever_host_they_name() {
        assert!(check("POST", "/TraceSegments", &[("host", "xray.eu-west-1.amazonaws.com")], LOCAL));
        assert!(check("POST", "/GetSamplingRules", &[], LOCAL));
    }

    #[test]
    fn a_page_of_another_site_cannot_write() {
        for origin in ["https://evil.example", "null", "http://127.0.0.1:3000"] {
            let headers = [("host", "127.0.0.1:2000"), ("origin", origin)];
            assert!(!check("POST", "/TraceSegments", &headers, LOCAL), "{origin}");
            assert!(!check("POST", "/api/test-trace", &headers, "0.0.0.0:2000"), "{origin}");
        }
        assert!(check(
            "POST",
            "/api/test-trace",
            &[("host", LOCAL), ("origin", "http://127.0.0.1:2000")],
            LOCAL
        ));
    }

    #[test]
    fn a_name_that_was_pointed_at_loopback_cannot_read() {
        assert!(!check("GET", "/api/traces", &[("host", "evil.example:2000")], LOCAL));
        let rebound = [("host", "evil.example:2000"), ("origin", "http://evil.example:2000")];
        assert!(!check("POST", "/TraceSummaries", &rebound, LOCAL));
        for host in ["localhost:2000", "LOCALHOST", "fluoro.localhost:2000", "127.0.0.1:2000", "[::1]:2000"] {
            assert!(check("GET", "/api/traces", &[("host", host)], LOCAL), "{host}");
        }
        assert!(check("GET", "/api/traces", &[("host", "fluoro.monitoring.svc:2000")], "0.0.0.0:2000"));
    }
}
