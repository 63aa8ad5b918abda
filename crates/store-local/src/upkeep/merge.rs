//! Merges one run of parts, and shows what came of it in their place.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use model::TraceId;

use super::choice::choose;
use crate::catalog::Catalog;
use crate::config::Merging;
use crate::core::Core;
use crate::directory::sync_directory;
use crate::disk;
use crate::flush::entry;
use crate::manifest::{PartEntry, Table};
use crate::part::merge::{MergeError, Pace, merge_spans, merge_traces};
use crate::part::{Part, minutes};

/// A merge takes at most this share of what is free on the disk: one part in so many.
const FREE_SHARE: u64 = 4;

/// Merges one run of parts of some table, if there is one; says whether there was.
pub(crate) fn merge_one(core: &Core, pace: Pace<'_>) -> Result<bool, MergeError> {
    for table in [Table::Minutes, Table::Traces, Table::Spans] {
        let catalog = Arc::clone(&core.state.read().catalog);
        let Some(parts) = next_run(core, &catalog, table)? else { continue };
        merge(core, &catalog, &parts, pace)?;
        return Ok(true);
    }
    Ok(false)
}

fn next_run(core: &Core, catalog: &Catalog, table: Table) -> io::Result<Option<Vec<Arc<Part>>>> {
    let parts: Vec<&Arc<Part>> = catalog.of(table).collect();
    let entries: Vec<&PartEntry> = parts.iter().map(|part| &part.entry).collect();
    let free_share = disk::free_bytes(core.directory.root())? / FREE_SHARE;
    let merging = &core.config.merging;
    let span = core.config.retention.age.map_or(merging.span, |age| merging.span.min(age / SPANS_AN_AGE));
    let bounded = Merging { bytes: merging.bytes.min(free_share), span, ..*merging };
    let run = choose(&entries, &bounded);
    Ok(run.map(|run| parts[run].iter().map(|&part| Arc::clone(part)).collect()))
}

/// Data stays longer than its age by at most this part of it.
const SPANS_AN_AGE: u32 = 8;

/// Until the manifest is replaced, nothing has happened.
fn merge(core: &Core, catalog: &Catalog, parts: &[Arc<Part>], pace: Pace<'_>) -> Result<(), MergeError> {
    let Some(newest) = parts.last() else { return Ok(()) };
    let table = newest.entry.table;
    let number = core.manifest.lock().take_number();
    let file = format!("{}-{number:020}.parquet", table.name());
    let path = core.directory.part(&file);
    let mut replacing = HashSet::new();
    let mut made = match table {
        Table::Spans => entry(table, file, newest.entry.generation, &merge_spans(&path, parts, pace)?),
        Table::Minutes => entry(table, file, newest.entry.generation, &minutes::merge(&path, parts, pace)?),
        Table::Traces => {
            let merged = merge_traces(&path, parts, |part, id| catalog.counts(part, id), pace)?;
            replacing = merged.replacing;
            let made = entry(table, file, newest.entry.generation, &merged.written);
            PartEntry { replacing: merged.replacing_rows, ..made }
        }
    };
    for part in parts {
        made.reach_over(&part.entry);
    }
    sync_directory(&core.directory.parts())?;
    switch(core, parts, &made, &replacing)?;
    tracing::info!(
        table = table.name(),
        parts = parts.len(),
        rows = made.rows,
        bytes = made.bytes,
        "merged parts"
    );
    Ok(())
}

fn switch(
    core: &Core,
    parts: &[Arc<Part>],
    made: &PartEntry,
    replacing: &HashSet<TraceId>,
) -> io::Result<()> {
    let part = Arc::new(Part::new(made.clone(), core.directory.part(&made.file)));
    let mut manifest = core.manifest.lock();
    let is_there = |part: &Arc<Part>| manifest.parts.iter().any(|entry| entry.file == part.entry.file);
    if !parts.iter().all(is_there) {
        // One of them turned out damaged meanwhile; the others are merged anew without it.
        part.delete_when_unused();
        return Ok(());
    }
    let mut next = manifest.clone();
    next.parts.retain(|entry| parts.iter().all(|part| part.entry.file != entry.file));
    if made.rows > 0 {
        next.parts.push(made.clone());
        next.parts.sort_by_key(|entry| entry.generation);
    } else {
        part.delete_when_unused();
    }
    if made.table == Table::Traces {
        let before: i64 = parts.iter().map(|part| part.entry.counted()).sum();
        next.replacing_nothing += before - made.counted();
    }
    // LS-2
    next.save(&core.directory)?;
    *manifest = next;
    core.change_catalog(|state| state.catalog.merged(parts, part, replacing));
    for part in parts {
        part.delete_when_unused();
    }
    Ok(())
}
