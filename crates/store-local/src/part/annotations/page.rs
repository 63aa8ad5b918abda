//! A page of the texts of a row group, unpacked.

use std::cmp::Ordering;

/// A page of texts, one behind the other.
#[derive(Debug)]
pub(super) struct Texts {
    pub(super) bytes: Vec<u8>,
    /// Where each ends.
    pub(super) ends: Vec<u32>,
}

impl Texts {
    pub(super) fn held_bytes(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * size_of::<u32>()
    }

    pub(super) fn get(&self, place: usize) -> Option<&[u8]> {
        let to = *self.ends.get(place)? as usize;
        let from = place.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        self.bytes.get(from..to)
    }

    pub(super) fn find(&self, text: &[u8]) -> Option<usize> {
        let (mut from, mut to) = (0, self.ends.len());
        while from < to {
            let place = from.midpoint(to);
            match self.get(place)?.cmp(text) {
                Ordering::Less => from = place + 1,
                Ordering::Equal => return Some(place),
                Ordering::Greater => to = place,
            }
        }
        None
    }
}
