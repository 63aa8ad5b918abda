//! One product as a child process.

use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

use super::product::{Ports, Product};
use crate::http::Connection;
use crate::process::{allocated_bytes, stat, status};

const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(60);
/// It is quiet when it uses less than this, for so long.
const QUIET_CPU_SECONDS: f64 = 0.2;
const QUIET: Duration = Duration::from_secs(5);
const QUIET_LIMIT: Duration = Duration::from_secs(120);

pub(crate) struct Running {
    pub(crate) product: Product,
    pub(crate) ports: Ports,
    child: Child,
    directory: tempfile::TempDir,
}

/// What it cost from its start to its end.
pub(crate) struct Costs {
    pub(crate) cpu_seconds: f64,
    pub(crate) peak_rss_bytes: u64,
    /// Blocks of the disk that its data takes, without what Fluoro keeps free for itself.
    pub(crate) disk_bytes: u64,
}

impl Running {
    pub(crate) fn start(product: Product, binary: &Path) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir().context("make a data directory")?;
        let ports = free_ports()?;
        let log = File::create(directory.path().join("log")).context("make a log")?;
        let child = Command::new(binary)
            .args(product.arguments(directory.path(), ports)?)
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("share the log")?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("start {}", binary.display()))?;
        let mut running = Self { product, ports, child, directory };
        running.wait_until_ready()?;
        Ok(running)
    }

    fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let begin = Instant::now();
        while begin.elapsed() < START_LIMIT {
            let answer = self.questions().and_then(|mut connection| connection.get(self.product.health()));
            let (door, _) = self.product.door(self.ports);
            if answer.is_ok_and(|answer| answer.status == 200) && Connection::open(&host(door)).is_ok() {
                return Ok(());
            }
            if let Some(exit) = self.child.try_wait().context("look after it")? {
                bail!("it ended with {exit}: {}", self.log());
            }
            thread::sleep(Duration::from_millis(20));
        }
        bail!("it was not ready within {START_LIMIT:?}: {}", self.log())
    }

    fn log(&self) -> String {
        let text = std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
        text.chars().take(2_000).collect()
    }

    pub(crate) fn questions(&self) -> anyhow::Result<Connection> {
        Connection::open(&host(self.ports.0[0]))
    }

    /// Where spans go, and the path for them.
    pub(crate) fn door(&self) -> anyhow::Result<(Connection, &'static str)> {
        let (port, path) = self.product.door(self.ports);
        Ok((Connection::open(&host(port))?, path))
    }

    pub(crate) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        Ok(stat(self.child.id())?.1)
    }

    pub(crate) fn rss_bytes(&self) -> anyhow::Result<u64> {
        status(self.child.id(), "VmRSS:")
    }

    /// Waits until it does nothing any more.
    pub(crate) fn settle(&self) -> anyhow::Result<()> {
        let begin = Instant::now();
        let mut before = self.cpu_seconds()?;
        while begin.elapsed() < QUIET_LIMIT {
            thread::sleep(QUIET);
            let now = self.cpu_seconds()?;
            if now - before < QUIET_CPU_SECONDS {
                return Ok(());
            }
            before = now;
        }
        Ok(())
    }

    /// Ends it as a service manager would. Its data is gone afterwards.
    pub(crate) fn stop(mut self) -> anyhow::Result<Costs> {
        let id = self.child.id();
        let killed = Command::new("kill").args(["-TERM", &id.to_string()]).status().context("run kill")?;
        ensure!(killed.success(), "kill ended with {killed}");
        let begin = Instant::now();
        let mut peak_rss_bytes = 0;
        let cpu_seconds = loop {
            peak_rss_bytes = peak_rss_bytes.max(status(id, "VmHWM:").unwrap_or_default());
            let (state, cpu_seconds) = stat(id)?;
            if state == 'Z' {
                break cpu_seconds;
            }
            ensure!(begin.elapsed() < STOP_LIMIT, "it did not stop within {STOP_LIMIT:?}");
            thread::sleep(Duration::from_millis(5));
        };
        self.child.wait().context("wait for it")?;
        let disk_bytes = allocated_bytes(&Product::data(self.directory.path()))?;
        Ok(Costs { cpu_seconds, peak_rss_bytes, disk_bytes })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Only where a step failed; a stopped one is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn host(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

/// Ports that nobody has now.
fn free_ports() -> anyhow::Result<Ports> {
    let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0"));
    let mut ports = [0; 3];
    for (port, listener) in ports.iter_mut().zip(listeners) {
        *port = listener.and_then(|listener| listener.local_addr()).context("find a free port")?.port();
    }
    Ok(Ports(ports))
}
