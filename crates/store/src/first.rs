//! The first documents of a trace that fit, of however many there are, in whichever order they are found.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::segment::{Place, StoredDocument};

/// What a document counts for beside its bytes, since it is taken apart.
const DOCUMENT_BYTES: usize = 256;

/// Which documents of a trace are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// Those received after this one.
    pub after: Option<Place>,
    /// At most so many bytes of them, and always one.
    pub bytes: usize,
}

/// The first documents of a span of a trace, in order of receipt.
#[derive(Debug, Clone, Default)]
pub struct Beginning {
    pub documents: Vec<Arc<StoredDocument>>,
    /// How many come after these.
    pub left_out: u64,
}

/// Takes what is found and holds no more than the span allows, so that a trace of any size can be looked through.
#[derive(Debug)]
pub struct First<T> {
    span: Span,
    kept: BTreeMap<Place, (usize, T)>,
    bytes: usize,
    /// The first that did not fit: nothing from there on is kept, for there must be no gap.
    end: Option<Place>,
    left_out: u64,
}

impl<T> First<T> {
    pub fn new(span: Span) -> Self {
        Self { span, kept: BTreeMap::new(), bytes: 0, end: None, left_out: 0 }
    }

    /// `bytes` are those of the document as it was received.
    pub fn push(&mut self, place: Place, bytes: usize, item: T) {
        if self.span.after.is_some_and(|after| place <= after) {
            return;
        }
        if self.end.is_some_and(|end| place >= end) {
            self.left_out += 1;
            return;
        }
        let bytes = bytes + DOCUMENT_BYTES;
        if let Some((before, _)) = self.kept.insert(place, (bytes, item)) {
            self.bytes -= before;
        }
        self.bytes += bytes;
        while self.bytes > self.span.bytes && self.kept.len() > 1 {
            let Some((place, (bytes, _))) = self.kept.pop_last() else { break };
            self.bytes -= bytes;
            self.left_out += 1;
            self.end = Some(place);
        }
    }

    /// Something did not fit. Whoever pushes in order need not go on.
    pub fn is_full(&self) -> bool {
        self.end.is_some()
    }

    /// In order, and how many were left out.
    pub fn finish(self) -> (Vec<T>, u64) {
        (self.kept.into_values().map(|(_, item)| item).collect(), self.left_out)
    }
}

impl Beginning {
    pub fn of(documents: impl IntoIterator<Item = Arc<StoredDocument>>, span: Span) -> Self {
        let mut first = First::new(span);
        for document in documents {
            first.push(document.place, document.document.raw.len(), document);
        }
        let (documents, left_out) = first.finish();
        Self { documents, left_out }
    }
}

#[cfg(test)]
mod tests {
    use model::segment::Sequence;

    use super::*;

    #[test]
    fn what_fits_is_kept_without_a_gap_in_whatever_order_it_is_found() {
        let check = |after: Option<u64>, bytes: usize, found: &[(u64, usize)], expected: (&[u64], u64)| {
            let place = |number: u64| Place::from(Sequence(number));
            let mut first = First::new(Span { after: after.map(place), bytes });
            for &(number, bytes) in found {
                first.push(place(number), bytes, number);
            }
            assert_eq!(first.finish(), (expected.0.to_vec(), expected.1), "{found:?}");
        };
        let two = 2 * (DOCUMENT_BYTES + 100);
        check(None, two, &[(2, 100), (1, 100)], (&[1, 2], 0));
        check(None, two, &[(3, 100), (2, 100), (1, 100)], (&[1, 2], 1));
        check(None, two, &[(1, 100), (2, 200), (3, 0)], (&[1], 2));
        check(None, two, &[(1, 5_000), (2, 0)], (&[1], 1));
        check(Some(1), two, &[(4, 100), (1, 100), (2, 100), (3, 100)], (&[2, 3], 1));
        check(None, two, &[], (&[], 0));
    }
}
