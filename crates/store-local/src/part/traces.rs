//! The table `traces`: one row a trace and flush, sorted by start, with the columns that searches prune by, and what
//! these do not have of the digest in a column of its own.

mod rows;

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, FixedSizeBinaryArray, ListArray, RecordBatch, StringArray,
    TimestampMicrosecondArray, new_null_array,
};
use arrow_schema::FieldRef;
use model::{Timestamp, TraceDigest, TraceId};
use parquet::arrow::arrow_reader::RowSelection;
use parquet::file::properties::WriterProperties;
use row::codec::{Beside, decode_digest};
use row::columns::traces;
use store::{Axis, Cursor, Search};

use super::predicate;
use super::schema::{self, REPLACING, TRACES_GROUP_ROWS};
use super::terms::{self, ALL_CHUNKS, CHUNK_ROWS, Pairs, Terms};
use super::write::{self, BATCH_ROWS, PartWriter, Written};
use super::{Part, PartError, Slice, column, trace_id};
use crate::directory::PartPath;
use crate::limits::Budget;
use rows::Rows;

/// A row that lies in the range of a search and may match.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) place: Cursor,
    /// Its number in the file.
    pub(crate) number: usize,
}

/// What a search finds in a row group.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Oldest first.
    pub(crate) rows: Vec<Row>,
    /// How many more lie in the range, and do not match.
    pub(crate) others: u64,
    /// How many rows were read.
    pub(crate) read: u64,
}

/// Writes digests, in any order, as a part.
pub(crate) fn write(
    path: &PartPath,
    digests: &HashMap<TraceId, Arc<TraceDigest>>,
    replacing: &HashSet<TraceId>,
) -> io::Result<Written> {
    let mut order: Vec<&Arc<TraceDigest>> = digests.values().collect();
    order.sort_unstable_by_key(|digest| (digest.start, digest.id));
    let properties = schema::traces_properties(order.len() as u64).map_err(write::io_error)?;
    let mut writer = Writer::create(path, properties)?;
    for some in order.chunks(BATCH_ROWS) {
        let mut rows = Rows::default();
        some.iter().for_each(|digest| rows.add(digest, replacing.contains(&digest.id)));
        writer.write_batch(&rows.finish()?)?;
    }
    writer.finish()
}

/// A part on its way, with the index of its terms.
pub(crate) struct Writer {
    writer: PartWriter,
    terms: Terms,
}

impl Writer {
    pub(crate) fn create(path: &PartPath, properties: WriterProperties) -> io::Result<Self> {
        let writer = PartWriter::create(path, schema::traces(), properties)?;
        Ok(Self { writer, terms: Terms::default() })
    }

    pub(crate) fn write_batch(&mut self, batch: &RecordBatch) -> io::Result<()> {
        self.terms.add(batch);
        self.writer.write_batch(batch)
    }

    pub(crate) fn finish(mut self) -> io::Result<Written> {
        self.writer.attach(terms::NAME, &self.terms.finish())?;
        self.writer.finish()
    }
}

/// A batch of format 1 as this version would write it. Rows that cannot be understood are left out.
pub(crate) fn upgraded(batch: &RecordBatch) -> io::Result<RecordBatch> {
    let json: &StringArray = column(batch, traces::DIGEST);
    let replacing: &BooleanArray = column(batch, REPLACING);
    let mut rows = Rows::default();
    for row in 0..batch.num_rows() {
        match serde_json::from_str(json.value(row)) {
            Ok(digest) => rows.add(&digest, replacing.value(row)),
            Err(error) => tracing::warn!(%error, "a digest is no longer understood"),
        }
    }
    rows.finish()
}

/// A batch with all columns of this version. Those that the file was written without are null: what it has of the
/// digests does not tell them either.
pub(crate) fn completed(batch: RecordBatch) -> io::Result<RecordBatch> {
    let schema = schema::traces();
    if batch.num_columns() == schema.fields().len() {
        return Ok(batch);
    }
    let column = |field: &FieldRef| match batch.column_by_name(field.name()) {
        Some(column) => Arc::clone(column),
        None => new_null_array(field.data_type(), batch.num_rows()),
    };
    let columns = schema.fields().iter().map(column).collect();
    RecordBatch::try_new(schema, columns).map_err(io::Error::other)
}

impl Part {
    /// The oldest and newest time of each row group on an axis, as far as the file tells.
    pub(crate) fn group_reach(&self, axis: Axis) -> Result<Vec<Option<(Timestamp, Timestamp)>>, PartError> {
        self.time_ranges(axis_column(axis))
    }

    /// The rows of a row group whose time lies in the range of a search and before its cursor, and that may match.
    pub(crate) fn rows(
        &self,
        search: &Search,
        row_group: usize,
        budget: &Budget,
    ) -> Result<Found, PartError> {
        let chunks = self.chunks(&search.predicate, row_group)?;
        let rows_of_group = self.group_rows()?;
        let count = rows_of_group.get(row_group).copied().unwrap_or(0);
        let axis = axis_column(search.axis);
        let mut found = Found::default();
        // A part of another version may have larger row groups, and no index.
        let is_pruned = chunks != ALL_CHUNKS && count <= TRACES_GROUP_ROWS;
        if is_pruned {
            found.others = self.in_range(search, row_group, count)?;
        }
        if chunks == 0 {
            return Ok(found);
        }
        let selected = if is_pruned { selected_rows(chunks, count) } else { vec![(0, count)] };
        let selection = is_pruned.then(|| {
            RowSelection::from_consecutive_ranges(selected.iter().map(|&(from, to)| from..to), count)
        });
        let mut numbers = selected.iter().flat_map(|&(from, to)| from..to);
        let first: usize = rows_of_group.iter().take(row_group).sum();
        let mut names = vec![traces::TRACE_ID, axis];
        names.extend(predicate::columns(&search.predicate));
        self.read_coded(Slice { row_group, selection, filter: None }, &names, |batch| {
            if budget.is_spent() {
                return;
            }
            let ids: &FixedSizeBinaryArray = column(batch, traces::TRACE_ID);
            let times: &TimestampMicrosecondArray = column(batch, axis);
            let may_match = predicate::rows(&search.predicate, batch);
            found.read += batch.num_rows() as u64;
            for (row, number) in (0..batch.num_rows()).zip(numbers.by_ref()) {
                let time = Timestamp(times.value(row));
                if times.is_null(row) || !search.range.contains(time) {
                    continue;
                }
                let place = Cursor { time, id: trace_id(ids, row) };
                if search.after.is_some_and(|after| place >= after) {
                    continue;
                }
                match may_match[row] {
                    true => found.rows.push(Row { place, number: first + number }),
                    false if !is_pruned => found.others += 1,
                    false => {}
                }
            }
        })?;
        if is_pruned {
            found.others = found.others.saturating_sub(found.rows.len() as u64);
        }
        found.rows.sort_unstable_by_key(|row| row.place);
        Ok(found)
    }

    /// How many rows of a row group lie in the range of a search and before its cursor, about.
    fn in_range(&self, search: &Search, row_group: usize, count: usize) -> Result<u64, PartError> {
        let axis = axis_column(search.axis);
        let until = search.after.map_or(search.range.end, |after| search.range.end.min(after.time));
        let reach = self.time_ranges(axis)?.get(row_group).copied().flatten();
        if reach.is_some_and(|(oldest, newest)| search.range.start <= oldest && newest < until) {
            return Ok(count as u64);
        }
        let mut in_range = 0;
        self.read(Slice { row_group, selection: None, filter: None }, &[axis], |batch| {
            let times: &TimestampMicrosecondArray = column(batch, axis);
            let is_in = |&time: &i64| search.range.start.0 <= time && time < until.0;
            in_range += times.iter().flatten().filter(is_in).count() as u64;
        })?;
        Ok(in_range)
    }

    /// The digests of some rows, by their ascending numbers.
    pub(crate) fn digests_at(
        &self,
        numbers: &[usize],
    ) -> Result<HashMap<usize, Arc<TraceDigest>>, PartError> {
        let mut found = HashMap::with_capacity(numbers.len());
        let mut first = 0;
        let names: &[&str] = match self.has_json()? {
            true => &[traces::DIGEST],
            false => &[traces::TRACE_ID, traces::START, traces::ANNOTATIONS, traces::DIGEST],
        };
        for (row_group, rows) in self.group_rows()?.into_iter().enumerate() {
            let from = numbers.partition_point(|&number| number < first);
            let to = numbers.partition_point(|&number| number < first + rows);
            let wanted = &numbers[from..to];
            if !wanted.is_empty() {
                let ranges = wanted.iter().map(|number| number - first..number - first + 1);
                let selection = Some(RowSelection::from_consecutive_ranges(ranges, rows));
                let mut numbers = wanted.iter();
                self.read(Slice { row_group, selection, filter: None }, names, |batch| {
                    for (row, &number) in (0..batch.num_rows()).zip(numbers.by_ref()) {
                        match decode(batch, row) {
                            Ok(digest) => _ = found.insert(number, Arc::new(digest)),
                            Err(error) => {
                                tracing::warn!(file = self.entry.file, error, "a digest is not understood");
                            }
                        }
                    }
                })?;
            }
            first += rows;
        }
        Ok(found)
    }

    /// Finds the rows of some traces, in the order of the file: the number of each and its trace.
    pub(crate) fn find(
        &self,
        wanted: &HashSet<TraceId>,
        mut found: impl FnMut(usize, TraceId),
    ) -> Result<(), PartError> {
        let groups = self.groups_with(wanted)?;
        self.trace_ids(
            |group| groups[group],
            |number, id| {
                if wanted.contains(&id) {
                    found(number, id);
                }
            },
        )
    }

    /// Every row with its number and its trace.
    pub(crate) fn each_trace(&self, each: impl FnMut(usize, TraceId)) -> Result<(), PartError> {
        self.trace_ids(|_| true, each)
    }

    /// The rows of some row groups.
    fn trace_ids(
        &self,
        is_wanted: impl Fn(usize) -> bool,
        mut each: impl FnMut(usize, TraceId),
    ) -> Result<(), PartError> {
        let mut first = 0;
        for (row_group, rows) in self.group_rows()?.into_iter().enumerate() {
            if is_wanted(row_group) {
                let mut number = first;
                let slice = Slice { row_group, selection: None, filter: None };
                self.read(slice, &[traces::TRACE_ID], |batch| {
                    let ids: &FixedSizeBinaryArray = column(batch, traces::TRACE_ID);
                    (0..ids.len()).for_each(|row| each(number + row, trace_id(ids, row)));
                    number += ids.len();
                })?;
            }
            first += rows;
        }
        Ok(())
    }

    /// Of each trace whether it failed, or it is not known whether it did, and whether its row takes the place of one
    /// in an older part.
    pub(crate) fn outcomes(&self, mut each: impl FnMut(TraceId, bool, bool)) -> Result<(), PartError> {
        let flags = [traces::ERROR, traces::THROTTLE, traces::FAULT];
        let [error, throttle, fault] = flags;
        let mut scan =
            self.scan(&[traces::TRACE_ID, error, throttle, fault, REPLACING], super::BATCH_ROWS)?;
        while let Some(batch) = scan.next()? {
            let ids: &FixedSizeBinaryArray = column(&batch, traces::TRACE_ID);
            let replacing: &BooleanArray = column(&batch, REPLACING);
            let columns = flags.map(|name| column::<BooleanArray>(&batch, name));
            for row in 0..ids.len() {
                // Without a root there are no flags.
                let has_failed = columns.iter().any(|flags| flags.is_null(row) || flags.value(row));
                each(trace_id(ids, row), has_failed, replacing.value(row));
            }
        }
        Ok(())
    }

    /// The traces of which an older part has a row that no longer counts.
    pub(crate) fn replacing(&self) -> Result<Vec<TraceId>, PartError> {
        let mut found = Vec::new();
        if self.entry.replacing == 0 {
            return Ok(found);
        }
        for slice in self.whole()? {
            self.read(slice, &[traces::TRACE_ID, REPLACING], |batch| {
                let ids: &FixedSizeBinaryArray = column(batch, traces::TRACE_ID);
                let replacing: &BooleanArray = column(batch, REPLACING);
                found
                    .extend((0..ids.len()).filter(|&row| replacing.value(row)).map(|row| trace_id(ids, row)));
            })?;
        }
        Ok(found)
    }
}

/// The rows of some chunks.
fn selected_rows(chunks: u32, count: usize) -> Vec<(usize, usize)> {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for chunk in (0..u32::BITS as usize).filter(|chunk| chunks >> chunk & 1 == 1) {
        let (from, to) = ((chunk * CHUNK_ROWS).min(count), ((chunk + 1) * CHUNK_ROWS).min(count));
        match ranges.last_mut() {
            Some(last) if last.1 == from => last.1 = to,
            _ if from < to => ranges.push((from, to)),
            _ => {}
        }
    }
    ranges
}

/// The digest of a row.
fn decode(batch: &RecordBatch, row: usize) -> Result<TraceDigest, String> {
    let digest: &ArrayRef = batch.column_by_name(traces::DIGEST).ok_or("there is no digest")?;
    if let Some(json) = digest.as_any().downcast_ref::<StringArray>() {
        return serde_json::from_str(json.value(row)).map_err(|error| error.to_string());
    }
    let encoded: &BinaryArray = column(batch, traces::DIGEST);
    let starts: &TimestampMicrosecondArray = column(batch, traces::START);
    let annotations: &ListArray = column(batch, traces::ANNOTATIONS);
    let pairs = Pairs::of(annotations);
    let pair = |place| (pairs.keys.value(place), pairs.values.value(place));
    let beside = Beside {
        id: trace_id(column(batch, traces::TRACE_ID), row),
        start: Timestamp(starts.value(row)),
        annotations: terms::range(annotations, row).map(pair).collect(),
    };
    decode_digest(encoded.value(row), beside).map_err(|error| error.to_string())
}

fn axis_column(axis: Axis) -> &'static str {
    match axis {
        Axis::Start => traces::START,
        Axis::Received => traces::LAST_RECEIVED,
        Axis::End => traces::END,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_later_column_has_it_empty() {
        let mut rows = Rows::default();
        rows.add(&TraceDigest::new(TraceId([7; 16]), Timestamp(5)), true);
        let whole = rows.finish().unwrap();
        let mut earlier = whole.clone();
        earlier.remove_column(whole.schema().index_of(traces::RESPONSE_TIME).unwrap());
        assert_eq!(completed(earlier).unwrap(), whole);
        let mut broken = whole.clone();
        broken.remove_column(whole.schema().index_of(traces::START).unwrap());
        assert!(completed(broken).is_err());
        assert_eq!(completed(whole.clone()).unwrap(), whole);
    }
}
