//! TLS for the TCP door, with a certificate that can be replaced while the server runs.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

/// The certificate chain and its key, both PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
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
}

/// The certificate that is shown. A clone shows the same.
#[derive(Clone)]
pub(crate) struct Certificate(Arc<Inner>);

struct Inner {
    files: TlsFiles,
    provider: Arc<CryptoProvider>,
    current: parking_lot::RwLock<Loaded>,
}

struct Loaded {
    key: Arc<CertifiedKey>,
    fingerprint: Fingerprint,
}

/// Of both files; changes when one of them is replaced.
type Fingerprint = [Option<(SystemTime, u64)>; 2];

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Certificate").field(&self.0.files).finish()
    }
}

impl Certificate {
    pub(crate) fn load(files: &TlsFiles) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let loaded = load(files, &provider)?;
        let current = parking_lot::RwLock::new(loaded);
        Ok(Self(Arc::new(Inner { files: files.clone(), provider, current })))
    }

    /// Reads the files again if they have changed, and says whether they had. After an error the certificate
    /// is that of before.
    pub(crate) fn reload(&self) -> Result<bool, TlsError> {
        let Inner { files, provider, current } = &*self.0;
        if fingerprint(files) == current.read().fingerprint {
            return Ok(false);
        }
        let loaded = load(files, provider)?;
        *current.write() = loaded;
        Ok(true)
    }

    /// What makes TLS connections of TCP ones.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.0.provider))
            .with_safe_default_protocol_versions()
            .expect("the provider has the cipher suites of TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(self.clone()));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.current.read().key))
    }
}

fn load(files: &TlsFiles, provider: &CryptoProvider) -> Result<Loaded, TlsError> {
    // Taken first: a change while reading shows as one at the next look.
    let fingerprint = fingerprint(files);
    let path = files.certificate.display().to_string();
    let unreadable = |path: &Path| {
        let path = path.display().to_string();
        move |source| TlsError::File { path, source }
    };
    let chain: Result<Vec<CertificateDer<'static>>, pem::Error> =
        CertificateDer::pem_file_iter(&files.certificate).and_then(Iterator::collect);
    let chain = chain.map_err(unreadable(&files.certificate))?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate { path });
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(unreadable(&files.key))?;
    let key =
        CertifiedKey::from_der(chain, key, provider).map_err(|source| TlsError::Unusable { path, source })?;
    Ok(Loaded { key: Arc::new(key), fingerprint })
}

fn fingerprint(files: &TlsFiles) -> Fingerprint {
    [&files.certificate, &files.key].map(|path| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{CertifiedKey as Made, generate_simple_self_signed};

    use super::*;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn files(&self) -> TlsFiles {
            TlsFiles { certificate: self.0.path().join("tls.crt"), key: self.0.path().join("tls.key") }
        }

        /// Writes a new certificate, and the key that goes with it.
        fn write(&self) -> Vec<u8> {
            let Made { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
            self.replace(&self.files().key, &signing_key.serialize_pem());
            self.replace(&self.files().certificate, &cert.pem());
            cert.der().to_vec()
        }

        /// Gives the file a time of its own, which the clock of some file systems would not.
        fn replace(&self, path: &Path, text: &str) {
            let before = fs::metadata(path).and_then(|metadata| metadata.modified());
            fs::write(path, text).unwrap();
            let time = before.unwrap_or(SystemTime::UNIX_EPOCH) + Duration::from_secs(1);
            fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
        }
    }

    fn folder() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn shown(certificate: &Certificate) -> Vec<u8> {
        certificate.0.current.read().key.cert[0].to_vec()
    }

    #[test]
    fn a_replaced_certificate_is_shown_and_a_broken_one_is_not() {
        let folder = folder();
        let first = folder.write();
        let certificate = Certificate::load(&folder.files()).unwrap();
        assert_eq!((shown(&certificate), certificate.reload().unwrap()), (first.clone(), false));
        let second = folder.write();
        assert_eq!((certificate.reload().unwrap(), shown(&certificate)), (true, second.clone()));
        assert_ne!(first, second);
        let good = fs::read_to_string(folder.files().certificate).unwrap();
        for broken in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            folder.replace(&folder.files().certificate, broken);
            certificate.reload().unwrap_err();
            assert_eq!(shown(&certificate), second);
        }
        folder.replace(&folder.files().certificate, &good);
        assert!(certificate.reload().unwrap());
    }

    #[test]
    fn what_is_wrong_with_the_files_is_told() {
        let check = |files: &TlsFiles, expected: &str| {
            let error = Certificate::load(files).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        let [one, other] = [folder(), folder()];
        check(&one.files(), "cannot read");
        one.write();
        other.write();
        let mixed = TlsFiles { certificate: one.files().certificate, key: other.files().key };
        check(&mixed, "cannot use the certificate");
        let swapped = TlsFiles { certificate: one.files().key, key: one.files().certificate };
        check(&swapped, "holds no certificate");
    }
}
