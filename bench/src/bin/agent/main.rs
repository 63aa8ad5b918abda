//! `make bench-agent`: what the agent delivers and costs, beside AWS's Go daemon.
//!
//! With `PEER=path` the other binary runs under the same loads, each right after ours; without it, its
//! figures are those that were measured before (A15 of the specification). The backend is a thread for each
//! connection in this process, and the sender one more, so on a small machine they share the cores with the
//! agent; processor time is the agent's alone.

mod backend;
mod load;
mod peer;
mod process;
mod proxy;
mod table;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::ensure;
use load::{Load, Outcome};

const RATES: [u32; 4] = [1_000, 4_000, 20_000, 100_000];
const LATENCIES: [Duration; 3] = [Duration::ZERO, Duration::from_millis(50), Duration::from_millis(200)];

/// One binary under all loads.
struct Figures {
    name: String,
    outcomes: Vec<Outcome>,
    idle_rss_bytes: u64,
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
    let peer = std::env::var_os("PEER").filter(|path| !path.is_empty()).map(PathBuf::from);
    let mut binaries = vec![("ours".to_owned(), ours)];
    binaries.extend(peer.map(|path| (path.display().to_string(), path)));
    let mut figures = Vec::new();
    for (name, binary) in &binaries {
        figures.push(Figures {
            name: name.clone(),
            outcomes: Vec::new(),
            idle_rss_bytes: process::idle_rss_bytes(binary)?,
            binary_bytes: std::fs::metadata(binary)?.len(),
            proxy: proxy::measure(binary)?,
        });
    }
    for latency in LATENCIES {
        for rate in RATES {
            for ((name, binary), figures) in binaries.iter().zip(&mut figures) {
                eprintln!(
                    "measuring {name}: {rate} documents a second, backend at {} ms",
                    latency.as_millis()
                );
                figures.outcomes.push(load::run(binary, Load { rate, latency })?);
            }
        }
    }
    std::io::stdout().write_all(table::text(&figures).as_bytes())?;
    Ok(())
}
