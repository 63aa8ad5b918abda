//! The table `spans`: one row an entity, sorted by trace id, with what is left of the document on the row of its
//! outermost entity.

mod first;
mod rows;
#[cfg(test)]
mod tests;

use std::io;

use arrow_array::{
    Array, BooleanArray, FixedSizeBinaryArray, RecordBatch, StringArray, TimestampMicrosecondArray,
    UInt64Array,
};
use arrow_schema::{ArrowError, Field, Schema};
use arrow_select::concat::concat_batches;
use bytes::Bytes;
use model::segment::Sequence;
use model::{Timestamp, TraceId};
use parquet::arrow::arrow_reader::{ArrowPredicateFn, RowFilter};
use row::StoredBytes;
use row::columns::spans;
use row::cut::Members;

use self::rows::{Columns, Rows};
use super::write::{self, BATCH_ROWS, PartWriter, Written};
use super::{Part, PartError, Slice, column, schema, trace_id};
use crate::directory::PartPath;

/// Writes documents, in any order, as a part. They are decoded one after the other.
pub(crate) fn write(path: &PartPath, documents: &[StoredBytes]) -> io::Result<Written> {
    let mut order: Vec<&StoredBytes> = documents.iter().collect();
    order.sort_unstable_by_key(|held| (held.trace_id, held.sequence));
    let traces = 1 + order.windows(2).filter(|pair| pair[0].trace_id != pair[1].trace_id).count() as u64;
    let properties = schema::spans_properties(traces).map_err(write::io_error)?;
    let mut writer = PartWriter::create(path, schema::spans(), properties)?;
    let mut members = Members::default();
    let mut rows = Rows::default();
    for held in order {
        rows.add(held, &mut members);
        if rows.count >= BATCH_ROWS {
            writer.write_batch(&std::mem::take(&mut rows).finish()?)?;
        }
    }
    writer.write_batch(&rows.finish()?)?;
    writer.finish()
}

/// Makes rows of format 1 into such of today; others are given back as they are. One for each part that is read.
#[derive(Debug, Default)]
pub(crate) struct Upgrade(Members);

impl Upgrade {
    pub(crate) fn apply(&mut self, batch: RecordBatch) -> io::Result<RecordBatch> {
        if is_first_format(&batch.schema()) { first::upgrade(&batch, &mut self.0) } else { Ok(batch) }
    }
}

impl Part {
    /// Shows the documents of one trace, in any order.
    pub(crate) fn each_document_of(
        &self,
        id: TraceId,
        each: impl FnMut(StoredBytes),
    ) -> Result<(), PartError> {
        let mut slices = self.slices_of(id)?;
        for slice in &mut slices {
            let mask = self.mask(&[spans::TRACE_ID])?;
            let is_wanted = move |batch: RecordBatch| {
                let ids: &FixedSizeBinaryArray = column(&batch, spans::TRACE_ID);
                Ok((0..ids.len()).map(|row| Some(ids.value(row) == id.0)).collect::<BooleanArray>())
            };
            slice.filter = Some(RowFilter::new(vec![Box::new(ArrowPredicateFn::new(mask, is_wanted))]));
        }
        self.documents_in(slices, each)
    }

    /// Shows all documents in the order of the file.
    pub(crate) fn each_document(&self, each: impl FnMut(StoredBytes)) -> Result<(), PartError> {
        self.documents_in(self.whole()?, each)
    }

    /// All documents received after a sequence, in order of receipt.
    pub(crate) fn documents_after(&self, after: Sequence) -> Result<Vec<StoredBytes>, PartError> {
        let mut found = Vec::new();
        self.each_document(|held| {
            if held.sequence > after {
                found.push(held);
            }
        })?;
        found.sort_unstable_by_key(|held| held.sequence);
        Ok(found)
    }

    fn documents_in(&self, slices: Vec<Slice>, mut each: impl FnMut(StoredBytes)) -> Result<(), PartError> {
        let written = self.schema()?;
        let columns = document_columns(&written);
        let mut documents = Documents::default();
        let mut result = Ok(());
        for slice in slices {
            self.read(slice, columns, |batch| {
                if result.is_ok() {
                    result = documents.add(batch, &mut each);
                }
            })?;
        }
        let finished = result.and_then(|()| documents.finish(&mut each));
        finished.map_err(|error| PartError::Unreadable {
            file: self.entry.file.clone(),
            source: io::Error::other(error),
        })
    }
}

/// What documents are made of.
const COLUMNS: [&str; 18] = {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = Columns::NAMES;
    [
        a,
        b,
        c,
        d,
        e,
        f,
        g,
        h,
        i,
        j,
        k,
        l,
        m,
        n,
        spans::SEQUENCE,
        spans::RECEIVED,
        spans::TEMPLATE,
        spans::DOCUMENT,
    ]
};

/// The columns of a file that documents are made of.
pub(crate) fn document_columns(written: &Schema) -> &'static [&'static str] {
    if is_first_format(written) { &first::COLUMNS } else { &COLUMNS }
}

/// Whether a file that may be any has these columns as a part has them.
pub(crate) fn has_documents(written: &Schema) -> bool {
    let ours = schema::spans();
    document_columns(written).iter().all(|name| {
        let types = [written, &ours].map(|schema| schema.field_with_name(name).map(Field::data_type).ok());
        types[0].is_some() && types[0] == types[1]
    })
}

/// Makes documents of rows that come batch by batch.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    /// The rows of the last document so far, of which more may come.
    open: Option<RecordBatch>,
}

impl Documents {
    /// The batch must have the [`document_columns`] with the types of the schema.
    pub(crate) fn add(
        &mut self,
        batch: &RecordBatch,
        each: &mut impl FnMut(StoredBytes),
    ) -> Result<(), ArrowError> {
        if is_first_format(&batch.schema()) {
            first::documents(batch).for_each(each);
            return Ok(());
        }
        let batch = match self.open.take() {
            Some(open) => concat_batches(&batch.schema(), [&open, batch])?,
            None => batch.clone(),
        };
        let heads = heads(&batch);
        let Some((&last, _)) = heads.split_last() else { return Ok(()) };
        show(&batch, &heads, each)?;
        self.open = Some(batch.slice(last, batch.num_rows() - last));
        Ok(())
    }

    pub(crate) fn finish(&mut self, each: &mut impl FnMut(StoredBytes)) -> Result<(), ArrowError> {
        let Some(batch) = self.open.take() else { return Ok(()) };
        show(&batch, &[0, batch.num_rows()], each)
    }
}

/// The rows with which documents begin.
fn heads(batch: &RecordBatch) -> Vec<usize> {
    let templates: &StringArray = column(batch, spans::TEMPLATE);
    let documents: &StringArray = column(batch, spans::DOCUMENT);
    (0..batch.num_rows()).filter(|&row| templates.is_valid(row) || documents.is_valid(row)).collect()
}

/// Shows the documents between each two heads.
fn show(batch: &RecordBatch, heads: &[usize], each: &mut impl FnMut(StoredBytes)) -> Result<(), ArrowError> {
    let sequences: &UInt64Array = column(batch, spans::SEQUENCE);
    let received: &TimestampMicrosecondArray = column(batch, spans::RECEIVED);
    let ids: &FixedSizeBinaryArray = column(batch, spans::TRACE_ID);
    let templates: &StringArray = column(batch, spans::TEMPLATE);
    let documents: &StringArray = column(batch, spans::DOCUMENT);
    let columns = Columns::of(batch);
    for pair in heads.windows(2) {
        let (row, rows) = (pair[0], pair[1] - pair[0]);
        let sequence = Sequence(sequences.value(row));
        let raw = if documents.is_valid(row) {
            documents.value(row).to_owned()
        } else {
            let mut text = String::new();
            columns.fill(templates.value(row), row, rows, &mut text).ok_or_else(|| {
                ArrowError::ParquetError(format!("document {} cannot be made again", sequence.0))
            })?;
            text
        };
        let received = Timestamp(received.value(row));
        each(StoredBytes::new(sequence, received, trace_id(ids, row), Bytes::from(raw)));
    }
    Ok(())
}

/// Format 1 had documents and no templates.
fn is_first_format(written: &Schema) -> bool {
    let has = |name| written.column_with_name(name).is_some();
    has(spans::DOCUMENT) && !has(spans::TEMPLATE)
}
