//! Links whose sender has not arrived: a consumer may be done before its producer is.

use std::collections::{HashMap, VecDeque};

use model::minute::MinuteRow;
use model::{Minute, TraceId, group};
use query::link::{self, Received, Sender};

/// Links that wait at a time, each of some hundred bytes. When there are more, those that wait for the trace that was
/// missed first are given up; they are never drawn on the map, nor are those that still wait when the process ends.
const MAX_WAITING: usize = 10_000;

/// A link with the groups that its trace was in.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) link: Received,
    pub(crate) groups: Vec<(String, Minute)>,
}

/// By the trace that is waited for.
#[derive(Debug, Default)]
pub(crate) struct Awaited {
    by_sender: HashMap<TraceId, Vec<Waiting>>,
    /// In the order in which they were first missed; some may have come since.
    missed: VecDeque<TraceId>,
    count: usize,
}

impl Waiting {
    /// What it adds to the minutes of each group.
    pub(crate) fn rows(&self, sender: &Sender) -> Vec<MinuteRow> {
        let of_group = |(group, joined): &(String, Minute)| link::row(&self.link, sender, group, *joined);
        let default = link::row(&self.link, sender, group::DEFAULT, self.link.minute);
        self.groups.iter().map(of_group).chain([default]).collect()
    }
}

impl Awaited {
    pub(crate) fn put(&mut self, waiting: Waiting) {
        while self.count >= MAX_WAITING {
            let Some(oldest) = self.missed.pop_front() else { return };
            self.take(oldest);
        }
        self.count += 1;
        let sender = waiting.link.from.0;
        let links = self.by_sender.entry(sender).or_default();
        if links.is_empty() {
            self.missed.push_back(sender);
        }
        links.push(waiting);
        if self.missed.len() > 2 * MAX_WAITING {
            self.missed.retain(|sender| self.by_sender.contains_key(sender));
        }
    }

    /// Those that wait for this trace.
    pub(crate) fn take(&mut self, sender: TraceId) -> Vec<Waiting> {
        let taken = self.by_sender.remove(&sender).unwrap_or_default();
        self.count -= taken.len();
        taken
    }
}

#[cfg(test)]
mod tests {
    use model::{EntityId, NodeKey, Timestamp};

    use super::*;

    fn waiting(sender: u128) -> Waiting {
        let link = Received {
            from: (TraceId(sender.to_be_bytes()), EntityId(1)),
            to: NodeKey { name: "consumer".to_owned(), kind: None, account: None },
            at: Timestamp(0),
            minute: Minute(0),
            trace_start: Timestamp(0),
        };
        Waiting { link, groups: Vec::new() }
    }

    #[test]
    fn those_that_wait_longest_make_room() {
        let mut awaited = Awaited::default();
        for sender in 0..3 * MAX_WAITING as u128 {
            awaited.put(waiting(sender));
            if sender % 2 == 0 {
                assert_eq!(awaited.take(TraceId(sender.to_be_bytes())).len(), 1);
            }
        }
        assert_eq!(awaited.count, MAX_WAITING);
        assert!(awaited.missed.len() <= 2 * MAX_WAITING);
        let first_kept = MAX_WAITING as u128 + 1;
        assert!(awaited.take(TraceId((first_kept - 2).to_be_bytes())).is_empty());
        assert_eq!(awaited.take(TraceId(first_kept.to_be_bytes())).len(), 1);
        assert_eq!(awaited.count, MAX_WAITING - 1);
    }
}
