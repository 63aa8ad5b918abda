//! Sums over windows of many minutes, in the file of a part behind its rows: what a service graph over hours reads.
//! `docs/format/parts.md` describes them.

use std::collections::BTreeMap;

use model::Minute;
use model::minute::{MinuteKey, MinuteRow, Stats, Subject};
use row::codec::{self, decode_rows, encode_rows};
use store::MinuteQuery;

use super::ROW_BYTES;
use crate::limits::Budget;
use crate::part::{Attachment, Part, PartError};

/// Its name among the metadata of the file.
pub(super) const NAME: &str = "fluoro.windows.1";
/// How long a window is. A range of hours is then some windows and, at its ends, some minutes.
const WINDOW: i64 = 20;
/// A window of which the part has fewer minutes is read as quickly from its rows.
const FEWEST_MINUTES: usize = 8;
/// Of a window in the list: its first minute, and place and length of its sums.
const ENTRY_BYTES: usize = 24;

/// The sums over the windows of one group and file.
#[derive(Default)]
pub(super) struct Windows {
    first: i64,
    minutes: Vec<i64>,
    open: BTreeMap<(String, Subject), Stats>,
    /// First minute, group and block of each that is finished.
    closed: Vec<(i64, String, Vec<u8>)>,
}

impl Windows {
    /// Takes the rows in their order.
    pub(super) fn add(&mut self, key: &MinuteKey, stats: &Stats) {
        let first = key.minute.0.div_euclid(WINDOW).saturating_mul(WINDOW);
        if first != self.first {
            self.close();
            self.first = first;
        }
        if self.minutes.last() != Some(&key.minute.0) {
            self.minutes.push(key.minute.0);
        }
        self.open.entry((key.group.clone(), key.subject.clone())).or_default().merge(stats);
    }

    fn close(&mut self) {
        let is_worth = self.minutes.len() >= FEWEST_MINUTES;
        self.minutes.clear();
        let mut rows: BTreeMap<String, Vec<MinuteRow>> = BTreeMap::new();
        for ((group, subject), stats) in std::mem::take(&mut self.open) {
            if is_worth && !stats.is_nothing() {
                let key = MinuteKey { minute: Minute(self.first), group: group.clone(), subject };
                rows.entry(group).or_default().push(MinuteRow { key, stats });
            } else if is_worth {
                rows.entry(group).or_default();
            }
        }
        let first = self.first;
        self.closed.extend(rows.into_iter().map(|(group, rows)| (first, group, encode_rows(&rows))));
    }

    /// The list of windows, and their sums; `None` where there are none.
    pub(super) fn finish(mut self) -> Option<Vec<u8>> {
        self.close();
        if self.closed.is_empty() {
            return None;
        }
        let names: usize = self.closed.iter().map(|(_, group, _)| group.len() + 4).sum();
        let mut place = 8 + self.closed.len() * ENTRY_BYTES + names;
        let mut bytes = (place as u64).to_le_bytes().to_vec();
        for (first, group, block) in &self.closed {
            bytes.extend_from_slice(&first.to_le_bytes());
            bytes.extend_from_slice(&(place as u64).to_le_bytes());
            bytes.extend_from_slice(&(block.len() as u64).to_le_bytes());
            bytes.extend_from_slice(&(group.len() as u32).to_le_bytes());
            bytes.extend_from_slice(group.as_bytes());
            place += block.len();
        }
        self.closed.iter().for_each(|(_, _, block)| bytes.extend_from_slice(block));
        Some(bytes)
    }
}

/// Where the sums of a window are.
pub(super) struct Window {
    attachment: Attachment,
    first: i64,
    place: u64,
    length: u64,
}

impl Window {
    pub(super) fn covers(&self, minute: Minute) -> bool {
        (self.first..self.first.saturating_add(WINDOW)).contains(&minute.0)
    }
}

impl Part {
    /// The windows of a query's group of which every minute is asked for.
    pub(super) fn windows_in(&self, query: &MinuteQuery) -> Result<Vec<Window>, PartError> {
        let Some(&attachment) = self.attachments(NAME)?.first() else { return Ok(Vec::new()) };
        let length = u64::from_le_bytes(self.array_at(&attachment, 0)?);
        let list = self.bytes_at(&attachment, 8, length.saturating_sub(8))?;
        let mut rest = list.as_slice();
        let mut windows = Vec::new();
        while let Some((entry, after)) = rest.split_first_chunk::<{ ENTRY_BYTES + 4 }>() {
            let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|byte| entry[at + byte]));
            let name_bytes =
                u32::from_le_bytes(std::array::from_fn(|byte| entry[ENTRY_BYTES + byte])) as usize;
            let Some((group, after)) = after.split_at_checked(name_bytes) else { break };
            rest = after;
            let first = number(0).cast_signed();
            let last = Minute(first.saturating_add(WINDOW - 1));
            if group == query.group.as_bytes()
                && query.range.touches(Minute(first))
                && query.range.touches(last)
            {
                windows.push(Window { attachment, first, place: number(8), length: number(16) });
            }
        }
        Ok(windows)
    }

    pub(super) fn window_rows(&self, window: &Window) -> Result<Vec<MinuteRow>, PartError> {
        let block = self.bytes_at(&window.attachment, window.place, window.length)?;
        decode_rows(&block)
            .map_err(|error: codec::CodecError| self.damaged(format!("the sums in it: {error}")))
    }
}

/// Sums of one group without regard to the minute.
#[derive(Default)]
pub(crate) struct Sums(BTreeMap<Subject, Stats>);

impl Sums {
    pub(crate) fn add(&mut self, row: MinuteRow, budget: &Budget) {
        match self.0.entry(row.key.subject) {
            std::collections::btree_map::Entry::Occupied(mut sum) => sum.get_mut().merge(&row.stats),
            std::collections::btree_map::Entry::Vacant(sum) => {
                sum.insert(row.stats);
                budget.take(ROW_BYTES);
            }
        }
    }

    /// As rows of one minute.
    pub(crate) fn into_rows(self, query: &MinuteQuery) -> Vec<MinuteRow> {
        let minute = query.range.start.minute();
        let sums = self.0.into_iter().filter(|(_, stats)| !stats.is_nothing());
        let key = |subject| MinuteKey { minute, group: query.group.clone(), subject };
        sums.map(|(subject, stats)| MinuteRow { key: key(subject), stats }).collect()
    }
}
