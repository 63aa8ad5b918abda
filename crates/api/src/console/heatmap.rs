//! The picture above the list of traces: how many began when, and how long they took.

use model::segment::Outcome;
use model::{TimeRange, TraceDigest};
use query::bins::{self, Columns};

use crate::shape;
use crate::shape::stats::{millis, millis_at};

const MAX_COLUMNS: u64 = 90;
/// Bins of [`bins`] that make a row: ten rows to a decade.
const BINS_OF_ROW: usize = 2;
const ROWS: usize = bins::BINS.div_ceil(BINS_OF_ROW);

/// Of a fixed size, whatever is added.
#[derive(Debug)]
pub(super) struct Heatmap {
    columns: Columns,
    /// Column by column; all traces of a cell, and those that went wrong.
    cells: Vec<(u32, u32)>,
}

impl Heatmap {
    pub(super) fn of(range: TimeRange) -> Self {
        let columns = Columns::of(range, MAX_COLUMNS);
        Self { columns, cells: vec![(0, 0); columns.count * ROWS] }
    }

    /// A trace without a response time is in no row.
    pub(super) fn add(&mut self, digest: &TraceDigest) {
        let Some(time) = digest.response_time() else {
            return;
        };
        // The first bin has no pair, since the edges of rows are those of whole decades.
        let row = bins::bin_of(time).div_ceil(BINS_OF_ROW);
        let cell = &mut self.cells[self.columns.place(digest.start) * ROWS + row.min(ROWS - 1)];
        cell.0 = cell.0.saturating_add(1);
        cell.1 = cell.1.saturating_add(u32::from(digest.flags().outcome() != Outcome::Ok));
    }

    pub(super) fn finish(&self) -> shape::Heatmap {
        let used = self.cells.iter().enumerate().filter(|(_, (count, _))| *count > 0);
        let rows = used.clone().map(|(place, _)| place % ROWS);
        let (first, last) = (rows.clone().min().unwrap_or(0), rows.max().unwrap_or(0));
        let short = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let edge = |row: usize| match row {
            0 => 0.0,
            row => millis(bins::edge(row * BINS_OF_ROW - 1)),
        };
        shape::Heatmap {
            start: millis_at(self.columns.start),
            step: millis(self.columns.step),
            columns: short(self.columns.count),
            edges: (first..=last + 1).map(edge).collect(),
            cells: used
                .map(|(place, &(count, bad))| shape::HeatCell {
                    column: short(place / ROWS),
                    row: short(place % ROWS - first),
                    count,
                    bad,
                })
                .collect(),
        }
    }
}
