//! The table `traces`: one row a trace and flush, sorted by start, with the columns that searches prune by, and what
//! these do not have of the digest in a column of its own.

mod annotated;
mod narrow;
mod rows;

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, ListBuilder, StringBuilder, StructBuilder};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, FixedSizeBinaryArray, ListArray, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use model::{Timestamp, TraceDigest, TraceId};
use parquet::arrow::arrow_reader::RowSelection;
use parquet::file::properties::WriterProperties;
use row::codec::{Beside, BesideAnnotations, decode_digest};
use row::columns::traces;
use store::{Axis, Cursor, Search};

use super::annotations::{self, Gathered};
use super::predicate;
use super::rowset::RowSet;
use super::schema::{self, REPLACING, TRACES_GROUP_ROWS};
use super::terms::{self, CHUNK_ROWS, Pairs, Terms};
use super::write::{self, BATCH_ROWS, PartWriter, Written};
use super::{Part, PartError, Slice, column, trace_id};
use crate::directory::PartPath;
use crate::limits::Budget;
use annotated::Annotated;
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

/// Writes digests, in any order, as a part. Gives the most that reading one of its row groups takes beside the rows, too.
pub(crate) fn write(
    path: &PartPath,
    digests: &HashMap<TraceId, Arc<TraceDigest>>,
    replacing: &HashSet<TraceId>,
) -> io::Result<(Written, u64)> {
    let mut order: Vec<&Arc<TraceDigest>> = digests.values().collect();
    order.sort_unstable_by_key(|digest| (digest.start, digest.id));
    let properties = schema::traces_properties(order.len() as u64).map_err(write::io_error)?;
    let mut writer = TracesWriter::create(path, properties)?;
    for some in order.chunks(BATCH_ROWS) {
        let mut rows = Rows::default();
        some.iter().for_each(|digest| rows.add(digest, replacing.contains(&digest.id)));
        writer.write_batch(&rows.finish()?)?;
    }
    writer.finish()
}

/// A row group ends when what is gathered for its index takes so much, however few its rows are.
pub(super) const INDEX_BYTES: usize = 32 * 1024 * 1024;

/// A part on its way. Behind each row group stands its index; what is in memory is of one row group, however many there are.
pub(crate) struct TracesWriter {
    writer: PartWriter,
    /// Of the row group that has not ended.
    rows: usize,
    terms: Terms,
    annotations: Gathered,
    /// The most that reading one of its row groups takes.
    reading_bytes: usize,
}

impl TracesWriter {
    pub(crate) fn create(path: &PartPath, properties: WriterProperties) -> io::Result<Self> {
        let writer = PartWriter::create(path, schema::traces(), properties)?;
        let (terms, annotations) = (Terms::default(), Gathered::default());
        Ok(Self { writer, rows: 0, terms, annotations, reading_bytes: 0 })
    }

    /// Takes a batch with annotations.
    pub(crate) fn write_batch(&mut self, batch: &RecordBatch) -> io::Result<()> {
        let mut rows = batch.clone();
        let annotations =
            rows.remove_column(batch.schema().index_of(traces::ANNOTATIONS).map_err(io::Error::other)?);
        let annotations: &BinaryArray =
            annotations.as_any().downcast_ref().expect("the batch has our schema");
        let mut first = 0;
        while first < rows.num_rows() {
            let count = (TRACES_GROUP_ROWS - self.rows).min(rows.num_rows() - first);
            for row in first..first + count {
                self.annotations.add(annotations.value(row))?;
            }
            let some = rows.slice(first, count);
            self.terms.add(&some);
            self.writer.write_batch(&some)?;
            (first, self.rows) = (first + count, self.rows + count);
            let index = self.index_bytes();
            self.writer.note_held(index + batch.get_array_memory_size());
            // The rows may have ended a row group by themselves.
            if self.writer.is_between_groups() || index >= INDEX_BYTES {
                self.end_group()?;
            }
        }
        Ok(())
    }

    /// What of it is in memory and not in the file.
    pub(crate) fn held_bytes(&self) -> usize {
        self.writer.held_bytes() + self.index_bytes()
    }

    /// What was written, and the most that reading one of its row groups takes beside the rows.
    pub(crate) fn finish(mut self) -> io::Result<(Written, u64)> {
        if self.rows > 0 {
            self.end_group()?;
        }
        Ok((self.writer.finish()?, self.reading_bytes as u64))
    }

    fn index_bytes(&self) -> usize {
        self.terms.held_bytes() + self.annotations.held_bytes()
    }

    fn end_group(&mut self) -> io::Result<()> {
        self.reading_bytes = self.reading_bytes.max(self.annotations.reading_bytes());
        self.writer.end_group()?;
        self.writer.attach(terms::INDEX.pieces, &std::mem::take(&mut self.terms).finish())?;
        self.writer.attach(annotations::INDEX.pieces, &std::mem::take(&mut self.annotations).finish()?)?;
        self.rows = 0;
        Ok(())
    }
}

/// Completes the batches of a part that is read from its beginning to its end.
pub(crate) struct Annotating<'a> {
    part: &'a Part,
    reader: Option<annotations::Reader<'a>>,
    group_rows: Vec<usize>,
    /// The next row, in its row group.
    row_group: usize,
    row: usize,
}

impl<'a> Annotating<'a> {
    pub(crate) fn of(part: &'a Part) -> Result<Self, PartError> {
        let reader = annotations::Reader::passing(part)?;
        Ok(Self { part, reader, group_rows: part.group_rows()?, row_group: 0, row: 0 })
    }

    /// What a row takes of annotations, on average.
    pub(crate) fn row_bytes(&mut self) -> Result<u64, PartError> {
        let Some(reader) = &mut self.reader else { return Ok(0) };
        Ok(reader.bytes(self.group_rows.len())? / self.part.entry.rows.max(1))
    }

    /// What was read of annotations takes about so much in memory.
    pub(crate) fn held_bytes(&self) -> usize {
        self.reader.as_ref().map_or(0, annotations::Reader::held_bytes)
    }

    /// The next batch of all columns, as this version would write it. Rows of an earlier one that cannot be understood
    /// are left out.
    pub(crate) fn complete(&mut self, batch: &RecordBatch) -> Result<RecordBatch, PartError> {
        let unreadable =
            |source: io::Error| PartError::Unreadable { file: self.part.entry.file.clone(), source };
        let Some(reader) = &mut self.reader else {
            return upgraded(batch).map_err(unreadable);
        };
        let mut encoded = BinaryBuilder::new();
        let mut left = batch.num_rows();
        while left > 0 {
            let rows = self.group_rows.get(self.row_group).copied().unwrap_or(0);
            let count = left.min(rows - self.row);
            let numbers: Vec<usize> = (self.row..self.row + count).collect();
            reader.rows(self.row_group, &numbers, |_, row| encoded.append_value(row))?;
            left -= count;
            self.row += count;
            if self.row == rows {
                (self.row_group, self.row) = (self.row_group + 1, 0);
                if self.row_group >= self.group_rows.len() {
                    break;
                }
            }
        }
        let mut columns = batch.columns().to_vec();
        columns.push(Arc::new(encoded.finish()));
        RecordBatch::try_new(schema::annotated_traces(), columns)
            .map_err(|error| unreadable(io::Error::other(error)))
    }
}

/// A batch with annotations as other tools read it.
pub(crate) fn exported(batch: &RecordBatch) -> io::Result<RecordBatch> {
    let encoded: &BinaryArray = column(batch, traces::ANNOTATIONS);
    let mut lists = ListBuilder::new(StructBuilder::from_fields(schema::pair_fields(), 0));
    for row in 0..batch.num_rows() {
        let annotations = annotations::decode(encoded.value(row)).map_or_else(Vec::new, |(all, _)| all);
        let pairs = lists.values();
        for annotation in annotations {
            for (member, text) in [annotation.key, annotation.value.to_string()].iter().enumerate() {
                let texts: &mut StringBuilder = pairs.field_builder(member).expect("a pair has two texts");
                texts.append_value(text);
            }
            pairs.append(true);
        }
        lists.append(true);
    }
    let mut columns = batch.columns().to_vec();
    columns.pop();
    columns.push(Arc::new(lists.finish()));
    RecordBatch::try_new(schema::exported_traces(), columns).map_err(io::Error::other)
}

/// A batch of an earlier version as this one would write it.
fn upgraded(batch: &RecordBatch) -> io::Result<RecordBatch> {
    let replacing: &BooleanArray = column(batch, REPLACING);
    let starts: &TimestampMicrosecondArray = column(batch, traces::START);
    let mut rows = Rows::default();
    for row in 0..batch.num_rows() {
        let id = trace_id(column(batch, traces::TRACE_ID), row);
        match decode(batch, row, (id, Timestamp(starts.value(row))), None) {
            Ok(digest) => rows.add(&digest, replacing.value(row)),
            Err(error) => tracing::warn!(%error, "a digest is no longer understood"),
        }
    }
    rows.finish()
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
        let times = self.times(row_group, axis)?;
        let ids = self.ids(row_group)?;
        let mut found = Found::default();
        let place = |row: usize| {
            let time = Timestamp(*times.get(row)?);
            let place = Cursor { time, id: *ids.get(row)? };
            let is_in = time != Timestamp::MIN && search.range.contains(time);
            (is_in && search.after.is_none_or(|after| place < after)).then_some(place)
        };
        let first: usize = rows_of_group.iter().take(row_group).sum();
        let in_range = (0..count).filter(|&row| place(row).is_some()).count() as u64;
        // A part of another version may have larger row groups, and no index.
        let is_indexed = count <= TRACES_GROUP_ROWS;
        let may_match = match chunks {
            0 if is_indexed => RowSet::none(count),
            _ => {
                let annotated = Annotated::of(self, search, row_group)?;
                let narrowed = self.narrow(&search.predicate, row_group, count, &annotated)?;
                let (rows, is_exact) = match narrowed {
                    Some(narrowed) => (narrowed.rows, narrowed.is_exact),
                    None => (RowSet::all(count), false),
                };
                let rows = if is_indexed { rows.within(chunks, CHUNK_ROWS) } else { rows };
                match is_exact {
                    true => rows,
                    false => self.tested(search, row_group, &rows, &annotated, budget)?,
                }
            }
        };
        found.read = may_match.len() as u64;
        let rows = may_match.iter().filter_map(|row| Some(Row { place: place(row)?, number: first + row }));
        found.rows = rows.collect();
        found.others = in_range.saturating_sub(found.rows.len() as u64);
        found.rows.sort_unstable_by_key(|row| row.place);
        Ok(found)
    }

    /// Those of some rows for which the predicate may hold by all columns that it asks for.
    fn tested(
        &self,
        search: &Search,
        row_group: usize,
        rows: &RowSet,
        annotated: &Annotated<'_>,
        budget: &Budget,
    ) -> Result<RowSet, PartError> {
        let count = self.group_rows()?.get(row_group).copied().unwrap_or(0);
        let mut passed = RowSet::none(count);
        if rows.is_empty() {
            return Ok(passed);
        }
        let ranges = rows.ranges();
        let selection =
            RowSelection::from_consecutive_ranges(ranges.iter().map(|&(from, to)| from..to), count);
        let mut numbers = rows.iter();
        let mut names = vec![axis_column(search.axis)];
        names.extend(predicate::columns(&search.predicate));
        self.read_coded(Slice { row_group, selection: Some(selection), filter: None }, &names, |batch| {
            if budget.is_spent() {
                return;
            }
            let places: Vec<usize> = numbers.by_ref().take(batch.num_rows()).collect();
            let may_match =
                predicate::rows(&search.predicate, batch, &|predicate| annotated.rows(predicate, &places));
            places.iter().zip(may_match).filter(|(_, may)| *may).for_each(|(&row, _)| passed.put(row));
        })?;
        Ok(passed)
    }

    /// The digests of some rows, by their ascending numbers.
    pub(crate) fn digests_at(
        &self,
        numbers: &[usize],
    ) -> Result<HashMap<usize, Arc<TraceDigest>>, PartError> {
        let mut found = HashMap::with_capacity(numbers.len());
        let mut first = 0;
        let mut reader = annotations::Reader::of(self)?;
        let names: &[&str] = match &reader {
            Some(_) => &[traces::DIGEST],
            None if self.has_json()? => &[traces::DIGEST],
            None => &[traces::DIGEST, traces::ANNOTATIONS],
        };
        for (row_group, rows) in self.group_rows()?.into_iter().enumerate() {
            let from = numbers.partition_point(|&number| number < first);
            let to = numbers.partition_point(|&number| number < first + rows);
            let wanted = &numbers[from..to];
            if !wanted.is_empty() {
                let places: Vec<usize> = wanted.iter().map(|number| number - first).collect();
                let mut annotated = Vec::new();
                if let Some(reader) = &mut reader {
                    reader.rows(row_group, &places, |_, row| annotated.push(row))?;
                }
                let mut annotated = annotated.into_iter();
                let (ids, starts) = (self.ids(row_group)?, self.times(row_group, traces::START)?);
                let known = |number: usize| {
                    let row = number - first;
                    let none = (TraceId([0; 16]), Timestamp::MIN);
                    ids.get(row).zip(starts.get(row)).map_or(none, |(&id, &start)| (id, Timestamp(start)))
                };
                let ranges = places.iter().map(|&place| place..place + 1);
                let selection = Some(RowSelection::from_consecutive_ranges(ranges, rows));
                let mut numbers = wanted.iter();
                self.read(Slice { row_group, selection, filter: None }, names, |batch| {
                    for (row, &number) in (0..batch.num_rows()).zip(numbers.by_ref()) {
                        match decode(batch, row, known(number), annotated.next().as_deref()) {
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
        let mut first = 0;
        for (row_group, may_have) in self.groups_with(wanted)?.into_iter().enumerate() {
            if may_have {
                let ids = self.ids(row_group)?;
                let rows = ids.iter().enumerate().filter(|(_, id)| wanted.contains(id));
                rows.for_each(|(row, id)| found(first + row, *id));
            }
            first += self.group_rows()?.get(row_group).copied().unwrap_or(0);
        }
        Ok(())
    }

    /// Every row with its number and its trace.
    pub(crate) fn each_trace(&self, mut each: impl FnMut(usize, TraceId)) -> Result<(), PartError> {
        let mut number = 0;
        for slice in self.whole()? {
            self.read(slice, &[traces::TRACE_ID], |batch| {
                let ids: &FixedSizeBinaryArray = column(batch, traces::TRACE_ID);
                (0..ids.len()).for_each(|row| each(number + row, trace_id(ids, row)));
                number += ids.len();
            })?;
        }
        Ok(())
    }

    /// Of each trace whether it failed, or it is not known whether it did, and whether its row takes the place of one
    /// in an older part.
    pub(crate) fn outcomes(&self, mut each: impl FnMut(TraceId, bool, bool)) -> Result<(), PartError> {
        let flags = [traces::ERROR, traces::THROTTLE, traces::FAULT];
        let [error, throttle, fault] = flags;
        let mut scan =
            self.scan(&[traces::TRACE_ID, error, throttle, fault, REPLACING], super::reading::BATCH_ROWS)?;
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

/// The digest of a row. Its annotations lie beside it, as [`annotations::encode`] made them, or in a column of an earlier
/// version.
fn decode(
    batch: &RecordBatch,
    row: usize,
    (id, start): (TraceId, Timestamp),
    annotated: Option<&[u8]>,
) -> Result<TraceDigest, String> {
    let digest: &ArrayRef = batch.column_by_name(traces::DIGEST).ok_or("there is no digest")?;
    if let Some(json) = digest.as_any().downcast_ref::<StringArray>() {
        return serde_json::from_str(json.value(row)).map_err(|error| error.to_string());
    }
    let encoded: &BinaryArray = column(batch, traces::DIGEST);
    if let Some(annotated) = annotated {
        let (annotations, sets) = annotations::decode(annotated).ok_or("its annotations are no such")?;
        let beside = Beside { id, start, annotations: BesideAnnotations::Whole(annotations, sets) };
        return decode_digest(encoded.value(row), beside).map_err(|error| error.to_string());
    }
    let annotations: &ListArray = column(batch, traces::ANNOTATIONS);
    let pairs = Pairs::of(annotations);
    let pair = |place| (pairs.keys.value(place), pairs.values.value(place));
    let texts = terms::range(annotations, row).map(pair).collect();
    let beside = Beside { id, start, annotations: BesideAnnotations::Texts(texts) };
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
pub(crate) mod tests;
