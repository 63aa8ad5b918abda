//! The body of one PutTraceSegments request, made while documents come in.
//!
//! A document is escaped straight into the body, so that nothing is kept for each, and a batch that several
//! upstreams or several attempts send is one piece of memory.

use std::time::{Duration, Instant};

use bytes::Bytes;
use wire::quote::quote;

/// X-Ray takes no more in one request.
pub(crate) const MAX_DOCUMENTS: usize = 50;
/// A batch is closed when it has grown to this size, so that a request stays quick to send and cheap to
/// repeat.
const MAX_BYTES: usize = 1 << 20;
/// How long a document waits for others.
pub(crate) const MAX_AGE: Duration = Duration::from_secs(1);

const OPEN: &[u8] = b"{\"TraceSegmentDocuments\":[";
const CLOSE: &[u8] = b"]}";

/// A request body, and what must be known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Batch {
    pub(crate) body: Bytes,
    pub(crate) documents: usize,
    /// How often documents of it were named as unprocessed for a reason that passes.
    pub(crate) retries: u32,
}

/// A body that still grows.
#[derive(Debug)]
pub(crate) struct OpenBatch {
    body: Vec<u8>,
    documents: usize,
    began: Instant,
    /// The size of the one before, which the next one will mostly have.
    expected: usize,
}

/// Whether a document was given as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Text {
    Kept,
    /// It was not UTF-8; each bad sequence became U+FFFD, since a body that is not UTF-8 is refused whole.
    Repaired,
}

impl Batch {
    pub(crate) fn of<'a>(documents: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut open = OpenBatch::new();
        for document in documents {
            open.append(document, Instant::now());
        }
        open.close()
    }

    /// The documents, unescaped again.
    pub(crate) fn documents(&self) -> Vec<String> {
        #[derive(serde::Deserialize)]
        struct Body {
            #[serde(rename = "TraceSegmentDocuments")]
            documents: Vec<String>,
        }
        serde_json::from_slice::<Body>(&self.body).map(|body| body.documents).unwrap_or_default()
    }

    /// What it costs to keep.
    pub(crate) fn bytes(&self) -> usize {
        self.body.len()
    }
}

impl OpenBatch {
    pub(crate) fn new() -> Self {
        Self { body: Vec::new(), documents: 0, began: Instant::now(), expected: 0 }
    }

    /// Adds a document, and gives the batch when that has filled it.
    pub(crate) fn push(&mut self, document: &[u8], now: Instant) -> (Text, Option<Batch>) {
        let kept = match std::str::from_utf8(document) {
            Ok(document) => {
                self.append(document, now);
                Text::Kept
            }
            Err(_) => {
                self.append(&String::from_utf8_lossy(document), now);
                Text::Repaired
            }
        };
        let is_full = self.documents >= MAX_DOCUMENTS || self.body.len() >= MAX_BYTES;
        (kept, if is_full { self.close() } else { None })
    }

    fn append(&mut self, document: &str, now: Instant) {
        if self.documents == 0 {
            self.began = now;
            self.body.reserve_exact(self.expected);
            self.body.extend_from_slice(OPEN);
        } else {
            self.body.push(b',');
        }
        quote(document, &mut self.body);
        self.documents += 1;
    }

    /// Gives the batch if its first document has waited long enough.
    pub(crate) fn close_if_old(&mut self, now: Instant) -> Option<Batch> {
        if now.saturating_duration_since(self.began) >= MAX_AGE { self.close() } else { None }
    }

    /// Gives what there is.
    pub(crate) fn close(&mut self) -> Option<Batch> {
        if self.documents == 0 {
            return None;
        }
        self.body.extend_from_slice(CLOSE);
        let mut body = std::mem::take(&mut self.body);
        // An eighth more, so that sizes that vary a little do not make it grow at its end.
        self.expected = (body.len() + body.len() / 8).min(MAX_BYTES);
        if body.capacity() > body.len() + body.len() / 4 {
            body.shrink_to_fit();
        }
        Some(Batch { body: body.into(), documents: std::mem::take(&mut self.documents), retries: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(open: &mut OpenBatch, document: &[u8]) -> Option<Batch> {
        open.push(document, Instant::now()).1
    }

    fn body(batch: &Batch) -> &str {
        std::str::from_utf8(&batch.body).unwrap()
    }

    #[test]
    fn documents_are_opaque_strings_of_one_body() {
        let mut open = OpenBatch::new();
        assert_eq!(open.close(), None);
        for document in [&b"{\"id\":\"a\"}"[..], b"not json \\ \n", "µ\u{1}".as_bytes()] {
            assert_eq!(push(&mut open, document), None);
        }
        let batch = open.close().unwrap();
        let expected = r#"{"TraceSegmentDocuments":["{\"id\":\"a\"}","not json \\ \n","µ\u0001"]}"#;
        assert_eq!(body(&batch), expected);
        assert_eq!(batch.documents, 3);
        assert_eq!(batch.documents(), ["{\"id\":\"a\"}", "not json \\ \n", "µ\u{1}"]);
        assert_eq!(open.close(), None);
    }

    #[test]
    fn fifty_documents_make_a_batch() {
        let mut open = OpenBatch::new();
        let batches: Vec<Batch> = (0..120).filter_map(|_| push(&mut open, b"{}")).collect();
        assert_eq!(batches.iter().map(|batch| batch.documents).collect::<Vec<_>>(), [50, 50]);
        assert_eq!(open.close().unwrap().documents, 20);
    }

    #[test]
    fn large_documents_make_a_batch_earlier() {
        let mut open = OpenBatch::new();
        let document = vec![b'x'; 64 << 10];
        let batch = (0..MAX_DOCUMENTS).find_map(|_| push(&mut open, &document)).unwrap();
        assert_eq!(batch.documents, 16);
    }

    #[test]
    fn a_batch_is_closed_a_second_after_its_first_document() {
        let mut open = OpenBatch::new();
        let begin = Instant::now();
        assert_eq!(open.close_if_old(begin + MAX_AGE), None);
        open.push(b"{}", begin);
        open.push(b"{}", begin + MAX_AGE / 2);
        assert_eq!(open.close_if_old(begin + MAX_AGE / 2), None);
        assert_eq!(open.close_if_old(begin + MAX_AGE).unwrap().documents, 2);
    }

    #[test]
    fn bad_utf8_harms_no_neighbour() {
        let mut open = OpenBatch::new();
        push(&mut open, b"{\"a\":1}");
        assert_eq!(open.push(b"\xff\xfe{", Instant::now()).0, Text::Repaired);
        assert_eq!(open.push(b"{\"b\":2}", Instant::now()).0, Text::Kept);
        assert_eq!(open.close().unwrap().documents(), ["{\"a\":1}", "\u{fffd}\u{fffd}{", "{\"b\":2}"]);
    }

    #[test]
    fn a_batch_can_be_made_again_from_its_documents() {
        let batch = Batch::of(["{}", "\"\u{7f}"]).unwrap();
        let documents = batch.documents();
        assert_eq!(Batch::of(documents.iter().map(String::as_str)), Some(batch));
        assert_eq!(Batch::of([]), None);
    }
}
