//! Keeps pages of other sites from using a browser to reach this server.
//!
//! SDKs, the AWS CLI and other programs are never affected: they send no `Origin`, and do not ask `/api/`.
//!
//! - A request with an `Origin` that is not this server's own is refused unless it only reads: no other site's page
//!   may plant traces. (Reading is kept from it by the browser, since no CORS header is sent.) Spans alone may come from
//!   the origins of `--otlp-cors`.
//! - Where nobody has to sign in, a request must name a host that no stranger can have in the public DNS, or one of
//!   `--host-name`: a name that an attacker points at this machine (DNS rebinding) does not pass, whatever is asked and
//!   wherever the server listens, in a container too. With `--auth on` any name will do, since a page of another site has
//!   no key.
//!
//! What a private name is, `door::site` says, for the agent as well.

use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use door::site;

use crate::app::Shared;
use crate::audit;
use crate::error::Problem;
use crate::otlp::cors::MaySend;

/// Why a request goes no further.
#[derive(Debug, PartialEq)]
enum Refused {
    /// A page of another site sent it.
    OtherSite,
    /// It names a host that could be anybody's.
    Host,
}

pub(crate) async fn refuse_other_sites(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let hosts = app.deps.auth.is_none().then_some(app.deps.listeners.host_names.as_slice());
    match verdict(&request, hosts) {
        Ok(()) => next.run(request).await,
        Err(Refused::OtherSite) => {
            audit::refused(&app, &request, "page of another site");
            Problem::forbidden("the page that sent this request belongs to another site").into_response()
        }
        Err(Refused::Host) => {
            audit::refused(&app, &request, "host");
            let host = site::host(request.headers(), request.uri()).unwrap_or_default();
            let host: String = host.chars().take(LONGEST_TOLD).collect();
            Problem::misdirected(format!(
                "this server does not know that {host:?} is its name; start it with --host-name to allow it, or with --auth on"
            ))
            .into_response()
        }
    }
}

/// Of a host, what is told.
const LONGEST_TOLD: usize = 100;

/// `hosts`: the names that count beside private ones; none where every name does.
fn verdict(request: &Request, hosts: Option<&[String]>) -> Result<(), Refused> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let (headers, uri) = (request.headers(), request.uri());
    let may_send = request.extensions().get::<MaySend>().is_some();
    if !reads && !may_send && site::is_foreign(headers, uri) {
        return Err(Refused::OtherSite);
    }
    match (hosts, site::host(headers, uri)) {
        (Some(hosts), Some(host)) if !site::is_private(host, hosts) => Err(Refused::Host),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn check(
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        hosts: Option<&[String]>,
    ) -> Result<(), Refused> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        verdict(&request.body(Body::empty()).unwrap(), hosts)
    }

    const LOCAL: &str = "127.0.0.1:2000";

    #[test]
    fn programs_pass() {
        assert_eq!(
            check("POST", "/TraceSegments", &[("host", "xray.eu-west-1.amazonaws.com")], Some(&[])),
            Ok(())
        );
        assert_eq!(check("POST", "/GetSamplingRules", &[], Some(&[])), Ok(()));
        assert_eq!(check("POST", "/TraceSegments", &[("host", "traces.example.com")], None), Ok(()));
    }

    #[test]
    fn a_page_of_another_site_cannot_write() {
        for origin in ["https://evil.example", "null", "http://127.0.0.1:3000"] {
            let headers = [("host", LOCAL), ("origin", origin)];
            assert_eq!(check("POST", "/TraceSegments", &headers, None), Err(Refused::OtherSite), "{origin}");
            assert_eq!(
                check("POST", "/api/test-trace", &headers, Some(&[])),
                Err(Refused::OtherSite),
                "{origin}"
            );
        }
        let own = [("host", LOCAL), ("origin", "http://127.0.0.1:2000")];
        assert_eq!(check("POST", "/api/test-trace", &own, Some(&[])), Ok(()));
    }

    #[test]
    fn a_name_that_was_pointed_here_cannot_read() {
        let ours = ["traces.example.com".to_owned()];
        let rebound = [("host", "evil.example:2000"), ("origin", "http://evil.example:2000")];
        for path in ["/api/traces", "/metrics", "/readyz", "/"] {
            assert_eq!(check("GET", path, &rebound[..1], Some(&ours)), Err(Refused::Host), "{path}");
            assert_eq!(check("GET", path, &[("host", "traces.example.com")], Some(&ours)), Ok(()));
        }
        assert_eq!(check("POST", "/TraceSummaries", &rebound, Some(&[])), Err(Refused::Host));
        for host in ["localhost:2000", "[::1]:2000", "fluoro:2000", "fluoro.monitoring.svc:2000"] {
            assert_eq!(check("GET", "/api/traces", &[("host", host)], Some(&[])), Ok(()), "{host}");
        }
    }
}
