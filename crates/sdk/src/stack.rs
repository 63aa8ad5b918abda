//! What is current on this thread: the entities that guards, closures and futures made so, the innermost last.
//!
//! A subsegment that is entered where it begins is known to nobody but its guard, until somebody asks for a handle on it.
//! So long it lies in the stack itself: it needs no memory of its own, and no lock but the segment's at its end.

mod entry;

use std::borrow::Cow;
use std::cell::{Cell as Slot, RefCell};
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::time::Instant;

use model::{EntityId, TraceId};
use wire::TraceHeader;

use crate::cause::Exception;
use crate::cell::{Cell, MAX_OPEN, Trunk};
use crate::context::{self, Kind};
use crate::id;
use crate::record::{Namespace, State};
use crate::spare::Spare;
use crate::stack::entry::{Entry, Local, Stack, What};
use crate::stats::Counters;
use crate::value::AnnotationValue;

thread_local! {
    static STACK: RefCell<Stack> =
        const { RefCell::new(Stack::new()) };
    /// What the last entry is. It needs no destructor, so that a look at it is a load.
    static NOW: Slot<Now> = const { Slot::new(Now::Nothing) };
}

/// What is current, without a look at it. Its bits are told apart by [`HEEDED`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Now {
    Unsampled = 0b00,
    Nothing = 0b01,
    Sampled = 0b11,
}

/// The bits of [`Now`] where the beginning of a subsegment is more than nothing: what is recorded, and, once a recorder is
/// installed that hears of it, what has no segment.
static HEEDED: AtomicU8 = AtomicU8::new(0b10);

/// From now on somebody hears where there is no segment.
pub(crate) fn heed_nothing() {
    HEEDED.store(0b11, Relaxed);
}

/// Whether the beginning of a subsegment is more than nothing here: two loads and one branch, also where no recorder is.
#[inline]
pub(crate) fn is_heeded() -> bool {
    now() as u8 & HEEDED.load(Relaxed) != 0
}

/// What is current, in one load.
#[inline]
pub(crate) fn now() -> Now {
    NOW.with(Slot::get)
}

/// Not by `LocalKey::set`, which is made for keys that may not be there yet.
#[inline]
fn set_now(now: Now) {
    NOW.with(|slot| slot.set(now));
}

/// The current entity where it is recorded, wherever it lies.
pub(crate) enum Open<'a> {
    Shared(&'a Cell),
    Local { id: EntityId, state: &'a mut State, trunk: &'a Arc<Trunk>, spare: Option<&'a mut Spare> },
}

/// What a value is put into.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target<'a> {
    Current,
    /// Of a guard, by its serial.
    Entered(u64),
    Cell(&'a Cell),
}

impl Target<'_> {
    /// Acts on it, if it is recorded.
    pub(crate) fn with(self, act: impl FnOnce(Open<'_>)) {
        match self {
            Self::Cell(cell) => act(Open::Shared(cell)),
            Self::Current => with_open(act),
            Self::Entered(serial) => with_local(serial, act),
        }
    }
}

impl<'a> Open<'a> {
    pub(crate) fn counters(&self) -> &'a Counters {
        match self {
            Self::Shared(cell) => &cell.trunk.core.counters,
            Self::Local { trunk, .. } => &trunk.core.counters,
        }
    }

    pub(crate) fn change(self, change: impl FnOnce(&mut State)) {
        match self {
            Self::Shared(cell) => cell.change(change),
            Self::Local { state, .. } => change(state),
        }
    }

    /// Annotates it, where the thread can in memory that was left over.
    #[inline]
    pub(crate) fn annotate(mut self, key: Cow<'static, str>, value: AnnotationValue) {
        if let Self::Local { state, spare: Some(spare), .. } = &mut self
            && state.annotations.capacity() == 0
        {
            state.annotations = mem::take(&mut spare.annotations);
        }
        self.put(|state| state.annotate(key, value));
    }

    /// Changes it, and counts an attribute for which there was no room.
    #[inline]
    pub(crate) fn put(self, put: impl FnOnce(&mut State) -> bool) {
        let counters = self.counters();
        self.change(|state| {
            if !put(state) {
                counters.attributes.one();
            }
        });
    }

    pub(crate) fn add_cause(self, exceptions: Vec<Exception>, is_fault: bool) {
        match self {
            Self::Shared(cell) => cell.add_cause(exceptions, is_fault),
            Self::Local { id, state, trunk, .. } => {
                let known = trunk.known_cause(id, &exceptions);
                state.add_cause(known, exceptions, is_fault, &trunk.core.counters);
            }
        }
    }
}

/// Nothing while the thread ends, and within `act` itself, such as in a logger that it calls.
#[inline]
fn access<R>(act: impl FnOnce(&mut Stack) -> R) -> Option<R> {
    let acted = STACK.try_with(|stack| {
        let mut stack = stack.try_borrow_mut().ok()?;
        Some(act(&mut stack))
    });
    acted.ok().flatten()
}

/// Looks at what is current, for which others may get handles then.
pub(crate) fn with<R>(look: impl FnOnce(&Kind) -> R) -> R {
    let mut look = Some(look);
    if now() != Now::Nothing {
        let seen = access(|stack| {
            let last = stack.entries.len().checked_sub(1)?;
            stack.share(last);
            match (&stack.entries[last].what, look.take()) {
                (What::Shared(kind), Some(look)) => Some(look(kind)),
                _ => None,
            }
        });
        if let Some(Some(seen)) = seen {
            return seen;
        }
    }
    match look {
        Some(look) => look(&Kind::Nothing),
        None => unreachable!("whoever took the closure has answered"),
    }
}

#[inline]
fn with_open(act: impl FnOnce(Open<'_>)) {
    if now() != Now::Sampled {
        return;
    }
    access(|stack| {
        if let Some(open) = stack.entries.len().checked_sub(1).and_then(|last| stack.open(last)) {
            act(open);
        }
    });
}

/// The ids of what is current: the trace, and the entity where it is recorded.
pub(crate) fn ids() -> Option<(TraceId, Option<EntityId>)> {
    if now() == Now::Nothing {
        return None;
    }
    access(|stack| {
        let last = stack.entries.len().checked_sub(1)?;
        match &stack.entries[last].what {
            What::Shared(Kind::Nothing) => None,
            What::Shared(Kind::Unsampled(unsampled)) => Some((unsampled.trace_id, None)),
            What::Shared(Kind::Sampled(cell)) => Some((cell.trunk.trace_id, Some(cell.id))),
            What::Local(local) => Some((stack.trunk(last)?.trace_id, Some(local.id))),
        }
    })?
}

/// The header for a call that is made now.
pub(crate) fn header() -> Option<TraceHeader> {
    if now() == Now::Nothing {
        return None;
    }
    access(|stack| {
        let last = stack.entries.len().checked_sub(1)?;
        match &stack.entries[last].what {
            What::Shared(kind) => kind.header(),
            What::Local(local) => {
                let trunk = stack.trunk(last)?;
                Some(context::recorded_header(trunk.trace_id, local.id, trunk.carried.as_ref()))
            }
        }
    })?
}

/// Makes an entity current, and gives the serial to [`leave`] it by. 0 where nothing need be put back: it is current already,
/// as below what is not recorded.
#[inline]
pub(crate) fn enter(kind: &Kind) -> u64 {
    if now() == Now::Nothing && matches!(kind, Kind::Nothing) { 0 } else { enter_else(kind) }
}

fn enter_else(kind: &Kind) -> u64 {
    let entered = access(|stack| match stack.entries.last() {
        Some(Entry { what: What::Shared(known), .. }) if known.is_same(kind) => 0,
        _ => stack.push(What::Shared(kind.clone())),
    });
    entered.unwrap_or(0)
}

/// What is not recorded and current, or was before something within it became so.
pub(crate) fn unsampled() -> Kind {
    let found = access(|stack| {
        let mut kinds = stack.entries.iter().rev().filter_map(|entry| match &entry.what {
            What::Shared(kind @ Kind::Unsampled(_)) => Some(kind.clone()),
            _ => None,
        });
        kinds.next()
    });
    found.flatten().unwrap_or_default()
}

/// What an [`enter`] made current is so no more. Whatever was entered since stays current.
pub(crate) fn leave(serial: u64) {
    if serial != 0 {
        // What is taken out is dropped outside of the access.
        drop(access(|stack| stack.take(serial)));
    }
}

/// The same at the end of a poll or of a closure: nothing that was entered within stays current.
pub(crate) fn leave_all(serial: u64) {
    let mut above = Vec::new();
    let taken = access(|stack| {
        if stack.entries.last().is_some_and(|last| last.serial == serial) {
            return stack.take(serial);
        }
        let at = stack.place(serial)?;
        above = stack.take_above(at);
        for entry in &above {
            if let (true, What::Shared(Kind::Sampled(cell))) = (entry.is_own(), &entry.what) {
                stack.outlived.push((entry.serial, Arc::clone(cell)));
            }
        }
        stack.take(serial)
    });
    drop((above, taken));
}

/// What became of a subsegment that was to begin.
#[derive(Debug)]
pub(crate) enum Begun {
    /// It lies in the stack under this serial.
    Local(u64),
    /// There is one already that must be shared, or it is not to be recorded.
    Elsewhere(Cow<'static, str>),
}

/// Begins a subsegment of what is current, and makes it so.
#[inline]
pub(crate) fn begin(name: Cow<'static, str>, namespace: Option<Namespace>) -> Begun {
    let mut name = Some(name);
    let begun = access(|stack| {
        let last = stack.entries.len().checked_sub(1)?;
        let (parent, base) = match &stack.entries[last].what {
            // Nobody is the child of what has ended: a cell finds its way up.
            What::Shared(Kind::Sampled(cell)) if !cell.is_ended() => (cell.id, last as u32),
            What::Local(local) => (local.id, local.base),
            What::Shared(_) => return None,
        };
        if last >= MAX_OPEN {
            return None;
        }
        // Before the id, which processors make while they go on.
        let start = Instant::now();
        let local = Local {
            id: id::entity_id(),
            parent,
            name: name.take()?,
            start,
            state: State { namespace, ..State::default() },
            trunk: None,
            base,
        };
        Some(stack.push(What::Local(local)))
    });
    match begun.flatten() {
        Some(serial) => Begun::Local(serial),
        None => Begun::Elsewhere(name.unwrap_or_default()),
    }
}

/// Begins a segment and makes it current. Gives its parts back where the thread ends.
pub(crate) fn begin_segment(
    trunk: Arc<Trunk>,
    name: Cow<'static, str>,
) -> Result<u64, (Arc<Trunk>, Cow<'static, str>)> {
    let mut parts = Some((trunk, name));
    let begun = access(|stack| {
        let base = u32::try_from(stack.entries.len()).ok()?;
        let (trunk, name) = parts.take()?;
        let local = Local {
            id: id::entity_id(),
            // The trunk knows it.
            parent: EntityId(0),
            name,
            start: trunk.start(),
            state: State::default(),
            trunk: Some(trunk),
            base,
        };
        Some(stack.push(What::Local(local)))
    });
    match (begun.flatten(), parts) {
        (Some(serial), _) => Ok(serial),
        (None, Some(parts)) => Err(parts),
        (None, None) => Ok(0),
    }
}

/// Acts on what [`begin`] began, before its end.
fn with_local(serial: u64, act: impl FnOnce(Open<'_>)) {
    access(|stack| {
        if let Some(at) = stack.place(serial) {
            if let Some(open) = stack.open(at) {
                act(open);
            }
        } else if let Some((_, cell)) = stack.outlived.iter().find(|(known, _)| *known == serial) {
            act(Open::Shared(cell));
        }
    });
}

/// A handle on what [`begin`] began.
pub(crate) fn handle(serial: u64) -> Kind {
    let shared = access(|stack| {
        if let Some(at) = stack.place(serial) {
            stack.share(at);
            if let What::Shared(kind) = &stack.entries[at].what {
                return Some(kind.clone());
            }
        }
        let outlived = stack.outlived.iter().find(|(known, _)| *known == serial);
        outlived.map(|(_, cell)| Kind::Sampled(Arc::clone(cell)))
    });
    shared.flatten().unwrap_or_default()
}

/// Ends what [`begin`] began; it is current no more.
#[inline]
pub(crate) fn end(serial: u64) {
    let is_ended = STACK.try_with(|stack| {
        let Ok(mut stack) = stack.try_borrow_mut() else { return false };
        let stack = &mut *stack;
        // Nearly always the last one, and of nobody else.
        let is_ended = stack.end_last(serial);
        if is_ended {
            stack.settle();
        }
        is_ended
    });
    if !is_ended.unwrap_or(false) {
        end_shared(serial);
    }
}

/// Tells of what has ended on this thread and was kept back.
pub(crate) fn tell() {
    access(Stack::tell);
}

/// The same of what others hold, or what others lie above of, whereby it is shared.
#[cold]
fn end_shared(serial: u64) {
    let taken = access(|stack| {
        if let Some(at) = stack.place(serial) {
            stack.share(at);
        }
        stack.take(serial)
    });
    if let Some(Some(What::Shared(Kind::Sampled(cell)))) = taken {
        cell.end();
    }
}
