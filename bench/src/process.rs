//! The server as a child process, and what the kernel knows about it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

/// Ticks of /proc/PID/stat a second. It is 100 on every Linux that this runs on (`getconf CLK_TCK`).
const TICKS_A_SECOND: f64 = 100.0;
const START_LIMIT: Duration = Duration::from_secs(20);
const STOP_LIMIT: Duration = Duration::from_secs(15);
/// What a server that ended by itself said last.
const LAST_LINES: usize = 20;

pub(crate) struct Server {
    child: Child,
    /// What it writes to its standard error.
    log: tempfile::NamedTempFile,
    /// By us.
    is_killed: bool,
    data_dir: tempfile::TempDir,
    pub(crate) http: String,
    pub(crate) udp: String,
}

/// What a stopped server has cost.
pub(crate) struct Costs {
    /// User and system time of all its threads, from its start to its end.
    pub(crate) cpu_seconds: f64,
    pub(crate) peak_rss_bytes: u64,
    pub(crate) stop_seconds: f64,
    /// What lies in the data directory after the end.
    pub(crate) disk_bytes: u64,
    /// Of these, what lies in Parquet files, by table.
    pub(crate) part_bytes: BTreeMap<String, u64>,
}

impl Server {
    pub(crate) fn start() -> anyhow::Result<Server> {
        Self::start_with(&[])
    }

    pub(crate) fn start_with(arguments: &[&str]) -> anyhow::Result<Server> {
        Self::start_in(tempfile::tempdir().context("make a data directory")?, arguments)
    }

    fn start_in(data_dir: tempfile::TempDir, arguments: &[&str]) -> anyhow::Result<Server> {
        let log = tempfile::NamedTempFile::new().context("make a file for what the server says")?;
        let mut child = Command::new(binary()?)
            .args(["serve", "--bind", "127.0.0.1:0", "--data-dir"])
            .arg(data_dir.path())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log.reopen().context("open the file for what the server says")?)
            .spawn()
            .context("start the server")?;
        let stdout = child.stdout.take().context("read the server's output")?;
        let mut lines = BufReader::new(stdout).lines();
        let begin = Instant::now();
        let ready = loop {
            match lines.next() {
                Some(Ok(line)) if line.starts_with("ready ") => break line,
                Some(Ok(_)) if begin.elapsed() < START_LIMIT => {}
                _ => bail!("the server did not say that it is ready"),
            }
        };
        // Whatever it says later is read away, so that it never waits for us.
        thread::spawn(move || lines.for_each(drop));
        let address = |key: &str| {
            let found = ready.split_whitespace().find_map(|word| word.strip_prefix(key));
            found.map(str::to_owned).with_context(|| format!("find {key} in {ready:?}"))
        };
        Ok(Server { http: address("http=")?, udp: address("udp=")?, child, log, is_killed: false, data_dir })
    }

    pub(crate) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        Ok(stat(self.child.id())?.1)
    }

    pub(crate) fn rss_bytes(&self) -> anyhow::Result<u64> {
        status(self.child.id(), "VmRSS:")
    }

    /// The files of its data directory, each with its size.
    pub(crate) fn files(&self) -> anyhow::Result<Vec<(PathBuf, u64)>> {
        files(self.data_dir.path())
    }

    /// Waits until it does nothing any more: less than one percent of a core over half a second.
    pub(crate) fn settle(&self, limit: Duration) -> anyhow::Result<()> {
        let begin = Instant::now();
        let mut before = self.cpu_seconds()?;
        while begin.elapsed() < limit {
            thread::sleep(Duration::from_millis(500));
            let now = self.cpu_seconds()?;
            if now - before <= 0.01 {
                return Ok(());
            }
            before = now;
        }
        Ok(())
    }

    /// Kills it, and starts another one with its data.
    pub(crate) fn restart(mut self) -> anyhow::Result<Server> {
        self.is_killed = true;
        self.child.kill().context("kill the server")?;
        self.child.wait().context("wait for the server")?;
        let empty = tempfile::tempdir().context("make a directory")?;
        Self::start_in(std::mem::replace(&mut self.data_dir, empty), &[])
    }

    /// The most memory that it has taken so far.
    pub(crate) fn peak_rss_bytes(&self) -> anyhow::Result<u64> {
        status(self.child.id(), "VmHWM:")
    }

    /// Stops it as a service manager would. Its data is gone afterwards.
    pub(crate) fn stop(mut self) -> anyhow::Result<Costs> {
        let id = self.child.id();
        let mut peak_rss_bytes = status(id, "VmHWM:")?;
        let begin = Instant::now();
        let killed = Command::new("kill").args(["-TERM", &id.to_string()]).status().context("run kill")?;
        ensure!(killed.success(), "kill ended with {killed}");
        let cpu_seconds = loop {
            // Sealing may be what needs the most memory.
            peak_rss_bytes = peak_rss_bytes.max(status(id, "VmHWM:").unwrap_or_default());
            let (state, cpu_seconds) = stat(id)?;
            // A zombie has ended, and still tells its times until it is waited for.
            if state == 'Z' {
                break cpu_seconds;
            }
            ensure!(begin.elapsed() < STOP_LIMIT, "the server did not stop within {STOP_LIMIT:?}");
            thread::sleep(Duration::from_millis(5));
        };
        let stop_seconds = begin.elapsed().as_secs_f64();
        let exit = self.child.wait().context("wait for the server")?;
        ensure!(exit.success(), "the server ended with {exit}");
        let files = files(self.data_dir.path())?;
        Ok(Costs {
            cpu_seconds,
            peak_rss_bytes,
            stop_seconds,
            disk_bytes: files.iter().map(|(_, bytes)| bytes).sum(),
            part_bytes: by_table(&files),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Only where a step failed; a stopped server is gone already.
        if let Ok(Some(status)) = self.child.try_wait()
            && !status.success()
            && !self.is_killed
        {
            let said = fs::read_to_string(self.log.path()).unwrap_or_default();
            let last: Vec<&str> = said.lines().rev().take(LAST_LINES).collect();
            eprintln!("the server had ended with {status}; what it said last:");
            last.iter().rev().for_each(|line| eprintln!("  {line}"));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `$FLUORO_BIN`, else what `make build` leaves.
pub(crate) fn binary() -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os("FLUORO_BIN") {
        return Ok(path.into());
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release/fluoro");
    ensure!(path.exists(), "{} does not exist: run `make build`, or set FLUORO_BIN", path.display());
    Ok(path)
}

/// State and processor seconds of a process, from proc(5)'s stat.
pub(crate) fn stat(id: u32) -> anyhow::Result<(char, f64)> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).context("read the server's times")?;
    // The name in parentheses may hold anything; the fields follow its last parenthesis.
    let (_, fields) = text.rsplit_once(") ").context("read the server's times")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok());
    let (Some(state), Some(user), Some(system)) =
        (fields.first().and_then(|state| state.chars().next()), ticks(11), ticks(12))
    else {
        bail!("/proc/{id}/stat has a form that is not known: {text}");
    };
    Ok((state, (user + system) / TICKS_A_SECOND))
}

pub(crate) fn status(id: u32, key: &str) -> anyhow::Result<u64> {
    let text = fs::read_to_string(format!("/proc/{id}/status")).context("read the server's memory")?;
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    let kilobytes =
        line.and_then(|line| line.split_whitespace().next()).and_then(|word| word.parse::<u64>().ok());
    Ok(kilobytes.with_context(|| format!("find {key} in /proc/{id}/status"))? * 1024)
}

/// Processor seconds of this process so far.
pub(crate) fn own_cpu_seconds() -> anyhow::Result<f64> {
    Ok(stat(std::process::id())?.1)
}

pub(crate) fn own_peak_rss_bytes() -> anyhow::Result<u64> {
    status(std::process::id(), "VmHWM:")
}

/// What this process has read so far, from files whether cached or not; see proc(5), io.
pub(crate) fn read_bytes() -> anyhow::Result<u64> {
    let text = fs::read_to_string("/proc/self/io").context("read how much was read")?;
    let bytes = text.lines().find_map(|line| line.strip_prefix("rchar: ")).and_then(|word| word.parse().ok());
    bytes.context("find rchar in /proc/self/io")
}

/// Begins a new peak; see proc(5), clear_refs.
pub(crate) fn forget_peak_rss() -> anyhow::Result<()> {
    fs::write("/proc/self/clear_refs", "5").context("forget the peak of memory")
}

/// Waits until this process does nothing any more: no tick over three seconds.
pub(crate) fn rest(limit: Duration) -> anyhow::Result<()> {
    let begin = Instant::now();
    let mut before = own_cpu_seconds()?;
    while begin.elapsed() < limit {
        thread::sleep(Duration::from_secs(3));
        let now = own_cpu_seconds()?;
        if now - before < 0.01 {
            return Ok(());
        }
        before = now;
    }
    Ok(())
}

/// Parts are called `<table>-<number>.parquet`.
pub(crate) fn by_table(files: &[(PathBuf, u64)]) -> BTreeMap<String, u64> {
    let mut tables = BTreeMap::new();
    for (path, bytes) in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if let Some((table, _)) = name.strip_suffix(".parquet").and_then(|name| name.split_once('-')) {
            *tables.entry(table.to_owned()).or_default() += bytes;
        }
    }
    tables
}

/// What the files below a folder take on the disk, without what Fluoro keeps free for itself (`RESERVE`).
pub(crate) fn allocated_bytes(folder: &Path) -> anyhow::Result<u64> {
    const BLOCK_BYTES: u64 = 512;
    let mut bytes = 0;
    for (path, _) in files(folder)? {
        if path.file_name().is_none_or(|name| name != "RESERVE") {
            bytes += fs::metadata(&path).context("look at a file")?.blocks() * BLOCK_BYTES;
        }
    }
    Ok(bytes)
}

/// All files below a folder, each with its size.
pub(crate) fn files(folder: &Path) -> anyhow::Result<Vec<(PathBuf, u64)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).context("list the data directory")? {
        let entry = entry?;
        // A server that runs deletes files while they are listed.
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() {
            found.extend(files(&entry.path())?);
        } else {
            found.push((entry.path(), metadata.len()));
        }
    }
    Ok(found)
}
