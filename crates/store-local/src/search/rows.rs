//! The rows of several parts in the order of a search, read row group by row group, over all processors.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::{panic, thread};

use model::{Micros, TimeRange, Timestamp, TraceDigest, TraceId};
use store::search::MAX_SCANNED_PER_PAGE;
use store::{Axis, Cursor, Search};

use crate::catalog::{Catalog, PartError};
use crate::limits::Budget;
use crate::manifest::{PartEntry, Table};
use crate::part::Part;
use crate::part::traces::{Found, Row};

/// Digests that are decoded at once.
const DIGEST_BATCH: usize = 256;

pub(super) struct Rows<'a> {
    catalog: &'a Catalog,
    search: &'a Search,
    /// Traces that a buffer has a newer digest of.
    hidden: &'a HashSet<TraceId>,
    budget: &'a Budget,
    /// Whose turn has not come, the newest last.
    waiting: Vec<Waiting<'a>>,
    open: Vec<OpenGroup<'a>>,
    /// How many rows were read for the page so far, and how many of the range were looked at or ruled out.
    read: u64,
    looked_at: u64,
}

/// What comes next.
pub(super) enum Next {
    Row(Cursor),
    /// Enough was read for one page; the next one begins here.
    Stopped(Cursor),
    End,
}

/// A part, or a row group of one, before its turn: it has no row newer than this.
struct Waiting<'a> {
    newest: Timestamp,
    part: &'a Arc<Part>,
    row_group: Option<usize>,
}

struct OpenGroup<'a> {
    part: &'a Part,
    /// What is left, the newest last. Never empty.
    rows: Vec<Row>,
    /// How many between them do not match.
    others: u64,
    /// Digests that were decoded ahead, by row number.
    decoded: HashMap<usize, Arc<TraceDigest>>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(
        catalog: &'a Catalog,
        search: &'a Search,
        hidden: &'a HashSet<TraceId>,
        budget: &'a Budget,
    ) -> Self {
        let mut waiting: Vec<_> = catalog
            .of(Table::Traces)
            .filter_map(|part| Some((reach(&part.entry, search.axis)?, part)))
            .filter(|((oldest, newest), _)| overlaps(search, *oldest, *newest))
            .map(|((_, newest), part)| Waiting { newest, part, row_group: None })
            .collect();
        waiting.sort_by_key(|waiting| waiting.newest);
        Self { catalog, search, hidden, budget, waiting, open: Vec::new(), read: 0, looked_at: 0 }
    }

    /// How many rows of the range were looked at or ruled out.
    pub(super) fn looked_at(&self) -> u64 {
        self.looked_at
    }

    pub(super) fn peek(&mut self) -> Result<Next, PartError> {
        loop {
            let next = self.open.iter().filter_map(OpenGroup::next_place).max();
            let Some(waiting) = self.waiting.last() else { return Ok(next.map_or(Next::End, Next::Row)) };
            match next {
                Some(next) if next.time > waiting.newest => return Ok(Next::Row(next)),
                _ if self.budget.is_spent() => return Ok(Next::End),
                _ => {}
            }
            // Before all rows of this time, and after all of a later one.
            let stop = Cursor { time: waiting.newest.plus(Micros(1)), id: TraceId([0; 16]) };
            if self.read >= MAX_SCANNED_PER_PAGE && self.search.after.is_none_or(|after| stop < after) {
                return Ok(Next::Stopped(stop));
            }
            self.open_next()?;
        }
    }

    /// Whether there are more rows.
    pub(super) fn has_more(&mut self) -> Result<bool, PartError> {
        Ok(!self.open.is_empty() || !matches!(self.peek()?, Next::End))
    }

    /// Takes the row that [`peek`](Self::peek) told of; `wanted` more like it are missing on the page.
    pub(super) fn next_digest(&mut self, wanted: usize) -> Result<Option<Arc<TraceDigest>>, PartError> {
        let Some(open) = self.open.iter_mut().max_by_key(|open| open.next_place()) else { return Ok(None) };
        // Those that do not match lie evenly between those that do.
        let others = open.others / open.rows.len() as u64;
        open.others -= others;
        self.looked_at += 1 + others;
        let digest = open.take(wanted, self.budget)?;
        self.open.retain(|open| !open.rows.is_empty());
        Ok(digest)
    }

    /// Opens the next row group; once one was not enough, as many as there are processors.
    fn open_next(&mut self) -> Result<(), PartError> {
        let lanes = if self.read == 0 { 1 } else { thread::available_parallelism().map_or(1, usize::from) };
        let mut groups = Vec::new();
        while groups.len() < lanes
            && let Some(Waiting { newest, part, row_group }) = self.waiting.pop()
        {
            match row_group {
                Some(row_group) => groups.push((part, row_group)),
                None => self.divide(part, newest)?,
            }
        }
        let (search, budget) = (self.search, self.budget);
        let found: Vec<Result<Found, PartError>> = thread::scope(|scope| {
            let read = |&(part, group): &(&'a Arc<Part>, usize)| part.rows(search, group, budget);
            let (first, rest) = match groups.split_first() {
                Some(split) => split,
                None => return Vec::new(),
            };
            let others: Vec<_> = rest.iter().map(|group| scope.spawn(move || read(group))).collect();
            let mut found = vec![read(first)];
            found.extend(
                others
                    .into_iter()
                    .map(|other| other.join().unwrap_or_else(|panic| panic::resume_unwind(panic))),
            );
            found
        });
        for (&(part, _), found) in groups.iter().zip(found) {
            self.add(part, found?);
        }
        Ok(())
    }

    fn add(&mut self, part: &'a Part, found: Found) {
        let Found { mut rows, others, read } = found;
        // At the least one, so that this is no first group twice.
        self.read += read.max(1);
        rows.retain(|row| !self.hidden.contains(&row.place.id) && self.catalog.counts(part, row.place.id));
        if rows.is_empty() {
            self.looked_at += others;
            return;
        }
        self.budget.take(rows.len() * size_of::<Row>());
        self.open.push(OpenGroup { part, rows, others, decoded: HashMap::new() });
    }

    /// Puts the row groups of a part in its place, so that of a large one no more is read than is asked for.
    fn divide(&mut self, part: &'a Arc<Part>, newest: Timestamp) -> Result<(), PartError> {
        for (row_group, reach) in part.group_reach(self.search.axis)?.into_iter().enumerate() {
            let (oldest, newest) = reach.unwrap_or((Timestamp::MIN, newest));
            if overlaps(self.search, oldest, newest) {
                self.waiting.push(Waiting { newest, part, row_group: Some(row_group) });
            }
        }
        self.waiting.sort_by_key(|waiting| waiting.newest);
        Ok(())
    }
}

impl OpenGroup<'_> {
    fn next_place(&self) -> Option<Cursor> {
        self.rows.last().map(|row| row.place)
    }

    fn take(&mut self, wanted: usize, budget: &Budget) -> Result<Option<Arc<TraceDigest>>, PartError> {
        let Some(row) = self.rows.last().copied() else { return Ok(None) };
        if !self.decoded.contains_key(&row.number) {
            let ahead = self.rows.iter().rev().take(wanted.clamp(1, DIGEST_BATCH));
            let mut numbers: Vec<usize> = ahead.map(|row| row.number).collect();
            numbers.sort_unstable();
            self.decoded = self.part.digests_at(&numbers)?;
            budget.take(self.decoded.values().map(|digest| digest.memory_bytes()).sum());
        }
        self.rows.pop();
        Ok(self.decoded.remove(&row.number))
    }
}

fn reach(entry: &PartEntry, axis: Axis) -> Option<(Timestamp, Timestamp)> {
    match axis {
        Axis::Start => entry.start,
        Axis::Received => entry.received,
        Axis::End => entry.end,
    }
}

fn overlaps(search: &Search, oldest: Timestamp, newest: Timestamp) -> bool {
    let TimeRange { start, end } = search.range;
    oldest < end && newest >= start && search.after.is_none_or(|after| oldest <= after.time)
}
