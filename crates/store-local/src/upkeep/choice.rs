//! Which parts are merged next. Pure.

use std::ops::Range;
use std::time::Duration;

use model::Timestamp;

use crate::config::Merging;
use crate::manifest::{PartEntry, Table};
use crate::part::merge::INPUT_BYTES;

/// No more parts are merged at once: each takes memory while it is read.
const MOST_PARTS: usize = 16;

/// About what reading a part takes: two batches of rows, these once more in the order of the new part, and of each column a
/// page and its dictionary.
const PART_BYTES: u64 = 4 * INPUT_BYTES;
/// What reading a part of `traces` takes besides, where it does not say.
const UNKNOWN_BYTES: u64 = 8 * 1024 * 1024;

/// A merge takes at most this share of what is free on the disk: one part in so many.
const FREE_SHARE: u64 = 4;
/// Data stays longer than its age by at most this part of it.
const SPANS_AN_AGE: u32 = 8;

impl Merging {
    /// What may be merged now, with so many bytes free, where data stays for an age.
    pub(super) fn bounded(&self, free_bytes: u64, age: Option<Duration>) -> Self {
        let bytes = self.bytes.min(free_bytes / FREE_SHARE);
        let span = age.map_or(self.span, |age| self.span.min(age / SPANS_AN_AGE));
        Self { bytes, span, ..*self }
    }
}

/// The neighbours to merge among the parts of one table, oldest first: as many as may be, and of equally many the
/// oldest.
///
/// Together they are at least half as many times as large as the largest of them as parts are the fewest to merge: four times
/// where those are eight. So the part that a byte lies in grows as much each time it is written again, and that is seldom.
pub(crate) fn choose(parts: &[&PartEntry], fewest: usize, merging: &Merging) -> Option<Range<usize>> {
    let fewest = fewest.max(2);
    let most = MOST_PARTS.max(fewest).min(parts.len());
    (fewest..=most).rev().find_map(|length| {
        (0..=parts.len() - length)
            .map(|first| first..first + length)
            .find(|run| is_good(&parts[run.clone()], merging, fewest as u64))
    })
}

fn is_good(run: &[&PartEntry], merging: &Merging, fewest: u64) -> bool {
    let bytes: u64 = run.iter().map(|part| part.bytes).sum();
    let rows: u64 = run.iter().map(|part| part.rows).sum();
    let largest = run.iter().map(|part| part.bytes).max().unwrap_or(0);
    let oldest = run.iter().filter_map(|part| Some(part.receipt()?.0)).min();
    let newest = run.iter().filter_map(|part| Some(part.receipt()?.1)).max();
    let reading: u64 = run.iter().map(|part| reading_bytes(part)).sum();
    bytes <= merging.bytes
        && rows <= merging.rows
        && reading <= merging.reading_bytes
        && largest.saturating_mul(fewest) <= bytes.saturating_mul(2)
        && oldest.zip(newest).is_none_or(|(oldest, newest)| within(oldest, newest, merging.span))
}

/// About what is in memory of a part while it is merged.
pub(crate) fn reading_bytes(part: &PartEntry) -> u64 {
    let annotations = match part.table {
        Table::Traces => part.reading_bytes.unwrap_or(UNKNOWN_BYTES.min(part.bytes)),
        Table::Spans | Table::Minutes => 0,
    };
    PART_BYTES + annotations
}

fn within(oldest: Timestamp, newest: Timestamp, span: Duration) -> bool {
    u128::from(oldest.until(newest).0) <= span.as_micros()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Fewest;
    use crate::flush::entry;
    use crate::manifest::Table;
    use crate::part::write::Written;

    const MERGING: Merging = Merging {
        parts: Fewest { spans: 3, others: 3 },
        bytes: 1_000,
        rows: 1_000,
        reading_bytes: 1 << 30,
        span: Duration::from_secs(1_000),
    };

    fn check(parts: &[(u64, i64)], expected: Option<(usize, usize)>) {
        check_within(&MERGING, parts, expected);
    }

    /// Each part with its bytes and the second of its receipt.
    fn check_within(merging: &Merging, parts: &[(u64, i64)], expected: Option<(usize, usize)>) {
        let parts: Vec<PartEntry> = parts
            .iter()
            .map(|&(bytes, second)| {
                let received = Timestamp(second * 1_000_000);
                let written = Written { rows: 10, bytes, crc32: 0, key: None, held_bytes: 0 };
                let made = entry(Table::Spans, String::new(), 1, &written);
                PartEntry { received: Some((received, received)), ..made }
            })
            .collect();
        let found = choose(&parts.iter().collect::<Vec<_>>(), 3, merging);
        assert_eq!(found.map(|run| (run.start, run.end)), expected);
    }

    #[test]
    fn few_parts_stay_as_they_are() {
        check(&[], None);
        check(&[(1, 1), (1, 2)], None);
    }

    #[test]
    fn neighbours_of_a_size_are_merged_together() {
        check(&[(1, 1), (1, 2), (1, 3)], Some((0, 3)));
        check(&[(1, 1), (1, 2), (1, 3), (1, 4)], Some((0, 4)));
    }

    #[test]
    fn a_large_part_is_not_written_again_for_a_few_small_ones() {
        check(&[(900, 1), (1, 2), (1, 3)], None);
        check(&[(900, 1), (1, 2), (1, 3), (1, 4)], Some((1, 4)));
        check(&[(300, 1), (100, 2), (200, 3)], Some((0, 3)));
    }

    #[test]
    fn what_is_merged_stays_within_size_and_time() {
        check(&[(400, 1), (400, 2), (400, 3)], None);
        check(&[(1, 1), (1, 2), (1, 2_000)], None);
        check(&[(1, 1), (1, 2_000), (1, 2_001), (1, 2_002)], Some((1, 4)));
    }

    #[test]
    fn a_merge_takes_a_quarter_of_the_free_disk_at_most() {
        let parts = [(40, 1), (40, 2), (40, 3)];
        check_within(&MERGING.bounded(4 * 120, None), &parts, Some((0, 3)));
        check_within(&MERGING.bounded(4 * 120 - 1, None), &parts, None);
        check_within(&MERGING.bounded(0, None), &parts, None);
    }

    #[test]
    fn parts_of_which_too_much_would_be_in_memory_are_merged_fewer_at_a_time_or_not_at_all() {
        let check = |annotations: &[u64], expected: Option<(usize, usize)>| {
            let written = Written { rows: 10, bytes: 1, crc32: 0, key: None, held_bytes: 0 };
            let part = |&bytes: &u64| PartEntry {
                reading_bytes: Some(bytes),
                ..entry(Table::Traces, String::new(), 1, &written)
            };
            let parts: Vec<PartEntry> = annotations.iter().map(part).collect();
            let merging = Merging { reading_bytes: 4 * PART_BYTES + 100, ..MERGING };
            let found = choose(&parts.iter().collect::<Vec<_>>(), 3, &merging);
            assert_eq!(found.map(|run| (run.start, run.end)), expected);
        };
        check(&[0; 5], Some((0, 4)));
        check(&[25; 4], Some((0, 4)));
        check(&[PART_BYTES, 25, 25, 25], Some((0, 3)));
        check(&[PART_BYTES + 100, 0, 0], Some((0, 3)));
        check(&[PART_BYTES + 101, 0, 0], None);
        check(&[PART_BYTES + 101, 0, 0, 0], Some((1, 4)));
    }

    #[test]
    fn a_merged_part_is_no_longer_than_an_eighth_of_the_age() {
        let parts = [(1, 1), (1, 2), (1, 101)];
        check_within(&MERGING.bounded(u64::MAX, Some(Duration::from_secs(800))), &parts, Some((0, 3)));
        check_within(&MERGING.bounded(u64::MAX, Some(Duration::from_secs(792))), &parts, None);
    }
}
