//! Writes one part: aside, counted and checksummed on the way, then renamed.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::builder::{ListBuilder, StringBuilder, TimestampMicrosecondBuilder};
use arrow_schema::SchemaRef;
use model::Timestamp;
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use crate::directory::{PartPath, Unfinished};
use crate::keys::Seals;

/// Rows put together before they are handed to Parquet.
pub(crate) const BATCH_ROWS: usize = 4_096;

/// A large part is made durable bit by bit: all of it at once would hold up the log, which waits for the same disk.
const SYNC_BYTES: u64 = 8 * 1024 * 1024;

/// A row group ends when it takes so much, however few its rows are: all of it is in memory until then.
pub(super) const GROUP_BYTES: usize = 16 * 1024 * 1024;

/// A part on its way. Dropping it leaves nothing behind.
pub(crate) struct PartWriter {
    writer: ArrowWriter<Checksummed>,
    keys: Option<Arc<Seals>>,
    rows: u64,
    /// The places and lengths of what was attached, by name.
    attached: BTreeMap<&'static str, String>,
    most_held: usize,
}

/// What the manifest wants to know of a file.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) crc32: u32,
    /// Names the key that it is encrypted with.
    pub(crate) key: Option<String>,
    /// The most that was in memory of it while it was written.
    pub(crate) held_bytes: u64,
}

impl Written {
    /// Whoever wrote it held at some time so much at the most, what it wrote included.
    pub(crate) fn with_held(self, most: usize) -> Self {
        Self { held_bytes: self.held_bytes.max(most as u64), ..self }
    }
}

struct Checksummed {
    file: Unfinished,
    hasher: crc32fast::Hasher,
    bytes: u64,
}

impl PartWriter {
    pub(crate) fn create(
        path: &PartPath,
        schema: SchemaRef,
        properties: WriterProperties,
    ) -> io::Result<Self> {
        let file =
            Checksummed { file: Unfinished::create(path)?, hasher: crc32fast::Hasher::new(), bytes: 0 };
        let properties = match &path.keys {
            Some(keys) => {
                let encryption = keys.for_writing().map_err(io_error)?;
                properties.into_builder().with_file_encryption_properties(encryption).build()
            }
            None => properties,
        };
        let writer = ArrowWriter::try_new(file, schema, Some(properties)).map_err(io_error)?;
        Ok(Self { writer, keys: path.keys.clone(), rows: 0, attached: BTreeMap::new(), most_held: 0 })
    }

    pub(crate) fn write_batch(&mut self, batch: &RecordBatch) -> io::Result<()> {
        self.rows += batch.num_rows() as u64;
        self.writer.write(batch).map_err(io_error)?;
        self.note_held(batch.get_array_memory_size());
        if self.writer.memory_size() >= GROUP_BYTES {
            self.end_group()?;
        }
        Ok(())
    }

    /// What of it is in memory and not in the file.
    pub(crate) fn held_bytes(&self) -> usize {
        self.writer.memory_size()
    }

    /// Notes that so much was in memory beside it.
    pub(crate) fn note_held(&mut self, beside: usize) {
        self.most_held = self.most_held.max(self.held_bytes() + beside);
    }

    /// Whether the next row begins a row group.
    pub(crate) fn is_between_groups(&self) -> bool {
        self.writer.in_progress_rows() == 0
    }

    pub(crate) fn end_group(&mut self) -> io::Result<()> {
        self.writer.flush().map_err(io_error)
    }

    /// Puts bytes behind the row groups that have ended, where [`Part::attachments`](super::Part::attachments) finds them
    /// in the order in which they came, and other tools do not look.
    pub(crate) fn attach(&mut self, name: &'static str, bytes: &[u8]) -> io::Result<()> {
        let place = format!("{} {}", self.writer.bytes_written(), bytes.len());
        match &self.keys {
            Some(keys) => self.writer.write_all(&keys.seal_blocks(bytes)?)?,
            None => self.writer.write_all(bytes)?,
        }
        let places = self.attached.entry(name).or_default();
        if !places.is_empty() {
            places.push(' ');
        }
        places.push_str(&place);
        Ok(())
    }

    pub(crate) fn finish(mut self) -> io::Result<Written> {
        for (name, places) in std::mem::take(&mut self.attached) {
            self.writer.append_key_value_metadata(KeyValue::new(name.to_owned(), places));
        }
        let Checksummed { file, hasher, bytes } = self.writer.into_inner().map_err(io_error)?;
        file.finish()?;
        Ok(Written {
            rows: self.rows,
            bytes,
            crc32: hasher.finalize(),
            key: self.keys.map(|keys| keys.id()),
            held_bytes: self.most_held as u64,
        })
    }
}

impl Write for Checksummed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        let synced = self.bytes / SYNC_BYTES;
        self.bytes += written as u64;
        if self.bytes / SYNC_BYTES > synced {
            self.file.sync()?;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

pub(crate) fn times() -> TimestampMicrosecondBuilder {
    TimestampMicrosecondBuilder::new().with_timezone("UTC")
}

pub(crate) fn texts() -> ListBuilder<StringBuilder> {
    ListBuilder::new(StringBuilder::new())
}

/// With room for so many texts of about so many bytes: what grows is copied each time.
pub(crate) fn texts_of(count: usize, bytes: usize) -> StringBuilder {
    StringBuilder::with_capacity(count, count * bytes)
}

pub(crate) fn append_time(times: &mut TimestampMicrosecondBuilder, time: Option<Timestamp>) {
    times.append_option(time.map(|time| time.0));
}

/// The lowest and the highest.
pub(crate) fn range<T: Ord + Copy>(values: impl Iterator<Item = T> + Clone) -> Option<(T, T)> {
    values.clone().min().zip(values.max())
}

/// Keeps the kind of an input or output error, so that a full disk is known as one.
pub(crate) fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(inner) => io::Error::other(inner),
        },
        other => io::Error::other(other),
    }
}
