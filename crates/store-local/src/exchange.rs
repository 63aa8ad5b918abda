//! Replaces parts by others, or by nothing: what a merge and a drop come to.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use model::{Minute, TraceId};

use crate::core::Core;
use crate::core::state::State;
use crate::flush::discard;
use crate::manifest::{Manifest, PartEntry, SaveError, Table};
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

/// What is lost at the moment in which it happens.
pub(crate) struct Lost {
    pub(crate) traces: u64,
    /// Those of them that have a newer digest in a buffer.
    pub(crate) in_buffers: HashSet<TraceId>,
}

impl Exchange {
    /// Makes it so. Nothing happens when a part turned out damaged meanwhile; what is left is looked at anew.
    pub(crate) fn make(self, core: &Core) -> io::Result<()> {
        let into = self.into.as_ref().filter(|entry| entry.rows > 0);
        let part = into.map(|entry| Arc::new(Part::new(entry.clone(), core.directory.part(&entry.file))));
        match core.exchanged(&self, into.zip(part.as_ref())) {
            // The files of those that no longer count go with their last reader (`LS-6`).
            Ok(true) => self.from.iter().for_each(|part| part.delete_when_unused()),
            Ok(false) => part.iter().for_each(|part| part.delete_when_unused()),
            Err(error) => {
                if let SaveError::Nothing(_) = error {
                    discard(core, into.into_iter());
                }
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// The manifest with it. `None` where one of the parts is gone.
    pub(crate) fn change(
        &self,
        next: &mut Manifest,
        into: Option<&PartEntry>,
        state: &State,
    ) -> Option<Lost> {
        let is_there = |part: &Arc<Part>| next.parts.iter().any(|entry| entry.file == part.entry.file);
        if !self.from.iter().all(is_there) {
            return None;
        }
        next.parts.retain(|entry| self.from.iter().all(|part| part.entry.file != entry.file));
        next.parts.extend(into.cloned());
        next.parts.sort_by_key(|entry| entry.generation);
        let lost = self.lost_now(state);
        // The number of traces changes by those that are lost and by nothing else.
        let traces = |entry: &&PartEntry| entry.table == Table::Traces;
        let before: i64 =
            self.from.iter().map(|part| &part.entry).filter(traces).map(PartEntry::counted).sum();
        let after: i64 = into.into_iter().filter(traces).map(PartEntry::counted).sum();
        next.replacing_nothing += before - after - i64::try_from(lost.traces).unwrap_or(i64::MAX);
        next.documents = next.documents.saturating_sub(self.lost_documents);
        // LS-7
        let dropped = self.from.iter().filter(|_| into.is_none()).filter_map(|part| part.entry.minutes);
        next.minutes_from =
            dropped.map(|(_, last)| Minute(last.0.saturating_add(1))).fold(next.minutes_from, Minute::max);
        Some(lost)
    }

    /// A flush may have written newer digests since it was decided what goes.
    fn lost_now(&self, state: &State) -> Lost {
        let newest = self.from.iter().map(|part| part.entry.generation).max().unwrap_or(0);
        let is_lost = |id: &&TraceId| !state.catalog().is_hidden(**id, newest);
        let lost: Vec<TraceId> = self.lost.iter().filter(is_lost).copied().collect();
        Lost { traces: lost.len() as u64, in_buffers: state.in_buffers(lost.iter().copied()) }
    }
}
