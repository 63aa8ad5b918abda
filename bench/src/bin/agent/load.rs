//! One load: documents at a rate for some seconds, and what became of them.

use std::net::UdpSocket;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::backend::{Backend, MARK};
use crate::process::Agent;

const SECONDS: u32 = 5;
/// Of a document, as in the measurements of the Go daemon.
const DOCUMENT_BYTES: usize = 2_048;
const HEADER: &[u8] = b"{\"format\":\"json\",\"version\":1}\n";
/// How often the sender catches up with the clock.
const STEP: Duration = Duration::from_millis(1);
/// For what still waits after the last document.
const SETTLE: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) rate: u32,
    pub(crate) latency: Duration,
}

pub(crate) struct Outcome {
    pub(crate) load: Load,
    /// What the sender reached, which on a small machine may be less than the load asks for.
    pub(crate) sent_a_second: f64,
    pub(crate) sent: u64,
    pub(crate) delivered: u64,
    pub(crate) cpu_seconds: f64,
    pub(crate) peak_rss_bytes: u64,
}

impl Outcome {
    pub(crate) fn delivered_percent(&self) -> f64 {
        100.0 * self.delivered as f64 / self.sent as f64
    }

    pub(crate) fn cpu_seconds_a_million(&self) -> f64 {
        1e6 * self.cpu_seconds / self.delivered.max(1) as f64
    }
}

pub(crate) fn run(binary: &Path, load: Load) -> anyhow::Result<Outcome> {
    let backend = Backend::start(load.latency)?;
    let agent = Agent::start(binary, backend.address)?;
    let datagram = datagram();
    let socket = UdpSocket::bind("127.0.0.1:0").context("bind a socket")?;
    socket.connect(agent.udp).context("connect a socket")?;
    let total = u64::from(load.rate) * u64::from(SECONDS);
    let begin = Instant::now();
    let mut sent = 0;
    while sent < total && begin.elapsed() < Duration::from_secs(u64::from(SECONDS)) {
        let due = (begin.elapsed().as_secs_f64() * f64::from(load.rate)) as u64;
        while sent < due.min(total) {
            socket.send(&datagram).context("send a document")?;
            sent += 1;
        }
        thread::sleep(STEP);
    }
    let sent_a_second = sent as f64 / begin.elapsed().as_secs_f64();
    settle(&backend, sent);
    let costs = agent.stop()?;
    Ok(Outcome {
        load,
        sent_a_second,
        sent,
        delivered: backend.documents(),
        cpu_seconds: costs.cpu_seconds,
        peak_rss_bytes: costs.peak_rss_bytes,
    })
}

/// Waits until all is there, or nothing more has come for a while.
fn settle(backend: &Backend, sent: u64) {
    let begin = Instant::now();
    let mut last = (backend.documents(), Instant::now());
    while last.0 < sent && begin.elapsed() < SETTLE && last.1.elapsed() < Duration::from_secs(2) {
        thread::sleep(Duration::from_millis(50));
        if backend.documents() > last.0 {
            last = (backend.documents(), Instant::now());
        }
    }
}

/// A document as an SDK writes it: names and values, so as many quotes as usual.
fn datagram() -> Vec<u8> {
    let mut text = format!(
        "{{\"id\":\"70de5b6f19ff9a0a\",\"name\":\"{}shop\",\"start_time\":1478293361.271,\"end_time\":1478293361.449,\
         \"trace_id\":\"1-581cf771-a006649127e371903a2de979\",\"annotations\":{{",
        char::from(MARK)
    );
    let mut number = 0;
    while text.len() < DOCUMENT_BYTES - 40 {
        text.push_str(&format!("\"key_{number:03}\":\"value {number:03}\","));
        number += 1;
    }
    text.push_str("\"last\":\"");
    let filler = DOCUMENT_BYTES - text.len() - 3;
    text.push_str(&"x".repeat(filler));
    text.push_str("\"}}");
    [HEADER, text.as_bytes()].concat()
}
