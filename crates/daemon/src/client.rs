//! The HTTP client for upstreams: TLS by rustls, an HTTP proxy where one is named, and connections kept open.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use door::tls::{AnyCertificate, ClientCertificate, TlsError, authorities};
use http::Uri;
use http_body_util::Full;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};

use crate::config::UpstreamConfig;
use crate::environment::Environment;

/// Below the 60 s and more after which servers and load balancers close on their side.
const IDLE_LIMIT: Duration = Duration::from_secs(30);
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// While a request is under way. Servers in Go close connections that ask more often than they answer.
const PING_EVERY: Duration = Duration::from_secs(5);
const PING_LIMIT: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("the proxy address {0:?} is not one of an HTTP proxy")]
    ProxyAddress(String),
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    #[error("a file of Endpoints cannot be used")]
    File(#[from] TlsError),
}

/// One for all upstreams that speak a version of HTTP, cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct HttpClient {
    direct: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    tunnelled: Option<Tunnelled>,
}

/// By CONNECT through a proxy, for the addresses that it is for.
#[derive(Debug, Clone)]
struct Tunnelled {
    matcher: Arc<Matcher>,
    client: Client<HttpsConnector<Tunnel<HttpConnector>>, Full<Bytes>>,
}

/// A proxy on the way to the upstreams; none where the address is empty.
#[derive(Debug, Clone, Default)]
pub(crate) struct ProxyChoice {
    pub(crate) address: String,
    /// As its name says, `HTTPS_PROXY` is for HTTPS, while a flag is for everything.
    pub(crate) only_https: bool,
    /// `NO_PROXY`, which AWS's daemon does not heed.
    pub(crate) exceptions: String,
}

/// The version is not negotiated: gRPC needs the second, which not every server of the others has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    Http1,
    Http2,
}

impl ProxyChoice {
    pub(crate) fn of(given: &str, environment: Environment<'_>) -> Self {
        if !given.is_empty() {
            return Self { address: given.to_owned(), ..Self::default() };
        }
        let variable = |name: &str| environment(name).unwrap_or_default();
        Self { address: variable("HTTPS_PROXY"), only_https: true, exceptions: variable("NO_PROXY") }
    }

    fn matcher(&self) -> Matcher {
        let builder = Matcher::builder().no(self.exceptions.clone());
        match self.only_https {
            true => builder.https(self.address.clone()).build(),
            false => builder.all(self.address.clone()).build(),
        }
    }
}

impl HttpClient {
    pub(crate) fn new(
        version: Version,
        proxy: &ProxyChoice,
        tls: &ClientConfig,
    ) -> Result<Self, ClientError> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(CONNECT_LIMIT));
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE_LIMIT);
        if version == Version::Http2 {
            // A connection whose other end went away without a word would take every request.
            builder.timer(TokioTimer::new()).http2_only(true);
            builder.http2_keep_alive_interval(PING_EVERY).http2_keep_alive_timeout(PING_LIMIT);
        }
        let tunnelled = match proxy.address.as_str() {
            "" => None,
            address => Some(Tunnelled {
                matcher: Arc::new(proxy.matcher()),
                client: builder.build(https(version, tls, tunnel(address, http.clone())?)),
            }),
        };
        Ok(Self { direct: builder.build(https(version, tls, http)), tunnelled })
    }

    pub(crate) async fn request(
        &self,
        request: http::Request<Full<Bytes>>,
    ) -> Result<http::Response<hyper::body::Incoming>, hyper_util::client::legacy::Error> {
        match &self.tunnelled {
            Some(Tunnelled { matcher, client }) if matcher.intercept(request.uri()).is_some() => {
                client.request(request).await
            }
            _ => self.direct.request(request).await,
        }
    }
}

fn https<C>(version: Version, tls: &ClientConfig, inner: C) -> HttpsConnector<C> {
    let builder = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls.clone()).https_or_http();
    match version {
        Version::Http1 => builder.enable_http1().wrap_connector(inner),
        Version::Http2 => builder.enable_http2().wrap_connector(inner),
    }
}

/// The matcher knows how people write such addresses, with names and passwords.
fn tunnel(proxy: &str, http: HttpConnector) -> Result<Tunnel<HttpConnector>, ClientError> {
    let wrong = || ClientError::ProxyAddress(proxy.to_owned());
    let matcher = Matcher::builder().all(proxy.to_owned()).build();
    let intercept = matcher.intercept(&Uri::from_static("https://xray.invalid")).ok_or_else(wrong)?;
    if intercept.uri().scheme_str() != Some("http") {
        return Err(wrong());
    }
    let tunnel = Tunnel::new(intercept.uri().clone(), http);
    Ok(match intercept.basic_auth() {
        Some(authorization) => tunnel.with_auth(authorization.clone()),
        None => tunnel,
    })
}

/// Whose certificates are taken.
#[derive(Debug, Clone)]
pub(crate) enum Trust {
    /// `NoVerifySSL`.
    Any,
    Authorities(Arc<RootCertStore>),
}

impl Trust {
    /// Whom this machine trusts. `is_needed`: whether any upstream speaks HTTPS; the certificates take a megabyte.
    pub(crate) fn of_machine(is_needed: bool) -> Self {
        let mut roots = RootCertStore::empty();
        if is_needed {
            let found = rustls_native_certs::load_native_certs();
            let (added, _) = roots.add_parsable_certificates(found.certs);
            if added == 0 {
                tracing::error!(
                    "found no certificates of authorities: HTTPS will fail; install ca-certificates"
                );
            }
        }
        Self::Authorities(Arc::new(roots))
    }

    fn of_file(file: &Path) -> Result<Self, ClientError> {
        Ok(Self::Authorities(Arc::new(authorities(file)?)))
    }
}

/// TLS towards an upstream, with the files that it has of its own.
pub(crate) fn tls(trust: &Trust, upstream: &UpstreamConfig) -> Result<ClientConfig, ClientError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let trust = match &upstream.authorities {
        Some(file) => &Trust::of_file(file)?,
        None => trust,
    };
    let builder = match trust {
        Trust::Any => {
            let verifier = Arc::new(AnyCertificate(Arc::clone(&provider)));
            builder.dangerous().with_custom_certificate_verifier(verifier)
        }
        Trust::Authorities(roots) => builder.with_root_certificates(Arc::clone(roots)),
    };
    Ok(match &upstream.certificate {
        None => builder.with_no_client_auth(),
        Some(files) => {
            let shown = ClientCertificate::load(files.clone(), provider)?;
            builder.with_client_cert_resolver(Arc::new(shown))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_proxies_are_taken() {
        let check = |proxy: &str, works: bool| {
            let proxy = ProxyChoice { address: proxy.to_owned(), ..ProxyChoice::default() };
            let tls = tls(&Trust::Any, &String::new().into()).unwrap();
            for version in [Version::Http1, Version::Http2] {
                assert_eq!(HttpClient::new(version, &proxy, &tls).is_ok(), works, "{proxy:?}");
            }
        };
        check("", true);
        check("http://proxy:3128", true);
        check("http://name:secret@proxy:3128", true);
        check("socks5://proxy:1080", false);
        check("https://proxy:3128", false);
    }

    #[test]
    fn a_proxy_of_the_environment_is_for_https_and_has_exceptions() {
        let environment = |name: &str| match name {
            "HTTPS_PROXY" => Some("http://proxy:3128".to_owned()),
            "NO_PROXY" => Some("internal.example".to_owned()),
            _ => None,
        };
        let check = |given: &str, address: &'static str, is_proxied: bool| {
            let matcher = ProxyChoice::of(given, &environment).matcher();
            assert_eq!(
                matcher.intercept(&Uri::from_static(address)).is_some(),
                is_proxied,
                "{given:?} {address}"
            );
        };
        check("", "https://xray.eu-west-1.amazonaws.com", true);
        check("", "http://fluoro:2000", false);
        check("", "https://internal.example", false);
        check("http://other:1", "http://fluoro:2000", true);
        check("http://other:1", "https://internal.example", true);
    }
}
