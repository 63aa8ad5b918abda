//! Whether a data directory is what it should be: checksums, order, counts, ranges, and digests against the
//! documents that they were made from.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{BooleanArray, FixedSizeBinaryArray, Int64Array, TimestampMicrosecondArray, UInt64Array};
use model::segment::Sequence;
use model::{Timestamp, TraceDigest};
use row::StoredBytes;
use row::columns::{minutes, spans, traces};
use serde::Serialize;
use store::StoreError;

use super::{Offline, Reduce, Unflushed, failed};
use crate::catalog::{Catalog, PartError};
use crate::directory::log_file_name;
use crate::keys::{self, Seals};
use crate::log::file::{self as log_file, Damage};
use crate::log::frame::Kind;
use crate::manifest::Table;
use crate::part::schema::REPLACING;
use crate::part::{Part, column, trace_id};

/// Traces whose digests are made again by a check that is not deep.
const SAMPLED_TRACES: u64 = 500;
/// Digests of larger traces are not made again.
const MAX_DOCUMENTS: u32 = 5_000;
/// Damage that is told one by one; a check that finds more only counts on.
const MAX_TOLD: usize = 100;

/// How many digests are compared with their documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Some hundreds, evenly spread.
    Sample,
    All,
}

/// What a check found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// What is not as it should be; the first hundred.
    pub damage: Vec<String>,
    pub damage_count: u64,
    /// What is worth knowing and no damage.
    pub notes: Vec<String>,
    pub summary: Summary,
}

/// What was looked at.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    pub is_in_use: bool,
    pub parts: u64,
    pub part_bytes: u64,
    pub part_rows: u64,
    pub log_files: u64,
    pub log_bytes: u64,
    /// Kept free in `RESERVE` for writing what was taken when the disk is full.
    pub reserve_bytes: u64,
    pub documents_in_parts: u64,
    pub documents_in_log: u64,
    pub digests_compared: u64,
    /// Too large, or some of their documents were dropped by retention.
    pub digests_not_compared: u64,
}

/// Reads everything in a data directory and changes nothing. An error says that it could not be read at all;
/// damage is in the report.
pub fn check(
    dir: &Path,
    keys: Option<Arc<Seals>>,
    depth: Depth,
    reduce: Reduce<'_>,
) -> Result<Report, StoreError> {
    let store = Offline::open(dir, keys)?;
    let mut report = Report::default();
    report.summary.is_in_use = store.is_in_use;
    report.summary.documents_in_parts = store.manifest.documents;
    let reserve = std::fs::metadata(store.directory.reserve());
    report.summary.reserve_bytes = reserve.map_or(0, |reserve| reserve.len());
    if store.is_in_use {
        report
            .notes
            .push("a server has the directory open; what it writes meanwhile is not looked at".to_owned());
    }
    check_names(&store, &mut report)?;
    check_log(&store, &mut report)?;
    for table in Table::ALL {
        for part in store.parts(table) {
            check_part(&store, part, &mut report);
        }
    }
    // Damaged parts would be found again and again.
    if report.damage_count == 0 {
        check_digests(&store, depth, reduce, &mut report)?;
    }
    Ok(report)
}

impl Report {
    pub fn is_sound(&self) -> bool {
        self.damage_count == 0
    }

    fn tell(&mut self, damage: String) {
        self.damage_count += 1;
        if self.damage.len() < MAX_TOLD {
            self.damage.push(damage);
        }
    }

    fn expect(&mut self, holds: bool, file: &str, what: &str) {
        if !holds {
            self.tell(format!("{file}: {what}"));
        }
    }
}

/// The manifest, its copy, and what lies beside what they name.
fn check_names(store: &Offline, report: &mut Report) -> Result<(), StoreError> {
    report.damage.extend(store.manifest.look_at_copies(&store.directory)?);
    report.damage_count = report.damage.len() as u64;
    for name in store.directory.set_aside_before().unwrap_or_default() {
        report.notes.push(format!("damaged/{name} was set aside earlier; its content is missing"));
    }
    for entry in std::fs::read_dir(store.directory.parts()).map_err(failed("list the parts"))? {
        let name = entry.map_err(failed("list the parts"))?.file_name().to_string_lossy().into_owned();
        if !store.manifest.parts.iter().any(|part| part.file == name) && !store.is_in_use {
            report.notes.push(format!("parts/{name} counts for nothing; the next start deletes it"));
        }
    }
    Ok(())
}

fn check_log(store: &Offline, report: &mut Report) -> Result<(), StoreError> {
    let numbers = store.log_files()?;
    let last = numbers.last().copied();
    let mut newest = Sequence(0);
    for &number in &numbers {
        let (path, name) = (store.directory.log_file(number), log_file_name(number));
        let content = match log_file::read(&path, number, Some(number) == last, store.directory.keys()) {
            Ok(content) => content,
            Err(_) if store.is_in_use && !path.exists() => continue,
            Err(error) => return Err(keys::log_error(error)),
        };
        report.summary.log_files += 1;
        report.summary.log_bytes += std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
        match content.damage {
            Damage::None => {}
            Damage::TornTail { good_bytes } => report.notes.push(format!(
                "{name} ends in the midst of a frame after {good_bytes} bytes: what was being written; \
                 nobody was told that it is durable"
            )),
            // The file was the last when the names were listed, and is not any more.
            Damage::Inside { .. } if store.is_in_use => {}
            Damage::Inside { lost_bytes } => {
                report.tell(format!("{name}: {lost_bytes} bytes cannot be read"))
            }
        }
        let documents = content.frames.iter().filter(|frame| frame.kind == Kind::Document);
        for sequence in documents.map(|frame| frame.sequence) {
            report.expect(sequence > newest, &name, "its documents are not in order");
            newest = newest.max(sequence);
        }
    }
    report.summary.documents_in_log = store.documents_in_log()?;
    Ok(())
}

fn check_part(store: &Offline, part: &Part, report: &mut Report) {
    let file = &part.entry.file;
    let checked = match part.entry.table {
        Table::Spans => check_spans(part, report),
        Table::Traces => check_traces(part, report),
        Table::Minutes => check_minutes(part, report),
    };
    report.summary.parts += 1;
    match checked {
        Ok(rows) => {
            report.summary.part_bytes += part.entry.bytes;
            report.summary.part_rows += rows;
            report.expect(rows == part.entry.rows, file, "it has not as many rows as the manifest says");
        }
        Err(_) if store.has_left(file) => report.summary.parts -= 1,
        Err(PartError::Damaged { file, detail }) => report.tell(format!("{file}: {detail}")),
        Err(PartError::Unreadable { file, source }) => {
            report.tell(format!("{file}: cannot be read: {source}"))
        }
    }
}

/// Order, ranges and counts of a table whose rows have a key.
struct Rows<K> {
    rows: u64,
    last: Option<K>,
    is_sorted: bool,
    is_in_range: bool,
}

impl<K: Ord> Rows<K> {
    fn new() -> Self {
        Self { rows: 0, last: None, is_sorted: true, is_in_range: true }
    }

    fn see(&mut self, key: K, is_in_range: bool) {
        self.rows += 1;
        self.is_in_range &= is_in_range;
        self.is_sorted &= self.last.as_ref().is_none_or(|last| *last <= key);
        self.last = Some(key);
    }

    fn judge(self, part: &Part, report: &mut Report) -> u64 {
        report.expect(self.is_sorted, &part.entry.file, "its rows are not in order");
        report.expect(self.is_in_range, &part.entry.file, "it has rows outside of the manifest's ranges");
        self.rows
    }
}

fn check_spans(part: &Part, report: &mut Report) -> Result<u64, PartError> {
    let entry = &part.entry;
    let mut rows = Rows::new();
    for slice in part.whole()? {
        part.read(slice, &[spans::TRACE_ID, spans::SEQUENCE, spans::RECEIVED], |batch| {
            let ids: &FixedSizeBinaryArray = column(batch, spans::TRACE_ID);
            let sequences: &UInt64Array = column(batch, spans::SEQUENCE);
            let received: &TimestampMicrosecondArray = column(batch, spans::RECEIVED);
            for row in 0..batch.num_rows() {
                let (id, sequence) = (trace_id(ids, row), Sequence(sequences.value(row)));
                let is_known = is_within(entry.trace_ids, id)
                    && is_within(entry.sequences, sequence)
                    && (entry.received.is_none()
                        || is_within(entry.received, Timestamp(received.value(row))));
                rows.see((id, sequence), is_known);
            }
        })?;
    }
    Ok(rows.judge(part, report))
}

fn check_traces(part: &Part, report: &mut Report) -> Result<u64, PartError> {
    let entry = &part.entry;
    let mut rows = Rows::new();
    let mut replacing = 0;
    for slice in part.whole()? {
        part.read(slice, &[traces::TRACE_ID, traces::START, traces::LAST_RECEIVED, REPLACING], |batch| {
            let ids: &FixedSizeBinaryArray = column(batch, traces::TRACE_ID);
            let starts: &TimestampMicrosecondArray = column(batch, traces::START);
            let received: &TimestampMicrosecondArray = column(batch, traces::LAST_RECEIVED);
            let flags: &BooleanArray = column(batch, REPLACING);
            for row in 0..batch.num_rows() {
                let (start, id) = (Timestamp(starts.value(row)), trace_id(ids, row));
                let is_known = is_within(entry.trace_ids, id)
                    && is_within(entry.start, start)
                    && is_within(entry.received, Timestamp(received.value(row)));
                replacing += u64::from(flags.value(row));
                rows.see((start, id), is_known);
            }
        })?;
    }
    report.expect(
        replacing == entry.replacing,
        &entry.file,
        "it does not replace as many rows as the manifest says",
    );
    Ok(rows.judge(part, report))
}

fn check_minutes(part: &Part, report: &mut Report) -> Result<u64, PartError> {
    let mut rows = Rows::new();
    for slice in part.whole()? {
        part.read(slice, &[minutes::MINUTE], |batch| {
            let values: &Int64Array = column(batch, minutes::MINUTE);
            for &minute in values.values() {
                rows.see(minute, is_within(part.entry.minutes, model::Minute(minute)));
            }
        })?;
    }
    Ok(rows.judge(part, report))
}

fn is_within<T: Ord + Copy>(range: Option<(T, T)>, value: T) -> bool {
    range.is_some_and(|(first, last)| first <= value && value <= last)
}

/// Reduces traces again and compares what comes out with what is kept.
fn check_digests(
    store: &Offline,
    depth: Depth,
    reduce: Reduce<'_>,
    report: &mut Report,
) -> Result<(), StoreError> {
    let unflushed = store.unflushed()?;
    let Ok(catalog) = store.catalog.with_hidden_rows() else { return Ok(()) };
    let total: u64 = catalog.of(Table::Traces).map(|part| part.entry.rows).sum();
    let step = match depth {
        Depth::All => 1,
        Depth::Sample => usize::try_from(total.div_ceil(SAMPLED_TRACES)).unwrap_or(usize::MAX).max(1),
    };
    for part in catalog.of(Table::Traces) {
        let rows = usize::try_from(part.entry.rows).unwrap_or(usize::MAX);
        let numbers: Vec<usize> = (0..rows).step_by(step).collect();
        for some in numbers.chunks(256) {
            let compared = part.digests_at(some).and_then(|digests| {
                let mut newest = digests.values().filter(|digest| catalog.counts(part, digest.id));
                newest.try_for_each(|digest| compare(&catalog, &unflushed, digest, reduce, report))
            });
            match compared {
                Ok(()) => {}
                Err(PartError::Damaged { file, .. } | PartError::Unreadable { file, .. })
                    if store.has_left(&file) => {}
                Err(error) => return Err(super::store_error(error)),
            }
        }
    }
    Ok(())
}

fn compare(
    catalog: &Catalog,
    unflushed: &Unflushed,
    digest: &Arc<TraceDigest>,
    reduce: Reduce<'_>,
    report: &mut Report,
) -> Result<(), PartError> {
    let mut held = catalog.documents(digest.id)?;
    held.extend(unflushed.of_trace(digest.id, digest.through).cloned());
    // What came before belongs to a digest that was lost with a damaged part, or dropped.
    held.retain(|held| held.sequence <= digest.through && held.received >= digest.first_received);
    let documents: Vec<_> = held.iter().filter_map(StoredBytes::decode).collect();
    if documents.len() < digest.revision as usize || digest.revision > MAX_DOCUMENTS {
        report.summary.digests_not_compared += 1;
        return Ok(());
    }
    let mut again = reduce(digest.id, &documents);
    report.summary.digests_compared += 1;
    // Groups are joined with the filters of their time.
    again.groups.clone_from(&digest.groups);
    if !digest.has_work() {
        // An earlier version made it.
        again.forget_work();
        again.origin.clone_from(&digest.origin);
    }
    if digest.annotation_sets.is_empty() && !digest.annotations.is_empty() {
        // So did an earlier version, which kept 50.
        again.annotation_sets.clear();
        again.annotations.clone_from(&digest.annotations);
        again.annotations_cut = digest.annotations_cut;
    }
    let mut digest = Cow::Borrowed(&**digest);
    if !digest.ruled.is_empty() {
        // So were operations with the rules of theirs.
        digest.to_mut().forget_operations();
        again.forget_operations();
    }
    if digest.calls.is_empty() && !again.calls.is_empty() {
        // So did one that did not keep how requests hang together.
        digest.to_mut().forget_calls();
        again.forget_calls();
    }
    if again != *digest {
        report.tell(format!("trace {}: its digest is not what its documents give", digest.id));
    }
    Ok(())
}
