//! The binary: texts, exit codes and signals.

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Output, Stdio};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::backend::{Backend, accepted, reply};

/// The binary in an empty folder, with nothing of this machine's AWS settings.
fn xray(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xray"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

async fn ends(arguments: &[&str], files: &[(&str, &str)]) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let Output { status, stdout, stderr } = xray(folder.path(), arguments).output().await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

#[tokio::test]
async fn the_command_line_ends_as_gos_does() {
    let (code, out, _) = ends(&["--help"], &[]).await;
    assert!(code == 0 && out.starts_with("Usage: X-Ray [options]\n"), "{out}");
    let (code, out, _) = ends(&["-v"], &[]).await;
    assert!(code == 0 && out.starts_with("AWS X-Ray daemon version: "), "{out}");
    let (code, out, err) = ends(&["-nope"], &[]).await;
    assert!(code == 2 && out.starts_with("Usage: X-Ray"), "{out}");
    assert_eq!(err, "flag provided but not defined: -nope\n");
}

#[tokio::test]
async fn mistakes_of_the_configuration_end_with_1_and_their_text() {
    for (arguments, files, expected) in [
        (&["-c", "x.yaml"][..], &[("x.yaml", "Nonsense: 1\nVersion: 2")][..], "Nonsense flag is invalid. "),
        (&["-c", "x.yaml"], &[("x.yaml", "Region: x")], "Config Version is missing. "),
        (&["-c", "x.yaml"], &[], "Error occur when using config flag: open x.yaml: "),
        // The default file is read first, whatever -c names.
        (
            &["-c", "x.yaml"],
            &[("cfg.yaml", "Version: 9"), ("x.yaml", "Version: 2")],
            "Config Version Setting is not correct. ",
        ),
    ] {
        let (code, _, err) = ends(arguments, files).await;
        assert!(code == 1 && err.contains(&format!("Z [Error] {expected}")), "{expected}: {err}");
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x.yaml"), "Version: 5").unwrap();
    let ended = xray(folder.path(), &["-c", "x.yaml", "-f", "x.log"]).output().await.unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let log = std::fs::read_to_string(folder.path().join("x.log")).unwrap();
    assert!(log.contains("[Error] Config Version Setting is not correct."), "{log}");
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let (code, out, _) = ends(&["-m", "2"], &[]).await;
    assert!(
        code == 1
            && out
                .contains("[Error] Not enough Buffers Memory Allocated. Min Buffers Memory required: 3 MB."),
        "{out}"
    );
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, out, _) = ends(&["-b", &address, "-t", "127.0.0.1:0", "-n", "x"], &[]).await;
    assert!(code == 1 && out.contains(&format!("cannot listen on {address}")), "{out}");
    let (code, out, _) = ends(&["-b", "127.0.0.1:0", "-t", "127.0.0.1:0"], &[]).await;
    assert!(code == 1 && out.contains("[Error] Cannot fetch region variable from config file, environment variables, ecs metadata, or ec2 metadata."), "{out}");
}

/// A process that runs, with the log that it has written so far read.
struct Running {
    child: Child,
    log: Lines<BufReader<ChildStdout>>,
    udp: SocketAddr,
    tcp: String,
    _folder: tempfile::TempDir,
}

/// A UDP port that is free now; nothing tells which one a process took for port 0.
fn free_port() -> SocketAddr {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl Running {
    async fn start(yaml: &str, environment: &[(&str, &str)]) -> Self {
        let mut running = Self::spawn(yaml, environment);
        running.tcp = running.line("Starting proxy http server on ").await;
        running
    }

    fn spawn(yaml: &str, environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let udp = free_port();
        std::fs::write(folder.path().join("x.yaml"), format!("{yaml}\nVersion: 2\n")).unwrap();
        let udp_text = udp.to_string();
        let mut command = xray(folder.path(), &["-c", "x.yaml", "-b", &udp_text, "-t", "127.0.0.1:0"]);
        command.envs(environment.iter().copied());
        let mut child = command.spawn().unwrap();
        let log = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, log, udp, tcp: String::new(), _folder: folder }
    }

    /// Reads the log up to a line with these words, and gives what follows them.
    async fn line(&mut self, words: &str) -> String {
        let found = async {
            loop {
                let line = self.log.next_line().await.unwrap().expect("the log goes on");
                if let Some((_, rest)) = line.split_once(words) {
                    return rest.to_owned();
                }
            }
        };
        let found = tokio::time::timeout(std::time::Duration::from_secs(20), found).await;
        found.unwrap_or_else(|_| panic!("no line with {words:?}"))
    }

    fn send(&self, documents: usize) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        for number in 0..documents {
            let datagram = format!("{{\"format\":\"json\",\"version\":1}}\n{{\"id\":\"{number}\"}}");
            socket.send_to(datagram.as_bytes(), self.udp).unwrap();
        }
    }

    async fn terminate(&mut self) -> i32 {
        let id = rustix::process::Pid::from_raw(self.child.id().unwrap() as i32).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        let ended = tokio::time::timeout(std::time::Duration::from_secs(20), self.child.wait()).await;
        ended.unwrap().unwrap().code().unwrap()
    }
}

#[tokio::test]
async fn sigterm_sends_what_is_left_and_ends_with_0() {
    let backend = Backend::start().await;
    let mut running = Running::start(&format!("Endpoint: {}", backend.url()), &[]).await;
    running.send(120);
    assert_eq!(running.terminate().await, 0);
    assert_eq!(backend.documents(120).await.len(), 120);
    running.line("[Info] Got shutdown signal: terminated").await;
}

#[tokio::test]
async fn sigterm_ends_in_time_although_the_backend_hangs() {
    // Accepts connections and never answers.
    let hung = TcpListener::bind("127.0.0.1:0").unwrap();
    let yaml = format!("Endpoint: http://{}", hung.local_addr().unwrap());
    let mut running = Running::start(&yaml, &[]).await;
    running.send(500);
    assert_eq!(running.terminate().await, 0);
    running.line("[Error] 500 segments were not sent to ").await;
}

#[tokio::test]
async fn the_log_has_the_lines_that_people_look_for() {
    let backend = Backend::with(|request| match request.documents().len() {
        50 => accepted(),
        _ => reply(200, r#"{"UnprocessedTraceSegments":[{"Id":"0","ErrorCode":"InvalidId","Message":"m"}]}"#),
    })
    .await;
    let yaml = format!("TotalBufferSizeMB: 24\nEndpoint: {}", backend.url());
    let mut running = Running::spawn(&yaml, &[("AWS_REGION", "eu-west-1")]);
    running.line("Z [Info] Initializing AWS X-Ray daemon ").await;
    running.line("Z [Info] Using buffer memory limit of 24 MB").await;
    running.line("Z [Info] 384 segment buffers allocated").await;
    running.line("Z [Info] Using region: eu-west-1").await;
    running.line("Z [Info] HTTP Proxy server using X-Ray Endpoint : ").await;
    running.line("Z [Info] Starting proxy http server on 127.0.0.1:").await;
    running.send(50);
    running.line("Z [Info] Successfully sent batch of 50 segments (0.").await;
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let document = "{\"format\":\"json\",\"version\":1}\n{\"trace_id\": \"1-2-3\", \"id\": \"0\"}";
    socket.send_to(document.as_bytes(), running.udp).unwrap();
    running.line("Z [Warn] Sent batch of 1 segments but had 1 Unprocessed segments (0.").await;
    running.line("Z [Error] Unprocessed segment: id=0 trace_id=1-2-3 code=InvalidId message=m").await;
    socket.send_to(b"nonsense\n{}", running.udp).unwrap();
    running.line("Z [Warn] Invalid header: nonsense").await;
    running.terminate().await;
}

#[tokio::test]
async fn static_credentials_sign_uploads_and_proxied_requests() {
    let backend = Backend::with(|_| reply(200, "{}")).await;
    let environment = [
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_EXECUTION_ENV", "AWS_ECS_FARGATE"),
    ];
    let mut running = Running::start(&format!("Endpoint: {}", backend.url()), &environment).await;
    let scope = |request: &crate::backend::Received| {
        let authorization = request.header("authorization");
        let (credential, signed) = authorization.split_once(", SignedHeaders=").unwrap();
        assert!(credential.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"), "{authorization}");
        assert!(credential.ends_with("/eu-west-1/xray/aws4_request"), "{authorization}");
        signed.split_once(',').unwrap().0.to_owned()
    };
    let mut stream = tokio::net::TcpStream::connect(&running.tcp).await.unwrap();
    let request = "POST /GetSamplingRules HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: 1.2.3.4\r\n\
                   Authorization: mine\r\nContent-Length: 2\r\n\r\n{}";
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.read_to_end(&mut Vec::new()).await.unwrap();
    // The backend is not AWS's, so it is told the body's hash and can check the signature before it takes the body.
    assert_eq!(scope(&backend.next().await), "content-length;host;x-amz-content-sha256;x-amz-date");
    running.send(1);
    let upload = backend.next().await;
    assert_eq!(
        scope(&upload),
        "content-length;content-type;host;x-amz-content-sha256;x-amz-date;x-amzn-xray-timestamp"
    );
    assert!(upload.header("user-agent").contains(" exec-env/AWS_ECS_FARGATE "));
    running.terminate().await;
}

#[tokio::test]
async fn region_and_credentials_come_from_instance_metadata() {
    let metadata = Backend::with(|request| match request.path.as_str() {
        "/latest/api/token" => {
            let mut token = reply(200, "token");
            token.headers_mut().insert("x-aws-ec2-metadata-token-ttl-seconds", 21_600.into());
            token
        }
        "/latest/meta-data/placement/region" => reply(200, "eu-test-1"),
        path if path.starts_with("/latest/meta-data/iam/security-credentials") => {
            if path.trim_end_matches('/').ends_with("role") {
                reply(200, r#"{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"AKIDINSTANCE","SecretAccessKey":"s","Token":"t","Expiration":"2099-01-01T00:00:00Z","LastUpdated":"2020-01-01T00:00:00Z"}"#)
            } else {
                reply(200, "role")
            }
        }
        _ => reply(404, ""),
    })
    .await;
    // Whatever would leave this machine goes to a proxy on it, which refuses.
    let proxy = Backend::with(|_| reply(403, "")).await;
    let environment = [
        ("AWS_EC2_METADATA_DISABLED", "false"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", &metadata.url()),
        ("HTTPS_PROXY", &proxy.url()),
    ];
    let mut running = Running::start("Region: ''", &environment).await;
    running.send(1);
    let request = proxy.next().await;
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("CONNECT", "xray.eu-test-1.amazonaws.com:443")
    );
    let asked = metadata.rest().await;
    assert!(asked.iter().any(|request| request.header("x-aws-ec2-metadata-token") == "token"), "{asked:?}");
    assert!(asked.iter().any(|request| request.path.ends_with("security-credentials/role")), "{asked:?}");
    running.terminate().await;
}

#[tokio::test]
async fn a_role_is_assumed_by_the_sts_of_the_region() {
    let proxy = Backend::with(|_| reply(403, "")).await;
    let environment = [
        ("HTTPS_PROXY", &*proxy.url()),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];
    let yaml = "Region: eu-test-1\nRoleARN: arn:aws:iam::123456789012:role/x";
    let mut running = Running::start(yaml, &environment).await;
    let request = proxy.next().await;
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("CONNECT", "sts.eu-test-1.amazonaws.com:443")
    );
    running.terminate().await;
}

#[tokio::test]
async fn health_can_be_asked_by_the_binary_itself() {
    let backend = Backend::start().await;
    let mut running = Running::start(&format!("Endpoint: {}", backend.url()), &[]).await;
    let tcp = running.tcp.clone();
    let (code, out, _) = ends(&["--health", "-t", &tcp], &[]).await;
    assert_eq!((code, out.as_str()), (0, "ok\n"));
    running.terminate().await;
    let (code, _, err) = ends(&["--health", "-t", &tcp], &[]).await;
    assert!(code == 1 && err.starts_with("not healthy: "), "{err}");
}

/// Says the same to whoever says something.
fn says(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        // Kept, so that it is the answer that goes wrong and not the connection.
        let mut connections = Vec::new();
        for mut stream in listener.incoming().flatten() {
            let _ = std::io::Read::read(&mut stream, &mut [0; 1_024]);
            let _ = std::io::Write::write_all(&mut stream, answer);
            connections.push(stream);
        }
    });
    address
}

#[tokio::test]
async fn the_log_tells_what_to_look_at_where_a_backend_of_otlp_will_not_have_it() {
    // What each protocol's server says to a client of the other.
    let http2 = says(b"\0\0\0\x04\0\0\0\0\0");
    let http1 = says(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    let unknown = says(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
    let elsewhere = says(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    for (address, protocol, expected) in [
        (http2, "otlp", "if this port speaks gRPC, say Protocol: otlp-grpc"),
        (http1, "otlp-grpc", "if this port speaks HTTP alone, say Protocol: otlp"),
        (unknown, "otlp", "401 Unauthorized; look at its Headers in Endpoints"),
        (elsewhere, "otlp", "404 Not Found; look at its address in Endpoints"),
    ] {
        let yaml = format!(
            "Endpoints: [{{Endpoint: 'http://{address}', Protocol: {protocol}, Headers: {{x-api-key: '${{KEY}}'}}}}]"
        );
        let mut running = Running::start(&yaml, &[("KEY", "s3cret")]).await;
        let segment = r#"{"trace_id":"1-65536100-a006649127e371903a2de979","id":"00000000000000a1","name":"shop","start_time":1700000000,"end_time":1700000001}"#;
        let datagram = format!("{{\"format\":\"json\",\"version\":1}}\n{segment}");
        UdpSocket::bind("127.0.0.1:0").unwrap().send_to(datagram.as_bytes(), running.udp).unwrap();
        let line = running.line("Sending segment batch failed with: ").await;
        assert!(line.contains(expected) && !line.contains("s3cret"), "{line}");
        running.terminate().await;
    }
    let yaml = "Endpoints: [{Endpoint: 'http://127.0.0.1:9', Protocol: otlp, Headers: {x-api-key: '${KEY}'}}]\nVersion: 2";
    let (code, out, _) =
        ends(&["-c", "x.yaml", "-b", "127.0.0.1:0", "-t", "127.0.0.1:0"], &[("x.yaml", yaml)]).await;
    assert_eq!(code, 1);
    assert!(out.contains("the header x-api-key names the variable KEY, which is not set"), "{out}");
}
