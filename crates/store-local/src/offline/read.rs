//! Documents and rows out of a data directory, for exports.

use std::fs::File;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::{Array, BooleanArray, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow_select::filter::filter_record_batch;
use bytes::Bytes;
use model::{Minute, TimeRange, Timestamp};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::{ArrowWriter, ProjectionMask};
use row::StoredBytes;
use row::columns::{minutes, spans, traces};
use store::StoreError;

use super::{Offline, failed, store_error};
use crate::manifest::Table;
use crate::part::spans::{Documents, Upgrade, document_columns, has_documents};
use crate::part::traces::{Annotating, exported};
use crate::part::{Part, PartError, column, schema, trace_id, write};

/// A document as it was received, and when.
#[derive(Debug, Clone)]
pub struct Received {
    pub received: Timestamp,
    pub raw: Bytes,
}

impl Offline {
    /// Shows all documents received in a range, those of the log included: part by part, and in each trace by
    /// trace in order of receipt. Gives how many there were.
    pub fn documents(
        &self,
        range: TimeRange,
        mut see: impl FnMut(Received) -> io::Result<()>,
    ) -> Result<u64, StoreError> {
        let mut count = 0;
        let mut show = |held: StoredBytes| {
            if range.contains(held.received) {
                count += 1;
                return see(Received { received: held.received, raw: held.raw });
            }
            Ok(())
        };
        for part in self.parts(Table::Spans).filter(|part| is_touched(part, range)) {
            let mut result = Ok(());
            part.each_document(|held| {
                if result.is_ok() {
                    result = show(held);
                }
            })
            .map_err(store_error)?;
            result.map_err(failed("write the export"))?;
        }
        for held in self.unflushed()?.documents {
            show(held).map_err(failed("write the export"))?;
        }
        Ok(count)
    }

    /// Writes the rows of one table in a range of receipt as one Parquet file, as the parts have them. Of
    /// `traces` only the rows that count. What is only in the log is not among them. Gives the number of rows.
    pub fn write_parquet(
        &self,
        table: Table,
        range: TimeRange,
        out: impl Write + Send,
    ) -> Result<u64, StoreError> {
        let (schema, properties) = match table {
            Table::Spans => (schema::spans(), schema::spans_properties(0)),
            Table::Traces => (schema::exported_traces(), schema::traces_properties(0)),
            Table::Minutes => (schema::minutes(), schema::minutes_properties()),
        };
        let written = failed("write the export");
        let properties = properties.map_err(write::io_error).map_err(&written)?;
        let mut writer = ArrowWriter::try_new(out, Arc::clone(&schema), Some(properties))
            .map_err(write::io_error)
            .map_err(&written)?;
        let catalog = self.catalog.with_hidden_rows().map_err(store_error)?;
        let mut rows = 0;
        for part in catalog.of(table).filter(|part| is_touched(part, range)) {
            let has = part.schema().map_err(store_error)?;
            let names: Vec<&str> = has.fields().iter().map(|field| field.name().as_str()).collect();
            let mut upgrade = Upgrade::default();
            let mut annotating = match table {
                Table::Traces => Some(Annotating::of(part).map_err(store_error)?),
                Table::Spans | Table::Minutes => None,
            };
            for slice in part.whole().map_err(store_error)? {
                let mut result = Ok(());
                part.read(slice, &names, |batch| {
                    if result.is_err() {
                        return;
                    }
                    let completed = match &mut annotating {
                        Some(annotating) => annotating.complete(batch).map_err(unreadable),
                        None => upgrade.apply(batch.clone()),
                    };
                    result = completed.and_then(|batch| {
                        let is_wanted = wanted(table, &batch, range, |batch, row| match table {
                            Table::Spans => true,
                            Table::Traces => {
                                catalog.counts(part, trace_id(column(batch, traces::TRACE_ID), row))
                            }
                            Table::Minutes => {
                                let minutes: &Int64Array = column(batch, minutes::MINUTE);
                                Minute(minutes.value(row)) >= catalog.minutes_from
                            }
                        });
                        let kept = filter_record_batch(&batch, &is_wanted).map_err(io::Error::other)?;
                        let kept = match table {
                            Table::Traces => exported(&kept)?,
                            Table::Spans | Table::Minutes => part.upgraded(kept).map_err(unreadable)?,
                        };
                        rows += kept.num_rows() as u64;
                        writer.write(&kept).map_err(write::io_error)
                    });
                })
                .map_err(store_error)?;
                result.map_err(&written)?;
            }
        }
        writer.close().map_err(write::io_error).map_err(&written)?;
        Ok(rows)
    }
}

fn unreadable(error: PartError) -> io::Error {
    io::Error::other(store_error(error))
}

/// Shows the documents of a file that [`Offline::write_parquet`] made of `spans`. Gives how many there were.
///
/// A file of a store has a checksum over all of it. This one may be anybody's, and the library's reader panics on some that lie, which
/// is an error like any other here.
pub fn documents_of_parquet(
    file: File,
    see: impl FnMut(Received) -> io::Result<()>,
) -> Result<u64, StoreError> {
    let read = AssertUnwindSafe(|| read_parquet(file, see));
    catch_unwind(read).unwrap_or_else(|_panic| {
        let source = io::Error::new(io::ErrorKind::InvalidData, "it contradicts itself");
        Err(failed("read the Parquet file")(source))
    })
}

fn read_parquet(file: File, mut see: impl FnMut(Received) -> io::Result<()>) -> Result<u64, StoreError> {
    let read = failed("read the Parquet file");
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(write::io_error).map_err(&read)?;
    // It may be any file.
    if !has_documents(builder.schema()) {
        return Err(read(io::Error::new(io::ErrorKind::InvalidData, "it is no export of `spans`")));
    }
    let columns = document_columns(builder.schema()).iter().copied();
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns);
    let reader = builder.with_projection(mask).build().map_err(write::io_error).map_err(&read)?;
    let mut count = 0;
    let mut result = Ok(());
    let mut show = |held: StoredBytes| {
        if result.is_ok() {
            count += 1;
            result = see(Received { received: held.received, raw: held.raw });
        }
    };
    let mut documents = Documents::default();
    for batch in reader {
        let batch = batch.map_err(io::Error::other).map_err(&read)?;
        documents.add(&batch, &mut show).map_err(io::Error::other).map_err(&read)?;
    }
    documents.finish(&mut show).map_err(io::Error::other).map_err(&read)?;
    result.map_err(failed("import"))?;
    Ok(count)
}

fn is_touched(part: &Part, range: TimeRange) -> bool {
    let minutes = part.entry.minutes.map(|(first, last)| (first.start(), last.end()));
    let reach = minutes.or(part.entry.receipt());
    reach.is_none_or(|(first, last)| first < range.end && range.start <= last)
}

fn wanted(
    table: Table,
    batch: &RecordBatch,
    range: TimeRange,
    counts: impl Fn(&RecordBatch, usize) -> bool,
) -> BooleanArray {
    let is_in_range = |row: usize| match table {
        Table::Minutes => {
            let minute: &Int64Array = column(batch, minutes::MINUTE);
            range.touches(Minute(minute.value(row)))
        }
        Table::Spans | Table::Traces => {
            let name = if table == Table::Spans { spans::RECEIVED } else { traces::LAST_RECEIVED };
            let times: &TimestampMicrosecondArray = column(batch, name);
            times.is_valid(row) && range.contains(Timestamp(times.value(row)))
        }
    };
    (0..batch.num_rows()).map(|row| Some(is_in_range(row) && counts(batch, row))).collect()
}
