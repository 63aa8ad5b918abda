//! What lies in the stack, and how it is shared once others ask for it.

use std::borrow::Cow;
use std::mem;
use std::sync::Arc;
use std::time::Instant;

use model::EntityId;

use crate::cell::{Cell, Trunk};
use crate::context::Kind;
use crate::record::{Record, State};
use crate::spare::Spare;
use crate::stack::{Now, Open, set_now};

/// A stack that was once deep gives its memory back.
const KEPT_ENTRIES: usize = 64;

/// A subsegment, or a segment, that is only here.
#[derive(Debug)]
pub(super) struct Local {
    pub(super) id: EntityId,
    /// Of a subsegment.
    pub(super) parent: EntityId,
    pub(super) name: Cow<'static, str>,
    pub(super) start: Instant,
    pub(super) state: State,
    /// Of a segment; a subsegment is in the trunk of what lies at `base`.
    pub(super) trunk: Option<Arc<Trunk>>,
    /// Where in the stack the trunk is found.
    pub(super) base: u32,
}

#[derive(Debug)]
pub(super) enum What {
    /// Others may hold it too.
    Shared(Kind),
    Local(Local),
}

#[derive(Debug)]
pub(super) struct Entry {
    /// Guards know their entry by it: places change when guards are dropped in another order than they were made. Odd where
    /// the guard knows nothing else.
    pub(super) serial: u64,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) struct Stack {
    pub(super) entries: Vec<Entry>,
    /// 0 is nobody's.
    serial: u64,
    /// What was entered within the poll of a future, and whose guard has outlived it.
    pub(super) outlived: Vec<(u64, Arc<Cell>)>,
    /// What has ended here and was not told yet: the lock of a segment is taken once for many, and not at all by one that
    /// ends where it began.
    ended: Vec<Record>,
    /// For those that come.
    spares: Vec<Spare>,
    /// Where in the stack lies the trunk of all of it. It is told before that place means anything else.
    ended_in: u32,
}

impl Stack {
    pub(super) const fn new() -> Self {
        Self {
            entries: Vec::new(),
            serial: 0,
            outlived: Vec::new(),
            ended: Vec::new(),
            spares: Vec::new(),
            ended_in: 0,
        }
    }

    #[inline]
    pub(super) fn push(&mut self, what: What) -> u64 {
        self.serial += 2;
        let serial = self.serial | u64::from(matches!(what, What::Local(_)));
        set_now(what.now());
        self.entries.push(Entry { serial, what });
        serial
    }

    #[inline]
    pub(super) fn place(&self, serial: u64) -> Option<usize> {
        let last = self.entries.len().checked_sub(1)?;
        if self.entries[last].serial == serial {
            return Some(last);
        }
        // Serials grow towards the end.
        self.entries.binary_search_by_key(&serial, |entry| entry.serial).ok()
    }

    /// Ends what lies there by itself, as the last one, if that is this one; nobody else has it then.
    #[inline]
    pub(super) fn end_last(&mut self, serial: u64) -> bool {
        let end = Some(Instant::now());
        let is_it = |last: &mut Entry| last.serial == serial && matches!(last.what, What::Local(_));
        let Some(Entry { what: What::Local(local), .. }) = self.entries.pop_if(is_it) else { return false };
        let Local { id, parent, name, start, state, trunk, base } = local;
        if let Some(trunk) = trunk {
            let parent = trunk.parent;
            self.end_segment(&trunk, Record { id, parent, name, start, end, state }, base);
            return true;
        }
        if self.ended_in != base {
            self.tell();
            self.ended_in = base;
        }
        if self.ended.capacity() == 0 {
            self.ended.reserve(8);
        }
        self.ended.push(Record { id, parent: Some(parent), name, start, end, state });
        let Some(trunk) = trunk_at(&self.entries, base) else { return true };
        let patience = trunk.patience();
        if self.ended.len() > patience {
            trunk.end_subsegments(&mut self.ended);
            // Whoever has had so many will have as many again.
            self.ended.reserve_exact(patience + 1);
        }
        true
    }

    fn end_segment(&mut self, trunk: &Arc<Trunk>, record: Record, base: u32) {
        if self.ended_in != base {
            self.tell();
        }
        if self.ended.capacity() == 0
            && let Some(spare) = self.spares.pop()
        {
            self.ended = spare.records;
        }
        trunk.end_segment(record, &mut self.ended);
        if self.spares.is_empty() {
            trunk.core.spares.lend(&mut self.spares);
        }
    }

    /// Tells of what was kept back.
    pub(super) fn tell(&mut self) {
        if self.ended.is_empty() {
            return;
        }
        if let Some(trunk) = trunk_at(&self.entries, self.ended_in) {
            trunk.end_subsegments(&mut self.ended);
        }
        debug_assert!(self.ended.is_empty(), "what is kept back has its trunk in the stack");
    }

    /// Before what lies from there on is no more, or elsewhere.
    fn before_moving(&mut self, at: usize) {
        if self.ended_in as usize >= at {
            self.tell();
        }
    }

    /// Takes an entry out, wherever it is.
    pub(super) fn take(&mut self, serial: u64) -> Option<What> {
        let what = if self.entries.last().is_some_and(|last| last.serial == serial) {
            self.before_moving(self.entries.len() - 1);
            self.entries.pop().map(|entry| entry.what)
        } else if let Some(at) = self.place(serial) {
            self.before_moving(at);
            // Those above know by their places what they are in.
            self.share_from(at);
            Some(self.entries.remove(at).what)
        } else {
            let at = self.outlived.iter().position(|(known, _)| *known == serial)?;
            return Some(What::Shared(Kind::Sampled(self.outlived.swap_remove(at).1)));
        };
        self.settle();
        what
    }

    /// After something was taken out.
    #[inline]
    pub(super) fn settle(&mut self) {
        set_now(self.entries.last().map_or(Now::Nothing, |last| last.what.now()));
        if self.entries.is_empty() && self.entries.capacity() > KEPT_ENTRIES {
            self.entries = Vec::new();
        }
    }

    /// What lies above of it.
    pub(super) fn take_above(&mut self, at: usize) -> Vec<Entry> {
        self.before_moving(at + 1);
        self.share_from(at);
        self.entries.drain(at + 1..).collect()
    }

    pub(super) fn trunk(&self, at: usize) -> Option<&Arc<Trunk>> {
        match &self.entries.get(at)?.what {
            What::Local(local) => trunk_at(&self.entries, local.base),
            What::Shared(Kind::Sampled(cell)) => Some(&cell.trunk),
            What::Shared(_) => None,
        }
    }

    #[inline]
    pub(super) fn open(&mut self, at: usize) -> Option<Open<'_>> {
        let spare = self.spares.last_mut();
        let (below, own) = self.entries.split_at_mut_checked(at)?;
        match &mut own.first_mut()?.what {
            What::Shared(Kind::Sampled(cell)) => Some(Open::Shared(cell)),
            What::Shared(_) => None,
            What::Local(Local { id, state, trunk, base, .. }) => {
                let trunk = trunk.as_ref().or_else(|| trunk_at(below, *base))?;
                Some(Open::Local { id: *id, state, trunk, spare })
            }
        }
    }

    /// Makes an entry, and those that it is in, such that others may hold them.
    pub(super) fn share(&mut self, at: usize) {
        let What::Local(Local { base, .. }) = self.entries[at].what else { return };
        for place in base as usize..=at {
            let (below, own) = self.entries.split_at_mut(place);
            let own = &mut own[0].what;
            if matches!(own, What::Shared(_)) {
                continue;
            }
            let up = match below.last() {
                Some(Entry { what: What::Shared(Kind::Sampled(cell)), .. }) => Some(cell),
                _ => None,
            };
            if let What::Local(local) = mem::replace(own, What::Shared(Kind::Nothing)) {
                let Local { id, name, start, state, trunk, .. } = local;
                let up = if trunk.is_some() { None } else { up };
                let trunk = trunk.or_else(|| up.map(|up| Arc::clone(&up.trunk)));
                let shared = trunk.map(|trunk| Cell::new(trunk, up.cloned(), id, name, start, state));
                *own = What::Shared(shared.map(Kind::Sampled).unwrap_or_default());
            }
        }
    }

    pub(super) fn share_from(&mut self, at: usize) {
        (at..self.entries.len()).for_each(|place| self.share(place));
    }
}

/// At the end of the thread, where a guard was leaked.
impl Drop for Stack {
    fn drop(&mut self) {
        self.tell();
    }
}

#[inline]
fn trunk_at(entries: &[Entry], base: u32) -> Option<&Arc<Trunk>> {
    match &entries.get(base as usize)?.what {
        What::Local(local) => local.trunk.as_ref(),
        What::Shared(Kind::Sampled(cell)) => Some(&cell.trunk),
        What::Shared(_) => None,
    }
}

impl Entry {
    pub(super) fn is_own(&self) -> bool {
        self.serial % 2 == 1
    }
}

impl What {
    pub(super) fn now(&self) -> Now {
        match self {
            Self::Shared(Kind::Nothing) => Now::Nothing,
            Self::Shared(Kind::Unsampled(_)) => Now::Unsampled,
            Self::Shared(Kind::Sampled(_)) | Self::Local(_) => Now::Sampled,
        }
    }
}

/// What is larger is not moved by a few instructions, but by a call.
const _: () = assert!(size_of::<Entry>() <= 128 && size_of::<Record>() <= 128);
