//! Time series of one selector over rollups.

use model::minute::{MinuteRow, Stats};
use model::{TimeRange, Timestamp};

use crate::selector::Selector;

/// One bucket. It is stamped with its end, as X-Ray does.
#[derive(Debug, Clone)]
pub struct Point {
    pub end: Timestamp,
    /// `None` where rollups exist for the bucket but none of them is selected.
    pub stats: Option<Stats>,
}

/// Newest first: buckets of `period_minutes` whose end lies in `range`, and that have any data at all.
/// Without a selector the edges from clients to roots are summed.
pub fn series(
    _rows: &[MinuteRow],
    _range: TimeRange,
    _period_minutes: i64,
    _selector: Option<&Selector>,
) -> Vec<Point> {
    todo!()
}
