//! The floor of the work: what any server must do with these bytes, measured in the same run.

use std::net::UdpSocket;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;

use crate::document::datagram;

/// Documents a second of processor time.
pub(crate) struct Floor {
    /// Receive a datagram and forget it.
    pub(crate) receive: f64,
    /// Checksum and compression at level 1, in blocks of 64 KiB.
    pub(crate) checksum_and_compress: f64,
    /// Our own decoder; for scale, since it is a part of the server's work.
    pub(crate) decode: f64,
    /// Bytes a document, as received and compressed.
    pub(crate) document_bytes: f64,
    pub(crate) compressed_bytes: f64,
}

impl Floor {
    /// Receiving, checksum and compression together.
    pub(crate) fn together(&self) -> f64 {
        1.0 / (1.0 / self.receive + 1.0 / self.checksum_and_compress)
    }
}

const BLOCK_BYTES: usize = 64 * 1024;
/// Datagrams sent at a time, so that the default socket buffer holds them all.
const BURST: usize = 50;

pub(crate) fn measure(documents: &[String]) -> anyhow::Result<Floor> {
    let count = documents.len() as f64;
    let bytes: usize = documents.iter().map(String::len).sum();
    let (checksum_and_compress, compressed) = checksum_and_compress(documents)?;
    Ok(Floor {
        receive: receive(documents)?,
        checksum_and_compress: count / checksum_and_compress,
        decode: count / decode(documents)?,
        document_bytes: bytes as f64 / count,
        compressed_bytes: compressed as f64 / count,
    })
}

/// Seconds of this thread, and compressed bytes.
pub(crate) fn checksum_and_compress(documents: &[String]) -> anyhow::Result<(f64, usize)> {
    let mut compressor = zstd::bulk::Compressor::new(1).context("make a compressor")?;
    let begin = thread_seconds()?;
    let mut compressed = 0;
    let mut block = Vec::with_capacity(2 * BLOCK_BYTES);
    for (number, document) in documents.iter().enumerate() {
        std::hint::black_box(crc32fast::hash(document.as_bytes()));
        block.extend_from_slice(document.as_bytes());
        if block.len() >= BLOCK_BYTES || number + 1 == documents.len() {
            compressed += compressor.compress(&block).context("compress")?.len();
            block.clear();
        }
    }
    Ok((thread_seconds()? - begin, compressed))
}

fn decode(documents: &[String]) -> anyhow::Result<f64> {
    let documents: Vec<Bytes> =
        documents.iter().map(|document| Bytes::copy_from_slice(document.as_bytes())).collect();
    let begin = thread_seconds()?;
    for document in documents {
        let decoded =
            wire::decode(document).map_err(|reject| anyhow::anyhow!("{reject}: {}", reject.detail))?;
        std::hint::black_box(&decoded);
    }
    Ok(thread_seconds()? - begin)
}

/// Documents a second of the receiving thread; what the sender costs does not count.
fn receive(documents: &[String]) -> anyhow::Result<f64> {
    let receiver = UdpSocket::bind("127.0.0.1:0").context("bind a socket")?;
    receiver.set_read_timeout(Some(Duration::from_millis(500))).context("set a timeout")?;
    let target = receiver.local_addr().context("read an address")?;
    let thread = thread::spawn(move || -> anyhow::Result<f64> {
        let mut buffer = vec![0; 65_536];
        let begin = thread_seconds()?;
        let mut received = 0.0;
        while receiver.recv(&mut buffer).is_ok() {
            received += 1.0;
        }
        Ok(received / (thread_seconds()? - begin))
    });
    let sender = UdpSocket::bind("127.0.0.1:0").context("bind a socket")?;
    sender.connect(target).context("connect a socket")?;
    for burst in documents.chunks(BURST) {
        for document in burst {
            sender.send(&datagram(document)).context("send a datagram")?;
        }
        thread::sleep(Duration::from_millis(1));
    }
    match thread.join() {
        Ok(rate) => rate,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// Processor time of this thread, by the scheduler's account in nanoseconds.
pub(crate) fn thread_seconds() -> anyhow::Result<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").context("read the thread's time")?;
    let nanoseconds = text.split_whitespace().next().and_then(|word| word.parse::<f64>().ok());
    Ok(nanoseconds.context("read the thread's time")? / 1e9)
}
