//! Requests of OTLP, in protobuf, in JSON and as a text: nothing panics, what is taken is kept within its bound, and what is kept says the same when it
//! is read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use otlp::Taken;
use otlp::text::Text;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(taken) = otlp::decode_protobuf(bytes) {
        check(&taken);
    }
    if let Ok(taken) = otlp::decode_json(bytes) {
        check(&taken);
    }
    if let Some(Ok(Text::Spans(taken))) = otlp::text::decode(bytes) {
        check(&taken);
    }
});

fn check(taken: &Taken) {
    for document in &taken.documents {
        assert!(document.raw.len() <= otlp::limits::MAX_SPAN_BYTES);
        let again = wire::decode(document.raw.clone()).expect("what is kept can be read");
        assert_eq!(format!("{again:?}"), format!("{document:?}"));
        otlp::xray::object(&document.raw, true).expect("what is kept can be shown");
    }
    let _ = taken.rejects.to_string();
}
