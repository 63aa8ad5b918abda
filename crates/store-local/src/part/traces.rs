//! The table `traces`: one row a trace and flush, sorted by start, with the digest as JSON beside the columns
//! that searches prune by.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, FixedSizeBinaryBuilder, Int64Builder, ListBuilder, StringBuilder,
    TimestampMicrosecondBuilder, UInt32Builder, UInt64Builder,
};
use arrow_array::{
    Array, ArrayRef, BooleanArray, FixedSizeBinaryArray, StringArray, TimestampMicrosecondArray,
};
use model::{Timestamp, TraceDigest, TraceId};
use parquet::arrow::arrow_reader::RowSelection;
use store::columns::traces;
use store::search::annotation_text;
use store::{Axis, Cursor, Search};

use super::predicate::Columns;
use super::schema::{self, REPLACING};
use super::write::{self, BATCH_ROWS, PartWriter, Written, append_time};
use super::{Part, PartError, Slice, column, trace_id};

/// A row that lies in the range of a search.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) place: Cursor,
    /// Its number in the file.
    pub(crate) number: usize,
    /// What the columns say; the digest may say otherwise.
    pub(crate) may_match: bool,
}

/// Writes digests, in any order, as a part.
pub(crate) fn write(
    path: &Path,
    digests: &HashMap<TraceId, Arc<TraceDigest>>,
    replacing: &HashSet<TraceId>,
) -> io::Result<Written> {
    let mut order: Vec<&Arc<TraceDigest>> = digests.values().collect();
    order.sort_unstable_by_key(|digest| (digest.start, digest.id));
    let properties = schema::traces_properties(order.len() as u64).map_err(write::io_error)?;
    let mut writer = PartWriter::create(path, schema::traces(), properties)?;
    let mut rows = Rows::default();
    for digest in order {
        rows.add(digest, replacing.contains(&digest.id))?;
        if rows.count >= BATCH_ROWS {
            writer.write(std::mem::take(&mut rows).finish())?;
        }
    }
    writer.write(rows.finish())?;
    writer.finish()
}

impl Part {
    /// The oldest and newest time of each row group on an axis, as far as the file tells.
    pub(crate) fn group_reach(&self, axis: Axis) -> Result<Vec<Option<(Timestamp, Timestamp)>>, PartError> {
        self.time_ranges(axis_column(axis))
    }

    /// The rows of a row group whose time lies in the range of a search and before its cursor, oldest first.
    pub(crate) fn rows(&self, search: &Search, row_group: usize) -> Result<Vec<Row>, PartError> {
        let axis = axis_column(search.axis);
        let mut names = vec![traces::TRACE_ID, axis];
        names.extend(Columns::needed(&search.predicate));
        let mut rows = Vec::new();
        let mut number: usize = self.group_rows()?.iter().take(row_group).sum();
        self.read(Slice { row_group, selection: None, filter: None }, &names, |batch| {
            let ids: &FixedSizeBinaryArray = column(batch, traces::TRACE_ID);
            let times: &TimestampMicrosecondArray = column(batch, axis);
            let columns = Columns::of(batch);
            for row in 0..batch.num_rows() {
                let time = Timestamp(times.value(row));
                if times.is_null(row) || !search.range.contains(time) {
                    continue;
                }
                let place = Cursor { time, id: trace_id(ids, row) };
                if search.after.is_none_or(|after| place < after) {
                    let may_match = columns.may_match(&search.predicate, row);
                    rows.push(Row { place, number: number + row, may_match });
                }
            }
            number += batch.num_rows();
        })?;
        rows.sort_unstable_by_key(|row| row.place);
        Ok(rows)
    }

    /// The digests of some rows, by their ascending numbers.
    pub(crate) fn digests_at(
        &self,
        numbers: &[usize],
    ) -> Result<HashMap<usize, Arc<TraceDigest>>, PartError> {
        let mut found = HashMap::with_capacity(numbers.len());
        let mut first = 0;
        for (row_group, rows) in self.group_rows()?.into_iter().enumerate() {
            let from = numbers.partition_point(|&number| number < first);
            let to = numbers.partition_point(|&number| number < first + rows);
            let wanted = &numbers[from..to];
            if !wanted.is_empty() {
                let ranges = wanted.iter().map(|number| number - first..number - first + 1);
                let selection = Some(RowSelection::from_consecutive_ranges(ranges, rows));
                let mut numbers = wanted.iter();
                self.read(Slice { row_group, selection, filter: None }, &[traces::DIGEST], |batch| {
                    let json: &StringArray = column(batch, traces::DIGEST);
                    for (row, &number) in (0..json.len()).zip(numbers.by_ref()) {
                        found.extend(self.decode(json.value(row)).map(|digest| (number, digest)));
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

    fn decode(&self, json: &str) -> Option<Arc<TraceDigest>> {
        match serde_json::from_str(json) {
            Ok(digest) => Some(Arc::new(digest)),
            Err(error) => {
                tracing::warn!(file = self.entry.file, %error, "a digest is no longer understood");
                None
            }
        }
    }
}

fn axis_column(axis: Axis) -> &'static str {
    match axis {
        Axis::Start => traces::START,
        Axis::Received => traces::LAST_RECEIVED,
        Axis::End => traces::END,
    }
}

/// Rows on their way into a batch, column by column.
struct Rows {
    count: usize,
    trace_id: FixedSizeBinaryBuilder,
    revision: UInt32Builder,
    start: TimestampMicrosecondBuilder,
    end: TimestampMicrosecondBuilder,
    last_received: TimestampMicrosecondBuilder,
    response_time: UInt64Builder,
    error: BooleanBuilder,
    throttle: BooleanBuilder,
    fault: BooleanBuilder,
    partial: BooleanBuilder,
    http_method: StringBuilder,
    http_url: StringBuilder,
    http_status: Int64Builder,
    services: ListBuilder<StringBuilder>,
    users: ListBuilder<StringBuilder>,
    annotations: ListBuilder<StringBuilder>,
    digest: StringBuilder,
    replacing: BooleanBuilder,
}

impl Default for Rows {
    fn default() -> Self {
        Self {
            count: 0,
            trace_id: FixedSizeBinaryBuilder::new(16),
            revision: UInt32Builder::new(),
            start: write::times(),
            end: write::times(),
            last_received: write::times(),
            response_time: UInt64Builder::new(),
            error: BooleanBuilder::new(),
            throttle: BooleanBuilder::new(),
            fault: BooleanBuilder::new(),
            partial: BooleanBuilder::new(),
            http_method: StringBuilder::new(),
            http_url: StringBuilder::new(),
            http_status: Int64Builder::new(),
            services: write::texts(),
            users: write::texts(),
            annotations: write::texts(),
            digest: StringBuilder::new(),
            replacing: BooleanBuilder::new(),
        }
    }
}

impl Rows {
    fn add(&mut self, digest: &TraceDigest, replacing: bool) -> io::Result<()> {
        self.count += 1;
        self.trace_id.append_value(digest.id.0).expect("a trace id has 16 bytes");
        self.revision.append_value(digest.revision);
        append_time(&mut self.start, Some(digest.start));
        append_time(&mut self.end, digest.end);
        append_time(&mut self.last_received, Some(digest.last_received));
        let root = digest.root.as_ref();
        self.response_time.append_option(digest.response_time().map(|time| time.0));
        self.error.append_option(root.map(|root| root.flags.error));
        // The trace's flag: a search may mean either.
        self.throttle.append_option(root.map(|root| root.flags.throttle || digest.has_throttle));
        self.fault.append_option(root.map(|root| root.flags.fault));
        self.partial.append_value(digest.is_partial);
        self.http_method.append_option(root.and_then(|root| root.http.method.as_deref()));
        self.http_url.append_option(root.and_then(|root| root.http.url.as_deref()));
        self.http_status.append_option(root.and_then(|root| root.http.status));
        append_texts(&mut self.services, service_names(digest));
        append_texts(&mut self.users, digest.users.iter().cloned());
        let annotations = digest.annotations.iter();
        append_texts(
            &mut self.annotations,
            annotations
                .map(|annotation| format!("{}={}", annotation.key, annotation_text(&annotation.value))),
        );
        self.digest.append_value(serde_json::to_string(digest)?);
        self.replacing.append_value(replacing);
        Ok(())
    }

    /// In the order of the schema.
    fn finish(mut self) -> Vec<ArrayRef> {
        vec![
            Arc::new(self.trace_id.finish()),
            Arc::new(self.revision.finish()),
            Arc::new(self.start.finish()),
            Arc::new(self.end.finish()),
            Arc::new(self.last_received.finish()),
            Arc::new(self.response_time.finish()),
            Arc::new(self.error.finish()),
            Arc::new(self.throttle.finish()),
            Arc::new(self.fault.finish()),
            Arc::new(self.partial.finish()),
            Arc::new(self.http_method.finish()),
            Arc::new(self.http_url.finish()),
            Arc::new(self.http_status.finish()),
            Arc::new(self.services.finish()),
            Arc::new(self.users.finish()),
            Arc::new(self.annotations.finish()),
            Arc::new(self.digest.finish()),
            Arc::new(self.replacing.finish()),
        ]
    }
}

fn append_texts(list: &mut ListBuilder<StringBuilder>, texts: impl Iterator<Item = String>) {
    for text in texts {
        list.values().append_value(text);
    }
    list.append(true);
}

/// The names of all nodes, and the aliases by which they were called.
fn service_names(digest: &TraceDigest) -> impl Iterator<Item = String> {
    let nodes = digest.nodes.iter().map(|node| node.key.name.clone());
    let aliases = digest.edges.iter().flat_map(|edge| &edge.aliases).map(|alias| alias.name.clone());
    let names: std::collections::BTreeSet<String> = nodes.chain(aliases).collect();
    names.into_iter()
}
