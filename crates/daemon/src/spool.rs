//! What cannot be sent for now, on disk: bounded, and found again by the next start.
//!
//! A folder has files `00000001.spool` and so on, each a row of frames: length of the body, number of
//! documents, and CRC-32, each four bytes little-endian, then the body, packed with zstd. Frames are appended
//! to the newest file and read from the oldest. A file goes when everything in it was accepted or refused, so
//! that after a crash at most a file's worth is sent twice, and nothing is lost that was written. It is not
//! synced to the disk: it outlives the process, not the machine.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::path::PathBuf;

use bytes::Bytes;
use tracing::warn;

use crate::batch::Batch;

/// A file is closed at this size: the most that is sent twice after a crash.
const MAX_FILE_BYTES: u64 = 4 << 20;
const HEADER_BYTES: usize = 12;
/// Of one body; a batch is far smaller. What claims more is damaged.
const MAX_BODY_BYTES: usize = 16 << 20;
/// Cheapest of zstd's that still packs documents to an eighth.
const LEVEL: i32 = 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileNumber(u64);

#[derive(Debug)]
pub(crate) struct Spool {
    folder: PathBuf,
    max_bytes: u64,
    files: BTreeMap<FileNumber, Contents>,
    writer: Option<(FileNumber, File)>,
    reader: Option<(FileNumber, BufReader<File>)>,
    /// The next file to read.
    unread: FileNumber,
}

#[derive(Debug, Default)]
struct Contents {
    bytes: u64,
    documents: usize,
    /// Batches that were read and are neither accepted nor refused.
    under_way: usize,
    is_read: bool,
}

impl Spool {
    /// Opens a folder, and finds what an earlier process left.
    pub(crate) fn open(folder: PathBuf, max_bytes: u64) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".spool")?.parse().ok());
            let Some(number) = number.map(FileNumber) else { continue };
            let bytes = entry.metadata()?.len();
            files.insert(number, Contents { bytes, ..Contents::default() });
        }
        let unread = files.keys().next().copied().unwrap_or(FileNumber(1));
        let mut spool = Self { folder, max_bytes, files, writer: None, reader: None, unread };
        for number in spool.files.keys().copied().collect::<Vec<_>>() {
            let documents = spool.count(number);
            spool.contents(number).documents = documents;
        }
        Ok(spool)
    }

    /// Adds a batch, and gives the number of documents that had to go to make room.
    pub(crate) fn append(&mut self, batch: &Batch) -> io::Result<usize> {
        let packed = zstd::bulk::compress(&batch.body, LEVEL)?;
        let mut frame = Vec::with_capacity(HEADER_BYTES + packed.len());
        for number in [packed.len(), batch.documents] {
            frame.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
        }
        frame.extend_from_slice(&crc32fast::hash(&packed).to_le_bytes());
        frame.extend_from_slice(&packed);
        let mut lost = 0;
        while self.bytes() + frame.len() as u64 > self.max_bytes {
            let Some(oldest) = self.files.keys().next().copied() else { break };
            lost += self.contents(oldest).documents;
            self.remove(oldest);
        }
        let number = self.open_writer()?;
        let (_, file) = self.writer.as_mut().expect("it was opened above");
        file.write_all(&frame)?;
        let contents = self.contents(number);
        contents.bytes += frame.len() as u64;
        contents.documents += batch.documents;
        if contents.bytes >= MAX_FILE_BYTES {
            self.writer = None;
        }
        Ok(lost)
    }

    fn open_writer(&mut self) -> io::Result<FileNumber> {
        if let Some((number, _)) = &self.writer {
            return Ok(*number);
        }
        let last = self.files.keys().next_back().copied().unwrap_or(FileNumber(0));
        let number = FileNumber(last.max(FileNumber(self.unread.0.saturating_sub(1))).0 + 1);
        let file = OpenOptions::new().create_new(true).append(true).open(self.path(number))?;
        self.files.insert(number, Contents::default());
        self.writer = Some((number, file));
        Ok(number)
    }

    /// Takes the oldest batch that was not taken; [`Spool::done`] says when it need not be kept any more.
    pub(crate) fn take(&mut self) -> io::Result<Option<(Batch, FileNumber)>> {
        loop {
            if self.reader.is_none() {
                let Some((&number, _)) = self.files.range(self.unread..).next() else { return Ok(None) };
                // A file that is read is not appended to any more.
                self.writer.take_if(|(writing, _)| *writing == number);
                self.reader = Some((number, BufReader::new(File::open(self.path(number))?)));
                self.unread = FileNumber(number.0 + 1);
            }
            let Some((number, reader)) = self.reader.as_mut() else { return Ok(None) };
            let number = *number;
            if let Some(frame) = read_frame(reader)? {
                match unpack(&frame) {
                    Ok(batch) => {
                        self.contents(number).under_way += 1;
                        return Ok(Some((batch, number)));
                    }
                    Err(error) => {
                        warn!(file = %self.path(number).display(), %error, "left out a damaged part of the spool");
                    }
                }
            }
            self.reader = None;
            self.contents(number).is_read = true;
            self.remove_if_done(number);
        }
    }

    /// A batch of this file was accepted or refused.
    pub(crate) fn done(&mut self, number: FileNumber) {
        let contents = self.contents(number);
        contents.under_way = contents.under_way.saturating_sub(1);
        self.remove_if_done(number);
    }

    /// A batch of this file became several.
    pub(crate) fn split(&mut self, number: FileNumber, parts: usize) {
        let contents = self.contents(number);
        contents.under_way = (contents.under_way + parts).saturating_sub(1);
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.files.values().map(|contents| contents.bytes).sum()
    }

    pub(crate) fn documents(&self) -> usize {
        self.files.values().map(|contents| contents.documents).sum()
    }

    /// Whether there is something to take.
    pub(crate) fn has_unread(&self) -> bool {
        self.reader.is_some() || self.files.range(self.unread..).next().is_some()
    }

    fn contents(&mut self, number: FileNumber) -> &mut Contents {
        // One that had to go to make room may still be told of.
        self.files.entry(number).or_default()
    }

    fn remove_if_done(&mut self, number: FileNumber) {
        let contents = self.contents(number);
        if contents.under_way == 0 && (contents.is_read || contents.bytes == 0) {
            self.remove(number);
        }
    }

    fn remove(&mut self, number: FileNumber) {
        self.reader.take_if(|(reading, _)| *reading == number);
        self.writer.take_if(|(writing, _)| *writing == number);
        self.files.remove(&number);
        match fs::remove_file(self.path(number)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                warn!(file = %self.path(number).display(), %error, "cannot remove a file of the spool");
            }
            _ => {}
        }
    }

    fn path(&self, number: FileNumber) -> PathBuf {
        self.folder.join(format!("{:08}.spool", number.0))
    }

    /// The documents of a file, up to where it is damaged.
    fn count(&self, number: FileNumber) -> usize {
        let Ok(file) = File::open(self.path(number)) else { return 0 };
        let mut reader = BufReader::new(file);
        let mut documents = 0;
        while let Ok(Some(frame)) = read_frame(&mut reader) {
            documents += frame.documents;
        }
        documents
    }
}

struct Frame {
    documents: usize,
    checksum: u32,
    packed: Vec<u8>,
}

#[derive(Debug, thiserror::Error)]
enum DamageError {
    #[error("the checksum is wrong")]
    Checksum,
    #[error("the body cannot be unpacked")]
    Body(#[source] io::Error),
}

/// Gives nothing at the end, and at a frame that was not written whole.
fn read_frame(reader: &mut impl Read) -> io::Result<Option<Frame>> {
    let mut header = [0; HEADER_BYTES];
    if !read_whole(reader, &mut header)? {
        return Ok(None);
    }
    let [length, documents, checksum] = [0, 4, 8]
        .map(|at| u32::from_le_bytes(header[at..at + 4].try_into().expect("the slice has four bytes")));
    if length as usize > MAX_BODY_BYTES {
        return Ok(None);
    }
    let mut packed = vec![0; length as usize];
    let is_whole = read_whole(reader, &mut packed)?;
    Ok(is_whole.then_some(Frame { documents: documents as usize, checksum, packed }))
}

fn read_whole(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn unpack(frame: &Frame) -> Result<Batch, DamageError> {
    if crc32fast::hash(&frame.packed) != frame.checksum {
        return Err(DamageError::Checksum);
    }
    let body = zstd::bulk::decompress(&frame.packed, MAX_BODY_BYTES).map_err(DamageError::Body)?;
    // Made as large as it might have become.
    let body = Bytes::from(body.into_boxed_slice());
    Ok(Batch { body, documents: frame.documents, retries: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLENTY: u64 = 1 << 30;

    fn batch(name: &str) -> Batch {
        Batch::of([name, "{}"]).unwrap()
    }

    fn take(spool: &mut Spool) -> Option<(String, FileNumber)> {
        let (batch, number) = spool.take().unwrap()?;
        assert_eq!(batch.documents, 2);
        Some((batch.documents().remove(0), number))
    }

    fn files(spool: &Spool) -> usize {
        fs::read_dir(&spool.folder).unwrap().count()
    }

    #[test]
    fn batches_come_back_in_order_and_files_go_when_all_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path().join("a"), PLENTY).unwrap();
        assert!(!spool.has_unread());
        for name in ["a", "b", "c"] {
            assert_eq!(spool.append(&batch(name)).unwrap(), 0);
        }
        let first = take(&mut spool).unwrap();
        spool.append(&batch("d")).unwrap();
        let mut taken = vec![first];
        taken.extend(std::iter::from_fn(|| take(&mut spool)));
        assert_eq!(taken.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["a", "b", "c", "d"]);
        assert_eq!(files(&spool), 2);
        for (_, number) in taken {
            spool.done(number);
        }
        assert_eq!((files(&spool), spool.bytes(), spool.has_unread()), (0, 0, false));
    }

    #[test]
    fn what_was_not_done_is_found_by_the_next_process() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path().to_owned(), PLENTY).unwrap();
        spool.append(&batch("a")).unwrap();
        spool.append(&batch("b")).unwrap();
        let (_, number) = take(&mut spool).unwrap();
        spool.done(number);
        drop(spool);
        let mut spool = Spool::open(folder.path().to_owned(), PLENTY).unwrap();
        assert_eq!((spool.documents(), spool.has_unread()), (4, true));
        spool.append(&batch("c")).unwrap();
        let names: Vec<String> = std::iter::from_fn(|| take(&mut spool)).map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b", "c"]);
    }

    #[test]
    fn a_full_spool_drops_its_oldest_file_and_says_how_much_that_was() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path().to_owned(), PLENTY).unwrap();
        spool.append(&batch("a")).unwrap();
        spool.append(&batch("b")).unwrap();
        spool.max_bytes = spool.bytes() + 10;
        assert_eq!(spool.append(&batch("c")).unwrap(), 4);
        assert_eq!(take(&mut spool).unwrap().0, "c");
        assert!(spool.bytes() <= spool.max_bytes);
    }

    #[test]
    fn damage_costs_no_more_than_the_rest_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(folder.path().to_owned(), PLENTY).unwrap();
        spool.append(&batch("a")).unwrap();
        spool.append(&batch("b")).unwrap();
        let path = spool.path(FileNumber(1));
        drop(spool);
        let whole = fs::read(&path).unwrap();
        let check = |bytes: &[u8], expected: &[&str]| {
            fs::write(&path, bytes).unwrap();
            let mut spool = Spool::open(folder.path().to_owned(), PLENTY).unwrap();
            spool.append(&batch("z")).unwrap();
            let names: Vec<String> = std::iter::from_fn(|| take(&mut spool)).map(|(name, _)| name).collect();
            assert_eq!(names, expected);
            spool.remove(FileNumber(2));
        };
        check(&whole, &["a", "b", "z"]);
        check(&whole[..whole.len() - 1], &["a", "z"]);
        check(&whole[..5], &["z"]);
        check(&[0xff; 100], &["z"]);
        let mut flipped = whole.clone();
        flipped[HEADER_BYTES + 3] ^= 1;
        check(&flipped, &["z"]);
        check(&[], &["z"]);
    }
}
