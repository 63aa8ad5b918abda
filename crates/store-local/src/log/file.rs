//! One file of the log: how it begins, and how it is read back whatever happened to it.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use bytes::Bytes;

use super::frame::{self, Frame};
use crate::directory::Directory;
use crate::file;
use crate::keys::Seals;

const MAGIC: &[u8; 8] = b"fluorolg";
const FORMAT: u32 = 1;
/// Magic, format, number, checksum of these.
pub(crate) const HEADER_BYTES: usize = 8 + 4 + 8 + 4;

/// What a log file holds.
#[derive(Debug)]
pub(crate) struct Content {
    pub(crate) frames: Vec<Frame>,
    /// How many of the frames stand before the first damage.
    pub(crate) before_damage: usize,
    pub(crate) damage: Damage,
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(crate) enum Damage {
    None,
    /// The file ends in the midst of a frame, or in what was never written: what was being written when the process died. Nobody was told
    /// that it is durable.
    TornTail {
        good_bytes: u64,
    },
    /// Something that was durable cannot be read, in this many bytes.
    Inside {
        lost_bytes: u64,
    },
}

/// Begins a new, empty log file. It is durable that it is there.
pub(crate) fn create(directory: &Directory, number: u64) -> io::Result<File> {
    let path = directory.log_file(number);
    let mut file = file::create_new(&path)?;
    let written = file::write_all(&mut file, &path, &header(number))
        .and_then(|()| file::sync_all(&file, &path))
        .and_then(|()| file::sync_directory(&directory.log()));
    if written.is_err()
        && let Err(error) = file::remove(&path)
    {
        tracing::warn!(%error, "a log file that could not be begun stays");
    }
    written.map(|()| file)
}

/// Reads a whole file. `is_last` says that it was the one being written, so that its end may be torn.
/// Where a key is missing that a frame needs the error's source is a [`MissingKey`](crate::keys::MissingKey).
pub(crate) fn read(path: &Path, number: u64, is_last: bool, keys: Option<&Seals>) -> io::Result<Content> {
    let bytes = Bytes::from(file::read(path)?);
    opened(scan(&bytes, number, is_last), keys)
}

/// The same with all frames in the open. One that is not what was sealed was changed by somebody who could make its
/// checksum right.
fn opened(content: Content, keys: Option<&Seals>) -> io::Result<Content> {
    let mut opened = Content { frames: Vec::with_capacity(content.frames.len()), ..content };
    for (place, frame) in content.frames.into_iter().enumerate() {
        let size = frame.size() as u64;
        match frame.open(keys).map_err(io::Error::other)? {
            Some(frame) => opened.frames.push(frame),
            None => {
                opened.before_damage = opened.before_damage.min(place);
                opened.damage = Damage::Inside { lost_bytes: size };
            }
        }
    }
    Ok(opened)
}

/// Cuts a torn tail off.
pub(crate) fn cut(path: &Path, good_bytes: u64) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    file::set_len(&file, path, good_bytes)?;
    file::sync_all(&file, path)
}

/// Makes a file durable that another process wrote.
pub(crate) fn sync(path: &Path) -> io::Result<()> {
    file::sync_all(&OpenOptions::new().write(true).open(path)?, path)
}

fn header(number: u64) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..8].copy_from_slice(MAGIC);
    header[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    header[12..20].copy_from_slice(&number.to_le_bytes());
    let checksum = crc32fast::hash(&header[..20]);
    header[20..].copy_from_slice(&checksum.to_le_bytes());
    header
}

fn scan(bytes: &Bytes, number: u64, is_last: bool) -> Content {
    let has_header = bytes.starts_with(&header(number));
    let mut place = if has_header { HEADER_BYTES } else { 0 };
    let mut frames = Vec::new();
    read_frames(bytes, &mut place, &mut frames);
    let before_damage = if has_header { frames.len() } else { 0 };
    if place == bytes.len() && has_header {
        return Content { frames, before_damage, damage: Damage::None };
    }
    let good_bytes = place as u64;
    let is_whole = has_header && frame::looks_whole(&bytes[place..]);
    let mut lost_bytes = 0;
    while let Some(next) = next_frame(bytes, place + 1) {
        lost_bytes += (next - place) as u64;
        place = next;
        read_frames(bytes, &mut place, &mut frames);
    }
    lost_bytes += (bytes.len() - place) as u64;
    let is_torn = is_last && frames.len() == before_damage && !is_whole;
    let damage = if is_torn { Damage::TornTail { good_bytes } } else { Damage::Inside { lost_bytes } };
    Content { frames, before_damage, damage }
}

/// Reads frames one after the other, as far as they are whole.
fn read_frames(bytes: &Bytes, place: &mut usize, frames: &mut Vec<Frame>) {
    while let Some(frame) = frame::read(&bytes.slice(*place..)) {
        *place += frame.size();
        frames.push(frame);
    }
}

/// Where the next whole frame begins, if there is one. Most places are ruled out by their first bytes.
fn next_frame(bytes: &Bytes, from: usize) -> Option<usize> {
    let last = bytes.len().checked_sub(frame::HEADER_BYTES)?;
    (from..=last).find(|&place| frame::read(&bytes.slice(place..)).is_some())
}

#[cfg(test)]
mod tests {
    use model::segment::Sequence;
    use model::{Timestamp, TraceId};

    use super::*;

    fn file() -> Vec<u8> {
        let mut bytes = header(3).to_vec();
        for sequence in 1..=4 {
            let raw = format!("document {sequence}");
            frame::write_document(
                &mut bytes,
                Sequence(sequence),
                TraceId([1; 16]),
                Timestamp(0),
                raw.as_bytes(),
            );
        }
        bytes
    }

    fn check(bytes: Vec<u8>, is_last: bool, sequences: &[u64], before_damage: usize) -> Damage {
        let content = scan(&bytes.into(), 3, is_last);
        assert_eq!(content.frames.iter().map(|frame| frame.sequence.0).collect::<Vec<_>>(), sequences);
        assert_eq!(content.before_damage, before_damage);
        content.damage
    }

    #[test]
    fn an_unharmed_file_is_read_whole() {
        assert_eq!(check(file(), true, &[1, 2, 3, 4], 4), Damage::None);
        assert_eq!(check(file(), false, &[1, 2, 3, 4], 4), Damage::None);
        assert_eq!(check(header(3).to_vec(), true, &[], 0), Damage::None);
    }

    #[test]
    fn a_tail_torn_anywhere_is_cut_after_the_last_whole_frame() {
        let whole = file();
        let frame = (whole.len() - HEADER_BYTES) / 4;
        for cut in 0..whole.len() {
            let frames = cut.saturating_sub(HEADER_BYTES) / frame;
            let sequences: Vec<u64> = (1..=frames as u64).collect();
            let damage = check(whole[..cut].to_vec(), true, &sequences, frames);
            let good = HEADER_BYTES + frames * frame;
            match cut {
                _ if cut == good => assert_eq!(damage, Damage::None),
                _ if cut < HEADER_BYTES => assert_eq!(damage, Damage::TornTail { good_bytes: 0 }),
                _ => assert_eq!(damage, Damage::TornTail { good_bytes: good as u64 }),
            }
        }
    }

    #[test]
    fn a_flipped_bit_loses_its_own_frame_and_no_other() {
        let whole = file();
        let frame = (whole.len() - HEADER_BYTES) / 4;
        for place in HEADER_BYTES..whole.len() {
            let mut bytes = whole.clone();
            bytes[place] ^= 0x10;
            let harmed = (place - HEADER_BYTES) / frame;
            let rest: Vec<u64> = (1..=4).filter(|&sequence| sequence != harmed as u64 + 1).collect();
            let damage = check(bytes, true, &rest, harmed);
            // A wrong length at the end of the log looks as if the process had died before the end.
            let is_last_length = (HEADER_BYTES + 3 * frame..HEADER_BYTES + 3 * frame + 4).contains(&place);
            let expected = match is_last_length {
                true => Damage::TornTail { good_bytes: (whole.len() - frame) as u64 },
                false => Damage::Inside { lost_bytes: frame as u64 },
            };
            assert_eq!(damage, expected, "byte {place}");
        }
    }

    #[test]
    fn a_damaged_header_costs_no_frame() {
        let mut bytes = file();
        bytes[2] ^= 1;
        assert_eq!(check(bytes, true, &[1, 2, 3, 4], 0), Damage::Inside { lost_bytes: 24 });
    }

    #[test]
    fn an_earlier_file_has_no_torn_tail_but_damage() {
        let bytes = file();
        let cut = bytes.len() - 3;
        assert!(matches!(check(bytes[..cut].to_vec(), false, &[1, 2, 3], 3), Damage::Inside { .. }));
    }
}
