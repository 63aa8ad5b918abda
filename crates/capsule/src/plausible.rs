//! Which numbers a capsule may have: times that calendars have, and counts that can be added up without an overflow.
//!
//! What a server digests is so, since its documents are checked at the door and counted one by one. What a stranger wrote
//! need not be.

use model::minute::{Counts, MinuteRow};
use model::sketch::Sketch;
use model::{Micros, Minute, Timestamp, TraceDigest};

/// The end of 9998, as for the times of documents.
const LATEST: i64 = 253_370_764_800_000_000;
/// Of one row, which is years of the busiest service; as many rows as a capsule can hold add up to less than an `i64`.
const MOST: i64 = 1_000_000_000_000;

pub(crate) fn is_time(micros: i64) -> bool {
    (0..LATEST).contains(&micros)
}

pub(crate) fn is_digest(digest: &TraceDigest) -> bool {
    let TraceDigest { start, end, first_received, last_received, root, origin, .. } = digest;
    let times = [start, first_received, last_received].into_iter().chain(end);
    let times = times.chain(root.as_ref().map(|root| &root.start));
    let times = times.chain(origin.as_ref().map(|origin| &origin.at));
    let of_nodes = digest.nodes.iter().flat_map(|node| &node.requests);
    let of_edges = digest.edges.iter().flat_map(|edge| &edge.requests);
    let lengths = root.as_ref().and_then(|root| root.response_time);
    let (mut times, mut requests) = (times.copied(), of_nodes.chain(of_edges));
    times.all(is_instant)
        && lengths.is_none_or(is_length)
        && digest.groups.iter().all(|(_, minute)| is_minute(*minute))
        && requests.all(|request| {
            is_minute(request.minute)
                && [request.response_time, request.duration].into_iter().flatten().all(is_length)
        })
}

pub(crate) fn is_row(row: &MinuteRow) -> bool {
    let stats = &row.stats;
    let Counts { ok, error, throttle, fault } = stats.counts;
    let counts = [ok, error, throttle, fault, stats.presence, stats.roots].into_iter();
    let mut counts = counts.chain(stats.kinds.values().copied()).chain(stats.aliases.values().copied());
    counts.all(is_count)
        && is_minute(row.key.minute)
        && [stats.first_start, stats.last_start].into_iter().flatten().all(is_instant)
        && is_sketch(&stats.response_times)
        && is_sketch(&stats.durations)
}

fn is_instant(time: Timestamp) -> bool {
    is_time(time.0)
}

fn is_minute(minute: Minute) -> bool {
    is_instant(minute.start())
}

fn is_length(time: Micros) -> bool {
    time.0 <= LATEST.unsigned_abs()
}

fn is_count(count: i64) -> bool {
    count.unsigned_abs() <= MOST.unsigned_abs()
}

fn is_sketch(sketch: &Sketch) -> bool {
    let (_, buckets) = sketch.parts();
    buckets.iter().all(|&(time, count)| is_length(Micros(time)) && is_count(count))
}
