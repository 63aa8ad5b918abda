//! Drops whole parts: those that are older than wanted, and the oldest ones where the disk has too little space.
//!
//! Each table loses parts from the oldest on and without gaps, since a part hides rows of older ones (`LS-4`).

mod sieve;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use model::Timestamp;

use crate::catalog::Catalog;
use crate::config::Retention;
use crate::core::Core;
use crate::core::state::State;
use crate::disk;
use crate::exchange::Exchange;
use crate::holdings;
use crate::manifest::{PartEntry, Table};
use crate::part::Part;
use crate::part::merge::{MergeError, Pace};

/// Drops what is to go now.
pub(crate) fn drop_old(core: &Core, pace: Pace<'_>) -> Result<(), MergeError> {
    let Retention { age, faults, disk_percent } = core.config.retention;
    let catalog = core.catalog();
    let mut gone = HashSet::new();
    if let Some(age) = age {
        gone.extend(received_before(&catalog, Table::Minutes, before(core, age)));
        gone.extend(traces_before(core, &catalog, before(core, faults.unwrap_or(age))));
    }
    if let Some(percent) = disk_percent {
        let free = disk::free_bytes(core.directory.root())?;
        let held = holdings::bytes(core);
        gone.extend(oldest(core, &catalog, excess(held, free, percent)));
    }
    drop_parts(core, &catalog, &gone)?;
    if let (Some(age), Some(_)) = (age, faults) {
        sieve::sieve_old(core, before(core, age), pace)?;
    }
    Ok(())
}

fn before(core: &Core, age: Duration) -> Timestamp {
    let age = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
    Timestamp(core.config.clock.now().0.saturating_sub(age))
}

/// By how much the store is larger than its share of what it holds and what is free.
fn excess(held: u64, free: u64, percent: u8) -> u64 {
    let share = u128::from(held + free) * u128::from(percent) / 100;
    held.saturating_sub(u64::try_from(share).unwrap_or(u64::MAX))
}

/// The files of the parts of a table of which everything was received before a time.
fn received_before(catalog: &Catalog, table: Table, cutoff: Timestamp) -> HashSet<String> {
    old_parts(catalog, table, cutoff).map(|part| part.entry.file.clone()).collect()
}

/// The files of the parts of documents and digests of which everything was received before a time. A digest stays as
/// long as there may be documents of its trace: without it they would be counted again when another one comes.
fn traces_before(core: &Core, catalog: &Catalog, cutoff: Timestamp) -> HashSet<String> {
    let mut gone = received_before(catalog, Table::Spans, cutoff);
    let oldest = oldest_document(core, catalog, |part| !gone.contains(&part.entry.file));
    gone.extend(received_before(catalog, Table::Traces, cutoff.min(oldest)));
    gone
}

/// When the oldest document was received of those that are in buffers and in some of the parts.
fn oldest_document(core: &Core, catalog: &Catalog, is_counted: impl Fn(&Part) -> bool) -> Timestamp {
    let parts = catalog.of(Table::Spans).filter(|part| is_counted(part));
    let in_parts = parts.filter_map(|part| Some(part.entry.receipt()?.0)).min();
    let in_buffers = core.look(State::oldest_received);
    in_parts.into_iter().chain(in_buffers).min().unwrap_or(Timestamp::MAX)
}

/// The parts of a table of which everything was received before a time, up to the first of which that is not so.
fn old_parts(catalog: &Catalog, table: Table, cutoff: Timestamp) -> impl Iterator<Item = &Arc<Part>> {
    // A part of which it is not known is as old as those behind it.
    catalog.of(table).take_while(move |part| part.entry.receipt().is_none_or(|(_, newest)| newest < cutoff))
}

/// The files of the oldest parts of all tables that take so many bytes together.
fn oldest(core: &Core, catalog: &Catalog, bytes: u64) -> HashSet<String> {
    let mut files = HashSet::new();
    if bytes == 0 {
        return files;
    }
    let entries: Vec<&PartEntry> =
        Table::ALL.iter().flat_map(|&table| catalog.of(table)).map(|part| &part.entry).collect();
    let mut ends: Vec<Timestamp> = entries.iter().filter_map(|entry| Some(entry.receipt()?.1)).collect();
    ends.sort_unstable();
    for end in ends {
        let cutoff = Timestamp(end.0.saturating_add(1));
        files = received_before(catalog, Table::Minutes, cutoff);
        files.extend(traces_before(core, catalog, cutoff));
        let freed: u64 =
            entries.iter().filter(|entry| files.contains(&entry.file)).map(|entry| entry.bytes).sum();
        if freed >= bytes {
            break;
        }
    }
    files
}

fn drop_parts(core: &Core, catalog: &Catalog, gone: &HashSet<String>) -> Result<(), MergeError> {
    let parts = Table::ALL.iter().flat_map(|&table| catalog.of(table));
    let from: Vec<Arc<Part>> = parts.filter(|part| gone.contains(&part.entry.file)).map(Arc::clone).collect();
    if from.is_empty() {
        return Ok(());
    }
    let mut lost = HashSet::new();
    for part in from.iter().filter(|part| part.entry.table == Table::Traces) {
        part.each_trace(|_, id| {
            if catalog.counts(part, id) {
                lost.insert(id);
            }
        })?;
    }
    let (parts, bytes) = (from.len(), from.iter().map(|part| part.entry.bytes).sum::<u64>());
    let lost_documents = from.iter().map(|part| part.entry.documents).sum();
    let traces = lost.len();
    Exchange { from, into: None, replacing: HashSet::new(), lost_documents, lost }.make(core)?;
    tracing::info!(parts, documents = lost_documents, traces, bytes, "dropped old parts");
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
