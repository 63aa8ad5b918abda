//! Spans of OTLP through both of its protocols, and what they cost the server.

mod grpc;
mod span;

use std::io::Write;
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::floor::thread_seconds;
use crate::http::Connection;
use crate::load::{CONNECTIONS, Load, PATIENCE, SERVICE_UNAVAILABLE, measure, through_connections};
use crate::process::Server;
use crate::table::{Row, lines, megabytes, row, thousands, times};
use crate::visible::{Visible, measure_probes};
use span::{Requests, SPANS_A_REQUEST};

const REQUESTS: usize = 10_000;
const PROBES: usize = 50;
const FLOOR_REQUESTS: usize = 400;
/// What a server that is busy answers by gRPC.
const UNAVAILABLE: i32 = 14;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Grpc,
    Http,
}

/// The rows of OTLP.
pub(crate) struct Otlp {
    floor: Floor,
    loads: [(Protocol, Load); 2],
    visible: Visible,
}

/// Spans a second of one thread.
struct Floor {
    decode: f64,
    inflate: f64,
    span_bytes: f64,
    compressed_bytes: f64,
}

/// `fluoro-bench otlp`: these rows alone.
pub(crate) fn run(out: &mut impl Write) -> anyhow::Result<()> {
    let measured = Otlp::measure()?;
    out.write_all(measured.introduction().as_bytes())?;
    let mut rows = vec![row("", "measured", "must reach", "for scale")];
    rows.extend(measured.rows());
    out.write_all(lines(&rows).as_bytes())?;
    Ok(())
}

impl Otlp {
    pub(crate) fn measure() -> anyhow::Result<Self> {
        crate::step("floor of spans of OTLP");
        let floor = floor()?;
        crate::step("the time until a span of OTLP is visible");
        let server = Server::start()?;
        server.settle(Duration::from_secs(2))?;
        let visible = visible(&server)?;
        server.stop()?;
        let load = |protocol| {
            crate::step(&format!("spans of OTLP through {}", protocol_name(protocol)));
            anyhow::Ok((protocol, measure(REQUESTS * SPANS_A_REQUEST, |server| flood(server, protocol))?))
        };
        let loads = [load(Protocol::Grpc)?, load(Protocol::Http)?];
        Ok(Self { floor, loads, visible })
    }

    pub(crate) fn introduction(&self) -> String {
        format!(
            "\nOTLP: {} requests of {SPANS_A_REQUEST} spans of one service, {:.0} bytes a span, 11 attributes; over {CONNECTIONS} connections.\n\n",
            thousands(REQUESTS as f64),
            self.floor.span_bytes
        )
    }

    pub(crate) fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for (protocol, load) in &self.loads {
            let name = protocol_name(*protocol);
            let spans = load.accepted.max(1) as f64;
            let parts: u64 = load.costs.part_bytes.values().sum();
            rows.push(row(
                format!("OTLP by {name}: spans a CPU-second, to sealed parts"),
                thousands(load.documents_a_cpu_second()),
                "40,000",
                format!("a second of wall time: {}", thousands(load.sent as f64 / load.wall_seconds)),
            ));
            rows.push(row(
                format!("OTLP by {name}: peak RSS"),
                megabytes(load.costs.peak_rss_bytes),
                "300 MB",
                "",
            ));
            rows.push(row(
                format!("OTLP by {name}: on disk a span, all parts"),
                format!("{:.1} B", parts as f64 / spans),
                "45 B",
                format!("zstd -1 of the requests: {:.0} B", self.floor.compressed_bytes),
            ));
            for (table, bytes) in &load.costs.part_bytes {
                rows.push(row(
                    format!("  of it, {table}"),
                    format!("{:.1} B", *bytes as f64 / spans),
                    "",
                    "",
                ));
            }
        }
        for (answer, sorted) in [
            ("by trace id", &self.visible.trace),
            ("in GetTraceSummaries", &self.visible.summaries),
            ("in GetServiceGraph", &self.visible.graph),
        ] {
            rows.push(row(
                format!("OTLP: visible {answer}, p50; p99"),
                times(sorted),
                "1,000 ms",
                "others: 10 to 30 s",
            ));
        }
        rows.push(row(
            "OTLP: decoding and mapping alone, spans a CPU-second",
            thousands(self.floor.decode),
            "",
            format!("unpacking gzip alone: {}", thousands(self.floor.inflate)),
        ));
        rows
    }
}

fn protocol_name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Grpc => "gRPC",
        Protocol::Http => "HTTP",
    }
}

/// As fast as the server takes them.
fn flood(server: &Server, protocol: Protocol) -> anyhow::Result<()> {
    through_connections(|number| send(&server.http, protocol, number as u64)).map(drop)
}

fn send(host: &str, protocol: Protocol, seed: u64) -> anyhow::Result<()> {
    let mut source = Requests::new(seed);
    let mut sender = Sender::open(host, protocol)?;
    for _ in 0..REQUESTS / CONNECTIONS {
        sender.export(&source.next())?;
    }
    Ok(())
}

enum Sender {
    Grpc(grpc::Connection),
    Http(Connection),
}

impl Sender {
    fn open(host: &str, protocol: Protocol) -> anyhow::Result<Self> {
        Ok(match protocol {
            Protocol::Grpc => Self::Grpc(grpc::Connection::open(host)?),
            Protocol::Http => Self::Http(Connection::open(host)?),
        })
    }

    /// Until it is taken whole.
    fn export(&mut self, request: &[u8]) -> anyhow::Result<()> {
        loop {
            match self {
                Self::Grpc(connection) => {
                    let answer = connection.export(request)?;
                    match answer.status {
                        0 => {
                            ensure!(answer.message[..] == [0; 5], "spans were refused: {:?}", answer.message);
                            return Ok(());
                        }
                        UNAVAILABLE => {}
                        other => bail!("grpc-status {other}"),
                    }
                }
                Self::Http(connection) => {
                    let answer = connection.post_as("application/x-protobuf", "/v1/traces", request)?;
                    if answer.status != SERVICE_UNAVAILABLE {
                        let body = answer.expect_ok()?;
                        ensure!(body.is_empty(), "spans were refused: {body}");
                        return Ok(());
                    }
                }
            }
            thread::sleep(PATIENCE);
        }
    }
}

fn visible(server: &Server) -> anyhow::Result<Visible> {
    let mut sender = Sender::open(&server.http, Protocol::Grpc)?;
    let mut random = StdRng::seed_from_u64(98);
    measure_probes(server, PROBES, |service| {
        let (trace_id, request) = span::probe(service, &mut random);
        sender.export(&request)?;
        Ok(trace_id)
    })
}

fn floor() -> anyhow::Result<Floor> {
    let mut source = Requests::new(7);
    let requests: Vec<Vec<u8>> = (0..FLOOR_REQUESTS).map(|_| source.next()).collect();
    let spans = (FLOOR_REQUESTS * SPANS_A_REQUEST) as f64;
    let bytes: usize = requests.iter().map(Vec::len).sum();

    let begin = thread_seconds()?;
    for request in &requests {
        std::hint::black_box(otlp::decode_protobuf(request).context("decode a request")?);
    }
    let decode = thread_seconds()? - begin;

    let packed = requests.iter().map(|request| gzip(request)).collect::<anyhow::Result<Vec<_>>>()?;
    let begin = thread_seconds()?;
    for request in &packed {
        let mut unpacked = Vec::new();
        std::io::copy(&mut flate2::read::GzDecoder::new(&request[..]), &mut unpacked).context("unpack")?;
        std::hint::black_box(unpacked);
    }
    let inflate = thread_seconds()? - begin;

    let mut compressor = zstd::bulk::Compressor::new(1).context("make a compressor")?;
    let mut compressed = 0;
    for request in &requests {
        compressed += compressor.compress(request).context("compress")?.len();
    }
    Ok(Floor {
        decode: spans / decode,
        inflate: spans / inflate,
        span_bytes: bytes as f64 / spans,
        compressed_bytes: compressed as f64 / spans,
    })
}

fn gzip(bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(bytes)?;
    Ok(writer.finish()?)
}
