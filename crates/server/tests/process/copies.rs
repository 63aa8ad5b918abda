//! `--endpoints`: what is kept goes on to other backends.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;

use rustix::process::Signal;
use serde_json::json;

use crate::child::{Fluoro, STOP_PROMISE, command, run, segment};

/// A file of endpoints in a folder that lasts as long as the test.
fn file(folder: &tempfile::TempDir, text: &str) -> String {
    let path = folder.path().join("endpoints.yaml");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn put(fluoro: &Fluoro, header: &str, document: &serde_json::Value) {
    let body = json!({ "TraceSegmentDocuments": [document.to_string()] }).to_string();
    let mut stream = TcpStream::connect(fluoro.http).unwrap();
    let length = body.len();
    let head = format!(
        "POST /TraceSegments HTTP/1.0\r\nhost: localhost\r\ncontent-type: application/json\r\n{header}content-length: {length}\r\n\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("\"UnprocessedTraceSegments\":[]"), "{answer}");
}

#[test]
fn what_is_kept_goes_on_in_both_languages_and_copies_do_not() {
    let [xray, otlp] = [(); 2].map(|()| Fluoro::serve(&["--store", "memory"]));
    let folder = tempfile::tempdir().unwrap();
    let endpoints = file(
        &folder,
        &format!(
            "Version: 2\nEndpoints:\n  - http://{}\n  - {{Endpoint: \"http://{}\", Protocol: otlp}}\n",
            xray.http, otlp.http
        ),
    );
    let front = Fluoro::serve(&["--store", "memory", "--endpoints", &endpoints]);
    let (copied, copy) = segment(1);
    let (sent, document) = segment(2);
    put(&front, "fluoro-copied: 1\r\n", &copy);
    front.send(&document);
    for backend in [&xray, &otlp] {
        backend.eventually("the copy", || (backend.known(std::slice::from_ref(&sent)) == 1).then_some(()));
        // They are sent in their order, so it would be there.
        assert_eq!(backend.known(std::slice::from_ref(&copied)), 0);
    }
    assert_eq!(front.known(&[copied, sent]), 2);
    let counted = |outcome: &str| {
        format!(
            "fluoro_copied_documents_total{{endpoint=\"http://{}\",outcome=\"{outcome}\",upstream=\"0\"}} 1",
            xray.http
        )
    };
    front.eventually("the count", || metrics(&front).contains(&counted("sent")).then_some(()));
}

fn metrics(fluoro: &Fluoro) -> String {
    let mut stream = TcpStream::connect(fluoro.http).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.0\r\nhost: localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_backend_that_is_away_holds_up_nobody_and_gets_its_copies_later() {
    // Takes no connection, and is nobody else's.
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let endpoints = file(&folder, &format!("Version: 2\nEndpoints: [\"http://{address}\"]\n"));
    let data: PathBuf = folder.path().join("data");
    let arguments = ["--data-dir", data.to_str().unwrap(), "--endpoints", &endpoints];
    let front = Fluoro::serve(&arguments);
    let (sent, document) = segment(3);
    put(&front, "", &document);
    assert_eq!(front.known(std::slice::from_ref(&sent)), 1);
    let ended = front.end(Signal::TERM);
    assert!(ended.status.success() && ended.took < STOP_PROMISE, "{:?}: {}", ended.took, ended.stderr);

    let front = Fluoro::serve(&arguments);
    let (mut stream, _) = nobody.accept().unwrap();
    loop {
        let mut head = [0; 65_536];
        let read = stream.read(&mut head).unwrap();
        if String::from_utf8_lossy(&head[..read]).contains(&sent) {
            break;
        }
        // The one before had given up, or this one sends in several pieces.
        if read == 0 {
            stream = nobody.accept().unwrap().0;
        }
    }
    drop(front);
}

#[test]
fn a_file_that_will_not_do_is_refused_with_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |text: &str, why: &str| {
        let endpoints = file(&folder, text);
        let ended = run(&mut command(&[
            "serve",
            "--bind",
            "127.0.0.1:0",
            "--store",
            "memory",
            "--endpoints",
            &endpoints,
        ]));
        assert_eq!(ended.status.code(), Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains("--endpoints") && ended.stderr.contains(why), "{}", ended.stderr);
    };
    refused("Version: 2\n", "Endpoints is missing");
    refused("Version: 2\nEndpoints: []\n", "Endpoints is missing");
    refused(
        "Version: 2\nEndpoints: [http://a]\nSocket: {UDPAddress: \"127.0.0.1:1\"}\n",
        "Socket is of the agent alone",
    );
    refused("Version: 2\nEndpoints: [{Endpoint: a, Protocol: zipkin}]\n", "Endpoints[0].Protocol");
    refused("Version: 2\nEndpoints: [http://a]\nSpool: {SizeMB: 5}\n", "Spool.SizeMB needs Spool.Directory");
    refused("Endpoints: [http://a]\n", "Version is missing");
}
