//! Merges parts of one table into one, row by row in the order of the table. Of each part only some rows are in
//! memory at a time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::sync::Arc;
use std::{fmt, io};

use arrow_array::{
    Array, ArrayRef, BooleanArray, FixedSizeBinaryArray, RecordBatch, StringArray, TimestampMicrosecondArray,
    UInt64Array,
};
use arrow_schema::SchemaRef;
use arrow_select::interleave::interleave_record_batch;
use model::TraceId;
use row::columns::{self, spans};

use super::schema::{self, REPLACING};
use super::spans::Upgrade;
use super::traces::Annotating;
use super::write::{self, BATCH_ROWS, PartWriter, Written};
use super::{Part, PartError, Scan, column, trace_id, traces};
use crate::directory::PartPath;
use crate::manifest::Table;

/// A batch of a part is about so large, and has no more rows than this. Two of each part are in memory.
pub(crate) const INPUT_BYTES: u64 = 1024 * 1024;
/// How large rows are is known on average: of those that lie beside each other all may be far larger.
const INPUT_ROWS: u64 = 256;

/// Why a merge did not end. Nothing is left behind.
#[derive(Debug)]
pub(crate) enum MergeError {
    /// The store is being closed.
    Stopped,
    Part(PartError),
    Write(io::Error),
}

impl fmt::Display for MergeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("the store is being closed"),
            Self::Part(PartError::Damaged { file, detail }) => write!(f, "{file} is damaged: {detail}"),
            Self::Part(PartError::Unreadable { file, source }) => {
                write!(f, "{file} cannot be read: {source}")
            }
            Self::Write(source) => source.fmt(f),
        }
    }
}

/// Called after each piece of work; waits a little, or says that the merge is to end.
pub(crate) type Pace<'a> = &'a mut dyn FnMut() -> Result<(), MergeError>;

/// A merged part of `traces`.
#[derive(Debug)]
pub(crate) struct MergedTraces {
    pub(crate) written: Written,
    /// The most that reading a row group of it takes beside the rows.
    pub(crate) reading_bytes: u64,
    /// The traces of which a part that is not merged, and is older, has a row.
    pub(crate) replacing: HashSet<TraceId>,
    /// How many rows were written of these.
    pub(crate) replacing_rows: u64,
}

impl From<PartError> for MergeError {
    fn from(error: PartError) -> Self {
        Self::Part(error)
    }
}

impl From<io::Error> for MergeError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

/// Merges parts of `spans`. Rows of traces that are not `wanted` are left out. Gives the number of documents, too.
pub(crate) fn merge_spans(
    path: &PartPath,
    parts: &[Arc<Part>],
    wanted: impl Fn(&Part, TraceId) -> bool,
    pace: Pace<'_>,
) -> Result<(Written, u64), MergeError> {
    let schema = schema::spans();
    let properties = schema::spans_properties(rows(parts)).map_err(write::io_error)?;
    let mut writer = PartWriter::create(path, Arc::clone(&schema), properties)?;
    let key = |batch: &RecordBatch, row: usize| {
        let ids: &FixedSizeBinaryArray = column(batch, spans::TRACE_ID);
        let sequences: &UInt64Array = column(batch, spans::SEQUENCE);
        (trace_id(ids, row), sequences.value(row))
    };
    let keep = |part: &Part, batch: &RecordBatch, row: usize| {
        wanted(part, trace_id(column(batch, spans::TRACE_ID), row))
    };
    let mut documents = 0;
    // Rows of one document lie in one part, one behind the other, and stay so.
    let mut held_bytes = 0;
    merge_rows(parts, &schema, key, keep, |batch, reading| {
        writer.write_batch(&batch)?;
        held_bytes = held_bytes.max(reading + batch.get_array_memory_size() + writer.held_bytes());
        let [templates, whole]: [&StringArray; 2] =
            [spans::TEMPLATE, spans::DOCUMENT].map(|name| column(&batch, name));
        documents += (2 * batch.num_rows() - templates.null_count() - whole.null_count()) as u64;
        pace()
    })?;
    let written = writer.finish()?;
    Ok((written.with_held(held_bytes), documents))
}

/// Merges parts of `traces`, oldest first. Rows that are not `wanted` are left out.
pub(crate) fn merge_traces(
    path: &PartPath,
    parts: &[Arc<Part>],
    wanted: impl Fn(&Part, TraceId) -> bool,
    pace: Pace<'_>,
) -> Result<MergedTraces, MergeError> {
    let schema = schema::annotated_traces();
    let replacing = replacing_others(parts)?;
    let mut replacing_rows = 0;
    let properties = schema::traces_properties(rows(parts)).map_err(write::io_error)?;
    let mut writer = traces::TracesWriter::create(path, properties)?;
    let key = |batch: &RecordBatch, row: usize| {
        let ids: &FixedSizeBinaryArray = column(batch, columns::traces::TRACE_ID);
        let starts: &TimestampMicrosecondArray = column(batch, columns::traces::START);
        (starts.value(row), trace_id(ids, row))
    };
    let keep = |part: &Part, batch: &RecordBatch, row: usize| {
        wanted(part, trace_id(column(batch, columns::traces::TRACE_ID), row))
    };
    let mut held_bytes = 0;
    merge_rows(parts, &schema, key, keep, |batch, reading| {
        let (batch, count) = with_replacing(&batch, &replacing).map_err(MergeError::Write)?;
        replacing_rows += count;
        writer.write_batch(&batch)?;
        held_bytes = held_bytes.max(reading + batch.get_array_memory_size() + writer.held_bytes());
        pace()
    })?;
    let (written, reading_bytes) = writer.finish()?;
    let written = written.with_held(held_bytes);
    Ok(MergedTraces { written, reading_bytes, replacing, replacing_rows })
}

/// The traces of which not only these parts have rows, but older ones too: those of which all rows here say that
/// they replace one, the oldest included.
fn replacing_others(parts: &[Arc<Part>]) -> Result<HashSet<TraceId>, PartError> {
    let mut replacing = HashSet::new();
    for part in parts {
        replacing.extend(part.replacing()?);
    }
    if replacing.is_empty() {
        return Ok(replacing);
    }
    for part in parts {
        let mut scan = part.scan(&[columns::traces::TRACE_ID, REPLACING], super::reading::BATCH_ROWS)?;
        while let Some(batch) = scan.next()? {
            let ids: &FixedSizeBinaryArray = column(&batch, columns::traces::TRACE_ID);
            let flags: &BooleanArray = column(&batch, REPLACING);
            for row in (0..ids.len()).filter(|&row| !flags.value(row)) {
                replacing.remove(&trace_id(ids, row));
            }
        }
    }
    Ok(replacing)
}

/// The batch with its flags set anew, and how many are set.
fn with_replacing(batch: &RecordBatch, replacing: &HashSet<TraceId>) -> io::Result<(RecordBatch, u64)> {
    let ids: &FixedSizeBinaryArray = column(batch, columns::traces::TRACE_ID);
    let flags: BooleanArray =
        (0..ids.len()).map(|row| Some(replacing.contains(&trace_id(ids, row)))).collect();
    let count = flags.true_count() as u64;
    let schema = batch.schema();
    let place = schema.index_of(REPLACING).map_err(io::Error::other)?;
    let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
    columns[place] = Arc::new(flags);
    let batch = RecordBatch::try_new(schema, columns).map_err(io::Error::other)?;
    Ok((batch, count))
}

struct Input<'a> {
    scan: Scan<'a>,
    upgrade: Upgrade,
    /// Of `traces`.
    annotating: Option<Annotating<'a>>,
    /// The batch that it is at, and the row in it.
    batch: usize,
    row: usize,
}

/// Gives the rows of all parts in order of their key, and those of equal keys part by part; with each batch what the merge
/// holds of its parts.
fn merge_rows<K: Ord>(
    parts: &[Arc<Part>],
    schema: &SchemaRef,
    key: impl Fn(&RecordBatch, usize) -> K,
    keep: impl Fn(&Part, &RecordBatch, usize) -> bool,
    mut emit: impl FnMut(RecordBatch, usize) -> Result<(), MergeError>,
) -> Result<(), MergeError> {
    let mut batches: Vec<RecordBatch> = Vec::new();
    let mut inputs = Vec::with_capacity(parts.len());
    let mut next = BinaryHeap::new();
    for (index, part) in parts.iter().enumerate() {
        let written = part.schema()?;
        let names: Vec<&str> = written.fields().iter().map(|field| field.name().as_str()).collect();
        let mut annotating = match part.entry.table {
            Table::Traces => Some(Annotating::of(part)?),
            _ => None,
        };
        let scan = part.scan(&names, input_rows(part, annotating.as_mut())?)?;
        let mut input = Input { scan, upgrade: Upgrade::default(), annotating, batch: 0, row: 0 };
        if input.advance(schema, &mut batches)? {
            next.push(Reverse((key(&batches[input.batch], 0), index)));
        }
        inputs.push(input);
    }
    let mut picked: Vec<(usize, usize)> = Vec::new();
    while let Some(Reverse((_, index))) = next.pop() {
        let input = &mut inputs[index];
        if keep(&parts[index], &batches[input.batch], input.row) {
            picked.push((input.batch, input.row));
        }
        input.row += 1;
        let has_more = input.row < batches[input.batch].num_rows() || input.advance(schema, &mut batches)?;
        if has_more {
            next.push(Reverse((key(&batches[input.batch], input.row), index)));
        }
        if picked.len() >= BATCH_ROWS || batches.len() > 2 * parts.len() {
            emit(gather(&batches, &picked, schema)?, reading_bytes(&batches, &inputs))?;
            picked.clear();
            keep_current(&mut batches, &mut inputs, &next);
        }
    }
    emit(gather(&batches, &picked, schema)?, reading_bytes(&batches, &inputs))
}

fn reading_bytes(batches: &[RecordBatch], inputs: &[Input<'_>]) -> usize {
    let annotating = inputs.iter().filter_map(|input| input.annotating.as_ref());
    batches.iter().map(RecordBatch::get_array_memory_size).sum::<usize>()
        + annotating.map(Annotating::held_bytes).sum::<usize>()
}

impl Input<'_> {
    /// Goes to the first row of the next batch; false at the end.
    fn advance(&mut self, schema: &SchemaRef, batches: &mut Vec<RecordBatch>) -> Result<bool, MergeError> {
        while let Some(batch) = self.scan.next()? {
            let batch = match &mut self.annotating {
                Some(annotating) => annotating.complete(&batch)?,
                None => self.scan.part.upgraded(self.upgrade.apply(batch)?)?,
            };
            if batch.num_rows() > 0 {
                let columns = batch.columns().to_vec();
                let batch = RecordBatch::try_new(Arc::clone(schema), columns).map_err(io::Error::other)?;
                batches.push(batch);
                (self.batch, self.row) = (batches.len() - 1, 0);
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn gather(
    batches: &[RecordBatch],
    picked: &[(usize, usize)],
    schema: &SchemaRef,
) -> Result<RecordBatch, MergeError> {
    if picked.is_empty() {
        return Ok(RecordBatch::new_empty(Arc::clone(schema)));
    }
    let batches: Vec<&RecordBatch> = batches.iter().collect();
    Ok(interleave_record_batch(&batches, picked).map_err(io::Error::other)?)
}

/// Lets go of the batches that no input is at.
fn keep_current<K: Ord>(
    batches: &mut Vec<RecordBatch>,
    inputs: &mut [Input<'_>],
    next: &BinaryHeap<Reverse<(K, usize)>>,
) {
    let mut kept = Vec::with_capacity(next.len());
    for Reverse((_, index)) in next {
        let input = &mut inputs[*index];
        kept.push(batches[input.batch].clone());
        input.batch = kept.len() - 1;
    }
    *batches = kept;
}

fn input_rows(part: &Part, annotating: Option<&mut Annotating<'_>>) -> Result<usize, PartError> {
    let annotations = annotating.map_or(Ok(0), Annotating::row_bytes)?;
    let rows = INPUT_BYTES / (part.row_bytes()? + annotations).max(1);
    Ok(usize::try_from(rows.clamp(1, INPUT_ROWS)).unwrap_or(BATCH_ROWS))
}

fn rows(parts: &[Arc<Part>]) -> u64 {
    parts.iter().map(|part| part.entry.rows).sum()
}
