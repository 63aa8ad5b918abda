//! The traces kept at hand: their documents so far, and the digest made of exactly those.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use model::{StoredDocument, TraceDigest, TraceId};

/// A trace is reduced whole for each of its revisions, so one that grows without end would cost the square
/// of its size. What lies beyond can be read, but is not counted. (X-Ray itself takes 500 KB a trace.)
/// <https://docs.aws.amazon.com/general/latest/gr/xray.html>
pub(crate) const MAX_DOCUMENTS: usize = 20_000;
pub(crate) const MAX_BYTES: usize = 16 << 20;
/// What a trace takes of which nothing is held yet.
const TRACE_BYTES: usize = 1_024;

/// A trace with at least one document. What is here is always what the last commit has seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct OpenTrace {
    /// In order of receipt.
    pub(crate) documents: Vec<Arc<StoredDocument>>,
    /// What the store holds; `None` before the first commit of this trace.
    pub(crate) digest: Option<Arc<TraceDigest>>,
    /// About the memory of `documents`.
    bytes: usize,
    /// A document did not fit, so no other will be taken and the digest is the last.
    pub(crate) is_full: bool,
}

/// When a trace was put in, counted in touches, and what it weighs.
#[derive(Debug, Clone, Copy)]
struct Touch {
    at: u64,
    bytes: usize,
}

/// The most recently touched traces, bounded by count and by memory.
#[derive(Debug)]
pub(crate) struct OpenTraces {
    limit: usize,
    limit_bytes: usize,
    bytes: usize,
    /// Counts touches; the key of `by_touch`.
    now: u64,
    traces: HashMap<TraceId, (Touch, OpenTrace)>,
    by_touch: BTreeMap<u64, TraceId>,
}

impl OpenTrace {
    /// Takes a document in its place, which is the last unless another lane was ahead, or says no to what lies beyond
    /// the caps. Where documents come in order of receipt, what was taken is the same whether they come one by one or are
    /// read back.
    pub(crate) fn push(&mut self, document: Arc<StoredDocument>) -> bool {
        let bytes = document.document.memory_bytes();
        // Nothing after the first that did not fit is taken, however small.
        self.is_full |= self.documents.len() >= MAX_DOCUMENTS || self.bytes + bytes > MAX_BYTES;
        if self.is_full {
            return false;
        }
        self.bytes += bytes;
        match self.documents.last() {
            Some(last) if last.place > document.place => {
                let at = self.documents.partition_point(|held| held.place < document.place);
                self.documents.insert(at, document);
            }
            _ => self.documents.push(document),
        }
        true
    }

    fn memory_bytes(&self) -> usize {
        self.bytes + self.digest.as_ref().map_or(TRACE_BYTES, |digest| digest.memory_bytes())
    }
}

impl OpenTraces {
    pub(crate) fn new(limit: usize, limit_bytes: usize) -> Self {
        Self { limit, limit_bytes, bytes: 0, now: 0, traces: HashMap::new(), by_touch: BTreeMap::new() }
    }

    /// Whatever does not fit any more leaves with the next [`OpenTraces::put`].
    pub(crate) fn set_limits(&mut self, limit: usize, limit_bytes: usize) {
        (self.limit, self.limit_bytes) = (limit, limit_bytes);
    }

    /// Takes a trace out; it comes back with [`OpenTraces::put`], or is read again from the store.
    pub(crate) fn take(&mut self, id: TraceId) -> Option<OpenTrace> {
        let (touch, trace) = self.traces.remove(&id)?;
        self.by_touch.remove(&touch.at);
        self.bytes -= touch.bytes;
        Some(trace)
    }

    /// Puts a trace in as the most recently touched; the least recently touched make room.
    pub(crate) fn put(&mut self, id: TraceId, mut trace: OpenTrace) {
        self.take(id);
        if trace.is_full {
            // It will never be reduced again; that it is full is all there is to remember.
            trace = OpenTrace { documents: Vec::new(), bytes: 0, ..trace };
        }
        self.now += 1;
        let touch = Touch { at: self.now, bytes: trace.memory_bytes() };
        self.bytes += touch.bytes;
        self.by_touch.insert(touch.at, id);
        self.traces.insert(id, (touch, trace));
        while self.traces.len() > self.limit || self.bytes > self.limit_bytes {
            let Some((_, oldest)) = self.by_touch.first_key_value() else { break };
            self.take(*oldest);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.traces.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::stored;

    fn id(number: u8) -> TraceId {
        TraceId([number; 16])
    }

    fn trace(bytes: usize) -> OpenTrace {
        OpenTrace { bytes, ..OpenTrace::default() }
    }

    fn held(open: &OpenTraces, among: std::ops::Range<u8>) -> Vec<u8> {
        among.filter(|number| open.traces.contains_key(&id(*number))).collect()
    }

    #[test]
    fn the_least_recently_touched_leave_first() {
        let mut open = OpenTraces::new(3, usize::MAX);
        for number in 0..3 {
            open.put(id(number), trace(1));
        }
        let touched = open.take(id(0)).expect("it was put");
        open.put(id(0), touched);
        open.put(id(3), trace(1));
        assert_eq!(held(&open, 0..4), [0, 2, 3]);
    }

    #[test]
    fn large_traces_make_others_leave_and_one_too_large_does_not_stay() {
        let mut open = OpenTraces::new(100, 10 + 2 * TRACE_BYTES);
        for number in 0..3 {
            open.put(id(number), trace(4));
        }
        assert_eq!(held(&open, 0..3), [1, 2]);
        open.put(id(9), trace(11 + TRACE_BYTES));
        assert_eq!((open.len(), open.bytes), (0, 0));
    }

    #[test]
    fn a_trace_takes_documents_up_to_the_caps() {
        let mut document = StoredDocument::clone(&stored(1, "small", 0.0));
        document.document.raw = b"{}".as_slice().into();
        document.document.entity.subsegments.clear();
        let document = Arc::new(document);
        let mut many = OpenTrace::default();
        let taken = (0..MAX_DOCUMENTS + 5).filter(|_| many.push(Arc::clone(&document))).count();
        assert_eq!((taken, many.documents.len()), (MAX_DOCUMENTS, MAX_DOCUMENTS));
    }

    #[test]
    fn nothing_is_taken_after_the_first_that_did_not_fit() {
        let small = stored(1, "small", 0.0);
        let mut large = StoredDocument::clone(&small);
        large.document.raw = vec![b' '; MAX_BYTES / 3].into();
        let large = Arc::new(large);
        let mut trace = OpenTrace::default();
        let taken = [&large, &large, &small].map(|document| trace.push(Arc::clone(document)));
        assert_eq!(taken, [true, false, false]);
        // Of a full trace only that is kept.
        let mut open = OpenTraces::new(1, TRACE_BYTES);
        open.put(id(1), trace);
        assert!(open.take(id(1)).is_some_and(|mut trace| !trace.push(small)));
    }
}
