//! What several targets need: a trace out of bytes.

use std::sync::Arc;

use bytes::Bytes;
use model::segment::Sequence;
use model::template::rule::UrlRules;
use model::{StoredDocument, Timestamp, TraceDigest, TraceId};

/// 2023-11-14T22:14:00Z, a whole minute.
const RECEIVED: Timestamp = Timestamp(1_700_000_040_000_000);

/// The documents that these bytes hold: datagrams as they were captured, or documents alone, with a zero between them.
/// What is refused is left out.
pub fn documents(bytes: &[u8]) -> Vec<StoredDocument> {
    let text = bytes.split(|byte| *byte == 0).map(|one| wire::frame::split(one).unwrap_or(one));
    let decoded = text.filter_map(|document| wire::decode(Bytes::copy_from_slice(document)).ok());
    decoded
        .zip(1..)
        .map(|(document, sequence)| StoredDocument {
            place: Sequence(sequence).into(),
            received: RECEIVED,
            document,
        })
        .collect()
}

/// Those of the first one's trace.
pub fn of_one_trace(documents: Vec<StoredDocument>) -> Option<(TraceId, Vec<Arc<StoredDocument>>)> {
    let id = documents.first()?.document.trace_id;
    Some((id, documents.into_iter().filter(|one| one.document.trace_id == id).map(Arc::new).collect()))
}

/// A trace with something of everything: what Python's SDK sent of a small application.
pub fn sample() -> TraceDigest {
    let captured = include_bytes!("../../crates/wire/tests/data/python-sdk-2.15.0/flask/0001.udp");
    let (id, documents) = of_one_trace(documents(captured)).expect("it was captured from an SDK");
    query::digest(&query::assemble(id, &documents), &UrlRules::default())
}
