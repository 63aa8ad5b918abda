//! What the mirror may lack: traces that were touched lately, and a time from which on the store is looked through.
//!
//! Appends note their traces here when they have returned, so that what is noted is there to be read. What is noted is bounded; where
//! that does not suffice, as when the mirror is away for long, the store is looked through instead.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use model::{Clock, Micros, Timestamp, TraceId};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// Traces that are noted one by one: some 10 MB.
const MAX_NOTED: usize = 200_000;
/// A document may reach the store so long after it was received, where nothing else is before it.
const ON_THE_WAY: Micros = Micros::from_secs(60);

#[derive(Debug)]
pub(crate) struct Waiting {
    state: Mutex<State>,
    came: Notify,
    clock: Arc<dyn Clock>,
    max_noted: usize,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    /// When the oldest was received of each append that has not returned.
    under_way: BTreeMap<u64, Timestamp>,
    /// With the receipt of the oldest document that may be missing.
    noted: HashMap<TraceId, Timestamp>,
    /// Those that are being compared now.
    taken: Vec<(TraceId, Timestamp)>,
    pass: Option<Pass>,
    is_away: bool,
}

/// What is to be looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pass {
    /// What was received before is in the mirror.
    pub(super) from: Timestamp,
    /// What was received later is noted.
    pub(super) until: Timestamp,
    /// So many documents the store had then.
    pub(super) newest: u64,
}

/// An append that has not returned.
#[derive(Debug)]
pub(super) struct UnderWay(u64);

impl Waiting {
    /// Of what the mirror has nothing is known until it [begins](Self::begin).
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self::bounded(clock, MAX_NOTED)
    }

    fn bounded(clock: Arc<dyn Clock>, max_noted: usize) -> Self {
        let pass = Some(Pass { from: Timestamp::MIN, until: clock.now(), newest: 0 });
        let state = Mutex::new(State { pass, ..State::default() });
        Self { state, came: Notify::new(), clock, max_noted }
    }

    pub(super) fn append_begins(&self, oldest: Timestamp) -> UnderWay {
        let mut state = self.state.lock();
        state.next += 1;
        let number = state.next;
        state.under_way.insert(number, oldest);
        UnderWay(number)
    }

    /// `newest` is how many documents the store has by now. An append that failed counts as well: nobody knows of each document.
    pub(super) fn append_returned(
        &self,
        append: &UnderWay,
        traces: impl IntoIterator<Item = (TraceId, Timestamp)>,
        newest: u64,
    ) {
        let mut state = self.state.lock();
        for (id, received) in traces {
            state.note(id, received);
        }
        if state.noted.len() > self.max_noted {
            let now = self.clock.now();
            let from = state.mark(now);
            state.noted.clear();
            state.pass = Some(Pass { from, until: now.plus(Micros(1)), newest });
        }
        state.under_way.remove(&append.0);
        drop(state);
        self.came.notify_one();
    }

    /// Everything from a time on is looked through.
    pub(super) fn begin(&self, from: Timestamp, now: Timestamp, newest: u64) {
        let mut state = self.state.lock();
        state.pass = Some(Pass { from, until: now.plus(Micros(1)), newest });
    }

    /// So many traces at most, to be compared. The one who takes them tells how that ended before it takes more.
    pub(super) fn take(&self, most: usize) -> Vec<TraceId> {
        let mut state = self.state.lock();
        let ids: Vec<TraceId> = state.noted.keys().take(most).copied().collect();
        state.taken = ids.iter().filter_map(|id| state.noted.remove_entry(id)).collect();
        ids
    }

    pub(super) fn taken_is_there(&self) {
        self.state.lock().taken.clear();
    }

    pub(super) fn put_back(&self) {
        let mut state = self.state.lock();
        let taken = std::mem::take(&mut state.taken);
        taken.into_iter().for_each(|(id, received)| state.note(id, received));
    }

    pub(super) fn pass(&self) -> Option<Pass> {
        self.state.lock().pass
    }

    /// What was received before this was looked through.
    pub(super) fn passed(&self, through: Timestamp) {
        let mut state = self.state.lock();
        if let Some(pass) = &mut state.pass {
            pass.from = through;
            if pass.from >= pass.until {
                state.pass = None;
            }
        }
    }

    /// Waits until something is noted.
    pub(super) async fn came(&self) {
        self.came.notified().await;
    }

    /// What was received before this is in the mirror.
    pub(super) fn mark(&self, now: Timestamp) -> Timestamp {
        self.state.lock().mark(now)
    }

    /// For how many seconds what is missing has been missing; for ever, as long as nothing is known.
    pub(super) fn behind_seconds(&self, now: Timestamp) -> f64 {
        match self.state.lock().oldest() {
            None => 0.0,
            Some(Timestamp::MIN) => f64::INFINITY,
            Some(oldest) => oldest.until(now).as_seconds(),
        }
    }

    pub(super) fn away(&self, is_away: bool) {
        self.state.lock().is_away = is_away;
    }

    /// As people read it.
    pub(crate) fn words(&self, now: Timestamp) -> String {
        let state = self.state.lock();
        let away = if state.is_away { "does not answer; " } else { "" };
        let noted = state.noted.len();
        match (state.pass, state.oldest()) {
            (Some(Pass { from, .. }), _) if from == Timestamp::MIN => {
                format!("{away}compared from the beginning, {noted} new traces wait")
            }
            (Some(Pass { from, .. }), _) => {
                format!(
                    "{away}compared with what came in the last {}, {noted} new traces wait",
                    span(from.until(now))
                )
            }
            (None, Some(oldest)) if noted > 0 => {
                format!("{away}{noted} traces wait, for {}", span(oldest.until(now)))
            }
            (None, _) => format!("{away}has everything"),
        }
    }
}

impl State {
    fn note(&mut self, id: TraceId, received: Timestamp) {
        let oldest = self.noted.entry(id).or_insert(received);
        *oldest = (*oldest).min(received);
    }

    /// Of what is known to be missing perhaps.
    fn oldest(&self) -> Option<Timestamp> {
        let noted = self.noted.values().copied();
        let taken = self.taken.iter().map(|(_, received)| *received);
        noted.chain(taken).chain(self.pass.map(|pass| pass.from)).min()
    }

    fn mark(&self, now: Timestamp) -> Timestamp {
        let under_way = self.under_way.values().copied();
        let all = under_way.chain(self.oldest()).chain([now.minus(ON_THE_WAY)]);
        all.min().unwrap_or(Timestamp::MIN)
    }
}

/// Rounded to what people say.
fn span(length: Micros) -> String {
    let seconds = length.0 / 1_000_000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use model::ManualClock;

    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

    fn id(number: u8) -> TraceId {
        TraceId([number; 16])
    }

    fn ago(seconds: u64) -> Timestamp {
        NOW.minus(Micros::from_secs(seconds))
    }

    /// One that has everything.
    fn waiting(max_noted: usize) -> Waiting {
        let waiting = Waiting::bounded(Arc::new(ManualClock::new(NOW)), max_noted);
        assert_eq!((waiting.mark(NOW), waiting.behind_seconds(NOW)), (Timestamp::MIN, f64::INFINITY));
        waiting.passed(NOW);
        waiting
    }

    #[test]
    fn the_mark_is_before_everything_that_may_be_missing() {
        let waiting = waiting(10);
        assert_eq!(waiting.mark(NOW), ago(60));
        let append = waiting.append_begins(ago(100));
        assert_eq!(waiting.mark(NOW), ago(100), "it may be there and not be noted");
        waiting.append_returned(&append, [(id(1), ago(90)), (id(1), ago(100)), (id(2), ago(95))], 3);
        assert_eq!(waiting.mark(NOW), ago(100));
        assert_eq!(waiting.take(5).len(), 2);
        assert_eq!(waiting.mark(NOW), ago(100), "they are not there yet");
        waiting.put_back();
        assert_eq!((waiting.mark(NOW), waiting.behind_seconds(NOW)), (ago(100), 100.0));
        assert_eq!(waiting.words(NOW), "2 traces wait, for 100 s");
        assert_eq!(waiting.take(5).len(), 2);
        waiting.taken_is_there();
        assert_eq!((waiting.mark(NOW), waiting.behind_seconds(NOW)), (ago(60), 0.0));
        assert_eq!(waiting.words(NOW), "has everything");
    }

    #[test]
    fn too_much_to_be_noted_is_looked_for_in_the_store() {
        let waiting = waiting(2);
        for (number, seconds) in [(1, 300), (2, 200), (3, 100)] {
            let append = waiting.append_begins(ago(seconds));
            waiting.append_returned(&append, [(id(number), ago(seconds))], number.into());
        }
        assert_eq!(waiting.take(5), []);
        let until = NOW.plus(Micros(1));
        assert_eq!(waiting.pass(), Some(Pass { from: ago(300), until, newest: 3 }));
        waiting.away(true);
        assert_eq!(
            waiting.words(NOW),
            "does not answer; compared with what came in the last 5 min, 0 new traces wait"
        );
        waiting.passed(ago(150));
        assert_eq!(waiting.mark(NOW), ago(150));
        waiting.passed(until);
        assert_eq!((waiting.pass(), waiting.mark(NOW)), (None, ago(60)));
    }
}
