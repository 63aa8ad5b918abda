//! Cursors, counts and links as PostgreSQL keeps them.

use model::Place;
use model::link::LinkId;
use model::segment::Sequence;
use row::codec::decode_commit;
use store::TailCursor;

pub(super) fn link_key(id: LinkId) -> (i32, i64, i64) {
    (i32::from(id.share), id.read as i64, i64::from(id.number))
}

pub(super) fn link_ids(bytes: &[u8]) -> Vec<LinkId> {
    decode_commit(bytes).map(|reduced| reduced.answered).unwrap_or_default()
}

/// Lane and sequence, one after another.
pub(super) fn cursor_bytes(cursor: &TailCursor) -> Vec<u8> {
    let lanes = cursor.lanes();
    lanes.flat_map(|(lane, seq)| lane.to_le_bytes().into_iter().chain(seq.0.to_le_bytes())).collect()
}

pub(super) fn cursor(bytes: &[u8]) -> TailCursor {
    let mut cursor = TailCursor::default();
    for lane in bytes.chunks_exact(12) {
        let (lane, sequence) = lane.split_at(4);
        let lane = u32::from_le_bytes(lane.try_into().expect("four bytes were split off"));
        let sequence = u64::from_le_bytes(sequence.try_into().expect("eight bytes are left"));
        cursor.advance(Place { stamp: 0, lane, sequence: Sequence(sequence) });
    }
    cursor
}

/// As many as there are shares.
pub(super) fn counts(bytes: &[u8], shares: u16) -> Option<Vec<u64>> {
    let counts: Vec<u64> = bytes
        .chunks_exact(8)
        .map(|count| u64::from_le_bytes(count.try_into().expect("a chunk has eight bytes")))
        .collect();
    (counts.len() == usize::from(shares)).then_some(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back_as_they_were() {
        let mut there = TailCursor::default();
        for (lane, sequence) in [(7, 3), (1, 900)] {
            there.advance(Place { stamp: 0, lane, sequence: Sequence(sequence) });
        }
        assert_eq!(cursor(&cursor_bytes(&there)), there);
        assert_eq!(cursor(&[]), TailCursor::default());
    }

    #[test]
    fn counts_of_another_number_of_shares_are_none() {
        let bytes = [1_u64.to_le_bytes(), 2_u64.to_le_bytes()].concat();
        assert_eq!(counts(&bytes, 2), Some(vec![1, 2]));
        assert_eq!(counts(&bytes, 3), None);
    }
}
