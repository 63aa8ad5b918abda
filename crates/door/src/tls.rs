//! TLS: certificates, keys and authorities as files have them, and the other end where its certificate cannot tell who it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, RootCertStore, SignatureScheme};
use tracing::warn;

/// A certificate chain and its key, both PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPair {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("cannot read {path}")]
    File { path: String, source: pem::Error },
    #[error("{path} holds no certificate")]
    NoCertificate { path: String },
    #[error("cannot use the certificate {path} with its key")]
    Unusable { path: String, source: rustls::Error },
    #[error("{path} holds a certificate that is of no authority")]
    NoAuthority { path: String, source: rustls::Error },
}

/// Of files; changes when one of them is replaced.
#[derive(Debug, PartialEq, Eq)]
pub struct Fingerprint(Vec<Option<(SystemTime, u64)>>);

impl Fingerprint {
    pub fn of<'a>(files: impl IntoIterator<Item = &'a PathBuf>) -> Self {
        let of_file = |path| {
            let metadata = fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        };
        Self(files.into_iter().map(of_file).collect())
    }
}

impl KeyPair {
    pub fn load(&self, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
        let chain = certificates(&self.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(unreadable(&self.key))?;
        let path = self.certificate.display().to_string();
        CertifiedKey::from_der(chain, key, provider).map_err(|source| TlsError::Unusable { path, source })
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of([&self.certificate, &self.key])
    }
}

/// Who may sign the certificate of the other end: the certificates of a PEM file.
pub fn authorities(file: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        let path = file.display().to_string();
        roots.add(certificate).map_err(|source| TlsError::NoAuthority { path, source })?;
    }
    Ok(roots)
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, pem::Error> = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    let found = found.map_err(unreadable(file))?;
    if found.is_empty() {
        return Err(TlsError::NoCertificate { path: file.display().to_string() });
    }
    Ok(found)
}

fn unreadable(path: &Path) -> impl FnOnce(pem::Error) -> TlsError {
    let path = path.display().to_string();
    move |source| TlsError::File { path, source }
}

/// The certificate that a client shows, which is replaced while it runs: certificates of clients live for hours where they are renewed by machines.
#[derive(Debug)]
pub struct ClientCertificate {
    files: KeyPair,
    provider: Arc<CryptoProvider>,
    current: parking_lot::Mutex<(Fingerprint, Arc<CertifiedKey>)>,
}

impl ClientCertificate {
    pub fn load(files: KeyPair, provider: Arc<CryptoProvider>) -> Result<Self, TlsError> {
        // Taken first: a change while reading shows as one at the next look.
        let fingerprint = files.fingerprint();
        let key = Arc::new(files.load(&provider)?);
        Ok(Self { files, provider, current: parking_lot::Mutex::new((fingerprint, key)) })
    }
}

impl ResolvesClientCert for ClientCertificate {
    /// For each new connection. Looks at two small files, which is little beside the handshake.
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let mut current = self.current.lock();
        let fingerprint = self.files.fingerprint();
        if fingerprint != current.0 {
            match self.files.load(&self.provider) {
                Ok(key) => *current = (fingerprint, Arc::new(key)),
                // Perhaps one of the two is being replaced at this moment.
                Err(error) => warn!(%error, "the certificate of before is shown still"),
            }
        }
        Some(Arc::clone(&current.1))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Takes any certificate, so it says nothing about who answers. That is right in two places alone: `NoVerifySSL` of the
/// agent, which somebody has asked for in so many words; and `fluoro health`, which asks a server on its own machine,
/// whose certificate is for the name by which others reach it, and sends nothing that a stranger on that port must not
/// see. That the other end has the certificate's key is still verified.
#[derive(Debug)]
pub struct AnyCertificate(pub Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
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
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
