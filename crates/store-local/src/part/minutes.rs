//! The table `minutes`: one row a key and flush, sorted by minute.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{Int64Builder, StringBuilder};
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray};
use model::minute::{MinuteKey, MinuteRow, Stats, Subject};
use model::{Minute, NodeKey};
use store::columns::minutes;
use store::{MinuteQuery, Subjects};

use super::merge::{MergeError, Pace};
use super::write::{self, BATCH_ROWS, PartWriter, Written};
use super::{Part, PartError, Scan, column, schema};

pub(crate) fn write(path: &Path, sums: &BTreeMap<MinuteKey, Stats>) -> io::Result<Written> {
    let mut writer = Writer::create(path)?;
    // The keys go by minute first.
    for (key, stats) in sums {
        writer.add(key, stats)?;
    }
    writer.finish()
}

/// Merges parts; rows of the same key become one, and those of minutes before `from` are left out. All of one minute
/// is in memory.
pub(crate) fn merge(
    path: &Path,
    parts: &[Arc<Part>],
    from: Minute,
    pace: Pace<'_>,
) -> Result<Written, MergeError> {
    let mut writer = Writer::create(path)?;
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
struct Writer {
    writer: PartWriter,
    rows: Rows,
}

impl Writer {
    fn create(path: &Path) -> io::Result<Self> {
        let properties = schema::minutes_properties().map_err(write::io_error)?;
        let writer = PartWriter::create(path, schema::minutes(), properties)?;
        Ok(Self { writer, rows: Rows::default() })
    }

    fn add(&mut self, key: &MinuteKey, stats: &Stats) -> io::Result<()> {
        self.rows.add(key, stats)?;
        if self.rows.count >= BATCH_ROWS {
            self.writer.write(std::mem::take(&mut self.rows).finish())?;
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<Written> {
        self.writer.write(self.rows.finish())?;
        self.writer.finish()
    }
}

/// A part that is read row by row.
struct Input<'a> {
    part: &'a Part,
    scan: Scan<'a>,
    /// `None` at the end.
    batch: Option<RecordBatch>,
    row: usize,
}

/// Rows decoded at once of each part that is merged.
const INPUT_ROWS: usize = 512;

impl<'a> Input<'a> {
    fn open(part: &'a Part) -> Result<Self, PartError> {
        let mut scan = part.scan(&[minutes::MINUTE, minutes::ROW], INPUT_ROWS)?;
        let batch = scan.next()?;
        Ok(Self { part, scan, batch, row: 0 })
    }

    /// Of the row that it is at.
    fn minute(&self) -> Option<i64> {
        let minutes: &Int64Array = column(self.batch.as_ref()?, minutes::MINUTE);
        Some(minutes.value(self.row))
    }

    /// Gives the row that it is at, if it can be understood, and goes on.
    fn take(&mut self) -> Result<Option<MinuteRow>, PartError> {
        let Some(batch) = &self.batch else { return Ok(None) };
        let json: &StringArray = column(batch, minutes::ROW);
        let row = self.part.decode_minute(json.value(self.row));
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
    ) -> Result<(), PartError> {
        let columns = [minutes::MINUTE, minutes::GROUP, minutes::NODE, minutes::TARGET, minutes::ROW];
        for slice in self.whole()? {
            self.read(slice, &columns, |batch| {
                let minute: &Int64Array = column(batch, minutes::MINUTE);
                let group: &StringArray = column(batch, minutes::GROUP);
                let node: &StringArray = column(batch, minutes::NODE);
                let target: &StringArray = column(batch, minutes::TARGET);
                let json: &StringArray = column(batch, minutes::ROW);
                for row in 0..batch.num_rows() {
                    let target = target.is_valid(row).then(|| target.value(row));
                    if query.range.touches(Minute(minute.value(row)))
                        && query.group == group.value(row)
                        && may_select(&query.subjects, node.value(row), target)
                    {
                        self.add_row(query, json.value(row), sums);
                    }
                }
            })?;
        }
        Ok(())
    }

    fn add_row(&self, query: &MinuteQuery, json: &str, sums: &mut BTreeMap<MinuteKey, Stats>) {
        if let Some(row) = self.decode_minute(json)
            && query.selects(&row.key)
        {
            sums.entry(row.key).or_default().merge(&row.stats);
        }
    }

    fn decode_minute(&self, json: &str) -> Option<MinuteRow> {
        match serde_json::from_str(json) {
            Ok(row) => Some(row),
            Err(error) => {
                tracing::warn!(file = self.entry.file, %error, "a minute is no longer understood");
                None
            }
        }
    }
}

/// Decides by names alone; the whole key is compared when the row is decoded.
fn may_select(subjects: &Subjects, node: &str, target: Option<&str>) -> bool {
    match subjects {
        Subjects::All => true,
        Subjects::Nodes => target.is_none(),
        Subjects::Edges => target.is_some(),
        Subjects::Node(key) => target.is_none() && node == key.name,
        Subjects::Edge { source, target: to, .. } => node == source.name && target == Some(&to.name),
    }
}

/// Rows on their way into a batch, column by column.
#[derive(Default)]
struct Rows {
    count: usize,
    minute: Int64Builder,
    group: StringBuilder,
    node: StringBuilder,
    node_kind: StringBuilder,
    target: StringBuilder,
    target_kind: StringBuilder,
    ok: Int64Builder,
    error: Int64Builder,
    throttle: Int64Builder,
    fault: Int64Builder,
    response_time_total: Int64Builder,
    row: StringBuilder,
}

impl Rows {
    fn add(&mut self, key: &MinuteKey, stats: &Stats) -> io::Result<()> {
        let (node, target): (&NodeKey, Option<&NodeKey>) = match &key.subject {
            Subject::Node(node) => (node, None),
            Subject::Edge { source, target, .. } => (source, Some(target)),
        };
        self.count += 1;
        self.minute.append_value(key.minute.0);
        self.group.append_value(&key.group);
        self.node.append_value(&node.name);
        self.node_kind.append_option(node.kind.as_deref());
        self.target.append_option(target.map(|target| target.name.as_str()));
        self.target_kind.append_option(target.and_then(|target| target.kind.as_deref()));
        self.ok.append_value(stats.counts.ok);
        self.error.append_value(stats.counts.error);
        self.throttle.append_value(stats.counts.throttle);
        self.fault.append_value(stats.counts.fault);
        self.response_time_total.append_value(stats.response_time_total);
        let row = MinuteRow { key: key.clone(), stats: stats.clone() };
        self.row.append_value(serde_json::to_string(&row)?);
        Ok(())
    }

    /// In the order of the schema.
    fn finish(mut self) -> Vec<ArrayRef> {
        vec![
            Arc::new(self.minute.finish()),
            Arc::new(self.group.finish()),
            Arc::new(self.node.finish()),
            Arc::new(self.node_kind.finish()),
            Arc::new(self.target.finish()),
            Arc::new(self.target_kind.finish()),
            Arc::new(self.ok.finish()),
            Arc::new(self.error.finish()),
            Arc::new(self.throttle.finish()),
            Arc::new(self.fault.finish()),
            Arc::new(self.response_time_total.finish()),
            Arc::new(self.row.finish()),
        ]
    }
}
