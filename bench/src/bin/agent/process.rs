//! An agent as a child process, and what the kernel knows about it.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

/// Ticks of /proc/PID/stat a second. It is 100 on every Linux that this runs on (`getconf CLK_TCK`).
const TICKS_A_SECOND: f64 = 100.0;
const START_LIMIT: Duration = Duration::from_secs(10);
/// The Go daemon has no limit of its own for its end.
const STOP_LIMIT: Duration = Duration::from_secs(40);

pub(crate) struct Agent {
    child: Child,
    pub(crate) udp: SocketAddr,
    pub(crate) tcp: SocketAddr,
    _folder: tempfile::TempDir,
}

pub(crate) struct Costs {
    pub(crate) cpu_seconds: f64,
    pub(crate) peak_rss_bytes: u64,
}

impl Agent {
    /// Starts it with its defaults but for the addresses, with credentials, so that it signs.
    pub(crate) fn start(binary: &Path, backend: SocketAddr) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("make a folder")?;
        let config = folder.path().join("cfg.yaml");
        let yaml =
            format!("Endpoint: \"http://{backend}\"\nRegion: us-east-1\nLocalMode: true\nVersion: 2\n");
        fs::write(&config, yaml).context("write a configuration")?;
        // Both look for nothing else to listen on between here and there.
        let udp = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr())?;
        let tcp = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr())?;
        let child = Command::new(binary)
            .arg("-c")
            .arg(&config)
            .args(["-b", &udp.to_string(), "-t", &tcp.to_string()])
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("start the agent")?;
        let agent = Self { child, udp, tcp, _folder: folder };
        let begin = Instant::now();
        while TcpStream::connect(agent.tcp).is_err() {
            ensure!(begin.elapsed() < START_LIMIT, "the agent does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        // Credentials are found beside the start.
        thread::sleep(Duration::from_millis(300));
        Ok(agent)
    }

    fn status(&self, key: &str) -> anyhow::Result<u64> {
        status(self.child.id(), key)
    }

    pub(crate) fn stop(mut self) -> anyhow::Result<Costs> {
        let id = self.child.id();
        let mut peak_rss_bytes = self.status("VmHWM:")?;
        let killed = Command::new("kill").args(["-TERM", &id.to_string()]).status().context("run kill")?;
        ensure!(killed.success(), "kill ended with {killed}");
        let begin = Instant::now();
        let cpu_seconds = loop {
            peak_rss_bytes = peak_rss_bytes.max(status(id, "VmHWM:").unwrap_or_default());
            let (state, cpu_seconds) = stat(id)?;
            // A zombie has ended, and still tells its times until it is waited for.
            if state == 'Z' {
                break cpu_seconds;
            }
            ensure!(begin.elapsed() < STOP_LIMIT, "the agent did not stop within {STOP_LIMIT:?}");
            thread::sleep(Duration::from_millis(10));
        };
        self.child.wait().context("wait for the agent")?;
        Ok(Costs { cpu_seconds, peak_rss_bytes })
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // Only where a step failed; a stopped agent is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What an agent takes that nobody speaks to, in bytes.
pub(crate) struct Idle {
    pub(crate) rss: u64,
    /// Of it, the process' own; the rest are pages of the program and of libraries, which the kernel can drop.
    pub(crate) anonymous: u64,
}

pub(crate) fn idle(binary: &Path) -> anyhow::Result<Idle> {
    let agent = Agent::start(binary, "127.0.0.1:1".parse().expect("it is an address"))?;
    thread::sleep(Duration::from_secs(2));
    let idle = Idle { rss: agent.status("VmRSS:")?, anonymous: agent.status("RssAnon:")? };
    agent.stop()?;
    Ok(idle)
}

/// State and processor seconds of a process, from proc(5)'s stat.
fn stat(id: u32) -> anyhow::Result<(char, f64)> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).context("read the agent's times")?;
    // The name in parentheses may hold anything; the fields follow its last parenthesis.
    let (_, fields) = text.rsplit_once(") ").context("read the agent's times")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok());
    let state = fields.first().and_then(|state| state.chars().next());
    let (Some(state), Some(user), Some(system)) = (state, ticks(11), ticks(12)) else {
        bail!("/proc/{id}/stat has a form that is not known: {text}");
    };
    Ok((state, (user + system) / TICKS_A_SECOND))
}

fn status(id: u32, key: &str) -> anyhow::Result<u64> {
    let text = fs::read_to_string(format!("/proc/{id}/status")).context("read the agent's memory")?;
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    let word = line.and_then(|line| line.split_whitespace().next());
    let kilobytes = word.and_then(|word| word.parse::<u64>().ok());
    Ok(kilobytes.with_context(|| format!("find {key} in /proc/{id}/status"))? * 1024)
}
