//! A backend that takes a given time for each answer and counts the documents that it was sent.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use anyhow::Context;

/// Stands once in each document and nowhere else, so that bodies need not be parsed.
pub(crate) const MARK: u8 = b'~';
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 31\r\n\r\n{\"UnprocessedTraceSegments\":[]}";

pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    documents: Arc<AtomicU64>,
}

impl Backend {
    pub(crate) fn start(latency: Duration) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("bind the backend")?;
        let address = listener.local_addr().context("name the backend")?;
        let documents = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&documents);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let counter = Arc::clone(&counter);
                // It ends with the connection, which the agent closes.
                thread::spawn(move || serve(stream, latency, &counter));
            }
        });
        Ok(Self { address, documents })
    }

    pub(crate) fn documents(&self) -> u64 {
        self.documents.load(Relaxed)
    }
}

fn serve(stream: TcpStream, latency: Duration, documents: &AtomicU64) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::with_capacity(256 << 10, stream);
    let mut line = String::new();
    let mut body = Vec::new();
    loop {
        let mut length = 0;
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let header = line.trim_end().to_ascii_lowercase();
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            if header.is_empty() {
                break;
            }
        }
        body.resize(length, 0);
        reader.read_exact(&mut body)?;
        let count = body.iter().filter(|byte| **byte == MARK).count();
        thread::sleep(latency);
        reader.get_mut().write_all(ANSWER)?;
        // An answer is what makes it delivered.
        documents.fetch_add(count as u64, Relaxed);
    }
}
