//! A `fluoro` process of a test, killed at the test's end if it still runs.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// Far more than a start takes.
const PATIENCE: Duration = Duration::from_secs(30);
/// What SIGTERM promises: what was accepted is durable and the process gone within this time.
pub(crate) const STOP_PROMISE: Duration = Duration::from_secs(5);

pub(crate) struct Fluoro {
    child: Child,
    lines: Receiver<String>,
    stderr: Option<JoinHandle<String>>,
    pub(crate) http: SocketAddr,
    pub(crate) udp: SocketAddr,
}

/// A process that has ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

/// The binary, with nothing of the environment that could change what it does.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fluoro"));
    command.args(arguments).env_clear().env("HOME", "/nonexistent");
    command
}

/// Runs the binary to its end.
pub(crate) fn run(command: &mut Command) -> Ended {
    let started = Instant::now();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // What is printed fits the pipes' buffers, so that reading can wait.
    let status = wait(&mut child);
    let took = started.elapsed();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { status, stdout: text(output.stdout), stderr: text(output.stderr), took }
}

/// Waits with an end: a process that hangs is killed, and fails the test.
fn wait(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("the process did not end");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

impl Fluoro {
    /// `fluoro serve` on free ports with these further arguments; waits until it says that it is ready.
    pub(crate) fn serve(arguments: &[&str]) -> Self {
        Self::start(command(&["serve", "--bind", "127.0.0.1:0"]).args(arguments))
    }

    /// Whatever listens and says so, by UDP or not.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let stdout = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut stderr = child.stderr.take().unwrap();
        let stderr = std::thread::spawn(move || {
            let mut text = Vec::new();
            let _ = stderr.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        let unknown = "0.0.0.0:0".parse().unwrap();
        let mut fluoro = Self { child, lines, stderr: Some(stderr), http: unknown, udp: unknown };
        let ready = fluoro.line_that_begins("ready ");
        let address = |name: &str| {
            let mut words = ready.split_whitespace();
            words.find_map(|word| word.strip_prefix(name)?.parse().ok())
        };
        fluoro.http = address("http=").expect("an address of the door");
        fluoro.udp = address("udp=").unwrap_or(unknown);
        fluoro
    }

    fn line_that_begins(&mut self, beginning: &str) -> String {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line.starts_with(beginning) => return line,
                Ok(_) => {}
                Err(_) => {
                    let _ = self.child.kill();
                    let stderr = self.stderr.take().and_then(|thread| thread.join().ok());
                    panic!(
                        "no line that begins with {beginning:?}; standard error: {}",
                        stderr.unwrap_or_default()
                    );
                }
            }
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().cast_signed()).expect("a child has a pid");
        kill_process(pid, signal).unwrap();
    }

    /// Sends a signal and waits for the end.
    pub(crate) fn end(self, signal: Signal) -> Ended {
        self.signal(signal);
        self.wait()
    }

    /// Waits for the end of a process that was told to end.
    pub(crate) fn wait(mut self) -> Ended {
        let started = Instant::now();
        let status = wait(&mut self.child);
        let took = started.elapsed();
        let stdout = self.lines.iter().collect::<Vec<_>>().join("\n");
        let stderr = self.stderr.take().expect("it is taken once").join().unwrap();
        Ended { status, stdout, stderr, took }
    }

    /// The head and some of the body of a request; the rest is for the caller to send.
    pub(crate) fn begin_post(&self, path: &str, body: &str, sent: usize) -> TcpStream {
        let mut stream = TcpStream::connect(self.http).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let kind = "content-type: application/json";
        let head = format!(
            "POST {path} HTTP/1.0\r\nhost: localhost\r\n{kind}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{}", &body[..sent]).as_bytes()).unwrap();
        stream
    }

    /// Waits until new connections are refused, as they are once a stop has begun.
    pub(crate) fn no_longer_listens(&self) {
        self.eventually("connections to be refused", || TcpStream::connect(self.http).err());
    }

    /// The status of a GET with these further header lines.
    pub(crate) fn get(&self, path: &str, headers: &str) -> u16 {
        let mut stream = TcpStream::connect(self.http).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
            .write_all(format!("GET {path} HTTP/1.0\r\nhost: localhost\r\n{headers}\r\n").as_bytes())
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line")
    }

    /// One request; the body of its answer as JSON.
    pub(crate) fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let (status, body) = self.try_post(path, body).expect("the server answers");
        (status, serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error} in {body}")))
    }

    /// HTTP/1.0, so that the answer ends with the connection and comes in one piece.
    pub(crate) fn try_post(&self, path: &str, body: &Value) -> std::io::Result<(u16, String)> {
        let body = body.to_string();
        let mut stream = TcpStream::connect(self.http)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let kind = "content-type: application/json";
        let head = format!(
            "POST {path} HTTP/1.0\r\nhost: localhost\r\n{kind}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let cut = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(cut)?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(cut)?;
        Ok((status, body.to_owned()))
    }

    pub(crate) fn send(&self, document: &Value) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let datagram = format!("{{\"format\":\"json\",\"version\":1}}\n{document}");
        socket.send_to(datagram.as_bytes(), self.udp).unwrap();
    }

    /// Asks until there is an answer.
    pub(crate) fn eventually<T>(&self, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = ask() {
                return answer;
            }
            assert!(Instant::now() < deadline, "waited in vain for {what}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// How many of these traces are known, asked five at a time as X-Ray allows.
    pub(crate) fn known(&self, traces: &[String]) -> usize {
        let known = |ids: &[String]| {
            let (status, answer) = self.post("/Traces", &serde_json::json!({ "TraceIds": ids }));
            assert_eq!(status, 200, "{answer}");
            answer["Traces"].as_array().map_or(0, Vec::len)
        };
        traces.chunks(5).map(known).sum()
    }
}

impl Drop for Fluoro {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A document of a trace of its own.
pub(crate) fn segment(number: u64) -> (String, Value) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let trace = format!("1-{:08x}-{number:024x}", now.as_secs());
    let document = serde_json::json!({
        "name": "front", "trace_id": trace, "id": format!("{number:016x}"),
        "start_time": now.as_secs_f64() - 0.1, "end_time": now.as_secs_f64(),
    });
    (trace, document)
}
