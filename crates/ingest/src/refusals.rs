//! What was refused lately and why: a count a reason, the last few with an excerpt, and the trace ids of the last few
//! thousand, so that the doctor can tell what became of a trace.

mod memory;

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};

use model::{Micros, Timestamp, TraceId};
use parking_lot::Mutex;

use self::memory::Memory;
pub use self::memory::{REMEMBERED, Remembered, trace_id_in};
use crate::metrics;

/// How many refusals are kept for people to look at.
const RING: usize = 100;
/// Of an excerpt, and of a detail: enough to recognise a document by, too little to fill memory with.
const EXCERPT_BYTES: usize = 256;
const DETAIL_BYTES: usize = 512;
/// Reasons are words of ours and some dozens; should a caller pass on an attacker's text, memory and the
/// metric's labels stay bounded all the same.
const MAX_REASONS: usize = 64;
const OTHER_REASON: &str = "other";
/// A full queue drops thousands a second, all for one reason; the ring shows it at most this often.
const DROP_SHOWN_EVERY: Micros = Micros::from_secs(1);

/// Through which door a document came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Door {
    Udp,
    Http,
    Otlp,
}

/// One input that was refused.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub at: Timestamp,
    pub door: Door,
    /// A bounded set of words, also the metric's label, such as `InvalidName` or `queue_full`.
    pub reason: String,
    /// What is wrong and what to do, for people.
    pub detail: String,
    /// The first bytes of the input, cut and lossy; an attacker's text. [`excerpt`] makes it.
    pub excerpt: String,
}

/// Counts by door and reason, and a ring of the newest.
#[derive(Debug, Default)]
pub struct Refusals {
    received: [AtomicU64; Door::ALL.len()],
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    counts: BTreeMap<(Door, String), u64>,
    recent: VecDeque<Refusal>,
    memory: Memory,
    /// When a drop was last shown in the ring, by door and reason.
    shown: BTreeMap<(Door, &'static str), Timestamp>,
}

impl Door {
    pub const ALL: [Self; 3] = [Self::Udp, Self::Http, Self::Otlp];

    /// The metric's label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Http => "http",
            Self::Otlp => "otlp",
        }
    }
}

impl Refusals {
    /// Counts an input that a door refused by itself: as received, and as refused. What was handed to
    /// [`offer`](crate::Ingest::offer) or [`submit`](crate::Ingest::submit) is counted there.
    pub fn record(&self, refusal: Refusal) {
        let id = trace_id_in(refusal.excerpt.as_bytes());
        self.take(refusal, id);
    }

    /// Counts several inputs that came together and were refused for one reason, and shows one of them.
    pub fn record_several(&self, refusal: Refusal, count: u64) {
        let (door, reason) = (refusal.door, refusal.reason.clone());
        if count == 0 {
            return;
        }
        self.record(refusal);
        let more = count - 1;
        self.count_received(door, usize::try_from(more).unwrap_or(usize::MAX));
        self.inner.lock().count(door, &reason, more);
    }

    /// The same, with the trace id that stands anywhere in the input.
    pub fn record_input(&self, refusal: Refusal, input: &[u8]) {
        self.take(refusal, trace_id_in(input));
    }

    fn take(&self, refusal: Refusal, id: Option<TraceId>) {
        self.count_received(refusal.door, 1);
        let mut inner = self.inner.lock();
        inner.count(refusal.door, &refusal.reason, 1);
        inner.memory.add(id.as_slice(), refusal.at, refusal.door, &refusal.reason, &refusal.detail);
        inner.show(refusal);
    }

    /// What is remembered of refused documents of a trace, newest first. It is forgotten after some thousand others,
    /// and on a restart.
    pub fn of_trace(&self, id: TraceId) -> Vec<Remembered> {
        self.inner.lock().memory.of_trace(id)
    }

    /// Newest first, at most a hundred.
    pub fn recent(&self) -> Vec<Refusal> {
        self.inner.lock().recent.iter().rev().cloned().collect()
    }

    /// Since the start: (door, reason, count).
    pub fn counts(&self) -> Vec<(Door, String, u64)> {
        let inner = self.inner.lock();
        inner.counts.iter().map(|((door, reason), count)| (*door, reason.clone(), *count)).collect()
    }

    /// Since the start: documents received (accepted or not) by door.
    pub fn received(&self) -> Vec<(Door, u64)> {
        Door::ALL
            .into_iter()
            .map(|door| (door, self.received[door as usize].load(Ordering::Relaxed)))
            .collect()
    }

    pub(crate) fn count_received(&self, door: Door, documents: usize) {
        self.received[door as usize].fetch_add(documents as u64, Ordering::Relaxed);
        metrics::RECEIVED.with_label_values(&[door.label()]).inc_by(documents as u64);
    }

    /// Counts documents that were received, counted as such, and then dropped by the pipeline.
    pub(crate) fn count_dropped(&self, dropped: &Dropped<'_>) {
        let mut inner = self.inner.lock();
        inner.count(dropped.door, dropped.reason, dropped.documents as u64);
        inner.memory.add(dropped.trace_ids, dropped.at, dropped.door, dropped.reason, dropped.detail);
        let key = (dropped.door, dropped.reason);
        if inner.shown.get(&key).is_some_and(|last| last.until(dropped.at) < DROP_SHOWN_EVERY) {
            return;
        }
        inner.shown.insert(key, dropped.at);
        inner.show(Refusal {
            at: dropped.at,
            door: dropped.door,
            reason: dropped.reason.to_owned(),
            detail: dropped.detail.to_owned(),
            excerpt: excerpt(dropped.example),
        });
    }
}

/// Documents that the pipeline took or was offered, and could not keep.
pub(crate) struct Dropped<'a> {
    pub(crate) at: Timestamp,
    pub(crate) door: Door,
    pub(crate) documents: usize,
    /// Of some of them.
    pub(crate) trace_ids: &'a [TraceId],
    pub(crate) reason: &'static str,
    pub(crate) detail: &'a str,
    /// The bytes of one of them.
    pub(crate) example: &'a [u8],
}

impl Inner {
    fn count(&mut self, door: Door, reason: &str, by: u64) {
        let key = (door, clean(reason, EXCERPT_BYTES));
        let is_new = !self.counts.contains_key(&key);
        let key =
            if is_new && self.counts.len() >= MAX_REASONS { (door, OTHER_REASON.to_owned()) } else { key };
        metrics::REFUSED.with_label_values(&[key.0.label(), &key.1]).inc_by(by);
        *self.counts.entry(key).or_default() += by;
    }

    fn show(&mut self, mut refusal: Refusal) {
        refusal.reason = clean(&refusal.reason, EXCERPT_BYTES);
        refusal.detail = clean(&refusal.detail, DETAIL_BYTES);
        refusal.excerpt = clean(&refusal.excerpt, EXCERPT_BYTES);
        if self.recent.len() == RING {
            self.recent.pop_front();
        }
        self.recent.push_back(refusal);
    }
}

/// The beginning of an input as text that can be shown anywhere: cut, and without control characters.
pub fn excerpt(input: &[u8]) -> String {
    let cut = &input[..input.len().min(EXCERPT_BYTES)];
    clean(&String::from_utf8_lossy(cut), EXCERPT_BYTES)
}

fn clean(text: &str, limit_bytes: usize) -> String {
    let mut clean = String::with_capacity(text.len().min(limit_bytes));
    for character in text.chars() {
        let character = printable(character);
        if clean.len() + character.len_utf8() > limit_bytes {
            break;
        }
        clean.push(character);
    }
    clean
}

/// Terminals act on control characters, and the marks that turn the direction of text make a line read
/// as something that it is not.
fn printable(character: char) -> char {
    match character {
        '\n' | '\r' | '\t' => ' ',
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {
            '\u{fffd}'
        }
        character if character.is_control() => '\u{fffd}',
        character => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(reason: &str, excerpt: &str) -> Refusal {
        Refusal {
            at: Timestamp(0),
            door: Door::Udp,
            reason: reason.to_owned(),
            detail: "detail".to_owned(),
            excerpt: excerpt.to_owned(),
        }
    }

    #[test]
    fn an_excerpt_is_short_and_safe_to_print() {
        let check = |input: &[u8], expected: &str| assert_eq!(excerpt(input), expected);
        check(b"{\"a\":1}\nnext", "{\"a\":1} next");
        check(b"\x1b[31mred\x07", "\u{fffd}[31mred\u{fffd}");
        check("a\u{202e}b".as_bytes(), "a\u{fffd}b");
        check(b"\xff\xfe", "\u{fffd}\u{fffd}");
        assert!(excerpt(&[b'x'; 70_000]).len() == EXCERPT_BYTES);
        // Each broken byte becomes three; the limit holds for what comes out.
        assert!(excerpt(&[0xff; 70_000]).len() <= EXCERPT_BYTES);
    }

    #[test]
    fn the_newest_refusal_comes_first_and_the_hundred_and_first_leaves() {
        let refusals = Refusals::default();
        for number in 0..=RING {
            refusals.record(refusal("ParseError", &number.to_string()));
        }
        let recent = refusals.recent();
        assert_eq!(recent.len(), RING);
        assert_eq!((recent[0].excerpt.as_str(), recent[RING - 1].excerpt.as_str()), ("100", "1"));
        assert_eq!(refusals.counts(), [(Door::Udp, "ParseError".to_owned(), 101)]);
        assert_eq!(refusals.received()[0], (Door::Udp, 101));
    }

    #[test]
    fn reasons_out_of_bounds_are_counted_as_other() {
        let refusals = Refusals::default();
        for number in 0..1_000 {
            refusals.record(refusal(&format!("made up {number}"), ""));
        }
        let counts = refusals.counts();
        assert!(counts.len() <= MAX_REASONS + Door::ALL.len());
        assert_eq!(counts.iter().map(|(_, _, count)| count).sum::<u64>(), 1_000);
        assert!(counts.iter().any(|(_, reason, _)| reason == OTHER_REASON));
    }

    #[test]
    fn a_flood_of_drops_does_not_push_other_refusals_out_of_sight() {
        let refusals = Refusals::default();
        refusals.record(refusal("ParseError", "mine"));
        for _ in 0..10_000 {
            refusals.count_dropped(&Dropped {
                at: Timestamp(0),
                door: Door::Udp,
                documents: 1,
                trace_ids: &[],
                reason: "queue_full",
                detail: "",
                example: b"",
            });
        }
        assert_eq!(refusals.recent().len(), 2);
        assert_eq!(refusals.counts()[1], (Door::Udp, "queue_full".to_owned(), 10_000));
    }
}
