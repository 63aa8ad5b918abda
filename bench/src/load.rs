//! Many documents through one door, and what they cost the server.

use std::net::UdpSocket;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::document::{Documents, datagram};
use crate::http::Connection;
use crate::process::{Costs, Server};

/// Paced, because an unpaced sender measures the socket buffer. On two cores the sender takes one.
const UDP_RATE: f64 = 15_000.0;
/// Datagrams sent at a time; divides the number of documents.
const BURST: usize = 50;
/// What a daemon puts into one request.
const BATCH: usize = 50;
pub(crate) const CONNECTIONS: usize = 4;
/// What a server that is busy answers, and how long it is left alone then.
pub(crate) const SERVICE_UNAVAILABLE: u16 = 503;
pub(crate) const PATIENCE: Duration = Duration::from_millis(20);
/// For everything that is still under way at the end: digests, index, minutes.
const SETTLE_LIMIT: Duration = Duration::from_secs(15);

pub(crate) struct Load {
    pub(crate) sent: u64,
    /// Those that the server has made durable.
    pub(crate) accepted: u64,
    pub(crate) wall_seconds: f64,
    /// Without what an idle server takes to start and stop.
    pub(crate) cpu_seconds: f64,
    pub(crate) costs: Costs,
}

impl Load {
    pub(crate) fn documents_a_cpu_second(&self) -> f64 {
        self.accepted as f64 / self.cpu_seconds
    }
}

pub(crate) fn udp(documents: usize) -> anyhow::Result<Load> {
    measure(documents, |server| send_paced(&server.udp, UDP_RATE, |sent| sent < documents))
}

/// Sends as long as `goes_on` says so of the number of documents sent.
pub(crate) fn send_paced(udp: &str, rate: f64, goes_on: impl Fn(usize) -> bool) -> anyhow::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0").context("bind a socket")?;
    socket.connect(udp).context("connect a socket")?;
    let mut source = Documents::new(1);
    let begin = Instant::now();
    let mut sent = 0;
    while goes_on(sent) {
        for document in source.take(BURST) {
            socket.send(&datagram(&document)).context("send a datagram")?;
            sent += 1;
        }
        let due = Duration::from_secs_f64(sent as f64 / rate);
        thread::sleep(due.saturating_sub(begin.elapsed()));
    }
    Ok(())
}

pub(crate) fn http(documents: usize) -> anyhow::Result<Load> {
    measure(documents, |server| put(server, documents))
}

/// As fast as the server takes them, in batches through some connections.
pub(crate) fn put(server: &Server, documents: usize) -> anyhow::Result<()> {
    through_connections(|number| put_batches(&server.http, number, documents / CONNECTIONS)).map(drop)
}

/// What each of [`CONNECTIONS`] senders, told apart by their numbers, has to say at its end.
pub(crate) fn through_connections<T: Send>(
    send: impl Fn(usize) -> anyhow::Result<T> + Sync,
) -> anyhow::Result<Vec<T>> {
    let send = &send;
    thread::scope(|scope| {
        let senders: Vec<_> = (0..CONNECTIONS).map(|number| scope.spawn(move || send(number))).collect();
        let ends = senders.into_iter().map(|sender| sender.join());
        ends.map(|end| end.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

/// Gives how many documents these were.
pub(crate) fn put_batches(host: &str, seed: usize, documents: usize) -> anyhow::Result<usize> {
    let mut connection = Connection::open(host)?;
    let mut source = Documents::new(seed as u64);
    for _ in 0..documents / BATCH {
        put_batch(&mut connection, &source.take(BATCH))?;
    }
    Ok(documents / BATCH * BATCH)
}

/// Sends documents until they are taken. A server that says that it is busy keeps its promises; the sender goes as fast as it may.
pub(crate) fn put_batch(connection: &mut Connection, documents: &[String]) -> anyhow::Result<()> {
    let body = serde_json::json!({ "TraceSegmentDocuments": documents }).to_string();
    loop {
        let answer = connection.post("/TraceSegments", body.as_bytes())?;
        if answer.status == SERVICE_UNAVAILABLE {
            thread::sleep(PATIENCE);
            continue;
        }
        let body = answer.expect_ok()?;
        ensure!(body.contains("\"UnprocessedTraceSegments\":[]"), "documents were refused: {body:.500}");
        return Ok(());
    }
}

pub(crate) fn measure(sent: usize, send: impl FnOnce(&Server) -> anyhow::Result<()>) -> anyhow::Result<Load> {
    let server = Server::start()?;
    server.settle(Duration::from_secs(2))?;
    let cpu_before = server.cpu_seconds()?;
    let begin = Instant::now();
    send(&server)?;
    let wall_seconds = begin.elapsed().as_secs_f64();
    server.settle(SETTLE_LIMIT)?;
    let accepted = counter(&mut Connection::open(&server.http)?, "fluoro_ingest_appended_documents_total")?;
    // The stop seals what is left, so that its cost and its bytes count too.
    let costs = server.stop()?;
    let cpu_seconds = (costs.cpu_seconds - cpu_before).max(0.01);
    Ok(Load { sent: sent as u64, accepted, wall_seconds, cpu_seconds, costs })
}

fn counter(connection: &mut Connection, name: &str) -> anyhow::Result<u64> {
    let metrics = connection.get("/metrics")?.expect_ok()?;
    let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
    Ok(value.with_context(|| format!("find {name} in /metrics"))? as u64)
}
