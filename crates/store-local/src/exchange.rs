//! Replaces parts by others, or by nothing: the moment in which a merge or a drop happens.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use model::{Minute, TraceId};

use crate::core::{Core, State};
use crate::flush::discard;
use crate::manifest::{PartEntry, SaveError, Table};
use crate::part::Part;

/// What changes.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// Neighbours, or older than all others of their table (`LS-4`).
    pub(crate) from: Vec<Arc<Part>>,
    /// Nothing when it has no row.
    pub(crate) into: Option<PartEntry>,
    /// The traces of the new part of which an older part has a row.
    pub(crate) replacing: HashSet<TraceId>,
    /// How many documents are lost by it.
    pub(crate) lost_documents: u64,
    /// The traces of which the row that counted is lost by it.
    pub(crate) lost: HashSet<TraceId>,
}

impl Exchange {
    /// Makes it so. Nothing happens when a part turned out damaged meanwhile; what is left is looked at anew.
    pub(crate) fn make(mut self, core: &Core) -> io::Result<()> {
        let into = self.into.take().filter(|entry| entry.rows > 0);
        let part = into.as_ref().map(|entry| Part::new(entry.clone(), core.directory.part(&entry.file)));
        let part = part.map(Arc::new);
        let mut manifest = core.manifest.lock();
        let is_there = |part: &Arc<Part>| manifest.parts.iter().any(|entry| entry.file == part.entry.file);
        if !self.from.iter().all(is_there) {
            part.iter().for_each(|part| part.delete_when_unused());
            return Ok(());
        }
        let mut next = manifest.clone();
        next.parts.retain(|entry| self.from.iter().all(|part| part.entry.file != entry.file));
        next.parts.extend(into.iter().cloned());
        next.parts.sort_by_key(|entry| entry.generation);
        let (lost, in_buffers) = self.lost_now(&core.state.read());
        // The number of traces changes by those that are lost and by nothing else.
        let traces = |entry: &&PartEntry| entry.table == Table::Traces;
        let before: i64 =
            self.from.iter().map(|part| &part.entry).filter(traces).map(PartEntry::counted).sum();
        let after: i64 = into.iter().filter(traces).map(PartEntry::counted).sum();
        next.replacing_nothing += before - after - i64::try_from(lost).unwrap_or(i64::MAX);
        next.documents = next.documents.saturating_sub(self.lost_documents);
        // LS-7
        let dropped = self.from.iter().filter(|_| into.is_none()).filter_map(|part| part.entry.minutes);
        let minutes_from =
            dropped.map(|(_, last)| Minute(last.0.saturating_add(1))).fold(next.minutes_from, Minute::max);
        next.minutes_from = minutes_from;
        // LS-2
        if let Err(error) = next.save(&core.directory) {
            if let SaveError::Nothing(_) = error {
                discard(core, into.iter());
            }
            return Err(error.into());
        }
        *manifest = next;
        core.change_catalog(|state| {
            state.documents = state.documents.saturating_sub(self.lost_documents);
            state.traces = state.traces.saturating_sub(lost - in_buffers.len() as u64);
            state.lost_beneath.extend(in_buffers);
            let mut catalog = state.catalog.exchanged(&self.from, part, &self.replacing);
            catalog.minutes_from = minutes_from;
            catalog
        });
        for part in &self.from {
            part.delete_when_unused();
        }
        Ok(())
    }

    /// How many traces are lost, and those of them that have a newer digest in a buffer. A flush may have written newer
    /// digests since it was decided what goes.
    fn lost_now(&self, state: &State) -> (u64, HashSet<TraceId>) {
        let newest = self.from.iter().map(|part| part.entry.generation).max().unwrap_or(0);
        let is_lost = |id: &&TraceId| !state.catalog.is_hidden(**id, newest);
        let lost: Vec<TraceId> = self.lost.iter().filter(is_lost).copied().collect();
        (lost.len() as u64, state.in_buffers(lost.iter().copied()))
    }
}
