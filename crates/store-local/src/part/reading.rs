//! Rows and bytes of a part, read from its file: those of a trace, of a row group, or all.

use arrow_array::{Array, ArrayRef, FixedSizeBinaryArray, RecordBatch};
use model::TraceId;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowFilter, RowSelection,
};
use parquet::errors::ParquetError;
use parquet::file::page_index::column_index::ColumnIndexMetaData;

use super::{Attachment, Index, Opened, Part, PartError, TRACE_ID_COLUMN, passes};
use crate::file::Reading;

/// Rows decoded at once.
pub(super) const BATCH_ROWS: usize = 8_192;
/// Which rows of one row group are read.
pub(crate) struct Slice {
    pub(crate) row_group: usize,
    pub(crate) selection: Option<RowSelection>,
    pub(crate) filter: Option<RowFilter>,
}

/// A part that is read from its beginning to its end.
pub(crate) struct Scan<'a> {
    pub(super) part: &'a Part,
    reader: ParquetRecordBatchReader,
}

impl Scan<'_> {
    pub(crate) fn next(&mut self) -> Result<Option<RecordBatch>, PartError> {
        let batch = self.reader.next().transpose();
        batch.map_err(|error| self.part.judge(&ParquetError::from(error)))
    }
}

impl Part {
    /// The parts of the file in which a trace id may be, by bloom filter and page index; for files that are
    /// sorted by it.
    pub(crate) fn slices_of(&self, id: TraceId) -> Result<Vec<Slice>, PartError> {
        if !self.may_have(id)? {
            return Ok(Vec::new());
        }
        let opened = self.opened()?;
        let candidates = opened.filters.iter().enumerate().filter(|(_, filter)| passes(filter.as_ref(), id));
        Ok(candidates.filter_map(|(row_group, _)| opened.slice_of(row_group, id)).collect())
    }

    /// All of the file.
    pub(crate) fn whole(&self) -> Result<Vec<Slice>, PartError> {
        let groups = self.opened()?.metadata.metadata().num_row_groups();
        Ok((0..groups).map(|row_group| Slice { row_group, selection: None, filter: None }).collect())
    }

    /// Reads some columns of the whole file, so many rows at once, in the order of the schema.
    pub(crate) fn scan(&self, columns: &[&str], rows: usize) -> Result<Scan<'_>, PartError> {
        let opened = self.opened()?;
        let file = Reading::open(&self.path).map_err(|error| self.io_error(error))?;
        let mask = ProjectionMask::columns(opened.metadata.parquet_schema(), columns.iter().copied());
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, opened.metadata.clone())
            .with_batch_size(rows)
            .with_projection(mask)
            .build()
            .map_err(|error| self.judge(&error))?;
        Ok(Scan { part: self, reader })
    }

    /// Reads the named columns of a slice and gives each batch to `take`.
    pub(crate) fn read(
        &self,
        slice: Slice,
        columns: &[&str],
        take: impl FnMut(&RecordBatch),
    ) -> Result<(), PartError> {
        let metadata = self.opened()?.metadata.clone();
        self.read_as(metadata, slice, columns, take)
    }

    /// The same, with annotations as numbers in a dictionary where the file has them so.
    pub(crate) fn read_coded(
        &self,
        slice: Slice,
        columns: &[&str],
        take: impl FnMut(&RecordBatch),
    ) -> Result<(), PartError> {
        let opened = self.opened()?;
        let metadata = opened.coded.as_ref().unwrap_or(&opened.metadata).clone();
        self.read_as(metadata, slice, columns, take)
    }

    fn read_as(
        &self,
        metadata: ArrowReaderMetadata,
        slice: Slice,
        columns: &[&str],
        mut take: impl FnMut(&RecordBatch),
    ) -> Result<(), PartError> {
        let reader = self.reader(metadata, slice, columns)?;
        for batch in reader {
            let batch = batch.map_err(|error| self.judge(&ParquetError::from(error)))?;
            take(&batch);
        }
        Ok(())
    }

    /// The columns by name, for a filter.
    pub(crate) fn mask(&self, columns: &[&str]) -> Result<ProjectionMask, PartError> {
        Ok(ProjectionMask::columns(self.opened()?.metadata.parquet_schema(), columns.iter().copied()))
    }

    fn reader(
        &self,
        metadata: ArrowReaderMetadata,
        slice: Slice,
        columns: &[&str],
    ) -> Result<ParquetRecordBatchReader, PartError> {
        let file = Reading::open(&self.path).map_err(|error| self.io_error(error))?;
        let mask = ProjectionMask::columns(metadata.parquet_schema(), columns.iter().copied());
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
            .with_batch_size(BATCH_ROWS)
            .with_row_groups(vec![slice.row_group])
            .with_projection(mask);
        if let Some(selection) = slice.selection {
            builder = builder.with_row_selection(selection);
        }
        if let Some(filter) = slice.filter {
            builder = builder.with_row_filter(filter);
        }
        builder.build().map_err(|error| self.judge(&error))
    }

    /// Where an index has a row group: an attachment, and the place in it; `None` where the file has no such index.
    pub(crate) fn index_of(
        &self,
        index: &Index,
        row_group: usize,
    ) -> Result<Option<(Attachment, u64)>, PartError> {
        let opened = self.opened()?;
        if let Some(pieces) = opened.attachments.get(index.pieces) {
            let missing = || self.damaged("an index in it ends before its rows".to_owned());
            return Ok(Some((*pieces.get(row_group).ok_or_else(missing)?, 0)));
        }
        let Some(whole) = opened.attachments.get(index.whole).and_then(|pieces| pieces.first()) else {
            return Ok(None);
        };
        let place = u64::from_le_bytes(self.array_at(whole, row_group as u64 * 8)?);
        Ok(Some((*whole, place)))
    }

    /// Some bytes of an attachment.
    pub(crate) fn bytes_at(
        &self,
        attachment: &Attachment,
        place: u64,
        length: u64,
    ) -> Result<Vec<u8>, PartError> {
        self.bytes_of(&self.file()?, attachment, place, length)
    }

    /// The file, for several reads.
    pub(super) fn file(&self) -> Result<Reading, PartError> {
        Reading::open(&self.path).map_err(|error| self.io_error(error))
    }

    /// Some bytes of an attachment of the opened file.
    pub(super) fn bytes_of(
        &self,
        file: &Reading,
        attachment: &Attachment,
        place: u64,
        length: u64,
    ) -> Result<Vec<u8>, PartError> {
        if place.checked_add(length).is_none_or(|end| end > attachment.length) {
            return Err(self.damaged("an index in it points outside of itself".to_owned()));
        }
        let read = |place: u64, length: u64| {
            let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
            file.read_exact_at(&mut bytes, attachment.place + place).map(|()| bytes)
        };
        let found = match (&self.entry.key, &self.path.keys) {
            (Some(_), Some(keys)) => keys.open_blocks(place, length, attachment.length, read),
            _ => read(place, length),
        };
        found.map_err(|error| self.io_error(error))
    }

    pub(crate) fn array_at<const N: usize>(
        &self,
        attachment: &Attachment,
        place: u64,
    ) -> Result<[u8; N], PartError> {
        let bytes = self.bytes_at(attachment, place, N as u64)?;
        Ok(bytes.try_into().expect("as many bytes as were asked for"))
    }
}

impl Opened {
    /// The pages of a row group in which a trace id may be.
    fn slice_of(&self, row_group: usize, id: TraceId) -> Option<Slice> {
        let metadata = self.metadata.metadata();
        let rows = usize::try_from(metadata.row_group(row_group).num_rows()).unwrap_or(0);
        let index = metadata.page_index_for_row_group(row_group);
        let whole = Slice { row_group, selection: None, filter: None };
        let (Some(ColumnIndexMetaData::FIXED_LEN_BYTE_ARRAY(values)), Some(pages)) =
            (index.column_index(TRACE_ID_COLUMN), index.page_locations(TRACE_ID_COLUMN))
        else {
            return Some(whole);
        };
        let first_row = |page: usize| {
            pages.get(page).map_or(rows, |page| usize::try_from(page.first_row_index).unwrap_or(rows))
        };
        let may_have = |page: &usize| {
            let (first, last) = (values.min_value(*page), values.max_value(*page));
            first.is_none_or(|first| first <= &id.0[..]) && last.is_none_or(|last| &id.0[..] <= last)
        };
        let ranges: Vec<_> =
            (0..pages.len()).filter(may_have).map(|page| first_row(page)..first_row(page + 1)).collect();
        if ranges.is_empty() {
            return None;
        }
        let selection = RowSelection::from_consecutive_ranges(ranges.into_iter(), rows);
        Some(Slice { selection: Some(selection), ..whole })
    }
}

/// A column of a batch that was asked for, as the type that the schema gives it.
pub(crate) fn column<'a, T: Array + 'static>(batch: &'a RecordBatch, name: &str) -> &'a T {
    let column: &ArrayRef = batch.column_by_name(name).expect("the column was asked for");
    column.as_any().downcast_ref().expect("the file has our schema")
}

pub(crate) fn trace_id(ids: &FixedSizeBinaryArray, row: usize) -> TraceId {
    TraceId(ids.value(row).try_into().expect("the schema says 16 bytes"))
}
