//! Which traces lost documents: a bounded memory of their ids.

use std::collections::VecDeque;
use std::sync::Arc;

use model::{Timestamp, TraceId};

use super::Door;

/// Ids that are remembered, oldest forgotten first: well below a megabyte.
pub const REMEMBERED: usize = 8_192;
/// How far into an input an id is looked for; a datagram is no longer.
const SEARCHED_BYTES: usize = 64 << 10;
/// `1-`, eight digits, a dash, 24 digits.
const ID_BYTES: usize = 35;

/// A document of a trace that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    pub trace_id: TraceId,
    pub at: Timestamp,
    pub door: Door,
    pub reason: Arc<str>,
    pub detail: Arc<str>,
}

#[derive(Debug, Default)]
pub(super) struct Memory {
    newest_last: VecDeque<Remembered>,
}

impl Memory {
    pub(super) fn add(&mut self, ids: &[TraceId], at: Timestamp, door: Door, reason: &str, detail: &str) {
        let (reason, detail): (Arc<str>, Arc<str>) = (reason.into(), detail.into());
        for &trace_id in ids.iter().take(REMEMBERED) {
            if self.newest_last.len() == REMEMBERED {
                self.newest_last.pop_front();
            }
            let (reason, detail) = (Arc::clone(&reason), Arc::clone(&detail));
            self.newest_last.push_back(Remembered { trace_id, at, door, reason, detail });
        }
    }

    pub(super) fn of_trace(&self, id: TraceId) -> Vec<Remembered> {
        self.newest_last.iter().rev().filter(|one| one.trace_id == id).cloned().collect()
    }
}

/// The first trace id that stands in an input, which may be anything.
pub fn trace_id_in(input: &[u8]) -> Option<TraceId> {
    let searched = &input[..input.len().min(SEARCHED_BYTES)];
    searched.windows(ID_BYTES).filter(|window| window.starts_with(b"1-")).find_map(|window| {
        let text = std::str::from_utf8(window).ok()?;
        text.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> TraceId {
        TraceId([number; 16])
    }

    #[test]
    fn an_id_is_found_wherever_it_stands() {
        let check =
            |input: &str, expected: Option<TraceId>| assert_eq!(trace_id_in(input.as_bytes()), expected);
        check(&format!("{{\"name\":1-2,\"trace_id\":\"{}\"", id(7)), Some(id(7)));
        check(&format!("1-1-{}", id(7)), Some(id(7)));
        check("1-00000000-0000", None);
        check("", None);
        assert_eq!(trace_id_in(&[b'1', b'-', 0xff].repeat(40)), None);
    }

    #[test]
    fn the_oldest_is_forgotten_first() {
        let mut memory = Memory::default();
        let mut add = |id: TraceId| memory.add(&[id], Timestamp(0), Door::Udp, "InvalidName", "the name");
        add(id(1));
        for _ in 1..REMEMBERED {
            add(id(2));
        }
        assert_eq!(memory.of_trace(id(1)).len(), 1);
        memory.add(&[id(3)], Timestamp(0), Door::Http, "queue_full", "full");
        assert!(memory.of_trace(id(1)).is_empty());
        assert_eq!(&*memory.of_trace(id(3))[0].reason, "queue_full");
    }
}
