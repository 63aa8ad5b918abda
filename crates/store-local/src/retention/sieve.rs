//! Keeps of old parts what failed, and writes them anew without the rest.

use std::collections::HashSet;
use std::sync::Arc;

use model::{Timestamp, TraceId};

use super::{old_parts, oldest_document};
use crate::catalog::Catalog;
use crate::core::Core;
use crate::exchange::Exchange;
use crate::manifest::{PartEntry, Table};
use crate::part::Part;
use crate::part::merge::{MergeError, Pace};
use crate::upkeep::merge::{Made, write_spans, write_traces};

/// Sieves the parts of which everything was received before a time, each once.
pub(super) fn sieve_old(core: &Core, cutoff: Timestamp, pace: Pace<'_>) -> Result<(), MergeError> {
    // Spans first: while the digests of all traces are there it is known which of them failed.
    for table in [Table::Spans, Table::Traces] {
        loop {
            let catalog = core.catalog();
            let cutoff = match table {
                // A digest stays as long as there may be documents of its trace.
                Table::Traces => cutoff.min(oldest_document(core, &catalog, |part| !part.entry.is_sieved)),
                Table::Spans | Table::Minutes => cutoff,
            };
            let next = old_parts(&catalog, table, cutoff).find(|part| !part.entry.is_sieved);
            let Some(part) = next.map(Arc::clone) else { break };
            match table {
                Table::Spans => sieve_spans(core, &catalog, part, pace)?,
                Table::Traces | Table::Minutes => sieve_traces(core, &catalog, part, pace)?,
            }
            pace()?;
        }
    }
    Ok(())
}

fn sieve_spans(core: &Core, catalog: &Catalog, part: Arc<Part>, pace: Pace<'_>) -> Result<(), MergeError> {
    let mut kept = HashSet::new();
    for digests in catalog.of(Table::Traces) {
        let mut failed = HashSet::new();
        digests.outcomes(|id, has_failed, _| {
            if has_failed && catalog.counts(digests, id) {
                failed.insert(id);
            }
        })?;
        kept.extend(part.candidates(&failed)?);
    }
    // Whether traces that have just got a document fail is not in parts yet.
    core.look(|state| kept.extend(state.digested_in_buffers()));
    let from = vec![part];
    let made = write_spans(core, &from, |_, id| kept.contains(&id), pace)?;
    let lost_documents = from[0].entry.documents.saturating_sub(made.entry.documents);
    exchange(core, from, made, lost_documents, HashSet::new())
}

fn sieve_traces(core: &Core, catalog: &Catalog, part: Arc<Part>, pace: Pace<'_>) -> Result<(), MergeError> {
    let (mut kept, mut lost) = (HashSet::new(), HashSet::new());
    part.outcomes(|id, has_failed, is_replacing| {
        if !catalog.counts(&part, id) {
            return;
        }
        // LS-4: without this row an older one would count again.
        if has_failed || is_replacing {
            kept.insert(id);
        } else {
            lost.insert(id);
        }
    })?;
    let from = vec![part];
    let made = write_traces(core, &from, |_, id| kept.contains(&id), pace)?;
    exchange(core, from, made, 0, lost)
}

fn exchange(
    core: &Core,
    from: Vec<Arc<Part>>,
    made: Made,
    lost_documents: u64,
    lost: HashSet<TraceId>,
) -> Result<(), MergeError> {
    let Made { entry, replacing, .. } = made;
    let (table, rows) = (entry.table.name(), entry.rows);
    let into = Some(PartEntry { is_sieved: true, ..entry });
    let traces = lost.len();
    Exchange { from, into, replacing, lost_documents, lost }.make(core)?;
    tracing::info!(table, rows, documents = lost_documents, traces, "dropped what did not fail");
    Ok(())
}
