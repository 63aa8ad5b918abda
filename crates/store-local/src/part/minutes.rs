//! The table `minutes`: one row a key and flush, sorted by minute, with sums over longer windows behind the rows.

mod rows;
mod windows;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use arrow_array::{Array, BinaryArray, BooleanArray, Int64Array, RecordBatch, StringArray};
use model::minute::{EdgeKind, MinuteKey, MinuteRow, Stats, Subject};
use model::node::CLIENT;
use model::{Minute, NodeKey};
use parquet::arrow::arrow_reader::RowSelection;
use row::codec::decode_stats;
use row::columns::minutes;
use store::{MinuteQuery, Subjects};

use super::merge::{MergeError, Pace};
use super::write::{self, BATCH_ROWS, PartWriter, Written};
use super::{Part, PartError, Scan, Slice, column, schema};
use crate::directory::PartPath;
use crate::limits::Budget;
use rows::Rows;
pub(crate) use windows::Sums;

pub(crate) fn write(path: &PartPath, sums: &BTreeMap<MinuteKey, Stats>) -> io::Result<Written> {
    let mut writer = MinutesWriter::create(path)?;
    // The keys go by minute first.
    for (key, stats) in sums {
        writer.add(key, stats)?;
    }
    writer.finish()
}

/// Merges parts; rows of the same key become one, and those of minutes before `from` are left out. All of one minute
/// is in memory.
pub(crate) fn merge(
    path: &PartPath,
    parts: &[Arc<Part>],
    from: Minute,
    pace: Pace<'_>,
) -> Result<Written, MergeError> {
    let mut writer = MinutesWriter::create(path)?;
    let mut inputs = Vec::with_capacity(parts.len());
    for part in parts {
        inputs.push(Input::open(part)?);
    }
    while let Some(minute) = inputs.iter().filter_map(Input::minute).min() {
        let mut sums: BTreeMap<MinuteKey, Stats> = BTreeMap::new();
        for input in &mut inputs {
            while input.minute() == Some(minute) {
                if let Some(row) = input.take()? {
                    sums.entry(row.key).or_default().merge(&row.stats);
                }
            }
        }
        if Minute(minute) >= from {
            sums.iter().try_for_each(|(key, stats)| writer.add(key, stats))?;
        }
        pace()?;
    }
    Ok(writer.finish()?)
}

/// A part on its way, in batches.
struct MinutesWriter {
    writer: PartWriter,
    rows: Rows,
    windows: windows::Windows,
}

impl MinutesWriter {
    fn create(path: &PartPath) -> io::Result<Self> {
        let properties = schema::minutes_properties().map_err(write::io_error)?;
        let writer = PartWriter::create(path, schema::minutes(), properties)?;
        Ok(Self { writer, rows: Rows::default(), windows: windows::Windows::default() })
    }

    fn add(&mut self, key: &MinuteKey, stats: &Stats) -> io::Result<()> {
        self.rows.add(key, stats);
        self.windows.add(key, stats);
        if self.rows.count >= BATCH_ROWS {
            self.writer.write_batch(&std::mem::take(&mut self.rows).finish()?)?;
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<Written> {
        self.writer.write_batch(&self.rows.finish()?)?;
        if let Some(windows) = self.windows.finish() {
            self.writer.end_group()?;
            self.writer.attach(windows::NAME, &windows)?;
        }
        self.writer.finish()
    }
}

/// A part that is read row by row.
struct Input<'a> {
    scan: Scan<'a>,
    /// `None` at the end. Never empty.
    batch: Option<RecordBatch>,
    row: usize,
}

/// Rows decoded at once of each part that is merged.
const INPUT_ROWS: usize = 512;

impl<'a> Input<'a> {
    fn open(part: &'a Part) -> Result<Self, PartError> {
        let names = part.column_names()?;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut scan = part.scan(&names, INPUT_ROWS)?;
        let batch = scan.next()?;
        Ok(Self { scan, batch, row: 0 })
    }

    /// Of the row that it is at.
    fn minute(&self) -> Option<i64> {
        let minutes: &Int64Array = column(self.batch.as_ref()?, minutes::MINUTE);
        Some(minutes.value(self.row))
    }

    /// Gives the row that it is at, if it can be understood, and goes on.
    fn take(&mut self) -> Result<Option<MinuteRow>, PartError> {
        let Some(batch) = &self.batch else { return Ok(None) };
        let row = read_row(batch, self.row);
        self.row += 1;
        if self.row == batch.num_rows() {
            self.batch = self.scan.next()?;
            self.row = 0;
        }
        Ok(row)
    }
}

impl Part {
    /// Adds the rows that a query selects.
    pub(crate) fn add_minutes(
        &self,
        query: &MinuteQuery,
        sums: &mut BTreeMap<MinuteKey, Stats>,
        budget: &Budget,
    ) -> Result<(), PartError> {
        self.each_minute(
            query,
            |_| false,
            budget,
            |row| {
                let length = sums.len();
                sums.entry(row.key).or_default().merge(&row.stats);
                budget.take((sums.len() - length) * ROW_BYTES);
            },
        )
    }

    /// Adds them without regard to the minute: from sums over windows where the whole of one is asked for.
    pub(crate) fn add_totals(
        &self,
        query: &MinuteQuery,
        sums: &mut Sums,
        budget: &Budget,
    ) -> Result<(), PartError> {
        let windows = self.windows_in(query)?;
        for window in &windows {
            if budget.is_spent() {
                return Ok(());
            }
            for row in self.window_rows(window)? {
                if query.subjects.select(&row.key.subject) {
                    sums.add(row, budget);
                }
            }
        }
        let is_covered = |minute| windows.iter().any(|window| window.covers(minute));
        self.each_minute(query, is_covered, budget, |row| sums.add(row, budget))
    }

    fn each_minute(
        &self,
        query: &MinuteQuery,
        is_covered: impl Fn(Minute) -> bool,
        budget: &Budget,
        mut see: impl FnMut(MinuteRow),
    ) -> Result<(), PartError> {
        for (slice, reach) in self.whole()?.into_iter().zip(self.integer_ranges(minutes::MINUTE)?) {
            let is_touched = reach.is_none_or(|(first, last)| {
                query.range.start < Minute(last).end() && Minute(first).start() < query.range.end
            });
            if budget.is_spent() || !is_touched {
                continue;
            }
            // The rows are sorted by minute, so that whole pages of others are not read.
            let is_wanted = self.wanted_rows(slice.row_group, query, &is_covered)?;
            let Some(selection) = is_wanted else { continue };
            let names = self.column_names()?;
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            self.read(Slice { selection: Some(selection), ..slice }, &names, |batch| {
                if budget.is_spent() {
                    return;
                }
                let rows = (0..batch.num_rows()).filter_map(|row| read_row(batch, row));
                rows.filter(|row| query.selects(&row.key)).for_each(&mut see);
            })?;
        }
        Ok(())
    }

    /// The rows of a row group that a query selects, by the columns alone; the whole key is compared later.
    fn wanted_rows(
        &self,
        row_group: usize,
        query: &MinuteQuery,
        is_covered: impl Fn(Minute) -> bool,
    ) -> Result<Option<RowSelection>, PartError> {
        let mut ranges: Vec<std::ops::Range<usize>> = Vec::new();
        let mut first = 0;
        let names = [minutes::MINUTE, minutes::GROUP, minutes::NODE, minutes::NODE_KIND, minutes::TARGET];
        let slice = Slice { row_group, selection: None, filter: None };
        self.read(slice, &names, |batch| {
            let minute: &Int64Array = column(batch, minutes::MINUTE);
            let group: &StringArray = column(batch, minutes::GROUP);
            let node: &StringArray = column(batch, minutes::NODE);
            let kind: &StringArray = column(batch, minutes::NODE_KIND);
            let target: &StringArray = column(batch, minutes::TARGET);
            for row in 0..batch.num_rows() {
                let at = Minute(minute.value(row));
                let kind = kind.is_valid(row).then(|| kind.value(row));
                let target = target.is_valid(row).then(|| target.value(row));
                if query.range.touches(at)
                    && query.group == group.value(row)
                    && may_select(&query.subjects, (node.value(row), kind), target)
                    && !is_covered(at)
                {
                    match ranges.last_mut() {
                        Some(last) if last.end == first + row => last.end += 1,
                        _ => ranges.push(first + row..first + row + 1),
                    }
                }
            }
            first += batch.num_rows();
        })?;
        let is_empty = ranges.is_empty();
        Ok((!is_empty).then(|| RowSelection::from_consecutive_ranges(ranges.into_iter(), first)))
    }
}

/// About what a row takes in memory, its sketches not counted.
const ROW_BYTES: usize = 512;

/// Decides by names alone.
fn may_select(subjects: &Subjects, (node, kind): (&str, Option<&str>), target: Option<&str>) -> bool {
    match subjects {
        Subjects::All => true,
        Subjects::Nodes => target.is_none(),
        Subjects::Edges => target.is_some(),
        Subjects::FromClients => target.is_some() && kind == Some(CLIENT),
        Subjects::Node(NodeKey { name, .. }) | Subjects::Named(name) => target.is_none() && node == name,
        Subjects::Edge { source, target: to, .. } => node == source.name && target == Some(&to.name),
    }
}

/// A row of this format or of format 1; `None`, and a warning, where it cannot be understood.
fn read_row(batch: &RecordBatch, row: usize) -> Option<MinuteRow> {
    let (json, _) = schema::ROW_JSON;
    let read = match batch.column_by_name(json) {
        Some(_) => {
            let json: &StringArray = column(batch, json);
            serde_json::from_str(json.value(row)).map_err(|error| error.to_string())
        }
        None => {
            let key = key(batch, row);
            let stats: &BinaryArray = column(batch, minutes::STATS);
            let stats = decode_stats(key.minute, stats.value(row)).map_err(|error| error.to_string());
            stats.map(|stats| MinuteRow { key, stats })
        }
    };
    match read {
        Ok(row) => Some(row),
        Err(error) => {
            tracing::warn!(error, "a minute is not understood");
            None
        }
    }
}

fn key(batch: &RecordBatch, row: usize) -> MinuteKey {
    let minute: &Int64Array = column(batch, minutes::MINUTE);
    let group: &StringArray = column(batch, minutes::GROUP);
    let text = |name| {
        let texts: &StringArray = column(batch, name);
        texts.is_valid(row).then(|| texts.value(row).to_owned())
    };
    let node = NodeKey {
        name: text(minutes::NODE).unwrap_or_default(),
        kind: text(minutes::NODE_KIND),
        account: text(minutes::NODE_ACCOUNT),
    };
    let subject = match text(minutes::TARGET) {
        None => Subject::Node(node),
        Some(name) => {
            let link: &BooleanArray = column(batch, minutes::LINK);
            let kind = if link.value(row) { EdgeKind::Link } else { EdgeKind::Call };
            let (target_kind, account) = (text(minutes::TARGET_KIND), text(minutes::TARGET_ACCOUNT));
            Subject::Edge { source: node, target: NodeKey { name, kind: target_kind, account }, kind }
        }
    };
    MinuteKey { minute: Minute(minute.value(row)), group: group.value(row).to_owned(), subject }
}

/// A batch of format 1 as this version would write it. Rows that cannot be understood are left out.
pub(crate) fn upgraded(batch: &RecordBatch) -> io::Result<RecordBatch> {
    let mut rows = Rows::default();
    for row in (0..batch.num_rows()).filter_map(|row| read_row(batch, row)) {
        rows.add(&row.key, &row.stats);
    }
    rows.finish()
}
