//! `make bench`: what the binary costs, beside the floor of the work and what it must reach.
//!
//! It takes about two minutes. What it prints is processor time of the server, not wall time, so that the
//! sender on the same machine does not count; a busy machine still makes it worse, by its caches.
//! `fluoro-bench store` (`make bench-store`) measures the embedded store alone, in this process.
//! `fluoro-bench flood` (`make bench-flood`) is a load that must not harm.
//! `fluoro-bench soak` (`make bench-soak`) is a load of hours under which nothing may grow.
//! `fluoro-bench otlp` (`make bench-otlp`) measures the doors of OTLP alone.
//! `fluoro-bench judge` (`make bench-judge`) measures what it costs to know what is broken, in a system of a thousand services.
//! `fluoro-bench search` (`make bench-search`) measures searches over a million traces, `fluoro-bench trees` (`make bench-trees`)
//! their call trees and critical paths,
//! `fluoro-bench peers` (`make bench-peers`) other products beside it,
//! `fluoro-bench cluster` (`make bench-cluster`) one and two processes over ClickHouse beside the embedded store.

mod cluster;
mod document;
mod flood;
mod floor;
mod http;
mod judge;
mod load;
mod otlp;
mod peers;
mod process;
mod search;
mod soak;
mod store;
mod table;
mod trees;
mod visible;

use std::io::Write;
use std::time::Duration;

use document::Documents;
use process::Server;
use table::Table;

const USAGE: &str = "usage: fluoro-bench          the server as a whole
       fluoro-bench store    the embedded store alone
       fluoro-bench otlp     spans of OTLP alone
       fluoro-bench search   searches over a million traces
       fluoro-bench trees    call trees and critical paths of a million traces
       fluoro-bench cluster  ClickHouse and PostgreSQL beside the embedded store
       fluoro-bench peers    the same spans and questions for other products' binaries
       fluoro-bench judge    knowing what is broken, beside taking documents in
       fluoro-bench flood    names without end beside honest services
       fluoro-bench soak     hours of a busy fleet, with outages, deploys, late segments and retention";
const UDP_DOCUMENTS: usize = 200_000;
const HTTP_DOCUMENTS: usize = 400_000;
const FLOOR_DOCUMENTS: usize = 20_000;
const PROBES: usize = 100;
const BUSY_PROBES: usize = 50;
/// Documents a second that come in besides: what a hundred busy services send.
pub(crate) const BUSY_RATE: f64 = 2_000.0;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let out = &mut std::io::stdout();
    match arguments.next().as_deref() {
        None => server(out),
        Some("store") => store::run(arguments, out),
        Some("otlp") => otlp::run(out),
        Some("judge") => judge::run(arguments, out),
        Some("flood") => flood::run(arguments, out),
        Some("soak") => soak::run(arguments, out),
        Some("search") => search::run(arguments, out),
        Some("trees") => trees::run(arguments, out),
        Some("cluster") => cluster::run(arguments, out),
        Some("peers") => peers::run(arguments, out),
        Some("-h" | "--help") => Ok(writeln!(out, "{USAGE}")?),
        Some(other) => anyhow::bail!("{other} is not known\n{USAGE}"),
    }
}

/// The server as a whole.
fn server(out: &mut impl Write) -> anyhow::Result<()> {
    step("floor: receiving, checksum, compression");
    let floor = floor::measure(&Documents::new(7).take(FLOOR_DOCUMENTS))?;

    step("idle memory, and the time until a segment is visible");
    let server = Server::start()?;
    server.settle(Duration::from_secs(3))?;
    let idle_rss_bytes = server.rss_bytes()?;
    let visible = visible::measure(&server, PROBES)?;
    step("the same while documents come in");
    let busy = visible::measure_under_load(&server, BUSY_PROBES, BUSY_RATE)?;
    server.stop()?;

    step("documents through UDP");
    let udp = load::udp(UDP_DOCUMENTS)?;
    step("documents through HTTP");
    let http = load::http(HTTP_DOCUMENTS)?;

    let otlp = otlp::Otlp::measure()?;

    let table = Table {
        floor: &floor,
        idle_rss_bytes,
        visible: &visible,
        busy: &busy,
        udp: &udp,
        http: &http,
        otlp: &otlp,
    };
    out.write_all(table.to_text().as_bytes())?;
    Ok(())
}

pub(crate) fn step(what: &str) {
    eprintln!("measuring {what}");
}
