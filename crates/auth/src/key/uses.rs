//! When keys were used last: known to the minute, and written once a minute, since requests come by thousands a second.

use std::collections::BTreeMap;

use model::{Micros, Timestamp};

const BETWEEN_WRITES: Micros = Micros::from_secs(60);

#[derive(Debug)]
pub(super) struct Uses {
    by_id: BTreeMap<String, Timestamp>,
    is_new: bool,
    written_at: Option<Timestamp>,
}

impl Uses {
    pub(super) fn new(by_id: BTreeMap<String, Timestamp>) -> Self {
        Self { by_id, is_new: false, written_at: None }
    }

    pub(super) fn of(&self, id: &str) -> Option<Timestamp> {
        self.by_id.get(id).copied()
    }

    pub(super) fn note(&mut self, id: &str, now: Timestamp) {
        let at = now.minute().start();
        match self.by_id.get_mut(id) {
            Some(known) if *known >= at => {}
            Some(known) => (*known, self.is_new) = (at, true),
            None => {
                self.by_id.insert(id.to_owned(), at);
                self.is_new = true;
            }
        }
    }

    /// What to write now, if anything; keys that are gone are forgotten.
    pub(super) fn due(
        &mut self,
        now: Timestamp,
        is_known: impl Fn(&str) -> bool,
    ) -> Option<BTreeMap<String, Timestamp>> {
        let is_early = self.written_at.is_some_and(|at| at.plus(BETWEEN_WRITES) > now);
        if !self.is_new || is_early {
            return None;
        }
        self.by_id.retain(|id, _| is_known(id));
        (self.is_new, self.written_at) = (false, Some(now));
        Some(self.by_id.clone())
    }
}
