//! `fluoro health`, which images without a shell ask.

use rustix::process::Signal;

use crate::child::{Ended, Fluoro, command, run};

fn health(fluoro: &Fluoro, settings: &[&str]) -> Ended {
    let bind = fluoro.http.to_string();
    run(command(&["health"]).args(settings).env("FLUORO_BIND", bind))
}

fn check(settings: &[&str]) {
    let fluoro = Fluoro::serve(&[&["--store", "memory"], settings].concat());
    let ended = health(&fluoro, settings);
    assert!(ended.status.success() && ended.stdout == "ok\n", "{}", ended.stderr);
    let address = fluoro.http;
    fluoro.end(Signal::TERM);
    let ended = run(command(&["health", "--bind", &address.to_string()]).args(settings));
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.stderr.contains("cannot ask"), "{}", ended.stderr);
}

#[test]
fn a_server_that_lives_is_told_from_one_that_ended() {
    check(&[]);
}

#[test]
fn a_server_behind_tls_is_asked_by_tls() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["fluoro.example".to_owned()]).unwrap();
    let [certificate, key] = ["tls.crt", "tls.key"].map(|name| folder.path().join(name));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    check(&["--tls-cert", certificate.to_str().unwrap(), "--tls-key", key.to_str().unwrap()]);
}
