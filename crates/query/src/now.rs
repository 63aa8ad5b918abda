//! What is usual, what is broken, since when, and whose fault it is: one engine for the first screen, insights and alarms.
//!
//! ```text
//! digests ─► Ledger::replace ─► Ledger::settle(now) ─► judge(&ledger, range, now) ─► Judgement
//! ```
//! The [`Ledger`] holds what the newest half hour of traces says; [`judge`] reads it and changes nothing, so any number of
//! readers ask at any time and get the same answer for the same moment. Nothing here knows a clock, a store or JSON. Each
//! verdict is a comparison with what was usual before:
//!
//! - *failing* (`failing`): an origin of failures fails more often than before. A total failure is known from its third
//!   trace, a small excess from ten minutes of them; both are one test of chance over several windows (`episode`).
//! - *slow* (`slow`): a service's own time, the way of a call, or the answers of a node that sends nothing, by operation.
//! - *silent* (`silent`): requests or calls that no longer come.
//!
//! Only origins are named. Who fails or waits because of one is listed in its entry as affected.

mod bins;
mod chance;
mod clock;
mod entry;
mod episode;
mod failing;
mod ledger;
mod name;
mod sentence;
mod series;
mod silent;
mod slow;

#[cfg(test)]
mod tests;

use model::{TimeRange, Timestamp};

use crate::version::began_with;

pub use entry::{Background, Entry, Judgement, SPARKS, Skew, Slow, Span, Weight, What};
pub use ledger::Ledger;

/// Clients' requests of so many seconds are told.
const MINUTE: i64 = 60;

/// What goes wrong at the moment, and what went wrong in the range and is over. Call [`Ledger::settle`] before with the
/// same moment.
pub fn judge(ledger: &Ledger, range: TimeRange, now: Timestamp) -> Judgement {
    let (mut entries, background) = failing::failing(ledger, range, now);
    entries.extend(slow::slow(ledger, now, &entries));
    entries.extend(silent::silent(ledger, now, &entries));
    entry::in_order(&mut entries);
    let introduced = if entries.is_empty() { Vec::new() } else { ledger.versions.introduced() };
    for entry in &mut entries {
        let nodes = std::iter::once(&entry.node).chain(&entry.witness).chain(&entry.affected);
        entry.began_with = began_with(nodes, entry.since, &introduced);
        entry.sentence = sentence::of(entry, now);
    }
    let skews = ledger.clocks.wrong().into_iter().filter_map(|(node, millis)| {
        Some(Skew { node: ledger.nodes.get(node)?.clone(), behind_millis: i64::from(millis) })
    });
    let now = now.floor_seconds();
    Judgement {
        entries,
        background,
        skews: skews.collect(),
        requests: ledger.requests.count(now - MINUTE + 1, now + 1),
    }
}
