//! The parts that count, and what is asked of them. A catalog never changes; a flush makes another.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use model::minute::{MinuteKey, Stats};
use model::segment::Sequence;
use model::{Minute, TimeRange, Timestamp, TraceDigest, TraceId};
use row::StoredBytes;
use store::MinuteQuery;

use crate::directory::Directory;
use crate::limits::Budget;
use crate::manifest::{Manifest, Table, first_minute};
use crate::part::Part;
pub(crate) use crate::part::PartError;
use crate::part::minutes::Sums;

#[derive(Debug, Clone)]
pub(crate) struct Catalog {
    /// Oldest first.
    parts: Vec<Arc<Part>>,
    /// Traces with rows in several parts, each with the newest generation that has one (`LS-4`).
    hidden_before: HashMap<TraceId, u64>,
    /// Earlier minutes do not count (`LS-7`).
    pub(crate) minutes_from: Minute,
}

impl Default for Catalog {
    fn default() -> Self {
        Self { parts: Vec::new(), hidden_before: HashMap::new(), minutes_from: first_minute() }
    }
}

impl Catalog {
    pub(crate) fn new(directory: &Directory, manifest: &Manifest) -> Self {
        let mut parts: Vec<_> = manifest
            .parts
            .iter()
            .map(|entry| Arc::new(Part::new(entry.clone(), directory.part(&entry.file))))
            .collect();
        parts.sort_by_key(|part| part.entry.generation);
        Self { parts, hidden_before: HashMap::new(), minutes_from: manifest.minutes_from }
    }

    /// How many parts have fewer bytes.
    pub(crate) fn smaller_than(&self, bytes: u64) -> usize {
        self.parts.iter().filter(|part| part.entry.bytes < bytes).count()
    }

    pub(crate) fn check_sizes(&self) -> Result<(), PartError> {
        self.parts.iter().try_for_each(|part| part.check_size())
    }

    /// The same, with what the parts say about each other's rows.
    pub(crate) fn with_hidden_rows(&self) -> Result<Self, PartError> {
        let mut hidden_before = HashMap::new();
        for part in self.of(Table::Traces) {
            // Oldest first, so that the newest stays.
            hidden_before.extend(part.replacing()?.into_iter().map(|id| (id, part.entry.generation)));
        }
        Ok(Self { hidden_before, ..self.clone() })
    }

    /// The same with the parts of one more flush; `replacing` are the traces of which an older part has a row.
    pub(crate) fn with(&self, added: Vec<Arc<Part>>, replacing: &HashSet<TraceId>) -> Self {
        let mut catalog = self.clone();
        if let Some(part) = added.first() {
            let generation = part.entry.generation;
            catalog.hidden_before.extend(replacing.iter().map(|&id| (id, generation)));
        }
        catalog.parts.extend(added);
        catalog
    }

    /// The same without a damaged part. What it hid shows again.
    pub(crate) fn without(&self, file: &str) -> Self {
        let mut catalog = self.clone();
        let gone = catalog.parts.iter().position(|part| part.entry.file == file);
        if let Some(gone) = gone.map(|place| catalog.parts.remove(place))
            && gone.entry.table == Table::Traces
        {
            catalog.hidden_before.retain(|_, generation| *generation != gone.entry.generation);
        }
        catalog
    }

    /// The same with some parts replaced by one, or by none. They are neighbours, or older than all others of their
    /// table. `replacing` are the traces of the new part of which an older part has a row.
    pub(crate) fn exchanged(
        &self,
        from: &[Arc<Part>],
        into: Option<Arc<Part>>,
        replacing: &HashSet<TraceId>,
    ) -> Self {
        let mut catalog = self.clone();
        catalog.parts.retain(|part| !from.iter().any(|gone| Arc::ptr_eq(gone, part)));
        let traces = from.iter().filter(|part| part.entry.table == Table::Traces);
        let generations: HashSet<u64> = traces.map(|part| part.entry.generation).collect();
        if let Some(newest) = generations.iter().max() {
            catalog.hidden_before.retain(|id, generation| {
                if !generations.contains(generation) {
                    return true;
                }
                *generation = *newest;
                replacing.contains(id)
            });
        }
        if let Some(into) = into {
            catalog.parts.push(into);
            catalog.parts.sort_by_key(|part| part.entry.generation);
        }
        let oldest = catalog.of(Table::Traces).map(|part| part.entry.generation).min();
        catalog.hidden_before.retain(|_, generation| oldest.is_some_and(|oldest| *generation > oldest));
        catalog
    }

    /// How many parts are not encrypted.
    pub(crate) fn open_files(&self) -> u64 {
        self.parts.iter().filter(|part| part.entry.key.is_none()).count() as u64
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.entry.bytes).sum()
    }

    pub(crate) fn oldest_received(&self) -> Option<Timestamp> {
        self.of(Table::Spans).filter_map(|part| Some(part.entry.receipt()?.0)).min()
    }

    /// All documents of a trace, in order of receipt.
    pub(crate) fn documents(&self, id: TraceId) -> Result<Vec<StoredBytes>, PartError> {
        let mut found = Vec::new();
        self.each_document_of(id, |held| found.push(held))?;
        found.sort_by_key(|held| held.sequence);
        Ok(found)
    }

    /// Shows all documents of a trace, in any order.
    pub(crate) fn each_document_of(
        &self,
        id: TraceId,
        mut each: impl FnMut(StoredBytes),
    ) -> Result<(), PartError> {
        for part in self.of(Table::Spans) {
            part.each_document_of(id, &mut each)?;
        }
        Ok(())
    }

    /// All documents after a sequence, in order of receipt.
    pub(crate) fn documents_after(&self, after: Sequence) -> Result<Vec<StoredBytes>, PartError> {
        let mut found = Vec::new();
        for part in self.of(Table::Spans) {
            if part.entry.sequences.is_some_and(|(_, last)| last > after) {
                found.extend(part.documents_after(after)?);
            }
        }
        found.sort_by_key(|held| held.sequence);
        Ok(found)
    }

    /// Those of the traces that have a digest.
    pub(crate) fn with_digest(&self, mut wanted: HashSet<TraceId>) -> Result<HashSet<TraceId>, PartError> {
        let mut found = HashSet::new();
        for part in self.of(Table::Traces).rev() {
            let candidates = part.candidates(&wanted)?;
            if !candidates.is_empty() {
                part.find(&candidates, |_, id| {
                    wanted.remove(&id);
                    found.insert(id);
                })?;
            }
        }
        Ok(found)
    }

    /// The newest digest of each trace.
    pub(crate) fn digests(
        &self,
        wanted: &HashSet<TraceId>,
    ) -> Result<HashMap<TraceId, Arc<TraceDigest>>, PartError> {
        let mut found = HashMap::new();
        let mut wanted = wanted.clone();
        for part in self.of(Table::Traces).rev() {
            let candidates = part.candidates(&wanted)?;
            if candidates.is_empty() {
                continue;
            }
            let mut numbers = Vec::new();
            part.find(&candidates, |number, id| {
                numbers.push(number);
                wanted.remove(&id);
            })?;
            found.extend(part.digests_at(&numbers)?.into_values().map(|digest| (digest.id, digest)));
        }
        Ok(found)
    }

    /// Adds what the parts have to what is in buffers, and leaves out what was dropped.
    pub(crate) fn add_minutes(
        &self,
        query: &MinuteQuery,
        sums: &mut BTreeMap<MinuteKey, Stats>,
        budget: &Budget,
    ) -> Result<(), PartError> {
        let query = self.without_gone_minutes(query);
        self.minutes_touched(&query).try_for_each(|part| part.add_minutes(&query, sums, budget))
    }

    /// The same without regard to the minute.
    pub(crate) fn add_totals(
        &self,
        query: &MinuteQuery,
        sums: &mut Sums,
        budget: &Budget,
    ) -> Result<(), PartError> {
        let query = self.without_gone_minutes(query);
        self.minutes_touched(&query).try_for_each(|part| part.add_totals(&query, sums, budget))
    }

    fn minutes_touched(&self, query: &MinuteQuery) -> impl Iterator<Item = &Arc<Part>> {
        let range = query.range;
        let is_touched =
            move |(first, last): (Minute, Minute)| first.start() < range.end && range.start < last.end();
        self.of(Table::Minutes).filter(move |part| part.entry.minutes.is_some_and(is_touched))
    }

    /// The query as far as minutes are kept.
    fn without_gone_minutes(&self, query: &MinuteQuery) -> MinuteQuery {
        let start = query.range.start.max(self.minutes_from.start());
        MinuteQuery { range: TimeRange { start, ..query.range }, ..query.clone() }
    }

    /// Those of one table, oldest first.
    pub(crate) fn of(&self, table: Table) -> impl DoubleEndedIterator<Item = &Arc<Part>> {
        self.parts.iter().filter(move |part| part.entry.table == table)
    }

    /// Whether the row of a trace in this part is its newest (`LS-4`).
    pub(crate) fn counts(&self, part: &Part, id: TraceId) -> bool {
        !self.is_hidden(id, part.entry.generation)
    }

    /// Whether a newer part than that of a generation has a row of the trace.
    pub(crate) fn is_hidden(&self, id: TraceId, generation: u64) -> bool {
        self.hidden_before.get(&id).is_some_and(|&newest| generation < newest)
    }
}
