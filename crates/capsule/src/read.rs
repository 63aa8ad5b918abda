//! Reads a capsule that may be anybody's: what it would take is bounded before it is taken.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use model::minute::MinuteRow;
use model::{Timestamp, TraceDigest};
use settings::portable::Row;
use zstd::stream::read::Decoder;

use crate::head::{Head, VERSION};
use crate::line::{End, Line};
use crate::plausible;

/// The magic number of a frame of zstd.
const PACKED: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Of the window that a packer looks back: 8 MiB, of which the writer needs two. Files that want more are not ours.
const WINDOW_LOG_MAX: u32 = 23;

/// How much of what a capsule may hold.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Unpacked, in bytes.
    pub bytes: u64,
    pub line_bytes: u64,
    pub documents: usize,
    /// Of digests and rollups as they are written.
    pub block_bytes: usize,
    /// Of texts in digests and rollups, as often as these have them.
    pub text_bytes: usize,
    pub digests: usize,
    pub rows: usize,
}

/// Some gigabytes of memory at the worst, and what a busy hour has.
pub const LIMITS: Limits = Limits {
    bytes: 1 << 30,
    line_bytes: 16 << 20,
    documents: 500_000,
    block_bytes: 64 << 20,
    text_bytes: 512 << 20,
    digests: 200_000,
    rows: 500_000,
};

/// All of a capsule.
#[derive(Debug)]
pub struct Content {
    pub head: Head,
    /// A trace's in order of receipt.
    pub documents: Vec<Received>,
    pub digests: Vec<Arc<TraceDigest>>,
    pub minutes: Vec<MinuteRow>,
    pub settings: Vec<Row>,
    pub alerts: Vec<Row>,
}

/// A document that is not decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub received: Timestamp,
    pub raw: Bytes,
}

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("it is no capsule, which `fluoro capsule` writes")]
    NotOne,
    #[error(
        "it is of version {0} of the format, and this binary reads {VERSION}: open it with a newer fluoro"
    )]
    Newer(u32),
    #[error("it was cut short; get it again")]
    Short,
    #[error("line {line} is wrong: {what}")]
    Wrong { line: u64, what: String },
    #[error("it holds more than {0}, and so none that Fluoro writes")]
    TooMuch(&'static str),
    #[error("it cannot be read")]
    Io(#[from] io::Error),
}

/// Reads all of it, or says why not.
pub fn read(input: impl Read, limits: &Limits) -> Result<Content, ReadError> {
    let mut input = BufReader::new(input);
    let begin = input.fill_buf()?;
    if !begin.starts_with(&PACKED[..begin.len().min(PACKED.len())]) || begin.is_empty() {
        return Err(ReadError::NotOne);
    }
    let mut decoder = Decoder::with_buffer(input)?;
    decoder.window_log_max(WINDOW_LOG_MAX)?;
    let mut lines =
        Lines { input: BufReader::new(decoder), bytes: Vec::new(), number: 0, left: limits.bytes };
    let head = lines.next(limits)?.ok_or(ReadError::NotOne).and_then(head)?;
    let mut content = Content {
        head,
        documents: Vec::new(),
        digests: Vec::new(),
        minutes: Vec::new(),
        settings: Vec::new(),
        alerts: Vec::new(),
    };
    let mut taken = Taken { block_bytes: 0, texts: limits.text_bytes };
    loop {
        let Some(line) = lines.next(limits)? else { return Err(ReadError::Short) };
        let is_end = content.take(line, &mut taken, limits);
        let number = lines.number;
        match is_end {
            Ok(None) => {}
            Ok(Some(end)) if end.lines.checked_add(1) == Some(number) && lines.next(limits)?.is_none() => {
                content.head.complete &= end.complete;
                return Ok(content);
            }
            Ok(Some(_)) => return Err(wrong(number, "the end says another number of lines")),
            Err(Refused::Wrong(what)) => return Err(wrong(number, what)),
            Err(Refused::TooMuch(what)) => return Err(ReadError::TooMuch(what)),
        }
    }
}

fn wrong(line: u64, what: impl Into<String>) -> ReadError {
    ReadError::Wrong { line, what: what.into() }
}

fn head(line: &[u8]) -> Result<Head, ReadError> {
    let value: serde_json::Value = serde_json::from_slice(line).map_err(|_| ReadError::NotOne)?;
    let version = value.get("fluoroCapsule").and_then(serde_json::Value::as_u64).ok_or(ReadError::NotOne)?;
    if version != u64::from(VERSION) {
        return Err(ReadError::Newer(u32::try_from(version).unwrap_or(u32::MAX)));
    }
    let head: Head = serde_json::from_value(value).map_err(|error| wrong(1, error.to_string()))?;
    let times = [head.from, head.to, head.made];
    if times.iter().any(|time| !plausible::is_time(*time)) || head.from >= head.to {
        return Err(wrong(1, "its times cannot be"));
    }
    Ok(head)
}

struct Lines<R> {
    input: BufReader<R>,
    bytes: Vec<u8>,
    /// Of the line that was read last.
    number: u64,
    left: u64,
}

impl<R: Read> Lines<R> {
    fn next(&mut self, limits: &Limits) -> Result<Option<&[u8]>, ReadError> {
        self.bytes.clear();
        let most = limits.line_bytes.min(self.left);
        let length = match self.input.by_ref().take(most).read_until(b'\n', &mut self.bytes) {
            Ok(length) => length as u64,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(ReadError::Short),
            // What is no zstd has no other kind.
            Err(error) if error.kind() == io::ErrorKind::Other => {
                return Err(wrong(self.number + 1, format!("it cannot be unpacked: {error}")));
            }
            Err(error) => return Err(error.into()),
        };
        if length == 0 && most > 0 {
            return Ok(None);
        }
        self.number += 1;
        self.left -= length;
        if !self.bytes.ends_with(b"\n") {
            return Err(match (length == most, most == limits.line_bytes) {
                (true, true) => ReadError::TooMuch("16 MiB in a line"),
                (true, false) => ReadError::TooMuch("1 GiB"),
                (false, _) => ReadError::Short,
            });
        }
        Ok(Some(&self.bytes[..self.bytes.len() - 1]))
    }
}

/// What was taken of what is bounded over all lines.
struct Taken {
    block_bytes: usize,
    /// Bytes of texts that may still come.
    texts: usize,
}

enum Refused {
    Wrong(String),
    TooMuch(&'static str),
}

impl Content {
    /// Gives what the end says, where it is that.
    fn take(&mut self, line: &[u8], taken: &mut Taken, limits: &Limits) -> Result<Option<End>, Refused> {
        let line: Line<'_> =
            serde_json::from_slice(line).map_err(|error| Refused::Wrong(error.to_string()))?;
        if let (Some(received), Some(document)) = (line.received, line.document) {
            self.take_document(received, document.get())?;
            return most(self.documents.len(), limits.documents, "500,000 documents");
        }
        if let Some(commit) = line.commit {
            return self.take_commit(&commit, taken, limits);
        }
        self.settings.extend(line.setting);
        self.alerts.extend(line.alert);
        most(self.settings.len() + self.alerts.len(), limits.rows, "500,000 settings and alerts")?;
        Ok(line.end)
    }

    fn take_document(&mut self, received: f64, text: &str) -> Result<(), Refused> {
        let received = Timestamp::from_seconds(received);
        if !plausible::is_time(received.0) {
            return Err(Refused::Wrong("it is said to be received before 1970 or after 9998".to_owned()));
        }
        let raw = match text.starts_with('"') {
            true => serde_json::from_str::<String>(text)
                .map(Bytes::from)
                .map_err(|error| Refused::Wrong(error.to_string()))?,
            false => Bytes::copy_from_slice(text.as_bytes()),
        };
        self.documents.push(Received { received, raw });
        Ok(())
    }

    fn take_commit(
        &mut self,
        commit: &str,
        taken: &mut Taken,
        limits: &Limits,
    ) -> Result<Option<End>, Refused> {
        let block = STANDARD.decode(commit).map_err(|error| Refused::Wrong(error.to_string()))?;
        taken.block_bytes += block.len();
        most(taken.block_bytes, limits.block_bytes, "64 MiB of digests and rollups")?;
        // The JSON of the first format was never written here, and is not bounded.
        if block.first() == Some(&b'{') {
            return Err(Refused::Wrong("its digests are of a format that no capsule has".to_owned()));
        }
        let reduced = row::codec::decode_commit_within(&block, &mut taken.texts)
            .map_err(|error| Refused::Wrong(error.to_string()))?;
        let digests_are = reduced.digests.iter().all(|digest| plausible::is_digest(digest));
        if !digests_are || !reduced.minutes.iter().all(plausible::is_row) {
            return Err(Refused::Wrong("its times or counts cannot be".to_owned()));
        }
        self.digests.extend(reduced.digests);
        self.minutes.extend(reduced.minutes);
        most(self.digests.len(), limits.digests, "200,000 traces")
    }
}

fn most(count: usize, limit: usize, what: &'static str) -> Result<Option<End>, Refused> {
    if count > limit { Err(Refused::TooMuch(what)) } else { Ok(None) }
}
