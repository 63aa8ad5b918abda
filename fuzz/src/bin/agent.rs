//! What a stranger writes to the agent's port: it is answered, refused or cut off, the agent stays well, and of what it passes
//! on nothing is but what SDKs ask for, with no header that was meant for the agent alone.
#![no_main]

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use daemon::agent::Agent;
use daemon::config::{Config, OtlpPort};
use daemon::flags::Flags;
use libfuzzer_sys::fuzz_target;

const PATIENCE: Duration = Duration::from_secs(5);
const PATHS: [&str; 4] = ["/GetSamplingRules", "/SamplingTargets", "/TraceSegments", "/TelemetryRecords"];
const NOT_FORWARDED: [&str; 6] =
    ["keep-alive:", "proxy-connection:", "proxy-authorization:", "te:", "upgrade:", "x-forwarded-for:"];

static AGENT: LazyLock<SocketAddr> = LazyLock::new(start);

fuzz_target!(|request: &[u8]| {
    exchange(request, true);
    let answer = exchange(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", false);
    assert!(answer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&answer));
});

/// Writes everything, and reads until the agent closes or says nothing more. Whoever says that nothing more will come may get no
/// answer.
fn exchange(request: &[u8], is_all: bool) -> Vec<u8> {
    let mut stream = TcpStream::connect(*AGENT).expect("the agent takes connections");
    stream.set_read_timeout(Some(PATIENCE)).expect("a limit can be set");
    // It may close before it has read everything.
    let mut written = stream.write_all(request);
    if is_all {
        written = written.and_then(|()| stream.shutdown(Shutdown::Write));
    }
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            panic!("the agent holds a connection on which nothing can come any more: {written:?}")
        }
        _ => answer,
    }
}

fn start() -> SocketAddr {
    let upstream = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let endpoint = format!("http://{}", upstream.local_addr().expect("it is bound"));
    thread::spawn(move || {
        for stream in upstream.incoming().flatten() {
            thread::spawn(move || serve(stream));
        }
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    let mut config = Config::load(&Flags::default(), &[] as &[&Path]).expect("there is no file");
    "127.0.0.1:0".clone_into(&mut config.udp_address);
    "127.0.0.1:0".clone_into(&mut config.tcp_address);
    config.otlp = [OtlpPort::Off, OtlpPort::Off];
    config.endpoints = vec![endpoint.into()];
    let agent = runtime.block_on(Agent::start(&config, &|_| None)).expect("the agent starts");
    let address = agent.tcp.expect("its port is bound");
    // Both live as long as the process.
    std::mem::forget((agent, runtime));
    address
}

/// Looks at each head that the agent passes on, and answers it.
fn serve(mut stream: TcpStream) {
    let mut received = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut piece) {
        received.extend_from_slice(&piece[..length]);
        while let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&received[..end]).into_owned();
            let body = check(&head);
            while received.len() < end + 4 + body {
                let Ok(length @ 1..) = stream.read(&mut piece) else { return };
                received.extend_from_slice(&piece[..length]);
            }
            received.drain(..end + 4 + body);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        }
    }
}

/// Ends the process where the agent passed on what it must not; gives the length of the body.
fn check(head: &str) -> usize {
    let wrong = |why: &str| -> ! {
        eprintln!("panicked: the agent passed on {why}:\n{head}");
        std::process::abort()
    };
    let mut lines = head.split("\r\n");
    let line = lines.next().unwrap_or_default();
    let target = line.strip_prefix("POST ").and_then(|rest| rest.strip_suffix(" HTTP/1.1"));
    let path = target.and_then(|target| target.split('?').next()).unwrap_or_default();
    // The agent's own reports go the same way.
    if !PATHS.contains(&path) {
        wrong("another request");
    }
    let mut length = None;
    for line in lines.map(str::to_ascii_lowercase) {
        if NOT_FORWARDED.iter().any(|name| line.starts_with(name)) {
            wrong("a header of one connection");
        }
        if line.starts_with("transfer-encoding:") {
            wrong("a body of unknown length");
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            if length.is_some() {
                wrong("two lengths");
            }
            length = value.trim().parse().ok();
        }
    }
    length.unwrap_or_else(|| wrong("no length"))
}
