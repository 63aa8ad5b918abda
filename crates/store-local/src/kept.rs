//! What was read of parts and is kept in memory: decoded pieces of row groups, as many as a bound in bytes allows. What
//! was used least lately goes first.
//!
//! A piece belongs to a part, and parts never change, so that nothing kept can be out of date.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

/// A piece that takes more than this share of the bound is not kept: it would drive out too much.
const LARGEST_SHARE: usize = 4;
/// What a piece takes besides its own bytes, about.
const PIECE_BYTES: usize = 160;

/// What of a part a piece is. The number is that of the row group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Piece {
    /// The ids of all rows.
    Ids(usize),
    /// Their times in a column.
    Times(usize, &'static str),
    /// Which rows have which names in a column.
    Names(usize, &'static str),
    /// Which rows may have a flag set or not set.
    Flag(usize, model::property::Flag, bool),
    /// Which rows may have an exception.
    Exceptions(usize),
    /// Where annotations lie.
    Annotations(usize),
    /// Of a key of annotations the places of its texts.
    KeyTexts(usize, u32),
    /// A page of texts of annotations.
    Texts(usize, usize),
    /// Where the values of each key begin in a chunk of annotations.
    Starts(usize, usize),
}

pub(crate) struct Kept {
    limit_bytes: usize,
    parts: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    pieces: HashMap<(u64, Piece), Entry>,
    bytes: usize,
    /// Rises with each use.
    clock: u64,
}

struct Entry {
    value: Arc<dyn Any + Send + Sync>,
    bytes: usize,
    used: u64,
}

impl Kept {
    pub(crate) fn new(limit_bytes: usize) -> Self {
        Self { limit_bytes, parts: AtomicU64::new(0), state: Mutex::default() }
    }

    /// A number for a part, which no other has.
    pub(crate) fn number(&self) -> u64 {
        self.parts.fetch_add(1, Ordering::Relaxed)
    }

    /// The piece, which is made where it is not kept; `make` tells its bytes, too. Two who ask at once may both make it.
    pub(crate) fn get<T: Send + Sync + 'static, E>(
        &self,
        part: u64,
        piece: Piece,
        make: impl FnOnce() -> Result<(T, usize), E>,
    ) -> Result<Arc<T>, E> {
        if let Some(known) = self.find(part, piece).and_then(|known| known.downcast().ok()) {
            return Ok(known);
        }
        let (value, bytes) = make()?;
        let value = Arc::new(value);
        self.put(part, piece, Arc::clone(&value) as Arc<dyn Any + Send + Sync>, bytes + PIECE_BYTES);
        Ok(value)
    }

    /// A part is gone.
    pub(crate) fn forget(&self, part: u64) {
        let mut state = self.state.lock();
        let mut freed = 0;
        state.pieces.retain(|(of, _), entry| {
            let stays = *of != part;
            freed += if stays { 0 } else { entry.bytes };
            stays
        });
        state.bytes -= freed;
    }

    fn find(&self, part: u64, piece: Piece) -> Option<Arc<dyn Any + Send + Sync>> {
        let mut state = self.state.lock();
        state.clock += 1;
        let now = state.clock;
        let entry = state.pieces.get_mut(&(part, piece))?;
        entry.used = now;
        Some(Arc::clone(&entry.value))
    }

    fn put(&self, part: u64, piece: Piece, value: Arc<dyn Any + Send + Sync>, bytes: usize) {
        if bytes > self.limit_bytes / LARGEST_SHARE {
            return;
        }
        let mut state = self.state.lock();
        state.clock += 1;
        let used = state.clock;
        let before = state.pieces.insert((part, piece), Entry { value, bytes, used });
        state.bytes += bytes;
        state.bytes -= before.map_or(0, |before| before.bytes);
        if state.bytes > self.limit_bytes {
            state.shrink(self.limit_bytes);
        }
    }
}

impl State {
    /// Lets go of so much at once that it is not done again soon.
    fn shrink(&mut self, limit_bytes: usize) {
        let mut order: Vec<(u64, (u64, Piece))> =
            self.pieces.iter().map(|(key, entry)| (entry.used, *key)).collect();
        order.sort_unstable_by_key(|(used, _)| *used);
        for (_, key) in order {
            if self.bytes <= limit_bytes - limit_bytes / 8 {
                return;
            }
            let gone = self.pieces.remove(&key);
            self.bytes -= gone.map_or(0, |gone| gone.bytes);
        }
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.lock();
        f.debug_struct("Kept")
            .field("pieces", &state.pieces.len())
            .field("bytes", &state.bytes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(kept: &Kept, part: u64, group: usize, bytes: usize) -> bool {
        let mut is_made = false;
        let made: Result<_, ()> = kept.get(part, Piece::Ids(group), || {
            is_made = true;
            Ok((group, bytes))
        });
        assert_eq!(*made.unwrap(), group);
        is_made
    }

    #[test]
    fn what_was_used_least_lately_goes_first_and_the_bound_holds() {
        let kept = Kept::new(10_000);
        for group in 0..9 {
            assert!(get(&kept, 1, group, 1_000 - PIECE_BYTES));
        }
        assert!(!get(&kept, 1, 0, 1_000));
        for group in 9..12 {
            assert!(get(&kept, 1, group, 1_000 - PIECE_BYTES));
            assert!(kept.state.lock().bytes <= 10_000);
        }
        assert!(!get(&kept, 1, 0, 1_000), "it was used");
        assert!(get(&kept, 1, 1, 1_000 - PIECE_BYTES));
    }

    #[test]
    fn what_is_too_large_or_of_a_part_that_is_gone_is_not_kept() {
        let kept = Kept::new(10_000);
        assert!(get(&kept, 1, 0, 5_000) && get(&kept, 1, 0, 5_000));
        assert!(get(&kept, 1, 1, 10) && get(&kept, 2, 1, 10));
        kept.forget(1);
        assert!(get(&kept, 1, 1, 10) && !get(&kept, 2, 1, 10));
        kept.forget(1);
        kept.forget(2);
        assert_eq!(kept.state.lock().bytes, 0);
    }
}
