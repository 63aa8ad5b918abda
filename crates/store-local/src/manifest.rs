//! The manifest: which parts count, and from where on the log does. Described in `docs/format/manifest.md`.
//!
//! It is replaced as a whole, and that is the moment in which a flush happens (`LS-2`). A copy is written
//! after it and before anything is deleted, so that either of the two is enough.

mod sound;

use std::io;
use std::path::Path;

use model::segment::Sequence;
use model::{Minute, Timestamp, TraceId};
use row::columns;
use serde::{Deserialize, Serialize};
use store::StoreError;

use crate::directory::{Directory, Replacement, unusable};
use crate::file;
use crate::keys::{self, Seals};

/// The version of everything in the directory. A higher one is not opened.
pub(crate) const FORMAT: u32 = 4;
const MAGIC: &str = "fluoro-manifest";

/// What the files of a store mean together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// The first log file that is not yet in parts.
    pub(crate) log_from: u64,
    /// The number of the next flush or merge.
    pub(crate) next_generation: u64,
    /// The sequence of the newest document in parts.
    pub(crate) newest: Sequence,
    pub(crate) newest_received: Option<Timestamp>,
    /// Up to where the digests and minutes in parts go.
    pub(crate) digested: Sequence,
    /// How many documents are in parts.
    pub(crate) documents: u64,
    /// How many rows are marked as replacing one in an older part that is gone.
    #[serde(default)]
    pub(crate) replacing_nothing: i64,
    /// Minutes before this one were dropped, also where a newer part still has rows of them (`LS-7`).
    #[serde(default = "first_minute")]
    pub(crate) minutes_from: Minute,
    pub(crate) parts: Vec<PartEntry>,
}

/// One part. The ranges are inclusive, and only there to leave out parts that cannot answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PartEntry {
    pub(crate) table: Table,
    pub(crate) file: String,
    /// Parts of one flush have the same; a higher one is newer. A merged part has that of the newest of the
    /// parts that it was made from.
    pub(crate) generation: u64,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    /// Of the whole file.
    pub(crate) crc32: u32,
    /// `spans` and `traces`.
    pub(crate) trace_ids: Option<(TraceId, TraceId)>,
    /// `spans`: the sequences of its documents, and how many these are.
    pub(crate) sequences: Option<(Sequence, Sequence)>,
    #[serde(default)]
    pub(crate) documents: u64,
    /// `traces`: the times of each axis; no end where no trace of it has ended.
    pub(crate) start: Option<(Timestamp, Timestamp)>,
    /// Of `spans` too, and of `minutes` about when they were counted: a late document is counted in old ones.
    pub(crate) received: Option<(Timestamp, Timestamp)>,
    pub(crate) end: Option<(Timestamp, Timestamp)>,
    /// `traces`: how many of its rows take the place of a row in an older part.
    pub(crate) replacing: u64,
    /// `traces`: the most that whoever reads one of its row groups holds of annotations. Not known of parts of format 3.
    #[serde(default)]
    pub(crate) reading_bytes: Option<u64>,
    /// `minutes`.
    pub(crate) minutes: Option<(Minute, Minute)>,
    /// Only what is kept longer than the rest is left in it.
    #[serde(default)]
    pub(crate) is_sieved: bool,
    /// Names the key that it is encrypted with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Table {
    Spans,
    Traces,
    Minutes,
}

impl PartEntry {
    /// When the oldest and newest of it were received.
    pub(crate) fn receipt(&self) -> Option<(Timestamp, Timestamp)> {
        self.received.or_else(|| self.minutes.map(|(first, last)| (first.start(), last.end())))
    }

    /// Of `traces`: its rows, less those of older parts that do not count because of them.
    pub(crate) fn counted(&self) -> i64 {
        let rows = i64::try_from(self.rows).unwrap_or(i64::MAX);
        rows - i64::try_from(self.replacing).unwrap_or(i64::MAX)
    }
}

impl PartEntry {
    /// Takes what another part ranges over and holds into account; rows may have gone meanwhile.
    pub(crate) fn reach_over(&mut self, other: &Self) {
        self.trace_ids = union(self.trace_ids, other.trace_ids);
        self.sequences = union(self.sequences, other.sequences);
        self.start = union(self.start, other.start);
        self.received = union(self.received, other.received);
        self.end = union(self.end, other.end);
        self.minutes = union(self.minutes, other.minutes);
    }
}

fn union<T: Ord>(one: Option<(T, T)>, other: Option<(T, T)>) -> Option<(T, T)> {
    match (one, other) {
        (Some((first, last)), Some((from, to))) => Some((first.min(from), last.max(to))),
        (one, other) => one.or(other),
    }
}

impl Table {
    pub(crate) const ALL: [Self; 3] = [Self::Spans, Self::Traces, Self::Minutes];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Spans => columns::spans::TABLE,
            Self::Traces => columns::traces::TABLE,
            Self::Minutes => columns::minutes::TABLE,
        }
    }
}

impl Default for Manifest {
    fn default() -> Self {
        Self {
            log_from: 1,
            next_generation: 1,
            newest: Sequence(0),
            newest_received: None,
            digested: Sequence(0),
            documents: 0,
            replacing_nothing: 0,
            minutes_from: first_minute(),
            parts: Vec::new(),
        }
    }
}

/// That of a store that has dropped none.
pub(crate) fn first_minute() -> Minute {
    Minute(i64::MIN)
}

/// Why a manifest could not be saved.
#[derive(Debug)]
pub(crate) enum SaveError {
    /// The old one counts.
    Nothing(io::Error),
    /// After a crash either may count, so what any of them names must stay.
    InDoubt(io::Error),
}

impl From<SaveError> for io::Error {
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::Nothing(source) | SaveError::InDoubt(source) => source,
        }
    }
}

/// Why a manifest file cannot be used.
#[derive(Debug, thiserror::Error)]
enum Defect {
    #[error("missing")]
    Missing,
    #[error("damaged: {0}")]
    Damaged(String),
    #[error("format {0}")]
    Newer(u32),
}

impl Manifest {
    /// Reads the manifest or its copy, and writes both where they are not the same; a new directory gets the
    /// empty manifest.
    pub(crate) fn load(directory: &Directory) -> Result<Self, StoreError> {
        let first = read(&directory.manifest())?;
        let second = read(&directory.manifest_copy())?;
        match (first, second) {
            (Err(Defect::Newer(version)), _) | (_, Err(Defect::Newer(version))) => Err(unusable(
                format!("the data directory has format {version}, and this version reads up to {FORMAT}"),
                "use the newer version of Fluoro that wrote it",
            )),
            // The last process may have died before their names were durable, and what they no longer need is deleted
            // next.
            (Ok(manifest), Ok(copy)) if manifest == copy => match file::sync_directory(directory.root()) {
                Ok(()) => Ok(manifest),
                Err(source) => Err(StoreError::failed("sync the data directory", source)),
            },
            (Ok(manifest), _) => manifest.saved(directory),
            (Err(defect), Ok(manifest)) => {
                tracing::warn!(%defect, "the manifest cannot be read, going on with its copy");
                manifest.saved(directory)
            }
            (Err(Defect::Missing), Err(Defect::Missing)) if is_new(directory)? => {
                Self::default().saved(directory)
            }
            (Err(first), Err(second)) => Err(unusable(
                format!("the manifest and its copy cannot be read ({first}; {second})"),
                "restore manifest.json from a backup, or move the data directory away to begin anew",
            )),
        }
    }

    /// A number that no other flush or merge of this process has, nor one whose parts count.
    pub(crate) fn take_number(&mut self) -> u64 {
        let number = self.next_generation;
        self.next_generation += 1;
        number
    }

    /// `Unusable` where a part is encrypted with a key that there is not.
    pub(crate) fn check_keys(&self, keys: Option<&Seals>) -> Result<(), StoreError> {
        let needed = self.parts.iter().filter_map(|part| part.key.as_ref().map(|key| (&part.file, key)));
        for (file, key) in needed {
            keys::check(keys, file, key)?;
        }
        Ok(())
    }

    /// How many traces have a row in parts.
    pub(crate) fn traces(&self) -> u64 {
        let parts = self.parts.iter().filter(|part| part.table == Table::Traces);
        let counted: i64 = parts.map(PartEntry::counted).sum();
        u64::try_from(counted + self.replacing_nothing).unwrap_or(0)
    }

    /// Reads the manifest or else its copy, and writes nothing.
    pub(crate) fn look(directory: &Directory) -> Result<Self, StoreError> {
        match (read(&directory.manifest())?, read(&directory.manifest_copy())?) {
            (Ok(manifest), _) | (Err(_), Ok(manifest)) => Ok(manifest),
            (Err(first), Err(second)) => Err(unusable(
                format!("neither the manifest ({first}) nor its copy ({second}) can be read"),
                "use the version of Fluoro that wrote it, or restore the directory from a backup",
            )),
        }
    }

    /// What is wrong with the manifest's two files.
    pub(crate) fn look_at_copies(&self, directory: &Directory) -> Result<Vec<String>, StoreError> {
        let mut found = Vec::new();
        for path in [directory.manifest(), directory.manifest_copy()] {
            if let Err(defect) = read(&path)? {
                found.push(format!("{}: {defect}", path.display()));
            }
        }
        Ok(found)
    }

    fn saved(self, directory: &Directory) -> Result<Self, StoreError> {
        match self.save(directory) {
            Ok(()) => Ok(self),
            Err(error) => Err(StoreError::failed("write the manifest", io::Error::from(error))),
        }
    }

    /// Makes this the manifest: afterwards the store is what it says, whatever happens.
    pub(crate) fn save(&self, directory: &Directory) -> Result<(), SaveError> {
        let content = self.render();
        let write = |path: &Path| Replacement::write(path, content.as_bytes());
        // What needs space comes first.
        let first = write(&directory.manifest()).map_err(SaveError::Nothing)?;
        let copy = write(&directory.manifest_copy()).map_err(SaveError::Nothing)?;
        first.put().map_err(SaveError::Nothing)?;
        copy.put().and_then(|()| file::sync_directory(directory.root())).map_err(SaveError::InDoubt)
    }

    /// A line with the version and a checksum, then JSON.
    fn render(&self) -> String {
        let body = serde_json::to_string_pretty(self).expect("a manifest has only string keys");
        format!("{MAGIC} {FORMAT} {:08x}\n{body}\n", checksum(FORMAT, &body))
    }
}

/// Of the version and the body. The first line keeps its form in every version, so that a newer one is told
/// from damage.
fn checksum(version: u32, body: &str) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&version.to_le_bytes());
    hasher.update(body.as_bytes());
    hasher.finalize()
}

fn parse(content: &[u8]) -> Result<Manifest, Defect> {
    let damaged = |detail: &str| Defect::Damaged(detail.to_owned());
    let content = std::str::from_utf8(content).map_err(|_| damaged("not text"))?;
    let (head, body) = content.split_once('\n').ok_or_else(|| damaged("no first line"))?;
    let body = body.strip_suffix('\n').ok_or_else(|| damaged("no end"))?;
    let words: Vec<&str> = head.split(' ').collect();
    let &[MAGIC, version, found] = words.as_slice() else { return Err(damaged("not a manifest")) };
    let version: u32 = version.parse().map_err(|_| damaged("no version"))?;
    if u32::from_str_radix(found, 16) != Ok(checksum(version, body)) {
        return Err(damaged("wrong checksum"));
    }
    if version > FORMAT {
        return Err(Defect::Newer(version));
    }
    let manifest = serde_json::from_str(body).map_err(|error| Defect::Damaged(error.to_string()))?;
    sound::check(&manifest).map_err(Defect::Damaged)?;
    Ok(manifest)
}

fn read(path: &Path) -> Result<Result<Manifest, Defect>, StoreError> {
    match file::read(path) {
        Ok(content) => Ok(parse(&content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Err(Defect::Missing)),
        Err(source) => Err(StoreError::failed(format!("read {}", path.display()), source)),
    }
}

/// Whether no store was ever here: one that opens a directory begins with a manifest.
fn is_new(directory: &Directory) -> Result<bool, StoreError> {
    let io = |source| StoreError::failed("look into the data directory", source);
    let has_parts = !file::names(&directory.parts()).map_err(io)?.is_empty();
    Ok(!has_parts && directory.log_files().map_err(io)?.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(content: &[u8], expected: &str) {
        let found = parse(content).map_or_else(|defect| defect.to_string(), |_| "fine".to_owned());
        assert!(found.contains(expected), "{found}");
    }

    #[test]
    fn a_manifest_reads_back_as_it_was_written() {
        let manifest = Manifest { log_from: 7, documents: 12, ..Manifest::default() };
        assert_eq!(parse(manifest.render().as_bytes()).unwrap(), manifest);
    }

    #[test]
    fn any_flipped_bit_is_noticed() {
        let good = Manifest::default().render().into_bytes();
        for place in 0..good.len() {
            let mut bad = good.clone();
            bad[place] ^= 1;
            assert!(parse(&bad).is_err(), "byte {place}");
        }
    }

    #[test]
    fn a_newer_format_is_told_from_damage() {
        let newer = format!("fluoro-manifest 99 {:08x}\n{{}}\n", checksum(99, "{}"));
        check(newer.as_bytes(), "format 99");
        check(b"fluoro-manifest 99 00000000\n{}\n", "wrong checksum");
        check(b"PK\x03\x04", "no first line");
        check(b"\xff", "not text");
    }
}
