//! What the last day says of failures, minute by minute: the slow half of the judge, beside what it sees within seconds.
//!
//! The ledger knows forty minutes. That is enough to see within seconds that something fails as a whole, and too little to know
//! that it fails a little at this time every night. A [`Days`] counts five minutes at a time for a day, for each node where
//! failures begin, and says of a finished minute whether more fails than a day explains: a binomial test against the highest
//! share that is usual, over windows of 1, 3 and 10 minutes, with yesterday's same time in what is usual.
//!
//! It tells the [`Ledger`] two things of each node: below which share failures are usual, so that nobody is told of them, and
//! since when there is an excess, so that it is told even where the ledger took it for usual.

mod course;
mod usual;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use model::{Minute, NodeKey, Timestamp};

use super::ledger::Ledger;
use crate::insight::{Category, Insight};

use course::bin_of;
pub use course::{Course, Excess};
pub use usual::{Apart, BIN_MINUTES, Bin, Usual};

/// Nodes that are followed, some 8 KB each; failures of further ones are judged by the ledger alone.
const MAX_NODES: usize = 2_000;

/// Of each node where failures begin.
#[derive(Debug, Default)]
pub struct Days {
    courses: HashMap<NodeKey, Course>,
    newest: Option<Minute>,
}

/// What was counted of a node in a bin.
pub type Counted = (NodeKey, Bin);

/// What the day says of a node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Day {
    /// A share of failures below this is usual.
    pub limit: f64,
    /// The highest share that a day explains, as far as chance does not.
    pub highest: f64,
    pub excess: Option<Excess>,
}

impl Days {
    /// The newest minute that was taken.
    pub fn newest(&self) -> Option<Minute> {
        self.newest
    }

    /// Takes the bins that an earlier process kept, oldest first.
    pub fn restore(&mut self, counted: impl IntoIterator<Item = Counted>) {
        for (node, bin) in counted {
            let last = Minute((bin.at + 1) * BIN_MINUTES - 1);
            self.newest = self.newest.max(Some(last));
            self.course(&node).into_iter().for_each(|course| course.restore(bin));
        }
    }

    /// What a bin that is finished counted, to be kept.
    pub fn bin(&self, at: i64) -> Vec<Counted> {
        let counted = self.courses.iter().filter_map(|(node, course)| Some((node.clone(), course.bin(at)?)));
        let mut counted: Vec<Counted> = counted.collect();
        counted.sort_by(|one, other| one.0.cmp(&other.0));
        counted
    }

    /// Takes the minute, which is finished and digested, and tells the ledger what the day says. `insights` say when something
    /// was known to be wrong, which is not what is usual.
    pub fn step(&mut self, ledger: &mut Ledger, insights: &[Insight], minute: Minute) {
        if self.newest.is_some_and(|newest| newest >= minute) {
            return;
        }
        self.newest = Some(minute);
        let now = minute.end();
        let mut counts: HashMap<NodeKey, (u64, u64)> = ledger.counts_of(minute).into_iter().collect();
        let quiet: Vec<NodeKey> =
            self.courses.keys().filter(|node| !counts.contains_key(*node)).cloned().collect();
        counts.extend(quiet.into_iter().map(|node| (node, (0, 0))));
        let mut days = Vec::new();
        for (node, (requests, failing)) in counts {
            let apart = apart(insights, &node, now);
            let Some(course) = self.course(&node) else { continue };
            course.step(minute, requests, failing, &apart);
            if let Some(usual) = course.usual().filter(Usual::is_known) {
                days.push((
                    node,
                    Day { limit: usual.least_excess(), highest: usual.highest, excess: course.excess() },
                ));
            }
        }
        if minute.0 % 60 == 0 {
            self.courses.retain(|_, course| !course.is_forgotten(minute));
        }
        ledger.learn_days(days);
    }

    fn course(&mut self, node: &NodeKey) -> Option<&mut Course> {
        if self.courses.len() >= MAX_NODES && !self.courses.contains_key(node) {
            return None;
        }
        Some(self.courses.entry(node.clone()).or_default())
    }
}

/// When something was known to be wrong with a node, and a bin to both sides: begin and end are known to the minute at best, and one
/// bin of an outage that counts as usual hides the next one for a day where there are many requests.
fn apart(insights: &[Insight], node: &NodeKey, now: Timestamp) -> Vec<(i64, i64)> {
    let about = insights
        .iter()
        .filter(|one| one.category == Category::Fault && (one.root == *node || one.members.contains(node)));
    about.map(|one| (bin_of(one.start.minute()) - 1, bin_of(one.end.unwrap_or(now).minute()) + 1)).collect()
}
