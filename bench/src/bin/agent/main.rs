//! `make bench-agent`: what the agent delivers and costs, beside AWS's Go daemon.
//!
//! With `PEER=path` the other binary runs under the same loads, each right after ours (several with `:` between
//! them); without it, its figures are those that were measured before (docs/aws-daemon.md A15). `LOADS=20000@50`
//! is only 20,000 documents a second with a backend that takes 50 ms; several with spaces between them, and the same
//! one may be named more than once. The backend is a thread for each connection in this process, and the sender one
//! more, so on a small machine they share the cores with the agent; processor time is the agent's alone.

mod backend;
mod load;
mod peer;
mod process;
mod proxy;
mod table;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use load::{Load, Outcome};

const RATES: [u32; 4] = [1_000, 4_000, 20_000, 100_000];
const LATENCIES: [Duration; 3] = [Duration::ZERO, Duration::from_millis(50), Duration::from_millis(200)];

/// One binary under all loads.
struct Figures {
    name: String,
    outcomes: Vec<Outcome>,
    idle: process::Idle,
    binary_bytes: u64,
    /// Of a request through the proxy, in milliseconds: median and 99th percentile.
    proxy: (f64, f64),
}

fn main() -> anyhow::Result<()> {
    let ours = match std::env::var_os("XRAY_BIN") {
        Some(path) => PathBuf::from(path),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release/xray"),
    };
    ensure!(ours.exists(), "{} does not exist: run `make build`, or set XRAY_BIN", ours.display());
    let loads = loads(&std::env::var("LOADS").unwrap_or_default())?;
    let peers = std::env::var_os("PEER").unwrap_or_default();
    let peers = std::env::split_paths(&peers).filter(|path| !path.as_os_str().is_empty());
    let mut binaries = vec![("ours".to_owned(), ours)];
    binaries.extend(peers.map(|path| (path.display().to_string(), path)));
    let mut figures = Vec::new();
    for (name, binary) in &binaries {
        figures.push(Figures {
            name: name.clone(),
            outcomes: Vec::new(),
            idle: process::idle(binary)?,
            binary_bytes: std::fs::metadata(binary)?.len(),
            proxy: proxy::measure(binary)?,
        });
    }
    for load in loads {
        for ((name, binary), figures) in binaries.iter().zip(&mut figures) {
            let (rate, latency) = (load.rate, load.latency.as_millis());
            eprintln!("measuring {name}: {rate} documents a second, backend at {latency} ms");
            figures.outcomes.push(load::run(binary, load)?);
        }
    }
    std::io::stdout().write_all(table::text(&figures).as_bytes())?;
    Ok(())
}

/// The loads that the words ask for, or all.
fn loads(words: &str) -> anyhow::Result<Vec<Load>> {
    if words.trim().is_empty() {
        let rates = |latency| RATES.map(|rate| Load { rate, latency });
        return Ok(LATENCIES.into_iter().flat_map(rates).collect());
    }
    let load = |word: &str| {
        let (rate, milliseconds) = word.split_once('@')?;
        let latency = Duration::from_millis(milliseconds.parse().ok()?);
        Some(Load { rate: rate.parse().ok().filter(|rate| *rate > 0)?, latency })
    };
    words
        .split_whitespace()
        .map(|word| load(word).with_context(|| format!("{word:?} is not a load such as 20000@50")))
        .collect()
}
