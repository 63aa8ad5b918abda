//! Writes a capsule piece by piece, so that no more of it is in memory than a piece.

use std::io::{self, Write};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::minute::MinuteRow;
use model::{Timestamp, TraceDigest};
use serde::Serialize;
use serde_json::json;
use settings::portable::Row;
use zstd::stream::write::Encoder;

use crate::head::Head;
use crate::line::End;

/// Fast, and a tenth of what it packs.
const LEVEL: i32 = 3;

/// Packs lines; [`Writer::take`] gives what is packed so far.
pub struct Writer {
    packed: Encoder<'static, Vec<u8>>,
    lines: u64,
}

impl Writer {
    pub fn new(head: &Head) -> io::Result<Self> {
        let mut writer = Self { packed: Encoder::new(Vec::new(), LEVEL)?, lines: 0 };
        writer.line(head)?;
        Ok(writer)
    }

    /// A document, as it was received.
    pub fn document(&mut self, received: Timestamp, raw: &[u8]) -> io::Result<()> {
        let (seconds, micros) = (received.0.div_euclid(1_000_000), received.0.rem_euclid(1_000_000));
        write!(self.packed, "{{\"received\":{seconds}.{micros:06},\"document\":")?;
        if raw.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
            serde_json::to_writer(&mut self.packed, &String::from_utf8_lossy(raw))?;
        } else {
            self.packed.write_all(raw)?;
        }
        self.lines += 1;
        self.packed.write_all(b"}\n")
    }

    /// What was made of documents.
    pub fn reduced(&mut self, digests: &[Arc<TraceDigest>], minutes: &[MinuteRow]) -> io::Result<()> {
        let block = row::codec::encode_commit(digests, minutes, &[], &[]);
        self.line(&json!({ "commit": STANDARD.encode(block) }))
    }

    /// Something that is set up.
    pub fn setting(&mut self, row: &Row) -> io::Result<()> {
        self.line(&json!({ "setting": row }))
    }

    /// Something that was noticed.
    pub fn alert(&mut self, row: &Row) -> io::Result<()> {
        self.line(&json!({ "alert": row }))
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.packed, line)?;
        self.lines += 1;
        self.packed.write_all(b"\n")
    }

    /// Bytes that [`Writer::take`] would give.
    pub fn packed(&self) -> usize {
        self.packed.get_ref().len()
    }

    /// What was packed since it was asked last; some of what was written may still be on its way.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(self.packed.get_mut())
    }

    /// The rest of it; `complete` says that nothing was left out on the way.
    pub fn finish(mut self, complete: bool) -> io::Result<Vec<u8>> {
        let lines = self.lines;
        self.line(&json!({ "end": End { lines, complete } }))?;
        self.packed.finish()
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("lines", &self.lines).finish_non_exhaustive()
    }
}
