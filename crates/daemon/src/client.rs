//! The HTTP client for upstreams: TLS by rustls, an HTTP proxy where one is named, and connections kept open.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use http_body_util::Full;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};

/// Below the 60 s and more after which servers and load balancers close on their side.
const IDLE_LIMIT: Duration = Duration::from_secs(30);
const CONNECT_LIMIT: Duration = Duration::from_secs(3);

#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("the proxy address {0:?} is not one of an HTTP proxy")]
    ProxyAddress(String),
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}

/// One for all upstreams, cheap to clone.
#[derive(Debug, Clone)]
pub(crate) enum HttpClient {
    Direct(Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
    /// Everything goes through a proxy, by CONNECT.
    Tunnelled(Client<HttpsConnector<Tunnel<HttpConnector>>, Full<Bytes>>),
}

/// What the client must know.
#[derive(Debug, Clone)]
pub(crate) struct ClientConfigOf<'a> {
    /// Empty without one.
    pub(crate) proxy: &'a str,
    pub(crate) verify_tls: bool,
    /// Whether any upstream speaks HTTPS; the machine's certificates take a megabyte.
    pub(crate) needs_tls: bool,
}

impl HttpClient {
    pub(crate) fn new(config: &ClientConfigOf<'_>) -> Result<Self, ClientError> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(CONNECT_LIMIT));
        let tls = tls(config)?;
        let builder = || {
            let mut builder = Client::builder(TokioExecutor::new());
            builder.pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE_LIMIT);
            builder
        };
        let https =
            hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        if config.proxy.is_empty() {
            return Ok(Self::Direct(builder().build(https.wrap_connector(http))));
        }
        let tunnel = tunnel(config.proxy, http)?;
        Ok(Self::Tunnelled(builder().build(https.wrap_connector(tunnel))))
    }

    pub(crate) async fn request(
        &self,
        request: http::Request<Full<Bytes>>,
    ) -> Result<http::Response<hyper::body::Incoming>, hyper_util::client::legacy::Error> {
        match self {
            Self::Direct(client) => client.request(request).await,
            Self::Tunnelled(client) => client.request(request).await,
        }
    }
}

fn tunnel(proxy: &str, http: HttpConnector) -> Result<Tunnel<HttpConnector>, ClientError> {
    let wrong = || ClientError::ProxyAddress(proxy.to_owned());
    // The matcher knows how people write such addresses, with names and passwords.
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

fn tls(config: &ClientConfigOf<'_>) -> Result<ClientConfig, ClientError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    if !config.verify_tls {
        let verifier = Arc::new(TrustsAnyone(provider));
        return Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth());
    }
    let mut roots = rustls::RootCertStore::empty();
    if config.needs_tls {
        let found = rustls_native_certs::load_native_certs();
        let (added, _) = roots.add_parsable_certificates(found.certs);
        if added == 0 {
            tracing::error!("found no certificates of authorities: HTTPS will fail; install ca-certificates");
        }
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// For `NoVerifySSL`, which somebody has asked for in so many words.
#[derive(Debug)]
struct TrustsAnyone(Arc<CryptoProvider>);

impl ServerCertVerifier for TrustsAnyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_proxies_are_taken() {
        let check = |proxy: &str, works: bool| {
            let config = ClientConfigOf { proxy, verify_tls: true, needs_tls: false };
            assert_eq!(HttpClient::new(&config).is_ok(), works, "{proxy:?}");
        };
        check("", true);
        check("http://proxy:3128", true);
        check("http://name:secret@proxy:3128", true);
        check("socks5://proxy:1080", false);
        check("https://proxy:3128", false);
    }
}
