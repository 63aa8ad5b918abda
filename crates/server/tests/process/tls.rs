//! HTTPS, with a certificate that is replaced while the server runs.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustix::process::Signal;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::child::{Fluoro, command, run};

/// Writes a certificate for `localhost` that signs itself, and its key.
fn write(folder: &Path, generation: u64) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    for (name, text) in [("tls.key", made.signing_key.serialize_pem()), ("tls.crt", made.cert.pem())] {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        // Two writes may fall into one tick of the file system's clock.
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(generation);
        fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    }
    made.cert.der().clone()
}

/// The head of the answer to a GET, for who trusts this certificate alone.
fn get(fluoro: &Fluoro, path: &str, trusted: &CertificateDer<'static>) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = TcpStream::connect(fluoro.http)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut stream = StreamOwned::new(connection, stream);
    stream.write_all(
        format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").as_bytes(),
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn a_replaced_certificate_is_shown_to_new_connections() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let first = write(folder.path(), 1);
    let arguments = ["--store", "memory", "--tls-cert", &path("tls.crt"), "--tls-key", &path("tls.key")];
    let fluoro = Fluoro::serve(&arguments);
    let answer = get(&fluoro, "/healthz", &first).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nok\n"), "{answer}");
    let second = write(folder.path(), 2);
    fluoro.eventually("the new certificate", || get(&fluoro, "/healthz", &second).ok());
    get(&fluoro, "/healthz", &first).unwrap_err();
    let ended = fluoro.end(Signal::TERM);
    assert!(ended.status.success() && ended.stdout.is_empty(), "{}", ended.stdout);
}

/// What a client without a certificate is told; one that shows a good one is what `tests/compat` has.
#[test]
fn without_a_certificate_probes_alone_are_answered_where_clients_must_show_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let own = write(folder.path(), 1);
    let tls =
        ["--tls-cert", &path("tls.crt"), "--tls-key", &path("tls.key"), "--tls-client-ca", &path("tls.crt")];
    let fluoro = Fluoro::serve(&[&["--store", "memory"], &tls[..]].concat());
    for probe in ["/healthz", "/readyz"] {
        assert!(get(&fluoro, probe, &own).unwrap().starts_with("HTTP/1.1 200 OK\r\n"), "{probe}");
    }
    for other in ["/", "/api/session", "/metrics"] {
        let answer = get(&fluoro, other, &own).unwrap();
        assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{other}: {answer}");
        assert!(answer.contains("asks for a certificate of clients (--tls-client-ca)"), "{answer}");
    }
    let bind = fluoro.http.to_string();
    let health = run(&mut command(&[&["health", "--bind", &bind], &tls[..]].concat()));
    assert_eq!(health.status.code(), Some(0), "{}", health.stderr);
    let ended = fluoro.end(Signal::TERM);
    assert!(ended.status.success(), "{}", ended.stderr);
}

#[test]
fn a_certificate_that_cannot_be_used_ends_the_start() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 1);
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (certificate, key) = (path("tls.crt"), path("nothing.key"));
    let arguments = [
        "serve",
        "--bind",
        "127.0.0.1:0",
        "--store",
        "memory",
        "--tls-cert",
        &certificate,
        "--tls-key",
        &key,
    ];
    let ended = run(&mut command(&arguments));
    assert_eq!(ended.status.code(), Some(1));
    assert!(
        ended.stderr.contains("cannot offer TLS: cannot read") && ended.stderr.contains(&key),
        "{}",
        ended.stderr
    );
}
