//! What is usual, what is broken, since when, and whose fault it is: one engine for the first screen, insights and alarms.
//!
//! ```text
//! digests ─► Ledger::replace ─► Ledger::look(range, now) ─► Judgement
//! ```
//! The [`Ledger`] holds what the newest half hour of traces says; any number of readers look at any time and get the same
//! answer for the same moment. What was told as slow or silent stays until there is evidence that it is over (`memory`).
//! Nothing here knows a clock, a store or JSON. Each verdict is a comparison with what was usual before:
//!
//! - *failing* (`failing`): an origin of failures fails more often than before. A total failure is known from its second
//!   trace, one that says itself that it is no chance from its first, a small excess from ten minutes of them (`episode`).
//!   What the last day knows better than the last half hour, [`Days`] says (`day`).
//! - *slow* (`slow`): a service's own time, the way of a call, or the answers of a node that sends nothing, by operation.
//! - *silent* (`silent`): requests or calls that no longer come.
//!
//! Only origins are named. Who fails or waits because of one is listed in its entry as affected.

mod bins;
mod chance;
mod clock;
mod day;
mod entry;
mod episode;
mod failing;
mod ledger;
mod memory;
mod name;
mod sentence;
mod series;
mod silent;
mod slow;

#[cfg(test)]
pub(crate) mod tests;

use memory::Told;
use model::{TimeRange, Timestamp};

use crate::version::began_with;

pub use day::{Apart, BIN_MINUTES, Bin, Counted, Course, Day, Days, Excess, Usual};
pub use entry::{Background, Entry, Judgement, SPARKS, Skew, Slow, Span, Weight, What};
pub use ledger::{Ledger, Names};

pub(crate) use chance::{at_least, at_most};

/// Clients' requests of so many seconds are told.
const MINUTE: i64 = 60;

impl Ledger {
    /// The nodes whose clocks are off, the worst first.
    pub fn skews(&self) -> Vec<Skew> {
        let skew = |(node, millis)| {
            Some(Skew { node: self.nodes.get(node)?.clone(), behind_millis: i64::from(millis) })
        };
        self.clocks.wrong().into_iter().filter_map(skew).collect()
    }

    /// What goes wrong at the moment, and what went wrong in the range and is over.
    pub fn look(&mut self, range: TimeRange, now: Timestamp) -> Judgement {
        self.settle(now);
        let (judgement, told) = judge(self, range, now);
        self.remember(told, now);
        judgement
    }
}

fn judge(ledger: &Ledger, range: TimeRange, now: Timestamp) -> (Judgement, Told) {
    let mut told = Told::default();
    let (mut entries, background) = failing::failing(ledger, range, now, &mut told);
    entries.extend(slow::slow(ledger, now, &entries, &mut told));
    entries.extend(silent::silent(ledger, now, &entries, &mut told));
    entry::in_order(&mut entries);
    let introduced = if entries.is_empty() { Vec::new() } else { ledger.versions.introduced() };
    for entry in &mut entries {
        let nodes = std::iter::once(&entry.node).chain(&entry.witness).chain(&entry.affected);
        entry.began_with = began_with(nodes, entry.since, &introduced);
        entry.say(now);
    }
    let now = now.floor_seconds();
    let judgement = Judgement {
        entries,
        background,
        skews: ledger.skews(),
        requests: ledger.requests.count(now - MINUTE + 1, now + 1),
    };
    (judgement, told)
}
