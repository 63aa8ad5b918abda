//! Documents come back out of batches as they were.

use arrow_array::RecordBatch;
use bytes::Bytes;
use model::Timestamp;
use model::segment::Sequence;
use proptest::prelude::*;
use row::StoredBytes;
use row::cut::Members;

use super::Documents;
use super::rows::Rows;

const HEAD: &str =
    r#""trace_id":"1-6a650a80-000000000000000000000001","id":"00000000000000a1","name":"shop""#;

fn batch(texts: &[String]) -> RecordBatch {
    let mut rows = Rows::default();
    let mut members = Members::default();
    for (sequence, text) in (1..).zip(texts) {
        let raw = Bytes::copy_from_slice(text.as_bytes());
        let trace_id = wire::decode(raw.clone()).unwrap().trace_id;
        let (sequence, received) = (Sequence(sequence), Timestamp(7));
        rows.add(&StoredBytes::new(sequence, received, trace_id, raw), &mut members);
    }
    rows.finish().unwrap()
}

/// Reads so many rows at once, so that documents are cut by the ends of batches.
fn read(batch: &RecordBatch, rows: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut each = |held: StoredBytes| found.push(String::from_utf8(held.raw.to_vec()).unwrap());
    let mut documents = Documents::default();
    for row in (0..batch.num_rows()).step_by(rows) {
        documents.add(&batch.slice(row, rows.min(batch.num_rows() - row)), &mut each).unwrap();
    }
    documents.finish(&mut each).unwrap();
    found
}

#[test]
fn what_is_no_document_any_more_is_kept_whole() {
    let mut rows = Rows::default();
    let raw = Bytes::from_static(b"{\"name\":1}");
    let held = StoredBytes::new(Sequence(1), Timestamp(7), model::TraceId([1; 16]), raw);
    rows.add(&held, &mut Members::default());
    assert_eq!(read(&rows.finish().unwrap(), 1), ["{\"name\":1}"]);
}

/// A document of its own form: how many subsegments, what varies, what has a column and what has not.
fn any_document() -> impl Strategy<Value = String> {
    let annotation =
        ("[a-c]{0,2}", prop_oneof!["[1-9][0-9]{0,2}", Just("\"x\"".to_owned()), Just("null".to_owned())]);
    let annotations = prop::collection::vec(annotation, 0..3);
    (0..4_usize, annotations, ".{0,8}", prop::option::of("[a-z/]{0,5}"), 0.0..4e9).prop_map(
        |(nested, annotations, value, url, start)| {
            let mut inner = String::new();
            for number in 0..nested {
                inner = format!(
                    r#"{{"id":"00000000000000b{number}","name":"call","start_time":1,"end_time":2,"subsegments":[{inner}]}}"#
                );
            }
            let annotations: Vec<_> =
                annotations.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
            let http = url.map(|url| format!(r#""http":{{"request":{{"url":"{url}"}}}},"#)).unwrap_or_default();
            let value = serde_json::Value::from(value);
            format!(
                r#"{{{HEAD},"start_time":{start},"end_time":5e9,{http}"annotations":{{{}}},"metadata":{{"x":{value}}},"subsegments":[{inner}]}}"#,
                annotations.join(",")
            )
        },
    )
}

proptest! {
    #[test]
    fn documents_come_back_wherever_batches_end(
        texts in prop::collection::vec(any_document(), 1..6),
        rows in 1..5_usize,
    ) {
        prop_assert_eq!(read(&batch(&texts), rows), texts);
    }
}
