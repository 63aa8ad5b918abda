//! One frame of the log: length, checksum, kind, sequence, payload; all numbers little-endian.

use bytes::Bytes;
use model::segment::Sequence;
use model::{Timestamp, TraceId};

use crate::keys::{self, MissingKey, SEAL_BYTES, Seals};

/// Length, checksum, kind, sequence.
pub(crate) const HEADER_BYTES: usize = 4 + 4 + 1 + 8;
/// Trace id and time of receipt, before the document's own bytes.
pub(crate) const DOCUMENT_HEAD_BYTES: usize = 16 + 8;
/// A longer payload is neither written nor believed. The largest documents are some megabytes.
pub(crate) const MAX_PAYLOAD_BYTES: usize = 32 * 1024 * 1024;
/// A commit is cut into pieces of this size.
const COMMIT_PIECE_BYTES: usize = 8 * 1024 * 1024;

/// In the byte of the kind: the payload is encrypted.
const SEALED: u8 = 0x80;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Document = 1,
    /// A piece of a commit; more follows at once.
    CommitPiece = 2,
    /// The last piece of a commit. Without it the pieces before count for nothing.
    CommitEnd = 3,
}

/// A frame that was read, its checksum right.
#[derive(Debug, PartialEq)]
pub(crate) struct Frame {
    pub(crate) kind: Kind,
    /// Of a document, its own; of a commit, the one up to which it goes.
    pub(crate) sequence: Sequence,
    pub(crate) payload: Bytes,
    /// The payload is encrypted.
    pub(crate) is_sealed: bool,
}

/// Appends a document's frame. The place of the raw bytes in `out` is given back.
pub(crate) fn write_document(
    out: &mut Vec<u8>,
    sequence: Sequence,
    trace_id: TraceId,
    received: Timestamp,
    raw: &[u8],
) -> std::ops::Range<usize> {
    let begin = write_header(out, Kind::Document, sequence, DOCUMENT_HEAD_BYTES + raw.len());
    out.extend_from_slice(&trace_id.0);
    out.extend_from_slice(&received.0.to_le_bytes());
    let raw_begin = out.len();
    out.extend_from_slice(raw);
    seal(out, begin);
    raw_begin..out.len()
}

/// Appends the frames of a commit.
pub(crate) fn write_commit(out: &mut Vec<u8>, through: Sequence, encoded: &[u8]) {
    let mut rest = encoded;
    loop {
        let (piece, after) = rest.split_at(rest.len().min(COMMIT_PIECE_BYTES));
        let kind = if after.is_empty() { Kind::CommitEnd } else { Kind::CommitPiece };
        let begin = write_header(out, kind, through, piece.len());
        out.extend_from_slice(piece);
        seal(out, begin);
        if after.is_empty() {
            return;
        }
        rest = after;
    }
}

/// Reads the frame at the beginning of `bytes`; `None` where there is no whole, unharmed one.
pub(crate) fn read(bytes: &Bytes) -> Option<Frame> {
    let header = bytes.get(..HEADER_BYTES)?;
    let length = u32::from_le_bytes(header[..4].try_into().ok()?) as usize;
    if length > MAX_PAYLOAD_BYTES + SEAL_BYTES {
        return None;
    }
    let is_sealed = header[8] & SEALED != 0;
    let kind = match header[8] & !SEALED {
        1 => Kind::Document,
        2 => Kind::CommitPiece,
        3 => Kind::CommitEnd,
        _ => return None,
    };
    if kind == Kind::Document && !is_sealed && length < DOCUMENT_HEAD_BYTES {
        return None;
    }
    let end = HEADER_BYTES + length;
    let expected = u32::from_le_bytes(header[4..8].try_into().ok()?);
    if checksum(bytes.get(..end)?) != expected {
        return None;
    }
    let sequence = Sequence(u64::from_le_bytes(header[9..17].try_into().ok()?));
    Some(Frame { kind, sequence, payload: bytes.slice(HEADER_BYTES..end), is_sealed })
}

/// Whether a frame at the beginning of `bytes` was written to its end, as far as can be told of one whose checksum is
/// wrong: then it is damaged and not torn. No payload ends with a zero, and what a file system never wrote does.
pub(crate) fn looks_whole(bytes: &[u8]) -> bool {
    let Some(length) = bytes.get(..4).and_then(|length| length.try_into().ok()).map(u32::from_le_bytes)
    else {
        return false;
    };
    let payload = bytes.get(HEADER_BYTES..).and_then(|payload| payload.get(..length as usize));
    payload.and_then(<[u8]>::last).is_some_and(|&last| last != 0)
}

/// The same frames, each sealed. What is given is what was just written here.
pub(crate) fn seal_all(mut frames: &[u8], keys: &Seals) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(frames.len() + frames.len() / 4);
    while let Some((header, rest)) = frames.split_at_checked(HEADER_BYTES) {
        let length = u32::from_le_bytes(header[..4].try_into().expect("it has four bytes")) as usize;
        let (payload, after) = rest.split_at(length);
        let begin = out.len();
        let sealed = u32::try_from(length + SEAL_BYTES).expect("payloads are bounded");
        out.extend_from_slice(&sealed.to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.push(header[8] | SEALED);
        out.extend_from_slice(&header[9..]);
        let head: [u8; 9] = out[begin + 8..].try_into().expect("kind and sequence have nine bytes");
        keys.seal(&head, payload, &mut out)?;
        seal(&mut out, begin);
        frames = after;
    }
    Ok(out)
}

impl Frame {
    /// The same with its payload in the open; `None` where it is not what was sealed.
    pub(crate) fn open(self, keys: Option<&Seals>) -> Result<Option<Self>, MissingKey> {
        if !self.is_sealed {
            return Ok(Some(self));
        }
        let Some(keys) = keys else { return Err(keys::missing(&self.payload)) };
        let mut head = [self.kind as u8 | SEALED; 9];
        head[1..].copy_from_slice(&self.sequence.0.to_le_bytes());
        let payload = keys.open(&head, &self.payload)?;
        Ok(payload.map(|payload| Self { payload: payload.into(), is_sealed: false, ..self }))
    }

    /// How many bytes of the log it takes.
    pub(crate) fn size(&self) -> usize {
        HEADER_BYTES + self.payload.len()
    }

    /// The parts of a document's payload.
    pub(crate) fn document(&self) -> Option<(TraceId, Timestamp, Bytes)> {
        let head = self.payload.get(..DOCUMENT_HEAD_BYTES)?;
        let trace_id = TraceId(head[..16].try_into().ok()?);
        let received = Timestamp(i64::from_le_bytes(head[16..].try_into().ok()?));
        Some((trace_id, received, self.payload.slice(DOCUMENT_HEAD_BYTES..)))
    }
}

fn write_header(out: &mut Vec<u8>, kind: Kind, sequence: Sequence, length: usize) -> usize {
    let begin = out.len();
    let length = u32::try_from(length).expect("payloads are bounded");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.push(kind as u8);
    out.extend_from_slice(&sequence.0.to_le_bytes());
    begin
}

fn seal(out: &mut [u8], begin: usize) {
    let checksum = checksum(&out[begin..]);
    out[begin + 4..begin + 8].copy_from_slice(&checksum.to_le_bytes());
}

/// Over everything but itself.
fn checksum(frame: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&frame[..4]);
    hasher.update(&frame[8..]);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Vec<u8> {
        let mut out = Vec::new();
        let raw = write_document(&mut out, Sequence(9), TraceId([3; 16]), Timestamp(-5), b"{}");
        assert_eq!(&out[raw], b"{}");
        out
    }

    #[test]
    fn a_document_reads_back_as_it_was_written() {
        let read = read(&frame().into()).unwrap();
        assert_eq!((read.kind, read.sequence), (Kind::Document, Sequence(9)));
        assert_eq!(read.document().unwrap(), (TraceId([3; 16]), Timestamp(-5), Bytes::from_static(b"{}")));
    }

    #[test]
    fn any_flipped_bit_and_any_missing_byte_is_noticed() {
        let good = frame();
        for place in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[place] ^= 1 << bit;
                assert_eq!(read(&bad.into()), None, "byte {place} bit {bit}");
            }
            assert_eq!(read(&good[..place].to_vec().into()), None, "cut at {place}");
        }
    }

    #[test]
    fn a_large_commit_is_cut_and_ends_with_its_end() {
        let mut out = Vec::new();
        write_commit(&mut out, Sequence(4), &vec![b'x'; COMMIT_PIECE_BYTES + 1]);
        let out = Bytes::from(out);
        let first = read(&out).unwrap();
        let second = read(&out.slice(first.size()..)).unwrap();
        assert_eq!((first.kind, second.kind), (Kind::CommitPiece, Kind::CommitEnd));
        assert_eq!(first.size() + second.size(), out.len());
    }
}
