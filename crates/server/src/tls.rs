//! TLS for the TCP doors, with a certificate that can be replaced while the server runs, and perhaps with certificates of clients.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use door::tls::{Fingerprint, KeyPair, TlsError, authorities};
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::SingleCertAndKey;
use tokio_rustls::TlsAcceptor;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    pub own: KeyPair,
    /// Who signs certificates of clients, PEM; where it is given, clients without such a certificate may do nothing.
    pub client_ca: Option<PathBuf>,
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
    /// With it goes what sessions can be resumed, so none outlives who signed its client's certificate.
    config: Arc<ServerConfig>,
    fingerprint: Fingerprint,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Certificate").field(&self.0.files).finish()
    }
}

impl TlsFiles {
    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of([&self.own.certificate, &self.own.key].into_iter().chain(&self.client_ca))
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
        if files.fingerprint() == current.read().fingerprint {
            return Ok(false);
        }
        let loaded = load(files, provider)?;
        *current.write() = loaded;
        Ok(true)
    }

    /// What makes a TLS connection of the next TCP one.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.0.current.read().config))
    }

    /// Whether clients must show a certificate.
    pub(crate) fn asks_clients(&self) -> bool {
        self.0.files.client_ca.is_some()
    }
}

fn load(files: &TlsFiles, provider: &Arc<CryptoProvider>) -> Result<Loaded, TlsError> {
    // Taken first: a change while reading shows as one at the next look.
    let fingerprint = files.fingerprint();
    let builder = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .expect("the provider has the cipher suites of TLS 1.2 and 1.3");
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let roots = Arc::new(authorities(path)?);
            // Whoever shows none gets as far as to be told so, and probes are answered; one that shows another's is not greeted.
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider))
                .allow_unauthenticated()
                .build()
                .map_err(|_| TlsError::NoCertificate { path: path.display().to_string() })?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let own = files.own.load(provider)?;
    let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(own)));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Loaded { config: Arc::new(config), fingerprint })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::{Duration, SystemTime};

    use rcgen::{
        BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair as Made, generate_simple_self_signed,
    };
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
    use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConnection};

    use super::*;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn files(&self) -> TlsFiles {
            let own = KeyPair { certificate: self.path("tls.crt"), key: self.path("tls.key") };
            TlsFiles { own, client_ca: None }
        }

        /// Writes a new certificate, and the key that goes with it.
        fn write(&self) -> CertificateDer<'static> {
            let made = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
            self.replace("tls.key", &made.signing_key.serialize_pem());
            self.replace("tls.crt", &made.cert.pem());
            made.cert.der().clone()
        }

        /// Gives the file a time of its own, which the clock of some file systems would not.
        fn replace(&self, name: &str, text: &str) {
            let path = self.path(name);
            let before = fs::metadata(&path).and_then(|metadata| metadata.modified());
            fs::write(&path, text).unwrap();
            let time = before.unwrap_or(SystemTime::UNIX_EPOCH) + Duration::from_secs(1);
            fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
        }
    }

    fn folder() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    /// Who signs certificates of clients.
    struct Authority(Issuer<'static, Made>, String);

    impl Authority {
        fn new() -> Self {
            let mut of_authority = CertificateParams::new(Vec::new()).unwrap();
            of_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let key = Made::generate().unwrap();
            let pem = of_authority.self_signed(&key).unwrap().pem();
            Self(Issuer::new(of_authority, key), pem)
        }

        fn sign(&self) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
            let key = Made::generate().unwrap();
            let of_client = CertificateParams::new(vec!["client".to_owned()]).unwrap();
            let signed = of_client.signed_by(&key, &self.0).unwrap();
            (signed.der().clone(), PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        }
    }

    /// Greets in memory, for who trusts this certificate alone. Gives whether the server saw one of the client.
    fn greet(
        server: &Certificate,
        trusted: &CertificateDer<'static>,
        shown: Option<(CertificateDer<'static>, PrivateKeyDer<'static>)>,
    ) -> Result<bool, rustls::Error> {
        let mut roots = RootCertStore::empty();
        roots.add(trusted.clone())?;
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        let config = match shown {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => builder.with_client_auth_cert(vec![certificate], key)?,
        };
        let name = ServerName::try_from("localhost").unwrap();
        let mut client = ClientConnection::new(Arc::new(config), name)?;
        let mut server = ServerConnection::new(Arc::clone(server.acceptor().config()))?;
        let mut bytes = Vec::new();
        // In TLS 1.3 a server looks at the client's certificate when the client is content already.
        while client.is_handshaking() || server.is_handshaking() {
            client.write_tls(&mut bytes).unwrap();
            server.read_tls(&mut &*std::mem::take(&mut bytes)).unwrap();
            server.process_new_packets()?;
            server.write_tls(&mut bytes).unwrap();
            client.read_tls(&mut &*std::mem::take(&mut bytes)).unwrap();
            client.process_new_packets()?;
        }
        Ok(server.peer_certificates().is_some())
    }

    #[test]
    fn a_replaced_certificate_is_shown_and_a_broken_one_is_not() {
        let folder = folder();
        let first = folder.write();
        let certificate = Certificate::load(&folder.files()).unwrap();
        assert!(!certificate.reload().unwrap());
        greet(&certificate, &first, None).unwrap();
        let second = folder.write();
        assert!(certificate.reload().unwrap());
        greet(&certificate, &second, None).unwrap();
        greet(&certificate, &first, None).unwrap_err();
        let good = fs::read_to_string(folder.path("tls.crt")).unwrap();
        for broken in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            folder.replace("tls.crt", broken);
            certificate.reload().unwrap_err();
            greet(&certificate, &second, None).unwrap();
        }
        folder.replace("tls.crt", &good);
        assert!(certificate.reload().unwrap());
    }

    #[test]
    fn clients_are_known_by_who_signed_their_certificate() {
        let folder = folder();
        let own = folder.write();
        let [first, second] = [Authority::new(), Authority::new()];
        folder.replace("ca.crt", &first.1);
        let files = TlsFiles { client_ca: Some(folder.path("ca.crt")), ..folder.files() };
        let certificate = Certificate::load(&files).unwrap();
        assert!(certificate.asks_clients());
        assert!(greet(&certificate, &own, Some(first.sign())).unwrap());
        assert!(!greet(&certificate, &own, None).unwrap(), "a stranger is told why it may do nothing");
        greet(&certificate, &own, Some(second.sign())).unwrap_err();
        // Both while one takes the place of the other.
        folder.replace("ca.crt", &format!("{}{}", first.1, second.1));
        assert!(certificate.reload().unwrap());
        for authority in [&first, &second] {
            assert!(greet(&certificate, &own, Some(authority.sign())).unwrap());
        }
        folder.replace("ca.crt", &second.1);
        assert!(certificate.reload().unwrap());
        greet(&certificate, &own, Some(first.sign())).unwrap_err();
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
        let own = |certificate: &Path, key: &Path| TlsFiles {
            own: KeyPair { certificate: certificate.to_owned(), key: key.to_owned() },
            client_ca: None,
        };
        check(&own(&one.path("tls.crt"), &other.path("tls.key")), "cannot use the certificate");
        check(&own(&one.path("tls.key"), &one.path("tls.crt")), "holds no certificate");
        let with_ca = |name: &str| TlsFiles { client_ca: Some(one.path(name)), ..one.files() };
        check(&with_ca("nothing.crt"), "nothing.crt");
        check(&with_ca("tls.key"), "tls.key holds no certificate");
        one.replace("odd.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        check(&with_ca("odd.crt"), "odd.crt holds a certificate that is of no authority");
    }
}
