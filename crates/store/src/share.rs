//! Shares of the traces: who follows which, and how far each was read.

use std::collections::BTreeMap;

use model::Place;
use model::link::LinkId;
use model::segment::Sequence;

/// One of the parts into which a store spreads its traces, by their ids. A trace never changes its share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share(pub u16);

/// The right to commit for a share. Whoever takes a share over has a higher epoch, and from then on commits of lower ones
/// are `Fenced`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lease {
    pub share: Share,
    pub epoch: u64,
}

/// How far a share was read: of each lane, up to which sequence. Begins at the beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TailCursor {
    lanes: BTreeMap<u32, Sequence>,
}

/// Where the digest worker of a share goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Digested {
    /// What the last commit had read.
    pub through: TailCursor,
    /// This commit was begun and perhaps not finished. The next one must be it.
    pub unfinished: Option<Begun>,
}

/// A commit that was begun.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Begun {
    /// With the documents up to here, no less and no more.
    pub through: TailCursor,
    /// Of the links that wait, it answers these and no others.
    pub answered: Vec<LinkId>,
}

impl Share {
    /// That of a store which has one.
    pub const ONLY: Self = Self(0);
}

impl TailCursor {
    /// Takes in a document that was given, and all before it in its lane.
    pub fn advance(&mut self, place: Place) {
        if place.sequence > self.of_lane(place.lane) {
            self.lanes.insert(place.lane, place.sequence);
        }
    }

    /// Whether the document at this place was read.
    pub fn covers(&self, place: Place) -> bool {
        place.sequence <= self.of_lane(place.lane)
    }

    /// Whether everything that the other covers was read.
    pub fn contains(&self, other: &Self) -> bool {
        other.lanes.iter().all(|(lane, sequence)| *sequence <= self.of_lane(*lane))
    }

    /// Up to where a lane was read; 0 is "nothing yet".
    pub fn of_lane(&self, lane: u32) -> Sequence {
        self.lanes.get(&lane).copied().unwrap_or_default()
    }

    /// Of each lane of which something was read, up to where; for who writes cursors down.
    pub fn lanes(&self) -> impl Iterator<Item = (u32, Sequence)> + '_ {
        self.lanes.iter().map(|(lane, sequence)| (*lane, *sequence))
    }

    /// About how many documents these are: gaps in sequences count.
    pub fn documents(&self) -> u64 {
        self.lanes.values().fold(0, |sum, sequence| sum.saturating_add(sequence.0))
    }
}

impl FromIterator<(u32, Sequence)> for TailCursor {
    fn from_iter<I: IntoIterator<Item = (u32, Sequence)>>(lanes: I) -> Self {
        Self { lanes: lanes.into_iter().filter(|(_, sequence)| sequence.0 > 0).collect() }
    }
}

impl From<Sequence> for TailCursor {
    /// Of a store with one lane.
    fn from(through: Sequence) -> Self {
        let mut cursor = Self::default();
        cursor.advance(Place::from(through));
        cursor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(stamp: i64, lane: u32, sequence: u64) -> Place {
        Place { stamp, lane, sequence: Sequence(sequence) }
    }

    #[test]
    fn a_cursor_covers_what_was_read_of_each_lane() {
        let mut cursor = TailCursor::default();
        assert!(!cursor.covers(place(0, 0, 1)));
        for read in [place(5, 1, 2), place(9, 4, 7), place(6, 1, 1)] {
            cursor.advance(read);
        }
        assert!(cursor.covers(place(99, 1, 2)) && cursor.covers(place(0, 4, 6)));
        assert!(!cursor.covers(place(0, 1, 3)) && !cursor.covers(place(0, 2, 1)));
        assert_eq!(cursor.documents(), 9);
        assert!(cursor.contains(&TailCursor::default()) && cursor.contains(&cursor.clone()));
        assert!(!cursor.contains(&TailCursor::from(Sequence(1))));
    }

    #[test]
    fn places_of_one_lane_are_ordered_by_sequence() {
        assert!(Place::from(Sequence(1)) < Place::from(Sequence(2)));
        // Between lanes the stamp decides, and then the lane.
        assert!(place(1, 9, 9) < place(2, 1, 1) && place(2, 1, 9) < place(2, 2, 1));
    }
}
