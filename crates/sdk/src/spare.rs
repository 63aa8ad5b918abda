//! Memory that records have left, for those that come: what one thread asks for and another gives back, allocators are slow
//! with.

use std::borrow::Cow;
use std::mem;

use crate::record::Record;
use crate::sync::{Mutex, lock};
use crate::value::AnnotationValue;

/// How many are kept for all threads, and by one thread.
const MOST: usize = 64;
const MOST_OF_ONE: usize = 8;
/// Larger ones are rare, and are given back to the allocator.
const MOST_RECORDS: usize = 16;
const MOST_ANNOTATIONS: usize = 32;

/// Both are empty.
#[derive(Debug, Default)]
pub(crate) struct Spare {
    pub(crate) annotations: Vec<(Cow<'static, str>, AnnotationValue)>,
    pub(crate) records: Vec<Record>,
}

#[derive(Debug, Default)]
pub(crate) struct Spares(Mutex<Vec<Spare>>);

impl Spare {
    /// What is left of records that were written; `None` where it is not worth keeping.
    pub(crate) fn of(mut records: Vec<Record>) -> Option<Self> {
        let last = records.last_mut();
        let mut annotations = last.map(|record| mem::take(&mut record.state.annotations)).unwrap_or_default();
        records.clear();
        annotations.clear();
        let is_kept = records.capacity() <= MOST_RECORDS && annotations.capacity() <= MOST_ANNOTATIONS;
        is_kept.then_some(Self { annotations, records })
    }
}

impl Spares {
    /// Some of them, unless another thread is at it: nobody waits for memory.
    pub(crate) fn lend(&self, to: &mut Vec<Spare>) {
        if let Ok(mut spares) = self.0.try_lock() {
            let from = spares.len().saturating_sub(MOST_OF_ONE);
            to.extend(spares.drain(from..));
        }
    }

    /// Takes as many as there is room for, and frees the rest.
    pub(crate) fn give_back(&self, used: &mut Vec<Spare>) {
        let mut spares = lock(&self.0);
        let room = MOST.saturating_sub(spares.len()).min(used.len());
        spares.extend(used.drain(..room));
        drop(spares);
        used.clear();
    }
}
