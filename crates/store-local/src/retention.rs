//! Drops whole parts: those that are older than wanted, and the oldest ones where the disk has too little space.
//!
//! Each table loses parts from the oldest on and without gaps, since a part hides rows of older ones (`LS-4`).

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use model::Timestamp;

use crate::catalog::Catalog;
use crate::config::Retention;
use crate::core::Core;
use crate::disk;
use crate::manifest::{PartEntry, Table};
use crate::part::Part;
use crate::part::merge::MergeError;

/// Drops what is to go now.
pub(crate) fn drop_old(core: &Core) -> Result<(), MergeError> {
    let retention = core.config.retention;
    if retention == Retention::default() {
        return Ok(());
    }
    let catalog = Arc::clone(&core.state.read().catalog);
    let mut gone = HashSet::new();
    if let Some(age) = retention.age {
        let age = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
        let cutoff = Timestamp(core.config.clock.now().0.saturating_sub(age));
        gone.extend(received_before(&catalog, cutoff));
    }
    if let Some(percent) = retention.disk_percent {
        let free = disk::free_bytes(core.directory.root())?;
        let held = core.status().bytes_on_disk;
        let wanted = excess(held, free, percent);
        gone.extend(oldest(&catalog, wanted));
    }
    if gone.is_empty() {
        return Ok(());
    }
    drop_parts(core, &catalog, &gone)
}

/// By how much the store is larger than its share of what it holds and what is free.
fn excess(held: u64, free: u64, percent: u8) -> u64 {
    let share = u128::from(held + free) * u128::from(percent) / 100;
    held.saturating_sub(u64::try_from(share).unwrap_or(u64::MAX))
}

/// The files of the parts of which everything was received before a time.
fn received_before(catalog: &Catalog, cutoff: Timestamp) -> HashSet<String> {
    let mut files = HashSet::new();
    for table in Table::ALL {
        // A part of which it is not known is as old as those behind it.
        let old = catalog
            .of(table)
            .take_while(|part| part.entry.receipt().is_none_or(|(_, newest)| newest < cutoff));
        files.extend(old.map(|part| part.entry.file.clone()));
    }
    files
}

/// The files of the oldest parts of all tables that take so many bytes together.
fn oldest(catalog: &Catalog, bytes: u64) -> HashSet<String> {
    let mut files = HashSet::new();
    if bytes == 0 {
        return files;
    }
    let entries: Vec<&PartEntry> =
        Table::ALL.iter().flat_map(|&table| catalog.of(table)).map(|part| &part.entry).collect();
    let mut ends: Vec<Timestamp> = entries.iter().filter_map(|entry| Some(entry.receipt()?.1)).collect();
    ends.sort_unstable();
    for end in ends {
        files = received_before(catalog, Timestamp(end.0.saturating_add(1)));
        let freed: u64 =
            entries.iter().filter(|entry| files.contains(&entry.file)).map(|entry| entry.bytes).sum();
        if freed >= bytes {
            break;
        }
    }
    files
}

fn drop_parts(core: &Core, catalog: &Catalog, gone: &HashSet<String>) -> Result<(), MergeError> {
    let parts: Vec<&Arc<Part>> = Table::ALL
        .iter()
        .flat_map(|&table| catalog.of(table))
        .filter(|part| gone.contains(&part.entry.file))
        .collect();
    let traces = counting_traces(core, catalog, &parts)?;
    let documents: u64 = parts.iter().map(|part| part.entry.documents).sum();
    let bytes: u64 = parts.iter().map(|part| part.entry.bytes).sum();
    switch(core, gone, traces, documents)?;
    for part in &parts {
        part.delete_when_unused();
    }
    tracing::info!(parts = parts.len(), documents, traces, bytes, "dropped old parts");
    Ok(())
}

/// How many traces are known by nothing but these parts.
fn counting_traces(core: &Core, catalog: &Catalog, parts: &[&Arc<Part>]) -> Result<u64, MergeError> {
    let mut ids = HashSet::new();
    for part in parts.iter().filter(|part| part.entry.table == Table::Traces) {
        part.each_trace(|_, id| {
            if catalog.counts(part, id) {
                ids.insert(id);
            }
        })?;
    }
    let held = core.state.read().in_buffers(ids.iter().copied());
    Ok((ids.len() - held.len()) as u64)
}

fn switch(core: &Core, gone: &HashSet<String>, traces: u64, documents: u64) -> io::Result<()> {
    let mut manifest = core.manifest.lock();
    let mut next = manifest.clone();
    let counted = |table: Table, parts: &[PartEntry]| -> i64 {
        let dropped = parts.iter().filter(|part| part.table == table && gone.contains(&part.file));
        dropped.map(PartEntry::counted).sum()
    };
    next.replacing_nothing += counted(Table::Traces, &next.parts) - i64::try_from(traces).unwrap_or(0);
    next.documents = next.documents.saturating_sub(documents);
    next.parts.retain(|part| !gone.contains(&part.file));
    // LS-2
    next.save(&core.directory)?;
    *manifest = next;
    core.change_catalog(|state| {
        state.documents = state.documents.saturating_sub(documents);
        state.traces = state.traces.saturating_sub(traces);
        state.catalog.without_oldest(gone)
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_of_what_is_held_and_what_is_free() {
        assert_eq!(excess(50, 50, 80), 0);
        assert_eq!(excess(90, 10, 80), 10);
        assert_eq!(excess(90, 0, 100), 0);
        assert_eq!(excess(0, 0, 80), 0);
    }
}
