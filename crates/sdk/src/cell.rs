//! Entities while they are open, and the segment they belong to.
//!
//! A cell is shared by its guard, by handles and by the thread-local slots of wherever its work runs. At its end the
//! record moves out of it, under one short lock, into its trunk; the trunk hands records on when the segment ends,
//! or when it holds many. A segment is sent when it ends: what is open then goes out by itself.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use model::{EntityId, TraceId};

use crate::cause::Exception;
use crate::clock::Anchor;
use crate::context::Carried;
use crate::id;
use crate::record::{Record, State};
use crate::recorder::Core;
use crate::stack;
pub(crate) use crate::sync::lock;

/// How many subsegments of a segment may be open at once. More is a leak of the application's.
pub(crate) const MAX_OPEN: usize = 10_000;
/// Errors that are remembered of a segment, to know them again on their way up.
const MAX_CAUSES: usize = 64;

/// An open entity.
#[derive(Debug)]
pub(crate) struct Cell {
    pub(crate) trunk: Arc<Trunk>,
    pub(crate) id: EntityId,
    /// `None` for the segment.
    up: Option<Arc<Cell>>,
    name: Cow<'static, str>,
    start: Instant,
    /// The first end counts.
    is_ended: AtomicBool,
    state: Mutex<State>,
}

/// A segment, as its entities share it.
#[derive(Debug)]
pub(crate) struct Trunk {
    pub(crate) core: Arc<Core>,
    pub(crate) trace_id: TraceId,
    /// Of the segment: who called.
    pub(crate) parent: Option<EntityId>,
    pub(crate) carried: Option<Arc<Carried>>,
    /// The rule that chose it.
    pub(crate) rule: Option<Arc<str>>,
    /// Whether somebody else makes the segment, as in Lambda.
    pub(crate) is_facade: bool,
    pub(crate) anchor: Anchor,
    /// Whether what ends must be told at once, instead of when a thread has some of it: the segment is gone, or errors are
    /// followed on their way up.
    is_urgent: AtomicBool,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    /// Entities that have ended and wait for their segment.
    records: Vec<Record>,
    /// Whether the segment is gone: what ends from then on is a document of its own.
    is_sent: bool,
    causes: Vec<Cause>,
}

/// An error that was recorded, and the entity whose children it has come up to.
#[derive(Debug)]
struct Cause {
    fingerprint: u64,
    exception: EntityId,
    at: EntityId,
}

/// Records that leave together.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) trunk: Arc<Trunk>,
    /// Whether the last one is the segment.
    pub(crate) has_segment: bool,
    pub(crate) records: Vec<Record>,
}

impl Batch {
    /// What it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.records.iter().map(|record| record.state.bytes()).sum()
    }
}

/// What a segment begins with.
#[derive(Debug)]
pub(crate) struct Beginning {
    pub(crate) trace_id: TraceId,
    pub(crate) parent: Option<EntityId>,
    pub(crate) carried: Option<Arc<Carried>>,
    pub(crate) rule: Option<Arc<str>>,
    pub(crate) anchor: Anchor,
    pub(crate) is_facade: bool,
}

impl Cell {
    pub(crate) fn new(
        trunk: Arc<Trunk>,
        up: Option<Arc<Self>>,
        id: EntityId,
        name: Cow<'static, str>,
        start: Instant,
        state: State,
    ) -> Arc<Self> {
        let state = Mutex::new(state);
        Arc::new(Self { trunk, id, up, name, start, is_ended: AtomicBool::new(false), state })
    }

    /// The cell of a segment.
    pub(crate) fn segment(trunk: Arc<Trunk>, id: EntityId, name: Cow<'static, str>) -> Arc<Self> {
        let start = trunk.start();
        Self::new(trunk, None, id, name, start, State::default())
    }

    /// A child, or of the nearest ancestor that is open: one that has ended is nobody's parent. `None` if the
    /// segment has too many open ones.
    pub(crate) fn child(self: &Arc<Self>, name: Cow<'static, str>, state: State) -> Option<Arc<Self>> {
        // Each open entity holds the trunk.
        if Arc::strong_count(&self.trunk) > MAX_OPEN {
            self.trunk.core.counters.too_many_open.one();
            return None;
        }
        let start = Instant::now();
        let (trunk, up) = (Arc::clone(&self.trunk), Some(Arc::clone(self.open_ancestor())));
        Some(Self::new(trunk, up, id::entity_id(), name, start, state))
    }

    /// Itself, or the nearest ancestor that has not ended; the segment if all have.
    pub(crate) fn open_ancestor(self: &Arc<Self>) -> &Arc<Self> {
        let mut cell = self;
        while let Some(up) = cell.up.as_ref().filter(|_| cell.is_ended()) {
            cell = up;
        }
        cell
    }

    pub(crate) fn segment_cell(self: &Arc<Self>) -> &Arc<Self> {
        let mut cell = self;
        while let Some(up) = &cell.up {
            cell = up;
        }
        cell
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.is_ended.load(Relaxed)
    }

    pub(crate) fn is_segment(&self) -> bool {
        self.up.is_none()
    }

    /// Changes what is recorded, unless it has ended.
    pub(crate) fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = lock(&self.state);
        if self.is_ended.load(Relaxed) {
            drop(state);
            self.trunk.core.counters.after_end.one();
            log::debug!(target: "fluoro_sdk", "{:?} ({}) was changed after its end", self.name, self.id);
            return;
        }
        change(&mut state);
    }

    /// Adds exceptions, which are one error and its sources; or refers to those of a descendant, which this error is.
    pub(crate) fn add_cause(&self, exceptions: Vec<Exception>, is_fault: bool) {
        let known = self.trunk.known_cause(self.id, &exceptions);
        let counters = &self.trunk.core.counters;
        self.change(|state| state.add_cause(known, exceptions, is_fault, counters));
    }

    /// Ends it without a trace.
    #[cfg(feature = "aws")]
    pub(crate) fn discard(&self) {
        self.is_ended.store(true, Relaxed);
    }

    pub(crate) fn end(&self) {
        let end = Instant::now();
        let mut state = lock(&self.state);
        if self.is_ended.swap(true, Relaxed) {
            drop(state);
            self.trunk.core.counters.after_end.one();
            return;
        }
        let state = std::mem::take(&mut *state);
        let record = Record {
            id: self.id,
            parent: self.up.as_ref().map(|up| up.id).or(self.trunk.parent),
            name: self.name.clone(),
            start: self.start,
            end: Some(end),
            state,
        };
        if self.is_segment() {
            // What has ended in it on this thread, and is still kept back here.
            stack::tell();
            self.trunk.end_segment(record, &mut Vec::new());
        } else {
            self.trunk.end_subsegment(record);
        }
    }
}

impl Drop for Cell {
    /// Without recursion: there may be ten thousand levels.
    fn drop(&mut self) {
        let mut up = self.up.take();
        while let Some(mut cell) = up.and_then(Arc::into_inner) {
            up = cell.up.take();
        }
    }
}

impl Trunk {
    pub(crate) fn new(core: Arc<Core>, beginning: Beginning) -> Self {
        let Beginning { trace_id, parent, carried, rule, anchor, is_facade } = beginning;
        if !is_facade {
            core.counters.sampled.one();
        }
        // What is in a facade has nothing to wait for.
        let held = Mutex::new(Held { is_sent: is_facade, ..Held::default() });
        let is_urgent = AtomicBool::new(is_facade);
        Self { core, trace_id, parent, carried, rule, is_facade, anchor, is_urgent, held }
    }

    pub(crate) fn start(&self) -> Instant {
        self.anchor.instant()
    }

    /// How many entities that have ended a thread may keep back before it tells of them.
    pub(crate) fn patience(&self) -> usize {
        if self.is_urgent.load(Relaxed) { 0 } else { self.core.streaming }
    }

    pub(crate) fn end_subsegment(self: &Arc<Self>, record: Record) {
        let mut held = lock(&self.held);
        held.pass_on(&record);
        if held.records.capacity() == 0 {
            held.records.reserve(8);
        }
        held.records.push(record);
        self.let_go(held);
    }

    /// The same of some, which are taken.
    pub(crate) fn end_subsegments(self: &Arc<Self>, ended: &mut Vec<Record>) {
        let mut held = lock(&self.held);
        ended.iter().for_each(|record| held.pass_on(record));
        if held.records.is_empty() {
            std::mem::swap(&mut held.records, ended);
        } else {
            held.records.append(ended);
        }
        self.let_go(held);
    }

    /// Hands over what is held, if it is much or its segment is gone.
    fn let_go(self: &Arc<Self>, mut held: MutexGuard<'_, Held>) {
        if held.is_sent || held.records.len() > self.core.streaming {
            let records = std::mem::take(&mut held.records);
            drop(held);
            self.core.hand_over(Batch { trunk: Arc::clone(self), has_segment: false, records });
        }
    }

    /// Ends the segment, with what has ended in it and was not told yet.
    pub(crate) fn end_segment(self: &Arc<Self>, record: Record, ended: &mut Vec<Record>) {
        if self.is_facade {
            return;
        }
        self.is_urgent.store(true, Relaxed);
        let mut held = lock(&self.held);
        held.is_sent = true;
        let mut records = std::mem::take(&mut held.records);
        drop(held);
        if records.is_empty() {
            std::mem::swap(&mut records, ended);
        } else {
            records.append(ended);
        }
        records.reserve_exact(1);
        records.push(record);
        self.core.hand_over(Batch { trunk: Arc::clone(self), has_segment: true, records });
    }

    /// The exception of a descendant that says the same; else these are kept for those above.
    pub(crate) fn known_cause(&self, at: EntityId, exceptions: &[Exception]) -> Option<EntityId> {
        let mut held = lock(&self.held);
        for exception in exceptions {
            let known = [exception.fingerprint(), Exception::text_fingerprint(&exception.message)];
            let is_it = |cause: &&Cause| cause.at == at && known.contains(&cause.fingerprint);
            if let Some(cause) = held.causes.iter().find(is_it) {
                return Some(cause.exception);
            }
        }
        for exception in exceptions {
            if held.causes.len() < MAX_CAUSES {
                self.is_urgent.store(true, Relaxed);
                let seen_as = exception.seen_as.as_deref().map(Exception::text_fingerprint);
                let fingerprint = seen_as.unwrap_or_else(|| exception.fingerprint());
                // Not under `at` itself: an entity may have the same error twice.
                held.causes.push(Cause { fingerprint, exception: exception.id, at: exception.id });
            }
        }
        None
    }
}

impl Held {
    /// What an entity recorded is from its end on known to its parent.
    fn pass_on(&mut self, record: &Record) {
        if self.causes.is_empty() {
            return;
        }
        let Some(parent) = record.parent else { return };
        let own = record.state.extra.as_ref().map(|extra| &extra.exceptions);
        for cause in &mut self.causes {
            let is_own = own.is_some_and(|own| own.iter().any(|exception| exception.id == cause.exception));
            if cause.at == record.id || is_own && cause.at == cause.exception {
                cause.at = parent;
            }
        }
    }
}
