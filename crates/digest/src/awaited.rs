//! Links whose sender has not arrived: a consumer may be done before its producer is. The store keeps them; here they are
//! at hand for the worker of the sender's share.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use model::link::{AwaitedLink, LinkId};
use model::minute::MinuteRow;
use model::{Minute, TraceId, group};
use query::link::{self, Sender};

/// Links that wait for traces of a share at a time, each of some hundred bytes. When there are more, those that wait for
/// the trace that was missed first are given up; they are never drawn on the map.
const MAX_WAITING: usize = 10_000;

/// By the trace that is waited for.
#[derive(Debug)]
pub(crate) struct Awaited {
    by_sender: HashMap<TraceId, Vec<Arc<AwaitedLink>>>,
    /// In the order in which they were first missed; some may have come since.
    missed: VecDeque<TraceId>,
    count: usize,
    most: usize,
}

impl Default for Awaited {
    fn default() -> Self {
        Self { by_sender: HashMap::new(), missed: VecDeque::new(), count: 0, most: MAX_WAITING }
    }
}

/// What a link adds to the minutes of each group.
pub(crate) fn rows<'a>(waiting: &'a AwaitedLink, sender: &'a Sender) -> impl Iterator<Item = MinuteRow> {
    let AwaitedLink { link, groups, .. } = waiting;
    let of_group = |(group, joined): &'a (String, Minute)| link::row(link, sender, group, *joined);
    groups.iter().map(of_group).chain([link::row(link, sender, group::DEFAULT, link.minute)])
}

impl Awaited {
    /// Those that make room are given: they wait no more.
    pub(crate) fn put(&mut self, waiting: Arc<AwaitedLink>) -> Vec<Arc<AwaitedLink>> {
        let mut given_up = Vec::new();
        while self.count >= self.most {
            let Some(oldest) = self.missed.pop_front() else { break };
            given_up.extend(self.take(oldest));
        }
        self.count += 1;
        let sender = waiting.link.from.0;
        let links = self.by_sender.entry(sender).or_default();
        if links.is_empty() {
            self.missed.push_back(sender);
        }
        links.push(waiting);
        if self.missed.len() > 2 * self.most {
            self.missed.retain(|sender| self.by_sender.contains_key(sender));
        }
        given_up
    }

    /// Those that wait for this trace.
    pub(crate) fn take(&mut self, sender: TraceId) -> Vec<Arc<AwaitedLink>> {
        let taken = self.by_sender.remove(&sender).unwrap_or_default();
        self.count -= taken.len();
        taken
    }

    /// Whether this one is at hand.
    pub(crate) fn has(&self, sender: TraceId, id: LinkId) -> bool {
        self.by_sender.get(&sender).is_some_and(|links| links.iter().any(|waiting| waiting.id == id))
    }
}

#[cfg(test)]
mod tests {
    use model::link::ReceivedLink;
    use model::{EntityId, NodeKey, Timestamp};

    use super::*;

    fn waiting(sender: u128) -> Arc<AwaitedLink> {
        let link = ReceivedLink {
            from: (TraceId(sender.to_be_bytes()), EntityId(1)),
            to: NodeKey { name: "consumer".to_owned(), kind: None, account: None },
            at: Timestamp(0),
            minute: Minute(0),
            trace_start: Timestamp(0),
        };
        let id = LinkId { share: 0, read: sender as u64, number: 0 };
        Arc::new(AwaitedLink { id, link, groups: Vec::new() })
    }

    #[test]
    fn those_that_wait_longest_make_room() {
        let mut awaited = Awaited { most: 100, ..Awaited::default() };
        let mut given_up = Vec::new();
        for sender in 0..300 {
            given_up.extend(awaited.put(waiting(sender)).iter().map(|waiting| waiting.id.read));
            if sender % 2 == 0 {
                assert_eq!(awaited.take(TraceId(sender.to_be_bytes())).len(), 1);
            }
        }
        assert_eq!(awaited.count, 100);
        assert!(awaited.missed.len() <= 200);
        assert_eq!(given_up, (1..100).step_by(2).collect::<Vec<_>>());
        assert!(awaited.take(TraceId(99_u128.to_be_bytes())).is_empty());
        assert_eq!(awaited.take(TraceId(101_u128.to_be_bytes())).len(), 1);
        assert_eq!(awaited.count, 99);
        assert!(awaited.has(TraceId(103_u128.to_be_bytes()), waiting(103).id));
    }
}
