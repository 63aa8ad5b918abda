//! Merges one run of parts, and shows what came of it in their place.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use model::{Minute, TraceId};

use super::choice::choose;
use crate::catalog::Catalog;
use crate::chore::{self, Done};
use crate::core::Core;
use crate::directory::PartPath;
use crate::disk;
use crate::exchange::Exchange;
use crate::file;
use crate::flush::{discard, entry};
use crate::manifest::{PartEntry, Table};
use crate::part::merge::{MergeError, Pace, merge_spans, merge_traces};
use crate::part::write::Written;
use crate::part::{Part, minutes};

/// Merges one run of parts of some table, if there is one; says whether there was. The table with the most parts comes
/// first: while much is written, one of them always has a run, and others must not wait for it.
pub(crate) fn merge_one(core: &Core, pace: Pace<'_>) -> Result<bool, MergeError> {
    let catalog = core.catalog();
    let mut tables = [Table::Minutes, Table::Traces, Table::Spans];
    tables.sort_by_key(|&table| Reverse(catalog.of(table).count()));
    for table in tables {
        let Some(parts) = next_run(core, &catalog, table)? else { continue };
        let began = Instant::now();
        let merged = merge(core, &catalog, parts, pace);
        // One that was stopped is begun anew another time.
        if !matches!(merged, Err(MergeError::Stopped)) {
            chore::tell(core.config.chores.as_ref(), "merge", began, &merged);
        }
        merged?;
        return Ok(true);
    }
    Ok(false)
}

fn next_run(core: &Core, catalog: &Catalog, table: Table) -> io::Result<Option<Vec<Arc<Part>>>> {
    let parts: Vec<&Arc<Part>> = catalog.of(table).collect();
    let entries: Vec<&PartEntry> = parts.iter().map(|part| &part.entry).collect();
    let free = disk::free_bytes(core.directory.root())?;
    let merging = core.config.merging.bounded(free, core.config.retention.age);
    let fewest = match table {
        Table::Spans => merging.parts.spans,
        Table::Traces | Table::Minutes => merging.parts.others,
    };
    let run = choose(&entries, fewest, &merging);
    Ok(run.map(|run| parts[run].iter().map(|&part| Arc::clone(part)).collect()))
}

/// A part that was written and that no manifest names yet.
pub(crate) struct Made {
    pub(crate) entry: PartEntry,
    /// Of `traces`: those of which an older part has a row, too.
    pub(crate) replacing: HashSet<TraceId>,
    held_bytes: u64,
}

/// Until the manifest is replaced, nothing has happened.
fn merge(core: &Core, catalog: &Catalog, parts: Vec<Arc<Part>>, pace: Pace<'_>) -> Result<Done, MergeError> {
    let Some(table) = parts.first().map(|part| part.entry.table) else {
        return Ok(Done::default());
    };
    let counts = |part: &Part, id| catalog.counts(part, id);
    let Made { entry, replacing, held_bytes } = match table {
        Table::Spans => write_spans(core, &parts, |_, _| true, pace)?,
        Table::Traces => write_traces(core, &parts, counts, pace)?,
        Table::Minutes => write_minutes(core, &parts, catalog.minutes_from, pace)?,
    };
    let done = Done { parts: parts.len() as u64, rows: entry.rows, bytes: entry.bytes, held_bytes };
    Exchange { from: parts, into: Some(entry), replacing, lost_documents: 0, lost: HashSet::new() }
        .make(core)?;
    let Done { parts, rows, bytes, held_bytes } = done;
    tracing::info!(table = table.name(), parts, rows, bytes, held_bytes, "merged parts");
    Ok(done)
}

/// Writes the rows of some parts of `spans` as one; only those of the traces that are `wanted`.
pub(crate) fn write_spans(
    core: &Core,
    parts: &[Arc<Part>],
    wanted: impl Fn(&Part, TraceId) -> bool,
    pace: Pace<'_>,
) -> Result<Made, MergeError> {
    verify(parts, pace)?;
    let (file, path) = new_file(core, Table::Spans);
    let (written, documents) = merge_spans(&path, parts, wanted, pace)?;
    let entry = PartEntry { documents, ..durable(core, Table::Spans, file, parts, &written)? };
    Ok(Made { entry, replacing: HashSet::new(), held_bytes: written.held_bytes })
}

/// Writes those rows of some parts of `traces` that are `wanted` as one.
pub(crate) fn write_traces(
    core: &Core,
    parts: &[Arc<Part>],
    wanted: impl Fn(&Part, TraceId) -> bool,
    pace: Pace<'_>,
) -> Result<Made, MergeError> {
    verify(parts, pace)?;
    let (file, path) = new_file(core, Table::Traces);
    let merged = merge_traces(&path, parts, wanted, pace)?;
    let entry = PartEntry {
        replacing: merged.replacing_rows,
        reading_bytes: Some(merged.reading_bytes),
        ..durable(core, Table::Traces, file, parts, &merged.written)?
    };
    Ok(Made { entry, replacing: merged.replacing, held_bytes: merged.written.held_bytes })
}

fn write_minutes(core: &Core, parts: &[Arc<Part>], from: Minute, pace: Pace<'_>) -> Result<Made, MergeError> {
    verify(parts, pace)?;
    let (file, path) = new_file(core, Table::Minutes);
    let written = minutes::merge(&path, parts, from, pace)?;
    let entry = durable(core, Table::Minutes, file, parts, &written)?;
    Ok(Made { entry, replacing: HashSet::new(), held_bytes: written.held_bytes })
}

/// What was damaged since it was first used must not be copied: it would look good in the new part.
fn verify(parts: &[Arc<Part>], pace: Pace<'_>) -> Result<(), MergeError> {
    for part in parts {
        part.verify()?;
        pace()?;
    }
    Ok(())
}

fn new_file(core: &Core, table: Table) -> (String, PartPath) {
    let number = core.take_number();
    let file = format!("{}-{number:020}.parquet", table.name());
    let path = core.directory.part(&file);
    (file, path)
}

fn durable(
    core: &Core,
    table: Table,
    file: String,
    parts: &[Arc<Part>],
    written: &Written,
) -> io::Result<PartEntry> {
    if let Err(error) = file::sync_directory(&core.directory.parts()) {
        discard(core, std::iter::once(&entry(table, file, 0, written)));
        return Err(error);
    }
    let generation = parts.iter().map(|part| part.entry.generation).max().unwrap_or(0);
    let mut made = entry(table, file, generation, written);
    for part in parts {
        made.reach_over(&part.entry);
    }
    made.is_sieved = parts.iter().all(|part| part.entry.is_sieved);
    Ok(made)
}
