//! Format 1 of `spans`, which had each document as a text: reads it, and makes rows of the newer format from it.

use std::io;

use arrow_array::{
    Array, FixedSizeBinaryArray, RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array,
};
use bytes::Bytes;
use model::Timestamp;
use model::segment::Sequence;
use row::StoredBytes;
use row::columns::spans;
use row::cut::Members;

use super::rows::Rows;
use crate::part::{column, trace_id};

/// What is read of a part.
pub(super) const COLUMNS: [&str; 4] = [spans::TRACE_ID, spans::SEQUENCE, spans::RECEIVED, spans::DOCUMENT];

/// The documents of a batch, each of which is on one row.
pub(super) fn documents(batch: &RecordBatch) -> impl Iterator<Item = StoredBytes> {
    let ids: &FixedSizeBinaryArray = column(batch, spans::TRACE_ID);
    let sequences: &UInt64Array = column(batch, spans::SEQUENCE);
    let received: &TimestampMicrosecondArray = column(batch, spans::RECEIVED);
    let documents: &StringArray = column(batch, spans::DOCUMENT);
    (0..batch.num_rows()).filter(|&row| documents.is_valid(row)).map(move |row| {
        let (sequence, received) = (Sequence(sequences.value(row)), Timestamp(received.value(row)));
        let raw = Bytes::copy_from_slice(documents.value(row).as_bytes());
        StoredBytes::new(sequence, received, trace_id(ids, row), raw)
    })
}

/// The same documents as rows of the newer format.
pub(super) fn upgrade(batch: &RecordBatch, members: &mut Members) -> io::Result<RecordBatch> {
    let mut rows = Rows::default();
    for held in documents(batch) {
        rows.add(&held, members);
    }
    rows.finish()
}
