//! So many a second, shared by all threads.

use std::sync::atomic::Ordering::Relaxed;

use crate::sync::AtomicU64;

/// Each second so many: the second and how many it has had, in one word, so that no thread waits.
///
/// It counts as [`sampling::Reservoir`] does, which is not shared between threads.
#[derive(Debug, Default)]
pub(crate) struct Reservoir(AtomicU64);

impl Reservoir {
    /// Takes one, unless this second has had `per_second`.
    pub(crate) fn take(&self, per_second: u32, second: i64) -> bool {
        // The low 32 bits of the second: two that are the same are 136 years apart.
        let second = u64::from(second as u32) << 32;
        let mut known = self.0.load(Relaxed);
        loop {
            // The first of a process: a second that was never seen has had none.
            let taken = if known & !u64::from(u32::MAX) == second { known as u32 } else { 0 };
            if taken >= per_second {
                return false;
            }
            match self.0.compare_exchange_weak(known, second | u64::from(taken + 1), Relaxed, Relaxed) {
                Ok(_) => return true,
                Err(other) => known = other,
            }
        }
    }
}
