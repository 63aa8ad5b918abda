//! Which certificates of a server are taken.

use std::path::Path;
use std::sync::Arc;

use door::tls::AnyCertificate;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::url::{Mistake, Security, Trust};

pub(crate) fn client(security: &Security) -> Result<ClientConfig, Mistake> {
    let provider = Arc::new(ring::default_provider());
    let versions = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Mistake(format!("cannot be reached by TLS: {error}")))?;
    if security.trust == Trust::Any {
        let verifier = Arc::new(AnyCertificate(provider));
        return Ok(versions.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth());
    }
    let roots = Arc::new(authorities(security.authorities.as_deref())?);
    if security.trust == Trust::Host {
        return Ok(versions.with_root_certificates(roots).with_no_client_auth());
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider)
        .build()
        .map_err(|error| Mistake(format!("cannot be reached by TLS: {error}")))?;
    let verifier = Arc::new(WhateverHost(verifier));
    Ok(versions.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

fn authorities(file: Option<&Path>) -> Result<RootCertStore, Mistake> {
    let mut roots = RootCertStore::empty();
    let Some(file) = file else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            let remedy = "install them, or name a file by `sslrootcert`";
            return Err(Mistake(format!(
                "asks for a signed certificate, and this machine has no authorities: {remedy}"
            )));
        }
        return Ok(roots);
    };
    let wrong = |why: &dyn std::fmt::Display| {
        Mistake(format!("names `{}` by sslrootcert, which is no file of certificates: {why}", file.display()))
    };
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| wrong(&error))? {
        let certificate = certificate.map_err(|error| wrong(&error))?;
        roots.add(certificate).map_err(|error| wrong(&error))?;
    }
    if roots.is_empty() { Err(wrong(&"it has none")) } else { Ok(roots) }
}

/// Verifies who has signed a certificate, and not for which host: `verify-ca`.
#[derive(Debug)]
struct WhateverHost(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for WhateverHost {
    fn verify_server_cert(
        &self,
        end: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        stapled: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.0.verify_server_cert(end, between, name, stapled, now) {
            // The name is looked at last.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
