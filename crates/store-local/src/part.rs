//! A part: one immutable Parquet file of one table. `docs/format/parts.md` describes the files.
//!
//! A part is looked at by size when the store is opened, and read once as a whole against its checksum when it is first
//! used, so that nothing damaged reaches the Parquet reader; and again before it is merged or sieved, so that what was
//! damaged since never gets into a part with a right checksum.

pub(crate) mod annotations;
pub(crate) mod merge;
pub(crate) mod minutes;
pub(crate) mod predicate;
mod reading;
mod rowset;
pub(crate) mod schema;
pub(crate) mod spans;
pub(crate) mod terms;
pub(crate) mod traces;
pub(crate) mod write;

use std::collections::{HashMap, HashSet};
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow_array::RecordBatch;
use arrow_schema::{DataType, SchemaRef};
use model::{Timestamp, TraceId};
use parking_lot::Mutex;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::bloom_filter::Sbbf;
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, RowGroupMetaData};
use parquet::file::statistics::Statistics;

use crate::directory::PartPath;
use crate::file::{self, Reading};
use crate::kept::Piece;
use crate::keys;
use crate::manifest::{PartEntry, Table};

pub(crate) use reading::{Scan, Slice, column, trace_id};

/// The trace id is the first column of the tables that have one.
const TRACE_ID_COLUMN: usize = 0;

#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) entry: PartEntry,
    path: PartPath,
    /// No manifest names it any more: the file goes with the last reader (`LS-6`).
    is_obsolete: AtomicBool,
    /// What is kept of it in memory once it was used.
    opened: Mutex<Option<Arc<Opened>>>,
    /// By which what is kept of it is found.
    number: u64,
}

#[derive(Debug)]
struct Opened {
    metadata: ArrowReaderMetadata,
    /// The same, under which annotations come as numbers in a dictionary; `None` where the file has not all so.
    coded: Option<ArrowReaderMetadata>,
    /// Which trace ids each row group may have; none in tables without.
    filters: Vec<Option<Sbbf>>,
    /// By name, in their order.
    attachments: HashMap<String, Vec<Attachment>>,
}

/// Bytes in the file of a part that are no rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attachment {
    place: u64,
    length: u64,
}

/// The names of an index that a file has of each row group.
#[derive(Debug)]
pub(crate) struct Index {
    /// Each row group has an attachment.
    pub(crate) pieces: &'static str,
    /// Up to format 3: one attachment for all, which begins with the places in it of each row group's.
    pub(crate) whole: &'static str,
}

/// Why a part cannot be read.
#[derive(Debug)]
pub(crate) enum PartError {
    /// It is not what was written. It can be set aside.
    Damaged { file: String, detail: String },
    /// It could not be read now.
    Unreadable { file: String, source: io::Error },
}

impl Part {
    pub(crate) fn new(entry: PartEntry, path: PartPath) -> Self {
        let number = path.kept.number();
        Self { entry, path, is_obsolete: AtomicBool::new(false), opened: Mutex::new(None), number }
    }

    /// Deletes the file when nobody reads it any more.
    pub(crate) fn delete_when_unused(&self) {
        self.is_obsolete.store(true, Ordering::Release);
    }

    /// Whether the file is there with the size that it should have.
    pub(crate) fn check_size(&self) -> Result<(), PartError> {
        let found = file::length(&self.path).map_err(|error| self.io_error(error))?;
        match found == self.entry.bytes {
            true => Ok(()),
            false => Err(self.damaged(format!("{found} bytes instead of {}", self.entry.bytes))),
        }
    }

    /// Reads the whole file against its checksum, whether it was used before or not.
    pub(crate) fn verify(&self) -> Result<(), PartError> {
        self.check_size()?;
        self.check_checksum()
    }

    /// Whether some row may have this trace id, as far as memory tells.
    pub(crate) fn may_have(&self, id: TraceId) -> Result<bool, PartError> {
        if !self.entry.trace_ids.is_some_and(|(first, last)| first <= id && id <= last) {
            return Ok(false);
        }
        let opened = self.opened()?;
        Ok(opened.filters.iter().any(|filter| passes(filter.as_ref(), id)))
    }

    /// Those of the traces that some row may have, as far as memory tells.
    pub(crate) fn candidates(&self, ids: &HashSet<TraceId>) -> Result<HashSet<TraceId>, PartError> {
        let mut candidates = HashSet::new();
        for &id in ids {
            if self.may_have(id)? {
                candidates.insert(id);
            }
        }
        Ok(candidates)
    }

    /// The lowest and highest time of each row group in a column; `None` where it is not known.
    fn time_ranges(&self, name: &str) -> Result<Vec<Option<(Timestamp, Timestamp)>>, PartError> {
        let opened = self.opened()?;
        let range = |group: &RowGroupMetaData| {
            let column = group.columns().iter().find(|column| column.column_path().string() == name)?;
            let Statistics::Int64(times) = column.statistics()? else { return None };
            Some((Timestamp(*times.min_opt()?), Timestamp(*times.max_opt()?)))
        };
        Ok(opened.metadata.metadata().row_groups().iter().map(range).collect())
    }

    /// The lowest and highest number of each row group in a column; `None` where it is not known.
    pub(crate) fn integer_ranges(&self, name: &str) -> Result<Vec<Option<(i64, i64)>>, PartError> {
        let ranges = self.time_ranges(name)?.into_iter();
        Ok(ranges.map(|range| range.map(|(first, last)| (first.0, last.0))).collect())
    }

    /// Of each row group whether it may have some of the traces, by its bloom filter.
    pub(crate) fn groups_with(&self, ids: &HashSet<TraceId>) -> Result<Vec<bool>, PartError> {
        let opened = self.opened()?;
        let may_have = |filter: &Option<Sbbf>| ids.iter().any(|&id| passes(filter.as_ref(), id));
        Ok(opened.filters.iter().map(may_have).collect())
    }

    /// What its rows take in memory, on average.
    pub(crate) fn row_bytes(&self) -> Result<u64, PartError> {
        let opened = self.opened()?;
        let groups = opened.metadata.metadata().row_groups().iter();
        let bytes: i64 = groups.map(RowGroupMetaData::total_byte_size).sum();
        Ok(u64::try_from(bytes).unwrap_or(0) / self.entry.rows.max(1))
    }

    /// What a column of a row group takes when it is unpacked; of one that the file does not have, nothing.
    pub(crate) fn column_bytes(&self, row_group: usize, name: &str) -> Result<u64, PartError> {
        let opened = self.opened()?;
        let columns = opened.metadata.metadata().row_group(row_group).columns().iter();
        let own = columns.filter(|column| column.column_path().parts().first().is_some_and(|it| it == name));
        Ok(own.map(|column| u64::try_from(column.uncompressed_size()).unwrap_or(0)).sum())
    }

    /// How many rows each row group has.
    pub(crate) fn group_rows(&self) -> Result<Vec<usize>, PartError> {
        let opened = self.opened()?;
        let groups = opened.metadata.metadata().row_groups().iter();
        Ok(groups.map(|group| usize::try_from(group.num_rows()).unwrap_or(0)).collect())
    }

    /// Whether a version wrote it that kept digests and rollups as JSON.
    pub(crate) fn has_json(&self) -> Result<bool, PartError> {
        let opened = self.opened()?;
        let columns = opened.metadata.schema();
        let has = |(name, kind): (&str, DataType)| {
            columns.column_with_name(name).is_some_and(|(_, field)| *field.data_type() == kind)
        };
        Ok(has(schema::DIGEST_JSON) || has(schema::ROW_JSON))
    }

    /// A batch of all columns as this version would write it.
    pub(crate) fn upgraded(&self, batch: RecordBatch) -> Result<RecordBatch, PartError> {
        let upgraded = match self.entry.table {
            Table::Minutes if self.has_json()? => minutes::upgraded(&batch),
            _ => return Ok(batch),
        };
        upgraded.map_err(|source| PartError::Unreadable { file: self.entry.file.clone(), source })
    }

    /// The names of all columns that the file has.
    pub(crate) fn column_names(&self) -> Result<Vec<String>, PartError> {
        let opened = self.opened()?;
        Ok(opened.metadata.schema().fields().iter().map(|field| field.name().clone()).collect())
    }

    /// The attachments of a name, in the order in which they were written.
    pub(crate) fn attachments(&self, name: &str) -> Result<Vec<Attachment>, PartError> {
        Ok(self.opened()?.attachments.get(name).cloned().unwrap_or_default())
    }

    pub(crate) fn has_index(&self, index: &Index) -> Result<bool, PartError> {
        let opened = self.opened()?;
        Ok([index.pieces, index.whole].iter().any(|name| opened.attachments.contains_key(*name)))
    }

    /// Its columns, as the version had them that wrote it.
    pub(crate) fn schema(&self) -> Result<SchemaRef, PartError> {
        Ok(Arc::clone(self.opened()?.metadata.schema()))
    }

    /// A piece of it, from memory or made anew.
    fn kept<T: Send + Sync + 'static>(
        &self,
        piece: Piece,
        make: impl FnOnce() -> Result<(T, usize), PartError>,
    ) -> Result<Arc<T>, PartError> {
        self.path.kept.get(self.number, piece, make)
    }

    fn opened(&self) -> Result<Arc<Opened>, PartError> {
        let mut opened = self.opened.lock();
        if let Some(opened) = opened.as_ref() {
            return Ok(Arc::clone(opened));
        }
        self.verify()?;
        let file = Reading::open(&self.path).map_err(|error| self.io_error(error))?;
        let fresh = Arc::new(self.open_checked(&file)?);
        *opened = Some(Arc::clone(&fresh));
        Ok(fresh)
    }

    fn open_checked(&self, file: &Reading) -> Result<Opened, PartError> {
        // The checksum is right: what fails now fails for another reason.
        let unreadable = |error: ParquetError| PartError::Unreadable {
            file: self.entry.file.clone(),
            source: io::Error::other(error),
        };
        let mut options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        if let (Some(_), Some(keys)) = (&self.entry.key, &self.path.keys) {
            options = options.with_file_decryption_properties(keys::for_reading(keys).map_err(unreadable)?);
        }
        let metadata = ArrowReaderMetadata::load(file, options).map_err(unreadable)?;
        let mut filters = Vec::new();
        for group in metadata.metadata().row_groups() {
            let column = group.column(TRACE_ID_COLUMN);
            filters.push(Sbbf::read_from_column_chunk(column, file).map_err(unreadable)?);
        }
        let values = metadata.metadata().file_metadata().key_value_metadata();
        let attachments = values.into_iter().flatten().filter_map(|entry| {
            let numbers = entry.value.as_deref()?.split(' ').map(|number| number.parse().ok());
            let numbers: Vec<u64> = numbers.collect::<Option<_>>()?;
            let pieces = numbers.chunks_exact(2).map(|pair| Attachment { place: pair[0], length: pair[1] });
            Some((entry.key.clone(), pieces.collect()))
        });
        let attachments = attachments.collect();
        let coded = predicate::coded(&metadata).transpose().map_err(unreadable)?;
        Ok(Opened { metadata, coded, filters, attachments })
    }

    fn check_checksum(&self) -> Result<(), PartError> {
        let mut file = Reading::open(&self.path).map_err(|error| self.io_error(error))?;
        let mut hasher = crc32fast::Hasher::new();
        let mut buffer = vec![0; 256 * 1024];
        loop {
            match file.read(&mut buffer).map_err(|error| self.io_error(error))? {
                0 => break,
                length => hasher.update(&buffer[..length]),
            }
        }
        match hasher.finalize() == self.entry.crc32 {
            true => Ok(()),
            false => Err(self.damaged("its checksum is wrong".to_owned())),
        }
    }

    /// What an error of the Parquet reader means: the file may have been damaged since it was first used.
    fn judge(&self, error: &ParquetError) -> PartError {
        *self.opened.lock() = None;
        match self.verify() {
            Err(damage) => damage,
            Ok(()) => {
                let source = io::Error::other(error.to_string());
                PartError::Unreadable { file: self.entry.file.clone(), source }
            }
        }
    }

    fn io_error(&self, source: io::Error) -> PartError {
        match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof => self.damaged(source.to_string()),
            _ => PartError::Unreadable { file: self.entry.file.clone(), source },
        }
    }

    pub(crate) fn damaged(&self, detail: String) -> PartError {
        PartError::Damaged { file: self.entry.file.clone(), detail }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.path.kept.forget(self.number);
        if self.is_obsolete.load(Ordering::Acquire)
            && let Err(error) = file::remove(&self.path)
        {
            // The next start deletes it.
            tracing::warn!(file = self.entry.file, %error, "an old part stays");
        }
    }
}

fn passes(filter: Option<&Sbbf>, id: TraceId) -> bool {
    filter.is_none_or(|filter| filter.check(&id.0[..]))
}
